"""One round of the worker on one connection; `process.py` gives it connections, time and an end."""

import logging
import time
from collections.abc import Callable
from datetime import timedelta

import psycopg
from chejian_contract.health import Metrics
from sqlalchemy import Connection, func, select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from chejian_cloud.calendar.service import WorkCalendar, load_calendar
from chejian_cloud.clock import HOUR_US, Clock, hour_floor, to_us, utc_now
from chejian_cloud.config import Settings
from chejian_cloud.db.app import Equipment, StateInterval, WorkProgress, Workshop
from chejian_cloud.db.edition import detect_edition
from chejian_cloud.db.rollups import RollupPartitions
from chejian_cloud.marks import lock_registry
from chejian_cloud.worker.kept_windows import AT_ONCE, keep_windows
from chejian_cloud.worker.process_diagnoses import diagnose_process_next
from chejian_cloud.worker.rollups import closed_until
from chejian_cloud.worker.take import Mark, Unit, delete_marks, still_unmapped, take_marks, units_of
from chejian_cloud.worker.unit import Done, UnitWork
from chejian_cloud.worker.waveforms import diagnose_next

log = logging.getLogger(__name__)

CLOCK_SECONDS = 5.0
"""[s] between two looks at which windows have ended; ended ones settle for longer than that anyway."""
METER_PACE = 10
"""A machine's marks of running hours reach its meter this many times less often than they reach the machine: a meter has
a reading a minute, and what a machine does in between is not worth a computation of its own each second."""
KEEP_SECONDS = 3600.0
"""[s] between two looks at which windows must be kept beyond raw retention; they are looked at two days ahead."""
RETRY_SECONDS = 30.0
"""[s] before an equipment whose computation failed is tried again; its marks stay."""


