"""What the streams carry: machines of a scope, and all workshops in short."""

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
    apt_us: int = Field(description="Production time [us].")
    ideal_us: int = Field(description="Sum of planned run times of the items produced [us].")
    flags: list[str]


class NewestDiagnosis(Out):
    """The newest diagnosis of an equipment."""

    diagnosis_id: int
    time: Moment
    part: str | None
    confidence: str
    score: Number


class EquipmentNow(Out):
    """A machine at this moment."""

    equipment_id: int = Field(examples=[1])
    code: str = Field(examples=["CNC-01"])
    name_zh: str
    name_en: str
    type: str = Field(examples=["cnc_machining_centre"])
    workshop_id: int = Field(examples=[1])
    workshop: str = Field(examples=["HRB-W1"])
    line_id: int = Field(examples=[1])
    line: str = Field(examples=["L1"])
    online: bool = Field(description="A device that feeds it is online.")
    state: int = Field(examples=[1], description="Number of MachineState; 0: no data.")
    state_name: str = Field(examples=["PRODUCING"])
    category: str = Field(examples=["APT"])
    since: Moment | None = Field(description="Start of the present state and category; null: never seen.")
    shift: ShiftKpis | None
    diagnosis: NewestDiagnosis | None


class OverviewOut(Out):
    """The machines of a scope at this moment."""

    equipment: list[EquipmentNow]


class MachineMention(Out):
    """A machine that the overview of its workshop names."""

    equipment_id: int = Field(examples=[3])
    code: str = Field(examples=["CNC-03"])
    name_zh: str
    name_en: str
    since: Moment | None = Field(description="Since when it is so; null: never seen.")


class DiagnosisMention(MachineMention):
    """A machine whose newest diagnosis names a damaged part; `since` is the time of the diagnosis."""

    diagnosis_id: int
    part: str = Field(examples=["outer_race"])
    confidence: str = Field(examples=["confirmed"])


class WorkshopShift(Out):
    """OEE of a workshop's running shift: times of its machines added, then divided (ISO 22400-2 roll-up)."""

    start: Moment
    end: Moment
    provisional: bool
    oee: Number
    availability: Number
    effectiveness: Number
    quality_ratio: Number
    completeness: Number = Field(
        description="Known part of the planned busy time of the machines counted in."
    )
    flags: list[str]
    machines: int = Field(description="Machines counted in; those without counts or ideal cycle are not.")


class WorkshopNow(Out):
    """A workshop at this moment, in short."""

    workshop_id: int = Field(examples=[1])
    code: str = Field(examples=["HRB-W1"])
    machines: int
    online: int = Field(description="Machines of which a device is online.")
    states: dict[int, int] = Field(
        examples=[{1: 4, 3: 1}], description="MachineState -> machines; 0: no data."
    )
    shift: WorkshopShift | None
    faults: list[MachineMention] = Field(description="Machines in FAULT, longest first; at most 5.")
    fault_count: int
    silent: list[MachineMention] = Field(description="Machines without data, longest first; at most 5.")
    silent_count: int
    diagnoses: list[DiagnosisMention] = Field(description="Damaged parts, newest first; at most 5.")
    diagnosis_count: int


class WorkshopsOut(Out):
    """All workshops at this moment."""

    workshops: list[WorkshopNow]
