"""Queries of the calendar."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from chejian_cloud.db.app import Calendar, PlannedStop, Shift
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
