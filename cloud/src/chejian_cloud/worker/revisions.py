"""When a changed value of an ended window is a revision: once per window for each run of late data.

A value is settled when its window has ended, and nothing of its equipment has changed late, for the settling time.
Samples that come late come in runs: a back-fill changes the same windows again and again, in any order. So the first
change of a settled value opens a run; each further change of an ended window within the settling time belongs to it,
and goes into the window's revision of that run. A window that ended during the run had no settled value and leaves no
revision. What comes back to the settled value leaves none either.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import text
from sqlalchemy.orm import Session

from chejian_cloud.db.engine import raw_connection
from chejian_cloud.db.literals import array_literal

SAMPLES = "samples"
"""Cause of a revision that late samples asked for."""
LONGEST_RUN = timedelta(hours=24)
"""A buffer on a slow line may be late for ever; people want to see such changes at least daily."""

_INSERT = """
INSERT INTO app.kpi_revision (equipment_id, kpi, window_kind, start, "end", old_value, new_value, old_inputs,
                              new_inputs, old_computed_at, revised_at, cause)
SELECT n.equipment_id, n.kpi, n.kind, n.start, n."end", n.old_value, n.new_value, n.old_inputs, n.new_inputs,
       n.old_computed_at, %s, %s
  FROM ROWS FROM (
       unnest(%s::integer[], %s::text[], %s::text[], %s::timestamptz[], %s::timestamptz[], %s::float8[], %s::float8[],
              %s::timestamptz[]),
       jsonb_array_elements(%s::jsonb), jsonb_array_elements(%s::jsonb))
    AS n(equipment_id, kpi, kind, start, "end", old_value, new_value, old_computed_at, old_inputs, new_inputs)
"""
_UPDATE = text("""
UPDATE app.kpi_revision SET new_value = :new_value, new_inputs = CAST(:new_inputs AS jsonb), revised_at = :now,
       cause = CASE WHEN position(:cause IN cause) > 0 THEN cause ELSE cause || '; ' || :cause END
 WHERE equipment_id = :equipment_id AND kpi = :kpi AND window_kind = :window_kind AND start = :start
   AND revised_at >= :since
""")
_UNDO = text("""
DELETE FROM app.kpi_revision
 WHERE equipment_id = :equipment_id AND window_kind = :window_kind AND start = :start AND kpi = :kpi
   AND revised_at >= :since AND old_value IS NOT DISTINCT FROM new_value AND old_inputs = new_inputs
""")
_RECENT = text("""
SELECT equipment_id, kpi, window_kind, start FROM app.kpi_revision
 WHERE equipment_id = ANY(:equipment) AND revised_at >= :since
""")


@dataclass(frozen=True, slots=True)
class LateRun:
    """The latest run of late changes of one equipment.

    Attributes:
        since: its first change; None: there was none yet.
        last: its latest change.
    """

    since: datetime | None = None
    last: datetime | None = None


class Change(NamedTuple):
    """One KPI of an ended window that is about to change.

    Attributes:
        equipment_id: of its equipment.
        kpi: its id.
        window_kind: of its window.
        start: of its window.
        end: of its window.
        old_value: before.
        new_value: from now on.
        computed_at: when the old value was computed.
        old_inputs: what the old value was made of, plain for JSON.
        new_inputs: what the new one is made of.
    """

    equipment_id: int
    kpi: str
    window_kind: str
    start: datetime
    end: datetime
    old_value: float | None
    new_value: float | None
    computed_at: datetime
    old_inputs: Mapping[str, Any]
    new_inputs: Mapping[str, Any]


class Revisions:
    """Writes the revisions of one unit of work.

    Args:
        session: of its transaction.
        run: the equipment's latest run.
        now: the present.
        settle: settling time.
        cause: what asked for the computation, for people.
    """

    def __init__(
        self, session: Session, run: LateRun, *, now: datetime, settle: timedelta, cause: str = SAMPLES
    ) -> None:
        self._session = session
        self._now = now
        self._settle = settle
        self._cause = cause
        self._run = run if self._goes_on(run) else LateRun()
        self._changed = False
        self._settled: list[Change] = []
        self._moving: list[tuple[Change, datetime]] = []

    @property
    def run(self) -> LateRun | None:
        """The run as it is after the changes; None when nothing ended has changed."""
        return self._run if self._changed else None

    def note(self, change: Change) -> None:
        """Take note of a change; `flush` writes, renews or undoes the revision that it asks for."""
        standing = max(change.computed_at, change.end)
        settled = standing <= (self._run.since or self._now) - self._settle
        if settled or self._run.since is not None:
            self._run = LateRun(self._run.since or self._now, self._now)
            self._changed = True
        if settled:
            self._settled.append(change)
        else:
            # Without a run, what changes is a window that has just ended, or one that a run too long has just touched.
            self._moving.append((change, self._run.since or self._now - self._settle))

    def flush(self) -> None:
        """Write what was noted, each kind of statement at once; call it when all of the unit's changes are noted."""
        if self._settled:
            *plain, old, new = zip(*self._settled, strict=True)
            values = [*map(array_literal, plain), json.dumps(old), json.dumps(new)]
            with raw_connection(self._session).cursor() as cursor:
                cursor.execute(_INSERT, [self._now, self._cause, *values])
        if self._moving:
            own = self._recent(min(since for _, since in self._moving))
            moving = [self._values(change, since) for change, since in self._moving if _key(change) in own]
            if moving:
                self._session.execute(_UPDATE, moving)
                self._session.execute(_UNDO, moving)
        self._settled, self._moving = [], []

    def _values(self, change: Change, since: datetime) -> dict[str, Any]:
        new_inputs = json.dumps(change.new_inputs)
        values = {**change._asdict(), "new_inputs": new_inputs, "now": self._now, "cause": self._cause}
        return {**values, "since": since}

    def _recent(self, since: datetime) -> set[tuple[Any, ...]]:
        """Keys of the revisions that later changes may still renew."""
        equipment = sorted({change.equipment_id for change, _ in self._moving})
        rows = self._session.execute(_RECENT, {"equipment": equipment, "since": since})
        return {tuple(row) for row in rows}

    def _goes_on(self, run: LateRun) -> bool:
        if run.since is None or run.last is None:
            return False
        return self._now - run.last <= self._settle and self._now - run.since <= LONGEST_RUN


def _key(change: Change) -> tuple[Any, ...]:
    return (change.equipment_id, change.kpi, change.window_kind, change.start)
