"""What an assessment comes to: scores, levels, shortfalls, and how well founded it is."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction

from chejian_analytics.assessment.answers import Basis, Findings
from chejian_analytics.assessment.definition import Level, Reference, StandardRef
from chejian_analytics.assessment.tree import NodeScore

FORMULA_VERSION = "1"
"""Rises whenever the same standard and answers would give another result."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shortfall:
    """A condition of a grade, level or stage that does not hold.

    Attributes:
        level: id of the level that asks for it.
        subject: id of the item or node.
        value: what is there; None: not answered or not applicable.
        at_least: what is asked for.
    """

    level: str
    subject: str
    value: Fraction | None
    at_least: Fraction


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """A single figure beside the published ones.

    Attributes:
        item: its id.
        value: as answered; None: not answered.
        beside: published figures with the difference value - published; None where there is no value.
    """

    item: str
    value: Fraction | None
    beside: tuple[tuple[Reference, Fraction | None], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Assessment:
    """Result of one standard for one subject.

    Attributes:
        standard: id, version and digest of what it was computed with.
        formula_version: of the code.
        industry: whose weights and applicability hold.
        not_applicable: ids of nodes that were cut.
        total: 0 to 100 (stages), total S (maturity), points (index); None where the method has none or, for an index,
            where a class has no answer.
        answered: share of what applies that is answered, 0 to 1.
        founded: share of the whole by basis of the answers; the three and what is not answered sum to 1.
        scores: by node, 0 to 1; for maturity those of the level above the one reached; for an index in points / 100.
        aspects: level of each aspect by node (stages).
        level_scores: score of each maturity level, from 1, 0 to 1.
        level_nodes: scores by node of each maturity level, from 1.
        levels: level reached by ladder ("" where there is one only); None: none reached.
        shortfalls: what the next level of each ladder lacks.
        figures: single figures (indicators).
        normaliser: name of the one that was used; "": none.
        findings: what telemetry says about declared answers.
    """

    standard: StandardRef
    formula_version: str = FORMULA_VERSION
    industry: str
    not_applicable: tuple[str, ...] = ()
    total: Fraction | None = None
    answered: Fraction
    founded: Mapping[Basis, Fraction]
    scores: Mapping[str, NodeScore] = field(default_factory=dict)
    aspects: Mapping[str, Level] = field(default_factory=dict)
    level_scores: tuple[Fraction, ...] = ()
    level_nodes: tuple[Mapping[str, NodeScore], ...] = ()
    levels: Mapping[str, Level | None] = field(default_factory=dict)
    shortfalls: tuple[Shortfall, ...] = ()
    figures: tuple[Figure, ...] = ()
    normaliser: str = ""
    findings: Findings

    @property
    def level(self) -> Level | None:
        """The level reached where there is one ladder.

        Raises:
            ValueError: there are several; the text names them.
        """
        if len(self.levels) > 1:
            raise ValueError(f"{self.standard.id} has ladders {', '.join(self.levels)}: choose one of levels")
        return next(iter(self.levels.values()), None)
