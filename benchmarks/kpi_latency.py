"""From a mark to its KPI: the worker as a process would run it, while machines report live; p50, p99 and the worst.

Run: ``.venv/bin/python -m benchmarks.kpi_latency [machines] [seconds]`` (default 60 machines, 60 s). Each machine commits a
sample of each series every 2 s, in its own transaction with its mark and the gateway's notification. A mark's age is the
time from its commit until the hour's OEE row of that machine is computed from it, both by the database's clock.
"""

import statistics
import sys
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
from chejian_cloud.config import Settings
from chejian_cloud.worker.process import WorkerProcess
from chejian_contract.health import Metrics

sys.path.insert(0, str(Path(__file__).parents[1]))  # run as a script, too
from benchmarks import bench_plant
from benchmarks.bench_plant import plant

PERIOD_S = 2.0
_SAMPLE = """
INSERT INTO telemetry.sample (time, series_id, quality, value)
SELECT %(at)s, series_id, 192, CASE WHEN kind = 'state' THEN 1 WHEN kind = 'total_increasing' THEN %(n)s ELSE 5.5 END
  FROM telemetry.series WHERE device_id = %(device)s
"""
_MARK = """
INSERT INTO telemetry.dirty AS d (device_id, hour, lo, hi) VALUES (%(device)s, date_trunc('hour', %(at)s::timestamptz, 'UTC'), %(at)s, %(at)s)
ON CONFLICT (device_id, hour) DO UPDATE SET gen = d.gen + 1, lo = least(d.lo, excluded.lo), hi = greatest(d.hi, excluded.hi)
"""


def measure(machines: int, seconds: float) -> None:
    now = datetime.now(UTC)
    bench_plant.DAY_START = now.replace(minute=0, second=0, microsecond=0) - timedelta(
        hours=bench_plant.HOURS
    )
    with plant(machines) as bench:
        bench.now = now
        bench.drain()
        process = WorkerProcess(Settings(dsn=bench.dsn), Metrics())
        worker = threading.Thread(target=process.run)
        worker.start()
        ages: list[float] = []
        try:
            with psycopg.connect(bench.dsn, autocommit=True) as connection:
                _live(connection, machines, seconds, ages)
        finally:
            process.stop()
            worker.join()
    ages.sort()
    print(
        f"{machines} machines, {len(ages)} marks: p50 {statistics.median(ages):.2f} s,"
        f" p99 {ages[int(0.99 * (len(ages) - 1))]:.2f} s, worst {ages[-1]:.2f} s"
    )


def _live(connection: psycopg.Connection, machines: int, seconds: float, ages: list[float]) -> None:
    waiting: dict[int, datetime] = {}
    until = time.monotonic() + seconds
    number = 1_000_000
    while time.monotonic() < until or waiting:
        if time.monotonic() < until:
            number += 1
            at = datetime.now(UTC)
            for device in range(1, machines + 1):
                with connection.transaction():
                    connection.execute(_SAMPLE, {"at": at, "n": number, "device": device})
                    connection.execute(_MARK, {"at": at, "device": device})
                waiting.setdefault(device, datetime.now(UTC))
            connection.execute("NOTIFY chejian_dirty")
        for _ in range(20):
            rows = connection.execute(
                "SELECT equipment_id, max(computed_at) FROM app.kpi_value WHERE kpi = 'oee' AND window_kind = 'hour'"
                " AND provisional GROUP BY equipment_id"
            ).fetchall()
            seen = datetime.now(UTC)
            for machine, computed in rows:
                if machine in waiting and computed >= waiting[machine]:
                    ages.append((seen - waiting.pop(machine)).total_seconds())
            time.sleep(PERIOD_S / 20)


if __name__ == "__main__":
    measure(int(sys.argv[1]) if len(sys.argv) > 1 else 60, float(sys.argv[2]) if len(sys.argv) > 2 else 60.0)
