"""Dynamic evaluation: where a target stands, whether it will be met, and why that is said."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from itertools import pairwise

from chejian_analytics.assessment.programme.plan import Kind, Target

_TINY = 1e-9
"""Relative room for the rounding of floats when a value is held against the line."""


class Status(StrEnum):
    """Where a target stands."""

    MET = "met"
    """Reached."""
    ON_TRACK = "on track"
    """On the plan line or better, and the data is good enough to say so."""
    AT_RISK = "at risk"
    """Behind, too slow, or the data does not carry the statement; the reasons say which."""
    MISSED = "missed"
    """Observed when due, or later, and not reached."""
    OPEN = "open"
    """Not reached, and there is no line to judge by."""
    NO_DATA = "no data"
    """Nothing was observed."""


class Why(StrEnum):
    """Why a status is given; `value` and `limit` of a reason are of the kind told here."""

    BEHIND_LINE = "behind plan line"
    """Value observed; value of the line on that day."""
    TOO_SLOW = "pace too slow"
    """Value on the due day at the pace since the baseline; target."""
    WRONG_DIRECTION = "wrong direction"
    """Value observed; value before."""
    STALE = "stale"
    """Days since the last observation; most days allowed."""
    INCOMPLETE = "incomplete"
    """Completeness of the last observation; least allowed."""
    MOSTLY_DECLARED = "mostly declared"
    """Measured share of the last observation; least allowed."""
    NOT_SEEN_WHEN_DUE = "not observed when due"
    """Days from the last observation to the due day; 0."""
    NO_BASELINE = "no baseline"
    """0; target. The plan line can't be drawn: enter the baseline."""


@dataclass(frozen=True, slots=True)
class Reason:
    """One reason.

    Attributes:
        why: kind.
        value: what is.
        limit: what it is held against.
    """

    why: Why
    value: float
    limit: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """A value of a target on a day.

    Attributes:
        day: on which it holds.
        value: in the target's unit.
        completeness: of what it was made of, 0 to 1.
        measured: share of it that telemetry measured, 0 to 1; the rest was declared.
    """

    day: date
    value: float
    completeness: float = 1.0
    measured: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """When data carries a statement; all are project defaults.

    Attributes:
        stale_days: most days since the last observation.
        completeness: least completeness.
        measured: least measured share; 0 where telemetry has no part in it.
    """

    stale_days: int = 120
    completeness: float = 0.8
    measured: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """Where a target stands on a day.

    Attributes:
        target: its id.
        day: of the evaluation.
        status: in one word.
        reasons: why; () where it is met or on track.
        value: last observation on or before the day; None: none.
        planned: of the plan line on the day of that observation; None: no line.
        progress: part of the way from baseline to target, may exceed 1; None: no baseline or no number.
        projected: on the due day at the pace since the baseline; None: no line, or no time passed.
        required: change a year that is still needed; for kind "change" a yearly rate, for "rate" the mean yearly rate
            of the years left; None: reached, due, or no line.
    """

    target: str
    day: date
    status: Status
    reasons: tuple[Reason, ...] = ()
    value: float | None = None
    planned: float | None = None
    progress: float | None = None
    projected: float | None = None
    required: float | None = None


_DEFAULTS = Rules()


def evaluate(
    target: Target, observations: Sequence[Observation], *, on: date, rules: Rules = _DEFAULTS
) -> Evaluation:
    """Evaluate one target.

    Args:
        target: of the plan.
        observations: in any order, one a day at most; later ones than `on` are left out.
        on: day of the evaluation.
        rules: when data carries a statement.

    Raises:
        ValueError: two observations on one day.
    """
    known = sorted((each for each in observations if each.day <= on), key=lambda each: each.day)
    for before, after in pairwise(known):
        if before.day == after.day:
            raise ValueError(f"{target.id}: two observations on {after.day}; allowed: one a day")
    if not known:
        return Evaluation(target=target.id, day=on, status=Status.NO_DATA)
    doubts = _doubts(known[-1], on, rules)
    if target.kind is Kind.TREND:
        return _trend(target, known, on, doubts)
    return _numbered(target, known[-1], on, doubts)


def _doubts(last: Observation, on: date, rules: Rules) -> list[Reason]:
    found = []
    age = (on - last.day).days
    if age > rules.stale_days:
        found.append(Reason(Why.STALE, age, rules.stale_days))
    if last.completeness < rules.completeness:
        found.append(Reason(Why.INCOMPLETE, last.completeness, rules.completeness))
    if last.measured < rules.measured:
        found.append(Reason(Why.MOSTLY_DECLARED, last.measured, rules.measured))
    return found


