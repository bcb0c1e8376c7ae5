"""Reading the samples that a span of time needs: the span itself and the value before it."""

from dataclasses import dataclass
from datetime import datetime

import numpy as np
import psycopg
from chejian_analytics.kpi import CounterSeries, OeeInputs
from chejian_contract.samples import Quality
from chejian_contract.signals import Role
from numpy.typing import NDArray
from sqlalchemy import text
from sqlalchemy.orm import Session

from chejian_cloud.clock import from_us, to_us
from chejian_cloud.db.arrays import read_samples
from chejian_cloud.db.engine import raw_connection
from chejian_cloud.worker.setup import Setup

COUNTERS = (Role.PRODUCED_COUNT, Role.GOOD_COUNT, Role.SCRAP_COUNT)
READABLE = [int(Quality.GOOD), int(Quality.UNCERTAIN)]
"""Qualities whose value counts."""

_LAST_COUNT = text("""
SELECT time, value FROM telemetry.sample
 WHERE series_id = ANY(:series) AND time < :before AND quality = ANY(:readable)
   AND value >= 0 AND value < 'Infinity' AND value = floor(value)
 ORDER BY time DESC, series_id DESC LIMIT 1
""")
_TEXTS = text("""
(SELECT time, series_id, value FROM telemetry.text_sample
  WHERE series_id = ANY(:series) AND time < :lo ORDER BY time DESC, series_id DESC LIMIT 1)
UNION ALL
(SELECT time, series_id, value FROM telemetry.text_sample
  WHERE series_id = ANY(:series) AND time >= :lo AND time < :hi)
ORDER BY time, series_id, value
""")
_NEXT_SAMPLE = text("""
SELECT max(next) FROM (
       SELECT (SELECT p.time FROM telemetry.sample p WHERE p.series_id = s.id AND p.time > :after
                ORDER BY p.time LIMIT 1) AS next
         FROM unnest(CAST(:series AS integer[])) AS s(id)) found
""")
_NEXT_TEXT = text("""
SELECT min(next) FROM (
       SELECT (SELECT p.time FROM telemetry.text_sample p WHERE p.series_id = s.id AND p.time > :after
                ORDER BY p.time LIMIT 1) AS next
         FROM unnest(CAST(:series AS integer[])) AS s(id)) found
""")


@dataclass(frozen=True, slots=True)
class Reader:
    """Reads the inputs of one equipment.

    Args:
        session: of the unit's transaction.
        setup: of the equipment.
        hold_us: longest time that a state holds [us].
    """

    session: Session
    setup: Setup
    hold_us: int

    def oee_inputs(self, lo_us: int, hi_us: int) -> OeeInputs:
        """Everything that states and KPIs in [lo_us, hi_us) depend on."""
        connection = raw_connection(self.session)
        state = read_samples(connection, self.setup.of(Role.MACHINE_STATE), lo_us - self.hold_us, hi_us)
        products = self.session.execute(
            _TEXTS, {"series": self.setup.of(Role.PRODUCT), "lo": from_us(lo_us), "hi": from_us(hi_us)}
        ).all()
        produced, good, scrap = (self._counter(connection, role, lo_us, hi_us) for role in COUNTERS)
        return OeeInputs(
            state_times_us=state.times_us,
            states=state.usable(),
            hold_us=self.hold_us,
            produced=produced,
            good=good,
            scrap=scrap,
            product_times_us=np.array([to_us(row.time) for row in products], np.int64),
            products=[row.value or "" for row in products],
            ideal_cycles=self.setup.cycles,
            scheduled=self.setup.calendar.scheduled(lo_us, hi_us),
            planned_stops=self.setup.calendar.planned_stops(lo_us, hi_us),
        )

    def reach_us(self, hi_us: int, known_until_us: int) -> int:
        """Until when a change at `hi_us` can show.

        That is the hold of a state, the next reading of each counter (its increment is counted from the changed value),
        and the next product (or the end of what is known: a product holds until another comes).
        """
        counters = [i for role in COUNTERS for i in self.setup.of(role)]
        found = [hi_us + self.hold_us, self._next(_NEXT_SAMPLE, counters, hi_us, hi_us)]
        if products := self.setup.of(Role.PRODUCT):
            found.append(self._next(_NEXT_TEXT, products, hi_us, known_until_us))
        return max(found) + 1

    def _next(self, statement: object, series: list[int], after_us: int, default_us: int) -> int:
        found: datetime | None = self.session.scalar(
            statement,  # type: ignore[call-overload] # one of the two texts above
            {"series": series, "after": from_us(after_us)},
        )
        return to_us(found) if found is not None else default_us

    def _counter(
        self, connection: psycopg.Connection, role: Role, lo_us: int, hi_us: int
    ) -> CounterSeries | None:
        series = self.setup.of(role)
        if not series:
            return None
        inside = read_samples(connection, series, lo_us, hi_us)
        before = self.session.execute(
            _LAST_COUNT, {"series": series, "before": from_us(lo_us), "readable": READABLE}
        ).one_or_none()
        times: NDArray[np.int64] = inside.times_us
        values: NDArray[np.float64] = inside.usable()
        if before is not None:
            times = np.concatenate([np.array([to_us(before.time)], np.int64), times])
            values = np.concatenate([np.array([before.value]), values])
        return CounterSeries(times, values)
