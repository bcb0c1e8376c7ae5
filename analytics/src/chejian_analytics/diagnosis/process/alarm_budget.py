"""Alarm budget: how many alarms a machine may raise in a week, which are held back, and which never are.

An alarm that nobody can act on trains people to ignore the next one (ISA-18.2 and IEC 62682 set the same kind of limit per operator).
So probable alarms beyond the budget wait, visibly: they stay in the state with the reason. What is confirmed, or
grows, is raised whatever the budget says; the budget never hides damage that progresses.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

WEEK_US = 7 * 86_400_000_000
"""[us] Span over which raised alarms are counted: the week up to now, not the calendar's."""

BUDGET = 2
"""Alarms per machine and week that are not confirmed and do not grow."""

GROWTH = 1.5
"""An alarm grows when its score exceeds that of its first sight by this factor."""

Outcome = Literal["raised", "known", "held_back"]
"""``known``: raised before and not over; it is no new alarm."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A verdict that would be an alarm.

    Args:
        machine: equipment code.
        part: what is said to be wrong, with the channel where there is one; machine and part name the alarm.
        time_us: of the verdict [us since 1970 UTC].
        score: size of the finding, comparable for the same part over time, > 0.
        confirmed: whether the verdict's class is confirmed.
    """

    machine: str
    part: str
    time_us: int
    score: float
    confirmed: bool


@dataclass(frozen=True, slots=True)
class Alarm:
    """An alarm in the state.

    Args:
        machine: equipment code.
        part: what is wrong.
        first_us: first sight [us since 1970 UTC].
        first_score: score then.
        last_us: last sight.
        last_score: score then.
        raised_us: when it was raised, None while it is held back.
        charged: whether it used up budget: neither confirmed nor growing when it was raised.
    """

    machine: str
    part: str
    first_us: int
    first_score: float
    last_us: int
    last_score: float
    raised_us: int | None = None
    charged: bool = False


@dataclass(frozen=True, slots=True)
class Decision:
    """What happened to one candidate.

    Args:
        candidate: the candidate.
        outcome: raised now, known already, or held back.
        reason: ``confirmed``, ``growing``, ``within_budget``, ``already_raised`` or ``budget_spent``.
    """

    candidate: Candidate
    outcome: Outcome
    reason: Literal["confirmed", "growing", "within_budget", "already_raised", "budget_spent"]


def enforce(
    state: Sequence[Alarm], candidates: Iterable[Candidate], now_us: int, budget: int = BUDGET
) -> tuple[tuple[Alarm, ...], tuple[Decision, ...]]:
    """Decide on all candidates of one moment.

    Args:
        state: what the last call returned; empty at first.
        candidates: of any machines; of the same alarm the one with the highest score counts.
        now_us: the moment [us since 1970 UTC].
        budget: alarms per machine and week, >= 0.

    Returns:
        The new state, ordered by machine and part, without alarms that were not seen for a week; and a decision on each
        candidate that counts, the strongest first. The same arguments give the same result in whatever order the candidates come.
    """
    alarms = {(a.machine, a.part): a for a in state if a.last_us > now_us - WEEK_US}
    strongest: dict[tuple[str, str], Candidate] = {}
    for candidate in candidates:
        key = candidate.machine, candidate.part
        held = strongest.get(key)
        if held is None or _rank(candidate) > _rank(held):
            strongest[key] = candidate
    decisions = []
    for candidate in sorted(strongest.values(), key=_rank, reverse=True):
        key = candidate.machine, candidate.part
        seen = _seen(alarms.get(key), candidate)
        decision = _decide(seen, candidate, _spent(alarms.values(), candidate.machine, now_us), budget)
        if decision.outcome == "raised":
            seen = replace(seen, raised_us=now_us, charged=decision.reason == "within_budget")
        alarms[key] = seen
        decisions.append(decision)
    return tuple(alarm for _, alarm in sorted(alarms.items())), tuple(decisions)


def _rank(candidate: Candidate) -> tuple[bool, float, int, str, str]:
    return candidate.confirmed, candidate.score, candidate.time_us, candidate.machine, candidate.part


def _seen(alarm: Alarm | None, candidate: Candidate) -> Alarm:
    if alarm is None:
        score, time_us = candidate.score, candidate.time_us
        return Alarm(candidate.machine, candidate.part, time_us, score, time_us, score)
    return replace(alarm, last_us=candidate.time_us, last_score=candidate.score)


def _spent(alarms: Iterable[Alarm], machine: str, now_us: int) -> int:
    return sum(
        a.machine == machine and a.charged and a.raised_us is not None and a.raised_us > now_us - WEEK_US
        for a in alarms
    )


def _decide(alarm: Alarm, candidate: Candidate, spent: int, budget: int) -> Decision:
    if alarm.raised_us is not None:
        return Decision(candidate, "known", "already_raised")
    if candidate.confirmed:
        return Decision(candidate, "raised", "confirmed")
    if candidate.score >= GROWTH * alarm.first_score:
        return Decision(candidate, "raised", "growing")
    if spent < budget:
        return Decision(candidate, "raised", "within_budget")
    return Decision(candidate, "held_back", "budget_spent")
