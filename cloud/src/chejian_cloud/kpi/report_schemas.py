"""Response bodies of losses and explanations."""

from typing import Any

from pydantic import Field

from chejian_cloud.jsontypes import Moment, Number, Out
from chejian_cloud.kpi.schemas import KpiOut, KpiRevisionOut, KpiValueOut


class Amount(Out):
    """A time of a class, a state or a step."""

    name: str = Field(examples=["fault"])
    us: int = Field(
        examples=[1_800_000_000], description="[us]; negative speed loss: the ideal cycle is too long."
    )


class Bar(Out):
    """A bar of the Pareto chart."""

    code: str = Field(examples=["breakdown"], description="Code of the reason; '' where none was given.")
    name_zh: str
    name_en: str
    duration_us: int
    occurrences: int
    share: float
    cumulative: float


class SemiOut(Out):
    """The same time in the words of SEMI E10 and E79, whose base is total time; null: undefined."""

    states: list[Amount] = Field(description="Time of PRD, SBY, ENG, SDT, UDT and NST, and NO_DATA.")
    operational_uptime: Number = Field(description="E10: uptime / operations time.")
    operational_utilization: Number = Field(description="E10: productive time / operations time.")
    availability_efficiency: Number = Field(description="E79: uptime / total time.")
    operational_efficiency: Number = Field(description="E79: productive time / uptime.")
    rate_efficiency: Number = Field(description="E79: theoretical time of the items / productive time.")
    quality_efficiency: Number = Field(description="E79: theoretical time of good items / of all items.")
    oee: Number = Field(description="E79: theoretical time of good items / total time.")


class LossesOut(Out):
    """Where the time of a range went."""

    start: Moment
    end: Moment
    hours: int = Field(description="Stored machine-hours that the numbers are summed over.")
    completeness: Number = Field(
        description="Known part of the planned busy time; null: nothing was planned."
    )
    oee: Number
    availability: Number
    effectiveness: Number
    quality_ratio: Number
    flags: list[str]
    terms: dict[str, Any] = Field(description="Times [us] and counts, summed.")
    waterfall: list[Amount] = Field(description="Steps from calendar time to effective time; they sum to it.")
    six_big_losses: list[Amount]
    semi: SemiOut | None = Field(description="SEMI E10 and E79 over the stored hours; null without any.")
    pareto: list[Bar] = Field(description="Stop time by reason, greatest first.")
    states: list[Amount] = Field(description="Time of each machine state.")
    classes: list[Amount] = Field(description="Time of each class of time.")


class ExplainedInterval(Out):
    """A piece of the window with what it was taken for and why."""

    start: Moment
    end: Moment
    state: int
    state_name: str
    category: str
    loss: str
    reason: str | None
    reason_zh: str | None
    reason_en: str | None


class CycleUsed(Out):
    """An ideal cycle that was used."""

    seconds: float
    valid_from: Moment


class ExplainedProduct(Out):
    """What was made of one product, and what it should have taken."""

    product: str = Field(description="'' before the first product was told.")
    produced: int | None
    good: int | None
    scrap: int | None
    rework: int | None
    ideal_us: int = Field(description="Sum of PRI x PQ [us].")
    unknown_items: int = Field(description="Items without an ideal cycle.")
    cycles: list[CycleUsed]


class ExplainedCorrection(Out):
    """Items that an inspection moved."""

    time: Moment
    scrap: int
    rework: int


class ExplanationOut(Out):
    """How a number came about."""

    equipment_id: int
    code: str
    name_zh: str
    name_en: str
    timezone: str
    kpi: KpiOut
    value: KpiValueOut
    terms: dict[str, Any] = Field(description="Times [us] and counts of the window.")
    waterfall: list[Amount]
    from_samples: bool = Field(
        description="Whether samples are still kept; else intervals come from storage and counts by product are unknown."
    )
    agrees: bool | None = Field(
        description="Whether the samples give the stored value; null: they are not kept."
    )
    intervals: list[ExplainedInterval]
    products: list[ExplainedProduct]
    corrections: list[ExplainedCorrection]
    reasons: list[Bar]
    revisions: list[KpiRevisionOut]
