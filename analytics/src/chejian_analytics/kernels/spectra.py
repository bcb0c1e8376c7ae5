"""Spectral kernels: running median, spectral whitening, squared magnitude.

Each public function checks its arguments and calls a compiled loop. None of them reorders a sum by threads or
by fast-math, so the same input gives the same bits on every call.
"""

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

RELATIVE_FLOOR = 1e-10
"""Bins weaker than this share of the strongest one are rounding noise of a float64 FFT; whitening drops them."""


def running_median(values: NDArray[np.float64], half_width: int) -> NDArray[np.float64]:
    """Median of each value's neighbourhood, the window shrinking at both ends.

    Args:
        values: shape (n,), finite.
        half_width: neighbours on each side, >= 0; the full window holds ``2 * half_width + 1`` values.

    Returns:
        Shape (n,): ``median(values[max(0, i - half_width) : i + half_width + 1])`` for each i.

    Raises:
        ValueError: a value is not finite, the shape is not (n,), or `half_width` is negative.
    """
    if values.ndim != 1:
        raise ValueError(f"values: shape {values.shape} given, (n,) allowed")
    if half_width < 0:
        raise ValueError(f"half_width: {half_width} given, >= 0 allowed")
    if not np.isfinite(values).all():
        raise ValueError("values: NaN or infinity given, finite numbers allowed")
    return np.asarray(_running_median(np.ascontiguousarray(values, dtype=np.float64), half_width))


def whiten(spectrum: NDArray[np.complex128]) -> tuple[NDArray[np.complex128], NDArray[np.float64]]:
    """Divide each bin by its magnitude.

    Args:
        spectrum: shape (n,), any scale. NaN bins stay NaN.

    Returns:
        The bins with magnitude 1 (0 for bins below `RELATIVE_FLOOR` of the strongest), and the power ``|X|**2``
        of the bins as given. Both shape (n,).

    Raises:
        ValueError: the shape is not (n,).
    """
    if spectrum.ndim != 1:
        raise ValueError(f"spectrum: shape {spectrum.shape} given, (n,) allowed")
    power = _squared_magnitude(spectrum)
    return _divide_by_magnitude(spectrum, power, RELATIVE_FLOOR * RELATIVE_FLOOR), power


def squared_magnitude(values: NDArray[np.complex128]) -> NDArray[np.float64]:
    """``re**2 + im**2`` without the square root of `abs`.

    Args:
        values: shape (n,).

    Returns:
        Shape (n,); NaN where the value is NaN.

    Raises:
        ValueError: the shape is not (n,).
    """
    if values.ndim != 1:
        raise ValueError(f"values: shape {values.shape} given, (n,) allowed")
    return np.asarray(_squared_magnitude(values))


@njit(cache=True, nogil=True)
def _squared_magnitude(values):
    out = np.empty(values.size)
    for i in range(values.size):
        value = values[i]
        out[i] = value.real * value.real + value.imag * value.imag
    return out


@njit(cache=True, nogil=True)
def _divide_by_magnitude(spectrum, power, share):
    strongest = 0.0
    for i in range(spectrum.size):
        strongest = max(strongest, power[i])
    floor = share * strongest
    out = np.zeros(spectrum.size, dtype=np.complex128)
    for i in range(spectrum.size):
        if not power[i] <= floor:
            scale = 1.0 / math.sqrt(power[i])
            out[i] = complex(spectrum[i].real * scale, spectrum[i].imag * scale)
    return out


@njit(cache=True, nogil=True)
def _position(ordered, count, value):
    low = 0
    high = count
    while low < high:
        middle = (low + high) // 2
        if ordered[middle] < value:
            low = middle + 1
        else:
            high = middle
    return low


@njit(cache=True, nogil=True)
def _running_median(values, half_width):
    n = values.size
    out = np.empty(n)
    ordered = np.empty(min(n, 2 * half_width + 2))
    count = 0
    entering = 0
    for i in range(n):
        while entering < min(n, i + half_width + 1):
            value = values[entering]
            at = _position(ordered, count, value)
            for j in range(count, at, -1):
                ordered[j] = ordered[j - 1]
            ordered[at] = value
            count += 1
            entering += 1
            leaving = entering - 2 * half_width - 2
            if leaving >= 0:
                at = _position(ordered, count, values[leaving])
                count -= 1
                for j in range(at, count):
                    ordered[j] = ordered[j + 1]
        # At the right end nothing enters any more, but the left edge of the window still moves.
        if i + half_width >= n and i - half_width - 1 >= 0:
            at = _position(ordered, count, values[i - half_width - 1])
            count -= 1
            for j in range(at, count):
                ordered[j] = ordered[j + 1]
        middle = count // 2
        out[i] = ordered[middle] if count % 2 else 0.5 * (ordered[middle - 1] + ordered[middle])
    return out
