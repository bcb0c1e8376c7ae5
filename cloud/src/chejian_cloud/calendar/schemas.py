"""Response bodies of the calendar."""

from pydantic import Field

from chejian_cloud.jsontypes import Moment, Out


class CalendarWindow(Out):
    """A shift or a planned stop on the time axis."""

    kind: str = Field(examples=["shift"], description="shift or planned_stop")
    code: str | None = Field(examples=["A"], description="Code of the shift.")
    name_zh: str = Field(examples=["白班"])
    name_en: str = Field(examples=["Day shift"])
    start: Moment
    end: Moment
