"""Time in each state and items counted, per machine: million rows/s on one core beside pandas, polars, duckdb and numpy.

Run: ``.venv/bin/python -m benchmarks.kpi_aggregate [machines]``. pandas, polars and duckdb are no dependency; those
that are not installed are named and left out (``uv pip install pandas polars duckdb``).

A row is machine, time, state and counter reading, sorted by machine and time; a machine has 30 days at a row each 30 s. One
row in a hundred is a transition, the others repeat the state as heartbeats do. Every engine computes the same, results are compared exactly:

- time of each state: a state holds until the next row of its machine, at most `HOLD_US`, up to the end of the range;
- items: increments of the counter; after a fall the new value counts from 0.

Ours and numpy also refuse times that are not sorted (once for a table); the others trust them. All run on one thread; CPU
time, so that other work on the machine disturbs less; the best of all rounds that fit the same time. What it takes to read
the three columns from memory at all (numpy's sums) stands first: ours is bound by that, so the rate moves with the machine's.
"""

import importlib
import os
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

os.environ.setdefault("POLARS_MAX_THREADS", "1")

import numpy as np
from chejian_analytics.kpi import Windows, counter, state_intervals
from numpy.typing import NDArray

STEP_US = 30_000_000
EACH = 86_400
"""Rows of a machine: 30 days."""
HOLD_US = 60_000_000
STATES = 10
ROUNDS = 5
"""At least, of each engine."""
SPENT_S = 2.0
"""[CPU s] of each engine at least, so that the fast ones have as good a chance of an undisturbed round."""
FLOOR_RATE = 400.0
"""[M rows/s] that ours has to reach on one core of the machine that figures are taken on."""
FLOOR_RATIO = 10.0
"""Times that ours has to be faster than pandas, polars and duckdb; and never slower than numpy."""

Result = tuple[NDArray[np.int64], NDArray[np.int64]]
"""Time of each state by machine [us], shape (machines, STATES); items by machine."""


@dataclass(frozen=True)
class Table:
    """Rows as columns, and where each machine's rows begin."""

    machine: NDArray[np.int32]
    times: NDArray[np.int64]
    states: NDArray[np.int16]
    values: NDArray[np.int64]
    offsets: list[int]
    end_us: int

    @property
    def machines(self) -> int:
        return len(self.offsets) - 1

    def slices(self) -> list[slice]:
        return [slice(a, b) for a, b in zip(self.offsets[:-1], self.offsets[1:], strict=True)]


