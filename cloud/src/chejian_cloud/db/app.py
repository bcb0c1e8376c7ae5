"""Schema `app`: registry, calendar, state intervals, KPIs and marks. Changes go through `migrations/`."""

from datetime import datetime, time, timedelta
from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Computed,
    DateTime,
    Double,
    ForeignKey,
    Identity,
    Index,
    MetaData,
    SmallInteger,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

_NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s",
    "pk": "pk_%(table_name)s",
}


class Base(DeclarativeBase):
    """Base of all tables in schema `app`."""

    metadata = MetaData(schema="app", naming_convention=_NAMES)
    type_annotation_map = {  # noqa: RUF012 - the declarative base reads a plain class attribute
        str: Text,
        float: Double,
        datetime: DateTime(timezone=True),
        dict[str, Any]: JSONB,
        list[str]: ARRAY(Text),
        list[Any]: JSONB,
    }


def _key() -> Mapped[int]:
    return mapped_column(Identity(always=True), primary_key=True)


def _term(*names: str) -> Mapped[int | None]:
    """A column that the database fills with the sum of some `inputs` (durations, counts); NULL where one is missing."""
    terms = " + ".join(f"((inputs ->> '{name}'::text))::bigint" for name in names)
    return mapped_column(BigInteger, Computed(terms, persisted=True))


class Enterprise(Base):
    """An enterprise; its code is the Sparkplug group."""

    __tablename__ = "enterprise"
    enterprise_id: Mapped[int] = _key()
    code: Mapped[str] = mapped_column(unique=True)
    name_zh: Mapped[str]
    name_en: Mapped[str]


class Calendar(Base):
    """Shift pattern and planned stops in one time zone."""

    __tablename__ = "calendar"
    calendar_id: Mapped[int] = _key()
    code: Mapped[str] = mapped_column(unique=True)
    timezone: Mapped[str]


class Shift(Base):
    """A daily shift in local time; `end` <= `start` crosses midnight."""

    __tablename__ = "shift"
    __table_args__ = (UniqueConstraint("calendar_id", "code"),)
    shift_id: Mapped[int] = _key()
    calendar_id: Mapped[int] = mapped_column(ForeignKey("app.calendar.calendar_id"))
    code: Mapped[str]
    name_zh: Mapped[str]
    name_en: Mapped[str]
    start: Mapped[time]
    end: Mapped[time]


class PlannedStop(Base):
    """A daily planned stop in local time, e.g. a meal; `end` <= `start` crosses midnight."""

    __tablename__ = "planned_stop"
    __table_args__ = (UniqueConstraint("calendar_id", "start", "end"),)
    planned_stop_id: Mapped[int] = _key()
    calendar_id: Mapped[int] = mapped_column(ForeignKey("app.calendar.calendar_id"))
    name_zh: Mapped[str]
    name_en: Mapped[str]
    start: Mapped[time]
    end: Mapped[time]


class Workshop(Base):
    """A digital workshop (数字化车间)."""

    __tablename__ = "workshop"
    __table_args__ = (UniqueConstraint("enterprise_id", "code"),)
    workshop_id: Mapped[int] = _key()
    enterprise_id: Mapped[int] = mapped_column(ForeignKey("app.enterprise.enterprise_id"))
    calendar_id: Mapped[int] = mapped_column(ForeignKey("app.calendar.calendar_id"))
    code: Mapped[str]
    name_zh: Mapped[str]
    name_en: Mapped[str]
    timezone: Mapped[str]
    city_code: Mapped[str]


class Line(Base):
    """A production line of a workshop."""

    __tablename__ = "line"
    __table_args__ = (UniqueConstraint("workshop_id", "code"),)
    line_id: Mapped[int] = _key()
    workshop_id: Mapped[int] = mapped_column(ForeignKey("app.workshop.workshop_id"))
    code: Mapped[str]
    name_zh: Mapped[str]
    name_en: Mapped[str]


class Equipment(Base):
    """A work unit; `type` is the id of an equipment type of the contract.

    `position` counts along the flow of the line; equipment of one position works side by side.
    """

    __tablename__ = "equipment"
    __table_args__ = (UniqueConstraint("enterprise_id", "code"),)
    equipment_id: Mapped[int] = _key()
    enterprise_id: Mapped[int] = mapped_column(ForeignKey("app.enterprise.enterprise_id"))
    workshop_id: Mapped[int] = mapped_column(ForeignKey("app.workshop.workshop_id"))
    line_id: Mapped[int] = mapped_column(ForeignKey("app.line.line_id"))
    code: Mapped[str]
    name_zh: Mapped[str]
    name_en: Mapped[str]
    type: Mapped[str]
    position: Mapped[int] = mapped_column(SmallInteger, server_default="0")


