"""The monthly bulletin as JSON."""

from datetime import date

from pydantic import Field

from chejian_cloud.jsontypes import Moment, Out
from chejian_cloud.programme.schemas import CityCountsOut, ConcernOut, ReasonOut, ReportingOut


class BulletinTargetOut(Out):
    """A target at the end of the month, beside the month before and the plan's line."""

    id: str
    name_zh: str
    name_en: str
    unit: str
    kind: str
    value: float | None
    before: float | None = Field(description="At the end of the month before.")
    planned: float | None = Field(description="The plan's line on the last day.")
    goal: float | None
    due_year: int
    status: str
    reasons: list[ReasonOut]


class MoveOut(Out):
    """A workshop of which the rank or the total changed within the month; `rank_before` null: it is new in the ranking."""

    programme_entry_id: int
    code: str
    name_zh: str
    name_en: str
    city_code: str
    rank: int
    rank_before: int | None
    total: float | None
    total_before: float | None


class MonthlyOut(Out):
    """An indicator of all workshops together in the month."""

    indicator: str
    unit: str
    value: float | None
    before: float | None = Field(description="Of the month before.")
    baseline: float | None
    completeness: float | None


class AtRiskOut(Out):
    """A workshop with what speaks against it."""

    programme_entry_id: int
    code: str
    name_zh: str
    name_en: str
    city_code: str
    concerns: list[ConcernOut]


class BulletinOut(Out):
    """What a month brought."""

    month: str = Field(examples=["2026-10"])
    first: date
    last: date = Field(description="Last day that is told of: of the month, or today.")
    provisional: bool = Field(description="The month has not ended yet.")
    plan: str
    plan_zh: str
    plan_en: str
    standard: str = Field(description="That workshops are ranked by.")
    standard_zh: str
    standard_en: str
    workshops: int
    ranked: int
    targets: list[BulletinTargetOut]
    cities: list[CityCountsOut]
    indicators: list[MonthlyOut]
    moves: list[MoveOut] = Field(description="Most places gained or lost first, then new ones.")
    at_risk: list[AtRiskOut] = Field(description="Most concerns first.")
    stale: list[ReportingOut] = Field(description="The longest silent first.")
    looked_at: Moment = Field(
        description="When `stale`, contradictions and milestones were looked at: who reported when is not kept for the past."
    )