def _trend(target: Target, known: Sequence[Observation], on: date, doubts: list[Reason]) -> Evaluation:
    last = known[-1]
    before = target.baseline if target.baseline is not None else known[0].value
    if target.baseline is None and len(known) == 1:
        return Evaluation(
            target=target.id,
            day=on,
            status=Status.OPEN,
            value=last.value,
            reasons=(Reason(Why.NO_BASELINE, 0, 0),),
        )
    better = last.value > before if target.up else last.value < before
    reasons = [*([] if better else [Reason(Why.WRONG_DIRECTION, last.value, before)]), *doubts]
    return Evaluation(
        target=target.id,
        day=on,
        status=Status.AT_RISK if reasons else Status.ON_TRACK,
        reasons=tuple(reasons),
        value=last.value,
    )


def _numbered(target: Target, last: Observation, on: date, doubts: list[Reason]) -> Evaluation:
    goal = 0.0 if target.value is None else target.value
    line = _Line(target, goal)
    planned = line.at(last.day)
    projected = line.projected(last)
    behind: list[Reason] = []
    if planned is not None and not _reaches(target, last.value, planned):
        behind.append(Reason(Why.BEHIND_LINE, last.value, planned))
    if projected is not None and not _reaches(target, projected, goal):
        behind.append(Reason(Why.TOO_SLOW, projected, goal))
    end = date(target.due_year, 12, 31)
    due = last.day >= end
    reached = _reaches(target, last.value, goal) and (due or target.kind not in {Kind.CHANGE, Kind.RATE})
    if reached and target.kind in {Kind.COUNT, Kind.PROJECT}:
        # What was counted or built stays so, however long ago that was seen.
        doubts = [doubt for doubt in doubts if doubt.why is not Why.STALE]
    elif on > end > last.day:
        doubts = [Reason(Why.NOT_SEEN_WHEN_DUE, (end - last.day).days, 0), *doubts]
    status, reasons = _status(target, reached=reached, due=due, behind=behind, doubts=doubts, planned=planned)
    return Evaluation(
        target=target.id,
        day=on,
        status=status,
        reasons=reasons,
        value=last.value,
        planned=planned,
        progress=line.progress(last.value),
        projected=projected,
        required=None if reached else line.required(last),
    )


def _status(
    target: Target,
    *,
    reached: bool,
    due: bool,
    behind: list[Reason],
    doubts: list[Reason],
    planned: float | None,
) -> tuple[Status, tuple[Reason, ...]]:
    if reached and not doubts:
        return Status.MET, ()
    if due and not reached:
        return Status.MISSED, (*behind, *doubts)
    if reached or (planned is not None and (behind or doubts)):
        return Status.AT_RISK, (*behind, *doubts)
    if planned is None and target.kind is Kind.PROJECT:
        return Status.OPEN, tuple(doubts)
    if planned is None:
        missing = Reason(Why.NO_BASELINE, 0, 0.0 if target.value is None else target.value)
        return Status.OPEN, (missing, *doubts)
    return Status.ON_TRACK, ()


def _reaches(target: Target, value: float, limit: float) -> bool:
    room = abs(limit) * _TINY
    return value >= limit - room if target.up else value <= limit + room


@dataclass(frozen=True, slots=True)
class _Line:
    """The plan line of a target, from the end of the base year to the end of the due year."""

    target: Target
    goal: float

    @property
    def _base(self) -> float | None:
        if self.target.kind is Kind.PROJECT:
            return None
        return 0.0 if self.target.kind is Kind.CHANGE else self.target.baseline

    @property
    def _years(self) -> float:
        return float(self.target.due_year - self.target.base_year)

    def _passed(self, day: date) -> float:
        """Years since the end of the base year; whole ones exactly on New Year's Eve."""
        start = date(day.year - 1, 12, 31)
        length = (date(day.year, 12, 31) - start).days
        return day.year - 1 - self.target.base_year + (day - start).days / length

    def at(self, day: date) -> float | None:
        if self.target.kind is Kind.RATE:
            return self.goal
        base, passed = self._base, min(max(self._passed(day), 0.0), self._years)
        if base is None:
            return None
        if self.target.kind is Kind.CHANGE:
            return float((1 + self.goal) ** (passed / self._years)) - 1
        return base + (self.goal - base) * passed / self._years

    def projected(self, last: Observation) -> float | None:
        base, passed = self._base, self._passed(last.day)
        if self.target.kind is Kind.RATE or base is None or passed <= 0:
            return None
        if self.target.kind is Kind.CHANGE:
            return float((1 + last.value) ** (self._years / passed)) - 1
        return base + (last.value - base) * self._years / passed

    def progress(self, value: float) -> float | None:
        base = self._base
        if self.target.kind is Kind.RATE:
            return value / self.goal if self.goal else None
        return None if base is None or self.goal == base else (value - base) / (self.goal - base)

    def required(self, last: Observation) -> float | None:
        left = self._years - self._passed(last.day)
        if left <= 0 or (self._base is None and self.target.kind is not Kind.RATE):
            return None
        if self.target.kind is Kind.CHANGE:
            return float(((1 + self.goal) / (1 + last.value)) ** (1 / left)) - 1
        if self.target.kind is Kind.RATE:
            total = (1 + self.goal) ** self._years / (1 + last.value) ** (self._years - left)
            return float(total ** (1 / left)) - 1
        return (self.goal - last.value) / left
