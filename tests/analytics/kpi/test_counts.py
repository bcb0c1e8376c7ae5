import numpy as np
import pytest
from chejian_analytics.kpi import Windows, counter
from hypothesis import given
from hypothesis import strategies as st

from tests.analytics.kpi import naive
from tests.analytics.kpi.strategies import RANGE, Series, counts

HALVES = Windows.of([0, RANGE // 2], [RANGE // 2, RANGE])


@given(samples=counts, modulus=st.sampled_from([None, 8, 31]), cut=st.integers(1, RANGE - 1))
def test_increments_and_resets_are_those_of_the_oracle(
    samples: Series, modulus: int | None, cut: int
) -> None:
    times, values = [t for t, _ in samples], [v for _, v in samples]
    steps, resets = naive.increments(times, values, modulus)
    got = counter(times, values, modulus=modulus)
    for windows in (Windows.of([0], [RANGE]), Windows.of([0, cut], [cut, RANGE])):
        pairs = list(zip(windows.start_us.tolist(), windows.end_us.tolist(), strict=True))
        assert got.increments(windows).tolist() == [sum(s for t, s in steps if a <= t < b) for a, b in pairs]
        assert got.has_reset(windows).tolist() == [any(a <= t < b for t in resets) for a, b in pairs]


def test_an_increment_belongs_to_the_window_of_its_sample() -> None:
    got = counter([0, 120, 239, 240], [5, 8, 9, 100]).increments(HALVES)
    assert got.tolist() == [0, 4]


def test_a_reset_counts_from_zero_and_flags_its_window() -> None:
    got = counter([0, 60, 150, 200], [10, 12, 3, 4])
    assert got.increments(HALVES).tolist() == [2, 4]
    assert got.has_reset(HALVES).tolist() == [False, True]


def test_a_wrap_is_no_reset() -> None:
    got = counter([0, 60, 150], [65530, 65535, 4], modulus=65536)
    assert got.increments(HALVES).tolist() == [5, 5]
    assert not got.has_reset(HALVES).any()


def test_a_large_fall_of_a_wrapping_counter_is_a_reset() -> None:
    got = counter([0, 60], [500, 7], modulus=65536)
    assert got.increments(HALVES).tolist() == [7, 0]
    assert got.has_reset(HALVES).tolist() == [True, False]


def test_nan_is_left_out_and_impossible_readings_are_told() -> None:
    times = [0, 50, 60, 70, 150, 160]
    got = counter(times, np.array([5.0, np.nan, 6.0, -1.0, 7.5, 8.0]))
    assert got.increments(HALVES).tolist() == [1, 2]
    assert got.has_invalid(HALVES).tolist() == [True, True]
    assert not got.has_reset(HALVES).any()


def test_integers_above_two_to_the_53_stay_exact() -> None:
    base = 2**62
    assert counter([0, 1], [base, base + 3]).increments(HALVES).tolist() == [3, 0]


@pytest.mark.parametrize("times", [[], [100]])
def test_empty_and_first_sample_count_nothing(times: list[int]) -> None:
    got = counter(times, [7] * len(times))
    assert got.increments(HALVES).tolist() == [0, 0]


def test_wrong_counters_are_named() -> None:
    with pytest.raises(ValueError, match=r"times\[1\] = 0 is before"):
        counter([1, 0], [1, 2])
    with pytest.raises(ValueError, match="modulus 1 must be at least 2"):
        counter([1], [1], modulus=1)
    with pytest.raises(ValueError, match="1 times but values of shape"):
        counter([1], [1, 2])
    with pytest.raises(ValueError, match="must be numbers"):
        counter([1], ["7"])


def test_times_that_are_known_to_be_in_order_give_the_same_counter() -> None:
    windows = Windows.of([0, 30], [30, 100])
    given = [0, 10, 40, 50], [5, 9, 2, 4]
    assert counter(*given, in_order=True).increments(windows).tolist() == [4, 4]
    assert counter(*given, in_order=True).has_reset(windows).tolist() == [False, True]
    assert (counter(*given).increments(windows) == counter(*given, in_order=True).increments(windows)).all()
