"""Squared envelope spectrum after cepstrum prewhitening, and the background it stands on.

A rolling element that strikes a defect rings the structure; the ringing's envelope repeats at the fault frequency.
Prewhitening (Borghesani et al., Mechanical Systems and Signal Processing 36 (2013) 370-384,
doi:10.1016/j.ymssp.2012.11.001) sets every spectral magnitude to 1, which removes shaft and gear tones without a
parameter; the *squared* envelope of the *one-sided* spectrum makes no aliasing products.
"""

import math
from functools import lru_cache

import numpy as np
import scipy
from numpy.typing import NDArray

from chejian_analytics.kernels.spectra import faded, running_median, whiten
from chejian_analytics.kernels.transforms import real_spectrum, squared_envelope_power

BACKGROUND_HZ = 25.0
"""Width of the running median [Hz]: many times a line's width, yet narrower than the slow fall of the spectrum."""

LEAST_BACKGROUND_BINS = 11
"""Below this many values a single line moves its own background."""

TAPER_SHARE = 1.0 / 64.0
"""Share of the window faded in and out. The jump from a window's end to its begin is an impulse that whitening would
raise above everything else wherever an anti-aliasing filter has left a band empty."""

EXPONENTIAL_MEDIAN = math.log(2.0)
"""Median of a unit exponential: power of noise has mean = median / ln 2."""


@lru_cache(maxsize=64)
def usable_length(samples: int) -> int:
    """Largest window of at most `samples` whose FFT is fast (a product of small primes); 0 for 0."""
    return int(scipy.fft.prev_fast_len(samples, real=True)) if samples > 0 else 0


def prewhiten(signal: NDArray[np.float64]) -> NDArray[np.float64]:
    """Cepstrum prewhitening: every spectral magnitude becomes 1, phases stay.

    Args:
        signal: shape (n,), any unit, finite.

    Returns:
        Shape (n,), no unit, mean 0.
    """
    spectrum = scipy.fft.rfft(signal - signal.mean())
    spectrum[0] = 0.0
    return np.asarray(scipy.fft.irfft(whiten(spectrum)[0], signal.size))


def analytic_signal(signal: NDArray[np.float64]) -> NDArray[np.complex128]:
    """Analytic signal without mean: positive frequencies doubled, negative ones zero.

    Args:
        signal: shape (n,), finite.

    Returns:
        Shape (n,); its real part is the signal without mean and without the Nyquist component.
    """
    positive = 2.0 * _positive_bins(scipy.fft.rfft(signal), signal.size)
    return np.asarray(scipy.fft.ifft(_with_room(positive, signal.size)))


def squared_envelope_spectrum(signal: NDArray[np.float64], max_bin: int) -> NDArray[np.float64]:
    """One-sided spectrum of the squared envelope, relative to its mean.

    Args:
        signal: shape (n,), finite.
        max_bin: last bin wanted, 0 <= max_bin < n / 2; one bin is ``sample_rate / n`` Hz.

    Returns:
        Shape (max_bin + 1,): ``|DFT(e - mean e)| / sum(e)`` with e the squared envelope; no unit, 0 at bin 0, all 0
        for a signal without envelope.
    """
    return np.asarray(np.sqrt(envelope_power(scipy.fft.rfft(signal), signal.size, max_bin)))


def envelope_power(spectrum: NDArray[np.complex128], samples: int, max_bin: int) -> NDArray[np.float64]:
    """Square of `squared_envelope_spectrum`, from the signal's spectrum.

    The spectrum of the squared envelope is the circular autocorrelation of the K positive bins. Lags up to
    `max_bin` are exact with a transform of K + max_bin points instead of n, and that is all that is computed.

    Args:
        spectrum: ``rfft`` of a signal of `samples` values.
        samples: n.
        max_bin: last bin wanted, 0 <= max_bin < n / 2.

    Returns:
        Shape (max_bin + 1,).

    Raises:
        ValueError: `max_bin` is out of range.
    """
    if not 0 <= max_bin < samples / 2:
        raise ValueError(f"max_bin: {max_bin} given, 0 <= max_bin < {samples} / 2 allowed")
    count = (samples + 1) // 2
    return squared_envelope_power(spectrum, count, _fast_length(count + max_bin + 1), max_bin)