class Worker:
    """Recomputes what is dirty.

    Args:
        settings: hold, intervals and budgets.
        metrics: counts what was done.
        clock: the present time.
        monotonic: seconds that only rise, for intervals between rounds.
    """

    def __init__(
        self,
        settings: Settings,
        metrics: Metrics,
        *,
        clock: Clock = utc_now,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        metrics.declare("chejian_worker_units_total", "counter", "Recomputed pieces of equipment and time.")
        metrics.declare("chejian_worker_unit_seconds_total", "counter", "Seconds spent on them.")
        metrics.declare("chejian_worker_failed_units_total", "counter", "Pieces that could not be computed.")
        metrics.declare(
            "chejian_worker_unmapped_marks_total", "counter", "Marks of devices that feed no equipment."
        )
        metrics.declare(
            "chejian_worker_refused_marks_total",
            "counter",
            "Marks of times beyond raw retention, not computed.",
        )
        metrics.declare("chejian_worker_rollup_rows_total", "counter", "Rollup rows written or deleted.")
        metrics.declare("chejian_worker_diagnoses_total", "counter", "Diagnosed waveforms by confidence.")
        metrics.declare(
            "chejian_worker_kept_windows_total", "counter", "Waveforms copied to outlive raw retention."
        )
        metrics.declare("chejian_worker_marks", "gauge", "Marks seen in the last round.")
        self._settings = settings
        self._metrics = metrics
        self._clock = clock
        self._monotonic = monotonic
        self._partitions: RollupPartitions | None = None
        self._taken: dict[int, float] = {}
        self._failed: dict[int, tuple[str, float]] = {}
        self._unmapped: set[str] = set()
        self._refused: set[int] = set()
        self._next_clock = self._next_keep = float("-inf")

    def begin(self) -> None:
        """Forget what was known of the database: behind a new connection there may be a restored backup."""
        self._partitions = None
        self._next_clock = self._next_keep = float("-inf")

    def step(self, connection: Connection, *, diagnose: bool = True) -> bool:
        """Do what is due: marks, ended windows, then diagnoses for at most their budget.

        Args:
            connection: idle; each piece of work is a transaction of its own on it.
            diagnose: whether the diagnosis method is ready (compiled).

        Returns:
            Whether anything was done, so that there may be more.
        """
        marks = self._take(connection)
        units = units_of([m for m in marks if self._is_due(m)])
        units += self._clock_units(connection, {u.equipment_id for u in units})
        done = sum(self._run(connection, unit) for unit in units)
        self._drop_unmapped(connection, [m for m in marks if m.equipment_id is None])
        diagnosed = self._diagnose(connection) if diagnose else 0
        self._keep(connection)
        return bool(done or diagnosed)

    def _take(self, connection: Connection) -> list[Mark]:
        with Session(connection) as session, session.begin():
            marks = take_marks(session, [e for e in self._failed if self._pauses(e)])
        self._metrics.set("chejian_worker_marks", len(marks))
        return marks

    def _is_due(self, mark: Mark) -> bool:
        """Closed hours at once, running hours at intervals, equipment that failed after a pause."""
        if mark.equipment_id is None:
            return False
        running = mark.hour_us + HOUR_US > hour_floor(to_us(self._clock()))
        since = self._monotonic() - self._taken.get(mark.equipment_id, float("-inf"))
        pace = self._settings.running_interval * (METER_PACE if mark.passed_on else 1)
        return not (running and since < pace) and not self._pauses(mark.equipment_id)

    def _pauses(self, equipment_id: int) -> bool:
        failure = self._failed.get(equipment_id)
        return failure is not None and self._monotonic() - failure[1] < RETRY_SECONDS

    def _clock_units(self, connection: Connection, busy: set[int]) -> list[Unit]:
        """Equipment that knows nothing yet of the last window's end; silence makes no marks."""
        if self._monotonic() < self._next_clock:
            return []
        self._next_clock = self._monotonic() + CLOCK_SECONDS
        now_us = to_us(self._clock())
        calendars: dict[int, WorkCalendar] = {}
        units = []
        with Session(connection) as session, session.begin():
            for equipment_id, calendar_id, known, rolled in session.execute(_KNOWN_ENDS):
                if calendar_id not in calendars:
                    calendars[calendar_id] = load_calendar(session, calendar_id)
                edge = calendars[calendar_id].last_edge(now_us)
                at = to_us(known) if known is not None else edge
                overdue = at < edge if known is not None else at < now_us
                behind = rolled is not None and to_us(rolled) < hour_floor(closed_until(now_us))
                if (overdue or behind) and equipment_id not in busy:
                    units.append(Unit(equipment_id, (), at, at))
        return [unit for unit in units if not self._pauses(unit.equipment_id)]

    def _run(self, connection: Connection, unit: Unit) -> bool:
        began = self._monotonic()
        try:
            with Session(connection) as session, session.begin():
                self._recompute(session, unit)
        except Exception as error:
            if _is_servers_own(error):
                raise  # the database is away; nothing is wrong with this equipment
            # One equipment's data must not stop the others: it is logged, and tried again.
            self._note_failure(unit, error)
            return False
        if self._failed.pop(unit.equipment_id, None):
            log.info("equipment %d: computed again", unit.equipment_id)
        self._taken[unit.equipment_id] = self._monotonic()
        self._metrics.add("chejian_worker_units_total")
        self._metrics.add("chejian_worker_unit_seconds_total", self._monotonic() - began)
        return True

    def _recompute(self, session: Session, unit: Unit) -> None:
        if self._partitions is None:
            self._partitions = RollupPartitions(detect_edition(session.connection()))
        work = UnitWork(session, self._settings, self._partitions, self._clock())
        self._note_done(unit, work.run(unit))

    def _note_done(self, unit: Unit, done: Done) -> None:
        if not done.complete:
            self._next_clock = float("-inf")  # there is more silence to fill
        self._metrics.add("chejian_worker_rollup_rows_total", done.rollup_rows)
        if done.refused:
            self._metrics.add("chejian_worker_refused_marks_total", done.refused)
            if unit.equipment_id not in self._refused:
                self._refused.add(unit.equipment_id)
                log.warning(
                    "equipment %d: marks of times beyond raw retention (%.0f days) are not computed;"
                    " what was computed then stands",
                    unit.equipment_id,
                    self._settings.raw_retention / 86_400,
                )

    def _note_failure(self, unit: Unit, error: Exception) -> None:
        words = f"{type(error).__name__}: {error}"
        before = self._failed.get(unit.equipment_id)
        if before is None or before[0] != words:
            log.error(
                "equipment %d: can't be computed, its marks stay: %s",
                unit.equipment_id,
                words,
                exc_info=error,
            )
        self._failed[unit.equipment_id] = (words, self._monotonic())
        self._metrics.add("chejian_worker_failed_units_total")

    def _drop_unmapped(self, connection: Connection, marks: list[Mark]) -> None:
        if not marks:
            return
        with Session(connection) as session, session.begin():
            lock_registry(session)
            gone = still_unmapped(session, marks)
            delete_marks(session, gone)
        self._metrics.add("chejian_worker_unmapped_marks_total", len(gone))
        for name in sorted({m.name for m in gone} - self._unmapped):
            self._unmapped.add(name)
            log.warning("device %s feeds no registered equipment; its data are stored but not computed", name)

    def _diagnose(self, connection: Connection) -> int:
        until = self._monotonic() + self._settings.diagnosis_budget
        count = 0
        while self._monotonic() < until:
            with Session(connection) as session, session.begin():
                confidence = diagnose_next(session, self._clock()) or diagnose_process_next(
                    session, self._clock()
                )
            if confidence is None:
                break
            self._metrics.add("chejian_worker_diagnoses_total", confidence=confidence)
            count += 1
        return count

    def _keep(self, connection: Connection) -> None:
        """Copy windows that must outlive raw retention; a full portion goes on in the next round."""
        if self._monotonic() < self._next_keep:
            return
        with Session(connection) as session, session.begin():
            retention = timedelta(seconds=self._settings.raw_retention)
            copied = keep_windows(session, self._clock(), retention, self._settings.windows_kept)
        self._metrics.add("chejian_worker_kept_windows_total", copied)
        if copied < AT_ONCE:
            self._next_keep = self._monotonic() + KEEP_SECONDS


def _is_servers_own(error: Exception) -> bool:
    """Whether the server is away, ends the connection, or takes no writes now: no equipment could be computed."""
    cause = error.orig if isinstance(error, DBAPIError) else error
    return isinstance(
        cause, (psycopg.OperationalError, psycopg.InterfaceError, psycopg.errors.ReadOnlySqlTransaction)
    )


_KNOWN_ENDS = (
    select(
        Equipment.equipment_id,
        Workshop.calendar_id,
        func.coalesce(
            WorkProgress.energy_until,
            select(func.max(StateInterval.end))
            .where(StateInterval.equipment_id == Equipment.equipment_id)
            .scalar_subquery(),
        ),
        WorkProgress.rolled_until,
    )
    .outerjoin(WorkProgress, WorkProgress.equipment_id == Equipment.equipment_id)
    .join(Workshop, Workshop.workshop_id == Equipment.workshop_id)
    .order_by(Equipment.equipment_id)
)
