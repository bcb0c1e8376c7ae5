"""What the methods on shaft, gear and motor answer. `dataclasses.asdict` makes it JSON."""

from dataclasses import dataclass
from typing import Literal

from chejian_analytics.diagnosis.quality import Features
from chejian_analytics.diagnosis.verdict import Confidence, Evidence

Fault = Literal["imbalance", "misalignment", "looseness", "rub", "gear_tooth", "rotor_bar"]


@dataclass(frozen=True, slots=True)
class FaultScore:
    """One of the competing explanations.

    Args:
        fault: its name.
        score: how well it explains the window; comparable within a method only.
    """

    fault: Fault
    score: float


@dataclass(frozen=True, slots=True)
class Indicator:
    """A number of the evidence.

    Args:
        name: for example ``order_1``, ``fm4``.
        value: its size, in the unit that the method states.
        growth: natural logarithm of value over baseline [nat]; 0 without one.
    """

    name: str
    value: float
    growth: float


@dataclass(frozen=True, slots=True)
class MachineDiagnosis:
    """Verdict on one window.

    Args:
        method: method id.
        version: method version.
        part: the fault, None unless confidence is confirmed or probable.
        confidence: class of the verdict.
        score: score of the best explanation, 0 where none was evaluated.
        explanations: every explanation, strongest first.
        shaft_hz: shaft frequency used [Hz].
        indicators: what was measured.
        counter_evidence: what speaks against the verdict.
        features: time-domain features.
        baseline: version of the healthy baseline, "" = none.
        reason: why nothing can be told, None unless confidence is cannot_tell.
    """

    method: str
    version: str
    part: Fault | None
    confidence: Confidence
    score: float
    explanations: tuple[FaultScore, ...]
    shaft_hz: float
    indicators: tuple[Indicator, ...]
    counter_evidence: tuple[Evidence, ...]
    features: Features
    baseline: str
    reason: str | None
