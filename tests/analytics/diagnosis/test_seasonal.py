"""Seasonal residuals: the rhythm is expected, departures from it are not, and the future is not read."""

import math

import numpy as np
import pytest
from chejian_analytics.diagnosis.process.seasonal import SeasonalConfig, episodes, seasonal_residual

STEP_S, PER_DAY = 1800.0, 48


def rhythm(days: int, seed: int) -> np.ndarray:
    hours = np.arange(days * PER_DAY) / 2
    return 20 + 5 * np.sin(2 * np.pi * hours / 24) + np.random.default_rng(seed).normal(0, 0.4, hours.size)


def naive_residual(values: np.ndarray, i: int, config: SeasonalConfig) -> float:
    """One value, written plainly."""
    width = round(config.smooth_h * 2)
    smooth = [float(np.mean(values[max(0, k - width + 1) : k + 1])) for k in range(i + 1)]
    days = min(i // PER_DAY, config.reference_d)
    same = [
        np.median([smooth[max(i - PER_DAY * d + k, 0)] for k in range(-2, 3)]) for d in range(1, days + 1)
    ]
    past = smooth[max(0, i - config.reference_d * PER_DAY) : i]
    spread = max(
        np.median(np.abs(np.array(same) - np.median(same))),
        0.5 * np.median(np.abs(np.array(past) - np.median(past))),
    )
    return float(abs(smooth[i] - np.median(same)) / (1.4826 * spread))


@pytest.mark.parametrize("i", [400, 777, 1000, 1900])
def test_a_residual_against_the_plain_formula(i: int) -> None:
    values = rhythm(40, 1)
    assert seasonal_residual(values, STEP_S)[i] == pytest.approx(
        naive_residual(values, i, SeasonalConfig()), rel=1e-9
    )


@pytest.mark.parametrize("seed", range(5))
def test_a_rhythm_is_no_anomaly_and_a_missing_noon_is(seed: int) -> None:
    values = rhythm(60, seed)
    assert episodes(seasonal_residual(values, STEP_S), STEP_S) == ()
    at = 40 * PER_DAY + 8
    values[at : at + 12] -= 20.0
    ((first, last),) = episodes(seasonal_residual(values, STEP_S), STEP_S)
    assert at <= first <= at + 6
    assert first < last < at + 2 * PER_DAY


def test_only_the_past_is_read() -> None:
    values = rhythm(30, 2)
    later = values.copy()
    later[1000:] = 999.0
    assert np.array_equal(
        seasonal_residual(values, STEP_S)[:1000], seasonal_residual(later, STEP_S)[:1000], equal_nan=True
    )


def test_alarms_close_together_are_one() -> None:
    score = np.zeros(500)
    score[[100, 120, 300]] = 9.0
    assert episodes(score, STEP_S) == ((100, 120), (300, 300))


def test_bad_input_is_refused_or_calm() -> None:
    with pytest.raises(ValueError, match="step_s"):
        seasonal_residual(np.zeros(9), 7200.0)
    with pytest.raises(ValueError, match="NaN"):
        seasonal_residual(np.array([math.nan]), STEP_S)
    assert np.isnan(seasonal_residual(np.zeros(9), STEP_S)).all()
    constant = seasonal_residual(np.full(20 * PER_DAY, 3.0), STEP_S)
    assert np.nanmax(constant) == 0.0
