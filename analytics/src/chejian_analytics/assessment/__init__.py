"""Two-informatization (两化融合) assessments as pure functions: standards as data, answers in, scores and levels out.

Start with `load_standards`, `assess` and `advise`; `docs/assessment.md` tells what each standard's numbers rest on.
"""

from chejian_analytics.assessment.answers import (
    Answer,
    AnswerError,
    Attachment,
    Basis,
    Contradiction,
    Findings,
    Refusal,
    declare,
    measure,
)
from chejian_analytics.assessment.catalogue import Catalogue, load_standards
from chejian_analytics.assessment.definition import (
    CONFIDENCE,
    INDUSTRIES,
    Authority,
    Item,
    Level,
    Method,
    Node,
    Published,
    Reference,
    Scale,
    Standard,
    StandardRef,
)
from chejian_analytics.assessment.evidence import INDICATORS, Measure
from chejian_analytics.assessment.freeze import Change, Frozen, changes, freeze, submission
from chejian_analytics.assessment.index import indicator_points
from chejian_analytics.assessment.indicators import Indicator, Window
from chejian_analytics.assessment.normalisers import NORMALISERS, Normaliser
from chejian_analytics.assessment.peers import MIN_PEERS, Cell, Comparison, compare, table
from chejian_analytics.assessment.problems import DataFileError, Problem
from chejian_analytics.assessment.radar import radar
from chejian_analytics.assessment.rating import assess
from chejian_analytics.assessment.reading import read_standard
from chejian_analytics.assessment.regions import RegionalFigure, for_region, regional_figure
from chejian_analytics.assessment.result import Assessment, Figure, Shortfall
from chejian_analytics.assessment.sensitivity import Advice, Move, advise, with_moves
from chejian_analytics.assessment.tree import NodeScore, WeightsMissingError
from chejian_analytics.assessment.trends import Month, Trend, trend

__all__ = [
    "CONFIDENCE",
    "INDICATORS",
    "INDUSTRIES",
    "MIN_PEERS",
    "NORMALISERS",
    "Advice",
    "Answer",
    "AnswerError",
    "Assessment",
    "Attachment",
    "Authority",
    "Basis",
    "Catalogue",
    "Cell",
    "Change",
    "Comparison",
    "Contradiction",
    "DataFileError",
    "Figure",
    "Findings",
    "Frozen",
    "Indicator",
    "Item",
    "Level",
    "Measure",
    "Method",
    "Month",
    "Move",
    "Node",
    "NodeScore",
    "Normaliser",
    "Problem",
    "Published",
    "Reference",
    "Refusal",
    "RegionalFigure",
    "Scale",
    "Shortfall",
    "Standard",
    "StandardRef",
    "Trend",
    "WeightsMissingError",
    "Window",
    "advise",
    "assess",
    "changes",
    "compare",
    "declare",
    "for_region",
    "freeze",
    "indicator_points",
    "load_standards",
    "measure",
    "radar",
    "read_standard",
    "regional_figure",
    "submission",
    "table",
    "trend",
    "with_moves",
]
