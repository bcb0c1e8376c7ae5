"""Request and response bodies of orders and inspection results."""

from typing import Annotated

from pydantic import Field

from chejian_cloud.jsontypes import Moment, Out, Time
from chejian_cloud.reasons.schemas import Comment, In, UserName

Count = Annotated[int, Field(ge=-(10**12), le=10**12)]
Parts = Annotated[int, Field(ge=0, le=10**12)]


class OrderIn(In):
    """An order as another system tells it; one that is known by equipment and code is replaced."""

    code: str = Field(examples=["MO-20260302-01"])
    equipment: str = Field(examples=["CNC-01"], description="Code of the work unit.")
    product: str = Field(examples=["SHAFT-A"], description="Code of a product of the enterprise.")
    quantity: int = Field(examples=[400], description="Planned quantity (POQ).")
    planned_start: Time
    planned_end: Time
    setup_seconds: float = Field(default=0, description="Planned setup time (PSUT).")
    planned_scrap: int | None = Field(default=None, examples=[8], description="Planned scrap quantity (PSQ).")
    started_at: Time | None = Field(default=None, description="Actual start, where known.")
    ended_at: Time | None = Field(default=None, description="Actual end, where known.")


class OrdersIn(In):
    """Orders to store, all or none."""

    orders: list[OrderIn] = Field(min_length=1, max_length=20_000)
    user_name: UserName


class StoredOut(Out):
    """What came of a table of orders."""

    added: int
    changed: int
    unchanged: int
    hours_marked: int = Field(description="Hours that are computed anew because of it.")


class OrderOut(Out):
    """An order."""

    order_id: int
    code: str
    equipment_id: int
    equipment: str
    product: str
    quantity: int
    planned_start: Moment
    planned_end: Moment
    setup_seconds: float
    planned_scrap: int | None
    started_at: Moment | None
    ended_at: Moment | None
    source: str = Field(examples=["csv"], description="api or csv")
    user_name: str
    changed_at: Moment


class InspectionIn(In):
    """What an inspection found: items that it moved out of the good ones (negative: back), parts that it looked at."""

    time: Time = Field(description="When the items were made.")
    scrap: Count = 0
    rework: Count = 0
    inspected: Parts = Field(default=0, description="Inspected parts (IP), each by its serial number once.")
    good_first_pass: Parts = Field(
        default=0, description="Those good at the first pass (GP), no reworked part among them."
    )
    order: str | None = Field(
        default=None, examples=["MO-20260302-01"], description="Code of the order, for people."
    )
    comment: Comment = ""
    user_name: UserName


class WithdrawIn(In):
    """Take an inspection result back; it stays on record."""

    user_name: UserName


class InspectionOut(Out):
    """An inspection result."""

    inspection_id: int
    equipment_id: int
    time: Moment
    scrap: int
    rework: int
    inspected: int
    good_first_pass: int
    order: str | None = Field(validation_alias="order_code")
    comment: str
    user_name: str
    made_at: Moment
    withdrawn_by: str | None
    withdrawn_at: Moment | None
