"""Method `bearing_envelope`: which part of a rolling bearing is damaged, or why that cannot be said.

Quality gates, shaft speed, cepstrum prewhitening, squared envelope spectrum, masks, joint line test per part,
verdict. No state, no randomness: the same window gives the same bits.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from chejian_analytics.diagnosis.envelope import (
    BACKGROUND_HZ,
    background_power,
    envelope_power,
    level_of,
    tapered_spectrum,
    usable_length,
)
from chejian_analytics.diagnosis.kinematics import BearingOrders
from chejian_analytics.diagnosis.lines import (
    Family,
    FamilyScore,
    Line,
    families_of,
    line_level,
    lines_of,
    score_family,
)
from chejian_analytics.diagnosis.masks import bearing_masks
from chejian_analytics.diagnosis.quality import NO_FEATURES, Features, features_of, unusable
from chejian_analytics.diagnosis.speed import SEARCH_SHARE, ShaftSpeed, band_hz, locate_shaft
from chejian_analytics.diagnosis.verdict import (
    DEFAULTS,
    METHOD,
    VERSION,
    BearingConfig,
    BearingDiagnosis,
    Confidence,
    Evidence,
    Reason,
)
from chejian_analytics.kernels.moments import moments
from chejian_analytics.kernels.spectra import whiten


@dataclass(frozen=True, slots=True)
class _Window:
    """What the line test reads of one window."""

    power: NDArray[np.float64]
    background: NDArray[np.float64]
    bin_hz: float
    samples: int
    speed: ShaftSpeed


def diagnose_bearing(
    signal: NDArray[np.float64],
    *,
    sample_rate: float,
    nominal_rpm: float,
    bearing: BearingOrders,
    mains_hz: float = 50.0,
    config: BearingConfig = DEFAULTS,
) -> BearingDiagnosis:
    """Diagnose one bearing from one window of acceleration.

    Args:
        signal: shape (n,), any unit; no calibration needed. At constant speed, at least 50 outer-race passes long.
        sample_rate: [Hz], > 0.
        nominal_rpm: shaft speed [1/min], > 0; right within +-5 %.
        bearing: its fault orders.
        mains_hz: grid frequency [Hz], 50 or 60; 0 = no mains nearby.
        config: thresholds.

    Returns:
        The verdict. A window that cannot be read gives ``cannot_tell`` with its reason, never an error.

    Raises:
        ValueError: sample rate, speed or mains is out of range, or the signal is not one-dimensional.
    """
    if signal.ndim != 1:
        raise ValueError(f"signal: shape {signal.shape} given, (n,) allowed")
    if not (0.0 < sample_rate < np.inf and 0.0 < nominal_rpm < np.inf and 0.0 <= mains_hz < np.inf):
        raise ValueError(
            f"sample_rate {sample_rate}, nominal_rpm {nominal_rpm}, mains_hz {mains_hz} given; > 0, > 0, >= 0 allowed"
        )
    # A copy of one dtype and layout: what comes read-only or strided would compile every kernel once more.
    signal = np.array(signal, dtype=np.float64)
    shaft_hz = nominal_rpm / 60.0
    seconds = signal.size / sample_rate
    families = families_of(bearing)
    highest_hz = _highest_hz(families, shaft_hz)
    reason: Reason | None = None
    if seconds * shaft_hz * bearing.bpfo < config.race_passes:
        reason = "too_short"
    elif highest_hz >= sample_rate / 2.0:
        reason = "sample_rate_too_low"
    if signal.size == 0:
        return _cannot_tell("too_short", shaft_hz, NO_FEATURES)
    measured = moments(signal)
    features = features_of(measured)
    reason = unusable(measured, signal.size) or reason
    if reason is not None:
        return _cannot_tell(reason, shaft_hz, features)
    window = _read(signal, sample_rate, shaft_hz, highest_hz)
    readable, skipped = _readable(families, seconds * window.speed.hz, config)
    return _judge(window, readable, skipped, features, mains_hz, config)


def _highest_hz(families: tuple[Family, ...], shaft_hz: float) -> float:
    order = max(family.highest_order for family in families)
    return max(order * shaft_hz * (1.0 + SEARCH_SHARE) + BACKGROUND_HZ, band_hz(shaft_hz))


def _read(signal: NDArray[np.float64], sample_rate: float, nominal_hz: float, highest_hz: float) -> _Window:
    n = usable_length(signal.size)
    bin_hz = sample_rate / n
    white, spectrum_power = whiten(tapered_spectrum(signal[:n]))
    power = envelope_power(white, n, min(int(highest_hz / bin_hz) + 1, (n - 1) // 2))
    background = background_power(power, bin_hz, BACKGROUND_HZ)
    low = int(band_hz(nominal_hz) / bin_hz) + 1
    speed = locate_shaft(spectrum_power[:low], level_of(power[:low], background[:low]), bin_hz, nominal_hz)
    return _Window(power, background, bin_hz, n, speed)


def _readable(
    families: tuple[Family, ...], turns: float, config: BearingConfig
) -> tuple[tuple[Family, ...], tuple[Evidence, ...]]:
    """Families with enough periods in the window, and the others as evidence."""
    least = {"cage": config.cage_turns}
    readable, skipped = [], []
    for family in families:
        if turns * family.order >= least.get(family.part, 0.0):
            readable.append(family)
        else:
            skipped.append(Evidence(f"not_evaluated_{family.part}", turns * family.order))
    return tuple(readable), tuple(skipped)


def _judge(
    window: _Window,
    families: tuple[Family, ...],
    skipped: tuple[Evidence, ...],
    features: Features,
    mains_hz: float,
    config: BearingConfig,
) -> BearingDiagnosis:
    shaft_hz, bin_hz = window.speed.hz, window.bin_hz
    masks = bearing_masks(shaft_hz, mains_hz, bin_hz)
    masked = np.logical_or.reduce([mask.bins(window.power.size, bin_hz) for mask in masks])
    level = line_level(window.power, window.background, masked)
    fits = [score_family(family, level, shaft_hz / bin_hz, config.slip_range) for family in families]
    fits.sort(key=lambda fit: -fit.score)
    best, second = fits[0], fits[1]
    confidence = _confidence(fits, features, config)
    named = confidence in ("confirmed", "probable")
    ratio = np.zeros_like(window.power)
    np.divide(window.power, window.background, out=ratio, where=window.background > 0.0)
    lines = lines_of(best, ratio, masked, shaft_hz=shaft_hz, bin_hz=bin_hz)
    return BearingDiagnosis(
        method=METHOD,
        version=VERSION,
        part=best.family.part if named else None,
        confidence=confidence,
        score=best.score,
        runner_up=second.family.part,
        runner_up_score=second.score,
        shaft_hz=shaft_hz,
        speed_quality=window.speed.quality,
        slip_offset=best.offset,
        samples_used=window.samples,
        lines=lines,
        masks=masks,
        counter_evidence=(*_against(fits, lines, window.speed, config), *skipped),
        features=features,
        reason="not_separable_from_shaft" if confidence == "cannot_tell" else None,
    )


def _confidence(fits: list[FamilyScore], features: Features, config: BearingConfig) -> Confidence:
    """Class of the verdict; `fits` are sorted, best first."""
    best = fits[0]
    supported = best.supported(config.line_score, 3) >= config.line_support
    if supported and best.score >= config.probable_score:
        if best.score - fits[1].score >= config.winner_margin:
            return "confirmed" if best.score >= config.confirmed_score else "probable"
        return "impulsive_unassigned"
    if features.kurtosis >= config.impulsive_kurtosis:
        return "impulsive_unassigned"
    if max(fit.own_score for fit in fits) >= config.probable_score:
        return "cannot_tell"
    return "none"


def _against(
    fits: list[FamilyScore], lines: tuple[Line, ...], speed: ShaftSpeed, config: BearingConfig
) -> tuple[Evidence, ...]:
    best, second = fits[0], fits[1]
    lead = best.score - second.score
    hidden = max(fit.own_score - max(fit.score, config.probable_score) for fit in fits)
    masked = sum(line.masked for line in lines if line.sideband == 0)
    cases = (
        ("runner_up_present", lead, second.score >= config.probable_score),
        ("explained_by_shaft", hidden, hidden > 0.0),
        ("lines_masked", float(masked), masked > 0),
        ("speed_uncertain", speed.quality, speed.quality < config.line_score),
        ("speed_departs_nominal", speed.departure, abs(speed.departure) >= config.slip_range),
    )
    return tuple(Evidence(code, value) for code, value, holds in cases if holds)


def _cannot_tell(reason: Reason, shaft_hz: float, features: Features) -> BearingDiagnosis:
    return BearingDiagnosis(
        method=METHOD,
        version=VERSION,
        part=None,
        confidence="cannot_tell",
        score=0.0,
        runner_up=None,
        runner_up_score=0.0,
        shaft_hz=shaft_hz,
        speed_quality=0.0,
        slip_offset=0.0,
        samples_used=0,
        lines=(),
        masks=(),
        counter_evidence=(),
        features=features,
        reason=reason,
    )
