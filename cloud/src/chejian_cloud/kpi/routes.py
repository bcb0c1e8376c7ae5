"""HTTP routes of KPIs."""

from datetime import datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Depends, Query

from chejian_cloud.db.engine import ReadSession
from chejian_cloud.jsontypes import From, Time, To, time_range
from chejian_cloud.kpi import service
from chejian_cloud.kpi.schemas import EquipmentKpis, KpiOut, KpiRevisionOut, KpiValueOut
from chejian_cloud.paging import Page, paging
from chejian_cloud.registry.routes import EquipmentId
from chejian_cloud.registry.scope import InScope

router = APIRouter(tags=["kpi"])

DEFAULT = timedelta(hours=24)
RevisionsPage = Annotated[Page, Depends(paging({"revised_at": datetime, "kpi_revision_id": int}))]
KpiName = Annotated[str | None, Query(description="Only this KPI.", examples=["oee"])]
WindowKind = Annotated[str | None, Query(description="hour, shift or day.", examples=["shift"])]
AsOf = Annotated[
    Time | None,
    Query(
        description="Values of ended windows as they were believed at this time; default: as they are now.",
        examples=["2026-11-23T20:00:00+08:00"],
    ),
]


@router.get("/kpis")
def get_definitions() -> list[KpiOut]:
    """All KPIs with formula and clause."""
    return service.definitions()


@router.get("/equipment/{equipment_id}/kpis")
def get_values(
    session: ReadSession,
    equipment_id: EquipmentId,
    kpi: KpiName = None,
    window: WindowKind = None,
    start: From = None,
    end: To = None,
    as_of: AsOf = None,
) -> list[KpiValueOut]:
    """Values whose window overlaps a range (default: the last 24 hours)."""
    period = time_range(start, end, default=DEFAULT)
    return service.values_of(session, equipment_id, period, kpi=kpi, window=window, as_of=as_of)


@router.get("/kpi-values")
def get_values_in(
    session: ReadSession,
    scope: InScope,
    kpi: KpiName = None,
    window: WindowKind = None,
    start: From = None,
    end: To = None,
    as_of: AsOf = None,
) -> list[EquipmentKpis]:
    """Values of all machines of a workshop or a line whose window overlaps a range (default: the last 24 hours)."""
    period = time_range(start, end, default=DEFAULT)
    return service.values_in(session, scope, period, kpi=kpi, window=window, as_of=as_of)


@router.get("/equipment/{equipment_id}/kpi-revisions")
def get_revisions(
    session: ReadSession,
    page: RevisionsPage,
    equipment_id: EquipmentId,
    start: From = None,
    end: To = None,
) -> list[KpiRevisionOut]:
    """Changes of windows that were closed already (default: of the last 24 hours), newest first."""
    period = time_range(start, end, default=DEFAULT)
    return page.cut(service.revisions_of(session, equipment_id, period, page.part))
