"""Fast kurtogram: in which band the shocks stand out.

1/2-1/3 tree of analytic filters; the kurtosis of a band's complex output is 0 for Gaussian noise and grows with rare
shocks. Source: Antoni, Mechanical Systems and Signal Processing 21 (2007) 108-124, doi:10.1016/j.ymssp.2005.12.002.
Used as a second opinion on the band, never to search for a fault: a search over bands per fault raises false alarms.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import scipy
from numpy.typing import NDArray

TAPS = 17
"""Length of the halving filters, as published."""

CUTOFF = 0.4
"""Cut-off of the low-pass prototype, of the Nyquist frequency: as published."""

Complex = NDArray[np.complex128]


@dataclass(frozen=True, slots=True)
class Band:
    """A node of the kurtogram.

    Args:
        level: octaves of decimation; a half-way level (k + 0.585) splits into three.
        centre_hz: centre of the band [Hz].
        width_hz: its width [Hz].
        kurtosis: fourth moment over squared second moment of the band's output, less its value for Gaussian noise.
    """

    level: float
    centre_hz: float
    width_hz: float
    kurtosis: float


def kurtogram(signal: NDArray[np.float64], sample_rate: float, levels: int) -> tuple[Band, ...]:
    """Kurtosis of every band of the tree.

    Args:
        signal: shape (n,), finite, not constant; at least ``32 * 2**levels`` samples, so that each band keeps values
            after its filters have settled.
        sample_rate: [Hz], > 0.
        levels: number of halvings, >= 1.

    Returns:
        All bands, by level and frequency. Level 0 is the whole band.

    Raises:
        ValueError: the signal is too short, or an argument is out of range.
    """
    if not (sample_rate > 0.0 and levels >= 1):
        raise ValueError(f"sample_rate {sample_rate}, levels {levels} given; > 0, >= 1 allowed")
    if signal.ndim != 1 or signal.size < 32 * 2**levels:
        raise ValueError(
            f"signal: shape {signal.shape} given, (n,) with n >= {32 * 2**levels} allowed for {levels} levels"
        )
    whole = signal - signal.mean()
    bands = [Band(0.0, sample_rate / 4.0, sample_rate / 2.0, _kurtosis(whole, 3.0))]
    bands.extend(_children(whole.astype(np.complex128), 0, 0.0, sample_rate / 2.0, levels))
    return tuple(sorted(bands, key=lambda band: (band.level, band.centre_hz)))


def most_impulsive(bands: tuple[Band, ...], min_width_hz: float) -> Band:
    """The band with the highest kurtosis that is wide enough and touches neither end of the spectrum.

    Args:
        bands: from `kurtogram`.
        min_width_hz: narrowest band allowed [Hz]; three times the highest modulation frequency keeps an envelope's lines.

    Returns:
        The band; the whole spectrum when no other is wide enough. Bands at the ends collect filter transients and
        drift, so only the whole spectrum may touch them.
    """
    top = bands[0].width_hz
    inner = [
        band
        for band in bands[1:]
        if band.width_hz >= min_width_hz
        and band.centre_hz > 0.75 * band.width_hz
        and band.centre_hz < top - 0.75 * band.width_hz
    ]
    return max((bands[0], *inner), key=lambda band: band.kurtosis)


def _children(values: Complex, level: int, low_hz: float, width_hz: float, levels: int) -> Iterator[Band]:
    """Bands below one node: its thirds and, as long as levels remain, its halves with all below them."""
    settled = TAPS - 1
    if level < levels - 1:
        third = width_hz / 3.0
        for i, part in enumerate(_thirds(values)):
            centre = low_hz + (i + 0.5) * third
            yield Band(level + float(np.log2(3.0)), centre, third, _kurtosis(part[settled:], 2.0))
    if level < levels:
        half = width_hz / 2.0
        for i, part in enumerate(_halves(values)):
            low = low_hz + i * half
            yield Band(level + 1.0, low + half / 2.0, half, _kurtosis(part[settled - i :], 2.0))
            yield from _children(part, level + 1, low, half, levels)


def _halves(values: Complex) -> tuple[Complex, Complex]:
    """Lower and upper half of the band, each at half the rate and in rising order of frequency."""
    lower, upper = _half_filters()
    low = _filtered(lower, values)[1::2]
    high = _filtered(upper, values)[1::2]
    # Decimation turns the upper half round; alternating signs turn it back.
    signs = 1.0 - 2.0 * (np.arange(1, high.size + 1) % 2)
    return low, high * signs


def _thirds(values: Complex) -> list[Complex]:
    return [_filtered(taps, values)[2::3] for taps in _third_filters()]


def _filtered(taps: Complex, values: Complex) -> Complex:
    """Causal output of a FIR filter, as long as its input."""
    return np.convolve(values, taps)[: values.size]


@lru_cache(maxsize=1)
def _half_filters() -> tuple[Complex, Complex]:
    n = np.arange(TAPS)
    lower = scipy.signal.firwin(TAPS, CUTOFF) * np.exp(2j * np.pi * n * 0.125)
    # One tap shorter, as in the published program: figures in the literature come from it.
    upper = lower[-2::-1] * (-1.0) ** (1 + np.arange(TAPS - 1))
    return lower, upper


@lru_cache(maxsize=1)
def _third_filters() -> tuple[Complex, Complex, Complex]:
    taps = 3 * (TAPS - 1) // 2 + 1
    n = np.arange(taps)
    first = scipy.signal.firwin(taps, CUTOFF * 2.0 / 3.0) * np.exp(2j * np.pi * n * 0.25 / 3.0)
    return first, first * np.exp(2j * np.pi * n / 6.0), first * np.exp(2j * np.pi * n / 3.0)


def _kurtosis(values: NDArray[np.float64] | Complex, gaussian: float) -> float:
    """Fourth over squared second moment, less the value of Gaussian noise (real 3, complex 2); 0 for a constant."""
    centred = values - values.mean()
    power = (centred * centred.conj()).real
    mean = float(power.mean())
    return float((power * power).mean()) / (mean * mean) - gaussian if mean > 0.0 else 0.0
