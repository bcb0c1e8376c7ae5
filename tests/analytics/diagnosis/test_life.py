"""Remaining life: an interval that covers the truth as often as it says, or none and why."""

import math

import numpy as np
import pytest
from chejian_analytics.diagnosis import Course, course_of
from chejian_analytics.diagnosis.life import bends, group_medians, likeness, rises, sen_slope
from numpy.typing import NDArray

HEALTHY, RISE, SPREAD, LIMIT = 20, 0.03, 0.2, 3.0


def errors(kind: str, n: int, random: np.random.Generator) -> NDArray[np.float64]:
    """Errors of unit size: independent, with wild values, or each like the one before."""
    if kind == "wild":
        return np.asarray(random.standard_t(3, size=n) / math.sqrt(3.0))
    out = random.normal(size=n)
    if kind == "alike":
        for i in range(1, n):
            out[i] = 0.5 * out[i - 1] + math.sqrt(0.75) * out[i]
    return np.asarray(out)


def grown(kind: str, n: int, random: np.random.Generator, rise: float = RISE) -> Course:
    times = np.arange(HEALTHY + n, dtype=np.float64)
    indicator = SPREAD * errors(kind, times.size, random)
    indicator[HEALTHY:] += rise * np.arange(n)
    return course_of(times, indicator, HEALTHY, LIMIT)


@pytest.mark.parametrize("kind", ["independent", "wild", "alike"])
def test_the_interval_covers_the_truth_as_often_as_it_says(kind: str) -> None:
    """90 % of intervals; 200 of them tell that from less than 84 % and from intervals of any width."""
    random = np.random.default_rng([1, len(kind)])
    truth = LIMIT / RISE - 59.0
    courses = [grown(kind, 60, random) for _ in range(200)]
    lives = [course.life for course in courses if course.life is not None]
    assert len(lives) > 180
    covered = sum(life.low <= truth <= life.high for life in lives) / len(lives)
    assert 0.84 <= covered <= 0.97
    assert np.median([life.best for life in lives]) == pytest.approx(truth, rel=0.1)
    assert np.median([life.high - life.low for life in lives]) < truth
    assert np.median([course.growth for course in courses]) == pytest.approx(RISE, rel=0.05)


@pytest.mark.parametrize("kind", ["independent", "wild", "alike"])
def test_a_machine_that_does_not_get_worse_gets_no_remaining_life(kind: str) -> None:
    random = np.random.default_rng([2, len(kind)])
    courses = [grown(kind, 60, random, rise=0.0) for _ in range(100)]
    assert sum(course.life is not None for course in courses) <= 1
    assert sum(course.reason == "inside_baseline" for course in courses) >= 80


def course(values: list[float], baseline: int = HEALTHY, limit: float = LIMIT) -> Course:
    random = np.random.default_rng(3)
    indicator = np.array([0.0] * baseline + values) + 0.05 * random.normal(size=baseline + len(values))
    return course_of(np.arange(indicator.size, dtype=np.float64), indicator, baseline, limit)


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ([0.0] * 40, "inside_baseline"),
        ([0.5] * 5, "too_few_since_onset"),
        ([0.5] * 60, "no_monotone_trend"),
        ([1.5 - 0.01 * i for i in range(60)], "no_monotone_trend"),
        ([2.0 * (1.0 - math.exp(-i / 15.0)) for i in range(60)], "growth_not_steady"),
        ([0.0005 * i * i for i in range(60)], "growth_not_steady"),
        ([0.06 * i for i in range(60)], "limit_reached"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_without_a_steady_rise_there_is_none_and_it_says_why(values: list[float], reason: str) -> None:
    found = course(values)
    assert (found.life, found.reason) == (None, reason)


def test_a_rise_that_is_too_uncertain_gets_none() -> None:
    random = np.random.default_rng(11)
    reasons = {grown("wild", 30, random).reason for _ in range(100)}
    assert "interval_too_wide" in reasons


def test_a_life_counts_from_the_last_value_and_shifts_with_the_clock() -> None:
    found = course([0.03 * i for i in range(60)])
    assert found.life is not None
    assert found.reason is None
    assert found.life.low <= LIMIT / 0.03 - 59.0 <= found.life.high
    later = course_of(1000.0 + 2.0 * np.arange(80.0), *_same(), HEALTHY, LIMIT)
    assert later.life is not None
    assert later.life.best == pytest.approx(2.0 * found.life.best, rel=1e-9)
    assert later.growth == pytest.approx(found.growth / 2.0, rel=1e-9)


def _same() -> tuple[NDArray[np.float64]]:
    random = np.random.default_rng(3)
    values = [0.0] * HEALTHY + [0.03 * i for i in range(60)]
    return (np.array(values) + 0.05 * random.normal(size=80),)


def test_short_baselines_and_bad_values_are_refused() -> None:
    times = np.arange(30.0)
    assert course_of(times, times, 9, LIMIT).reason == "baseline_too_short"
    assert course_of(times, times, 31, LIMIT).reason == "baseline_too_short"
    for bad in (np.full(30, math.nan), times[:29]):
        with pytest.raises(ValueError, match="allowed"):
            course_of(times, bad, 10, LIMIT)
    with pytest.raises(ValueError, match="rising times"):
        course_of(times[::-1].copy(), times, 10, LIMIT)


def test_an_early_alarm_is_as_rare_with_ten_healthy_values_as_with_many() -> None:
    random = np.random.default_rng(4)
    for baseline in (10, 100):
        ends = [
            course_of(np.arange(baseline + 20.0), random.normal(size=baseline + 20), baseline, 9.0).onset
            for _ in range(300)
        ]
        assert sum(onset is not None for onset in ends) <= 6


def test_the_building_blocks_against_plain_loops() -> None:
    random = np.random.default_rng(5)
    times, values = np.sort(random.uniform(0.0, 50.0, 50)), random.normal(size=50).round(1)
    groups_t, groups_v = group_medians(times, values)
    assert groups_v.tolist() == [float(np.median(values[i : i + 3])) for i in range(2, 50, 3)]
    assert groups_t[-1] == times[48]
    assert group_medians(times[:20], values[:20])[1].tolist() == values[:20].tolist()
    pairs = [(i, j) for j in range(50) for i in range(j)]
    slopes = [(values[j] - values[i]) / (times[j] - times[i]) for i, j in pairs]
    assert sen_slope(times, values) == pytest.approx(float(np.median(slopes)), rel=1e-12)
    line = 0.5 * times
    assert rises(line)
    assert not rises(-line)
    assert not rises(np.zeros(50))
    assert not bends(times, line)
    assert bends(times, times * times)
    assert likeness(times, line + random.normal(size=50)) < 2.0
    assert likeness(times, line + np.sin(times / 8.0)) > 5.0
