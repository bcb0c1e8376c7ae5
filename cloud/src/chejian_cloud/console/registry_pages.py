"""Pages of the registry: what an engineer adds and changes."""

from fastapi import APIRouter, Request
from fastapi.responses import Response

from chejian_cloud.console.pages import render
from chejian_cloud.db.engine import ReadSession
from chejian_cloud.registry.repository import enterprises

router = APIRouter(include_in_schema=False)


@router.get("/registry/import")
def registry_import(request: Request, session: ReadSession) -> Response:
    """Page: a registry table from Excel or CSV, looked at before it is stored."""
    return render(request, "registry_import", enterprises=enterprises(session))
