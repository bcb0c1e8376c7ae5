"""What the worker's tables should hold, computed at once from all raw samples, without the worker's reading code."""

from typing import Any

import numpy as np
import psycopg
from chejian_analytics.kpi import (
    KPIS,
    CounterSeries,
    IdealCycle,
    OeeInputs,
    SeriesSamples,
    TimeRules,
    Windows,
    daily_windows,
    day_windows,
    fill,
    fold,
    hour_windows,
    shift_windows,
    window_oee,
)
from chejian_analytics.kpi import Shift as KpiShift
from chejian_cloud.clock import from_us, to_us

from tests.cloud.plant_rows import GOOD, PlantRows
from tests.cloud.worker.rounds import T0

ZONE = "Asia/Shanghai"
STOPS = [("12:00", "12:30")]
HOLD_US = 60_000_000
RULES = TimeRules(minor_stop_us=300_000_000)
MINUTE_US, HOUR_US = 60_000_000, 3_600_000_000
EQUIPMENT = "CNC-01"
COUNTERS = ("Counts/Produced", "Counts/Good", "Counts/Scrap")
Rollups = dict[tuple[str, int], dict[str, Any]]


class Oracle:
    """Reads all samples of a plant's CNC-01 and computes everything anew."""

    def __init__(self, plant: PlantRows, *, foreign: bool, cycle_us: int = 90_000_000) -> None:
        self._plant, self._foreign, self._cycle_us = plant, foreign, cycle_us
        with psycopg.connect(plant.dsn) as connection:
            connection.execute("SET timezone = 'UTC'")
            self._samples = connection.execute(
                "SELECT s.name, p.time, p.value, p.quality FROM telemetry.sample p"
                " JOIN telemetry.series s USING (series_id) JOIN telemetry.device v USING (device_id)"
                " WHERE v.name = %s ORDER BY s.name, p.time, p.value",
                (EQUIPMENT,),
            ).fetchall()
            self._texts = connection.execute(
                "SELECT p.time, p.value FROM telemetry.text_sample p JOIN telemetry.series s USING (series_id)"
                " JOIN telemetry.device v USING (device_id) WHERE v.name = %s AND s.name = 'Order/Product' ORDER BY p.time",
                (EQUIPMENT,),
            ).fetchall()
            self._shifts = [
                KpiShift(code, a.isoformat("seconds"), b.isoformat("seconds"))
                for code, a, b in connection.execute('SELECT code, start, "end" FROM app.shift')
            ]
            self._deaths = [
                to_us(t)
                for (t,) in connection.execute("SELECT received FROM telemetry.birth ORDER BY received")
            ]

    def rollups(self, name: str, until_us: int) -> tuple[Rollups, Rollups]:
        """Minutes and ended hours of a signal up to `until_us`, by name of the signal and start."""
        start = T0 * 1000
        hours = -(-(until_us - start) // HOUR_US)
        minutes = fill([self._series(name)], start, MINUTE_US, int(hours) * 60)
        return (
            _present(name, minutes, until_us, MINUTE_US, counts=name in COUNTERS),
            _present(name, fold(minutes, 60), until_us, HOUR_US, counts=name in COUNTERS),
        )

    def names(self) -> list[str]:
        """Numeric signals with samples, without states."""
        return sorted({name for name, *_ in self._samples} - {"State/MachineState"})

    def kpis(self, until_us: int) -> dict[tuple[str, str, int], tuple[Any, ...]]:
        """(kpi, kind, start) -> (end, value, numerator, denominator, completeness, flags) of windows ended by then."""
        start = T0 * 1000
        inputs = self._inputs(start, until_us)
        windows = {
            "hour": hour_windows(ZONE, start, until_us),
            "shift": shift_windows(self._shifts, ZONE, start, until_us).windows,
            "day": day_windows(ZONE, start, until_us),
        }
        out = {}
        for kind, found in windows.items():
            kept = (found.end_us <= until_us) & (found.start_us >= start)
            ended = Windows(found.start_us[kept], found.end_us[kept])
            for begin, end, result in zip(
                ended.start_us.tolist(), ended.end_us.tolist(), window_oee(inputs, ended), strict=True
            ):
                for kpi in KPIS:
                    numbers = (kpi.function(result), kpi.numerator(result), kpi.denominator(result))
                    out[kpi.id, kind, begin] = (end, *numbers, result.completeness, list(result.flags))
        return out

    def _inputs(self, start: int, end: int) -> OeeInputs:
        first, last = start - RULES.margin_us, end + RULES.margin_us
        state = self._series("State/MachineState")
        times = np.append(state.times_us, state.lapses_us)
        values = np.append(
            np.where(state.readable, state.values, np.nan), np.full(state.lapses_us.size, np.nan)
        )
        order = np.argsort(times, kind="stable")
        counters = [self._series(name) for name in COUNTERS]
        counted: dict[str, Any] = {
            name: CounterSeries(c.times_us, np.where(c.readable, c.values, np.nan))
            for name, c in zip(("produced", "good", "scrap"), counters, strict=True)
        }
        return OeeInputs(
            state_times_us=times[order],
            states=values[order],
            hold_us=state.hold_us,
            **counted,
            product_times_us=np.array([to_us(t) for t, _ in self._texts], np.int64),
            products=[value for _, value in self._texts],
            ideal_cycles=[IdealCycle("SHAFT-A", self._cycle_us, 0)],
            scheduled=daily_windows([(s.start, s.end) for s in self._shifts], ZONE, first, last),
            planned_stops=daily_windows(STOPS, ZONE, first, last),
            rules=RULES,
        )

    def _series(self, name: str) -> SeriesSamples:
        own = [(to_us(t), v, q) for n, t, v, q in self._samples if n == name]
        return SeriesSamples(
            np.array([t for t, _, _ in own], np.int64),
            np.array([v for _, v, _ in own], np.float64),
            np.array([q in (GOOD, 64) for _, _, q in own], np.bool_),
            np.array([q == GOOD for _, _, q in own], np.bool_),
            None if self._foreign else HOLD_US,
            np.array(self._deaths if self._foreign else [], np.int64),
            name in COUNTERS,
        )


def _present(name: str, buckets: Any, until_us: int, width_us: int, *, counts: bool) -> Rollups:
    mean = buckets.mean()
    out: Rollups = {}
    for i, start in enumerate(buckets.start_us.tolist()):
        if start + width_us > until_us or not buckets.present()[0, i]:
            continue
        first = buckets.first[0, i]
        row = {key: getattr(buckets, key)[0, i] for key in ("samples", "good", "known_us")}
        row |= {key: _number(getattr(buckets, key)[0, i]) for key in ("minimum", "maximum", "first", "last")}
        row["mean"] = _number(mean[0, i])
        row["first_time"] = None if np.isnan(first) else from_us(int(buckets.first_us[0, i]))
        row["last_time"] = None if np.isnan(first) else from_us(int(buckets.last_us[0, i]))
        row["increment"] = int(buckets.increment[0, i]) if counts else None
        row["resets"] = int(buckets.resets[0, i]) if counts else None
        out[name, start] = row
    return out


def _number(value: float) -> str | None:
    """Bits of a number as text; None for NaN."""
    return None if np.isnan(value) else float(value).hex()


def stored_rollups(dsn: str, table: str) -> Rollups:
    """What a rollup table holds of CNC-01, in the oracle's form."""
    out: Rollups = {}
    with psycopg.connect(dsn) as connection:
        connection.execute("SET timezone = 'UTC'")
        cursor = connection.execute(
            f"SELECT s.name, r.* FROM app.{table} r JOIN telemetry.series s USING (series_id)"
            " JOIN telemetry.device v USING (device_id) WHERE v.name = %s",
            (EQUIPMENT,),
        )
        names = [c.name for c in cursor.description or ()]
        for values in cursor:
            row = dict(zip(names, values, strict=True))
            key = (row.pop("name"), to_us(row.pop("bucket")))
            row.pop("series_id")
            for column in ("minimum", "maximum", "first", "last", "mean"):
                row[column] = None if row[column] is None else row[column].hex()
            assert key not in out
            out[key] = row
    return out
