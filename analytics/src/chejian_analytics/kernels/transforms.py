"""Fourier transforms inside compiled code: the spectrum of a window, and the spectrum of its squared envelope.

rocket-fft calls pocketfft without the way through Python and takes two thirds of the time of `scipy.fft`, which it equals to
rounding. The same input gives the same bits on every call.
"""

import numpy as np
import rocket_fft  # noqa: F401 - teaches numba np.fft; kernels that come out of numba's cache need its functions, too
from numba import njit
from numpy.typing import NDArray

from chejian_analytics.kernels.moments import scaled_total


def real_spectrum(signal: NDArray[np.float64]) -> NDArray[np.complex128]:
    """``rfft`` of a signal.

    Args:
        signal: shape (n,), n >= 1; fast where n is a product of small primes.

    Returns:
        Shape (n // 2 + 1,).

    Raises:
        ValueError: the shape is not (n,), or n is 0.
    """
    if signal.ndim != 1 or signal.size == 0:
        raise ValueError(f"signal: shape {signal.shape} given, (n,) with n >= 1 allowed")
    return np.asarray(_real_spectrum(np.ascontiguousarray(signal, dtype=np.float64)))


def squared_envelope_power(
    spectrum: NDArray[np.complex128], count: int, points: int, max_bin: int
) -> NDArray[np.float64]:
    """Power spectrum of the squared envelope, relative to the squared sum of that; 0 at bin 0.

    Args:
        spectrum: shape (k,), one-sided spectrum of the signal.
        count: bins 1 .. count - 1 are those of positive frequency, 1 <= count <= k.
        points: of the transforms, >= count + max_bin; fast where it is a product of small primes.
        max_bin: last bin wanted, 0 <= max_bin <= points // 2.

    Returns:
        Shape (max_bin + 1,); all 0 for a signal without envelope.

    Raises:
        ValueError: an argument is out of range.
    """
    if spectrum.ndim != 1 or not (1 <= count <= spectrum.size and 0 <= max_bin <= points // 2):
        raise ValueError(
            f"spectrum {spectrum.shape}, count {count}, max_bin {max_bin}, points {points} given; "
            "(k,), 1 <= count <= k, 0 <= max_bin <= points // 2 allowed"
        )
    if points < count + max_bin:
        raise ValueError(f"points: {points} given, >= {count + max_bin} allowed")
    return np.asarray(_squared_envelope_power(spectrum, count, points, max_bin))


@njit(cache=True, nogil=True)
def _real_spectrum(signal):
    return np.fft.rfft(signal)


@njit(cache=True, nogil=True, error_model="numpy")
def _squared_envelope_power(spectrum, count, points, max_bin):
    padded = np.zeros(points, dtype=np.complex128)
    padded[1:count] = spectrum[1:count]
    # Its direction and scale have no say in what is returned; this one needs no pass to divide by `points`.
    analytic = np.fft.fft(padded)
    envelope = np.empty(points)
    for i in range(points):
        value = analytic[i]
        envelope[i] = value.real * value.real + value.imag * value.imag
    total = scaled_total(envelope, 1.0)
    out = np.zeros(max_bin + 1)
    if total <= 0.0:
        return out
    spectrum_of_it = np.fft.rfft(envelope)
    scale = 1.0 / (total * total)
    for i in range(1, max_bin + 1):
        value = spectrum_of_it[i]
        out[i] = (value.real * value.real + value.imag * value.imag) * scale
    return out
