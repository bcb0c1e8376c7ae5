"""Spectral kernels: fading, whitening, squared magnitude, running median, Hann window, smeared lines.

Each public function checks its arguments and calls a compiled loop. None of them reorders a sum by threads or
by fast-math, so the same input gives the same bits on every call. Divisions stand in loops of their own, without a check
for zero (`error_model="numpy"`), so that the compiler takes several values at once.
"""

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

from chejian_analytics.kernels.moments import extremes, scaled_total

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
    found = _running_median(np.ascontiguousarray(values, dtype=np.float64), half_width)
    if found.size != values.size:
        raise ValueError("values: NaN or infinity given, finite numbers allowed")
    return np.asarray(found)


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


def faded(signal: NDArray[np.float64], rise: NDArray[np.float64]) -> NDArray[np.float64]:
    """The signal scaled to peak 1, without its mean, its ends faded in and out.

    Args:
        signal: shape (n,), n >= 1, finite, any unit.
        rise: shape (m,), 2 m <= n, the fading-in; its mirror image fades out.

    Returns:
        Shape (n,), no unit; all 0 for a signal of zeros. The scale keeps every finite signal clear of overflow when
        its spectrum is squared.

    Raises:
        ValueError: a shape is wrong.
    """
    if signal.ndim != 1 or rise.ndim != 1 or not signal.size >= 1 or 2 * rise.size > signal.size:
        raise ValueError(f"shapes {signal.shape} and {rise.shape} given; (n,) and (m,) with 2 m <= n allowed")
    return np.asarray(_faded(signal, rise))


def smeared(
    ratio: NDArray[np.float64], masked: NDArray[np.bool_], *, half_width: int, stride: int, cap: float
) -> NDArray[np.float64]:
    """Level of lines that are spread over many bins.

    The mean R of W independent unit exponentials is at least r with a probability of at most ``exp(-W (r - 1 - ln r))``
    (Chernoff 1952, doi:10.1214/aoms/1177729330). That exponent is what a single bin's ratio is for W = 1: the level is
    its logarithm, so levels of wide and of narrow lines mean the same.

    Args:
        ratio: shape (n,), power over background, >= 0.
        masked: shape (n,), bins that must not be counted.
        half_width: bins to either side of the centre that are averaged, >= 1.
        stride: distance of the centres [bins], >= 1; centre j stands at bin ``j * stride``.
        cap: most that one bin may add, so that a single line does not pass for a wide one, > 1.

    Returns:
        Shape (ceil(n / stride),), [nat], >= 0; NaN where half of the bins or more are masked.

    Raises:
        ValueError: a shape or a range is wrong.
    """
    if ratio.ndim != 1 or ratio.shape != masked.shape:
        raise ValueError(f"shapes {ratio.shape} and {masked.shape} given, (n,) twice allowed")
    if not (half_width >= 1 and stride >= 1 and cap > 1.0):
        raise ValueError(
            f"half_width {half_width}, stride {stride}, cap {cap} given; >= 1, >= 1, > 1 allowed"
        )
    return np.asarray(_smeared(ratio, masked, half_width, stride, cap))


def hann_power(spectrum: NDArray[np.complex128]) -> NDArray[np.float64]:
    """Power spectrum as if a Hann window had been laid over the signal: three bins of the spectrum make one.

    Args:
        spectrum: shape (n,), ``rfft`` of a signal without window, from bin 0 on.

    Returns:
        Shape (n,); 0 at bin 0 and at the last bin, whose neighbours are not there.

    Raises:
        ValueError: the shape is not (n,).
    """
    if spectrum.ndim != 1:
        raise ValueError(f"spectrum: shape {spectrum.shape} given, (n,) allowed")
    return np.asarray(_hann_power(spectrum))


