"""Pages of the registry: what an engineer adds and changes."""

from chejian_contract.templates import equipment_types
from fastapi import APIRouter, Request
from fastapi.responses import Response

from chejian_cloud.console.pages import render
from chejian_cloud.db.engine import ReadSession
from chejian_cloud.registry.repository import enterprises

router = APIRouter(include_in_schema=False)


@router.get("/registry")
def registry(request: Request, session: ReadSession) -> Response:
    """Page: enterprises, workshops, lines and equipment, to add, rename and move."""
    return render(request, "registry", enterprises=enterprises(session), types=equipment_types())


@router.get("/registry/devices")
def registry_devices(request: Request, session: ReadSession) -> Response:
    """Page: devices that edges have announced, to be connected with equipment, and whether their data flow."""
    return render(request, "registry_devices", enterprises=enterprises(session), types=equipment_types())


@router.get("/registry/import")
def registry_import(request: Request, session: ReadSession) -> Response:
    """Page: a registry table from Excel or CSV, looked at before it is stored."""
    return render(request, "registry_import", enterprises=enterprises(session))
