"""Recompute of machine-months as pure functions: what one costs, and what a process pool makes of many.

Run: ``.venv/bin/python -m benchmarks.kpi_month [machines]``. A machine-month has 86,400 state samples and as many of the
counters for produced and good items (a row each 30 s, one in twenty a change of state), 720 hours, 60 shifts, 30 days, a meal
each shift, minor stops and changeovers told. Reading from and storing in a database are not part of it.
"""

import sys
import time
from collections.abc import Iterator
from datetime import date

import numpy as np
from chejian_analytics.kpi import (
    CalendarVersion,
    CounterSeries,
    IdealCycle,
    OeeInputs,
    Shift,
    ShiftCalendar,
    TimeRules,
    day_windows,
    hour_windows,
)
from chejian_analytics.kpi.batch import Task, compute, process_pool, run

ZONE = "Asia/Shanghai"
SECOND = 1_000_000
START = 1_764_518_400 * SECOND
"""2025-12-01 00:00 in Shanghai."""
DAYS = 30
EACH = DAYS * 2880
END = START + DAYS * 86_400 * SECOND
CALENDAR = ShiftCalendar(
    ZONE,
    (
        CalendarVersion(
            date(2025, 1, 1),
            (
                Shift("A", "08:00", "20:00", breaks=(("12:00", "12:30"),)),
                Shift("B", "20:00", "08:00", breaks=(("00:00", "00:30"),)),
            ),
        ),
    ),
)
RULES = TimeRules(minor_stop_us=300 * SECOND, changeover_us=1800 * SECOND)


def task(seed: int) -> Task:
    """A machine-month with planted runs of states and two products a day."""
    rng = np.random.default_rng(seed)
    times = START + np.arange(EACH, dtype=np.int64) * 30 * SECOND
    lengths = rng.geometric(0.05, EACH // 10)
    states = np.repeat(rng.choice([1, 1, 1, 2, 3, 4, 5, 6, 7], lengths.size), lengths)[:EACH]
    made = np.cumsum(states == 1).astype(np.float64)
    good = np.cumsum((states == 1) & (rng.random(EACH) < 0.97)).astype(np.float64)
    margin = RULES.margin_us
    inputs = OeeInputs(
        state_times_us=times,
        states=states.astype(np.float64),
        hold_us=60 * SECOND,
        produced=CounterSeries(times, made),
        good=CounterSeries(times, good),
        scrap=None,
        product_times_us=START + np.arange(2 * DAYS) * 43_200 * SECOND,
        products=["A", "B"] * DAYS,
        ideal_cycles=[IdealCycle("A", 25 * SECOND, 0), IdealCycle("B", 28 * SECOND, 0)],
        scheduled=CALENDAR.scheduled(START - margin, END + margin),
        planned_stops=CALENDAR.planned_stops(START - margin, END + margin),
        rules=RULES,
    )
    windows = {
        "hour": hour_windows(ZONE, START, END),
        "shift": CALENDAR.shifts(START, END).windows.clip(START, END),
        "day": day_windows(ZONE, START, END),
    }
    return Task(seed, inputs, windows, (START, END))


def many(count: int) -> Iterator[Task]:
    """The same machine-month again and again: making one costs more than computing it."""
    first = task(0)
    return (Task(i, first.inputs, first.windows, first.span) for i in range(count))


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    one = task(0)
    result = compute(one)
    windows = sum(len(found) for found in result.results.values())
    costs = []
    for _ in range(5):
        start = time.process_time()
        compute(one)
        costs.append(time.process_time() - start)
    intervals = len(result.intervals) if result.intervals is not None else 0
    print(f"one machine-month: {min(costs) * 1e3:.0f} ms CPU, {windows} windows, {intervals} state intervals")
    with process_pool(2) as executor:
        list(run(many(2), executor))  # the processes start and load the kernels
        start = time.perf_counter()
        done = sum(1 for _ in run(many(count), executor))
        seconds = time.perf_counter() - start
    print(f"{done} machine-months on 2 processes: {seconds:.1f} s, {done / seconds:.0f} a second")


if __name__ == "__main__":
    main()
