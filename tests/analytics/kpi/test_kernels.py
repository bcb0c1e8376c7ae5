"""Kernels against plain Python at sizes beyond a chunk, compiled and not: gaps, NaN, equal times, clipped ranges, disorder."""

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from chejian_analytics.kernels.counts import survey, whole_numbers
from chejian_analytics.kernels.intervals import _CHUNK, held_runs
from numpy.typing import NDArray

from tests.analytics.kpi.naive import plain

FOREVER = 2**62
ENGINES = pytest.mark.parametrize("mode", ["jit", "python"])


def engine(kernel: Any, mode: str) -> Callable[..., Any]:
    found: Callable[..., Any] = kernel if mode == "jit" else plain(kernel)
    return found


def naive_runs(
    times: list[int], states: Sequence[float], start: int, end: int, hold: int
) -> list[tuple[int, int]]:
    """(start, state) of the runs, from the pieces that each sample makes."""
    pieces = [(start, 0)]
    for i, (time, raw) in enumerate(zip(times, states, strict=True)):
        following = times[i + 1] if i + 1 < len(times) else max(end, time)
        state = int(raw) if raw in range(1, 10) else 0
        if following > time:
            pieces.append((time, state))
            if following - time > hold:
                pieces.append((time + hold, 0))
    out: list[tuple[int, int]] = []
    for at, state in pieces:
        if at <= start:
            out = [(start, state)]
        elif at < end and state != out[-1][1]:
            out.append((at, state))
    return out


def runs_of(
    mode: str, times: NDArray[np.int64], states: NDArray[Any], start: int, end: int, hold: int
) -> list[tuple[int, int]]:
    room = 2 * len(times) + 2
    starts, found = np.empty(room, np.int64), np.empty(room, np.int16)
    count = engine(held_runs, mode)(times, states, start, end, hold, 9, starts, found)
    assert count >= 0
    return list(zip(starts[:count].tolist(), found[:count].tolist(), strict=True))


def stream(seed: int, n: int, *, gaps: int, equal: int, mean_run: int) -> tuple[NDArray[np.int64], list[int]]:
    rng = np.random.default_rng(seed)
    steps = rng.integers(1, 20, n)
    steps[rng.integers(0, n, gaps)] = 500
    steps[rng.integers(0, n, equal)] = 0
    lengths = rng.geometric(1 / mean_run, n)
    states = np.repeat(rng.integers(0, 11, n), lengths)[:n]
    return np.cumsum(steps).astype(np.int64), states.tolist()


@ENGINES
@pytest.mark.parametrize("dtype", [np.int16, np.int64, np.float64])
@pytest.mark.parametrize(
    ("n", "gaps", "equal", "mean_run"),
    [
        (1, 0, 0, 1),
        (2, 0, 0, 1),
        (_CHUNK, 0, 0, 50),
        (_CHUNK + 1, 0, 0, 1),
        (7001, 0, 0, 100),
        (7001, 3, 2, 30),
    ],
)
def test_runs_are_those_of_plain_python(
    mode: str, dtype: Any, n: int, gaps: int, equal: int, mean_run: int
) -> None:
    times, states = stream(n + gaps, n, gaps=gaps, equal=equal, mean_run=mean_run)
    values = np.array(states, dtype)
    last = int(times[-1])
    for start, end in (
        (0, last + 50),
        (int(times[n // 3]), int(times[n // 2]) + 7),
        (-90, -3),
        (last, last + 9),
    ):
        for hold in (40, FOREVER):
            want = naive_runs(times.tolist(), states, start, end, hold)
            assert runs_of(mode, times, values, start, end, hold) == want


@ENGINES
def test_nan_and_codes_that_are_no_state_are_no_data(mode: str) -> None:
    times = np.arange(3 * _CHUNK, dtype=np.int64)
    states = np.ones(times.size)
    states[100:200] = np.nan
    states[_CHUNK - 1 : _CHUNK + 2] = 2.5
    assert runs_of(mode, times, states, 0, times.size, FOREVER) == [
        (0, 1),
        (100, 0),
        (200, 1),
        (_CHUNK - 1, 0),
        (_CHUNK + 2, 1),
    ]


@ENGINES
@pytest.mark.parametrize("at", [1, _CHUNK - 1, _CHUNK, _CHUNK + 1, 2 * _CHUNK + 5])
def test_the_first_time_that_falls_is_named(mode: str, at: int) -> None:
    times = np.arange(3 * _CHUNK, dtype=np.int64)
    times[at:] -= 2
    room = np.empty(6 * _CHUNK + 2, np.int64), np.empty(6 * _CHUNK + 2, np.int16)
    states = np.ones(times.size, np.int16)
    assert engine(held_runs, mode)(times, states, 0, 10**6, FOREVER, 9, *room) == -at


@ENGINES
def test_the_longest_times_do_not_overflow(mode: str) -> None:
    times = np.array([-(2**62), 0, 2**62], np.int64)
    got = runs_of(mode, times, np.array([1, 3, 1], np.int16), -(2**62), 2**62 + 5, FOREVER)
    assert got == [(-(2**62), 1), (0, 3), (2**62, 1)]


@ENGINES
def test_a_counter_is_surveyed_as_plain_python_does(mode: str) -> None:
    rng = np.random.default_rng(3)
    for n in (1, 2, 5000):
        times = rng.integers(0, 50, n).astype(np.int64)
        values = rng.integers(-3, 20, n).astype(np.int64)
        t, v = times.tolist(), values.tolist()
        want = (
            sum(b < a for a, b in pairwise(t)),
            sum(b < a for a, b in pairwise(v)),
            sum(x < 0 for x in v),
        )
        falls = np.full(n, -1)
        assert engine(survey, mode)(times, values, falls) == want
        assert falls[: want[1]].tolist() == [i for i in range(1, n) if v[i] < v[i - 1]]
        assert engine(survey, mode)(times[:0], values, falls) == (0, *want[1:])
        few = np.full(3, -1)
        assert engine(survey, mode)(times, values, few) == want
        assert few.tolist() == falls[:3].tolist() if n > 3 else True


@ENGINES
def test_what_is_no_whole_number_is_counted_and_zero(mode: str) -> None:
    values = np.array([0.0, -0.0, 3.0, 2.5, np.nan, np.inf, -np.inf, 2.0**63, -(2.0**63), 2.0**62, -7.0])
    out = np.empty(values.size, np.int64)
    assert engine(whole_numbers, mode)(values, out) == 6
    assert out.tolist() == [0, 0, 3, 0, 0, 0, 0, 0, 0, 2**62, -7]
    assert engine(whole_numbers, mode)(np.empty(0), np.empty(0, np.int64)) == 0
