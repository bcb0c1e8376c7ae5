"""A machine's own healthy windows as the yardstick: frozen, versioned, with a stated false-alarm rate.

Conformal rank (Vovk, Gammerman & Shafer, Algorithmic Learning in a Random World, 2005, doi:10.1007/b106715): if a new
healthy window is exchangeable with the n of the baseline, the chance that its score is the highest of all n + 1 is
1 / (n + 1), whatever the distribution. A part is named when its rank is rarer than the accepted rate, divided by the
number of parts (Bonferroni). With few windows that rate cannot be reached; until then the fixed threshold holds, and a
part is never named at a score that the machine had while it was healthy ("cold start").
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass

from chejian_analytics.diagnosis.lines import Part
from chejian_analytics.diagnosis.verdict import BearingConfig, BearingDiagnosis

PARTS: tuple[Part, ...] = ("outer_race", "inner_race", "rolling_element", "cage")


@dataclass(frozen=True, slots=True)
class BearingBaseline:
    """Scores of healthy windows. Freeze it once; a new one gets a new version.

    Args:
        version: name stored with every verdict, not empty.
        scores: for each part its scores, ascending [nat].
        combs: scores of the strongest other harmonic series, ascending [nat].

    Raises:
        ValueError: the version is empty, or scores are missing, unordered or not finite.
    """

    version: str
    scores: tuple[tuple[Part, tuple[float, ...]], ...]
    combs: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        if not self.version:
            raise ValueError("version: '' given, a name allowed")
        for name, values in (*self.scores, ("combs", self.combs)):
            if not all(math.isfinite(value) for value in values) or list(values) != sorted(values):
                raise ValueError(f"scores of {name}: finite values in ascending order allowed")

    def of(self, part: Part) -> tuple[float, ...]:
        """Scores of a part, ascending; empty when it was never evaluated."""
        return dict(self.scores).get(part, ())

    def threshold(self, part: Part, config: BearingConfig) -> float:
        """Score [nat] above which the part is named.

        Args:
            part: the part.
            config: thresholds and the accepted rate.

        Returns:
            From the ranks of a complete baseline, at least ``learned_score``; else the cold start's.
        """
        seen = self.of(part)
        allowed = self._allowed(part, config)
        if allowed < 1:
            return max((config.probable_score, *seen[-1:]))
        return max(config.learned_score, seen[len(seen) - allowed])

    def complete(self, part: Part, config: BearingConfig) -> bool:
        """Whether the stated rate of false alarms holds for a part: enough windows to set its threshold by their ranks."""
        return self._allowed(part, config) >= 1

    def _allowed(self, part: Part, config: BearingConfig) -> int:
        """How many of the highest scores may lie above the threshold; 0 = too few windows."""
        return math.floor(config.false_alarm_rate / len(PARTS) * (len(self.of(part)) + 1))


def freeze(diagnoses: Iterable[BearingDiagnosis], version: str) -> BearingBaseline:
    """Baseline of windows that people vouch for as healthy.

    Args:
        diagnoses: verdicts on these windows by the same bearing and method version, not overlapping in time.
        version: name of the baseline.

    Returns:
        The baseline. Windows that could not be read add nothing.

    Raises:
        ValueError: verdicts of several method versions are mixed.
    """
    known = list(diagnoses)
    if len({diagnosis.version for diagnosis in known}) > 1:
        raise ValueError("diagnoses: several method versions given, one allowed")
    scores = {
        part: tuple(sorted(e.score for d in known for e in d.explanations if e.part == part))
        for part in PARTS
    }
    combs = tuple(sorted(d.comb_score for d in known if d.explanations))
    return BearingBaseline(version, tuple(scores.items()), combs)


def thresholds(baseline: BearingBaseline | None, config: BearingConfig) -> dict[Part, float]:
    """Score from which each part is named [nat]."""
    if baseline is None:
        return dict.fromkeys(PARTS, config.probable_score)
    return {part: baseline.threshold(part, config) for part in PARTS}


def comb_threshold(baseline: BearingBaseline | None, config: BearingConfig) -> float:
    """Score from which a harmonic series of unknown origin is reported [nat]."""
    seen = () if baseline is None else baseline.combs[-1:]
    return max((config.confirmed_score, *seen))
