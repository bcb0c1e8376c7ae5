"""Response bodies of KPI sheets: every KPI of the registry for a machine, a line or a workshop."""

from typing import Any

from pydantic import Field

from chejian_cloud.jsontypes import Moment, Number, Out


class SheetKpi(Out):
    """A KPI with its value, or why it has none."""

    id: str = Field(examples=["mtbf"])
    name_zh: str
    name_en: str
    unit: str = Field(examples=["1"], description="1: a ratio.")
    clause: str
    formula: str
    formula_version: str | None = Field(description="null: it can't be computed yet.")
    scope: str = Field(examples=["window"], description="What one value is about; see `reason`.")
    value: Number
    numerator: Number
    denominator: Number
    completeness: Number = Field(
        default=None,
        description="Known planned busy time behind the value / planned busy time; null: not of this window.",
    )
    reason: str | None = Field(
        examples=["zero_denominator"],
        description=(
            "Why there is no value: the flag that explains it, `not_counted`, `zero_denominator`, `per_order` (see"
            " /orders/kpis), `per_line`, `no_inspections`, `per_characteristic`, `per_meter`, `not_delivered` (see `needs`)."
        ),
    )
    needs: str = Field(description="What it needs besides signals.")


class SheetMachine(Out):
    """A machine of the sheet; without a stored row for the window all numbers are null."""

    equipment_id: int
    code: str
    name_zh: str
    name_en: str
    line_id: int
    line: str
    position: int
    oee: Number
    availability: Number
    effectiveness: Number
    quality_ratio: Number
    mtbf: Number
    mttr: Number
    fall_off_ratio: Number = Field(
        description="Scrap of the machine of the items of the line's first station."
    )
    completeness: Number
    flags: list[str]


class SheetLine(Out):
    """OEE of a serial line, told at its bottleneck."""

    line_id: int
    code: str
    name_zh: str
    name_en: str
    bottleneck: list[str] = Field(description="Codes of the machines of the slowest station.")
    oee: Number = Field(description="PRI of the bottleneck x good items of the line / its planned busy time.")
    availability: Number
    effectiveness: Number
    quality_ratio: Number = Field(description="Good items of the line / items of the bottleneck.")
    starved_us: int
    blocked_us: int
    completeness: Number
    flags: list[str]


class SheetOut(Out):
    """Every KPI of one window, summed over the machines."""

    window: str = Field(examples=["shift"])
    start: Moment
    end: Moment | None = Field(description="null: no machine has a row for the window.")
    provisional: bool
    computed_at: Moment | None = Field(description="When the newest row was computed.")
    completeness: Number
    flags: list[str]
    uncounted: list[str] = Field(
        description="Codes of machines that count nothing: KPIs of counts are summed over the others."
    )
    terms: dict[str, Any] = Field(description="Times [us] and counts, summed over all machines.")
    kpis: list[SheetKpi]
    lines: list[SheetLine] = Field(description="The line, or the lines of the workshop.")
    machines: list[SheetMachine]
