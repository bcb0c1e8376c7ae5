"""Which answers would lead to the next level, the least change first.

A score is a sum of answers times their shares, so the least total change that lifts it takes the answers with the
greatest share first. Where answers come in steps (grades, yes or no) the plan is that order, the last step the smallest
that suffices and steps that turn out unneeded taken back: at most one step above the least total change.
Effort and cost are unknown here: a change is counted in parts of an answer's scale.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction

from chejian_analytics.assessment.answers import Answer, Basis, by_item
from chejian_analytics.assessment.definition import Item, Level, Method, Scale, Standard
from chejian_analytics.assessment.rating import assess, item_score
from chejian_analytics.assessment.result import Assessment
from chejian_analytics.assessment.tree import Branch, score, shape

_ZERO = Fraction(0)
_ONE = Fraction(1)
_TOP = {Scale.SCORE: Fraction(100), Scale.LEVEL: Fraction(5)}
"""Greatest answer of scales that do not end at 1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """A change of one answer.

    Attributes:
        item: whose.
        values: what it would have to be.
        before: what it is; () where there is none.
        change: sum of the changes in parts of the scale, averaged over the requirements of a graded item; 0 to 1.
        gain: what it adds to the score of the level or aspect in question, 0 to 1; 0 for a condition of its own.
        basis: of the present answer; None where there is none.
    """

    item: str
    values: tuple[Fraction, ...]
    before: tuple[Fraction, ...]
    change: Fraction
    gain: Fraction
    basis: Basis | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Advice:
    """How to reach the next level of a ladder.

    Attributes:
        level: the next one; None where the highest is reached.
        moves: together they reach it, least change first; () where answers within their scales cannot.
        alone: moves of which each one reaches it by itself, least change first.
        reachable: whether the moves reach it.
    """

    level: Level | None
    moves: tuple[Move, ...] = ()
    alone: tuple[Move, ...] = ()
    reachable: bool = True


@dataclass(frozen=True, slots=True)
class _Goal:
    """Items with their shares of a score, and what the score has to rise by; a condition names its answer instead."""

    items: tuple[tuple[Item, Fraction], ...]
    deficit: Fraction
    condition: Fraction | None = None


def advise(
    standard: Standard,
    answers: Iterable[Answer],
    *,
    industry: str,
    not_applicable: Collection[str] = (),
    ladder: str | None = None,
) -> Advice:
    """What would lead to the next level.

    Args:
        standard: with levels.
        answers: present ones, in any order.
        industry: one of the standard's.
        not_applicable: ids of nodes that are cut.
        ladder: of the level; may be left out where there is one.

    Raises:
        ValueError: the standard has no levels, or several ladders and none is named; also all of `assess`.
    """
    given = by_item(standard, answers)
    result = assess(standard, given.values(), industry=industry, not_applicable=not_applicable)
    chosen = _ladder(result, ladder)
    above = _above(standard, result, chosen)
    if above is None:
        return Advice(level=None)
    goals = _goals(standard, result, above, given)
    if goals is None:
        return Advice(level=above, reachable=False)
    plans = [_plan(standard, goal, given) for goal in goals]
    if any(plan is None for plan in plans):
        return Advice(level=above, reachable=False)
    moves = [move for plan in plans if plan is not None for move in plan]
    alone = _alone(standard, goals[0], given) if len(goals) == 1 else []
    return Advice(level=above, moves=_by_change(moves), alone=_by_change(alone))


def _ladder(result: Assessment, ladder: str | None) -> str:
    if (
        not result.levels
        or (ladder is None and len(result.levels) > 1)
        or ladder not in {None, *result.levels}
    ):
        raise ValueError(
            f"{result.standard.id}: ladder {ladder!r}; allowed: "
            f"{', '.join(map(repr, result.levels)) or 'none, the standard has no levels'}"
        )
    return next(iter(result.levels)) if ladder is None else ladder


def _above(standard: Standard, result: Assessment, ladder: str) -> Level | None:
    reached = result.levels[ladder]
    rank = 0 if reached is None else reached.number
    return next((each for each in standard.levels if each.ladder == ladder and each.number > rank), None)


def _by_change(moves: Iterable[Move]) -> tuple[Move, ...]:
    return tuple(sorted(moves, key=lambda move: (move.change, move.item)))


