"""Schema `app`, the provincial programme, and facts of the registry that assessments count and telemetry can't know."""

from datetime import date, datetime

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    ForeignKeyConstraint,
    Identity,
    SmallInteger,
    UniqueConstraint,
    func,
)
from sqlalchemy.orm import Mapped, mapped_column

from chejian_cloud.db.app import Base

KINDS = ("enterprise", "workshop", "line")
STATUSES = ("planned", "building", "running", "recognised", "withdrawn")
MILESTONES = (
    *("registered", "contract", "equipment", "connected", "accepted", "recognised"),
    *("gbt23001_started", "gbt23001_audited", "gbt23001_certified"),
)
"""Steps of an entry; the last three are those of the management system of integration (贯标)."""
BASES = ("equivalent", "equal")
"""How electricity is counted: 当量值 or 等价值."""
METER_CLASSES = ("unit_entry", "sub_unit", "main_equipment")


class ProgrammeEntry(Base):
    """An enterprise, workshop or line of the programme; it may be planned long before it is registered.

    Attributes:
        city_code: GB/T 2260.
        sector: id of a field of the plan.
        industry: "discrete" or "process".
        investment: [yuan] in all.
        counts_from: day from which it counts towards the programme's targets; NULL: not yet.
    """

    __tablename__ = "programme_entry"
    __table_args__ = (
        UniqueConstraint("enterprise_id", "kind", "code"),
        UniqueConstraint("programme_entry_id", "enterprise_id"),
        CheckConstraint(f"kind in {KINDS}", name="kind"),
        CheckConstraint(f"status in {STATUSES}", name="status"),
        CheckConstraint("industry in ('discrete', 'process')", name="industry"),
        CheckConstraint("city_code ~ '^[0-9]{6}$'", name="city_code"),
        CheckConstraint("investment >= 0", name="investment"),
    )
    programme_entry_id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    enterprise_id: Mapped[int] = mapped_column(ForeignKey("app.enterprise.enterprise_id"))
    workshop_id: Mapped[int | None] = mapped_column(ForeignKey("app.workshop.workshop_id"), index=True)
    line_id: Mapped[int | None] = mapped_column(ForeignKey("app.line.line_id"), index=True)
    kind: Mapped[str]
    code: Mapped[str]
    name_zh: Mapped[str]
    name_en: Mapped[str]
    city_code: Mapped[str]
    sector: Mapped[str]
    industry: Mapped[str]
    status: Mapped[str]
    investment: Mapped[int] = mapped_column(BigInteger, server_default="0")
    counts_from: Mapped[date | None]
    changed_at: Mapped[datetime] = mapped_column(server_default=func.now())
    changed_by: Mapped[str]


class ProgrammeMilestone(Base):
    """A step of an entry: when it is due and when it was reached."""

    __tablename__ = "programme_milestone"
    __table_args__ = (
        ForeignKeyConstraint(
            ["programme_entry_id", "enterprise_id"],
            ["app.programme_entry.programme_entry_id", "app.programme_entry.enterprise_id"],
        ),
        CheckConstraint(f"kind in {MILESTONES}", name="kind"),
        CheckConstraint("due_on IS NOT NULL OR reached_on IS NOT NULL", name="dated"),
    )
    programme_entry_id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(primary_key=True)
    enterprise_id: Mapped[int] = mapped_column(ForeignKey("app.enterprise.enterprise_id"), index=True)
    due_on: Mapped[date | None]
    reached_on: Mapped[date | None]


class ProgrammeObservation(Base):
    """What the province observed of a target of a plan on a day. Everybody reads it; who sees the whole region writes.

    Attributes:
        plan: id of the plan.
        region: of the plan, code of GB/T 2260.
        value: in the target's unit.
        completeness: of what it was made of, 0 to 1.
    """

    __tablename__ = "programme_observation"
    __table_args__ = (CheckConstraint("completeness BETWEEN 0 AND 1", name="completeness"),)
    plan: Mapped[str] = mapped_column(primary_key=True)
    target: Mapped[str] = mapped_column(primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True)
    region: Mapped[str]
    value: Mapped[float]
    completeness: Mapped[float]
    source: Mapped[str]
    note: Mapped[str]
    changed_at: Mapped[datetime] = mapped_column(server_default=func.now())
    changed_by: Mapped[str]


