"""Second opinion on a bearing verdict: spectral coherence at its lines.

Coherence compares frequencies that lie a cyclic frequency apart; unlike the envelope spectrum it weighs every band by
itself, so that a defect in a weak band counts. Its false-alarm probability under stationary noise is known.
Source: Antoni, Mechanical Systems and Signal Processing 21 (2007) 597-630, doi:10.1016/j.ymssp.2006.08.007.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import scipy
from numpy.typing import NDArray

from chejian_analytics.diagnosis.lines import Line
from chejian_analytics.diagnosis.masks import Mask
from chejian_analytics.diagnosis.verdict import Evidence

HARMONICS = 3
"""As many as a part's score counts."""

AGREES_P = 0.01
"""Stationary noise agrees in 1 of 100 cases."""

BESIDE = (0.97, 1.03, 0.96, 1.04)
"""Places beside a line, relative: beyond any slip and its leakage, short of the sidebands of races and elements."""

LONGEST = 32_768
"""Samples that an opinion reads: five hundred blocks tell coherences of a few thousandths."""

LEAST_BLOCKS = 64
"""Shorter signals give too few blocks to average over."""

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
        signal: shape (n,), finite, not constant, n >= LEAST_BLOCKS * BLOCK.
        sample_rate: [Hz], > 0.
        cyclic_hz: 0 < cyclic_hz < sample_rate / 4 [Hz].

    Returns:
        Mean over bands of ``|S(f, f - a)|^2 / (S(f) S(f - a))``.

    Raises:
        ValueError: the signal is too short or the frequency is out of range.
    """
    return second_opinion(signal, sample_rate, (cyclic_hz,))[0]


def opinion(
    signal: NDArray[np.float64], sample_rate: float, lines: Sequence[Line], masks: Sequence[Mask]
) -> tuple[tuple[Evidence, ...], tuple[Evidence, ...]]:
    """What coherence says to a part that the envelope spectrum names; it never changes the name.

    The first `HARMONICS` harmonics that are not masked are read, and two places beside each: machines are not
    stationary noise, so their own coherence beside the lines is the measure. It agrees when noise gives as much at the
    lines in less than 1 of 100 cases (Fisher's method, Statistical Methods for Research Workers, 1932, section 21.1) and at
    least two lines (all, if there are less) are above every place beside them.

    Args:
        signal: shape (n,), finite, not constant; its first `LONGEST` samples are read.
        sample_rate: [Hz].
        lines: of the part.
        masks: of the verdict; no place beside a line is taken from them.

    Returns:
        What speaks for the verdict and what against it: ``coherence_agrees`` or ``coherence_differs`` (coherence at the lines
        over that beside them, geometric means), or ``coherence_not_evaluated`` (samples of the window) where the window is
        too short or the lines are smeared.
    """
    harmonics = [line for line in lines if line.sideband == 0 and not line.masked]
    wanted = [line.found_hz for line in harmonics[:HARMONICS] if not line.width_hz]
    beside = [hz * share for hz in wanted for share in _open_shares(hz, masks)]
    highest = sample_rate / 4.0
    if signal.size < LEAST_BLOCKS * BLOCK or not beside or max(*wanted, *beside) >= highest:
        return (), (Evidence("coherence_not_evaluated", float(signal.size)),)
    found = second_opinion(signal[:LONGEST], sample_rate, (*wanted, *beside))
    at, around = found[: len(wanted)], found[len(wanted) :]
    above = sum(line.mean > max(place.mean for place in around) for line in at)
    ratio = _geometric_mean(at) / _geometric_mean(around)
    if above >= min(2, len(at)) and _together(at) <= math.log(AGREES_P):
        return (Evidence("coherence_agrees", ratio),), ()
    return (), (Evidence("coherence_differs", ratio),)


def _open_shares(hz: float, masks: Sequence[Mask]) -> list[float]:
    """The first two of `BESIDE` whose place no mask covers."""
    return [share for share in BESIDE if not any(mask.covers(hz * share) for mask in masks)][:2]


def _geometric_mean(found: Sequence[Coherence]) -> float:
    least = np.finfo(np.float64).tiny
    return math.exp(sum(math.log(max(result.mean, least)) for result in found) / len(found))


def _together(found: Sequence[Coherence]) -> float:
    """Logarithm of the probability that all are as high: chi-squared of 2 m degrees, which has a closed form."""
    half = -sum(math.log(max(result.p_value, np.finfo(np.float64).tiny)) for result in found)
    return math.log(sum(half**j / math.factorial(j) for j in range(len(found)))) - half


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

    Raises:
        ValueError: the signal is too short or a frequency is out of range.
    """
    for hz in lines_hz:
        _check(signal, sample_rate, hz)
    centred = signal - signal.mean()
    centred /= max(
        float(np.abs(centred).max()), np.finfo(np.float64).tiny
    )  # squares of squares must not overflow
    here = _blocks(centred.astype(np.complex128))
    return tuple(_at(centred, here, sample_rate, hz) for hz in lines_hz)


def _check(signal: NDArray[np.float64], sample_rate: float, cyclic_hz: float) -> None:
    if signal.ndim != 1 or signal.size < LEAST_BLOCKS * BLOCK:
        raise ValueError(f"signal: shape {signal.shape} given, (n,) with n >= {LEAST_BLOCKS * BLOCK} allowed")
    if not 0.0 < cyclic_hz < sample_rate / 4.0:
        raise ValueError(f"cyclic_hz: {cyclic_hz} given, 0 < cyclic_hz < {sample_rate / 4.0} allowed")


def _at(
    centred: NDArray[np.float64], here: NDArray[np.complex128], sample_rate: float, cyclic_hz: float
) -> Coherence:
    turn = np.exp(-2j * np.pi * cyclic_hz / sample_rate * np.arange(centred.size))
    shifted = _blocks(centred * turn)
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


def _blocks(values: NDArray[np.complex128]) -> NDArray[np.complex128]:
    views = np.lib.stride_tricks.sliding_window_view(values, BLOCK)[::HOP]
    return np.asarray(scipy.fft.fft(views * scipy.signal.windows.hann(BLOCK, sym=False), axis=1))
