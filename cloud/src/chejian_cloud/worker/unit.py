"""One unit of work: everything that one transaction computes, stores and ticks off for one equipment."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import RowMapping, text
from sqlalchemy.orm import Session

from chejian_cloud.clock import HOUR_US, from_us, to_us
from chejian_cloud.config import Settings
from chejian_cloud.db.rollups import RollupPartitions
from chejian_cloud.energy.carriers import METER_TYPES
from chejian_cloud.worker.compute import LONGEST_ADVANCE_US, Span, recompute_unit
from chejian_cloud.worker.energy import recompute_meter
from chejian_cloud.worker.inputs import Reader, make_reader
from chejian_cloud.worker.meters import meter_reader, meters_of
from chejian_cloud.worker.retention import floor_us
from chejian_cloud.worker.revisions import LateRun, Revisions
from chejian_cloud.worker.rollups import Rolled, closed_until, roll_up
from chejian_cloud.worker.take import Unit, delete_marks, pass_on

_LOCK = text("""
SELECT rolled_until, late_since, late_last, energy_until FROM app.work_progress WHERE equipment_id = :equipment_id FOR UPDATE
""")
_ENTER = text("INSERT INTO app.work_progress (equipment_id) VALUES (:equipment_id) ON CONFLICT DO NOTHING")
_PROGRESS = text("""
UPDATE app.work_progress
   SET rolled_until = :rolled_until, late_since = :late_since, late_last = :late_last, energy_until = :energy_until
 WHERE equipment_id = :equipment_id
