"""Pages of the console and their static files."""

from collections.abc import Sequence
from itertools import groupby

from fastapi import APIRouter, FastAPI, Request
from fastapi.responses import JSONResponse, Response, StreamingResponse
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.orm import Session

from chejian_cloud.console import repository
from chejian_cloud.console.assets import Assets
from chejian_cloud.console.language import LANGUAGES, catalogue, language_of
from chejian_cloud.console.pages import FOLDER, render, render_missing, render_unavailable
from chejian_cloud.console.waveforms import waveform_csv
from chejian_cloud.db.engine import ReadSession
from chejian_cloud.diagnosis.routes import DiagnosisId
from chejian_cloud.registry import service
from chejian_cloud.registry.schemas import EquipmentOut

router = APIRouter(include_in_schema=False)


def _page(request: Request, session: Session, page: str) -> Response:
    try:
        workshops, machines = service.list_workshops(session), service.list_equipment(session)
    except (OperationalError, PoolTimeoutError):
        return render_unavailable(request)
    return render(request, page, workshops=workshops, lines=_by_line(machines))


def _by_line(machines: Sequence[EquipmentOut]) -> list[list[EquipmentOut]]:
    """Machines of one line together; they come in the order of workshop, line and code."""
    return [list(group) for _, group in groupby(machines, lambda m: (m.enterprise, m.workshop, m.line))]


def _machine_page(request: Request, session: Session, page: str, equipment_id: int) -> Response:
    try:
        machines: Sequence[EquipmentOut] = service.list_equipment(session)
    except (OperationalError, PoolTimeoutError):
        return render_unavailable(request)
    machine = next((m for m in machines if m.equipment_id == equipment_id), None)
    if machine is None:
        return render_missing(request, f"equipment_id = {equipment_id}")
    return render(request, page, machine=machine, machines=machines)


@router.get("/")
def overview(request: Request, session: ReadSession) -> Response:
    """Page: all machines of the workshop, live."""
    return _page(request, session, "overview")


@router.get("/health")
def health(request: Request, session: ReadSession) -> Response:
    """Page: is every produced sample accounted for, and how complete are the data?"""
    return _page(request, session, "health")


@router.get("/equipment/{equipment_id}")
def equipment(request: Request, session: ReadSession, equipment_id: int) -> Response:
    """Page: states, OEE with its losses, and signals of one machine."""
    return _machine_page(request, session, "equipment", equipment_id)


@router.get("/equipment/{equipment_id}/diagnosis")
def diagnosis(request: Request, session: ReadSession, equipment_id: int) -> Response:
    """Page: bearing diagnoses of one machine with their evidence."""
    return _machine_page(request, session, "diagnosis", equipment_id)


@router.get("/console/foreign")
def foreign(request: Request, session: ReadSession) -> Response:
    """Part of the health page: signals of nodes without a ledger."""
    signals = repository.foreign_signals(session)
    return render(request, "foreign", signals=signals, cut=len(signals) == repository.MAX_SIGNALS)


@router.get("/diagnoses/{diagnosis_id}/waveform.csv")
def waveform(session: ReadSession, diagnosis_id: DiagnosisId) -> Response:
    """The raw window behind a diagnosis, as a file."""
    headers = {"Content-Disposition": f'attachment; filename="waveform-{diagnosis_id}.csv"'}
    return StreamingResponse(waveform_csv(session, diagnosis_id), media_type="text/csv", headers=headers)


@router.get("/console/texts/{language}.json")
async def texts(language: str) -> Response:
    """Catalogue of one language, for the browser's half of the pages."""
    tag = language_of(language)
    if tag is None:
        return JSONResponse({"detail": f"no language {language!r}; allowed: {', '.join(LANGUAGES)}"}, 404)
    return JSONResponse(dict(catalogue(tag)), headers={"Cache-Control": "no-cache"})


def mount(app: FastAPI) -> None:
    """Add the console's pages and static files to `app`, whose state holds the database engine."""
    app.mount("/static", Assets(directory=FOLDER / "static"), name="static")
    app.include_router(router)
