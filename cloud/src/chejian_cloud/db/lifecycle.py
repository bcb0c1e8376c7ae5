"""Schema `app`, the life of equipment as people tell it: name plates, fitted parts, maintenance orders.

Run hours are no column: they follow from the state intervals, see `chejian_cloud.lifecycle.hours`.
"""

from datetime import date, datetime

from sqlalchemy import CheckConstraint, Date, ForeignKey, Identity, Index, func
from sqlalchemy.orm import Mapped, mapped_column

from chejian_cloud.db.app import Base


class NamePlate(Base):
    """What the maker's plate says, and from when to when the equipment is in service; local dates of its workshop."""

    __tablename__ = "name_plate"
    __table_args__ = (
        CheckConstraint(
            "decommissioned_on IS NULL OR coalesce(commissioned_on <= decommissioned_on, false)",
            name="forward",
        ),
    )
    equipment_id: Mapped[int] = mapped_column(ForeignKey("app.equipment.equipment_id"), primary_key=True)
    manufacturer: Mapped[str]
    model: Mapped[str]
    serial_number: Mapped[str]
    commissioned_on: Mapped[date | None] = mapped_column(Date)
    decommissioned_on: Mapped[date | None] = mapped_column(Date)
    remark: Mapped[str]
    user_name: Mapped[str]
    changed_at: Mapped[datetime]


class MaintenanceOrder(Base):
    """A maintenance (work) order of ISA-95 part 3; kinds of maintenance by IEC 60050-192.

    Opened, in work, then done or cancelled; one that was never begun may be cancelled, too. A closed one stays as it is.
    """

    __tablename__ = "maintenance_order"
    __table_args__ = (
        CheckConstraint("kind IN ('corrective', 'preventive', 'inspection', 'improvement')", name="kind"),
        CheckConstraint("state IN ('opened', 'in_work', 'done', 'cancelled')", name="state"),
        CheckConstraint(
            "(started_at IS NULL) = (started_by IS NULL) AND CASE state WHEN 'opened' THEN started_at IS NULL"
            " WHEN 'cancelled' THEN true ELSE started_at IS NOT NULL END",
            name="started",
        ),
        CheckConstraint(
            "(closed_at IS NULL) = (closed_by IS NULL) AND (closed_at IS NOT NULL) = (state IN ('done', 'cancelled'))",
            name="closed",
        ),
        CheckConstraint(
            "opened_at <= started_at AND started_at <= closed_at AND opened_at <= closed_at", name="forward"
        ),
    )
    maintenance_order_id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    equipment_id: Mapped[int] = mapped_column(ForeignKey("app.equipment.equipment_id"))
    kind: Mapped[str]
    title: Mapped[str]
    description: Mapped[str]
    state: Mapped[str]
    found: Mapped[str]
    diagnosis_id: Mapped[int | None] = mapped_column(ForeignKey("app.diagnosis.diagnosis_id"), index=True)
    opened_at: Mapped[datetime]
    opened_by: Mapped[str]
    started_at: Mapped[datetime | None]
    started_by: Mapped[str | None]
    closed_at: Mapped[datetime | None]
    closed_by: Mapped[str | None]
    changed_at: Mapped[datetime]
    changed_by: Mapped[str]


Index("ix_maintenance_order_newest", MaintenanceOrder.equipment_id, MaintenanceOrder.opened_at.desc())


class FittedPart(Base):
    """A part that is, or was, in a machine: never deleted; removed, or withdrawn where it was entered by mistake.

    `fitted_under` and `removed_under` are the maintenance orders in whose work that was done.
    """

    __tablename__ = "fitted_part"
    __table_args__ = (
        CheckConstraint(
            "(removed_at IS NULL) = (removed_by IS NULL) AND (removed_at IS NOT NULL OR removed_under IS NULL)",
            name="removed",
        ),
        CheckConstraint("(withdrawn_at IS NULL) = (withdrawn_by IS NULL)", name="withdrawn"),
        CheckConstraint("fitted_at <= removed_at", name="forward"),
    )
    part_id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    equipment_id: Mapped[int] = mapped_column(ForeignKey("app.equipment.equipment_id"))
    code: Mapped[str]
    name: Mapped[str]
    serial_number: Mapped[str]
    place: Mapped[str]
    remark: Mapped[str]
    fitted_at: Mapped[datetime]
    fitted_by: Mapped[str]
    fitted_under: Mapped[int | None] = mapped_column(
        ForeignKey("app.maintenance_order.maintenance_order_id"), index=True
    )
    removed_at: Mapped[datetime | None]
    removed_by: Mapped[str | None]
    removed_under: Mapped[int | None] = mapped_column(
        ForeignKey("app.maintenance_order.maintenance_order_id"), index=True
    )
    removal_remark: Mapped[str]
    made_at: Mapped[datetime] = mapped_column(server_default=func.now())
    withdrawn_at: Mapped[datetime | None]
    withdrawn_by: Mapped[str | None]


Index("ix_fitted_part_newest", FittedPart.equipment_id, FittedPart.fitted_at.desc())
