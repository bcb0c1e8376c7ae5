"""Request and response bodies of scheduled reports."""

from typing import Annotated, Literal

from pydantic import Field

from chejian_cloud.jsontypes import Moment, Out
from chejian_cloud.reasons.schemas import In, UserName

Window = Literal["shift", "day", "month"]
Format = Literal["pdf", "xlsx"]
Language = Literal["zh", "en"]
DelayMinutes = Annotated[
    int,
    Field(
        ge=0,
        le=1440,
        examples=[15],
        description="[min] after the end of the window: late data come in, and people give reasons to stops.",
    ),
]
KeepDays = Annotated[int, Field(ge=1, le=3660, examples=[400], description="How long its reports are kept.")]


class ScheduleChange(In):
    """What may change of a schedule."""

    delay_minutes: DelayMinutes = 15
    keep_days: KeepDays = 400
    active: bool = True
    user_name: UserName


class ScheduleIn(ScheduleChange):
    """A new schedule: the report of each window that ends from now on."""

    workshop_id: Annotated[int, Field(ge=1, le=2**31 - 1, examples=[1])]
    window: Window = Field(examples=["shift"], description="By the workshop's own calendar.")
    format: Format = Field(
        default="pdf", description="pdf: the production report; xlsx: every KPI of each machine."
    )
    language: Language = "zh"


class ScheduleOut(Out):
    """A schedule."""

    report_schedule_id: int = Field(examples=[1])
    workshop_id: int = Field(examples=[1])
    workshop: str = Field(examples=["HRB-W1"], description="Code of the workshop.")
    window: Window
    format: Format
    language: Language
    delay_minutes: int = Field(examples=[15])
    keep_days: int = Field(examples=[400])
    active: bool
    since: Moment = Field(description="Windows that ended before it get no report.")
    changed_by: str = Field(examples=["王工"])
    changed_at: Moment


class ReportOut(Out):
    """The report of one window."""

    stored_report_id: int = Field(examples=[1])
    workshop_id: int = Field(examples=[1])
    workshop: str = Field(examples=["HRB-W1"], description="Code of the workshop.")
    window: Window
    format: Format
    language: Language
    start: Moment
    end: Moment
    state: Literal["due", "made", "failed"] = Field(
        description="due: it is to be made, or tried again; failed: given up, see `error`."
    )
    attempts: int = Field(examples=[0], description="Attempts that failed.")
    error: str = Field(examples=[""], description="What the last attempt failed with.")
    due_at: Moment
    made_at: Moment | None
    size: int | None = Field(examples=[48_213], description="[byte]")
    sha256: str | None = Field(
        examples=["9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"],
        description="Of the file; the audit journal holds it, too. A report that was made is never changed.",
    )
    keep_until: Moment = Field(description="When it is deleted.")
