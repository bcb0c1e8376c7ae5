"""Pages of the provincial programme."""

from fastapi import APIRouter, Request
from fastapi.responses import Response

from chejian_cloud.console.pages import render, render_missing
from chejian_cloud.db.engine import ReadSession
from chejian_cloud.programme import repository
from chejian_cloud.programme.routes import EntryId

router = APIRouter(include_in_schema=False)


@router.get("/programme")
def programme(request: Request) -> Response:
    """Page: the programme as far as the caller sees it: map, targets, ranking, trends, who reports."""
    return render(request, "programme")


@router.get("/programme/entries/{entry_id}")
def entry(request: Request, session: ReadSession, entry_id: EntryId) -> Response:
    """Page: one entry of the programme with everything that it stands on."""
    if repository.find(session, entry_id) is None:
        return render_missing(request, f"entry_id = {entry_id}")
    return render(request, "entry", entry_id=entry_id)
