"""Pages of the console and their static files."""

from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, FastAPI, Path, Query, Request
from fastapi.responses import JSONResponse, RedirectResponse, Response, StreamingResponse
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.orm import Session

from chejian_cloud.access.oidc.flow import Identity
from chejian_cloud.branches import branches
from chejian_cloud.console import (
    access_pages,
    assessment_pages,
    identity_pages,
    programme_pages,
    region_pages,
    registry_pages,
    report_pages,
    repository,
    theme_pages,
)
from chejian_cloud.console import place as places
from chejian_cloud.console.assets import Assets
from chejian_cloud.console.language import LANGUAGES, catalogue, language_of
from chejian_cloud.console.pages import (
    FOLDER,
    render,
    render_missing,
    render_refused,
    render_unavailable,
)
from chejian_cloud.console.place import Place
from chejian_cloud.console.theme import theme_of
from chejian_cloud.console.waveforms import waveform_csv
from chejian_cloud.db.engine import ReadSession
from chejian_cloud.diagnosis.routes import DiagnosisId
from chejian_cloud.diagnosis.waveform_requests import takes_requests
from chejian_cloud.registry import service
from chejian_cloud.registry.routes import EquipmentId, LineId, WorkshopId
from chejian_cloud.registry.schemas import EquipmentOut
from chejian_cloud.registry.scope import MAX_ID

router = APIRouter(include_in_schema=False)

Code = Annotated[str, Path(max_length=64)]
"""Code of an enterprise, a workshop or an equipment."""


def _page(
    request: Request,
    page: str,
    find: Callable[[], Place | None],
    what: str = "",
    more: Callable[[], Mapping[str, Any]] = dict,
) -> Response:
    """Render `page` at the place that `find` names; `what` was asked for where there is none, `more` is what it tells."""
    try:
        place, told = find(), more()
    except (OperationalError, PoolTimeoutError):
        return render_unavailable(request)
    if place is None:
        return render_missing(request, what)
    address = _elsewhere(page, place.machine)
    if address is not None:
        return RedirectResponse(address, 307)
    return render(request, page, place=place, machine=place.machine, machines=place.machines, **told)


@router.get("/")
def overview(request: Request, session: ReadSession) -> Response:
    """Page: all workshops, live."""
    return _page(request, "overview", lambda: places.whole(session))


@router.get("/workshops/{workshop_id}")
def workshop(request: Request, session: ReadSession, workshop_id: WorkshopId) -> Response:
    """Page: all machines of a workshop, live."""
    return _workshop_page(request, session, "workshop", workshop_id)


async def _wall(
    theme: Annotated[str, Query()] = "", turn: Annotated[int, Query(ge=5, le=300)] = 15
) -> Mapping[str, Any]:
    """How a wallboard looks: dark unless another theme is asked for, `turn` seconds a page."""
    return {"theme": theme_of(theme) or "dark", "turn": turn}


Wall = Annotated[Mapping[str, Any], Depends(_wall)]


@router.get("/wallboard")
def wallboard(request: Request, session: ReadSession, wall: Wall) -> Response:
    """Page: all workshops in turn, for a screen in the hall."""
    return _page(request, "wallboard", lambda: places.whole(session), more=lambda: wall)


@router.get("/workshops/{workshop_id}/wallboard")
def workshop_wallboard(
    request: Request, session: ReadSession, workshop_id: WorkshopId, wall: Wall
) -> Response:
    """Page: the machines of a workshop, for a screen in the hall."""
    find, what = lambda: places.of_workshop(session, workshop_id), f"workshop_id = {workshop_id}"
    return _page(request, "wallboard", find, what, lambda: wall)


@router.get("/lines/{line_id}")
def line(request: Request, session: ReadSession, line_id: LineId) -> Response:
    """Page: the machines of a line in their flow, their states under each other, and what the line puts out."""
    return _page(request, "line", lambda: places.of_line(session, line_id), f"line_id = {line_id}")


@router.get("/lines/{line_id}/oee")
def line_oee(request: Request, session: ReadSession, line_id: LineId) -> Response:
    """Page: OEE board of a line, told at its bottleneck, with the way down to its machines."""
    return _page(request, "oee_sums", lambda: places.of_line(session, line_id), f"line_id = {line_id}")


@router.get("/workshops/{workshop_id}/oee")
def workshop_oee(request: Request, session: ReadSession, workshop_id: WorkshopId) -> Response:
    """Page: OEE board of a workshop: sums of its machines, and each line at its bottleneck."""
    return _workshop_page(request, session, "oee_sums", workshop_id)


@router.get("/orders")
def orders(request: Request, session: ReadSession) -> Response:
    """Page: orders planned against actual, of everything that the caller may see."""
    return _page(request, "orders", lambda: places.whole(session))


@router.get("/lines/{line_id}/orders")
def line_orders(request: Request, session: ReadSession, line_id: LineId) -> Response:
    """Page: orders of a line, planned against actual."""
    return _page(request, "orders", lambda: places.of_line(session, line_id), f"line_id = {line_id}")


@router.get("/workshops/{workshop_id}/orders")
def workshop_orders(request: Request, session: ReadSession, workshop_id: WorkshopId) -> Response:
    """Page: orders of a workshop, planned against actual."""
    return _workshop_page(request, session, "orders", workshop_id)


@router.get("/workshops/{workshop_id}/energy")
def energy(request: Request, session: ReadSession, workshop_id: WorkshopId) -> Response:
    """Page: energy of a workshop, by carrier, for one item, while idle, and unmetered."""
    return _workshop_page(request, session, "energy", workshop_id)


