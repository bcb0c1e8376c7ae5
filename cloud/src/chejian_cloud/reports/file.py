"""A report as the answer of a route."""

from typing import Final

from fastapi import Response

MEDIA_TYPE: Final = "application/pdf"


def as_pdf(stem: str, body: bytes) -> Response:
    """The answer that a browser saves as `<stem>.pdf`; `stem` is of letters, digits and dashes."""
    headers = {"Content-Disposition": f'attachment; filename="{stem}.pdf"', "Cache-Control": "no-store"}
    return Response(body, media_type=MEDIA_TYPE, headers=headers)
