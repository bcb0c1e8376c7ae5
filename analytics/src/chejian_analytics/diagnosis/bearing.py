"""Method `bearing_envelope`: which part of a rolling bearing is damaged, or why that cannot be said.

Quality gates, shaft speed, cepstrum prewhitening, squared envelope spectrum, masks, joint line test per part, test
against every other harmonic series, verdict. No state, no randomness: the same window gives the same bits.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from chejian_analytics.diagnosis.baseline import BearingBaseline, comb_threshold, thresholds
from chejian_analytics.diagnosis.combs import rival_comb
from chejian_analytics.diagnosis.decide import Findings, against, decide
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
    families_of,
    line_level,
    lines_of,
    score_family,
    shaft_level,
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
    Evidence,
    Explanation,
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


@dataclass(frozen=True, slots=True)
class _Terms:
    """What the window is judged by."""

    mains_hz: float
    baseline: BearingBaseline | None
    config: BearingConfig


def diagnose_bearing(
    signal: NDArray[np.float64],
    *,
    sample_rate: float,
    nominal_rpm: float,
    bearing: BearingOrders,
    mains_hz: float = 50.0,
    baseline: BearingBaseline | None = None,
    config: BearingConfig = DEFAULTS,
) -> BearingDiagnosis:
    """Diagnose one bearing from one window of acceleration.

    Args:
        signal: shape (n,), any unit; no calibration needed. At constant speed, at least 50 outer-race passes long.
        sample_rate: [Hz], > 0.
        nominal_rpm: shaft speed [1/min], > 0; right within +-5 %.
        bearing: its fault orders.
        mains_hz: grid frequency [Hz], 50 or 60; 0 = no mains nearby.
        baseline: scores of the machine's own healthy windows; None = cold start.
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
    return _judge(window, readable, skipped, features, _Terms(mains_hz, baseline, config))


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
    terms: _Terms,
) -> BearingDiagnosis:
    shaft_hz, bin_hz = window.speed.hz, window.bin_hz
    per_order = shaft_hz / bin_hz
    masks = bearing_masks(shaft_hz, terms.mains_hz, bin_hz)
    masked = np.logical_or.reduce([mask.bins(window.power.size, bin_hz) for mask in masks])
    level = line_level(window.power, window.background, masked)
    fits = [score_family(family, level, per_order, terms.config.slip_range) for family in families]
    fits.sort(key=lambda fit: -fit.score)
    best, second = fits[0], fits[1]
    found = Findings(
        fits=tuple(fits),
        thresholds=thresholds(terms.baseline, terms.config),
        comb=rival_comb(level, per_order, best),
        comb_threshold=comb_threshold(terms.baseline, terms.config),
        shaft_level=shaft_level(window.power, window.background, per_order),
        features=features,
        speed=window.speed,
    )
    confidence, reason = decide(found, terms.config)
    ratio = np.zeros_like(window.power)
    np.divide(window.power, window.background, out=ratio, where=window.background > 0.0)
    lines = lines_of(best, ratio, masked, shaft_hz=shaft_hz, bin_hz=bin_hz)
    return BearingDiagnosis(
        method=METHOD,
        version=VERSION,
        part=best.family.part if confidence in ("confirmed", "probable") else None,
        confidence=confidence,
        score=best.score,
        explanations=tuple(
            Explanation(fit.family.part, fit.score, found.thresholds[fit.family.part]) for fit in fits
        ),
        runner_up=second.family.part,
        runner_up_score=second.score,
        shaft_hz=shaft_hz,
        speed_quality=window.speed.quality,
        slip_offset=best.offset,
        samples_used=window.samples,
        lines=lines,
        masks=masks,
        counter_evidence=(*against(found, lines, terms.config), *skipped),
        features=features,
        band_hz=(bin_hz, ((window.samples + 1) // 2 - 1) * bin_hz),
        comb_order=found.comb.order,
        comb_score=found.comb.score,
        baseline=terms.baseline.version if terms.baseline else "",
        reason=reason,
    )


def _cannot_tell(reason: Reason, shaft_hz: float, features: Features) -> BearingDiagnosis:
    return BearingDiagnosis(
        method=METHOD,
        version=VERSION,
        part=None,
        confidence="cannot_tell",
        score=0.0,
        explanations=(),
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
        band_hz=(0.0, 0.0),
        comb_order=0.0,
        comb_score=0.0,
        baseline="",
        reason=reason,
    )