""")


@dataclass(frozen=True, slots=True)
class Done:
    """What came of a unit.

    Attributes:
        complete: whether everything up to the present is known now.
        rollup_rows: rollup rows written or deleted.
        refused: marks that lie beyond raw retention and were deleted without being computed.
    """

    complete: bool
    rollup_rows: int
    refused: int


@dataclass(frozen=True, slots=True)
class UnitWork:
    """Runs units in a transaction.

    The lock of the equipment's row in `app.work_progress` makes the transactions of several workers follow one another;
    what is read after it is what the one before has committed.

    Args:
        session: in the unit's transaction.
        settings: hold, settling time and retention.
        partitions: of the rollup tables.
        now: the present.
    """

    session: Session
    settings: Settings
    partitions: RollupPartitions
    now: datetime

    def run(self, unit: Unit) -> Done:
        """Compute and store what the unit's marks (or the clock) ask for, and delete the marks."""
        progress = self._lock(unit.equipment_id)
        reader = make_reader(self.session, self.settings, unit.equipment_id)
        now_us = to_us(self.now)
        floor = floor_us(reader.setup.calendar, now_us, round(self.settings.raw_retention * 1_000_000))
        gone = [m for m in unit.marks if m.hi_us < floor]
        done = Done(complete=True, rollup_rows=0, refused=len(gone))
        if len(gone) < len(unit.marks) or not unit.marks:
            done = self._compute(reader, unit, progress, floor, len(gone))
        self._tick_off(unit)
        return done

    def _tick_off(self, unit: Unit) -> None:
        """Delete the unit's marks, and tell the meters of the machine; rows of `app.dirty` in the order of equipment."""
        meters = meters_of(self.session, unit.equipment_id) if unit.marks else ()
        pass_on(self.session, unit.marks, [m for m in meters if m < unit.equipment_id])
        delete_marks(self.session, unit.marks)
        pass_on(self.session, unit.marks, [m for m in meters if m > unit.equipment_id])

    def _lock(self, equipment_id: int) -> RowMapping:
        key = {"equipment_id": equipment_id}
        row = self.session.execute(_LOCK, key).mappings().one_or_none()
        if row is None:
            self.session.execute(_ENTER, key)
            row = self.session.execute(_LOCK, key).mappings().one()
        return row

    def _compute(self, reader: Reader, unit: Unit, progress: RowMapping, floor: int, refused: int) -> Done:
        now_us = to_us(self.now)
        lo, hi = max(unit.lo_us, floor), max(unit.hi_us, floor)
        revisions = Revisions(
            self.session,
            LateRun(progress["late_since"], progress["late_last"]),
            now=self.now,
            settle=timedelta(seconds=float(self.settings.settle)),
            cause=unit.cause,
        )
        energy_until = progress["energy_until"]
        if reader.setup.type in METER_TYPES:
            span, energy_until = self._meter(reader, lo, hi, energy_until, floor, revisions)
        else:
            span = recompute_unit(
                reader,
                lo,
                hi,
                now_us=now_us,
                floor_us=floor,
                revisions=revisions,
                samples=unit.samples,
            )
        revisions.flush()
        rolled = self._roll_up(reader, unit, progress, floor)
        now_known = {
            "rolled_until": None if rolled.until_us is None else from_us(rolled.until_us),
            "energy_until": energy_until,
        }
        self._note(reader.setup.equipment_id, progress, now_known, revisions.run)
        if unit.samples:
            self._plan_diagnoses(reader, unit, lo, hi)
        behind = span is not None and hi + reader.hold_us < span.end_us < now_us
        behind |= not unit.marks and rolled.until_us is not None and rolled.until_us < closed_until(now_us)
        return Done(complete=not behind, rollup_rows=rolled.written, refused=refused)

    def _plan_diagnoses(self, reader: Reader, unit: Unit, lo_us: int, hi_us: int) -> None:
        # Imported here: what people ask for needs none, and these take as long to import as all else together.
        from chejian_cloud.worker.process_diagnoses import plan_process  # noqa: PLC0415
        from chejian_cloud.worker.waveforms import plan  # noqa: PLC0415

        if unit.marks:
            plan(self.session, reader.setup, lo_us, hi_us)
        plan_process(self.session, reader.setup, lo_us, hi_us, to_us(self.now))

    def _roll_up(self, reader: Reader, unit: Unit, progress: RowMapping, floor: int) -> Rolled:
        """Rollups of what the unit touches; what is said about samples changes none."""
        until = None if progress["rolled_until"] is None else to_us(progress["rolled_until"])
        if unit.asked or (until is not None and not unit.samples):
            return Rolled(until, 0)
        hour = -(-floor // HOUR_US) * HOUR_US  # rollups know UTC hours only
        return roll_up(
            reader,
            self.partitions,
            max(unit.lo_us, hour),
            max(unit.hi_us, hour),
            until_us=None if until is None else max(until, hour),
            advance_us=0 if unit.marks else LONGEST_ADVANCE_US,
            end_us=closed_until(to_us(self.now)),
        )

    def _meter(
        self,
        reader: Reader,
        lo_us: int,
        hi_us: int,
        until: datetime | None,
        floor: int,
        revisions: Revisions,
    ) -> tuple[Span | None, datetime | None]:
        """Recompute a meter; the span, and up to when its energy is known then."""
        meter = meter_reader(reader)
        if meter is None:
            return None, self.now  # the registry does not say what it measures; it marks when it does
        until_us = None if until is None else to_us(until)
        span = recompute_meter(
            meter,
            lo_us,
            hi_us,
            until_us=until_us,
            now_us=to_us(self.now),
            floor_us=floor,
            revisions=revisions,
        )
        if span is None:
            return None, until
        return span, from_us(max(span.end_us, until_us or span.end_us))

    def _note(
        self,
        equipment_id: int,
        progress: RowMapping,
        known: Mapping[str, datetime | None],
        run: LateRun | None,
    ) -> None:
        values = {
            **known,
            "late_since": run.since if run is not None else progress["late_since"],
            "late_last": run.last if run is not None else progress["late_last"],
        }
        if values != dict(progress):
            self.session.execute(_PROGRESS, {"equipment_id": equipment_id, **values})
