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
def _count_non_finite(signal):
    found = 0
    for i in range(signal.size):
        if not math.isfinite(signal[i]):
            found += 1
    return found


@njit(cache=True, nogil=True)
def _moments(signal):
    n = signal.size
    # Partial sums, always the same ones: the order of additions is fixed, and they don't wait for each other.
    even = 0.0
    odd = 0.0
    share_of_one = 1.0 / n
    low = signal[0]
    high = signal[0]
    for i in range(0, n - 1, 2):
        # Scaled first: a sum of large finite samples must not overflow.
        even += signal[i] * share_of_one
        odd += signal[i + 1] * share_of_one
        low = min(low, signal[i], signal[i + 1])
        high = max(high, signal[i], signal[i + 1])
    if n % 2:
        even += signal[n - 1] * share_of_one
        low = min(low, signal[n - 1])
        high = max(high, signal[n - 1])
    mean = even + odd
    if not math.isfinite(mean) or not math.isfinite(low) or not math.isfinite(high):
        non_finite = _count_non_finite(signal)
        if non_finite:
            return non_finite, 0, 0, 0.0, 0.0, 0.0, 0.0
    peak = max(high - mean, mean - low)
    repeated = 0
    on_rail = 0
    for i in range(1, n):
        if signal[i] == signal[i - 1]:
            repeated += 1
            if signal[i] == low or signal[i] == high:
                on_rail += 1
    if peak <= 0.0:
        return 0, repeated, on_rail, mean, peak, 0.0, 0.0
    second = 0.0
    second_odd = 0.0
    fourth = 0.0
    fourth_odd = 0.0
    for i in range(0, n - 1, 2):
        one = (signal[i] - mean) / peak
        two = (signal[i + 1] - mean) / peak
        one *= one
        two *= two
        second += one
        second_odd += two
        fourth += one * one
        fourth_odd += two * two
    if n % 2:
        one = (signal[n - 1] - mean) / peak
        one *= one
        second += one
        fourth += one * one
    return 0, repeated, on_rail, mean, peak, (second + second_odd) / n, (fourth + fourth_odd) / n
