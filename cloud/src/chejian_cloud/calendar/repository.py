"""Queries of the calendar."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from chejian_cloud.db.app import Calendar, Equipment, PlannedStop, Shift, Workshop
from chejian_cloud.db.production import CalendarDay, CalendarSpan, CalendarVersion
from chejian_cloud.errors import NotFoundError

_PARTS: Final[Mapping[str, tuple[type[Any], tuple[Any, ...]]]] = {
    "shifts": (Shift, (Shift.start,)),
    "planned_stops": (PlannedStop, (PlannedStop.start,)),
    "versions": (CalendarVersion, (CalendarVersion.valid_from,)),
    "days": (CalendarDay, (CalendarDay.day,)),
    "spans": (CalendarSpan, (CalendarSpan.start, CalendarSpan.calendar_span_id)),
}
"""What a calendar consists of, with its order."""


def _part(session: Session, name: str, calendar_ids: Collection[int]) -> Sequence[Any]:
    kind, order = _PARTS[name]
    return session.scalars(select(kind).where(kind.calendar_id.in_(calendar_ids)).order_by(*order)).all()


def calendar(session: Session, calendar_id: int) -> Calendar:
    """One calendar.

    Raises:
        NotFoundError: when there is none.
    """
    found = session.get(Calendar, calendar_id)
    if found is None:
        raise NotFoundError("calendar", "calendar_id", calendar_id)
    return found


def shifts(session: Session, calendar_id: int) -> Sequence[Shift]:
    """Its shifts, by start."""
    return _part(session, "shifts", [calendar_id])


def planned_stops(session: Session, calendar_id: int) -> Sequence[PlannedStop]:
    """Its planned stops, by start."""
    return _part(session, "planned_stops", [calendar_id])


def calendars(session: Session) -> Sequence[Calendar]:
    """All calendars, by code."""
    return session.scalars(select(Calendar).order_by(Calendar.code)).all()


def versions(session: Session, calendar_id: int) -> Sequence[CalendarVersion]:
    """Its versions, by date."""
    return _part(session, "versions", [calendar_id])


def days(session: Session, calendar_id: int) -> Sequence[CalendarDay]:
    """Its dates that differ, by date."""
    return _part(session, "days", [calendar_id])


def spans(session: Session, calendar_id: int) -> Sequence[CalendarSpan]:
    """Its spans that differ, by start."""
    return _part(session, "spans", [calendar_id])


def equipment(session: Session, calendar_id: int) -> Sequence[int]:
    """Ids of the equipment that works by it."""
    statement = (
        select(Equipment.equipment_id)
        .join(Workshop, Workshop.workshop_id == Equipment.workshop_id)
        .where(Workshop.calendar_id == calendar_id)
    )
    return session.scalars(statement).all()


def parts(session: Session, calendar_ids: Collection[int]) -> dict[int, dict[str, list[Any]]]:
    """Shifts, planned stops, versions, dates and spans of some calendars, each in its order."""
    out: dict[int, dict[str, list[Any]]] = {key: {name: [] for name in _PARTS} for key in calendar_ids}
    for name in _PARTS:
        for row in _part(session, name, calendar_ids):
            out[row.calendar_id][name].append(row)
    return out
