"""What the process methods read of one equipment: its measured channels over a window, and when it ran."""

from dataclasses import dataclass
from datetime import timedelta

import numpy as np
from chejian_analytics.diagnosis.process import Channel, ProcessWindow
from chejian_contract.signals import Role, SignalKind
from chejian_contract.states import MachineState
from sqlalchemy import text
from sqlalchemy.orm import Session

from chejian_cloud.clock import from_us, to_us
from chejian_cloud.worker.inputs import READABLE
from chejian_cloud.worker.setup import SeriesInfo, Setup

BEFORE = timedelta(days=1)
"""How long before a window's start the value that holds there is looked for: edges send a heartbeat each 30 s."""

_SAMPLES = text("""
SELECT series_id, (extract(epoch FROM time) * 1000000)::bigint AS time_us,
       CASE WHEN quality = ANY(:readable) AND value < 'Infinity' AND value > '-Infinity' THEN value END AS value
  FROM telemetry.sample WHERE series_id = ANY(:series) AND time >= :lo AND time < :hi
UNION ALL
SELECT k.series_id, (extract(epoch FROM k.time) * 1000000)::bigint,
       CASE WHEN k.quality = ANY(:readable) AND k.value < 'Infinity' AND k.value > '-Infinity' THEN k.value END
  FROM unnest(CAST(:series AS int[])) s CROSS JOIN LATERAL (
       SELECT * FROM telemetry.sample p WHERE p.series_id = s AND p.time < :lo AND p.time >= :before
        ORDER BY p.time DESC LIMIT 1) k
 ORDER BY series_id, time_us
""")
_RUNNING = text("""
SELECT start, "end" FROM app.state_interval
 WHERE equipment_id = :equipment_id AND state = :producing AND "end" > :lo AND start < :hi ORDER BY start
""")
_FIRST = text("SELECT min(bucket) FROM app.rollup_1h WHERE series_id = ANY(:series)")


@dataclass(frozen=True, slots=True)
class ProcessInputs:
    """Reads the channels of one equipment.

    Args:
        session: in a transaction.
        setup: of the equipment.
    """

    session: Session
    setup: Setup

    @property
    def series(self) -> dict[str, list[SeriesInfo]]:
        """Series of each measured signal, of its newest unit."""
        out: dict[str, list[SeriesInfo]] = {}
        for series in sorted(self.setup.all_series, key=lambda s: s.series_id):
            if (
                series.rolled
                and series.kind == SignalKind.MEASUREMENT
                and series.role != Role.ROTATIONAL_SPEED
            ):
                own = out.setdefault(series.name, [])
                if own and own[-1].unit != series.unit:
                    own.clear()
                own.append(series)
        return out

    def first_us(self) -> int | None:
        """Start of the first hour with a value [us since 1970]; None when there is none."""
        first = self.session.scalar(
            _FIRST, {"series": [s.series_id for own in self.series.values() for s in own]}
        )
        return None if first is None else to_us(first)

    def window(self, start_us: int, end_us: int) -> ProcessWindow:
        """What the equipment told in [start, end)."""
        known = self.series
        ids = [s.series_id for own in known.values() for s in own]
        lo, hi = from_us(start_us), from_us(end_us)
        values = {"series": ids, "lo": lo, "hi": hi, "before": lo - BEFORE, "readable": READABLE}
        rows = self.session.execute(_SAMPLES, values).all()
        table = np.array([(r[0], r[1]) for r in rows], np.int64).reshape(-1, 2)
        told = np.array([np.nan if r[2] is None else r[2] for r in rows], np.float64)
        channels = []
        for name, own in known.items():
            inside = np.isin(table[:, 0], [s.series_id for s in own])
            times, first = np.unique(table[inside, 1], return_index=True)
            role = "filter_pressure_drop" if own[-1].role == Role.FILTER_PRESSURE_DROP else "measurement"
            channels.append(Channel(name, times, told[inside][first], role))  # type: ignore[arg-type] # of ChannelRole
        return ProcessWindow(start_us, end_us, tuple(channels), self._running(lo, hi))

    def _running(self, lo: object, hi: object) -> tuple[tuple[int, int], ...]:
        values = {
            "equipment_id": self.setup.equipment_id,
            "producing": int(MachineState.PRODUCING),
            "lo": lo,
            "hi": hi,
        }
        spans: list[tuple[int, int]] = []
        for row in self.session.execute(_RUNNING, values):
            start, end = to_us(row.start), to_us(row.end)
            if spans and spans[-1][1] == start:  # one run of production, cut by a shift
                start = spans.pop()[0]
            spans.append((start, end))
        return tuple(spans)
