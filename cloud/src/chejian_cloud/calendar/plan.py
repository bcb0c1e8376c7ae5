"""A calendar's versions as they are stored and told: plain tables, checked and turned into the analytics' calendar."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Annotated, Any

from chejian_analytics.kpi import (
    CalendarVersion,
    Rotation,
    Shift,
    ShiftCalendar,
    check_calendar,
    rotation_patterns,
)
from pydantic import Field, StringConstraints

from chejian_cloud.errors import InvalidValueError
from chejian_cloud.jsontypes import Day
from chejian_cloud.reasons.schemas import In

FIRST_DAY = date(1900, 1, 1)
"""Date from which the plain rows of a calendar hold."""
Clock = Annotated[
    str, StringConstraints(pattern=r"^([01]\d|2[0-3]):[0-5]\d(:[0-5]\d)?$"), Field(examples=["08:00"])
]
Code = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=50)]
Weekday = Annotated[int, Field(ge=1, le=7, examples=[1])]
COUNTRIES = ("CN",)
"""Countries whose public holidays are on file."""


class SpanPlan(In):
    """A wall-clock span of every day; an end not after the start is on the next day."""

    start: Clock
    end: Clock
    name_zh: str = ""
    name_en: str = ""


class ShiftPlan(SpanPlan):
    """A shift, with the breaks in it."""

    code: Code = Field(examples=["A"])
    breaks: list[SpanPlan] = Field(default=[], max_length=20)


class RotationPlan(In):
    """Rotating crews: a pattern that ships, and the date on which the first crew begins its cycle."""

    pattern: str = Field(examples=["4x3"])
    anchor: Day
    crews: list[Code] = Field(default=[], max_length=12, examples=[["A", "B", "C", "D"]])


class VersionPlan(In):
    """What a calendar says from a local date on."""

    shifts: list[ShiftPlan] = Field(max_length=12)
    workdays: list[Weekday] = Field(default=[1, 2, 3, 4, 5, 6, 7], description="ISO weekdays, Monday is 1.")
    holidays: str | None = Field(
        default=None, examples=["CN"], description="CN: public holidays with adjusted working days."
    )
    planned_stops: list[SpanPlan] = Field(default=[], max_length=20)
    rotation: RotationPlan | None = None


def version_of(valid_from: date, definition: Mapping[str, Any]) -> CalendarVersion:
    """The analytics' version of a stored definition.

    Raises:
        InvalidValueError: for an unknown pattern or country, or crews that don't fit.
    """
    plan = VersionPlan.model_validate(definition)
    if plan.holidays is not None and plan.holidays not in COUNTRIES:
        raise InvalidValueError("holidays", plan.holidays, ", ".join(COUNTRIES))
    return CalendarVersion(
        valid_from,
        tuple(Shift(s.code, s.start, s.end, tuple((b.start, b.end) for b in s.breaks)) for s in plan.shifts),
        workdays=frozenset(plan.workdays),
        holidays=plan.holidays,
        planned_stops=tuple((p.start, p.end) for p in plan.planned_stops),
        rotation=None if plan.rotation is None else _rotation(plan.rotation, len(plan.shifts)),
    )


def check_codes(plan: VersionPlan) -> None:
    """Refuse shifts of equal code.

    Raises:
        InvalidValueError: names the codes.
    """
    codes = [s.code for s in plan.shifts]
    if len(set(codes)) != len(codes):
        raise InvalidValueError("shifts", codes, "codes that differ")


def check_overlap(calendar: ShiftCalendar, days: Sequence[date], value: object) -> None:
    """Refuse a calendar whose shifts overlap around some dates, e.g. those of one version and the one before.

    Raises:
        InvalidValueError: names both shifts.
    """
    try:
        check_calendar(calendar, days)
    except ValueError as error:
        raise InvalidValueError("shifts", value, f"shifts that do not overlap; {error}") from error


def _rotation(plan: RotationPlan, shifts: int) -> Rotation:
    patterns = rotation_patterns()
    if plan.pattern not in patterns:
        raise InvalidValueError("rotation.pattern", plan.pattern, ", ".join(patterns))
    pattern = patterns[plan.pattern]
    if pattern.shifts != shifts:
        raise InvalidValueError("rotation.pattern", plan.pattern, f"a pattern of {shifts} shifts")
    try:
        return pattern.starting(plan.anchor, plan.crews)
    except ValueError as error:
        raise InvalidValueError("rotation.crews", plan.crews, str(error)) from error