def _goals(
    standard: Standard, result: Assessment, above: Level, answers: Mapping[str, Answer]
) -> list[_Goal] | None:
    """What has to rise; None where something is asked for that does not apply."""
    if standard.method is Method.MATURITY:
        branch = shape(standard, result.industry, result.not_applicable, above.number)
        return [_goal(branch, answers, standard.met_from)]
    if standard.method is Method.REQUIREMENTS:
        items = {item.id: item for item in standard.items}
        return [
            _Goal(((items[name], _ONE),), _ONE, condition=least)
            for name, least in sorted(above.needs.items())
            if name not in answers or answers[name].values[0] < least
        ]
    limits = {Fraction(each.number): each.at_least / 100 for each in standard.bands}
    root = shape(standard, result.industry, result.not_applicable)
    goals = []
    for aspect, number in sorted(above.needs.items()):
        found = root.find(aspect)
        if found is None:
            return None
        goals.append(_goal(found, answers, limits[number]))
    return [goal for goal in goals if goal.deficit > 0]


def _goal(branch: Branch, answers: Mapping[str, Answer], at_least: Fraction) -> _Goal:
    shares = tuple(branch.leaves())
    scores = {
        item.id: item_score(item.scale, answers[item.id].values) for item, _ in shares if item.id in answers
    }
    own = "" if branch.node is None else branch.node.id
    return _Goal(shares, at_least - score(branch, scores)[own].score)


def _plan(standard: Standard, goal: _Goal, answers: Mapping[str, Answer]) -> list[Move] | None:
    """Moves that lift a score by its deficit; None where all answers at their best do not."""
    if goal.condition is not None:
        return [_condition(goal, goal.condition, answers)]
    left, moves = goal.deficit, []
    for item, share in sorted(goal.items, key=lambda each: (-each[1], each[0].id)):
        if left <= 0:
            break
        move = _raise(standard, item, share, left, answers.get(item.id))
        if move is not None:
            moves.append(move)
            left -= move.gain
    if left > 0:
        return None
    for move in sorted(moves, key=lambda each: -each.change):
        if move.gain <= -left:
            moves.remove(move)
            left += move.gain
    return moves


def _alone(standard: Standard, goal: _Goal, answers: Mapping[str, Answer]) -> list[Move]:
    if goal.condition is not None:
        return [_condition(goal, goal.condition, answers)]
    found = [_raise(standard, item, share, goal.deficit, answers.get(item.id)) for item, share in goal.items]
    return [move for move in found if move is not None and move.gain >= goal.deficit]


def _condition(goal: _Goal, least: Fraction, answers: Mapping[str, Answer]) -> Move:
    """An answer raised to what a condition asks for; of a quantity the scale ends there."""
    ((item, _),) = goal.items
    answer = answers.get(item.id)
    before = answer.values[0] if answer else _ZERO
    top = least if item.scale is Scale.QUANTITY else _TOP.get(item.scale, _ONE)
    return Move(
        item=item.id,
        values=(least,),
        before=() if answer is None else answer.values,
        change=(least - before) / top,
        gain=_ZERO,
        basis=answer.basis if answer else None,
    )


def _raise(
    standard: Standard, item: Item, share: Fraction, deficit: Fraction, answer: Answer | None
) -> Move | None:
    """The smallest raise of an answer that gives the deficit, or the greatest that there is; None where there is none."""
    before = answer.values if answer else ()
    values = before or (_ZERO,)
    wanted = deficit / share
    if item.scale is Scale.GRADES:
        after = _raised_grades(standard, values, wanted * len(values))
    elif item.scale is Scale.YES_NO:
        after = (_ONE,)
    else:
        top = _TOP.get(item.scale, _ONE)
        after = (min(top, values[0] + wanted * top),)
    change = item_score(item.scale, after) - item_score(item.scale, values)
    if change <= 0:
        return None
    return Move(
        item=item.id,
        values=after,
        before=before,
        change=change,
        gain=change * share,
        basis=answer.basis if answer else None,
    )


def _raised_grades(
    standard: Standard, values: tuple[Fraction, ...], wanted: Fraction
) -> tuple[Fraction, ...]:
    """Grades raised by at least a sum, the lowest first, each by the smallest step that suffices."""
    after = list(values)
    for index in sorted(range(len(values)), key=lambda i: values[i]):
        if wanted <= 0:
            break
        steps = [grade for grade in standard.grades if grade > after[index]]
        if steps:
            best = next((grade for grade in steps if grade - after[index] >= wanted), steps[-1])
            wanted -= best - after[index]
            after[index] = best
    return tuple(after)


def with_moves(answers: Iterable[Answer], moves: Iterable[Move]) -> tuple[Answer, ...]:
    """Answers after the moves, as declared ones: what `assess` says of them is what the moves promise."""
    kept = {answer.item: answer for answer in answers}
    for move in moves:
        old = kept.get(move.item, Answer(item=move.item, values=()))
        kept[move.item] = replace(
            old, values=move.values, basis=Basis.DECLARED, attachments=(), indicator=None
        )
    return tuple(kept.values())
