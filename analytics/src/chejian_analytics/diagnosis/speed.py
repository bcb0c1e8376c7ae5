"""Shaft speed from the vibration itself, near a nominal value.

Nameplate and file speeds are off by 1-4 % often enough to move a fault line out of its window.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from chejian_analytics.diagnosis.envelope import (
    background_power,
    envelope_power,
    level_of,
    tapered_spectrum,
    usable_length,
)
from chejian_analytics.kernels.harmonics import best_candidate, harmonic_sums, refined_fundamental
from chejian_analytics.kernels.spectra import hann_power, whiten

SEARCH_SHARE = 0.05
"""Candidates lie within +-5 % of nominal: the slip of an induction motor at full load is below that."""

CANDIDATE_STEP = 0.0005
"""Relative step of the candidates: a tenth of the slip tolerance of the fault lines."""

SPECTRUM_HARMONICS = 8
"""Harmonics read in the spectrum: higher ones resolve speed better, but above 8 orders gears and races take over."""

FIRST_WEIGHT = 1.5
"""Weight of the first harmonic in the spectrum; multiple h weighs 1 / h of it. Imbalance and misalignment make the low
multiples the shaft's own; among the high ones stand those of the motor's field, a slip away from the shaft."""

SPECTRUM_CAP = 12.0
"""Most that one line of the spectrum may be worth [nat]: a line 50 dB above its surroundings is certain enough."""

ENVELOPE_HARMONICS = 4
"""Harmonics read in the envelope spectrum, where the shaft shows as modulation and fades quickly."""

ENVELOPE_CAP = 3.0
"""Most that one envelope line may add [nat]: a strong line of a fault must not pull the speed to itself."""

SPECTRUM_BACKGROUND_HZ = 15.0
"""Width of the running median [Hz]: below the spacing of shaft harmonics from 900 rpm on."""

NOMINAL_DEVIATION = 0.003
"""How far a set speed is off as a rule, relative: evidence is weighed against a normal distribution of this width."""

DEPARTURE_EVIDENCE = 6.0
"""A wrong nominal speed has odds of 1 : 400 [nat]: no departure costs more than this."""

REFINED_SHARES = (0.004, 0.0025)
"""Lines within this share of the winner's multiples refine it, in two steps: less than the slip of a small motor, so that
its field has no say."""

REFINED_LEVEL = 3.0
"""Least level of such a line [nat]: 13 dB above its surroundings its peak is known to a fifth of a bin."""

RIVAL_SHARE = 0.008
"""Candidates closer than this to the winner are the same peak, not a rival."""


@dataclass(frozen=True, slots=True)
class ShaftSpeed:
    """Estimated shaft speed.

    Args:
        hz: shaft frequency [Hz].
        quality: evidence over the best rival [nat]; about 0 = a guess, above 6 = certain.
        departure: relative difference from nominal.
    """

    hz: float
    quality: float
    departure: float


@dataclass(frozen=True, slots=True)
class SpeedEvidence:
    """What one axis knows of the speed.

    Args:
        candidates: shape (201,), evidence for each candidate [nat].
        level: shape (k,), level of the spectrum [nat].
        bin_hz: distance of its bins [Hz].
    """

    candidates: NDArray[np.float64]
    level: NDArray[np.float64]
    bin_hz: float


def estimate_shaft_speed(
    signal: NDArray[np.float64],
    sample_rate: float,
    nominal_rpm: float,
    others: Sequence[NDArray[np.float64]] = (),
    deviation: float = NOMINAL_DEVIATION,
) -> ShaftSpeed:
    """Shaft speed of one vibration window.

    Args:
        signal: shape (n,), finite, at least 20 shaft turns.
        sample_rate: [Hz]; above 20 times the shaft frequency.
        nominal_rpm: where to look [1/min], > 0; `SEARCH_SHARE` to either side.
        others: further axes of the same machine and window; each must be finite.
        deviation: how far off `nominal_rpm` is as a rule, relative, > 0.

    Returns:
        The speed whose harmonics stand out most from spectrum and envelope spectrum of all axes together.
    """
    nominal_hz = nominal_rpm / 60.0
    axes = [_evidence_of(axis, sample_rate, nominal_hz) for axis in (signal, *others)]
    return settle_speed(axes, nominal_hz, deviation)


def band_hz(nominal_hz: float) -> float:
    """Highest frequency [Hz] that the estimate reads, its background included."""
    return nominal_hz * (1.0 + SEARCH_SHARE) * SPECTRUM_HARMONICS + SPECTRUM_BACKGROUND_HZ


def speed_evidence(
    spectrum: NDArray[np.complex128],
    envelope_level: NDArray[np.float64],
    bin_hz: float,
    nominal_hz: float,
) -> SpeedEvidence:
    """How well each candidate speed explains spectra that are at hand.

    Args:
        spectrum: shape (k,), spectrum of the signal from bin 0 on, up to about `band_hz`.
        envelope_level: shape (m,), level of the envelope spectrum on the same bins.
        bin_hz: distance of the bins [Hz].
        nominal_hz: nominal shaft frequency [Hz].

    Returns:
        For each candidate the weighted ``sum_h ln max(P(h f) / B(h f), 1)`` over both spectra.
    """
    power = hann_power(spectrum)
    level = level_of(power, background_power(power, bin_hz, SPECTRUM_BACKGROUND_HZ))
    departures, weights, flat = _candidates()
    bins = nominal_hz / bin_hz * (1.0 + departures)
    evidence = harmonic_sums(level, bins, weights, SPECTRUM_CAP)
    evidence += harmonic_sums(envelope_level, bins, flat, ENVELOPE_CAP)
    return SpeedEvidence(evidence, level, bin_hz)


def settle_speed(
    axes: Sequence[SpeedEvidence], nominal_hz: float, deviation: float = NOMINAL_DEVIATION
) -> ShaftSpeed:
    """The speed that all axes together speak for.

    Args:
        axes: from `speed_evidence`, at least one. Their mean counts: axes of one window hear the same strangers, so
            they are no independent witnesses.
        nominal_hz: nominal shaft frequency [Hz].
        deviation: how far off it is as a rule, relative, > 0.

    Returns:
        The winner, what is known of nominal speeds taken into account.
    """
    departures, _, _ = _candidates()
    told = axes[0].candidates if len(axes) == 1 else np.mean([axis.candidates for axis in axes], axis=0)
    evidence = told - _prior(deviation)
    best, quality = best_candidate(evidence, departures, RIVAL_SHARE)
    hz = _refined(axes, nominal_hz * (1.0 + float(departures[best])))
    return ShaftSpeed(hz, quality, hz / nominal_hz - 1.0)


def _refined(axes: Sequence[SpeedEvidence], hz: float) -> float:
    """The winner, moved to the peaks of its clear lines."""
    for share in REFINED_SHARES:
        total = weights = 0.0
        for axis in axes:
            bins, weight = refined_fundamental(
                axis.level, hz / axis.bin_hz, SPECTRUM_HARMONICS, REFINED_LEVEL, share
            )
            total += weight * bins * axis.bin_hz
            weights += weight
        hz = total / weights if weights > 0.0 else hz
    return hz


def _evidence_of(signal: NDArray[np.float64], sample_rate: float, nominal_hz: float) -> SpeedEvidence:
    n = usable_length(signal.size)
    bin_hz = sample_rate / n
    spectrum = tapered_spectrum(signal[:n])
    last = min(int(band_hz(nominal_hz) / bin_hz), (n - 1) // 2)
    envelope = envelope_power(whiten(spectrum)[0], n, last)
    background = background_power(envelope, bin_hz, SPECTRUM_BACKGROUND_HZ)
    return speed_evidence(spectrum[: last + 2], level_of(envelope, background), bin_hz, nominal_hz)


@lru_cache(maxsize=16)
def _prior(deviation: float) -> NDArray[np.float64]:
    """What speaks against each departure before anything was measured [nat]."""
    departures, _, _ = _candidates()
    found: NDArray[np.float64] = np.minimum(0.5 * (departures / deviation) ** 2, DEPARTURE_EVIDENCE)
    found.flags.writeable = False
    return found


@lru_cache(maxsize=1)
def _candidates() -> tuple[NDArray[np.float64], ...]:
    """Departures from nominal, and the weights of both spectra's harmonics."""
    steps = round(SEARCH_SHARE / CANDIDATE_STEP)
    departures = np.arange(-steps, steps + 1, dtype=np.float64) * CANDIDATE_STEP
    weights = FIRST_WEIGHT / np.arange(1.0, SPECTRUM_HARMONICS + 1.0)
    found = (departures, weights, np.ones(ENVELOPE_HARMONICS))
    for array in found:
        array.flags.writeable = False
    return found