class EquipmentFeed(Base):
    """A Sparkplug device that delivers signals of an equipment; a device feeds one equipment."""

    __tablename__ = "equipment_feed"
    __table_args__ = (UniqueConstraint("group_id", "edge_node", "device"),)
    equipment_feed_id: Mapped[int] = _key()
    equipment_id: Mapped[int] = mapped_column(ForeignKey("app.equipment.equipment_id"), index=True)
    group_id: Mapped[str]
    edge_node: Mapped[str]
    device: Mapped[str]


class Product(Base):
    """A product that equipment makes; `code` is what the product signal says."""

    __tablename__ = "product"
    __table_args__ = (UniqueConstraint("enterprise_id", "code"),)
    product_id: Mapped[int] = _key()
    enterprise_id: Mapped[int] = mapped_column(ForeignKey("app.enterprise.enterprise_id"))
    code: Mapped[str]
    name_zh: Mapped[str]
    name_en: Mapped[str]


class IdealCycle(Base):
    """Planned run time per item (PRI) of a product on an equipment, from `valid_from` until the next one."""

    __tablename__ = "ideal_cycle"
    __table_args__ = (
        UniqueConstraint("equipment_id", "product_id", "valid_from"),
        CheckConstraint("cycle_us > 0", name="positive"),
    )
    ideal_cycle_id: Mapped[int] = _key()
    equipment_id: Mapped[int] = mapped_column(ForeignKey("app.equipment.equipment_id"))
    product_id: Mapped[int] = mapped_column(ForeignKey("app.product.product_id"))
    cycle_us: Mapped[int] = mapped_column(BigInteger)
    valid_from: Mapped[datetime]


class Bearing(Base):
    """A monitored bearing: fault frequencies as orders of shaft speed, and the waveform signal that hears it.

    `zone_group` and `support` say which zones of ISO 10816-3 grade the machine's vibration; NULL: none do. `neighbours`:
    orders of gear meshes, belts and blades near it (`chejian_analytics.diagnosis.Neighbours`), which are masked.
    """

    __tablename__ = "bearing"
    __table_args__ = (
        UniqueConstraint("equipment_id", "position"),
        UniqueConstraint("equipment_id", "signal"),
        CheckConstraint("(zone_group IS NULL) = (support IS NULL)", name="zones"),
    )
    bearing_id: Mapped[int] = _key()
    equipment_id: Mapped[int] = mapped_column(ForeignKey("app.equipment.equipment_id"))
    position: Mapped[str]
    designation: Mapped[str]
    signal: Mapped[str]
    bpfo: Mapped[float]
    bpfi: Mapped[float]
    ftf: Mapped[float]
    bsf2: Mapped[float]
    mains_hz: Mapped[float]
    zone_group: Mapped[int | None] = mapped_column(SmallInteger)
    support: Mapped[str | None]
    neighbours: Mapped[dict[str, Any]] = mapped_column(server_default="{}")


class BoardReader(Base):
    """A login role of the database that reads schema `boards`, and whose rows it sees; NULL: those of all enterprises."""

    __tablename__ = "board_reader"
    role_name: Mapped[str] = mapped_column(primary_key=True)
    enterprise_id: Mapped[int | None] = mapped_column(ForeignKey("app.enterprise.enterprise_id"))


class StateInterval(Base):
    """Half-open run of one state and class of time; merged: no two neighbours are equal, and there are no gaps.

    `state` is a number of `chejian_contract.states.MachineState`, 0 for no data; `category` one of `TimeCategory`;
    `loss` the finer class (`chejian_analytics.kpi.Loss`). Why a machine stood is no column: see `stop_reason`.
    """

    __tablename__ = "state_interval"
    __table_args__ = (CheckConstraint('start < "end"', name="forward"),)
    equipment_id: Mapped[int] = mapped_column(ForeignKey("app.equipment.equipment_id"), primary_key=True)
    start: Mapped[datetime] = mapped_column(primary_key=True)
    end: Mapped[datetime]
    state: Mapped[int] = mapped_column(SmallInteger)
    category: Mapped[str]
    loss: Mapped[str] = mapped_column(server_default="")


LONGEST_WINDOW: Final = timedelta(days=2)
"""No window of a KPI is longer: a local day has 25 h at most, a shift 24 h. Windows that overlap a range are found by their
start, which an index is ordered by; their end alone would have the server read all that were ever stored before it."""


