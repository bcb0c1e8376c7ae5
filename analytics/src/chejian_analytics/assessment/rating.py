"""Applies a standard to answers: the one entry, and one function for each method of rating."""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from chejian_analytics.assessment.answers import Answer, Basis, by_item, contradictions
from chejian_analytics.assessment.definition import Level, Method, Scale, Standard
from chejian_analytics.assessment.index import index_total
from chejian_analytics.assessment.indicators import Indicator
from chejian_analytics.assessment.normalisers import Normaliser
from chejian_analytics.assessment.result import Assessment, Figure, Shortfall
from chejian_analytics.assessment.tree import Branch, score, shape

_ZERO = Fraction(0)
_PERCENT = 100


@dataclass(frozen=True, slots=True)
class _Case:
    standard: Standard
    industry: str
    cut: tuple[str, ...]
    answers: Mapping[str, Answer]
    normaliser: tuple[str, Normaliser] | None


def assess(
    standard: Standard,
    answers: Iterable[Answer],
    *,
    industry: str,
    not_applicable: Collection[str] = (),
    measured: Iterable[Indicator] = (),
    normaliser: tuple[str, Normaliser] | None = None,
) -> Assessment:
    """Compute one standard for one subject.

    Args:
        standard: to be applied.
        answers: in any order; what is not answered counts as not met.
        industry: one of the standard's.
        not_applicable: ids of nodes that the enterprise cuts; the weights of the others are renormalised.
        measured: indicators of the same window that may contradict declared answers.
        normaliser: name and function for an index, in place of that of the file.

    Raises:
        AnswerError: lists every answer that does not fit.
        WeightsMissingError: the standard's weights are not known for the industry.
        ValueError: industry, a cut node or a missing normaliser; the text says what is allowed.
    """
    _check(standard, industry, not_applicable)
    case = _Case(
        standard, industry, tuple(sorted(set(not_applicable))), by_item(standard, answers), normaliser
    )
    return Assessment(
        standard=standard.reference,
        industry=industry,
        not_applicable=case.cut,
        findings=contradictions(standard, case.answers, {i.id: i for i in measured}),
        **_METHODS[standard.method](case),
    )


def _check(standard: Standard, industry: str, cut: Collection[str]) -> None:
    """Refuse an industry or a cut that the standard does not know, whatever its method makes of them."""
    if industry not in standard.industries:
        raise ValueError(f"{standard.id}: industry {industry!r}; allowed: {', '.join(standard.industries)}")
    allowed = sorted(node.id for node in standard.nodes if node.may_be_cut)
    if wrong := sorted(set(cut) - set(allowed)):
        raise ValueError(
            f"{standard.id}: not applicable {', '.join(wrong)}; allowed: {', '.join(allowed) or 'none'}"
        )


def item_score(scale: Scale, values: tuple[Fraction, ...]) -> Fraction:
    """Score of an answer, 0 to 1: the mean of grades, a share as it is, points / 100.

    Args:
        scale: of the item, other than a quantity or a level.
        values: of the answer.
    """
    mean = sum(values, _ZERO) / len(values)
    return mean / _PERCENT if scale is Scale.SCORE else mean


def _scores(case: _Case) -> dict[str, Fraction]:
    scales = {item.id: item.scale for item in case.standard.items}
    return {i: item_score(scales[i], answer.values) for i, answer in case.answers.items()}


def founded(branches: Iterable[Branch], answers: Mapping[str, Answer]) -> dict[Basis, Fraction]:
    """Share of the whole by basis of the answers, several branches counting the same."""
    shares = dict.fromkeys(Basis, _ZERO)
    number = 0
    for branch in branches:
        number += 1
        for item, share in branch.leaves():
            if item.id in answers:
                shares[answers[item.id].basis] += share
    return {basis: share / number for basis, share in shares.items()} if number else shares


def _stages(case: _Case) -> dict[str, Any]:
    standard = case.standard
    branch = shape(standard, case.industry, case.cut)
    scores = score(branch, _scores(case))
    aspects = {
        node.id: level
        for node in standard.nodes
        if node.aspect and node.id in scores and (level := band(standard, scores[node.id].score))
    }
    reached = {node: Fraction(level.number) for node, level in aspects.items()}
    return {
        "total": scores[""].score * _PERCENT,
        "answered": scores[""].answered,
        "founded": founded([branch], case.answers),
        "scores": scores,
        "aspects": aspects,
        **_ladders(standard.levels, reached),
    }


def band(standard: Standard, aspect_score: Fraction) -> Level | None:
    """Level of an aspect by its score, 0 to 1; None below the lowest band."""
    fitting = [level for level in standard.bands if aspect_score * _PERCENT >= level.at_least]
    return fitting[-1] if fitting else None


