"""The overview that the stream carries."""

from pydantic import Field

from chejian_cloud.jsontypes import Moment, Number, Out


class ShiftKpis(Out):
    """KPIs of the running (or newest) shift."""

    start: Moment
    end: Moment
    provisional: bool
    oee: Number
    availability: Number
    effectiveness: Number
    quality_ratio: Number
    completeness: Number
    produced: int | None
    good: int | None
    scrap: int | None
    flags: list[str]


class NewestDiagnosis(Out):
    """The newest diagnosis of an equipment."""

    diagnosis_id: int
    time: Moment
    part: str | None
    confidence: str
    score: Number


class EquipmentNow(Out):
    """An equipment at this moment."""

    equipment_id: int = Field(examples=[1])
    code: str = Field(examples=["CNC-01"])
    name_zh: str
    name_en: str
    type: str = Field(examples=["cnc_machining_centre"])
    workshop: str = Field(examples=["HRB-W1"])
    line: str = Field(examples=["L1"])
    online: bool = Field(description="A device that feeds it is online.")
    state: int = Field(examples=[1], description="Number of MachineState; 0: no data.")
    state_name: str = Field(examples=["PRODUCING"])
    category: str = Field(examples=["APT"])
    since: Moment | None = Field(description="Start of the present state and category; null: never seen.")
    shift: ShiftKpis | None
    diagnosis: NewestDiagnosis | None


class OverviewOut(Out):
    """All equipment at this moment."""

    equipment: list[EquipmentNow]
