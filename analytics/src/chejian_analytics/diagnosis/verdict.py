"""What method `bearing_envelope` answers, and the thresholds it answers by."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from chejian_analytics.diagnosis.lines import Line, Part
from chejian_analytics.diagnosis.masks import Mask
from chejian_analytics.diagnosis.quality import Features, Unusable

METHOD = "bearing_envelope"
VERSION = "6"
BASELINES_OF = ("5",)
"""Earlier versions whose scores of the parts were the same numbers: their baselines hold."""

Confidence = Literal["confirmed", "probable", "impulsive_unassigned", "none", "cannot_tell"]
Reason = Unusable | Literal["not_separable_from_shaft", "stronger_comb"]


@dataclass(frozen=True, slots=True)
class BearingConfig:
    """Fixed thresholds. Levels and scores are natural logarithms of power over background [nat].

    Args:
        slip_range: largest joint offset of the lines from kinematics, relative. Published slip is 0.1-0.4 %, lightly
            loaded bearings skid up to 1 %.
        probable_score: score from which a part is named before the machine has a baseline: power of its lines 9 times
            the background in geometric mean. How often sound machines reach it, and machines with another defect, when
            asked for bearings that are not there: ``python -m benchmarks.diagnosis`` and docs/diagnosis.md.
        learned_score: least score from which a part is named once a complete baseline sets the threshold: all lines
            at the level that one line of noise exceeds in 1 of 100 cases.
        confirmed_score: power of its lines 27 times the background in geometric mean.
        line_score: a single line counts as present from here: noise in three bins exceeds it in 1 of 100 cases.
        line_support: so many of the first three readable harmonics must be present.
        winner_margin: lead over the runner-up below which two parts explain the window equally well.
        comb_margin: a harmonic series of any other fundamental may beat the claim by this [nat]. Half the fundamental of a
            real defect, whose every second line is that defect's, comes close by chance.
        shaft_score: mean level of the first shaft orders from which shocks count as the shaft's own: as sure as a
            confirmed part.
        least_depth: modulation of the squared envelope below which lines are too faint to name a part, or to point to a series of
            unknown origin, before the machine has a complete baseline. How sure a line is grows with the length of the window,
            its depth does not: `benchmarks.other_rigs` prints it for sound and for damaged bearings.
        false_alarm_rate: accepted share of healthy windows in which any part is named, once a baseline is complete.
        impulsive_kurtosis: Gaussian noise has 3, sinusoids less; from 5 on the window holds repeated shocks.
        race_passes: least number of outer-race passes in the window for race and ball families.
        cage_turns: least number of cage turns for the cage family.
    """

    slip_range: float = 0.01
    probable_score: float = 2.2
    learned_score: float = 1.75
    confirmed_score: float = 3.3
    line_score: float = 1.75
    line_support: int = 2
    winner_margin: float = 0.2
    comb_margin: float = 0.25
    shaft_score: float = 3.3
    least_depth: float = 0.10
    false_alarm_rate: float = 0.01
    impulsive_kurtosis: float = 5.0
    race_passes: float = 50.0
    cage_turns: float = 20.0


DEFAULTS = BearingConfig()
"""The thresholds that stored results were made with."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """One circumstance that speaks against, or limits, the verdict; or supports it.

    Args:
        code: ``runner_up_present`` (lead over it [nat]), ``explained_by_shaft`` (how far a part would
            pass the threshold if shaft sidebands were not held against it [nat]), ``lines_masked``
            (count), ``unknown_comb_order`` (fundamental of a stronger harmonic series that is no part's [shaft orders]),
            ``skids_outer_race``, ``skids_inner_race`` (how far that series lies off the race, relative, as that of a skidding cage would),
            ``shocks_follow_shaft`` (level of the shaft orders [nat]), ``lines_smeared`` (width of the lines [shaft orders]),
            ``lines_faint`` (depth of lines that would have named a part), ``element_shows_cage`` (kurtosis: shocks at the cage's
            frequency may be a rolling element's),
            ``speed_drifts`` (relative change within the window), ``speed_uncertain`` (evidence [nat]), ``speed_departs_nominal`` (relative),
            ``not_evaluated_<part>`` (passes seen); spectral coherence as second opinion on a named part:
            ``coherence_agrees``, ``coherence_differs`` (coherence at the lines over that beside them),
            ``coherence_not_evaluated`` (samples of the window).
        value: its size.
    """

    code: str
    value: float


@dataclass(frozen=True, slots=True)
class Explanation:
    """One of the competing explanations.

    Args:
        part: the part.
        score: how strongly its lines are there [nat].
        threshold: score from which it would be named [nat].
    """

    part: Part
    score: float
    threshold: float


@dataclass(frozen=True, slots=True)
class BearingDiagnosis:
    """Verdict on one window, with everything needed to check it. `dataclasses.asdict` makes it JSON.

    Args:
        method: method id.
        version: method version.
        part: damaged part, None unless confidence is confirmed or probable.
        confidence: class of the verdict.
        score: score of the best family [nat], 0 where none was evaluated.
        explanations: every part that could be evaluated, strongest first.
        depth: how far the best family's lines modulate the squared envelope, relative to its mean: root of the sum of the squared
            amplitudes of the counted lines above their background. Shocks and nothing else reach 1 and more.
        runner_up: part with the second score, None where none was evaluated.
        runner_up_score: its score [nat].
        shaft_hz: shaft frequency used [Hz].
        speed_quality: evidence for it over its best rival [nat].
        slip_offset: joint offset of the best family's lines from kinematics, relative.
        samples_used: how many samples, from the first on, the spectra were made of (a length with a fast FFT).
        lines: lines of the best family.
        masks: what was taken out before scoring.
        counter_evidence: what speaks against the verdict.
        supporting_evidence: what speaks for it besides its lines; only for a named part. It has no say in the verdict.
        features: time-domain features.
        band_hz: frequencies whose envelope was read [Hz].
        comb_order: fundamental of the strongest harmonic series that is not the best part's [shaft orders], 0 = none.
        comb_score: its mean level [nat].
        baseline: version of the healthy baseline behind the thresholds, "" = cold start.
        reason: why nothing can be told, None unless confidence is cannot_tell.
        axis: which of the axes that were given speaks, 0 = the first.
        drift: relative change of speed within the window, above 0 only where it was resampled at equal angles; then
            `shaft_hz` is the mean, and frequencies are orders times that mean.
    """

    method: str
    version: str
    part: Part | None
    confidence: Confidence
    score: float
    depth: float
    explanations: tuple[Explanation, ...]
    runner_up: Part | None
    runner_up_score: float
    shaft_hz: float
    speed_quality: float
    slip_offset: float
    samples_used: int
    lines: tuple[Line, ...]
    masks: tuple[Mask, ...]
    counter_evidence: tuple[Evidence, ...]
    supporting_evidence: tuple[Evidence, ...]
    features: Features
    band_hz: tuple[float, float]
    comb_order: float
    comb_score: float
    baseline: str
    reason: Reason | None
    axis: int
    drift: float


def strongest(diagnoses: Iterable[BearingDiagnosis]) -> BearingDiagnosis:
    """The verdict that says most, of several axes or sensors on one bearing.

    Args:
        diagnoses: at least one.

    Returns:
        The named part with the highest score; else the most informative verdict (impulsive, none, cannot tell).
    """
    rank = {"confirmed": 3, "probable": 3, "impulsive_unassigned": 2, "none": 1, "cannot_tell": 0}
    return max(diagnoses, key=lambda diagnosis: (rank[diagnosis.confidence], diagnosis.score))