class ProgrammeEnergy(Base):
    """Energy and growth of a region's year, from which the plan's intensity is chained; one basis of electricity.

    Attributes:
        energy: comprehensive energy consumption, in a unit that stays the same.
        growth: of value added over the year before at comparable prices, 0.05 for 5 %.
        basis: one of `BASES`.
    """

    __tablename__ = "programme_energy"
    __table_args__ = (
        CheckConstraint("energy > 0", name="energy"),
        CheckConstraint("growth > -1", name="growth"),
        CheckConstraint(f"basis in {BASES}", name="basis"),
    )
    plan: Mapped[str] = mapped_column(primary_key=True)
    year: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    region: Mapped[str]
    energy: Mapped[float]
    growth: Mapped[float]
    basis: Mapped[str]
    source: Mapped[str]
    changed_at: Mapped[datetime] = mapped_column(server_default=func.now())
    changed_by: Mapped[str]


class EquipmentFact(Base):
    """What a person knows of an equipment: whether it has a digital interface. Equipment with a feed has one."""

    __tablename__ = "equipment_fact"
    equipment_id: Mapped[int] = mapped_column(ForeignKey("app.equipment.equipment_id"), primary_key=True)
    has_interface: Mapped[bool]
    source: Mapped[str]


class KeyProcess(Base):
    """A key process (关键工序) of a workshop; `controlled`: under numerical control (NC, PLC, DCS), NULL: not known."""

    __tablename__ = "key_process"
    __table_args__ = (UniqueConstraint("workshop_id", "code"),)
    key_process_id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    enterprise_id: Mapped[int] = mapped_column(ForeignKey("app.enterprise.enterprise_id"), index=True)
    workshop_id: Mapped[int] = mapped_column(ForeignKey("app.workshop.workshop_id"))
    equipment_id: Mapped[int | None] = mapped_column(ForeignKey("app.equipment.equipment_id"))
    code: Mapped[str]
    name_zh: Mapped[str]
    name_en: Mapped[str]
    controlled: Mapped[bool | None]


class MeteringPoint(Base):
    """A place where a meter is required (GB 17167); `fitted`: whether it has one, NULL: not known."""

    __tablename__ = "metering_point"
    __table_args__ = (
        UniqueConstraint("workshop_id", "code"),
        CheckConstraint(f"meter_class in {METER_CLASSES}", name="meter_class"),
        CheckConstraint("equipment_id IS NULL OR fitted", name="fitted"),
    )
    metering_point_id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    enterprise_id: Mapped[int] = mapped_column(ForeignKey("app.enterprise.enterprise_id"), index=True)
    workshop_id: Mapped[int] = mapped_column(ForeignKey("app.workshop.workshop_id"))
    equipment_id: Mapped[int | None] = mapped_column(ForeignKey("app.meter.equipment_id"))
    meter_class: Mapped[str]
    carrier: Mapped[str]
    code: Mapped[str]
    name_zh: Mapped[str]
    name_en: Mapped[str]
    fitted: Mapped[bool | None]


class MonthSum(Base):
    """Closed days of a machine or meter, added up by month of the programme's time zone.

    Triggers of `kpi_value` and `energy_value` keep it (revision 0020): nothing else writes here.

    Attributes:
        indicator: "oee" or "energy".
        month: its first day.
        days: how many are in the sums.
        numerator: effective time [us]; consumption [Wh, g or L].
        denominator: planned busy time [us]; good items.
        covered_us: time of which something is known.
        due_us: time of which something should be.
    """

    __tablename__ = "month_sum"
    __table_args__ = (
        CheckConstraint("indicator in ('oee', 'energy')", name="indicator"),
        CheckConstraint("days >= 0", name="days"),
    )
    equipment_id: Mapped[int] = mapped_column(ForeignKey("app.equipment.equipment_id"), primary_key=True)
    indicator: Mapped[str] = mapped_column(primary_key=True)
    month: Mapped[date] = mapped_column(primary_key=True)
    days: Mapped[int]
    numerator: Mapped[int] = mapped_column(BigInteger)
    denominator: Mapped[int] = mapped_column(BigInteger)
    covered_us: Mapped[int] = mapped_column(BigInteger)
    due_us: Mapped[int] = mapped_column(BigInteger)
