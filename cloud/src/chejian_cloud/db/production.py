"""Schema `app`, facts about production that people or other systems give: reasons, orders, inspections, calendars.

Nothing that the worker computes lives here, so a recomputation can't erase it.
"""

from datetime import date, datetime
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, Date, ForeignKey, Identity, Index, UniqueConstraint, func
from sqlalchemy.orm import Mapped, mapped_column

from chejian_cloud.db.app import Base


class Reason(Base):
    """A node of the reason tree; stops are given the codes of its leaves.

    `loss` is the class of time that a stop of this reason counts as (`chejian_analytics.kpi.losses`); NULL takes that
    of the parent, and where no parent has one the machine state decides. An inactive reason keeps what it explained but
    is offered no more.
    """

    __tablename__ = "reason"
    reason_id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    code: Mapped[str] = mapped_column(unique=True)
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("app.reason.reason_id"))
    name_zh: Mapped[str]
    name_en: Mapped[str]
    loss: Mapped[str | None]
    position: Mapped[int]
    active: Mapped[bool] = mapped_column(server_default="true")


class StopReasonChange(Base):
    """A line of the journal of reasons; the journal only grows. `undoes` takes an earlier line back."""

    __tablename__ = "stop_reason_change"
    __table_args__ = (CheckConstraint("(kind = 'undo') = (undoes IS NOT NULL)", name="undo"),)
    change_id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    equipment_id: Mapped[int] = mapped_column(ForeignKey("app.equipment.equipment_id"))
    kind: Mapped[str]
    undoes: Mapped[int | None] = mapped_column(ForeignKey("app.stop_reason_change.change_id"), unique=True)
    user_name: Mapped[str]
    made_at: Mapped[datetime] = mapped_column(server_default=func.now())


class StopReason(Base):
    """What a line of the journal says about [start, end); a later line covers an earlier one.

    `end` NULL: until the machine produces again. `reason_id` NULL clears the reason, or, in a line of kind "comment",
    says nothing about it.
    """

    __tablename__ = "stop_reason"
    __table_args__ = (CheckConstraint('start < "end"', name="forward"),)
    stop_reason_id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    change_id: Mapped[int] = mapped_column(ForeignKey("app.stop_reason_change.change_id"), index=True)
    equipment_id: Mapped[int] = mapped_column(ForeignKey("app.equipment.equipment_id"))
    start: Mapped[datetime]
    end: Mapped[datetime | None]
    reason_id: Mapped[int | None] = mapped_column(ForeignKey("app.reason.reason_id"))
    comment: Mapped[str]


Index("ix_stop_reason_span", StopReason.equipment_id, StopReason.start)


class ProductionOrder(Base):
    """An order on one work unit (ISA-95 job order): product, planned quantity (POQ) and scrap (PSQ), planned and actual times.

    Actual times are those that another system tells; where the machine has a signal of role `order`, that one counts.
    """

    __tablename__ = "production_order"
    __table_args__ = (
        UniqueConstraint("equipment_id", "code"),
        CheckConstraint("quantity > 0", name="quantity"),
        CheckConstraint("planned_start < planned_end", name="forward"),
        CheckConstraint("setup_us >= 0", name="setup"),
        CheckConstraint("planned_scrap >= 0", name="planned_scrap"),
        CheckConstraint("started_at < ended_at", name="actual"),
    )
    order_id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    equipment_id: Mapped[int] = mapped_column(ForeignKey("app.equipment.equipment_id"))
    product_id: Mapped[int] = mapped_column(ForeignKey("app.product.product_id"))
    code: Mapped[str]
    quantity: Mapped[int] = mapped_column(BigInteger)
    planned_start: Mapped[datetime]
    planned_end: Mapped[datetime]
    setup_us: Mapped[int] = mapped_column(BigInteger, server_default="0")
    planned_scrap: Mapped[int | None] = mapped_column(BigInteger)
    started_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    source: Mapped[str]
    user_name: Mapped[str]
    changed_at: Mapped[datetime]


Index("ix_production_order_start", ProductionOrder.equipment_id, ProductionOrder.planned_start)
Index("ix_production_order_end", func.greatest(ProductionOrder.planned_end, ProductionOrder.ended_at))


