import importlib
from collections.abc import Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest
from chejian_analytics.kpi import CounterSeries, IdealCycle, Windows, hour_windows
from chejian_analytics.kpi.batch import Task, TaskError, TaskResult, compute, process_pool, run

from tests.analytics.kpi.test_aggregate import shift
from tests.analytics.kpi.test_timemodel import plant

HOUR = 3_600_000_000
DAY = 24 * HOUR


def month(seed: int) -> Task:
    """Three days of a machine at two samples a minute."""
    rng = np.random.default_rng(seed)
    times = np.arange(0, 3 * DAY, 30_000_000)
    states = np.repeat(rng.integers(1, 10, times.size // 20 + 1), 20)[: times.size]
    made = np.cumsum(rng.integers(0, 2, times.size))
    inputs = replace(
        plant([], [(0, 3 * DAY)]),
        state_times_us=times,
        states=states,
        hold_us=60_000_000,
        produced=CounterSeries(times, made),
        good=CounterSeries(times, made),
        ideal_cycles=[IdealCycle("", 20_000_000, -1)],
    )
    hours = hour_windows("UTC", 0, 3 * DAY)
    return Task(seed, inputs, {"hour": hours, "day": Windows.of([0], [3 * DAY])}, (0, 3 * DAY))


def same(a: TaskResult, b: TaskResult) -> bool:
    assert a.intervals is not None
    assert b.intervals is not None
    arrays = (
        [getattr(a.intervals, n) for n in a.intervals.__slots__],
        [getattr(b.intervals, n) for n in b.intervals.__slots__],
    )
    return a.results == b.results and all((x == y).all() for x, y in zip(*arrays, strict=True))


def check(executor: Executor) -> None:
    """An executor gives the bits that this process gives, each task once."""
    found = {result.key: result for result in run((month(seed) for seed in range(5)), executor, in_flight=2)}
    assert sorted(map(int, found)) == [0, 1, 2, 3, 4]
    for seed in range(5):
        assert same(found[seed], compute(month(seed)))


@pytest.mark.long
def test_a_process_pool_gives_the_same_bits() -> None:
    with process_pool(2) as executor:
        check(executor)


def test_threads_give_the_same_bits() -> None:
    with ThreadPoolExecutor(2) as executor:
        check(executor)


@pytest.mark.long
@pytest.mark.filterwarnings("default")  # the library's own
def test_a_dask_cluster_gives_the_same_bits() -> None:
    distributed = importlib.import_module("distributed")
    with (
        distributed.LocalCluster(
            n_workers=1, threads_per_worker=1, processes=False, dashboard_address=None
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        check(client.get_executor())


def test_tasks_are_read_only_as_results_are_taken() -> None:
    taken: list[int] = []

    def tasks() -> Iterator[Task]:
        for seed in range(10):
            taken.append(seed)
            yield month(seed)

    with ThreadPoolExecutor(1) as executor:
        results = run(tasks(), executor, in_flight=2)
        next(results)
        assert len(taken) <= 3
        results.close()  # type: ignore[attr-defined]  # it is a generator
        assert len(taken) <= 3


def test_a_task_that_fails_is_named() -> None:
    broken = replace(month(7), inputs=shift(state_times_us=[5, 4], states=[1, 1]))
    with (
        ThreadPoolExecutor(1) as executor,
        pytest.raises(TaskError, match="task 7: state series: times must be"),
    ):
        list(run([broken], executor))
    with ThreadPoolExecutor(1) as executor, pytest.raises(ValueError, match="in_flight 0 must be at least 1"):
        list(run([], executor, in_flight=0))


def test_a_task_may_want_no_intervals_and_no_windows() -> None:
    result = compute(replace(month(0), windows={"hour": Windows.none()}, span=None))
    assert result.intervals is None
    assert result.results == {"hour": []}
