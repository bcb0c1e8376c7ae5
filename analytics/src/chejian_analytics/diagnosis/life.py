"""How an indicator went since it was healthy, and how long until it reaches its limit: an interval, or none and why.

Simple and robust: values since the onset are put together to medians of neighbours, so that single outliers and most of the
likeness of neighbouring windows have no say; the medians must rise (Mann-Kendall) along a line that does not bend; then
the line is extrapolated with its interval (`trend.remaining_life`).
Mann-Kendall: Kendall, Rank Correlation Methods, 1975; slope: Sen, J. Am. Stat. Assoc. 63 (1968) 1379-1389,
doi:10.1080/01621459.1968.10480934.
"""

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
import scipy
from numpy.typing import NDArray

from chejian_analytics.diagnosis.trend import (
    LEAST_BASELINE,
    LEAST_POINTS,
    RemainingLife,
    onset_of,
    remaining_life,
)

NoLife = Literal[
    "no_baseline",
    "baseline_too_short",
    "inside_baseline",
    "too_few_since_onset",
    "no_monotone_trend",
    "growth_not_steady",
    "limit_reached",
    "interval_too_wide",
]

SERIOUS_POWER_RATIO = math.log(100.0)
"""[nat] 20 dB over the machine's own baseline, a hundred times the power or ten times the amplitude: the change that takes a
machine from "good" to "not permissible" in the quality classes of ISO 2372 and VDI 2056. Line levels are powers."""

GROUPS = 24
"""At most so many medians make the line."""

GROUP_LEAST = 3
"""Values of a median where there are enough; a single outlier does not move it."""

TREND_P = 0.01
"""Mann-Kendall, one-sided: a series without trend passes for a rising one in 1 of 100 cases."""

BEND_P = 0.01
"""A straight growth passes for a bent one in 1 of 100 cases."""

MOST_ALIKE = 0.9
"""Correlation of neighbours beyond which nothing more can be learnt from so few of them."""


@dataclass(frozen=True, slots=True)
class Course:
    """How an indicator went.

    Args:
        onset: index of the value at which it left its baseline for good, None = it did not.
        growth: Sen's slope since then [unit of the indicator per unit of time]; 0 without an onset.
        limit: the value that counts as the end.
        life: time until the limit, if it goes on as it did; None = it cannot be told.
        reason: why it cannot be told, None with a life.
    """

    onset: int | None
    growth: float
    limit: float
    life: RemainingLife | None
    reason: NoLife | None


def course_of(
    times: NDArray[np.float64], indicator: NDArray[np.float64], baseline: int, limit: float
) -> Course:
    """Onset, growth and remaining life of an indicator.

    Args:
        times: shape (n,), rising [any unit].
        indicator: shape (n,), finite; a logarithm, so that growth of damage is closer to a straight line.
        baseline: how many values from the first on are healthy.
        limit: value that counts as the end.

    Raises:
        ValueError: shapes differ, times do not rise, or a value is not finite.
    """
    if times.shape != indicator.shape or times.ndim != 1:
        raise ValueError(f"times {times.shape}, indicator {indicator.shape} given, both (n,) allowed")
    if not (np.isfinite(times).all() and np.isfinite(indicator).all() and (np.diff(times) > 0.0).all()):
        raise ValueError("times, indicator: finite values at rising times allowed")
    if not LEAST_BASELINE <= baseline <= times.size:
        return Course(None, 0.0, limit, None, "baseline_too_short")
    onset = onset_of(indicator, baseline)
    if onset is None:
        return Course(None, 0.0, limit, None, "inside_baseline")
    since, values = times[onset.index :], indicator[onset.index :]
    if since.size < LEAST_POINTS:
        return Course(onset.index, 0.0, limit, None, "too_few_since_onset")
    since, values = group_medians(since, values)
    growth = sen_slope(since, values)
    reason: NoLife | None = None
    life = None
    if not rises(values):
        reason = "no_monotone_trend"
    elif bends(since, values):
        reason = "growth_not_steady"
    else:
        life = remaining_life(since, values, limit, inflation=likeness(since, values))
        if life is None:
            reason = "interval_too_wide"
        elif life.best == 0.0:
            life, reason = None, "limit_reached"
        else:
            life = _after(life, float(times[-1] - since[-1]))
    return Course(onset.index, growth, limit, life, reason)


