"""Response bodies of KPIs."""

from typing import Any

from pydantic import Field

from chejian_cloud.jsontypes import Moment, Number, Out


class KpiOut(Out):
    """What a KPI is."""

    id: str = Field(examples=["oee"])
    name_zh: str = Field(examples=["设备综合效率"])
    name_en: str = Field(examples=["Overall equipment effectiveness"])
    unit: str = Field(examples=["1"])
    clause: str = Field(examples=["ISO 22400-2:2014, overall equipment effectiveness index"])
    formula: str
    formula_version: str = Field(examples=["1"])
    inputs: list[str] = Field(examples=[["machine_state", "good_count"]], description="Roles of the signals.")


class KpiValueOut(Out):
    """One KPI in one window; never without its completeness, inputs and formula version."""

    kpi: str = Field(examples=["oee"])
    window: str = Field(examples=["shift"], validation_alias="window_kind", description="hour, shift or day")
    start: Moment
    end: Moment
    value: Number = Field(examples=[0.7544], description="null: undefined, see flags")
    numerator: Number
    denominator: Number
    completeness: Number = Field(
        examples=[1.0], description="Known part of the planned busy time; null without planned busy time."
    )
    flags: list[str] = Field(examples=[["mixed_products"]])
    formula_version: str = Field(examples=["1"])
    provisional: bool = Field(description="true while the window is open; the value covers its elapsed part")
    inputs: dict[str, Any] = Field(
        examples=[{"apt_us": 21600000000, "produced": 700, "good": 679}],
        description="Times [us] and counts of the window; on the oee row only.",
    )
    computed_at: Moment


class EquipmentKpis(Out):
    """KPI values of one machine of a workshop or a line."""

    equipment_id: int = Field(examples=[1])
    code: str = Field(examples=["CNC-01"])
    values: list[KpiValueOut]


class KpiRevisionOut(Out):
    """A change of a closed window."""

    kpi_revision_id: int = Field(examples=[1])
    kpi: str
    window: str = Field(validation_alias="window_kind")
    start: Moment
    end: Moment
    old_value: Number
    new_value: Number
    old_inputs: dict[str, Any]
    new_inputs: dict[str, Any]
    old_computed_at: Moment
    revised_at: Moment
    cause: str = Field(default="", description="What asked for it: samples, or the edit.")
