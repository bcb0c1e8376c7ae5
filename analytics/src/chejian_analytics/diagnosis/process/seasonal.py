"""Anomalies of one series with a daily rhythm: robust residuals against the same time of day, and the most unusual shape.

Nothing is labelled and nothing tuned per series. What a series showed at this time of day over the last weeks is its
expectation (median), and how much that differed among the days its scatter, not below half of the scatter over all times.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from chejian_analytics.kernels.matrix_profile import matrix_profile

DAY_S = 86_400.0
_MAD = 1.4826
"""Standard deviation of a normal distribution over its median absolute deviation."""


@dataclass(frozen=True, slots=True)
class SeasonalConfig:
    """Fixed for every series.

    Args:
        smooth_h: values are averaged over so many hours [h]: what a person could act on.
        reference_d: days of the past that are the expectation [d].
        limit: residual that is an anomaly [robust standard deviations].
        quiet_h: an episode ends when so many hours passed without one [h].
        least_share: share of the series that only teaches: the first 15 %, as in the Numenta benchmark.
        least_d: but at least so many days [d].
    """

    smooth_h: float = 3.0
    reference_d: int = 28
    limit: float = 5.0
    quiet_h: float = 24.0
    least_share: float = 0.15
    least_d: int = 3


def seasonal_residual(
    values: NDArray[np.float64], step_s: float, config: SeasonalConfig | None = None
) -> NDArray[np.float64]:
    """Departure of each value from what this time of day showed before, in robust standard deviations.

    Args:
        values: shape (n,), at equal distances, finite.
        step_s: distance of two values [s], at most an hour.
        config: fixed parameters.

    Returns:
        Shape (n,), >= 0; NaN where only learning takes place. Looks into the past only.

    Raises:
        ValueError: the step is not allowed, or a value is not finite.
    """
    settings = config or SeasonalConfig()
    if not 0.0 < step_s <= DAY_S / 24:
        raise ValueError(f"step_s: {step_s} given, 0 < step_s <= 3600 allowed")
    if not np.isfinite(values).all():
        raise ValueError("values: NaN or infinity given, finite values allowed")
    per_day, per_hour = round(DAY_S / step_s), max(1, round(DAY_S / 24 / step_s))
    smooth = _past_mean(values, max(1, round(settings.smooth_h * per_hour)))
    score = np.full(values.size, np.nan)
    first = max(int(settings.least_share * values.size), settings.least_d * per_day)
    around = np.arange(-per_hour, per_hour + 1)
    for i in range(first, values.size):
        days = min(i // per_day, settings.reference_d)
        same = np.median(
            smooth[np.maximum(i - per_day * np.arange(1, days + 1)[:, None] + around, 0)], axis=1
        )
        past = smooth[max(0, i - settings.reference_d * per_day) : i : max(1, per_hour // 2)]
        centre = np.median(same)
        scale = _MAD * max(
            float(np.median(np.abs(same - centre))), 0.5 * float(np.median(np.abs(past - np.median(past))))
        )
        score[i] = (
            abs(smooth[i] - centre) / scale if scale > 0.0 else (math.inf if smooth[i] != centre else 0.0)
        )
    return score


def _past_mean(values: NDArray[np.float64], width: int) -> NDArray[np.float64]:
    """Mean of each value and the `width` - 1 before it, of fewer at the start."""
    sums = np.concatenate([[0.0], np.cumsum(values)])
    ends = np.arange(1, values.size + 1)
    starts = np.maximum(ends - width, 0)
    return np.asarray((sums[ends] - sums[starts]) / (ends - starts))


def episodes(
    score: NDArray[np.float64], step_s: float, config: SeasonalConfig | None = None
) -> tuple[tuple[int, int], ...]:
    """Runs of anomalies, joined over what is shorter than the quiet time.

    Args:
        score: shape (n,), of `seasonal_residual`.
        step_s: distance of two values [s].
        config: fixed parameters.

    Returns:
        First and last index of each; one alarm each, raised at its first.
    """
    settings = config or SeasonalConfig()
    above = np.flatnonzero(score > settings.limit)
    if above.size == 0:
        return ()
    gaps = np.flatnonzero(np.diff(above) * step_s > settings.quiet_h * 3600.0)
    starts, ends = np.concatenate([[0], gaps + 1]), np.concatenate([gaps, [above.size - 1]])
    return tuple(zip(above[starts].tolist(), above[ends].tolist(), strict=True))


def discords(values: NDArray[np.float64], length: int, number: int) -> tuple[tuple[int, float], ...]:
    """The subsequences whose shape occurs nowhere else: second opinion on what the residual found.

    Args:
        values: shape (n,), finite.
        length: of a subsequence.
        number: how many, apart from each other by at least `length`.

    Returns:
        Start and distance to the nearest other one, largest first.
    """
    distances, _ = matrix_profile(values, length)
    found: list[tuple[int, float]] = []
    left = np.where(np.isfinite(distances), distances, -1.0)
    while len(found) < number and left.max(initial=-1.0) >= 0.0:
        start = int(np.argmax(left))
        found.append((start, float(left[start])))
        left[max(0, start - length + 1) : start + length] = -1.0
    return tuple(found)
