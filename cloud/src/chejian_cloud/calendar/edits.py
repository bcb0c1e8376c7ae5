"""Edits of a calendar: versions, dates and spans; each marks the time that it touches, for all who work by it."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from chejian_analytics.kpi import SpanKind
from sqlalchemy.orm import Session

from chejian_cloud.calendar import repository
from chejian_cloud.calendar.plan import VersionPlan, check_codes, check_overlap, version_of
from chejian_cloud.calendar.schemas import CalendarOut, DayIn, SpanIn, VersionIn
from chejian_cloud.calendar.service import load_calendar
from chejian_cloud.db.app import Calendar
from chejian_cloud.db.production import CalendarDay, CalendarSpan, CalendarVersion
from chejian_cloud.errors import InvalidValueError, NotFoundError
from chejian_cloud.marks import mark

LONGEST_SPAN = timedelta(days=366)
"""Longest exception; a longer one is a version."""
_MICROSECOND = timedelta(microseconds=1)
_TAIL = timedelta(days=1)
"""A shift that starts on the last date of a change may end on the next one."""


def describe(session: Session, calendar_id: int) -> CalendarOut:
    """A calendar with everything that it says.

    Raises:
        NotFoundError: when there is none.
    """
    return describe_all(session, [repository.calendar(session, calendar_id)])[0]


def describe_all(session: Session, calendars: Sequence[Calendar]) -> list[CalendarOut]:
    """Calendars with everything that they say, in their order."""
    found = repository.parts(session, [c.calendar_id for c in calendars])
    return [
        CalendarOut.model_validate(
            {"calendar_id": c.calendar_id, "code": c.code, "timezone": c.timezone, **found[c.calendar_id]}
        )
        for c in calendars
    ]


def put_version(session: Session, calendar_id: int, valid_from: date, body: VersionIn) -> int:
    """Store what the calendar says from a date on.

    Returns:
        Number of hours that are computed anew.

    Raises:
        NotFoundError: when there is no such calendar.
        InvalidValueError: names key, value and what is allowed.
    """
    calendar = lock(session, calendar_id)
    plan = VersionPlan.model_validate(body.model_dump(exclude={"user_name"}))
    check_codes(plan)
    version_of(valid_from, plan.model_dump(mode="json"))
    row = _find(repository.versions(session, calendar_id), valid_from)
    if row is None:
        row = CalendarVersion(calendar_id=calendar_id, valid_from=valid_from)
        session.add(row)
    row.definition = plan.model_dump(mode="json")
    row.user_name, row.changed_at = body.user_name, datetime.now(UTC)
    session.flush()
    _check(session, calendar_id, valid_from, [s.code for s in plan.shifts])
    return _mark_version(session, calendar, valid_from, f"calendar from {valid_from} by {body.user_name}")


def delete_version(session: Session, calendar_id: int, valid_from: date, user: str) -> int:
    """Take a version out; the one before holds on."""
    calendar = lock(session, calendar_id)
    row = _find(repository.versions(session, calendar_id), valid_from)
    if row is None:
        raise NotFoundError("calendar version", "valid_from", valid_from.isoformat())
    session.delete(row)
    session.flush()
    _check(session, calendar_id, valid_from, "the version before")
    return _mark_version(session, calendar, valid_from, f"calendar from {valid_from} deleted by {user}")


def put_day(session: Session, calendar_id: int, day: date, body: DayIn) -> int:
    """Store which shifts a date has, see `put_version`."""
    calendar = lock(session, calendar_id)
    known = _codes(session, calendar_id)
    for code in body.shifts:
        if code not in known:
            raise InvalidValueError("shifts", code, ", ".join(sorted(known)))
    row = next((d for d in repository.days(session, calendar_id) if d.day == day), None)
    if row is None:
        row = CalendarDay(calendar_id=calendar_id, day=day)
        session.add(row)
    row.shifts, row.name_zh, row.name_en = body.shifts, body.name_zh, body.name_en
    row.user_name, row.changed_at = body.user_name, datetime.now(UTC)
    session.flush()
    _check(session, calendar_id, day, body.shifts)
    return _mark_days(session, calendar, day, day, f"{day} by {body.user_name}")


def delete_day(session: Session, calendar_id: int, day: date, user: str) -> int:
    """Let a date be as its pattern says."""
    calendar = lock(session, calendar_id)
    row = next((d for d in repository.days(session, calendar_id) if d.day == day), None)
    if row is None:
        raise NotFoundError("calendar day", "day", day.isoformat())
    session.delete(row)
    session.flush()
    _check(session, calendar_id, day, "the pattern")
    return _mark_days(session, calendar, day, day, f"{day} deleted by {user}")


def add_span(session: Session, calendar_id: int, body: SpanIn) -> int:
    """Store a span that differs; returns its id."""
    calendar = lock(session, calendar_id)
    if body.kind not in tuple(SpanKind):
        raise InvalidValueError("kind", body.kind, ", ".join(k.value for k in SpanKind))
    if not timedelta() < body.end - body.start <= LONGEST_SPAN:
        allowed = f"after the start {body.start.isoformat()}, at most {LONGEST_SPAN.days} days"
        raise InvalidValueError("end", body.end.isoformat(), allowed)
    row = CalendarSpan(
        calendar_id=calendar_id,
        start=body.start.astimezone(UTC),
        end=body.end.astimezone(UTC),
        kind=body.kind,
        name_zh=body.name_zh,
        name_en=body.name_en,
        user_name=body.user_name,
        changed_at=datetime.now(UTC),
    )
    session.add(row)
    session.flush()
    _mark(session, calendar, row.start, row.end, f"{body.kind} by {body.user_name}")
    return row.calendar_span_id


def delete_span(session: Session, calendar_id: int, span_id: int, user: str) -> int:
    """Take a span out."""
    calendar = lock(session, calendar_id)
    row = session.get(CalendarSpan, span_id)
    if row is None or row.calendar_id != calendar_id:
        raise NotFoundError("calendar span", "calendar_span_id", span_id)
    session.delete(row)
    session.flush()
    return _mark(session, calendar, row.start, row.end, f"{row.kind} deleted by {user}")


def lock(session: Session, calendar_id: int) -> Calendar:
    """The calendar; edits of it follow one another.

    Raises:
        NotFoundError: when there is none.
    """
    found = session.get(Calendar, calendar_id, with_for_update=True)
    if found is None:
        raise NotFoundError("calendar", "calendar_id", calendar_id)
    return found


def _find(versions: Sequence[CalendarVersion], valid_from: date) -> CalendarVersion | None:
    return next((v for v in versions if v.valid_from == valid_from), None)


def _codes(session: Session, calendar_id: int) -> set[str]:
    codes = {s.code for s in repository.shifts(session, calendar_id)}
    return codes | {
        s["code"] for v in repository.versions(session, calendar_id) for s in v.definition["shifts"]
    }


def _mark_version(session: Session, calendar: Calendar, valid_from: date, reason: str) -> int:
    later = [
        v.valid_from for v in repository.versions(session, calendar.calendar_id) if v.valid_from > valid_from
    ]
    last = min(later) - timedelta(days=1) if later else None
    return _mark_days(session, calendar, valid_from, last, reason)


def _check(session: Session, calendar_id: int, first: date, value: object) -> None:
    """Refuse what makes shifts overlap at an edge of a version or around a date that differs."""
    edges = [v.valid_from for v in repository.versions(session, calendar_id)]
    days = [d.day for d in repository.days(session, calendar_id) if d.day >= first - _TAIL]
    check_overlap(load_calendar(session, calendar_id).plan, [first, *edges, *days], value)


def _mark_days(session: Session, calendar: Calendar, first: date, last: date | None, reason: str) -> int:
    zone = ZoneInfo(calendar.timezone)
    lo = datetime.combine(first, time(), zone)
    hi = None if last is None else datetime.combine(last + timedelta(days=1), time(), zone) + _TAIL
    return _mark(session, calendar, lo, hi, reason)


def _mark(session: Session, calendar: Calendar, lo: datetime, hi: datetime | None, reason: str) -> int:
    return mark(
        session,
        reason=f"calendar {calendar.code}: {reason}",
        lo=lo,
        hi=None if hi is None else hi - _MICROSECOND,
        equipment_ids=repository.equipment(session, calendar.calendar_id),
        samples=False,
    )
