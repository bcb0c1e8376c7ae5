"""Queries of the calendar."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from chejian_cloud.db.app import Calendar, Equipment, PlannedStop, Shift, Workshop
from chejian_cloud.db.production import CalendarDay, CalendarSpan, CalendarVersion
from chejian_cloud.errors import NotFoundError


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
    return session.scalars(select(Shift).where(Shift.calendar_id == calendar_id).order_by(Shift.start)).all()


def planned_stops(session: Session, calendar_id: int) -> Sequence[PlannedStop]:
    """Its planned stops, by start."""
    statement = select(PlannedStop).where(PlannedStop.calendar_id == calendar_id).order_by(PlannedStop.start)
    return session.scalars(statement).all()


def calendars(session: Session) -> Sequence[Calendar]:
    """All calendars, by code."""
    return session.scalars(select(Calendar).order_by(Calendar.code)).all()


def versions(session: Session, calendar_id: int) -> Sequence[CalendarVersion]:
    """Its versions, by date."""
    statement = (
        select(CalendarVersion).filter_by(calendar_id=calendar_id).order_by(CalendarVersion.valid_from)
    )
    return session.scalars(statement).all()


def days(session: Session, calendar_id: int) -> Sequence[CalendarDay]:
    """Its dates that differ, by date."""
    statement = select(CalendarDay).filter_by(calendar_id=calendar_id).order_by(CalendarDay.day)
    return session.scalars(statement).all()


def spans(session: Session, calendar_id: int) -> Sequence[CalendarSpan]:
    """Its spans that differ, by start."""
    statement = (
        select(CalendarSpan)
        .filter_by(calendar_id=calendar_id)
        .order_by(CalendarSpan.start, CalendarSpan.calendar_span_id)
    )
    return session.scalars(statement).all()


def equipment(session: Session, calendar_id: int) -> Sequence[int]:
    """Ids of the equipment that works by it."""
    statement = (
        select(Equipment.equipment_id)
        .join(Workshop, Workshop.workshop_id == Equipment.workshop_id)
        .where(Workshop.calendar_id == calendar_id)
    )
    return session.scalars(statement).all()
