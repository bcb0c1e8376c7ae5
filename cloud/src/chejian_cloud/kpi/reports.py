"""HTTP routes of losses, explanations and files."""

from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from chejian_cloud.db.engine import ReadSession
from chejian_cloud.jsontypes import From, Time, To, time_range
from chejian_cloud.kpi import explain, export, losses, service, sheet
from chejian_cloud.kpi.report_schemas import ExplanationOut, LossesOut
from chejian_cloud.kpi.routes import DEFAULT, AsOf, KpiName, WindowKind
from chejian_cloud.kpi.sheet_schemas import SheetOut
from chejian_cloud.registry.routes import EquipmentId
from chejian_cloud.registry.scope import InScope

router = APIRouter(tags=["kpi"])

LONGEST = timedelta(days=62)
"""Longest range of losses: two months of intervals of a workshop."""
Under = Annotated[str | None, Query(description="Reason whose children are the bars; default: the top.")]
WindowStart = Annotated[Time, Query(description="Start of the window.")]
Window = Annotated[str, Query(max_length=16, description="hour, shift or day.")]


@router.get("/equipment/{equipment_id}/losses")
def get_losses(
    session: ReadSession, equipment_id: EquipmentId, start: From = None, end: To = None, under: Under = None
) -> LossesOut:
    """Where the time of a machine went, in the stored hours inside a range (default: the last 24 hours)."""
    period = time_range(start, end, default=DEFAULT, longest=LONGEST)
    return losses.losses_of(session, equipment_id, period, under=under)


@router.get("/losses")
def get_losses_in(
    session: ReadSession, scope: InScope, start: From = None, end: To = None, under: Under = None
) -> LossesOut:
    """Where the time of a line's or workshop's machines went, summed (default: the last 24 hours)."""
    period = time_range(start, end, default=DEFAULT, longest=LONGEST)
    return losses.losses_in(session, scope, period, under=under)


@router.get("/equipment/{equipment_id}/kpis/sheet")
def get_sheet(
    session: ReadSession, equipment_id: EquipmentId, start: WindowStart, window: Window = "shift"
) -> SheetOut:
    """Every KPI of the registry for a machine in one window, with its value or the reason why it has none."""
    return sheet.sheet_of(session, equipment_id, window=window, start=start)


@router.get("/kpis/sheet")
def get_sheet_in(
    session: ReadSession, scope: InScope, start: WindowStart, window: Window = "shift"
) -> SheetOut:
    """Every KPI of a line or a workshop in one window: sums of its machines, and each line at its bottleneck."""
    return sheet.sheet_in(session, scope, window=window, start=start)


@router.get("/equipment/{equipment_id}/kpis/explain")
def get_explanation(
    request: Request,
    session: ReadSession,
    equipment_id: EquipmentId,
    start: WindowStart,
    kpi: Annotated[str, Query(max_length=64)] = "oee",
    window: Window = "shift",
) -> ExplanationOut:
    """How a number came about: terms, intervals, counts by product with ideal cycles, reasons, revisions."""
    settings = request.app.state.settings
    return explain.explain(session, settings, equipment_id, kpi=kpi, window=window, start=start)


@router.get("/kpi-values/file", response_class=Response)
def get_file(
    session: ReadSession,
    scope: InScope,
    kpi: KpiName = None,
    window: WindowKind = None,
    start: From = None,
    end: To = None,
    as_of: AsOf = None,
    form: Annotated[str, Query(alias="format", description="csv or xlsx")] = "csv",
) -> Response:
    """Values of all machines of a workshop or a line as a file (default: CSV of the last 24 hours)."""
    period = time_range(start, end, default=DEFAULT)
    machines = service.values_in(session, scope, period, kpi=kpi, window=window, as_of=as_of)
    stem = f"kpi-{period.start:%Y%m%d}-{period.end:%Y%m%d}"
    rows = export.table(machines, service.definitions())
    body, media_type, headers = export.as_file(form, stem, rows, export.HEAD)
    return Response(body, media_type=media_type, headers=headers)
