"""Time-domain kernel: one window's checks and moments.

Divisions stand in loops of their own, without a check for zero, so that the compiler takes several values at once; sums run in
a fixed order, in partial sums that don't wait for each other. So the bits are the same on every machine.
"""

import math
from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray


class Moments(NamedTuple):
    """What a few passes over a window tell.

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
def extremes(signal):
    """Least and largest value of shape (n,), n >= 1; without meaning where one is NaN."""
    n = signal.size
    low = low_odd = high = high_odd = signal[n - 1]
    for i in range(0, n - 1, 2):
        one = signal[i]
        two = signal[i + 1]
        low = min(low, one)
        high = max(high, one)
        low_odd = min(low_odd, two)
        high_odd = max(high_odd, two)
    return min(low, low_odd), max(high, high_odd)


@njit(cache=True, nogil=True)
def scaled_total(values, scale):
    """Sum of shape (n,), each value scaled first: a sum of large finite ones does not overflow."""
    a = b = c = d = e = f = g = h = 0.0
    whole = values.size - values.size % 8
    for i in range(0, whole, 8):
        a += values[i] * scale
        b += values[i + 1] * scale
        c += values[i + 2] * scale
        d += values[i + 3] * scale
        e += values[i + 4] * scale
        f += values[i + 5] * scale
        g += values[i + 6] * scale
        h += values[i + 7] * scale
    for i in range(whole, values.size):
        a += values[i] * scale
    return ((a + b) + (c + d)) + ((e + f) + (g + h))


@njit(cache=True, nogil=True, error_model="numpy")
def _moments(signal):
    n = signal.size
    mean = scaled_total(signal, 1.0 / n)
    low, high = extremes(signal)
    if not math.isfinite(mean) or not math.isfinite(low) or not math.isfinite(high):
        non_finite = _count_non_finite(signal)
        if non_finite:
            return non_finite, 0, 0, 0.0, 0.0, 0.0, 0.0
    peak = max(high - mean, mean - low)
    repeated = 0
    on_rail = 0
    for i in range(1, n):
        same = signal[i] == signal[i - 1]
        repeated += same
        on_rail += same & ((signal[i] == low) | (signal[i] == high))
    if peak <= 0.0:
        return 0, repeated, on_rail, mean, peak, 0.0, 0.0
    squares = np.empty(n)
    for i in range(n):
        one = (signal[i] - mean) / peak
        squares[i] = one * one
    second = scaled_total(squares, 1.0) / n
    for i in range(n):
        squares[i] *= squares[i]
    return 0, repeated, on_rail, mean, peak, second, scaled_total(squares, 1.0) / n
