"""Request and response bodies of the calendar."""

from datetime import date
from typing import Any

from pydantic import Field

from chejian_cloud.calendar.plan import VersionPlan
from chejian_cloud.jsontypes import Clock, Moment, Out, Time
from chejian_cloud.reasons.schemas import In, UserName


class CalendarWindow(Out):
    """A shift or a planned stop on the time axis."""

    kind: str = Field(examples=["shift"], description="shift, planned_stop or planned_maintenance")
    code: str | None = Field(examples=["A"], description="Code of the shift.")
    name_zh: str = Field(examples=["白班"])
    name_en: str = Field(examples=["Day shift"])
    start: Moment
    end: Moment


class VersionIn(VersionPlan):
    """What a calendar says from a date on."""

    user_name: UserName


class DayIn(In):
    """Shifts of one date."""

    shifts: list[str] = Field(
        max_length=12, examples=[["A"]], description="Codes of the shifts that are worked; empty: none."
    )
    name_zh: str = ""
    name_en: str = ""
    user_name: UserName


class SpanIn(In):
    """A span of time that differs."""

    start: Time
    end: Time
    kind: str = Field(
        examples=["overtime"], description="overtime, closed, planned_stop or planned_maintenance"
    )
    name_zh: str = ""
    name_en: str = ""
    user_name: UserName


class PlainShift(Out):
    """A shift of every day before the first version."""

    code: str
    name_zh: str
    name_en: str
    start: Clock
    end: Clock


class PlainStop(Out):
    """A planned stop of every day before the first version."""

    name_zh: str
    name_en: str
    start: Clock
    end: Clock


class VersionOut(Out):
    """A version."""

    valid_from: date
    definition: dict[str, Any]
    user_name: str
    changed_at: Moment


class DayOut(Out):
    """A date that differs."""

    day: date
    shifts: list[str]
    name_zh: str
    name_en: str
    user_name: str
    changed_at: Moment


class SpanOut(Out):
    """A span that differs."""

    calendar_span_id: int
    start: Moment
    end: Moment
    kind: str
    name_zh: str
    name_en: str
    user_name: str
    changed_at: Moment


class CalendarOut(Out):
    """A calendar with everything that it says."""

    calendar_id: int
    code: str
    timezone: str
    shifts: list[PlainShift]
    planned_stops: list[PlainStop]
    versions: list[VersionOut]
    days: list[DayOut]
    spans: list[SpanOut]
