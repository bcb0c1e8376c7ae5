"""From competing explanations to a confidence class, and what speaks against it."""

import math
from collections.abc import Callable
from dataclasses import dataclass

from chejian_analytics.diagnosis.combs import Comb
from chejian_analytics.diagnosis.lines import SMEARED_ORDERS, FamilyScore, Line, Part
from chejian_analytics.diagnosis.quality import Features
from chejian_analytics.diagnosis.speed import ShaftSpeed
from chejian_analytics.diagnosis.verdict import BearingConfig, Confidence, Evidence, Reason

MOST_SKID = 0.05
"""How far a cage may fall behind its kinematics, relative, to be thought of: bearings without load do."""


@dataclass(frozen=True, slots=True)
class Findings:
    """All that was measured on one window.

    Args:
        fits: best fit of each part, strongest first, at least two.
        thresholds: score above which each part is named [nat].
        comb: strongest harmonic series that is not the best part's.
        comb_threshold: level above which a series of unknown origin is reported [nat].
        depth: how far the best part's lines modulate the squared envelope.
        comb_depth: how far those of the series do; asked for where it matters.
        learned: whether a complete baseline sets the best part's threshold.
        shaft_level: mean level of the first shaft orders in the envelope spectrum [nat].
        features: time-domain features.
        speed: shaft speed.
        drift: relative change of speed in the window, where it was followed.
    """

    fits: tuple[FamilyScore, ...]
    thresholds: dict[Part, float]
    comb: Comb
    comb_threshold: float
    depth: float
    comb_depth: Callable[[], float]
    learned: bool
    shaft_level: float
    features: Features
    speed: ShaftSpeed
    drift: float = 0.0

    @property
    def lead(self) -> float:
        """Lead of the best part over the runner-up [nat]."""
        return self.fits[0].score - self.fits[1].score

    def stranger(self, config: BearingConfig) -> bool:
        """Whether there is a strong series that neither the best part nor the shaft explains."""
        strong = self.comb.score > self.comb_threshold and not self.comb.of_shaft
        return strong and (self.learned or self.comb_depth() >= config.least_depth)

    def faint(self, config: BearingConfig) -> bool:
        """Whether the best part's lines are no deeper than those of sound bearings, in a window without shocks."""
        return not self.learned and not self.shocks(config) and self.depth < config.least_depth

    def element_shows_cage(self, config: BearingConfig) -> bool:
        """Whether shocks at the cage's frequency may as well be a rolling element's, which the cage carries through the load."""
        best = self.fits[0]
        return best.family.part == "cage" and self.shocks(config) and best.score < config.confirmed_score

    def skid(self, config: BearingConfig) -> dict[Part, float]:
        """Races that the other series would be if the cage fell behind: how far it lies off them, relative.

        The outer race is passed by n balls a turn of the cage, the inner one by n a turn of the shaft against the cage: what
        the first loses the second gains.
        """
        orders = {fit.family.part: fit.family.order for fit in self.fits}
        outer, inner = orders["outer_race"], orders["inner_race"]
        most: dict[Part, tuple[float, float]] = {
            "outer_race": (outer, -MOST_SKID),
            "inner_race": (inner, MOST_SKID * outer / inner),
        }
        offsets: dict[Part, float] = {}
        for part, (order, farthest) in most.items():
            offset = self.comb.order / order - 1.0
            if config.slip_range < math.copysign(1.0, farthest) * offset <= abs(farthest):
                offsets[part] = offset
        return offsets

    def shocks(self, config: BearingConfig) -> bool:
        """Whether the waveform itself holds shocks."""
        return self.features.kurtosis >= config.impulsive_kurtosis


def decide(found: Findings, config: BearingConfig) -> tuple[Confidence, Reason | None]:
    """Class of the verdict, and why nothing can be told."""
    best = found.fits[0]
    beaten = found.comb.score > best.score + config.comb_margin
    claim, faint = is_claim(found, config), found.faint(config)
    if claim and not faint and not beaten:
        if found.lead < config.winner_margin or found.element_shows_cage(config):
            return "impulsive_unassigned", None
        return ("confirmed" if best.score >= config.confirmed_score else "probable"), None
    if found.stranger(config) or (found.shocks(config) and found.shaft_level < config.shaft_score):
        return "impulsive_unassigned", None
    if claim:
        return ("none", None) if faint else ("cannot_tell", "stronger_comb")
    if max(fit.own_score - found.thresholds[fit.family.part] for fit in found.fits) > 0.0:
        return "cannot_tell", "not_separable_from_shaft"
    return "none", None


def is_claim(found: Findings, config: BearingConfig) -> bool:
    """Whether the best part passes its threshold with enough of its lines present."""
    best = found.fits[0]
    supported = best.supported(config.line_score, 3) >= config.line_support
    return supported and best.score > found.thresholds[best.family.part]


def against(found: Findings, lines: tuple[Line, ...], config: BearingConfig) -> tuple[Evidence, ...]:
    """What speaks against the verdict, or limits it."""
    best, second = found.fits[0], found.fits[1]
    hidden = max(fit.own_score - max(fit.score, found.thresholds[fit.family.part]) for fit in found.fits)
    masked = sum(line.masked for line in lines if line.sideband == 0)
    beaten = found.comb.score > best.score + config.comb_margin
    departure = found.speed.departure
    claim = is_claim(found, config)
    own_shocks = found.shocks(config) and found.shaft_level >= config.shaft_score
    told = beaten and (found.stranger(config) or claim)
    skid = found.skid(config) if told else {}
    cases = (
        ("runner_up_present", found.lead, second.score > found.thresholds[second.family.part]),
        ("explained_by_shaft", hidden, hidden > 0.0),
        ("unknown_comb_order", found.comb.order, told),
        *((f"skids_{part}", offset, True) for part, offset in skid.items()),
        ("shocks_follow_shaft", found.shaft_level, own_shocks),
        ("lines_masked", float(masked), masked > 0),
        ("lines_faint", found.depth, claim and found.faint(config)),
        ("element_shows_cage", found.features.kurtosis, claim and found.element_shows_cage(config)),
        ("lines_smeared", SMEARED_ORDERS, best.half_width > 0),
        ("speed_drifts", found.drift, found.drift > 0.0),
        ("speed_uncertain", found.speed.quality, found.speed.quality < config.line_score),
        ("speed_departs_nominal", departure, abs(departure) >= config.slip_range),
    )
    return tuple(Evidence(code, value) for code, value, holds in cases if holds)
