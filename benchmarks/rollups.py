"""Rollups: bytes and seconds of a day by minute and hour, and of late marks, beside a floor.

Run: ``.venv/bin/python -m benchmarks.rollups [machines]``. Each machine has six series with a sample each 30 s for 20
hours. The floor of time is one pass of plain numpy over the same samples (count, minimum, maximum and sum by minute
with `numpy.ufunc.reduceat`), already in memory; the floor of bytes is the raw samples themselves.
"""

import sys
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import numpy as np
import psycopg
from chejian_analytics.kpi import fill, fold
from chejian_cloud.clock import to_us
from chejian_cloud.db.edition import Edition
from chejian_cloud.db.rollups import RollupPartitions
from chejian_cloud.worker.inputs import Reader
from chejian_cloud.worker.rollups import MINUTE_US, _inputs, roll_up
from chejian_cloud.worker.setup import load_setup
from sqlalchemy.orm import Session

sys.path.insert(0, str(Path(__file__).parents[1]))  # run as a script, too
from benchmarks.bench_plant import DAY_START, HOURS, Plant, plant

_SIZE = """
SELECT coalesce(sum(pg_total_relation_size(c.oid)), 0) FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
 WHERE i.inhparent = %s::regclass
"""


def sizes(bench: Plant) -> None:
    """Bytes of each table with its index, and of a row."""
    with psycopg.connect(bench.dsn, autocommit=True) as connection:
        for table in ("telemetry.sample", "app.rollup_1m", "app.rollup_1h"):
            size = connection.execute(_SIZE, (table,)).fetchone()
            count = connection.execute(f"SELECT count(*) FROM {table}").fetchone()
            if size and count:
                print(
                    f"  {table:17} {count[0]:9,} rows, {size[0] / 2**20:6.1f} MiB, {size[0] / count[0]:.0f} bytes a row"
                )


def numpy_floor(times: np.ndarray, values: np.ndarray, start: int) -> None:
    """Count, extremes and sum by minute of one series."""
    minute = (times - start) // MINUTE_US
    first = np.flatnonzero(np.append(True, minute[1:] != minute[:-1]))
    np.diff(np.append(first, len(times)))
    for ufunc in (np.minimum, np.maximum, np.add):
        ufunc.reduceat(values, first)


def kernels(reader: Reader, start: int, end: int) -> None:
    """Computing alone, in million samples a second, beside the floor."""
    series = _inputs(reader, reader.setup.rolled, start, end)
    samples = sum(s.times_us.size for s in series)
    ours = best(lambda: fold(fill(series, start, MINUTE_US, (end - start) // MINUTE_US), 60))

    def plain() -> None:
        for s in series:
            numpy_floor(s.times_us, s.values, start)

    floor = best(plain)
    print(
        f"  compute: {samples / ours / 1e6:.1f} M samples/s; floor {samples / floor / 1e6:.1f}; {ours / floor:.1f} x the floor"
    )


def best(call: Callable[[], object]) -> float:
    """Shortest of five runs [s]; one more warms up."""
    found = []
    for _ in range(6):
        began = time.perf_counter()
        call()
        found.append(time.perf_counter() - began)
    return min(found[1:])


def late_marks(bench: Plant, session: Session) -> None:
    """A late mark of one hour whose numbers stand, and one that changes a value."""
    partitions = RollupPartitions(Edition.PLAIN)
    reader = Reader(session, load_setup(session, 1), 60_000_000)
    until = to_us(bench.now)
    at = to_us(DAY_START + timedelta(hours=5, minutes=30))

    def roll() -> int:
        return roll_up(reader, partitions, at, at, until_us=until, advance_us=0, end_us=until).written

    equal = best(roll)
    with psycopg.connect(bench.dsn) as connection:
        connection.execute(
            "UPDATE telemetry.sample SET value = value + 1 WHERE time = %s",
            (DAY_START + timedelta(hours=5, minutes=30),),
        )
    began = time.perf_counter()
    written = roll()
    changed = time.perf_counter() - began
    print(
        f"  late mark: {equal * 1e3:.1f} ms when nothing changes; {changed * 1e3:.1f} ms with {written} rows written"
    )
    kernels(reader, to_us(DAY_START), to_us(DAY_START + timedelta(hours=HOURS)))


def main(machines: int) -> None:
    with plant(machines) as bench:
        began = time.perf_counter()
        bench.drain()
        print(
            f"{machines} machines, {HOURS} hours: all of the worker's tables in {time.perf_counter() - began:.1f} s"
        )
        bench.now += timedelta(minutes=1)
        sizes(bench)
        with Session(bench.engine) as session:
            late_marks(bench, session)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 5)