class InspectionResult(Base):
    """Items that an inspection moved: out of the good ones into scrap or rework (negative: back again).

    `time` is when the items were made, so that they count in the window of their making. `inspected` (IP) of them were
    looked at, each by its serial number once, and `good_first_pass` (GP) were good without rework.
    """

    __tablename__ = "inspection_result"
    __table_args__ = (CheckConstraint("good_first_pass BETWEEN 0 AND inspected", name="inspected"),)
    inspection_id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    equipment_id: Mapped[int] = mapped_column(ForeignKey("app.equipment.equipment_id"))
    time: Mapped[datetime]
    scrap: Mapped[int] = mapped_column(BigInteger)
    rework: Mapped[int] = mapped_column(BigInteger)
    inspected: Mapped[int] = mapped_column(BigInteger, server_default="0")
    good_first_pass: Mapped[int] = mapped_column(BigInteger, server_default="0")
    order_code: Mapped[str | None]
    user_name: Mapped[str]
    comment: Mapped[str]
    made_at: Mapped[datetime] = mapped_column(server_default=func.now())
    withdrawn_by: Mapped[str | None]
    withdrawn_at: Mapped[datetime | None]


Index("ix_inspection_result_time", InspectionResult.equipment_id, InspectionResult.time)


class CounterRule(Base):
    """How readings of a counter of an equipment are to be taken: where it starts again at 0, and how fast it can rise."""

    __tablename__ = "counter_rule"
    __table_args__ = (
        CheckConstraint("modulus > 1", name="modulus"),
        CheckConstraint("least_cycle_us >= 0", name="least_cycle"),
    )
    equipment_id: Mapped[int] = mapped_column(ForeignKey("app.equipment.equipment_id"), primary_key=True)
    role: Mapped[str] = mapped_column(primary_key=True)
    modulus: Mapped[int | None] = mapped_column(BigInteger)
    least_cycle_us: Mapped[int] = mapped_column(BigInteger, server_default="0")


class CounterReplacement(Base):
    """A counter was replaced or set by hand: its first reading at or after `time` counts nothing."""

    __tablename__ = "counter_replacement"
    __table_args__ = (UniqueConstraint("equipment_id", "role", "time"),)
    counter_replacement_id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    equipment_id: Mapped[int] = mapped_column(ForeignKey("app.equipment.equipment_id"))
    role: Mapped[str]
    time: Mapped[datetime]
    user_name: Mapped[str]
    comment: Mapped[str]
    made_at: Mapped[datetime] = mapped_column(server_default=func.now())


class CalendarVersion(Base):
    """What a calendar says from a local date on, until its next version; `definition` is read by `calendar.plan`.

    Before the first version, and in calendars that have none, the plain rows of `shift` and `planned_stop` hold.
    """

    __tablename__ = "calendar_version"
    __table_args__ = (UniqueConstraint("calendar_id", "valid_from"),)
    calendar_version_id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    calendar_id: Mapped[int] = mapped_column(ForeignKey("app.calendar.calendar_id"))
    valid_from: Mapped[date] = mapped_column(Date)
    definition: Mapped[dict[str, Any]]
    user_name: Mapped[str]
    changed_at: Mapped[datetime]


class CalendarDay(Base):
    """A local date that differs: the named shifts are worked on it, none when `shifts` is empty."""

    __tablename__ = "calendar_day"
    __table_args__ = (UniqueConstraint("calendar_id", "day"),)
    calendar_day_id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    calendar_id: Mapped[int] = mapped_column(ForeignKey("app.calendar.calendar_id"))
    day: Mapped[date] = mapped_column(Date)
    shifts: Mapped[list[str]]
    name_zh: Mapped[str]
    name_en: Mapped[str]
    user_name: Mapped[str]
    changed_at: Mapped[datetime]


class CalendarSpan(Base):
    """A span of time that differs; `kind` is a `chejian_analytics.kpi.SpanKind`."""

    __tablename__ = "calendar_span"
    __table_args__ = (CheckConstraint('start < "end"', name="forward"),)
    calendar_span_id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    calendar_id: Mapped[int] = mapped_column(ForeignKey("app.calendar.calendar_id"), index=True)
    start: Mapped[datetime]
    end: Mapped[datetime]
    kind: Mapped[str]
    name_zh: Mapped[str]
    name_en: Mapped[str]
    user_name: Mapped[str]
    changed_at: Mapped[datetime]
