"""Advice: what it promises holds when it is followed, and nothing smaller would do where answers are continuous."""

from collections.abc import Iterable
from fractions import Fraction

import pytest
from chejian_analytics.assessment import Answer, Basis, advise, assess, declare, load_standards, with_moves
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.analytics.assessment import golden

MATURITY = load_standards().get("gbt39117-2020")
STAGES = load_standards().get("gbt23020-2013")
WORKSHOP = load_standards().get("gbt37393-2019")
HEILONGJIANG = load_standards().get("recognition-heilongjiang-2025")
GRADES = st.sampled_from(MATURITY.grades)


@st.composite
def maturity_answers(draw: st.DrawFn) -> list[Answer]:
    """Level 1 met, level 2 with anything, from one to three requirements an item."""
    found = [declare(item.id, 1) for item in MATURITY.items if item.level == 1]
    answered = draw(st.lists(st.sampled_from([i.id for i in MATURITY.items if i.level == 2]), unique=True))
    return found + [declare(item, *draw(st.lists(GRADES, min_size=1, max_size=3))) for item in answered]


@settings(max_examples=20)
@given(maturity_answers())
def test_moves_reach_the_next_maturity_level_and_none_is_unneeded(answers: list[Answer]) -> None:
    advice = advise(MATURITY, answers, industry="discrete")
    assert advice.level is not None
    before = number_of(answers)
    assert number_of(with_moves(answers, advice.moves)) >= before + 1 == advice.level.number
    assert list(advice.moves) == sorted(advice.moves, key=lambda move: (move.change, move.item))
    for move in advice.alone:
        assert number_of(with_moves(answers, [move])) > before
    for left_out in advice.moves:
        rest = [move for move in advice.moves if move != left_out]
        assert number_of(with_moves(answers, rest)) == before


def number_of(answers: Iterable[Answer]) -> int:
    level = assess(MATURITY, answers, industry="discrete").level
    return 0 if level is None else level.number


def test_one_answer_that_suffices_is_asked_for_alone() -> None:
    """All of level 1 at 0.8 but sales: its share makes up for nothing else, and the other answers stay."""
    answers = [declare(item.id, 0.8) for item in MATURITY.items if item.level == 1 and item.node != "sales"]
    advice = advise(MATURITY, answers, industry="discrete")
    (move,) = advice.moves
    assert (move.item, move.values, move.before, move.basis) == ("sales.1", (Fraction(4, 5),), (), None)
    assert move.gain == Fraction("0.77") * Fraction("0.13") * Fraction("0.8")
    assert advice.alone == advice.moves


def test_stages_ask_each_aspect_for_what_it_lacks() -> None:
    """Continuous scores: the least total change is the greedy one, and it ends exactly at the limit."""
    case = golden.read("stages-start")
    answers = golden.answers_of(case)
    advice = advise(STAGES, answers, industry="discrete")
    assert advice.level is not None
    assert advice.level.id == "coverage"
    after = assess(STAGES, with_moves(answers, advice.moves), industry="discrete")
    assert after.level == advice.level
    assert after.scores["single"].score == Fraction(60, 100)
    # 13 leaves count the same: 0.1 of the aspect is 1.3 of answers; two go to 100, the third the rest of the way.
    assert sum(move.change for move in advice.moves) == Fraction(13, 10)
    assert sorted(move.change for move in advice.moves) == [Fraction(3, 10), Fraction(1, 2), Fraction(1, 2)]
    assert advice.alone == ()


def test_conditions_are_raised_to_what_is_asked_for() -> None:
    case = golden.read("workshop-short")
    advice = advise(WORKSHOP, golden.answers_of(case), industry="process")
    assert [(m.item, m.before, m.values, m.change) for m in advice.moves] == [
        ("digital_share", (Fraction("0.699"),), (Fraction("0.7"),), Fraction("0.001")),
        ("mes", (), (Fraction(1),), Fraction(1)),
    ]
    assert advice.alone == ()


def test_ladders_are_asked_for_by_name() -> None:
    answers = [declare("maturity_level", 1)]
    with pytest.raises(ValueError, match="ladder None; allowed: 'factory', 'workshop'"):
        advise(HEILONGJIANG, answers, industry="discrete")
    advice = advise(HEILONGJIANG, answers, industry="discrete", ladder="factory")
    (move,) = advice.moves
    assert (move.values, move.change, move.basis) == ((Fraction(3),), Fraction(2, 5), Basis.DECLARED)
    assert advice.alone == advice.moves


def test_at_the_top_there_is_no_next_level() -> None:
    answers = golden.answers_of(golden.read("maturity-all"))
    assert advise(MATURITY, answers, industry="discrete").level is None


def test_a_standard_without_levels_is_refused() -> None:
    with pytest.raises(ValueError, match="the standard has no levels"):
        advise(load_standards().get("penetration"), [], industry="discrete")
