"""HTTP routes of the calendar."""

from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Response

from chejian_cloud.calendar import edits, repository, service
from chejian_cloud.calendar.schemas import CalendarOut, CalendarWindow, DayIn, SpanIn, VersionIn
from chejian_cloud.conditional import Check, SeenBefore, tagged
from chejian_cloud.db.engine import ReadSession, WriteSession
from chejian_cloud.jsontypes import Day, From, To, time_range
from chejian_cloud.once import Once
from chejian_cloud.reasons.schemas import UserName
from chejian_cloud.registry.routes import EquipmentId, WorkshopId
from chejian_cloud.registry.service import calendar_of, calendar_of_workshop

router = APIRouter(tags=["calendar"])

CalendarId = Annotated[int, Path(ge=1, le=2**31 - 1, examples=[1])]
User = Annotated[UserName, Query(description="Who edits.")]

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


@router.get("/calendars")
def get_calendars(session: ReadSession) -> list[CalendarOut]:
    """All calendars."""
    return edits.describe_all(session, repository.calendars(session))


@router.get("/calendars/{calendar_id}")
def get_calendar(session: ReadSession, response: Response, calendar_id: CalendarId) -> CalendarOut:
    """One calendar; its ETag is what edits of it take as `If-Match`."""
    return tagged(response, edits.describe(session, calendar_id))


def _unchanged(session: WriteSession, seen: SeenBefore, calendar_id: CalendarId) -> Check:
    return seen.unchanged(
        lambda: edits.lock(session, calendar_id), lambda: edits.describe(session, calendar_id)
    )


Unchanged = Annotated[Check, Depends(_unchanged)]


@router.put("/calendars/{calendar_id}/versions/{valid_from}")
def put_version(
    session: WriteSession, unchanged: Unchanged, calendar_id: CalendarId, valid_from: Day, body: VersionIn
) -> int:
    """Store what a calendar says from a local date on; answers how many hours are computed anew."""
    unchanged()
    return edits.put_version(session, calendar_id, valid_from, body)


@router.delete("/calendars/{calendar_id}/versions/{valid_from}")
def delete_version(
    session: WriteSession, unchanged: Unchanged, calendar_id: CalendarId, valid_from: Day, user_name: User
) -> int:
    """Take a version out; answers how many hours are computed anew."""
    unchanged()
    return edits.delete_version(session, calendar_id, valid_from, user_name)


@router.put("/calendars/{calendar_id}/days/{day}")
def put_day(
    session: WriteSession, unchanged: Unchanged, calendar_id: CalendarId, day: Day, body: DayIn
) -> int:
    """Store which shifts a date has; answers how many hours are computed anew."""
    unchanged()
    return edits.put_day(session, calendar_id, day, body)


@router.delete("/calendars/{calendar_id}/days/{day}")
def delete_day(
    session: WriteSession, unchanged: Unchanged, calendar_id: CalendarId, day: Day, user_name: User
) -> int:
    """Let a date be as its pattern says; answers how many hours are computed anew."""
    unchanged()
    return edits.delete_day(session, calendar_id, day, user_name)


@router.post("/calendars/{calendar_id}/spans", status_code=201)
def post_span(
    session: WriteSession, unchanged: Unchanged, once: Once, calendar_id: CalendarId, body: SpanIn
) -> int:
    """Store overtime, a closure, a planned stop or planned maintenance; answers its id."""
    unchanged()
    return once.do(session, lambda: edits.add_span(session, calendar_id, body))


@router.delete("/calendars/{calendar_id}/spans/{span_id}")
def delete_span(
    session: WriteSession,
    unchanged: Unchanged,
    calendar_id: CalendarId,
    span_id: Annotated[int, Path(ge=1, le=2**31 - 1, examples=[1])],
    user_name: User,
) -> int:
    """Take a span out; answers how many hours are computed anew."""
    unchanged()
    return edits.delete_span(session, calendar_id, span_id, user_name)
