"""OEE aggregation: million rows per second, beside the best plain numpy of the same definition in the same run.

Run: ``.venv/bin/python -m benchmarks.kpi_oee [rows]``. Rows are state samples plus counter samples of one equipment; one
state sample in a hundred is a transition, the others repeat the state as heartbeats do. Results are checked equal.
"""

import sys
import time
from collections.abc import Callable
from itertools import pairwise
from unittest import mock

import numpy as np
from chejian_analytics.kpi import (
    CounterSeries,
    IdealCycle,
    Intervals,
    OeeInputs,
    Shift,
    Windows,
    counter,
    counts,
    daily_windows,
    hour_windows,
    shift_windows,
    state_intervals,
    timemodel,
    window_oee,
)

STEP_US = 100_000
"""Between samples; ten a second."""
HOLD_US = 60_000_000
ROUNDS = 5


def best(call: Callable[[], object]) -> float:
    """Shortest of a few runs [s]; the first one warms up."""
    call()
    marks = [time.process_time()]
    for _ in range(ROUNDS):
        call()
        marks.append(time.process_time())
    return min(b - a for a, b in pairwise(marks))


def numpy_intervals(times: np.ndarray, states: np.ndarray, start: int, end: int, hold: int) -> Intervals:
    """Like `state_intervals` for a first sample at or before `start`, in plain numpy.

    Runs end where the state changes or where a sample is older than the hold; all else works on runs.
    """
    gaps = np.flatnonzero(np.diff(times) > hold)
    opens = np.union1d(np.flatnonzero(states[1:] != states[:-1]) + 1, gaps + 1)
    starts = np.append(times[0], times[opens])
    runs = np.append(states[0], states[opens])
    lapses = times[gaps] + hold
    if times[-1] + hold < end:
        lapses = np.append(lapses, times[-1] + hold)
    starts = np.append(starts, lapses)
    runs = np.append(runs, np.zeros(len(lapses), np.int16))
    order = np.argsort(starts, kind="stable")
    starts, runs = np.maximum(starts[order], start), runs[order]
    keep = np.append(True, runs[1:] != runs[:-1])
    starts, runs = starts[keep], runs[keep]
    return Intervals(starts, np.append(starts[1:], end), runs)


def checked_numpy_intervals(
    times: np.ndarray, states: np.ndarray, *, start_us: int, end_us: int, hold_us: int
) -> Intervals:
    """`numpy_intervals` with the checks that `state_intervals` does."""
    if (times[1:] < times[:-1]).any():
        raise ValueError("times must be sorted")
    states = np.where((states >= 1) & (states <= 9), states, 0)
    return numpy_intervals(times, states, start_us, end_us, hold_us)


def numpy_survey(times: np.ndarray, values: np.ndarray, falls: np.ndarray) -> tuple[int, int, int]:
    """`kernels.counts.survey` in plain numpy."""
    found = np.flatnonzero(values[1:] < values[:-1]) + 1
    falls[: found.size] = found[: falls.size]
    return (
        int(np.count_nonzero(times[1:] < times[:-1])),
        found.size,
        int(np.count_nonzero(values < 0)),
    )


def main() -> None:
    rows = int(float(sys.argv[1])) if len(sys.argv) > 1 else 10_000_000
    half = rows // 2
    rng = np.random.default_rng(1)
    times = np.arange(half, dtype=np.int64) * STEP_US
    times[half // 2 :] += 10 * HOLD_US  # one silence
    states = np.repeat(rng.integers(1, 10, half // 100 + 1), 100)[:half].astype(np.int16)
    made = np.cumsum(rng.random(half) < 0.01).astype(np.int64)
    end = int(times[-1]) + STEP_US
    print(f"{rows:,} rows, {end / 3.6e9:.0f} h of samples, best of {ROUNDS}")

    ours = best(lambda: state_intervals(times, states, start_us=0, end_us=end, hold_us=HOLD_US))
    plain = best(lambda: checked_numpy_intervals(times, states, start_us=0, end_us=end, hold_us=HOLD_US))
    a = state_intervals(times, states, start_us=0, end_us=end, hold_us=HOLD_US)
    b = numpy_intervals(times, states, 0, end, HOLD_US)
    assert (a.start_us == b.start_us).all()
    assert (a.state == b.state).all()
    report("state intervals", half, ours, plain)

    hours = hour_windows("UTC", 0, end).clip(0, end)
    ours = best(lambda: counter(times, made).increments(hours))
    with mock.patch.object(counts, "survey", numpy_survey):
        plain = best(lambda: counter(times, made).increments(hours))
    report("counter per hour", half, ours, plain)

    inputs = OeeInputs(
        state_times_us=times,
        states=states,
        hold_us=HOLD_US,
        produced=CounterSeries(times, made),
        good=None,
        scrap=CounterSeries(times[:1], made[:1]),
        product_times_us=[0],
        products=["P"],
        ideal_cycles=[IdealCycle("P", 9_000_000, 0)],
        scheduled=shift_windows([Shift("A", "08:00", "08:00")], "Asia/Shanghai", 0, end).windows,
        planned_stops=daily_windows([("12:00", "12:30")], "Asia/Shanghai", 0, end),
    )
    ours = best(lambda: window_oee(inputs, hours))
    plain = best(lambda: numpy_everything(inputs, hours))
    report(f"OEE of {len(hours)} hours", rows, ours, plain)


def numpy_everything(inputs: OeeInputs, hours: Windows) -> None:
    """The same aggregation with both kernels replaced by plain numpy."""
    with (
        mock.patch.object(timemodel, "state_intervals", checked_numpy_intervals),
        mock.patch.object(counts, "survey", numpy_survey),
    ):
        window_oee(inputs, hours)


def report(what: str, rows: int, ours: float, plain: float) -> None:
    """One line: our rate, numpy's, and the ratio."""
    print(
        f"{what:18} {rows / ours / 1e6:8.0f} M rows/s, plain numpy {rows / plain / 1e6:8.0f}, ratio {plain / ours:.2f}"
    )


if __name__ == "__main__":
    main()
