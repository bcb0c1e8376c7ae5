"""The worker's live marks: milliseconds and marks per second, at 1 machine and at 200, beside the full path.

Run: ``.venv/bin/python -m benchmarks.marks [machines ...]``. Each machine has 20 hours of its local day stored (six
series, a sample each 30 s). A live mark is one sample of each series; the worker takes all marks of a round. "full
path" is what a mark costs at least when shift and day are computed from their samples: reading the local day and
computing its windows once, without storing anything.
"""

import statistics
import sys
import time
from pathlib import Path

from chejian_analytics.kpi import window_oee
from chejian_cloud.clock import to_us
from chejian_cloud.worker.inputs import Reader
from chejian_cloud.worker.setup import load_setup
from sqlalchemy import text
from sqlalchemy.orm import Session

sys.path.insert(0, str(Path(__file__).parents[1]))  # run as a script, too
from benchmarks.bench_plant import DAY_START, Plant, plant

MARKS = 600
"""Live marks at least, in rounds 2 s apart; the ones that end a minute are among them."""
FEWEST_ROUNDS = 3
MOST_ROUNDS = 60


def live_round(bench: Plant) -> float:
    """Seconds of one round of live marks of all machines."""
    bench.live(2.0)
    began = time.perf_counter()
    bench.drain()
    return time.perf_counter() - began


def full_path(bench: Plant, times: int) -> float:
    """Median seconds of reading the local day of a machine and computing its windows."""
    found = []
    with Session(bench.engine) as session:
        machine = session.scalar(text("SELECT min(equipment_id) FROM app.equipment"))
        for _ in range(times):
            began = time.perf_counter()
            reader = Reader(session, load_setup(session, int(machine or 0)), 60_000_000)
            lo, hi = (
                to_us(DAY_START) - 4 * 3_600_000_000,
                to_us(bench.now),
            )  # shift B began four hours earlier
            inputs = reader.oee_inputs(lo, hi)
            for kind in ("hour", "shift", "day"):
                windows = reader.setup.calendar.windows(kind, hi - 1, hi)
                window_oee(inputs, windows.clip(int(windows.start_us[0]), hi))
            found.append(time.perf_counter() - began)
    return statistics.median(found)


def measure(machines: int) -> None:
    with plant(machines) as bench:
        began = time.perf_counter()
        bench.drain()
        first = time.perf_counter() - began
        live_round(bench)  # fills caches
        rounds = min(MOST_ROUNDS, max(FEWEST_ROUNDS, MARKS // machines))
        per_mark = statistics.mean(live_round(bench) for _ in range(rounds)) / machines
        full = full_path(bench, 20)
        print(
            f"{machines:4} machines: first {first / machines * 1e3:.0f} ms per machine (20 hours);"
            f" live {per_mark * 1e3:.2f} ms per mark, {1 / per_mark:.0f} marks/s;"
            f" full path {full * 1e3:.2f} ms ({full / per_mark:.1f} x a whole live mark)"
        )


if __name__ == "__main__":
    for count in [int(a) for a in sys.argv[1:]] or [1, 200]:
        measure(count)
