"""Control charts: centre and limits of Shewhart charts and EWMA, as R's qcc 3.0 and Montgomery (ISBN 978-1-119-39930-8) compute them.

Limits are three standard errors unless told otherwise, cut at 0 (and 1) where the statistic is. Points are judged against them
by `run_rules`. Autocorrelated data alarm too often on any of these: chart their residuals (`seasonal`).
"""

import functools
import math
from dataclasses import dataclass

import numpy as np
import scipy
from numpy.typing import NDArray

WIDTH = 3.0
"""Limits in standard errors: one false alarm in 370 points of normal data."""


@dataclass(frozen=True, slots=True)
class Chart:
    """Statistic, centre and limits of each point.

    Args:
        values: shape (n,), what is plotted.
        centre: centre line.
        sigma: standard deviation behind the limits: of a single value, or of what the chart's docstring says.
        low: shape (n,), lower limit.
        high: shape (n,), upper limit.
    """

    values: NDArray[np.float64]
    centre: float
    sigma: float
    low: NDArray[np.float64]
    high: NDArray[np.float64]

    @property
    def standard(self) -> NDArray[np.float64]:
        """Values in standard errors from the centre, from the upper limit's width; shape (n,)."""
        return np.asarray((self.values - self.centre) / ((self.high - self.centre) / WIDTH))


@functools.cache
def range_constants(size: int) -> tuple[float, float]:
    """d2 and d3: mean and standard deviation of the range of `size` standard normal values (Tippett 1925, doi:10.2307/2332087).

    Args:
        size: 2 or more.

    Returns:
        d2 to the three decimals of the standards' tables (ISO 7870-2), with which published charts are computed, and d3 as it is.
    """
    x = np.linspace(-9.0, 9.0, 1801)
    below = scipy.special.ndtr(x)
    mean = float((1.0 - below**size - (1.0 - below) ** size).sum() * (x[1] - x[0]))
    # The error of the double integral goes with the square of the step: Richardson takes it out.
    square = (4.0 * _mean_square_range(size, 1801) - _mean_square_range(size, 901)) / 3.0
    return round(mean, 3), math.sqrt(square - mean * mean)


def _mean_square_range(size: int, points: int) -> float:
    """Mean square of the range, by a sum over a grid."""
    x = np.linspace(-9.0, 9.0, points)
    below = scipy.special.ndtr(x)
    low, high = below[:, None], below[None, :]
    joint = 1.0 - high**size - (1.0 - low) ** size + np.maximum(high - low, 0.0) ** size
    return float(2.0 * np.triu(joint, 1).sum() + np.trace(joint)) * float(x[1] - x[0]) ** 2


def unbiasing(size: int) -> float:
    """c4: mean of the sample standard deviation of `size` normal values over the true one."""
    return math.sqrt(2.0 / (size - 1)) * math.exp(math.lgamma(size / 2) - math.lgamma((size - 1) / 2))


def _groups(groups: NDArray[np.float64]) -> int:
    if groups.ndim != 2 or groups.shape[0] < 1 or groups.shape[1] < 2:  # noqa: PLR2004 - groups of two and more
        raise ValueError(f"groups: shape {groups.shape} given, (groups, values >= 2) allowed")
    if not np.isfinite(groups).all():
        raise ValueError("groups: NaN or infinity given, finite values allowed")
    return int(groups.shape[1])


def _even(values: NDArray[np.float64], centre: float, sigma: float, low: float, high: float) -> Chart:
    return Chart(values, centre, sigma, np.full(values.size, low), np.full(values.size, high))


def mean_chart(groups: NDArray[np.float64], width: float = WIDTH) -> Chart:
    """Means of groups (x-bar); sigma of a value from the mean range.

    Args:
        groups: shape (g, n), n >= 2.
        width: of the limits [standard errors].
    """
    size = _groups(groups)
    means = groups.mean(axis=1)
    sigma = float(np.ptp(groups, axis=1).mean()) / range_constants(size)[0]
    centre, half = float(means.mean()), width * sigma / math.sqrt(size)
    return _even(means, centre, sigma, centre - half, centre + half)


def range_chart(groups: NDArray[np.float64], width: float = WIDTH) -> Chart:
    """Ranges of groups (R); arguments as of `mean_chart`."""
    d2, d3 = range_constants(_groups(groups))
    ranges = np.ptp(groups, axis=1)
    centre = float(ranges.mean())
    half = width * d3 * centre / d2
    return _even(ranges, centre, centre / d2, max(0.0, centre - half), centre + half)


def deviation_chart(groups: NDArray[np.float64], width: float = WIDTH) -> Chart:
    """Standard deviations of groups (S); arguments as of `mean_chart`."""
    c4 = unbiasing(_groups(groups))
    deviations = groups.std(axis=1, ddof=1)
    centre = float(deviations.mean())
    half = width * centre / c4 * math.sqrt(1.0 - c4 * c4)
    return _even(deviations, centre, centre / c4, max(0.0, centre - half), centre + half)


