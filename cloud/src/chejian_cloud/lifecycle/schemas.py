"""Request and response bodies of life-cycle files."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, StringConstraints

from chejian_cloud.jsontypes import Day, Moment, Number, Out, Time
from chejian_cloud.reasons.schemas import Comment, In, UserName
from chejian_cloud.registry.scope import MAX_ID

Kind = Literal["corrective", "preventive", "inspection", "improvement"]
State = Literal["opened", "in_work", "done", "cancelled"]


def _printable(text: str) -> str:
    if not text.isprintable():
        raise ValueError("text without control characters")
    return text


Line = Annotated[str, StringConstraints(strip_whitespace=True, max_length=200), AfterValidator(_printable)]
Name = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200), AfterValidator(_printable)
]
OrderId = Annotated[int, Field(ge=1, le=MAX_ID, examples=[1])]
DiagnosisId = Annotated[int, Field(ge=1, le=2**63 - 1, examples=[1])]


class CommissioningIn(In):
    """Name plate and service of an equipment as they are to be; dates are local ones of its workshop."""

    manufacturer: Line = Field(default="", examples=["沈阳机床"])
    model: Line = Field(default="", examples=["VMC850"])
    serial_number: Line = Field(default="", examples=["SN-2023-0417"])
    commissioned_on: Day | None = Field(default=None, description="Run hours count from this day on.")
    decommissioned_on: Day | None = Field(
        default=None, examples=[None], description="The last day of service; null: in service."
    )
    remark: Comment = ""
    user_name: UserName


class CommissioningOut(Out):
    """Name plate and service of an equipment; empty where nobody told it."""

    manufacturer: str
    model: str
    serial_number: str
    commissioned_on: Day | None
    decommissioned_on: Day | None
    remark: str
    user_name: str = Field(description="Who told it last; empty: nobody.")
    changed_at: Moment | None
    etag: str = Field(default="", description="What an edit takes as `If-Match`.")


class RunHours(Out):
    """How long a machine ran, and of how much of the time that is known."""

    producing_hours: float = Field(examples=[1804.25], description="[h] in state producing.")
    powered_hours: float = Field(examples=[2410.5], description="[h] in any known state but off.")
    completeness: Number = Field(
        description="Share of the time of which a state is known; null: no time has passed."
    )


class MachineHours(RunHours):
    """Run hours of a machine."""

    since: Moment = Field(description="Begin of the day of commissioning; where nobody told it, of the data.")
    until: Moment = Field(description="Now, or the end of the last day of service.")
    from_commissioning: bool = Field(description="Whether `since` follows from the day of commissioning.")


class PartIn(In):
    """A part that was fitted."""

    code: Line = Field(default="", examples=["7205-ACD"], description="Code of the part, where it has one.")
    name: Name = Field(examples=["主轴轴承"])
    serial_number: Line = ""
    place: Line = Field(default="", examples=["主轴前端"], description="Where in the machine.")
    remark: Comment = ""
    fitted_at: Time | None = Field(default=None, description="null: now.")
    maintenance_order_id: OrderId | None = Field(
        default=None, examples=[None], description="Order in whose work it was fitted."
    )
    user_name: UserName


class RemovalIn(In):
    """A part is taken out."""

    removed_at: Time | None = Field(default=None, description="null: now.")
    remark: Comment = ""
    maintenance_order_id: OrderId | None = Field(
        default=None, examples=[None], description="Order in whose work it was taken out."
    )
    user_name: UserName


class PartOut(Out):
    """A part that is, or was, in a machine."""

    part_id: int
    equipment_id: int
    code: str
    name: str
    serial_number: str
    place: str
    remark: str
    fitted_at: Moment
    fitted_by: str
    fitted_under: int | None = Field(description="Maintenance order in whose work it was fitted.")
    removed_at: Moment | None = Field(description="null: still fitted.")
    removed_by: str | None
    removed_under: int | None
    removal_remark: str
    withdrawn_at: Moment | None = Field(description="Entered by mistake, and taken back then.")
    withdrawn_by: str | None


class PartHours(PartOut):
    """The same with the run hours of the machine since the part was fitted, until it was taken out."""

    hours: RunHours


class MaintenanceOrderIn(In):
    """A maintenance order to open."""

    kind: Kind = Field(
        examples=["corrective"],
        description="Kind of maintenance: corrective, preventive (IEC 60050-192), inspection or improvement.",
    )
    title: Name = Field(examples=["主轴轴承异响"])
    description: Comment = ""
    diagnosis_id: DiagnosisId | None = Field(
        default=None, examples=[None], description="Diagnosis of the same equipment that it follows from."
    )
    opened_at: Time | None = Field(default=None, description="null: now.")
    user_name: UserName


class MaintenanceOrderChange(In):
    """What changes about an order that is not closed; what is null or left out stays."""

    state: State | None = Field(
        default=None,
        examples=["in_work"],
        description="Next state: in_work or cancelled after opened; done or cancelled after in_work.",
    )
    at: Time | None = Field(
        default=None, description="When the order came into that state; only with a state; null: now."
    )
    kind: Kind | None = Field(default=None, examples=[None])
    title: Name | None = Field(default=None, examples=[None])
    description: Comment | None = Field(default=None, examples=[None])
    found: Comment | None = Field(default=None, examples=["外圈剥落"], description="What was found.")
    user_name: UserName


class MaintenanceOrderOut(Out):
    """A maintenance order of an equipment."""

    maintenance_order_id: int
    equipment_id: int
    kind: Kind
    title: str
    description: str
    state: State
    found: str
    diagnosis_id: int | None
    opened_at: Moment
    opened_by: str
    started_at: Moment | None
    started_by: str | None
    closed_at: Moment | None = Field(description="When it was done or cancelled.")
    closed_by: str | None
    changed_at: Moment
    changed_by: str
    parts_fitted: list[int] = Field(description="Ids of parts that were fitted in its work.")
    parts_removed: list[int] = Field(description="Ids of parts that were taken out in its work.")
    etag: str = Field(default="", description="What an edit takes as `If-Match`.")


class NamedDiagnosis(Out):
    """A diagnosis that named a fault."""

    diagnosis_id: int
    time: Moment
    signal: str = Field(examples=["Vibration/DriveEnd"])
    method: str = Field(examples=["bearing_envelope"])
    part: str = Field(examples=["outer_race"])
    confidence: str = Field(examples=["confirmed"])
    answer: str | None = Field(description="confirmed or rejected: engineers' newest answer; null: none.")
    answered_by: str | None


class LifeCycleOut(Out):
    """Life-cycle file of an equipment; lists are the newest first."""

    equipment_id: int
    commissioning: CommissioningOut
    run_hours: MachineHours | None = Field(description="null: neither commissioned nor any data.")
    parts: list[PartHours] = Field(description="All that are fitted.")
    removed_parts: list[PartHours] = Field(description="The newest 50 that were taken out.")
    open_orders: list[MaintenanceOrderOut] = Field(description="All that are opened or in work.")
    closed_orders: list[MaintenanceOrderOut] = Field(description="The newest 20 that are done or cancelled.")
    diagnoses: list[NamedDiagnosis] = Field(description="The newest 20 that named a fault.")
