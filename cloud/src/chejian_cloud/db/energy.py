"""Schema `app`, energy: meters, conversion factors, and what meters show by hour, shift and day."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Identity, Numeric, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from chejian_cloud.db.app import Base


class Meter(Base):
    """An equipment that is a meter.

    `parent_id` is the meter above it; `interval_us` the distance of its readings; `modulus` where its register starts
    again at 0, in register units, NULL for never. `made_on_site`: a medium that the site makes from energy counted
    elsewhere; it is shown, but not added to standard coal.
    """

    __tablename__ = "meter"
    __table_args__ = (
        CheckConstraint("interval_us > 0", name="interval"),
        CheckConstraint("modulus > 1", name="modulus"),
        CheckConstraint("parent_id <> equipment_id", name="parent"),
    )
    equipment_id: Mapped[int] = mapped_column(ForeignKey("app.equipment.equipment_id"), primary_key=True)
    carrier: Mapped[str]
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("app.equipment.equipment_id"), index=True)
    interval_us: Mapped[int] = mapped_column(BigInteger)
    modulus: Mapped[int | None] = mapped_column(BigInteger)
    made_on_site: Mapped[bool]


class MeterMachine(Base):
    """A machine whose use a meter counts; with one only, the meter's energy has states, products and orders."""

    __tablename__ = "meter_machine"
    equipment_id: Mapped[int] = mapped_column(ForeignKey("app.meter.equipment_id"), primary_key=True)
    machine_id: Mapped[int] = mapped_column(
        ForeignKey("app.equipment.equipment_id"), primary_key=True, index=True
    )


class MeterReplacement(Base):
    """A meter was exchanged at `time`: last reading of the old one, first of the new one [register unit], where known."""

    __tablename__ = "meter_replacement"
    equipment_id: Mapped[int] = mapped_column(ForeignKey("app.meter.equipment_id"), primary_key=True)
    time: Mapped[datetime] = mapped_column(primary_key=True)
    closing: Mapped[int | None] = mapped_column(BigInteger)
    opening: Mapped[int | None] = mapped_column(BigInteger)


class LineOutput(Base):
    """A machine whose good count is its line's output; a line without any has those of all its machines."""

    __tablename__ = "line_output"
    line_id: Mapped[int] = mapped_column(ForeignKey("app.line.line_id"), primary_key=True)
    equipment_id: Mapped[int] = mapped_column(
        ForeignKey("app.equipment.equipment_id"), primary_key=True, index=True
    )


class EnergyFactor(Base):
    """A factor to standard coal [kgce per `unit`] on the days [valid_from, valid_to).

    `origin` is "chejian" for those that ship with this version and "site" for the site's own, which win. `value` is
    "equivalent" 当量值 or "equal" 等价值.
    """

    __tablename__ = "energy_factor"
    __table_args__ = (
        UniqueConstraint("origin", "carrier", "value", "valid_from"),
        CheckConstraint("origin in ('chejian', 'site')", name="origin"),
        CheckConstraint("value in ('equivalent', 'equal')", name="value"),
        CheckConstraint("kgce > 0", name="positive"),
    )
    energy_factor_id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    origin: Mapped[str]
    carrier: Mapped[str]
    unit: Mapped[str]
    value: Mapped[str]
    kgce: Mapped[Decimal] = mapped_column(Numeric)
    valid_from: Mapped[date]
    valid_to: Mapped[date | None]
    source: Mapped[str]
    confidence: Mapped[str]
    note: Mapped[str]


class EnergyTariff(Base):
    """Prices of a carrier of an enterprise from a local day on, until its next tariff; exact, in `currency` per `unit`.

    A band without a price is not used. `seasons`: [{"months": [1 .. 12], "periods": [{"start", "end", "band"}]}], see
    `chejian_analytics.energy.Tariff`; empty: the flat price at all times.
    """

    __tablename__ = "energy_tariff"
    __table_args__ = (
        UniqueConstraint("enterprise_id", "carrier", "valid_from"),
        CheckConstraint("currency = 'CNY'", name="currency"),
        CheckConstraint("least(sharp, peak, flat, valley, deep_valley) >= 0", name="prices"),
    )
    energy_tariff_id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    enterprise_id: Mapped[int] = mapped_column(ForeignKey("app.enterprise.enterprise_id"))
    carrier: Mapped[str]
    valid_from: Mapped[date]
    currency: Mapped[str]
    unit: Mapped[str]
    sharp: Mapped[Decimal | None] = mapped_column(Numeric)
    peak: Mapped[Decimal | None] = mapped_column(Numeric)
    flat: Mapped[Decimal | None] = mapped_column(Numeric)
    valley: Mapped[Decimal | None] = mapped_column(Numeric)
    deep_valley: Mapped[Decimal | None] = mapped_column(Numeric)
    seasons: Mapped[list[Any]]
    remark: Mapped[str]
    changed_by: Mapped[str]
    changed_at: Mapped[datetime]


class EnergyValue(Base):
    """What a meter shows of one window; a meter has one row for each hour, shift and day since its first reading.

    Attributes:
        amount: consumption [register unit: Wh, g or L], exact.
        covered_us: time between readings that are near enough [us]; `completeness` is its share of the (elapsed) window.
        output: good items of the meter's machine in the window; NULL unless it counts exactly one, or it has no counter.
        kgce: standard coal by `factor` [kgce]; NULL when there is no factor.
        factor: the factor as it was used: value, kgce (decimal text), unit, per_unit (register units in one unit),
            valid_from, valid_to, source, confidence, origin; NULL when none holds at the window's start.
        shares: of a meter with one machine, else {}: {"state" | "product" | "order": {label: {"amount", "us"}}}, "output"
            too for products and orders. Labels are state numbers ("0": no data) and what the signals say ("": nothing).
            The amounts of each of the three add up to `amount`, the outputs to `output`.
        flags: meter_gap, meter_reset, meter_rollover, meter_replaced, no_factor; sorted.
        provisional: the window is open; the numbers are of its elapsed part.
    """

    __tablename__ = "energy_value"
    __table_args__ = (CheckConstraint("window_kind in ('hour', 'shift', 'day')", name="window_kind"),)
    equipment_id: Mapped[int] = mapped_column(ForeignKey("app.meter.equipment_id"), primary_key=True)
    window_kind: Mapped[str] = mapped_column(primary_key=True)
    start: Mapped[datetime] = mapped_column(primary_key=True)
    end: Mapped[datetime]
    amount: Mapped[int] = mapped_column(BigInteger)
    covered_us: Mapped[int] = mapped_column(BigInteger)
    output: Mapped[int | None] = mapped_column(BigInteger)
    completeness: Mapped[float]
    kgce: Mapped[float | None]
    factor: Mapped[dict[str, Any] | None]
    shares: Mapped[dict[str, Any]]
    flags: Mapped[list[str]]
    formula_version: Mapped[str]
    provisional: Mapped[bool]
    computed_at: Mapped[datetime]