def individuals_chart(
    values: NDArray[np.float64], *, moving_range: bool = True, width: float = WIDTH
) -> Chart:
    """Single values; sigma from the mean moving range of two, or from the standard deviation over c4.

    Args:
        values: shape (n,), n >= 2, finite.
        moving_range: False takes the standard deviation, which a trend or a shift inflates.
        width: of the limits [standard deviations].
    """
    _groups(np.atleast_2d(values))
    sigma = (
        float(np.abs(np.diff(values)).mean()) / range_constants(2)[0]
        if moving_range
        else float(values.std(ddof=1)) / unbiasing(values.size)
    )
    centre = float(values.mean())
    return _even(values, centre, sigma, centre - width * sigma, centre + width * sigma)


def share_chart(defective: NDArray[np.int64], sizes: NDArray[np.int64], width: float = WIDTH) -> Chart:
    """Shares of defective items (p); ``sigma`` is the standard error of the first point.

    Args:
        defective: shape (n,), >= 0, at most the size.
        sizes: shape (n,), items inspected, >= 1.
        width: of the limits [standard errors].
    """
    _counts(defective, sizes)
    if (defective > sizes).any():
        raise ValueError("defective: at most the number inspected allowed")
    centre = float(defective.sum() / sizes.sum())
    error = np.sqrt(centre * (1.0 - centre) / sizes)
    low, high = np.maximum(centre - width * error, 0.0), np.minimum(centre + width * error, 1.0)
    return Chart(defective / sizes, centre, float(error[0]), low, high)


def number_chart(defective: NDArray[np.int64], size: int, width: float = WIDTH) -> Chart:
    """Numbers of defective items in samples of one size (np); arguments as of `share_chart`."""
    share = share_chart(defective, np.full(defective.shape, size, dtype=np.int64), width)
    return Chart(
        np.asarray(defective, dtype=np.float64),
        share.centre * size,
        share.sigma * size,
        share.low * size,
        share.high * size,
    )


def defects_chart(
    defects: NDArray[np.int64], units: NDArray[np.int64] | None = None, width: float = WIDTH
) -> Chart:
    """Numbers of defects (c), or defects per unit where `units` are given (u); ``sigma`` is that of one unit.

    Args:
        defects: shape (n,), >= 0.
        units: shape (n,), units inspected, >= 1.
        width: of the limits [standard errors].
    """
    number = np.ones(defects.shape, dtype=np.int64) if units is None else units
    _counts(defects, number)
    centre = float(defects.sum() / number.sum())
    error = np.sqrt(centre / number)
    low = np.maximum(centre - width * error, 0.0)
    return Chart(defects / number, centre, math.sqrt(centre), low, centre + width * error)


def _counts(counts: NDArray[np.int64], sizes: NDArray[np.int64]) -> None:
    if counts.shape != sizes.shape or counts.ndim != 1 or counts.size == 0:
        raise ValueError(f"counts {counts.shape}, sizes {sizes.shape} given, (n,) of the same n >= 1 allowed")
    if (counts < 0).any() or (sizes < 1).any():
        raise ValueError("counts >= 0 and sizes >= 1 allowed")


def ewma_chart(
    values: NDArray[np.float64], centre: float, error: float, weight: float = 0.2, width: float = WIDTH
) -> Chart:
    """Exponentially weighted moving average with its exact, growing limits (Roberts 1959, doi:10.1080/00401706.1959.10489860).

    Args:
        values: shape (n,), means of groups or single values.
        centre: of sound data.
        error: standard error of a value, > 0.
        weight: of the newest value, 0 < weight <= 1.
        width: of the limits [standard errors].
    """
    if not 0.0 < weight <= 1.0 or not error > 0.0:
        raise ValueError(f"weight, error: {weight}, {error} given, 0 < weight <= 1 and > 0 allowed")
    averages = np.empty(values.size)
    average = centre
    for i, value in enumerate(values.tolist()):
        average += weight * (value - average)
        averages[i] = average
    steps = np.arange(1, values.size + 1)
    half = width * error * np.sqrt(weight / (2.0 - weight) * (1.0 - (1.0 - weight) ** (2 * steps)))
    return Chart(averages, centre, error, centre - half, centre + half)


def average_run_length(shift: float, size: int = 1, width: float = WIDTH) -> float:
    """Points until a mean chart alarms, on average.

    Args:
        shift: of the process [standard deviations of a value].
        size: values in a group.
        width: of the limits [standard errors].
    """
    away = shift * math.sqrt(size)
    return float(1.0 / (scipy.special.ndtr(-width - away) + scipy.special.ndtr(-width + away)))
