"""Static files of the console, with headers that keep browsers honest about new versions."""

from typing import Final

from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

REVALIDATE: Final = "no-cache"
"""Modules import each other by plain name, so a browser has to ask (and mostly hears 304) after every upgrade."""
VENDOR: Final = "public, max-age=86400"
"""A day: 1.1 MB of chart library that changes with the package only."""


class Assets(StaticFiles):
    """`StaticFiles` with cache and type-sniffing headers."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        """Answer one file request."""
        response = await super().get_response(path, scope)
        response.headers["Cache-Control"] = VENDOR if path.startswith("vendor") else REVALIDATE
        response.headers["X-Content-Type-Options"] = "nosniff"
        return response
