"""Scheduled reports: what engineers say, which windows are due, and the files that were made."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import cache
from typing import Any, Final

from sqlalchemy import Select, delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session, undefer

from chejian_cloud.calendar.service import WorkCalendar, load_calendar
from chejian_cloud.db.app import Workshop
from chejian_cloud.db.reporting import ReportSchedule, StoredReport
from chejian_cloud.errors import ConflictError, NotFoundError
from chejian_cloud.paging import Part
from chejian_cloud.reports.due import ended
from chejian_cloud.reports.schedule_schemas import ReportOut, ScheduleChange, ScheduleIn, ScheduleOut

_MINUTE: Final = 60
_SAME: Final = (
    *("report_schedule_id", "workshop_id", "format", "language", "keep_days", "active"),
    *("since", "changed_by", "changed_at"),
)


def schedules_of(session: Session, workshop_id: int | None, part: Part) -> list[ScheduleOut]:
    """Schedules, by id; `workshop_id` None: of all workshops."""
    statement = select(ReportSchedule, Workshop.code).join(
        Workshop, Workshop.workshop_id == ReportSchedule.workshop_id
    )
    if workshop_id is not None:
        statement = statement.where(ReportSchedule.workshop_id == workshop_id)
    rows = session.execute(part.of(statement, ReportSchedule.report_schedule_id)).all()
    return [
        ScheduleOut(
            **{name: getattr(row, name) for name in _SAME},
            workshop=code,
            window=row.window_kind,  # type: ignore[arg-type] # checked by the table
            delay_minutes=row.delay_s // _MINUTE,
        )
        for row, code in rows
    ]


def add(session: Session, asked: ScheduleIn, now: datetime) -> int:
    """A new schedule for windows that end from now on; answers its id.

    Raises:
        NotFoundError: there is no such workshop, or it is somebody else's.
        ConflictError: there is one of that workshop, window, format and language.
    """
    workshop = session.get(Workshop, asked.workshop_id)
    if workshop is None:
        raise NotFoundError("workshop", "workshop_id", asked.workshop_id)
    key = {
        "workshop_id": asked.workshop_id,
        "window_kind": asked.window,
        "format": asked.format,
        "language": asked.language,
    }
    values = {**key, "enterprise_id": workshop.enterprise_id, "since": now, **_changes(asked, now)}
    statement = insert(ReportSchedule).values(values).on_conflict_do_nothing()
    made: int | None = session.scalar(statement.returning(ReportSchedule.report_schedule_id))
    if made is None:
        raise ConflictError(f"{workshop.code} has a schedule for such a report already")
    return made


def change(session: Session, schedule_id: int, asked: ScheduleChange, now: datetime) -> None:
    """Change a schedule; one that begins again makes up for nothing that ended meanwhile.

    Raises:
        NotFoundError: there is none, or it is somebody else's.
    """
    row = _require(session, schedule_id)
    if asked.active and not row.active:
        row.since = now
    for name, value in _changes(asked, now).items():
        setattr(row, name, value)
    session.flush()


def remove(session: Session, schedule_id: int) -> None:
    """Take a schedule out; its reports stay as long as they were to be kept.

    Raises:
        NotFoundError: there is none, or it is somebody else's.
    """
    session.delete(_require(session, schedule_id))
    session.flush()


def _changes(asked: ScheduleChange, now: datetime) -> dict[str, Any]:
    return {
        "delay_s": asked.delay_minutes * _MINUTE,
        "keep_days": asked.keep_days,
        "active": asked.active,
        "changed_by": asked.user_name,
        "changed_at": now,
    }


def _require(session: Session, schedule_id: int) -> ReportSchedule:
    row = session.get(ReportSchedule, schedule_id, with_for_update=True)
    if row is None:
        raise NotFoundError("schedule", "schedule_id", schedule_id)
    return row


def reports_of(
    session: Session, workshop_id: int | None, window: str | None, state: str | None, part: Part
) -> list[ReportOut]:
    """Reports, the newest window first; filters that are None match everything."""
    r = StoredReport
    statement: Select[*tuple[Any, ...]] = select(r, Workshop.code).join(
        Workshop, Workshop.workshop_id == r.workshop_id
    )
    wanted = {"workshop_id": workshop_id, "window_kind": window, "state": state}
    for name, value in wanted.items():
        if value is not None:
            statement = statement.where(getattr(r, name) == value)
    rows = session.execute(part.of(statement, r.end, r.stored_report_id, descending=True)).all()
    return [_told(row, code) for row, code in rows]


def _told(row: StoredReport, workshop: str) -> ReportOut:
    names = [name for name in ReportOut.model_fields if name not in {"workshop", "window"}]
    values = {name: getattr(row, name) for name in names}
    return ReportOut(**values, workshop=workshop, window=row.window_kind)  # type: ignore[arg-type] # checked by the table


def file_of(session: Session, report_id: int) -> StoredReport:
    """A report with its content.

    Raises:
        NotFoundError: there is none, it is somebody else's, or it is not made.
    """
    statement = select(StoredReport).options(undefer(StoredReport.content))
    row = session.scalars(statement.filter_by(stored_report_id=report_id)).one_or_none()
    if row is None or row.content is None:
        raise NotFoundError("stored report", "report_id", report_id)
    return row


def again(session: Session, report_id: int, now: datetime) -> None:
    """Let a report be tried again that was given up.

    Raises:
        NotFoundError: there is none, or it is somebody else's.
        ConflictError: it is not given up.
    """
    row = session.get(StoredReport, report_id, with_for_update=True)
    if row is None:
        raise NotFoundError("stored report", "report_id", report_id)
    if row.state != "failed":
        raise ConflictError(f"this report is {row.state}; only one that failed is tried again")
    row.state, row.attempts, row.error, row.due_at = "due", 0, "", now
    session.flush()


def note_due(session: Session, now: datetime) -> int:
    """Note a report for each window of a schedule that has ended; answers how many are new."""
    rows = session.execute(
        select(ReportSchedule, Workshop.calendar_id)
        .join(Workshop, Workshop.workshop_id == ReportSchedule.workshop_id)
        .where(ReportSchedule.active)
        .order_by(ReportSchedule.report_schedule_id)
    ).all()

    @cache
    def calendar(calendar_id: int) -> WorkCalendar:
        return load_calendar(session, calendar_id)

    noted = 0
    for schedule, calendar_id in rows:
        until = now - timedelta(seconds=schedule.delay_s)
        since = max(
            schedule.since, now - timedelta(days=schedule.keep_days)
        )  # older ones were made and are gone
        for period in ended(schedule.window_kind, calendar(calendar_id), since, until):
            values = {
                "enterprise_id": schedule.enterprise_id,
                "workshop_id": schedule.workshop_id,
                "window_kind": schedule.window_kind,
                "format": schedule.format,
                "language": schedule.language,
                "start": period.start,
                "end": period.end,
                "state": "due",
                "due_at": now,
                "keep_until": period.end + timedelta(days=schedule.keep_days),
            }
            statement = insert(StoredReport).values(values).on_conflict_do_nothing()
            new = session.scalar(statement.returning(StoredReport.stored_report_id))
            noted += new is not None
    return noted


def forget(session: Session, now: datetime) -> int:
    """Delete reports that were to be kept until now; answers how many."""
    gone = session.scalars(
        delete(StoredReport).where(StoredReport.keep_until <= now).returning(StoredReport.stored_report_id)
    )
    return len(gone.all())


def due(session: Session) -> Sequence[tuple[int, int]]:
    """(enterprise, report) of all that are due, the oldest first."""
    statement = select(StoredReport.enterprise_id, StoredReport.stored_report_id).filter_by(state="due")
    return [(e, r) for e, r in session.execute(statement.order_by(StoredReport.stored_report_id))]
