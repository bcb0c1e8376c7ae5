"""Shaft speed from the vibration itself, near a nominal value.

Nameplate and file speeds are off by 1-4 % often enough to move a fault line out of its window.
"""

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
from chejian_analytics.kernels.harmonics import harmonic_sums
from chejian_analytics.kernels.spectra import whiten

SEARCH_SHARE = 0.05
"""Candidates lie within +-5 % of nominal: the slip of an induction motor at full load is below that."""

CANDIDATE_STEP = 0.0005
"""Relative step of the candidates: a tenth of the slip tolerance of the fault lines."""

SPECTRUM_HARMONICS = 8
"""Harmonics read in the spectrum: higher ones resolve speed better, but above 8 orders gears and races take over."""

ENVELOPE_HARMONICS = 4
"""Harmonics read in the envelope spectrum, where the shaft shows as modulation and fades quickly."""

ENVELOPE_CAP = 5.0
"""Most that one envelope line may add [nat]: a strong line of a fault must not pull the speed to itself."""

SPECTRUM_BACKGROUND_HZ = 15.0
"""Width of the running median [Hz]: below the spacing of shaft harmonics from 900 rpm on."""

NOMINAL_SHARE = 0.005
"""Within +-0.5 % of nominal no evidence for a departure is asked for."""

DEPARTURE_EVIDENCE = 6.0
"""A speed further away must beat the best near one by this [nat], odds of 400 : 1; else nominal is believed."""

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


def estimate_shaft_speed(signal: NDArray[np.float64], sample_rate: float, nominal_rpm: float) -> ShaftSpeed:
    """Shaft speed of one vibration window.

    Args:
        signal: shape (n,), finite, at least 20 shaft turns.
        sample_rate: [Hz]; above 20 times the shaft frequency.
        nominal_rpm: where to look [1/min], > 0; `SEARCH_SHARE` to either side.

    Returns:
        The speed whose harmonics stand out most from spectrum and envelope spectrum together.
    """
    n = usable_length(signal.size)
    bin_hz = sample_rate / n
    nominal_hz = nominal_rpm / 60.0
    white, power = whiten(tapered_spectrum(signal[:n]))
    last = min(int(band_hz(nominal_hz) / bin_hz), (n - 1) // 2)
    envelope = envelope_power(white, n, last)
    background = background_power(envelope, bin_hz, SPECTRUM_BACKGROUND_HZ)
    return locate_shaft(power[: last + 1], level_of(envelope, background), bin_hz, nominal_hz)


def band_hz(nominal_hz: float) -> float:
    """Highest frequency [Hz] that the estimate reads, its background included."""
    return nominal_hz * (1.0 + SEARCH_SHARE) * SPECTRUM_HARMONICS + SPECTRUM_BACKGROUND_HZ


def locate_shaft(
    power: NDArray[np.float64], envelope_level: NDArray[np.float64], bin_hz: float, nominal_hz: float
) -> ShaftSpeed:
    """Shaft speed from spectra that are at hand.

    Args:
        power: shape (k,), power spectrum of the signal from bin 0 on, up to about `band_hz`.
        envelope_level: shape (m,), level of the envelope spectrum on the same bins.
        bin_hz: distance of the bins [Hz].
        nominal_hz: nominal shaft frequency [Hz].

    Returns:
        The winner of ``sum_h ln max(P(h f) / B(h f), 1)`` over both spectra.
    """
    level = level_of(power, background_power(power, bin_hz, SPECTRUM_BACKGROUND_HZ))
    departures = _departures()
    bins = nominal_hz / bin_hz * (1.0 + departures)
    evidence = harmonic_sums(level, bins, SPECTRUM_HARMONICS)
    evidence += harmonic_sums(np.minimum(envelope_level, ENVELOPE_CAP), bins, ENVELOPE_HARMONICS)
    best = int(np.argmax(evidence))
    near = np.where(np.abs(departures) <= NOMINAL_SHARE + CANDIDATE_STEP / 2.0, evidence, -1.0)
    if evidence[best] < near.max() + DEPARTURE_EVIDENCE:
        best = int(np.argmax(near))
    departure = float(departures[best])
    rivals = evidence[np.abs(departures - departure) > RIVAL_SHARE]
    return ShaftSpeed(nominal_hz * (1.0 + departure), float(evidence[best] - rivals.max()), departure)


@lru_cache(maxsize=1)
def _departures() -> NDArray[np.float64]:
    steps = round(SEARCH_SHARE / CANDIDATE_STEP)
    departures = np.arange(-steps, steps + 1, dtype=np.float64) * CANDIDATE_STEP
    departures.flags.writeable = False
    return departures
