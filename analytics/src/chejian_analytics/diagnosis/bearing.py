"""Method `bearing_envelope`: which part of a rolling bearing is damaged, or why that cannot be said.

Quality gates, shaft speed, cepstrum prewhitening, squared envelope spectrum, masks, joint line test per part, test
against every other harmonic series, verdict; for a named part a second opinion by spectral coherence. No state, no
randomness: the same window gives the same bits.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from chejian_analytics.diagnosis.baseline import BearingBaseline, comb_threshold, thresholds
from chejian_analytics.diagnosis.coherence import opinion
from chejian_analytics.diagnosis.combs import Comb, comb_depth, rival_comb
from chejian_analytics.diagnosis.decide import Findings, against, decide
from chejian_analytics.diagnosis.envelope import (
    BACKGROUND_HZ,
    background_power,
    envelope_power,
    tapered_spectrum,
    usable_length,
)
from chejian_analytics.diagnosis.kinematics import BearingOrders
from chejian_analytics.diagnosis.lines import (
    Family,
    FamilyScore,
    Reading,
    depth_of,
    families_of,
    lines_of,
    score_families,
    shaft_level,
    smeared_element,
    smeared_reading,
)
from chejian_analytics.diagnosis.masks import NO_NEIGHBOURS, Neighbours, bearing_masks
from chejian_analytics.diagnosis.order_tracking import equal_angles
from chejian_analytics.diagnosis.quality import NO_FEATURES, Features, features_of, unusable
from chejian_analytics.diagnosis.speed import (
    SEARCH_SHARE,
    ShaftSpeed,
    SpeedEvidence,
    band_hz,
    settle_speed,
    speed_evidence,
)
from chejian_analytics.diagnosis.verdict import (
    DEFAULTS,
    METHOD,
    VERSION,
    BearingConfig,
    BearingDiagnosis,
    Evidence,
    Explanation,
    Reason,
    strongest,
)
from chejian_analytics.kernels.moments import moments
from chejian_analytics.kernels.spectra import peak_level, whiten


@dataclass(frozen=True, slots=True)
class _Window:
    """What the line test reads of one axis."""

    axis: int
    signal: NDArray[np.float64]
    sample_rate: float
    ratio: NDArray[np.float64]
    background: NDArray[np.float64]
    bin_hz: float
    samples: int
    features: Features
    evidence: SpeedEvidence


@dataclass(frozen=True, slots=True)
class _Terms:
    """What the windows are judged by."""

    families: tuple[Family, ...]
    nominal_hz: float
    mains_hz: float
    neighbours: Neighbours
    baseline: BearingBaseline | None
    config: BearingConfig
    drift: float
    second_opinion: bool


def diagnose_bearing(
    signal: NDArray[np.float64],
    *,
    sample_rate: float,
    nominal_rpm: float,
    bearing: BearingOrders,
    mains_hz: float = 50.0,
    others: Sequence[NDArray[np.float64]] = (),
    neighbours: Neighbours = NO_NEIGHBOURS,
    baseline: BearingBaseline | None = None,
    follow: bool = False,
    second_opinion: bool = False,
    config: BearingConfig = DEFAULTS,
) -> BearingDiagnosis:
    """Diagnose one bearing from one window of acceleration.

    Args:
        signal: shape (n,), any unit; no calibration needed. At least 50 outer-race passes long.
        sample_rate: [Hz], > 0.
        nominal_rpm: shaft speed [1/min], > 0; right within +-5 % (at the begin of the window, if it is followed).
        bearing: its fault orders.
        mains_hz: grid frequency [Hz], 50 or 60; 0 = no mains nearby.
        others: further axes of the same place and window. They settle the speed together; each is judged by itself.
        neighbours: other sources of lines, masked.
        baseline: scores of the machine's own healthy windows; None = cold start.
        follow: look for a speed that changes within the window, and resample at equal angles if it drifts by more than
            0.5 %. Without it the speed must be constant; costs about as much as the diagnosis itself.
        second_opinion: where a part is named, hold spectral coherence beside it and report what it says as evidence for or
            against; the verdict stays. Costs some ten times the diagnosis itself, on windows that name a part only.
        config: thresholds.

    Returns:
        The strongest verdict of all axes. A window that cannot be read gives ``cannot_tell`` with its reason, never an
        error.

    Raises:
        ValueError: sample rate, speed or mains is out of range, or a signal is not one-dimensional.
    """
    # Copies of one dtype and layout: what comes read-only or strided would compile every kernel once more.
    axes = [np.array(axis, dtype=np.float64) for axis in (signal, *others)]
    for axis in axes:
        if axis.ndim != 1:
            raise ValueError(f"signal: shape {axis.shape} given, (n,) allowed")
    if not (0.0 < sample_rate < np.inf and 0.0 < nominal_rpm < np.inf and 0.0 <= mains_hz < np.inf):
        raise ValueError(
            f"sample_rate {sample_rate}, nominal_rpm {nominal_rpm}, mains_hz {mains_hz} given; > 0, > 0, >= 0 allowed"
        )
    drift = 0.0
    if follow:
        axes, sample_rate, nominal_rpm, drift = equal_angles(axes, sample_rate, nominal_rpm)
    families = families_of(bearing)
    terms = _Terms(
        families, nominal_rpm / 60.0, mains_hz, neighbours, baseline, config, drift, second_opinion
    )
    found = [_read(axis, index, sample_rate, terms) for index, axis in enumerate(axes)]
    windows = [window for window in found if isinstance(window, _Window)]
    verdicts = [verdict for verdict in found if isinstance(verdict, BearingDiagnosis)]
    if windows:
        speed = settle_speed([window.evidence for window in windows], terms.nominal_hz)
        verdicts.extend(_judge(window, speed, terms) for window in windows)
    return strongest(sorted(verdicts, key=lambda verdict: verdict.axis))


def _read(
    signal: NDArray[np.float64], axis: int, sample_rate: float, terms: _Terms
) -> _Window | BearingDiagnosis:
    """Spectra of one axis, or the verdict that it cannot be read."""
    highest_hz = _highest_hz(terms.families, terms.nominal_hz)
    bpfo = terms.families[0].order
    reason: Reason | None = None
    if signal.size / sample_rate * terms.nominal_hz * bpfo < terms.config.race_passes:
        reason = "too_short"
    elif highest_hz >= sample_rate / 2.0:
        reason = "sample_rate_too_low"
    if signal.size == 0:
        return _cannot_tell("too_short", axis, terms.nominal_hz, NO_FEATURES)
    measured = moments(signal)
    features = features_of(measured)
    reason = unusable(measured, signal.size) or reason
    if reason is not None:
        return _cannot_tell(reason, axis, terms.nominal_hz, features)
    n = usable_length(signal.size)
    bin_hz = sample_rate / n
    spectrum = tapered_spectrum(signal[:n])
    power = envelope_power(whiten(spectrum)[0], n, min(int(highest_hz / bin_hz) + 1, (n - 1) // 2))
    background = background_power(power, bin_hz, BACKGROUND_HZ)
    ratio = np.zeros_like(power)
    np.divide(power, background, out=ratio, where=background > 0.0)
    low = int(band_hz(terms.nominal_hz) / bin_hz) + 1
    envelope_level = np.log(np.maximum(ratio[:low], 1.0))
    evidence = speed_evidence(spectrum[: low + 1], envelope_level, bin_hz, terms.nominal_hz)
    return _Window(axis, signal[:n], sample_rate, ratio, background, bin_hz, n, features, evidence)


def _highest_hz(families: tuple[Family, ...], shaft_hz: float) -> float:
    order = max(family.highest_order for family in families)
    return max(order * shaft_hz * (1.0 + SEARCH_SHARE) + BACKGROUND_HZ, band_hz(shaft_hz))


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


def _judge(window: _Window, speed: ShaftSpeed, terms: _Terms) -> BearingDiagnosis:
    config, bin_hz, ratio = terms.config, window.bin_hz, window.ratio
    families, skipped = _readable(terms.families, speed.hz / bin_hz, config)
    per_order = speed.hz / bin_hz
    masks = bearing_masks(speed.hz, terms.mains_hz, bin_hz, terms.neighbours, terms.drift)
    masked = masks[0].bins(ratio.size, bin_hz)
    for mask in masks[1:]:
        masked |= mask.bins(ratio.size, bin_hz)
    fits, comb = _fits(ratio, masked, per_order, families, config)
    best, second = fits[0], fits[1]
    lines = lines_of(best, ratio, masked, shaft_hz=speed.hz, bin_hz=bin_hz)
    found = Findings(
        fits=fits,
        thresholds=thresholds(terms.baseline, config),
        comb=comb,
        comb_threshold=comb_threshold(terms.baseline, config),
        depth=depth_of(best, lines, window.background, bin_hz),
        comb_depth=lambda: comb_depth(comb, ratio, window.background, masked, per_order),
        learned=terms.baseline is not None and terms.baseline.complete(best.family.part, config),
        shaft_level=shaft_level(ratio, per_order),
        features=window.features,
        speed=speed,
        drift=terms.drift,
    )
    confidence, reason = decide(found, config)
    named = confidence in ("confirmed", "probable")
    agreeing, differing = (
        opinion(window.signal, window.sample_rate, lines, masks)
        if named and terms.second_opinion
        else ((), ())
    )
    return BearingDiagnosis(
        method=METHOD,
        version=VERSION,
        part=best.family.part if named else None,
        confidence=confidence,
        score=best.score,
        depth=found.depth,
        explanations=tuple(
            Explanation(fit.family.part, fit.score, found.thresholds[fit.family.part]) for fit in fits
        ),
        runner_up=second.family.part,
        runner_up_score=second.score,
        shaft_hz=speed.hz,
        speed_quality=speed.quality,
        slip_offset=best.offset,
        samples_used=window.samples,
        lines=lines,
        masks=masks,
        counter_evidence=(*against(found, lines, config), *skipped, *differing),
        supporting_evidence=agreeing,
        features=window.features,
        band_hz=(bin_hz, ((window.samples + 1) // 2 - 1) * bin_hz),
        comb_order=comb.order,
        comb_score=comb.score,
        baseline=terms.baseline.version if terms.baseline else "",
        reason=reason,
        axis=window.axis,
        drift=terms.drift,
    )


def _fits(
    ratio: NDArray[np.float64],
    masked: NDArray[np.bool_],
    per_order: float,
    families: tuple[Family, ...],
    config: BearingConfig,
) -> tuple[tuple[FamilyScore, ...], Comb]:
    """Best fit of each part, strongest first, and the strongest series that is not the best part's.

    Single lines are read first. A rolling element's may also be spread; where that reading says more, it counts, and no
    series of either reading may explain it.
    """
    fine = Reading(peak_level(ratio, masked), per_order)
    found = score_families(families, fine, (config.slip_range,) * len(families))
    fits = {fit.family.part: fit for fit in found}
    wide = smeared_reading(ratio, masked, per_order)
    if wide is not None:
        element = smeared_element(families, wide, config.slip_range, config.winner_margin)
        if element is not None and element.score > fits["rolling_element"].score:
            fits["rolling_element"] = element
    ranked = sorted(fits.values(), key=lambda fit: -fit.score)
    comb = rival_comb(fine, ranked[0])
    if wide is not None and ranked[0].half_width:
        comb = max(comb, rival_comb(wide, ranked[0]), key=lambda found: found.score)
    return tuple(ranked), comb


def _cannot_tell(reason: Reason, axis: int, shaft_hz: float, features: Features) -> BearingDiagnosis:
    return BearingDiagnosis(
        method=METHOD,
        version=VERSION,
        part=None,
        confidence="cannot_tell",
        score=0.0,
        depth=0.0,
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
        supporting_evidence=(),
        features=features,
        band_hz=(0.0, 0.0),
        comb_order=0.0,
        comb_score=0.0,
        baseline="",
        reason=reason,
        axis=axis,
        drift=0.0,
    )
