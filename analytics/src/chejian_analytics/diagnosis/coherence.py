"""Second opinion on a bearing verdict: spectral coherence at its lines.

Coherence compares frequencies that lie a cyclic frequency apart; unlike the envelope spectrum it weighs every band by
itself, so that a defect in a weak band counts. Its false-alarm probability under stationary noise is known.
Source: Antoni, Mechanical Systems and Signal Processing 21 (2007) 597-630, doi:10.1016/j.ymssp.2006.08.007.
"""

from dataclasses import dataclass

import numpy as np
import scipy.fft
import scipy.signal
import scipy.stats
from numpy.typing import NDArray

BLOCK = 256
"""Length of a block: the ringing of a bearing's structure is shorter, and few bins keep the average stable."""

HOP = BLOCK // 4
"""A Hann window needs 75 % overlap, or cyclic frequencies near 1 / hop leak into each other."""

INDEPENDENT = 1.0 / (1.0 + 2.0 * (0.659**2 + 0.167**2 + 0.0075**2))
"""Independent share of blocks: correlations of a Hann window with itself at 1/4, 1/2 and 3/4 of its length."""

BANDS_APART = 1.0 + 2.0 * (0.667**2 + 0.167**2)
"""Bins per independent band: correlations of neighbouring bins of a Hann window."""


@dataclass(frozen=True, slots=True)
class Coherence:
    """Coherence at one cyclic frequency.

    Args:
        cyclic_hz: cyclic frequency [Hz].
        mean: mean squared magnitude over all bands, 0 .. 1.
        p_value: probability that stationary noise gives as much.
    """

    cyclic_hz: float
    mean: float
    p_value: float


def coherence(signal: NDArray[np.float64], sample_rate: float, cyclic_hz: float) -> Coherence:
    """Spectral coherence at one cyclic frequency, averaged over the spectrum.

    Args:
        signal: shape (n,), finite, not constant, n >= 64 * BLOCK.
        sample_rate: [Hz], > 0.
        cyclic_hz: 0 < cyclic_hz < sample_rate / 4 [Hz].

    Returns:
        Mean over bands of ``|S(f, f - a)|^2 / (S(f) S(f - a))``.

    Raises:
        ValueError: the signal is too short or the frequency is out of range.
    """
    if signal.ndim != 1 or signal.size < 64 * BLOCK:
        raise ValueError(f"signal: shape {signal.shape} given, (n,) with n >= {64 * BLOCK} allowed")
    if not 0.0 < cyclic_hz < sample_rate / 4.0:
        raise ValueError(f"cyclic_hz: {cyclic_hz} given, 0 < cyclic_hz < {sample_rate / 4.0} allowed")
    centred = signal - signal.mean()
    turn = np.exp(-2j * np.pi * cyclic_hz / sample_rate * np.arange(signal.size))
    here, shifted = _blocks(centred.astype(np.complex128)), _blocks(centred * turn)
    cross = np.abs((here.conj() * shifted).sum(axis=0)) ** 2
    powers = (np.abs(here) ** 2).sum(axis=0) * (np.abs(shifted) ** 2).sum(axis=0)
    # Bins whose partner lies beyond 0 or Nyquist hold mirror images.
    hz = np.arange(BLOCK // 2) * sample_rate / BLOCK
    inside = (hz > 2.0 * sample_rate / BLOCK) & (hz < sample_rate / 2.0 - cyclic_hz)
    values = np.divide(cross, powers, out=np.zeros_like(cross), where=powers > 0.0)[: BLOCK // 2][inside]
    mean = float(values.mean())
    # In noise each band is Exp(1 / blocks); neighbouring bands share the window's main lobe.
    blocks = len(here) * INDEPENDENT
    bands = values.size / BANDS_APART
    return Coherence(cyclic_hz, mean, float(scipy.stats.gamma.sf(mean * blocks * bands, bands)))


def second_opinion(
    signal: NDArray[np.float64], sample_rate: float, lines_hz: tuple[float, ...]
) -> tuple[Coherence, ...]:
    """Coherence at the lines of a verdict.

    Args:
        signal: shape (n,), finite.
        sample_rate: [Hz].
        lines_hz: frequencies to check, for example ``found_hz`` of the harmonics [Hz].

    Returns:
        One result per line.
    """
    return tuple(coherence(signal, sample_rate, hz) for hz in lines_hz)


def _blocks(values: NDArray[np.complex128]) -> NDArray[np.complex128]:
    views = np.lib.stride_tricks.sliding_window_view(values, BLOCK)[::HOP]
    return np.asarray(scipy.fft.fft(views * scipy.signal.windows.hann(BLOCK, sym=False), axis=1))
