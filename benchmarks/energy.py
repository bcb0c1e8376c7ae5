"""Energy: recomputing one meter with one machine for a month, and a live mark, beside a floor.

Run: ``.venv/bin/python -m benchmarks.energy [days]``. The meter has a reading each minute, its machine a state each 30 s and a
count each minute. The floor is plain numpy over the same readings, states and counts, already in memory: differences, one
interpolation at the edges of hours and states, and sums by hour and state (`numpy.add.at`).
"""

import sys
import time
from datetime import timedelta
from pathlib import Path

import numpy as np
import psycopg
from chejian_analytics.energy import window_use
from chejian_analytics.kpi import Windows
from chejian_cloud.clock import HOUR_US, to_us
from chejian_cloud.worker.inputs import Reader
from chejian_cloud.worker.meters import MeterReader, meter_reader
from chejian_cloud.worker.setup import load_setup
from sqlalchemy.orm import Session

sys.path.insert(0, str(Path(__file__).parents[1]))  # run as a script, too
from benchmarks.bench_plant import DAY_START, HOURS, Plant, plant
from benchmarks.rollups import best

PIECE_US = 48 * HOUR_US
"""[us] What one unit of work reads, see `chejian_cloud.worker.take`."""

_METER = """
INSERT INTO app.equipment (enterprise_id, workshop_id, line_id, code, name_zh, name_en, type)
VALUES (1, 1, 1, 'EM', 'm', 'm', 'electricity_meter');
INSERT INTO app.equipment_feed (equipment_id, group_id, edge_node, device) VALUES (2, 'e', 'w', 'EM');
INSERT INTO telemetry.device (node_id, name) VALUES (1, 'EM');
INSERT INTO telemetry.series (device_id, name, datatype, unit, kind, role)
VALUES (2, 'Energy/ActiveEnergyImport', 4, 'Wh', 'total_increasing', 'active_energy');
INSERT INTO app.meter (equipment_id, carrier, interval_us, made_on_site) VALUES (2, 'electricity', 60000000, false);
INSERT INTO app.meter_machine VALUES (2, 1);
"""
_READINGS = """
INSERT INTO telemetry.sample (time, series_id, quality, value)
SELECT %(start)s + k * interval '1 minute', s.series_id, 192, k * 137 + (k * 7919) %% 100
  FROM generate_series(0, %(minutes)s) AS k, telemetry.series s WHERE s.role = 'active_energy'
"""
_MACHINE = """
INSERT INTO telemetry.sample (time, series_id, quality, value)
SELECT %(start)s + k * interval '30 seconds', s.series_id, 192,
       CASE WHEN s.kind = 'state' THEN 1 + (k / 40) %% 3 ELSE k / 3 END
  FROM generate_series(%(known)s, 2 * %(minutes)s) AS k, telemetry.series s
 WHERE s.role IN ('machine_state', 'produced_count', 'good_count')
"""
_MARKS = """
INSERT INTO app.dirty (equipment_id, hour, lo, hi, reason)
SELECT 2, h, h, h + interval '1 hour', 'benchmark'
  FROM generate_series(%(start)s, %(end)s - interval '1 hour', interval '1 hour') h
"""


def prepare(bench: Plant, days: int) -> None:
    """Put the meter beside the plant's machine, and the samples of both."""
    minutes = days * 1440
    end = DAY_START + timedelta(days=days)
    span = {"start": DAY_START, "end": end, "minutes": minutes}
    with psycopg.connect(bench.dsn) as connection:
        for statement in _METER.split(";\n"):
            if statement.strip():
                connection.execute(statement)
        connection.execute(_READINGS, span)
        connection.execute(_MACHINE, {**span, "known": HOURS * 120})
    bench.now = end + timedelta(minutes=1)


def floor(reader: MeterReader, lo: int, hi: int) -> float:
    """Seconds of the plain computation."""
    own, work = reader.meter(lo, hi), reader.work(lo, hi)
    assert work is not None
    state, good = work.labels["state"], work.good
    assert good is not None
    starts, codes = np.asarray(state.start_us), np.unique(state.names, return_inverse=True)[1]
    times, counts = np.asarray(good.times_us), np.asarray(good.values)
    hours = np.arange(lo, hi + 1, HOUR_US)

    def plain() -> None:
        edges = np.union1d(hours, starts)[:-1]
        totals = np.interp(np.append(edges, hi), own.times_us, own.totals)
        table = np.zeros((len(hours), codes.max() + 1))
        hour = np.searchsorted(hours, edges, side="right") - 1
        np.add.at(table, (hour, codes[np.searchsorted(starts, edges, side="right") - 1]), np.diff(totals))
        np.diff(counts[np.searchsorted(times, hours).clip(max=len(counts) - 1)])

    return best(plain)


def main(days: int) -> None:
    with plant(1) as bench:
        prepare(bench, days)
        bench.drain()
        lo, hi = to_us(DAY_START), to_us(DAY_START + timedelta(days=days))
        with Session(bench.engine) as session:
            reader = meter_reader(Reader(session, load_setup(session, 2), 60_000_000))
            assert reader is not None
            hours = np.arange(lo, hi, HOUR_US)
            windows = Windows(hours, hours + HOUR_US)
            starts = range(lo, hi, PIECE_US)
            read = best(
                lambda: [(reader.meter(at, at + PIECE_US), reader.work(at, at + PIECE_US)) for at in starts]
            )
            own, work = reader.meter(lo, hi), reader.work(lo, hi)
            ours, least = best(lambda: window_use(own, windows, work)), floor(reader, lo, hi)
        print(f"{days} days, {own.times_us.size:,} readings, {len(hours)} hours by state, product and order:")
        print(
            f"  reading {read * 1e3:.0f} ms; computing {ours * 1e3:.1f} ms, {ours / least:.1f} x numpy's {least * 1e3:.1f} ms"
        )
        with psycopg.connect(bench.dsn) as connection:
            connection.execute(_MARKS, {"start": DAY_START, "end": DAY_START + timedelta(days=days)})
        began = time.perf_counter()
        bench.drain()
        print(f"  recomputed whole, nothing changed: {time.perf_counter() - began:.2f} s")
        live(bench)


def live(bench: Plant) -> None:
    """A reading of the running hour: the unit of work as the worker does it."""
    found = []
    for i in range(6):
        bench.now += timedelta(minutes=1)
        at = bench.now - timedelta(seconds=30)
        with psycopg.connect(bench.dsn) as connection:
            connection.execute(
                "INSERT INTO telemetry.sample (time, series_id, quality, value) SELECT %s, series_id, 192, %s"
                " FROM telemetry.series WHERE role = 'active_energy'",
                (at, 10**9 + i),
            )
            connection.execute(
                "INSERT INTO telemetry.dirty (device_id, hour, lo, hi) SELECT device_id, date_trunc('hour', t, 'UTC'), t, t"
                " FROM telemetry.device, CAST(%s AS timestamptz) AS t WHERE name = 'EM'"
                " ON CONFLICT (device_id, hour) DO UPDATE SET hi = excluded.hi, gen = telemetry.dirty.gen + 1",
                (at,),
            )
        began = time.perf_counter()
        bench.drain()
        found.append(time.perf_counter() - began)
    print(f"  live reading, rounds of the worker included: {min(found) * 1e3:.0f} ms")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 30)