def background_power(power: NDArray[np.float64], bin_hz: float, width_hz: float) -> NDArray[np.float64]:
    """Mean power of the noise that a spectrum's lines stand on.

    Args:
        power: shape (n,), power spectrum.
        bin_hz: distance of its bins [Hz].
        width_hz: width of the running median [Hz]; at least `LEAST_BACKGROUND_BINS` bins are taken.

    Returns:
        Shape (n,): running median / ln 2, so that noise divided by it is exponential with mean 1.
    """
    half = max(round(width_hz / bin_hz), LEAST_BACKGROUND_BINS) // 2
    return running_median(power, half) / EXPONENTIAL_MEDIAN


def tapered_spectrum(signal: NDArray[np.float64]) -> NDArray[np.complex128]:
    """``rfft`` of the signal scaled to peak 1, without its mean, its ends faded over `TAPER_SHARE`.

    Args:
        signal: shape (n,), n >= 1, finite; best with n from `usable_length`.

    Returns:
        Shape (n // 2 + 1,). The scale keeps every finite signal clear of overflow when its bins are squared.
    """
    return real_spectrum(faded(signal, _rise(int(signal.size * TAPER_SHARE))))


def envelope_spectrum(
    signal: NDArray[np.float64], sample_rate: float, max_hz: float
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """What the diagnosis looks at, ready to plot.

    Args:
        signal: shape (n,), n >= 16, finite; the end beyond `usable_length` is left out.
        sample_rate: [Hz], > 0.
        max_hz: last frequency wanted [Hz], 0 < max_hz < sample_rate / 2.

    Returns:
        (frequencies [Hz], squared envelope spectrum, its background), each shape (k,). The ratio of the last two,
        squared, is the ratio of a `Line`.

    Raises:
        ValueError: an argument is out of range.
    """
    if signal.ndim != 1 or signal.size < 16 or not np.isfinite(signal).all():  # noqa: PLR2004 - see Args
        raise ValueError(f"signal: shape {signal.shape} given, (n,) with n >= 16 and finite values allowed")
    if not (0.0 < max_hz < sample_rate / 2.0):
        raise ValueError(f"max_hz: {max_hz} given, 0 < max_hz < {sample_rate / 2.0} allowed")
    n = usable_length(signal.size)
    bin_hz = sample_rate / n
    white, _ = whiten(tapered_spectrum(signal[:n]))
    power = envelope_power(white, n, int(max_hz / bin_hz))
    background = background_power(power, bin_hz, BACKGROUND_HZ)
    frequencies = np.arange(power.size, dtype=np.float64) * bin_hz
    return frequencies, np.asarray(np.sqrt(power)), np.asarray(np.sqrt(background))


def level_of(power: NDArray[np.float64], background: NDArray[np.float64]) -> NDArray[np.float64]:
    """``ln(max(power / background, 1))``; 0 where the background is 0."""
    ratio = np.ones_like(power)
    np.divide(power, background, out=ratio, where=background > 0.0)
    np.maximum(ratio, 1.0, out=ratio)
    return np.asarray(np.log(ratio, out=ratio))


def _positive_bins(spectrum: NDArray[np.complex128], samples: int) -> NDArray[np.complex128]:
    """Bins 0 .. below Nyquist, bin 0 emptied: the mean carries no envelope."""
    positive = np.array(spectrum[: (samples + 1) // 2])
    positive[:1] = 0.0
    return positive


def _with_room(positive: NDArray[np.complex128], points: int) -> NDArray[np.complex128]:
    out = np.zeros(points, dtype=np.complex128)
    out[: positive.size] = positive
    return out


@lru_cache(maxsize=64)
def _fast_length(points: int) -> int:
    """A length of at least `points` whose FFT is fast: a multiple of 8, since lengths like 6750 = 2 * 3^3 * 5^3 take a third more."""
    return 8 * int(scipy.fft.next_fast_len(-(-points // 8)))


@lru_cache(maxsize=8)
def _rise(edge: int) -> NDArray[np.float64]:
    out: NDArray[np.float64] = np.sin(0.5 * math.pi * (np.arange(edge) + 0.5) / max(edge, 1)) ** 2
    out.flags.writeable = False
    return out
