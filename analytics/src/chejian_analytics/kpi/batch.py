"""Recomputing many equipment at once: pure tasks over arrays, on any `concurrent.futures.Executor`.

A process pool is the default; where there is a Dask cluster, its `Client.get_executor()` is one too. Tasks carry arrays and
nothing of a database, so reading and storing stay with the caller, in its own process. Each task runs in one thread and sums
whole numbers, so results are the same bits on every executor and in every order.
"""

import multiprocessing
import os
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, Executor, Future, ProcessPoolExecutor, wait
from dataclasses import dataclass

from chejian_analytics.kpi.aggregate import window_oee
from chejian_analytics.kpi.inputs import OeeInputs
from chejian_analytics.kpi.oee import OeeResult
from chejian_analytics.kpi.timemodel import TimeIntervals, time_intervals
from chejian_analytics.kpi.windows import Windows

AHEAD = 2
"""Tasks per worker that are read ahead: one runs, one waits, so that no worker idles and inputs don't pile up."""


@dataclass(frozen=True, slots=True, eq=False)
class Task:
    """One equipment over one span of time, e.g. a month.

    Attributes:
        key: of the caller, e.g. the equipment's number; comes back with the result.
        inputs: samples, calendar, orders, reasons; they reach `inputs.rules.margin_us` beyond the windows.
        windows: of each kind ("hour", "shift", "day"), empty ones allowed.
        span: half-open range whose state intervals are wanted [us since 1970], or None.
    """

    key: int | str
    inputs: OeeInputs
    windows: Mapping[str, Windows]
    span: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True, eq=False)
class TaskResult:
    """What a task gives.

    Attributes:
        key: of the task.
        results: of each kind, one per window in their order.
        intervals: state intervals of the span, None when it was None.
    """

    key: int | str
    results: Mapping[str, list[OeeResult]]
    intervals: TimeIntervals | None


class TaskError(RuntimeError):
    """A task failed; names its key. The cause is the original error."""


def compute(task: Task) -> TaskResult:
    """Do one task in this process.

    Raises:
        TaskError: names the task when its inputs are wrong.
    """
    try:
        return TaskResult(
            task.key,
            {kind: window_oee(task.inputs, windows) for kind, windows in task.windows.items()},
            time_intervals(task.inputs, *task.span) if task.span is not None else None,
        )
    except ValueError as error:
        raise TaskError(f"task {task.key!r}: {error}") from error


def process_pool(workers: int | None = None) -> ProcessPoolExecutor:
    """A pool of fresh processes; they inherit neither threads nor connections.

    Args:
        workers: how many, >= 1; None: one per core.
    """
    return ProcessPoolExecutor(workers or os.cpu_count(), mp_context=multiprocessing.get_context("spawn"))


def run(tasks: Iterable[Task], executor: Executor, *, in_flight: int | None = None) -> Iterator[TaskResult]:
    """Results of tasks as they become ready, in any order.

    `tasks` is read only as fast as results are taken, so a generator that reads a database holds a few of them in memory.
    When the caller stops early, or a task fails, tasks that have not begun are cancelled; the executor stays open.

    Args:
        tasks: any number.
        executor: any.
        in_flight: tasks given to the executor at a time, >= 1; None: `AHEAD` per core of this machine.

    Raises:
        TaskError: the first task that failed.
        ValueError: for `in_flight` < 1.
    """
    limit = AHEAD * (os.cpu_count() or 1) if in_flight is None else in_flight
    if limit < 1:
        raise ValueError(f"in_flight {limit} must be at least 1")
    waiting: set[Future[TaskResult]] = set()
    rest = iter(tasks)
    try:
        while True:
            while len(waiting) < limit and (task := next(rest, None)) is not None:
                waiting.add(executor.submit(compute, task))
            if not waiting:
                return
            done, waiting = wait(waiting, return_when=FIRST_COMPLETED)
            for future in done:
                yield future.result()
    finally:
        for future in waiting:
            future.cancel()
