"""What holds for any answers: scores rise with answers, stay in range when nodes are cut, and do not know their order."""

import random
from collections.abc import Iterable
from fractions import Fraction

import pytest
from chejian_analytics.assessment import (
    Answer,
    Basis,
    Method,
    Scale,
    Standard,
    assess,
    declare,
    load_standards,
)
from chejian_analytics.assessment.tree import shape
from hypothesis import given, settings
from hypothesis import strategies as st

STANDARDS = [s for s in load_standards() if s.method in {Method.STAGES, Method.MATURITY, Method.REQUIREMENTS}]
ANY = pytest.mark.parametrize("standard", STANDARDS, ids=lambda s: s.id)
TREES = pytest.mark.parametrize(
    "standard", [s for s in STANDARDS if s.method is not Method.REQUIREMENTS], ids=lambda s: s.id
)
FEW = settings(max_examples=15)


def values(standard: Standard, scale: Scale) -> st.SearchStrategy[Fraction]:
    """Any answer of a scale."""
    by_scale = {
        Scale.GRADES: st.sampled_from(standard.grades or (Fraction(0),)),
        Scale.SHARE: st.integers(0, 100).map(lambda n: Fraction(n, 100)),
        Scale.SCORE: st.integers(0, 100).map(Fraction),
        Scale.YES_NO: st.integers(0, 1).map(Fraction),
        Scale.LEVEL: st.integers(0, 5).map(Fraction),
    }
    return by_scale[scale]


def some_answers(data: st.DataObject, standard: Standard) -> list[Answer]:
    """Answers to any part of the items; the values come from a few draws, which is quick."""
    seed = data.draw(st.integers(0, 2**32))
    rng = random.Random(seed)
    part = data.draw(st.sampled_from((0.2, 0.7, 1.0)))
    pools = {
        scale: data.draw(st.lists(values(standard, scale), min_size=3, max_size=3))
        for scale in {item.scale for item in standard.items}
    }
    return [
        declare(item.id, rng.choice(pools[item.scale])) for item in standard.items if rng.random() <= part
    ]


def cuts(data: st.DataObject, standard: Standard) -> list[str]:
    may = [node.id for node in standard.nodes if node.may_be_cut]
    return data.draw(st.lists(st.sampled_from(may), unique=True, max_size=len(may) - 1)) if may else []


def rank(standard: Standard, answers: Iterable[Answer], cut: Iterable[str] = ()) -> list[Fraction | int]:
    """Everything that a better answer may not lower."""
    result = assess(standard, answers, industry="discrete", not_applicable=list(cut))
    levels = [level.number if level else 0 for _, level in sorted(result.levels.items())]
    return [*levels, result.total or 0, result.answered, *result.level_scores]


@ANY
@FEW
@given(data=st.data())
def test_a_better_answer_lowers_nothing(standard: Standard, data: st.DataObject) -> None:
    answers, cut = some_answers(data, standard), cuts(data, standard)
    item = data.draw(st.sampled_from(standard.items))
    old = next((answer for answer in answers if answer.item == item.id), None)
    better = data.draw(values(standard, item.scale).filter(lambda v: old is None or v >= old.values[0]))
    rest = [answer for answer in answers if answer.item != item.id]
    before, after = rank(standard, answers, cut), rank(standard, [*rest, declare(item.id, better)], cut)
    assert all(a >= b for a, b in zip(after, before, strict=True)), (before, after)


@TREES
@FEW
@given(data=st.data())
def test_cut_nodes_leave_shares_that_sum_to_one_and_scores_in_range(
    standard: Standard, data: st.DataObject
) -> None:
    answers, cut = some_answers(data, standard), cuts(data, standard)
    level = 1 if standard.method is Method.MATURITY else 0
    branch = shape(standard, "discrete", cut, level)
    leaves = list(branch.leaves())
    assert sum(share for _, share in leaves) == 1
    assert not {item.node for item, _ in leaves} & set(cut)
    result = assess(standard, answers, industry="discrete", not_applicable=cut)
    assert all(0 <= each.score <= 1 and 0 <= each.answered <= 1 for each in result.scores.values())
    best = assess(standard, full(standard), industry="discrete", not_applicable=cut)
    assert best.scores[""].score == 1
    assert sum(best.founded.values()) == 1 == best.answered


def full(standard: Standard) -> list[Answer]:
    return [declare(item.id, 100 if item.scale is Scale.SCORE else 1) for item in standard.items]


@ANY
@FEW
@given(data=st.data())
def test_the_order_of_answers_changes_nothing(standard: Standard, data: st.DataObject) -> None:
    answers = some_answers(data, standard)
    shuffled = data.draw(st.permutations(answers))
    assert assess(standard, answers, industry="discrete") == assess(standard, shuffled, industry="discrete")


@pytest.mark.parametrize("industry", ["discrete", "process"])
def test_known_sisters_sum_to_a_hundred(industry: str) -> None:
    checked = 0
    for standard in load_standards():
        for parent in {node.parent for node in standard.nodes}:
            weights = [n.weights.get(industry) for n in standard.nodes if n.parent == parent]
            if all(weight is not None for weight in weights):
                checked += 1
                assert sum(weight for weight in weights if weight is not None) == 100, (standard.id, parent)
    assert checked >= 4


def test_founded_tells_measured_from_declared() -> None:
    standard = load_standards().get("gbt39117-2020")
    result = assess(standard, [declare("sales.1", 1)], industry="discrete")
    assert result.founded[Basis.DECLARED] == Fraction("0.77") * Fraction("0.13") / 5
    assert result.founded[Basis.MEASURED] == 0