def peak_level(ratio: NDArray[np.float64], masked: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Level of the strongest unmasked bin within one bin of each.

    Args:
        ratio: shape (n,), power over background, >= 0.
        masked: shape (n,).

    Returns:
        Shape (n,): ``ln(max(ratio, 1))``, NaN where masked.

    Raises:
        ValueError: a shape is wrong.
    """
    if ratio.ndim != 1 or ratio.shape != masked.shape:
        raise ValueError(f"shapes {ratio.shape} and {masked.shape} given, (n,) twice allowed")
    return np.asarray(_peak_level(ratio, masked))


def strongest_open(
    ratio: NDArray[np.float64], masked: NDArray[np.bool_], centres: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """The strongest bin within one bin of each centre, of the unmasked ones if there are any.

    Args:
        ratio: shape (n,), power over background.
        masked: shape (n,).
        centres: shape (m,), any bin.

    Returns:
        Its bin and its ratio, both shape (m,); the lower bin of equals. The centre itself with ratio 0 where a neighbour lies
        outside.

    Raises:
        ValueError: a shape is wrong.
    """
    if ratio.ndim != 1 or ratio.shape != masked.shape or centres.ndim != 1:
        raise ValueError(
            f"shapes {ratio.shape}, {masked.shape} and {centres.shape} given, (n,) twice and (m,) allowed"
        )
    found, heights = _strongest_open(ratio, masked, centres)
    return np.asarray(found), np.asarray(heights)


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


@njit(cache=True, nogil=True, error_model="numpy")
def _faded(signal, rise):
    n = signal.size
    low, high = extremes(signal)
    peak = max(high, -low)
    out = np.empty(n)
    if peak <= 0.0:
        out[:] = 0.0
        return out
    for i in range(n):
        out[i] = signal[i] / peak
    mean = scaled_total(out, 1.0) / n
    for i in range(n):
        out[i] -= mean
    for i in range(rise.size):
        out[i] *= rise[i]
        out[n - 1 - i] *= rise[i]
    return out


@njit(cache=True, nogil=True)
def _hann_power(spectrum):
    out = np.zeros(spectrum.size)
    for i in range(1, spectrum.size - 1):
        value = 0.5 * spectrum[i] - 0.25 * (spectrum[i - 1] + spectrum[i + 1])
        out[i] = value.real * value.real + value.imag * value.imag
    return out


@njit(cache=True, nogil=True)
def _peak_level(ratio, masked):
    n = ratio.size
    out = np.empty(n)
    for i in range(n):
        if masked[i]:
            out[i] = np.nan
            continue
        strongest = max(ratio[i], 1.0)
        if i > 0 and not masked[i - 1]:
            strongest = max(strongest, ratio[i - 1])
        if i + 1 < n and not masked[i + 1]:
            strongest = max(strongest, ratio[i + 1])
        out[i] = math.log(strongest)
    return out


@njit(cache=True, nogil=True)
def _strongest_open(ratio, masked, centres):
    found = centres.copy()
    heights = np.zeros(centres.size)
    for i in range(centres.size):
        first = centres[i] - 1
        if first < 0 or first + 2 >= ratio.size:
            continue
        best = first
        for j in range(first + 1, first + 3):
            if masked[j] < masked[best] or (masked[j] == masked[best] and ratio[j] > ratio[best]):
                best = j
        found[i] = best
        heights[i] = ratio[best]
    return found, heights


@njit(cache=True, nogil=True)
def _smeared(ratio, masked, half_width, stride, cap):
    n = ratio.size
    total = np.zeros(n + 1)
    count = np.zeros(n + 1)
    for i in range(n):
        total[i + 1] = total[i] + (0.0 if masked[i] else min(ratio[i], cap))
        count[i + 1] = count[i] + (0.0 if masked[i] else 1.0)
    out = np.full((n + stride - 1) // stride, np.nan)
    for j in range(out.size):
        first = max(j * stride - half_width, 0)
        last = min(j * stride + half_width + 1, n)
        bins = count[last] - count[first]
        if bins <= half_width:
            continue
        out[j] = 0.0
        mean = (total[last] - total[first]) / bins
        if mean > 1.0:
            exponent = bins * (mean - 1.0 - math.log(mean))
            if exponent > 1.0:
                out[j] = math.log(exponent)
    return out


@njit(cache=True, nogil=True)
def _squared_magnitude(values):
    out = np.empty(values.size)
    for i in range(values.size):
        value = values[i]
        out[i] = value.real * value.real + value.imag * value.imag
    return out


@njit(cache=True, nogil=True, error_model="numpy")
def _divide_by_magnitude(spectrum, power, share):
    n = spectrum.size
    strongest = 0.0
    other = 0.0
    for i in range(0, n - 1, 2):
        strongest = max(strongest, power[i])
        other = max(other, power[i + 1])
    if n % 2:
        strongest = max(strongest, power[n - 1])
    floor = share * max(strongest, other)
    scale = np.empty(n)
    for i in range(n):
        scale[i] = 0.0 if power[i] <= floor else 1.0 / math.sqrt(power[i])
    out = np.empty(n, dtype=np.complex128)
    for i in range(n):
        out[i] = complex(spectrum[i].real * scale[i], spectrum[i].imag * scale[i])
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
def _insert(ordered, count, value):
    at = _position(ordered, count, value)
    for j in range(count, at, -1):
        ordered[j] = ordered[j - 1]
    ordered[at] = value


@njit(cache=True, nogil=True)
def _remove(ordered, count, value):
    for j in range(_position(ordered, count, value), count - 1):
        ordered[j] = ordered[j + 1]


@njit(cache=True, nogil=True)
def _replace(ordered, count, old, new):
    """Only what lies between the two places moves."""
    hole = _position(ordered, count, old)
    while hole + 1 < count and ordered[hole + 1] < new:
        ordered[hole] = ordered[hole + 1]
        hole += 1
    while hole > 0 and ordered[hole - 1] > new:
        ordered[hole] = ordered[hole - 1]
        hole -= 1
    ordered[hole] = new


@njit(cache=True, nogil=True)
def _running_median(values, half_width):
    """Empty where a value is not finite."""
    n = values.size
    for i in range(n):
        if not math.isfinite(values[i]):
            return np.empty(0)
    out = np.empty(n)
    ordered = np.empty(min(n, 2 * half_width + 1))
    count = min(half_width, n)
    for i in range(count):
        _insert(ordered, i, values[i])
    for i in range(n):
        entering = i + half_width
        leaving = i - half_width - 1
        if entering < n and leaving >= 0:
            _replace(ordered, count, values[leaving], values[entering])
        elif entering < n:
            _insert(ordered, count, values[entering])
            count += 1
        elif leaving >= 0:
            _remove(ordered, count, values[leaving])
            count -= 1
        middle = count // 2
        out[i] = ordered[middle] if count % 2 else 0.5 * (ordered[middle - 1] + ordered[middle])
    return out
