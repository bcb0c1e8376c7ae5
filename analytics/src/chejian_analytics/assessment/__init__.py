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
    Reference,
    Scale,
    Standard,
    StandardRef,
)
from chejian_analytics.assessment.evidence import INDICATORS, Measure
from chejian_analytics.assessment.indicators import Indicator, Window
from chejian_analytics.assessment.normalisers import NORMALISERS, Normaliser
from chejian_analytics.assessment.problems import DataFileError, Problem
from chejian_analytics.assessment.rating import assess
from chejian_analytics.assessment.reading import read_standard
from chejian_analytics.assessment.result import Assessment, Figure, Shortfall
from chejian_analytics.assessment.sensitivity import Advice, Move, advise, with_moves
from chejian_analytics.assessment.tree import NodeScore, WeightsMissingError

__all__ = [
    "CONFIDENCE",
    "INDICATORS",
    "INDUSTRIES",
    "NORMALISERS",
    "Advice",
    "Answer",
    "AnswerError",
    "Assessment",
    "Attachment",
    "Authority",
    "Basis",
    "Catalogue",
    "Contradiction",
    "DataFileError",
    "Figure",
    "Findings",
    "Indicator",
    "Item",
    "Level",
    "Measure",
    "Method",
    "Move",
    "Node",
    "NodeScore",
    "Normaliser",
    "Problem",
    "Reference",
    "Refusal",
    "Scale",
    "Shortfall",
    "Standard",
    "StandardRef",
    "WeightsMissingError",
    "Window",
    "advise",
    "assess",
    "declare",
    "load_standards",
    "measure",
    "read_standard",
    "with_moves",
]
