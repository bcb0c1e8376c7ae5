"""Response bodies of what became of orders."""

from pydantic import Field

from chejian_cloud.jsontypes import Moment, Number, Out


class OrderKpi(Out):
    """A KPI of an order, or why it has no value."""

    id: str = Field(examples=["throughput_rate"])
    name_zh: str
    name_en: str
    unit: str = Field(examples=["1/h"])
    clause: str
    formula: str
    formula_version: str
    value: Number
    numerator: Number
    denominator: Number
    reason: str | None = Field(
        description="not_begun, not_counted, no_planned_scrap or zero_denominator; null: there is a value."
    )


class OrderResultOut(Out):
    """An order on one work unit, planned against actual. Times are microseconds; null: not told, or not begun."""

    code: str = Field(examples=["MO-20260302-01"])
    equipment_id: int
    equipment: str = Field(examples=["CNC-01"])
    line_id: int
    line: str = Field(examples=["L1"])
    workshop: str = Field(examples=["HRB-W1"])
    product: str = Field(examples=["SHAFT-A"], description="'' when nobody told it.")
    quantity: int | None = Field(description="Planned quantity (POQ); null: no system planned this order.")
    planned_start: Moment | None
    planned_end: Moment | None
    setup_seconds: float | None = Field(description="Planned setup time (PSUT) [s].")
    planned_scrap: int | None = Field(description="Planned scrap quantity (PSQ); null: not planned.")
    planned_execution_us: int | None = Field(
        default=None, description="POET = PRI x POQ + PSUT; null without an ideal cycle."
    )
    pri_us: int | None = Field(default=None, description="Ideal cycle of the product at the start (PRI).")
    start: Moment | None = None
    end: Moment | None = Field(default=None, description="null: in work, or not begun.")
    produced: int | None = Field(default=None, description="PQ")
    good: int | None = Field(default=None, description="GQ")
    scrap: int | None = Field(default=None, description="SQ")
    rework: int | None = Field(default=None, description="RQ")
    ideal_us: int | None = Field(default=None, description="PRI x PQ: what the items should have taken.")
    aoet_us: int | None = Field(default=None, description="Actual order execution time: end - start.")
    pbt_us: int | None = Field(
        default=None, description="Known planned busy time between start and end: AUBT + ADOT."
    )
    aubt_us: int | None = Field(default=None, description="Actual unit busy time: APT + AUST + ADET.")
    apt_us: int | None = None
    aust_us: int | None = None
    adet_us: int | None = None
    no_data_us: int | None = None
    completeness: Number = None
    flags: list[str] = Field(default_factory=list)
    kpis: list[OrderKpi]