class KpiValue(Base):
    """One KPI of one equipment in one window; NULL value: undefined, `flags` say why.

    `known_since` is when the window got its first row (NULL: `computed_at`), so that "what did we believe" has an answer
    for values that never changed. The last seven columns are terms of rows of OEE, for sums over many of them.
    """

    __tablename__ = "kpi_value"
    __table_args__ = (CheckConstraint("window_kind in ('hour', 'shift', 'day')", name="window_kind"),)
    equipment_id: Mapped[int] = mapped_column(ForeignKey("app.equipment.equipment_id"), primary_key=True)
    kpi: Mapped[str] = mapped_column(primary_key=True)
    window_kind: Mapped[str] = mapped_column(primary_key=True)
    start: Mapped[datetime] = mapped_column(primary_key=True)
    end: Mapped[datetime]
    value: Mapped[float | None]
    numerator: Mapped[float | None]
    denominator: Mapped[float | None]
    completeness: Mapped[float | None]
    flags: Mapped[list[str]]
    formula_version: Mapped[str]
    provisional: Mapped[bool]
    inputs: Mapped[dict[str, Any]]
    computed_at: Mapped[datetime]
    known_since: Mapped[datetime | None]
    busy_us: Mapped[int | None] = _term("apt_us", "aust_us", "adet_us", "adot_us")
    no_data_us: Mapped[int | None] = _term("no_data_us")
    apt_us: Mapped[int | None] = _term("apt_us")
    ideal_us: Mapped[int | None] = _term("ideal_us")
    effective_us: Mapped[int | None] = _term("effective_us")
    produced: Mapped[int | None] = _term("produced")
    good: Mapped[int | None] = _term("good")


Index(
    "ix_kpi_value_oee",
    KpiValue.equipment_id,
    KpiValue.window_kind,
    KpiValue.start,
    postgresql_include=[
        "end", "busy_us", "no_data_us", "apt_us", "ideal_us", "effective_us", "produced", "good", "flags", "provisional",
        "kpi",
    ],
    postgresql_where=text("kpi = 'oee'"),
)  # fmt: skip


class KpiRevision(Base):
    """A closed window's value changed: what it was, what it became, and what asked for it ("samples" or the edit)."""

    __tablename__ = "kpi_revision"
    kpi_revision_id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    equipment_id: Mapped[int] = mapped_column(ForeignKey("app.equipment.equipment_id"))
    kpi: Mapped[str]
    window_kind: Mapped[str]
    start: Mapped[datetime]
    end: Mapped[datetime]
    old_value: Mapped[float | None]
    new_value: Mapped[float | None]
    old_inputs: Mapped[dict[str, Any]]
    new_inputs: Mapped[dict[str, Any]]
    old_computed_at: Mapped[datetime]
    revised_at: Mapped[datetime]
    cause: Mapped[str] = mapped_column(server_default="")


Index("ix_kpi_revision_window", KpiRevision.equipment_id, KpiRevision.window_kind, KpiRevision.start)


class Dirty(Base):
    """Marks of registry, calendar and ideal-cycle edits, like `telemetry.dirty` but by equipment.

    `samples`: the edit concerns samples, so rollups and diagnoses are computed anew, too.
    """

    __tablename__ = "dirty"
    equipment_id: Mapped[int] = mapped_column(ForeignKey("app.equipment.equipment_id"), primary_key=True)
    hour: Mapped[datetime] = mapped_column(primary_key=True)
    lo: Mapped[datetime]
    hi: Mapped[datetime]
    gen: Mapped[int] = mapped_column(BigInteger, server_default="1")
    reason: Mapped[str]
    samples: Mapped[bool] = mapped_column(server_default="true")


class _Rollup:
    """Columns of a rollup; wide ones first, so that a row has no gaps.

    A row exists where there is a sample or known time. `minimum` and `maximum` are those of the value over the known
    time, one held from before included; `mean` weighs by time and is over the known time; `first` and `last` are
    samples inside. NULL: nothing readable. `increment` and `resets` are of total-increasing counters, NULL for others.
    """

    series_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    bucket: Mapped[datetime] = mapped_column(primary_key=True)
    first_time: Mapped[datetime | None]
    last_time: Mapped[datetime | None]
    known_us: Mapped[int] = mapped_column(BigInteger)
    increment: Mapped[int | None] = mapped_column(BigInteger)
    minimum: Mapped[float | None]
    maximum: Mapped[float | None]
    first: Mapped[float | None]
    last: Mapped[float | None]
    mean: Mapped[float | None]
    samples: Mapped[int]
    good: Mapped[int]
    resets: Mapped[int | None]


class RollupMinute(_Rollup, Base):
    """Minutes of the series that boards and energy need by the minute; only ended minutes have rows."""

    __tablename__ = "rollup_1m"


class RollupHour(_Rollup, Base):
    """UTC hours of all numeric series; only ended hours have rows."""

    __tablename__ = "rollup_1h"


class WorkProgress(Base):
    """How far the worker is with an equipment; the row's lock makes its transactions follow one another.

    `rolled_until` is the end of the last minute that rollups know. `late_since` and `late_last` are the first and last
    change of ended windows in the latest run of late data, whose changes share one revision per window. `energy_until`
    is up to when the energy of a meter is known; NULL for machines.
    """

    __tablename__ = "work_progress"
    equipment_id: Mapped[int] = mapped_column(ForeignKey("app.equipment.equipment_id"), primary_key=True)
    rolled_until: Mapped[datetime | None]
    late_since: Mapped[datetime | None]
    late_last: Mapped[datetime | None]
    energy_until: Mapped[datetime | None]
