"""Page of scheduled reports."""

from fastapi import APIRouter, Request
from fastapi.responses import Response

from chejian_cloud.console.pages import render

router = APIRouter(include_in_schema=False)


@router.get("/reports")
def reports(request: Request) -> Response:
    """Page: reports that were made by themselves, and for which windows there are some."""
    return render(request, "reports")
