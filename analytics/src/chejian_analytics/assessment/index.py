"""A weighted index: classes given as published, or made of normalised indicators. Totals above 100 are not cut."""

from collections.abc import Mapping
from fractions import Fraction
from typing import NamedTuple

from chejian_analytics.assessment.answers import Answer, AnswerError, Refusal
from chejian_analytics.assessment.definition import Item, Standard
from chejian_analytics.assessment.normalisers import NORMALISERS, Normaliser, points
from chejian_analytics.assessment.tree import Branch, NodeScore

_ZERO = Fraction(0)
_ONE = Fraction(1)
_PERCENT = 100


class IndexResult(NamedTuple):
    """An index.

    Attributes:
        normaliser: name of the one that was used; "": none was needed.
        total: points; None where a class has no answer at all.
        scores: by node, points / 100.
    """

    normaliser: str
    total: Fraction | None
    scores: dict[str, NodeScore]


def index_total(
    standard: Standard,
    branch: Branch,
    answers: Mapping[str, Answer],
    normaliser: tuple[str, Normaliser] | None = None,
) -> IndexResult:
    """Points of the classes and of the whole.

    A class value as published wins over its indicators. A class of indicators is their weighted mean over those that
    are answered, renormalised; `answered` tells how many that are.

    Args:
        standard: with method "index".
        branch: its shape; the classes are its children.
        answers: by item or class.
        normaliser: name and function in place of that of the file.

    Raises:
        ValueError: indicators are given and nobody named a normaliser.
        AnswerError: an indicator lacks its base, or value or base is 0 where a quotient is asked for.
    """
    items = {item.id: item for item in standard.items}
    given = {i: answer for i, answer in answers.items() if i in items}
    name, function = _chosen(standard, normaliser) if given else ("", None)
    found = (
        {i: indicator_points(items[i], answer, function) for i, answer in given.items()} if function else {}
    )
    scores: dict[str, NodeScore] = {}
    total: Fraction | None = _ZERO
    answered = _ZERO
    for child in branch.children:
        score = _class(child, answers, found)
        scores[score.node] = score
        answered += child.share * score.answered
        total = None if total is None or score.answered == 0 else total + child.share * score.score * _PERCENT
    scores[""] = NodeScore("", _ZERO if total is None else total / _PERCENT, answered, _ONE)
    return IndexResult(name, total, scores)


def _chosen(standard: Standard, normaliser: tuple[str, Normaliser] | None) -> tuple[str, Normaliser]:
    if normaliser is not None:
        return normaliser
    if not standard.normaliser:
        raise ValueError(
            f"{standard.id}: indicators need a normaliser, which the published index does not tell; "
            f"allowed: one of {', '.join(NORMALISERS)} in the file's rating, or a function of yours"
        )
    return standard.normaliser, NORMALISERS[standard.normaliser]


def indicator_points(item: Item, answer: Answer, function: Normaliser) -> Fraction:
    """Points of one indicator of an index.

    Args:
        item: of the index.
        answer: with the value of the base year, but where the values are points already.
        function: that makes it comparable.

    Raises:
        AnswerError: the base is missing or not above 0, or the value is 0 where a quotient is asked for.
    """
    value, base = answer.values[0], answer.base
    if function is points:
        return value
    if base is None or base <= 0 or (item.lower_is_better and value <= 0):
        raise AnswerError(
            [Refusal(item.id, f"value {float(value):g}, base {base}", "a base above 0 (and a value above 0)")]
        )
    return function(base, value) if item.lower_is_better else function(value, base)


def _class(child: Branch, answers: Mapping[str, Answer], points: Mapping[str, Fraction]) -> NodeScore:
    own = "" if child.node is None else child.node.id
    if own in answers:
        return NodeScore(own, answers[own].values[0] / _PERCENT, _ONE, child.share)
    known = [(points[item.id], share) for item, share in child.leaves() if item.id in points]
    answered = sum((share for _, share in known), _ZERO)
    if not known:
        return NodeScore(own, _ZERO, _ZERO, child.share)
    mean = sum((value * share for value, share in known), _ZERO) / answered
    return NodeScore(own, mean / _PERCENT, answered, child.share)