def make(machines: int) -> Table:
    rng = np.random.default_rng(1)
    each = EACH
    times = np.arange(each, dtype=np.int64) * STEP_US
    times[each // 2 :] += 10 * HOLD_US  # one silence
    made = rng.random((machines, each)) < 0.01
    values = np.cumsum(made, axis=1, dtype=np.int64)
    values[:, each // 3 :] -= values[:, each // 3, None]  # one reset to 0
    states = np.stack(
        [np.repeat(rng.integers(1, STATES, each // 100 + 1), 100)[:each] for _ in range(machines)]
    )
    return Table(
        np.repeat(np.arange(machines, dtype=np.int32), each),
        np.tile(times, machines),
        states.astype(np.int16).ravel(),
        values.ravel(),
        [i * each for i in range(machines + 1)],
        int(times[-1]) + STEP_US,
    )


def ours(table: Table) -> Result:
    """The functions that the worker uses, machine by machine."""
    times_of = np.zeros((table.machines, STATES), np.int64)
    items = np.zeros(table.machines, np.int64)
    window = Windows.of([0], [table.end_us])
    for m, rows in enumerate(table.slices()):
        times = table.times[rows]
        runs = state_intervals(times, table.states[rows], start_us=0, end_us=table.end_us, hold_us=HOLD_US)
        np.add.at(times_of[m], runs.state, runs.end_us - runs.start_us)
        items[m] = counter(times, table.values[rows], in_order=True).increments(window)[0]
    times_of[:, 0] = 0  # no data: the others do not tell it
    return times_of, items


def with_numpy(table: Table) -> Result:
    """The best plain numpy that we know: full passes only for comparisons, all else on runs, gaps and falls."""
    times_of = np.zeros((table.machines, STATES), np.int64)
    items = np.zeros(table.machines, np.int64)
    for m, rows in enumerate(table.slices()):
        times, states, values = table.times[rows], table.states[rows], table.values[rows]
        steps = times[1:] - times[:-1]
        gaps = np.flatnonzero(steps.view(np.uint64) > HOLD_US)  # negative steps too
        if gaps.size and steps[gaps].min() < 0:
            raise ValueError("times must be sorted")
        opens = np.append(0, np.flatnonzero(states[1:] != states[:-1]) + 1)
        ends = np.append(times[opens[1:]], min(table.end_us, int(times[-1]) + HOLD_US))
        np.add.at(times_of[m], states[opens], ends - times[opens])
        np.subtract.at(times_of[m], states[gaps], steps[gaps] - HOLD_US)
        falls = np.flatnonzero(values[1:] < values[:-1])
        if values.min() < 0:
            raise ValueError("counts must not be negative")
        items[m] = values[-1] - values[0] + values[falls].sum()
    return times_of, items


def with_pandas(table: Table, pd: Any) -> Callable[[], Result]:
    """Shifts over the whole columns, the rows at a machine's edge put right: no groupby-apply, no window objects."""
    frame = pd.DataFrame(
        {"machine": table.machine, "time": table.times, "state": table.states, "value": table.values}
    )

    def run() -> Result:
        last = frame["machine"].shift(-1, fill_value=-1) != frame["machine"]
        first = frame["machine"].shift(1, fill_value=-1) != frame["machine"]
        following = frame["time"].shift(-1, fill_value=0).mask(last, table.end_us)
        held = (following - frame["time"]).clip(upper=HOLD_US)
        before = frame["value"].shift(1, fill_value=0)
        step = (frame["value"] - before).where(before <= frame["value"], frame["value"]).mask(first, 0)
        by_state = held.groupby([frame["machine"], frame["state"]], sort=True).sum()
        by_machine = step.groupby(frame["machine"], sort=True).sum()
        out = np.zeros((table.machines, STATES), np.int64)
        keys = by_state.index
        out[keys.get_level_values(0), keys.get_level_values(1)] = by_state.to_numpy()
        return out, by_machine.to_numpy()

    return run


def with_polars(table: Table, pl: Any) -> Callable[[], Result]:
    """One lazy query per result over sorted columns, edges by comparing the machine with its neighbour."""
    frame = pl.DataFrame(
        {"machine": table.machine, "time": table.times, "state": table.states, "value": table.values}
    ).with_columns(pl.col("machine").set_sorted())
    same_next = pl.col("machine").shift(-1) == pl.col("machine")
    same_before = pl.col("machine").shift(1) == pl.col("machine")
    following = pl.when(same_next).then(pl.col("time").shift(-1)).otherwise(table.end_us)
    held = pl.min_horizontal(following - pl.col("time"), pl.lit(HOLD_US, dtype=pl.Int64))
    step = pl.col("value") - pl.col("value").shift(1)
    grown = pl.when(same_before).then(pl.when(step < 0).then(pl.col("value")).otherwise(step)).otherwise(0)
    base = frame.lazy().select("machine", "state", held.alias("held"), grown.alias("grown"))
    query = base.group_by("machine", "state").agg(pl.col("held").sum(), pl.col("grown").sum())

    def run() -> Result:
        got = query.collect()
        out, items = np.zeros((table.machines, STATES), np.int64), np.zeros(table.machines, np.int64)
        machine = got["machine"].to_numpy()
        out[machine, got["state"].to_numpy()] = got["held"].to_numpy()
        np.add.at(items, machine, got["grown"].to_numpy())
        return out, items

    return run


def with_duckdb(table: Table, duckdb: Any) -> Callable[[], Result]:
    """One statement with window functions over a table in memory, one thread."""
    connection = duckdb.connect(config={"threads": 1})
    columns = {"machine": table.machine, "time": table.times, "state": table.states, "value": table.values}
    connection.register("given", columns)
    connection.execute("CREATE TABLE sample AS SELECT * FROM given")
    statement = f"""
        SELECT machine, state, sum(least(coalesce(following, {table.end_us}) - time, {HOLD_US}))::BIGINT AS held,
               sum(CASE WHEN before IS NULL THEN 0 WHEN value < before THEN value ELSE value - before END)::BIGINT AS grown
          FROM (SELECT machine, state, time, value, lead(time) OVER w AS following, lag(value) OVER w AS before
                  FROM sample WINDOW w AS (PARTITION BY machine ORDER BY time))
         GROUP BY machine, state
    """

    def run() -> Result:
        got = connection.execute(statement).fetchnumpy()
        out, items = np.zeros((table.machines, STATES), np.int64), np.zeros(table.machines, np.int64)
        out[got["machine"], got["state"]] = got["held"]
        np.add.at(items, got["machine"], got["grown"])
        return out, items

    return run


def best(run: Callable[[], Result]) -> tuple[float, Result]:
    """Shortest of the rounds [CPU s of all threads], after one that warms up, and the result."""
    result = run()
    took: list[float] = []
    while len(took) < ROUNDS or sum(took) < SPENT_S:
        start = time.process_time()
        run()
        took.append(time.process_time() - start)
    return min(took), result


def read_once(table: Table) -> Result:
    """Every value that is needed, read and summed: no result, but the least time."""
    for rows in table.slices():
        table.times[rows].sum(), table.states[rows].max(), table.values[rows].sum()
    return np.empty((0, STATES), np.int64), np.empty(0, np.int64)


def main() -> int:
    table = make(int(sys.argv[1]) if len(sys.argv) > 1 else 120)
    rows = len(table.times)
    print(f"{rows:,} rows of {table.machines} machines, one core, CPU time, best round")
    runs: dict[str, Callable[[], Result]] = {"numpy": lambda: with_numpy(table)}
    for name, prepare in (("pandas", with_pandas), ("polars", with_polars), ("duckdb", with_duckdb)):
        try:
            library = importlib.import_module(name)
        except ImportError:
            print(f"{name:8} not installed, not compared: uv pip install {name}")
            continue
        runs[f"{name} {library.__version__}"] = prepare(table, library)
    reading, _ = best(lambda: read_once(table))
    print(f"{'reading alone':16} {rows / reading / 1e6:8.0f} M rows/s")
    shortest, want = best(lambda: ours(table))
    rate = rows / shortest / 1e6
    print(f"{'ours':16} {rate:8.0f} M rows/s")
    missed = [f"{rate:.0f} M rows/s, floor {FLOOR_RATE:.0f}"] if rate < FLOOR_RATE else []
    for name, run in runs.items():
        seconds, got = best(run)
        if not (np.array_equal(got[0], want[0]) and np.array_equal(got[1], want[1])):
            raise SystemExit(f"{name}: the result differs")
        ratio = seconds / shortest
        print(f"{name:16} {rows / seconds / 1e6:8.0f} M rows/s, ours is {ratio:5.1f} times as fast")
        floor = 1.0 if name == "numpy" else FLOOR_RATIO
        missed += [f"{ratio:.1f} times {name}, floor {floor:.0f}"] if ratio < floor else []
    for text in missed:
        print(f"floor missed: {text}")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
