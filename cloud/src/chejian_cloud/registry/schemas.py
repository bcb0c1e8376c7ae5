"""Response bodies of the registry."""

from pydantic import Field

from chejian_cloud.jsontypes import Out


class LineOut(Out):
    """A production line."""

    line_id: int = Field(examples=[1])
    code: str = Field(examples=["L1"])
    name_zh: str = Field(examples=["机加线"])
    name_en: str = Field(examples=["Machining line"])


class WorkshopOut(Out):
    """A digital workshop with its lines."""

    workshop_id: int = Field(examples=[1])
    enterprise_id: int = Field(examples=[1])
    enterprise: str = Field(examples=["hlj-demo"], description="Code of the enterprise.")
    enterprise_name_zh: str = Field(examples=["黑龙江示范企业"])
    enterprise_name_en: str = Field(examples=["Heilongjiang demo enterprise"])
    code: str = Field(examples=["HRB-W1"])
    name_zh: str = Field(examples=["哈尔滨动力装备车间"])
    name_en: str = Field(examples=["Harbin power equipment workshop"])
    timezone: str = Field(examples=["Asia/Shanghai"])
    city_code: str = Field(examples=["230100"])
    calendar: str = Field(examples=["HRB-2S"], description="Code of the calendar.")
    lines: list[LineOut]


class FeedOut(Out):
    """A Sparkplug device that delivers the equipment's signals."""

    group: str = Field(examples=["hlj-demo"])
    node: str = Field(examples=["HRB-W1"])
    device: str = Field(examples=["CNC-01"])


class BearingOut(Out):
    """A monitored bearing; frequencies are orders of shaft speed."""

    position: str = Field(examples=["drive_end"])
    designation: str = Field(examples=["6205-2RS JEM SKF"])
    signal: str = Field(examples=["Vibration/DriveEnd"])
    bpfo: float = Field(examples=[3.5848])
    bpfi: float = Field(examples=[5.4152])
    ftf: float = Field(examples=[0.39828])
    bsf2: float = Field(examples=[4.7135])
    mains_hz: float = Field(examples=[60.0], description="[Hz]")


class EquipmentOut(Out):
    """A work unit."""

    equipment_id: int = Field(examples=[1])
    code: str = Field(examples=["CNC-01"])
    name_zh: str = Field(examples=["1号加工中心"])
    name_en: str = Field(examples=["Machining centre 1"])
    type: str = Field(examples=["cnc_machining_centre"])
    type_name_zh: str = Field(examples=["数控加工中心"])
    type_name_en: str = Field(examples=["CNC machining centre"])
    position: int = Field(
        examples=[1], description="Place in the flow of the line; equal ones work side by side."
    )
    enterprise: str = Field(examples=["hlj-demo"])
    enterprise_name_zh: str = Field(examples=["黑龙江示范企业"])
    enterprise_name_en: str = Field(examples=["Heilongjiang demo enterprise"])
    workshop_id: int = Field(examples=[1])
    workshop: str = Field(examples=["HRB-W1"])
    workshop_name_zh: str = Field(examples=["哈尔滨动力装备车间"])
    workshop_name_en: str = Field(examples=["Harbin power equipment workshop"])
    line_id: int = Field(examples=[1])
    line: str = Field(examples=["L1"])
    line_name_zh: str = Field(examples=["机加线"])
    line_name_en: str = Field(examples=["Machining line"])
    timezone: str = Field(examples=["Asia/Shanghai"])
    kpis: list[str] = Field(examples=[["oee"]], description="KPIs that follow from the type.")
    diagnoses: list[str] = Field(examples=[["bearing_envelope"]])
    machine: bool = Field(description="Its type reports a machine state; false for meters and the like.")


class EquipmentDetail(EquipmentOut):
    """A work unit with what belongs to it."""

    feeds: list[FeedOut]
    bearings: list[BearingOut]
