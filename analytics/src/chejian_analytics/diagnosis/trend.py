"""Trend of a condition indicator against the machine's own baseline, and the remaining life, honestly or not at all.

The indicator is a logarithm (of a line's ratio, or of RMS): growth of damage is then closer to a straight line.
"""

import math
from dataclasses import dataclass

import numpy as np
import scipy
from numpy.typing import NDArray

WEIGHT = 0.2
"""Weight of the newest value in the moving average (EWMA): remembers about 10 values."""

WIDTH = 3.0
"""Limits in standard deviations of the moving average: a false alarm in about 500 values. A standard deviation that is
itself an estimate widens them by Student's distribution."""

LEAST_BASELINE = 10
"""Below 10 healthy values the standard deviation is known worse than +-24 %, and the limits are no use."""

LEAST_POINTS = 8
"""Values after the onset from which a slope is read."""

COVERAGE = 0.9
"""Of the interval of the remaining life."""

WIDEST_RATIO = 10.0
"""An interval that spans more than this factor says nothing, and is not given."""


@dataclass(frozen=True, slots=True)
class Onset:
    """Where a trend left its baseline.

    Args:
        index: first value whose moving average is above the limit, and stays there to the end.
        mean: of the baseline.
        limit: upper limit of the moving average.
    """

    index: int
    mean: float
    limit: float


@dataclass(frozen=True, slots=True)
class RemainingLife:
    """Time until the indicator reaches its limit, if it goes on as it did.

    Args:
        best: [same unit as the times], >= 0.
        low: lower end of the `COVERAGE` interval.
        high: its upper end.
    """

    best: float
    low: float
    high: float


def onset_of(indicator: NDArray[np.float64], baseline: int) -> Onset | None:
    """When the indicator left its baseline upwards for good.

    EWMA chart (Roberts 1959, doi:10.1080/00401706.1959.10489860) with its exact, growing limits.

    Args:
        indicator: shape (n,), finite, in order of time.
        baseline: how many values from the first on are healthy, >= `LEAST_BASELINE`.

    Returns:
        The onset; None when the last value is inside the limits.

    Raises:
        ValueError: the baseline is too short, or a value is not finite.
    """
    if not LEAST_BASELINE <= baseline <= indicator.size:
        raise ValueError(
            f"baseline: {baseline} given, {LEAST_BASELINE} <= baseline <= {indicator.size} allowed"
        )
    if not np.isfinite(indicator).all():
        raise ValueError("indicator: NaN or infinity given, finite values allowed")
    healthy = indicator[:baseline]
    mean, deviation = float(healthy.mean()), float(healthy.std(ddof=1))
    width = float(scipy.stats.t.isf(scipy.stats.norm.sf(WIDTH), baseline - 1))
    average, first = mean, None
    limit = mean
    for i, value in enumerate(indicator[baseline:].tolist(), start=1):
        average += WEIGHT * (value - average)
        variance = WEIGHT / (2.0 - WEIGHT) * (1.0 - (1.0 - WEIGHT) ** (2 * i))
        # The mean itself is an estimate: its variance counts too.
        limit = mean + width * deviation * math.sqrt(variance + 1.0 / baseline)
        if average <= limit:
            first = None
        elif first is None:
            first = baseline + i - 1
    return None if first is None else Onset(first, mean, limit)


def remaining_life(
    times: NDArray[np.float64], indicator: NDArray[np.float64], limit: float, *, inflation: float = 1.0
) -> RemainingLife | None:
    """When a straight line through the values after the onset reaches the limit.

    Interval by Fieller (inverse prediction, Draper & Smith, Applied Regression Analysis, 3rd ed., section 3.2,
    doi:10.1002/9781118625590): all times at which the limit is within the confidence band of the line.

    Args:
        times: shape (n,), rising [any unit].
        indicator: shape (n,), values since the onset.
        limit: value that counts as failure.
        inflation: factor on the variance of the residuals, >= 1: neighbouring values resemble each other.

    Returns:
        The remaining life after the last time; None when there are less than `LEAST_POINTS` values, when they do not
        rise significantly, or when the interval is too wide to act on.
    """
    n = times.size
    if n < LEAST_POINTS:
        return None
    mean_t, mean_y = float(times.mean()), float(indicator.mean())
    spread = float(((times - mean_t) ** 2).sum())
    slope = float(((times - mean_t) * (indicator - mean_y)).sum()) / spread
    residual = indicator - mean_y - slope * (times - mean_t)
    variance = inflation * float((residual**2).sum()) / (n - 2)
    quantile = float(scipy.stats.t.ppf(0.5 + COVERAGE / 2.0, n - 2))
    significance = quantile * quantile * variance / (slope * slope * spread) if slope > 0.0 else math.inf
    if significance >= 1.0:
        return None
    # Solve (mean_y + slope u - limit)^2 = q^2 s^2 (1/n + u^2 / spread) for u = t - mean_t.
    target = (limit - mean_y) / slope
    noise = quantile * quantile * variance / (slope * slope)
    centre = target / (1.0 - significance)
    root = math.sqrt(noise * ((1.0 - significance) / n + target * target / spread)) / (1.0 - significance)
    last = float(times[-1]) - mean_t
    low, best, high = (max(value - last, 0.0) for value in (centre - root, target, centre + root))
    if high > WIDEST_RATIO * max(low, (times[-1] - times[0]) / n):
        return None
    return RemainingLife(best, low, high)