def _ladders(levels: Iterable[Level], values: Mapping[str, Fraction]) -> dict[str, Any]:
    """The highest level of each ladder whose own conditions and all below hold, and what the next one lacks."""
    by_ladder: dict[str, list[Level]] = {}
    for level in levels:
        by_ladder.setdefault(level.ladder, []).append(level)
    reached: dict[str, Level | None] = {}
    lacking: list[Shortfall] = []
    for ladder, steps in by_ladder.items():
        reached[ladder] = None
        for step in steps:
            missing = _missing(step, values)
            if missing:
                lacking += missing
                break
            reached[ladder] = step
    return {"levels": reached, "shortfalls": tuple(lacking)}


def _missing(level: Level, values: Mapping[str, Fraction]) -> list[Shortfall]:
    return [
        Shortfall(level=level.id, subject=subject, value=values.get(subject), at_least=least)
        for subject, least in sorted(level.needs.items())
        if subject not in values or values[subject] < least
    ]


def _maturity(case: _Case) -> dict[str, Any]:
    standard, given = case.standard, _scores(case)
    branches = [shape(standard, case.industry, case.cut, level.number) for level in standard.levels]
    scored = [score(branch, given) for branch in branches]
    level_scores = tuple(each[""].score for each in scored)
    total = maturity_total(level_scores, standard.met_from)
    fitting = [level for level in standard.levels if total >= level.at_least]
    reached = fitting[-1] if fitting else None
    following = min(len(fitting), len(scored) - 1)
    answered = sum((each[""].answered for each in scored), _ZERO) / len(scored)
    lacking: tuple[Shortfall, ...] = ()
    if len(fitting) < len(standard.levels):
        above = standard.levels[len(fitting)]
        lacking = (
            Shortfall(
                level=above.id, subject="", value=level_scores[len(fitting)], at_least=standard.met_from
            ),
        )
    return {
        "total": total,
        "answered": answered,
        "founded": founded(branches, case.answers),
        "scores": scored[following],
        "level_scores": level_scores,
        "level_nodes": tuple(scored),
        "levels": {"": reached},
        "shortfalls": lacking,
    }


def maturity_total(level_scores: Iterable[Fraction], met_from: Fraction) -> Fraction:
    """Total S of GB/T 39117: levels met in unbroken order count 1 each, the first unmet one adds its score.

    Args:
        level_scores: from level 1, 0 to 1 each.
        met_from: score from which a level counts as met.
    """
    total = _ZERO
    for each in level_scores:
        if each < met_from:
            return total + each
        total += 1
    return total


def _requirements(case: _Case) -> dict[str, Any]:
    items = case.standard.items
    values = {i: answer.values[0] for i, answer in case.answers.items()}
    return {
        **_plain(case),
        **_ladders(case.standard.levels, {i.id: values[i.id] for i in items if i.id in values}),
    }


def _plain(case: _Case) -> dict[str, Any]:
    """Answered and founded where items count the same."""
    number = len(case.standard.items)
    shares = dict.fromkeys(Basis, _ZERO)
    for answer in case.answers.values():
        shares[answer.basis] += Fraction(1, number)
    return {"answered": Fraction(len(case.answers), number), "founded": shares}


def _indicators(case: _Case) -> dict[str, Any]:
    figures = []
    for item in case.standard.items:
        answer = case.answers.get(item.id)
        value = answer.values[0] if answer else None
        beside = tuple((r, None if value is None else value - r.value) for r in item.references)
        figures.append(Figure(item=item.id, value=value, beside=beside))
    return {**_plain(case), "figures": tuple(figures)}


def _index(case: _Case) -> dict[str, Any]:
    branch = shape(case.standard, case.industry, case.cut)
    name, total, scores = index_total(case.standard, branch, case.answers, case.normaliser)
    return {
        "total": total,
        "answered": scores[""].answered,
        "founded": _index_founded(branch, case.answers),
        "scores": scores,
        "normaliser": name,
    }


def _index_founded(branch: Branch, answers: Mapping[str, Answer]) -> dict[Basis, Fraction]:
    shares = dict.fromkeys(Basis, _ZERO)
    for child in branch.children:
        own = "" if child.node is None else child.node.id
        if own in answers:
            shares[answers[own].basis] += child.share
            continue
        for item, share in child.leaves():
            if item.id in answers:
                shares[answers[item.id].basis] += child.share * share
    return shares


_METHODS: Mapping[Method, Callable[[_Case], dict[str, Any]]] = {
    Method.STAGES: _stages,
    Method.MATURITY: _maturity,
    Method.REQUIREMENTS: _requirements,
    Method.INDEX: _index,
    Method.INDICATORS: _indicators,
}