def group_medians(
    times: NDArray[np.float64], values: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Medians of neighbouring values and of their times.

    Args:
        times: shape (n,), n >= 1.
        values: shape (n,).

    Returns:
        Both of shape (m,), m <= `GROUPS` + 1, the last group always whole; the values themselves where there are less than
        `LEAST_POINTS` groups of `GROUP_LEAST`.
    """
    size = max(times.size // GROUPS, GROUP_LEAST) if times.size >= GROUP_LEAST * LEAST_POINTS else 1
    spare = times.size % size
    shape = (-1, size)
    return np.median(times[spare:].reshape(shape), axis=1), np.median(values[spare:].reshape(shape), axis=1)


def sen_slope(times: NDArray[np.float64], values: NDArray[np.float64]) -> float:
    """Median slope over all pairs, shapes (n,), n >= 2."""
    first, second = np.triu_indices(times.size, 1)
    return float(np.median((values[second] - values[first]) / (times[second] - times[first])))


def rises(values: NDArray[np.float64]) -> bool:
    """Mann-Kendall test for a rising trend at `TREND_P`, shape (n,), n >= 2; equal values count as neither."""
    n = values.size
    first, second = np.triu_indices(n, 1)
    score = float(np.sign(values[second] - values[first]).sum())
    _, ties = np.unique(values, return_counts=True)
    variance = (n * (n - 1) * (2 * n + 5) - float((ties * (ties - 1) * (2 * ties + 5)).sum())) / 18.0
    return variance > 0.0 and (score - 1.0) / math.sqrt(variance) > float(scipy.stats.norm.isf(TREND_P))


def bends(times: NDArray[np.float64], values: NDArray[np.float64]) -> bool:
    """Whether a parabola fits significantly better than a line: then no line may be extrapolated, shapes (n,), n >= 5."""
    u = (times - times.mean()) / (times[-1] - times[0])
    basis, _ = np.linalg.qr(np.column_stack((np.ones(u.size), u, u * u)))
    parts = basis.T @ values
    rest = values - basis @ parts
    freedom = u.size - 3
    variance = float(rest @ rest) / freedom
    bend = abs(float(parts[2]))
    noise = float(np.spacing(np.abs(values).max())) * u.size
    return bool(bend > noise + float(scipy.stats.t.isf(BEND_P / 2.0, freedom)) * math.sqrt(variance))


def likeness(times: NDArray[np.float64], values: NDArray[np.float64]) -> float:
    """How much wider an interval must be taken because neighbours resemble each other [ratio of variances], >= 1.

    (1 + r) / (1 - r) with r the correlation of neighbouring residuals of a line (Bayley & Hammersley, J. R. Stat. Soc. Suppl.
    8 (1946) 184-197, doi:10.2307/2983560), taken 2 / n higher: residuals of a line look less alike than the errors are.
    """
    line = np.polynomial.Polynomial.fit(times, values, 1)
    rest = values - line(times)
    power = float(rest @ rest)
    if power == 0.0:
        return 1.0
    alike = float(rest[1:] @ rest[:-1]) / power + 2.0 / rest.size
    alike = min(max(alike, 0.0), MOST_ALIKE)
    return (1.0 + alike) / (1.0 - alike)


def _after(life: RemainingLife, passed: float) -> RemainingLife:
    """The same counted from a later time on."""
    return RemainingLife(*(max(value - passed, 0.0) for value in (life.best, life.low, life.high)))
