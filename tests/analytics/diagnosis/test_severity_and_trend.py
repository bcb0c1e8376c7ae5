"""Zones of ISO 10816-3, onset of a trend, and remaining life with its interval or not at all."""

import math

import numpy as np
import pytest
from chejian_analytics.diagnosis import onset_of, remaining_life, severity
from chejian_analytics.diagnosis.severity import zone_of

from tests.analytics.diagnosis.machine import RATE


def test_velocity_of_a_sine_is_its_acceleration_over_its_angular_frequency() -> None:
    t = np.arange(int(2 * RATE)) / RATE
    graded = severity(
        0.5 * np.cos(2 * np.pi * 50 * t), sample_rate=RATE, rpm=1500.0, group=2, support="rigid"
    )
    assert graded.velocity_mm_s == pytest.approx(0.5 * 9806.65 / (2 * np.pi * 50) / math.sqrt(2), rel=1e-6)
    assert graded.zone == "D"
    beyond = severity(np.cos(2 * np.pi * 2000 * t), sample_rate=RATE, rpm=1500.0, group=2, support="rigid")
    assert beyond.velocity_mm_s == pytest.approx(0.0, abs=1e-9)
    assert beyond.zone == "A"


def test_slow_machines_are_graded_from_2_hz_on() -> None:
    t = np.arange(int(4 * RATE)) / RATE
    slow = 0.01 * np.cos(2 * np.pi * 5 * t)
    of = {
        rpm: severity(slow, sample_rate=RATE, rpm=rpm, group=1, support="rigid").velocity_mm_s
        for rpm in (300.0, 900.0)
    }
    assert of[300.0] == pytest.approx(0.01 * 9806.65 / (2 * np.pi * 5) / math.sqrt(2), rel=1e-6)
    assert of[900.0] == pytest.approx(0.0, abs=1e-9)


@pytest.mark.parametrize(
    ("velocity", "zone"), [(1.4, "A"), (1.41, "B"), (2.8, "B"), (4.5, "C"), (4.51, "D"), (math.inf, "D")]
)
def test_zones_of_a_medium_machine_on_a_rigid_foundation(velocity: float, zone: str) -> None:
    assert zone_of(velocity, 2, "rigid") == zone


def test_severity_refuses_what_it_cannot_grade() -> None:
    with pytest.raises(ValueError, match=r"0\.1 s needed"):
        severity(np.zeros(100), sample_rate=RATE, rpm=1500.0, group=2, support="rigid")
    with pytest.raises(ValueError, match="NaN or infinity given"):
        severity(np.full(12_000, math.nan), sample_rate=RATE, rpm=1500.0, group=2, support="rigid")


def test_a_trend_leaves_its_baseline_late_enough_and_seldom_by_chance() -> None:
    random = np.random.default_rng(0)
    quiet = [onset_of(random.normal(size=200), 50) for _ in range(200)]
    assert sum(onset is not None for onset in quiet) <= 6
    rising = random.normal(size=200)
    rising[120:] += 0.1 * np.arange(80)
    onset = onset_of(rising, 50)
    assert onset is not None
    assert 120 <= onset.index <= 150


def test_a_single_shock_is_no_onset() -> None:
    values = np.random.default_rng(1).normal(size=200)
    values[100] += 20.0
    assert onset_of(values, 50) is None
    with pytest.raises(ValueError, match="baseline: 5 given"):
        onset_of(values, 5)


def test_the_interval_of_the_remaining_life_covers_the_truth() -> None:
    random = np.random.default_rng(2)
    times = np.arange(30.0)
    inside = given = 0
    for _ in range(300):
        found = remaining_life(times, 0.1 * times + 0.2 * random.normal(size=30), 5.0)
        if found is not None:
            given += 1
            inside += found.low <= 50.0 - 29.0 <= found.high
            assert found.low <= found.best <= found.high
    assert given > 250
    assert 0.85 <= inside / given <= 0.99


def test_no_remaining_life_is_invented() -> None:
    times = np.arange(30.0)
    flat = np.random.default_rng(3).normal(size=30)
    assert remaining_life(times, flat, 5.0) is None
    assert remaining_life(times, -0.1 * times, 5.0) is None
    assert remaining_life(times[:5], times[:5], 10.0) is None
