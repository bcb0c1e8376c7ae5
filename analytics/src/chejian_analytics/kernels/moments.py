"""Time-domain kernel: one window's checks and moments in two passes."""

import math
from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray


class Moments(NamedTuple):
    """What two passes over a window tell.

    Args:
        non_finite: number of NaN or infinite samples; if any, all other fields are 0.
        repeated: samples equal to the one before.
        on_rail: of these, how many equal the window's maximum or minimum.
        mean: mean [unit of the signal].
        peak: largest magnitude without the mean [unit of the signal].
        second: mean square without the mean, relative to peak**2; 0 if the peak is 0.
        fourth: mean fourth power without the mean, relative to peak**4; 0 if the peak is 0.
    """

    non_finite: int
    repeated: int
    on_rail: int
    mean: float
    peak: float
    second: float
    fourth: float


def moments(signal: NDArray[np.float64]) -> Moments:
    """Checks and moments of a window.

    Args:
        signal: shape (n,), n >= 1, any unit; NaN and infinity are counted.

    Returns:
        See `Moments`.

    Raises:
        ValueError: the shape is not (n,), or n is 0.
    """
    if signal.ndim != 1 or signal.size == 0:
        raise ValueError(f"signal: shape {signal.shape} given, (n,) with n >= 1 allowed")
    return Moments(*_moments(signal))


@njit(cache=True, nogil=True)
def _moments(signal):
    n = signal.size
    non_finite = 0
    total = 0.0
    share_of_one = 1.0 / n
    low = signal[0]
    high = signal[0]
    for i in range(n):
        value = signal[i]
        if not math.isfinite(value):
            non_finite += 1
        # Scaled first: a sum of large finite samples must not overflow.
        total += value * share_of_one
        low = min(low, value)
        high = max(high, value)
    if non_finite:
        return non_finite, 0, 0, 0.0, 0.0, 0.0, 0.0
    mean = total
    peak = max(high - mean, mean - low)
    repeated = 0
    on_rail = 0
    second = 0.0
    fourth = 0.0
    for i in range(n):
        if i > 0 and signal[i] == signal[i - 1]:
            repeated += 1
            if signal[i] == low or signal[i] == high:
                on_rail += 1
        if peak > 0.0:
            share = (signal[i] - mean) / peak
            square = share * share
            second += square
            fourth += square * square
    return 0, repeated, on_rail, mean, peak, second / n, fourth / n
