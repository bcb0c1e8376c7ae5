"""HTTP routes of the calendar."""

from datetime import timedelta

from fastapi import APIRouter

from chejian_cloud.calendar import service
from chejian_cloud.calendar.schemas import CalendarWindow
from chejian_cloud.db.engine import ReadSession
from chejian_cloud.jsontypes import From, To, time_range
from chejian_cloud.registry.routes import EquipmentId, WorkshopId
from chejian_cloud.registry.service import calendar_of, calendar_of_workshop

router = APIRouter(tags=["calendar"])

DEFAULT = timedelta(hours=24)
LONGEST = timedelta(days=62)
"""Two months of single shifts; longer views use the KPIs' windows."""


@router.get("/equipment/{equipment_id}/shifts")
def get_shifts(
    session: ReadSession, equipment_id: EquipmentId, start: From = None, end: To = None
) -> list[CalendarWindow]:
    """Shifts and planned stops that overlap a range (default: the last 24 hours)."""
    period = time_range(start, end, default=DEFAULT, longest=LONGEST)
    return service.windows_of(session, calendar_of(session, equipment_id), period)


@router.get("/workshops/{workshop_id}/shifts")
def get_workshop_shifts(
    session: ReadSession, workshop_id: WorkshopId, start: From = None, end: To = None
) -> list[CalendarWindow]:
    """Shifts and planned stops of a workshop that overlap a range (default: the last 24 hours)."""
    period = time_range(start, end, default=DEFAULT, longest=LONGEST)
    return service.windows_of(session, calendar_of_workshop(session, workshop_id), period)
