from collections.abc import Iterator

import numpy as np
import pytest
from chejian_analytics.kernels import intervals as kernel
from chejian_analytics.kpi import Intervals, state_intervals, timeline
from hypothesis import given
from hypothesis import strategies as st

from tests.analytics.kpi import naive
from tests.analytics.kpi.naive import plain
from tests.analytics.kpi.strategies import RANGE, Series, states


@pytest.fixture(params=["jit", "python"], scope="module")
def engine(request: pytest.FixtureRequest) -> Iterator[str]:
    """Runs the kernel compiled and as plain Python."""
    with pytest.MonkeyPatch.context() as patch:
        if request.param == "python":
            patch.setattr(timeline, "held_runs", plain(kernel.held_runs))
        yield request.param


def walk(intervals: Intervals) -> list[tuple[int, int, int]]:
    return [
        (int(a), int(b), int(s))
        for a, b, s in zip(intervals.start_us, intervals.end_us, intervals.state, strict=True)
    ]


@given(samples=states, hold=st.sampled_from([None, 0, -1, 1, 7, 60]))
def test_every_microsecond_has_the_state_of_the_oracle(
    engine: str, samples: Series, hold: int | None
) -> None:
    times, values = [t for t, _ in samples], [s for _, s in samples]
    got = state_intervals(times, values, start_us=0, end_us=RANGE, hold_us=hold)
    spread = np.repeat(got.state, got.end_us - got.start_us).tolist()
    assert spread == [naive.state_at(times, values, hold or 0, t) for t in range(RANGE)]
    assert got.start_us[0] == 0
    assert got.end_us[-1] == RANGE
    assert (got.start_us[1:] == got.end_us[:-1]).all()
    assert (got.state[1:] != got.state[:-1]).all(), "neighbours of equal state are one interval"
    assert (got.end_us > got.start_us).all()


def test_hold_ends_a_value_and_the_sample_before_the_range_decides_its_start(engine: str) -> None:
    got = state_intervals([-5, 20, 30, 90], [1, 1, 3, 1], start_us=0, end_us=100, hold_us=15)
    assert walk(got) == [(0, 10, 1), (10, 20, 0), (20, 30, 1), (30, 45, 3), (45, 90, 0), (90, 100, 1)]


def test_a_sample_of_bad_quality_is_no_data_at_once(engine: str) -> None:
    got = state_intervals([0, 10, 20], [1, 0, 1], start_us=0, end_us=30, hold_us=None)
    assert walk(got) == [(0, 10, 1), (10, 20, 0), (20, 30, 1)]


def test_an_expired_sample_before_the_range_says_nothing(engine: str) -> None:
    assert walk(state_intervals([-100], [1], start_us=0, end_us=9, hold_us=100)) == [(0, 9, 0)]
    assert walk(state_intervals([-100], [1], start_us=0, end_us=9, hold_us=101)) == [(0, 1, 1), (1, 9, 0)]


def test_empty_and_single_sample(engine: str) -> None:
    assert walk(state_intervals([], [], start_us=5, end_us=9, hold_us=None)) == [(5, 9, 0)]
    assert walk(state_intervals([7], [2], start_us=5, end_us=9, hold_us=None)) == [(5, 7, 0), (7, 9, 2)]
    assert walk(state_intervals([9], [2], start_us=5, end_us=9, hold_us=None)) == [(5, 9, 0)]


def test_of_several_samples_at_one_time_the_last_holds(engine: str) -> None:
    assert walk(state_intervals([0, 0], [1, 3], start_us=0, end_us=4, hold_us=2)) == [(0, 2, 3), (2, 4, 0)]


@pytest.mark.parametrize("odd", [np.nan, 1.5, -1, 10, 4e9, -np.inf])
def test_what_is_no_machine_state_is_no_data(odd: float) -> None:
    got = state_intervals([0, 10, 20], np.array([1.0, odd, 3.0]), start_us=0, end_us=30, hold_us=None)
    assert walk(got) == [(0, 10, 1), (10, 20, 0), (20, 30, 3)]


def test_wrong_input_is_named() -> None:
    with pytest.raises(ValueError, match=r"times\[2\] = 4 is before times\[1\] = 5"):
        state_intervals([1, 5, 4], [1, 1, 1], start_us=0, end_us=9, hold_us=None)
    with pytest.raises(ValueError, match="2 times but 1 states"):
        state_intervals([1, 5], [1], start_us=0, end_us=9, hold_us=None)
    with pytest.raises(ValueError, match=r"range \[9, 9\) is empty"):
        state_intervals([1], [1], start_us=9, end_us=9, hold_us=None)
    with pytest.raises(ValueError, match="whole microseconds"):
        state_intervals(np.array([1.0]), [1], start_us=0, end_us=9, hold_us=None)