@router.get("/workshops/{workshop_id}/meters")
def meters(request: Request, session: ReadSession, workshop_id: WorkshopId) -> Response:
    """Page: the meters of a workshop as a tree."""
    return _workshop_page(request, session, "meters", workshop_id)


@router.get("/meters/{equipment_id}")
def meter(request: Request, session: ReadSession, equipment_id: EquipmentId) -> Response:
    """Page: one meter; a machine's address leads to its own page."""
    return _machine_page(request, session, "meter", equipment_id)


@router.get("/health")
def health(
    request: Request,
    session: ReadSession,
    workshop_id: Annotated[int | None, Query(ge=1, le=MAX_ID)] = None,
) -> Response:
    """Page: is every produced sample accounted for, and how complete are the data (of one workshop)?"""
    if workshop_id is None:
        return _page(request, "health", lambda: places.whole(session))
    return _workshop_page(request, session, "health", workshop_id)


@router.get("/equipment/{equipment_id}")
def equipment(request: Request, session: ReadSession, equipment_id: EquipmentId) -> Response:
    """Page: states, OEE with its losses, and signals of one machine; a meter's address leads to its own page."""
    return _machine_page(request, session, "equipment", equipment_id)


@router.get("/equipment/{equipment_id}/diagnosis")
def diagnosis(request: Request, session: ReadSession, equipment_id: EquipmentId) -> Response:
    """Page: bearing diagnoses of one machine with their evidence."""
    return _machine_page(
        request,
        session,
        "diagnosis",
        equipment_id,
        lambda: {"takes_requests": takes_requests(session, equipment_id)},
    )


def _workshop_page(request: Request, session: Session, page: str, workshop_id: int) -> Response:
    return _page(
        request, page, lambda: places.of_workshop(session, workshop_id), f"workshop_id = {workshop_id}"
    )


@router.get("/equipment/{equipment_id}/oee")
def oee(request: Request, session: ReadSession, equipment_id: EquipmentId) -> Response:
    """Page: OEE board of one machine: on plan, where the time went, what to mend first."""
    return _machine_page(request, session, "oee", equipment_id)


@router.get("/equipment/{equipment_id}/stops")
def stops(request: Request, session: ReadSession, equipment_id: EquipmentId) -> Response:
    """Page: stops of one machine, and their reasons to edit."""
    return _machine_page(request, session, "stops", equipment_id)


@router.get("/equipment/{equipment_id}/life-cycle")
def life_cycle(request: Request, session: ReadSession, equipment_id: EquipmentId) -> Response:
    """Page: life-cycle file of one machine: name plate, run hours, parts, maintenance orders, diagnoses."""
    return _machine_page(request, session, "life_cycle", equipment_id)


@router.get("/equipment/{equipment_id}/explain")
def explain(request: Request, session: ReadSession, equipment_id: EquipmentId) -> Response:
    """Page: how a KPI of one machine came about."""
    return _machine_page(request, session, "explain", equipment_id)


@router.get("/at/{enterprise}/workshops/{workshop}")
def workshop_by_code(
    request: Request,
    session: ReadSession,
    enterprise: Code,
    workshop: Code,
    page: Literal["", "oee", "energy", "meters"] = "",
) -> Response:
    """Lead to a workshop's page; other programs know codes, not ids."""
    found = [w for w in service.list_workshops(session) if (w.enterprise, w.code) == (enterprise, workshop)]
    return _lead(request, [f"/workshops/{w.workshop_id}" for w in found], page, f"{enterprise} / {workshop}")


@router.get("/at/{enterprise}/equipment/{code}")
def equipment_by_code(
    request: Request,
    session: ReadSession,
    enterprise: Code,
    code: Code,
    page: Literal["", "oee", "stops", "diagnosis"] = "",
) -> Response:
    """Lead to an equipment's page; other programs know codes, not ids."""
    found = [e for e in service.list_equipment(session, code=code) if e.enterprise == enterprise]
    return _lead(request, [f"/equipment/{e.equipment_id}" for e in found], page, f"{enterprise} / {code}")


def _lead(request: Request, found: Sequence[str], page: str, what: str) -> Response:
    if not found:
        return render_missing(request, what)
    return RedirectResponse(f"{found[0]}/{page}".rstrip("/"), 307)


def _machine_page(
    request: Request,
    session: Session,
    page: str,
    equipment_id: int,
    more: Callable[[], Mapping[str, Any]] = dict,
) -> Response:
    return _page(
        request,
        page,
        lambda: places.of_machine(session, equipment_id),
        f"equipment_id = {equipment_id}",
        more,
    )


def _elsewhere(page: str, machine: EquipmentOut | None) -> str | None:
    """Address of the page that an equipment has, where `page` is not it: meters have one of their own."""
    if machine is None or machine.machine == (page != "meter"):
        return None
    return f"/{'equipment' if machine.machine else 'meters'}/{machine.equipment_id}"


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


def mount(app: FastAPI) -> list[APIRouter]:
    """Add the console's pages and static files to `app`, whose state holds the database engine; answers its routers."""
    app.mount("/static", Assets(directory=FOLDER / "static"), name="static")
    app.state.identity = Identity(app.state.engine, app.state.settings)
    app.state.refused_page, app.state.unavailable_page = render_refused, render_unavailable
    routers = [
        router,
        access_pages.router,
        identity_pages.router,
        assessment_pages.router,
        programme_pages.router,
        region_pages.router,
        registry_pages.router,
        report_pages.router,
        theme_pages.router,
    ]
    for branch in branches(routers):
        app.include_router(branch)
    return routers
