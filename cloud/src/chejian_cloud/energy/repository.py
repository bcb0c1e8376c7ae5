"""Queries of energy."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, RowMapping, func, select, text
from sqlalchemy.dialects.postgresql import TEXT, array
from sqlalchemy.orm import Session, aliased

from chejian_cloud.db.app import LONGEST_WINDOW, Equipment, KpiValue, Line, Workshop
from chejian_cloud.db.energy import EnergyFactor, EnergyValue, LineOutput, Meter, MeterMachine
from chejian_cloud.registry.scope import EVERYTHING, Scope

HourRow = Row[int, datetime, int, int, bool]
"""What is stored of an hour of a meter, see `hours`."""
_LATEST = text("""
SELECT DISTINCT ON (g.equipment_id, s.role) g.equipment_id, s.role, s.unit, l.time, l.value, l.quality
  FROM app.equipment_feed g -- OFFSET 0: as a join, requests would read whole tables behind their security barrier
 CROSS JOIN LATERAL (SELECT x.node_id FROM telemetry.node x
                      WHERE x.group_id = g.group_id AND x.edge_node = g.edge_node OFFSET 0) n
 CROSS JOIN LATERAL (SELECT x.device_id FROM telemetry.device x
                      WHERE x.node_id = n.node_id AND x.name = g.device OFFSET 0) v
 CROSS JOIN LATERAL (SELECT * FROM telemetry.series x WHERE x.device_id = v.device_id OFFSET 0) s
 CROSS JOIN LATERAL (SELECT * FROM telemetry.last_value x WHERE x.series_id = s.series_id OFFSET 0) l
 WHERE g.equipment_id = ANY(:equipment_ids) AND s.role = ANY(:roles)
 ORDER BY g.equipment_id, s.role, l.time DESC
""")


def meters(
    session: Session, *, scope: Scope = EVERYTHING, equipment_ids: Collection[int] | None = None
) -> Sequence[RowMapping]:
    """Registered meters with their place and the codes of their machines, by workshop, carrier and code."""
    parent, machine = aliased(Equipment), aliased(Equipment)
    machines = (
        select(func.coalesce(func.array_agg(machine.code), array([], type_=TEXT())))
        .select_from(MeterMachine)
        .join(machine, machine.equipment_id == MeterMachine.machine_id)
        .where(MeterMachine.equipment_id == Meter.equipment_id)
        .scalar_subquery()
    )
    statement = (
        select(
            Equipment.equipment_id,
            Equipment.code,
            Equipment.name_zh,
            Equipment.name_en,
            Equipment.type,
            Workshop.workshop_id,
            Workshop.code.label("workshop"),
            Line.line_id,
            Line.code.label("line"),
            Meter.carrier,
            Meter.parent_id,
            parent.code.label("parent"),
            machines.label("machines"),
            Meter.made_on_site,
            Meter.interval_us,
            Meter.modulus,
        )
        .join(Meter, Meter.equipment_id == Equipment.equipment_id)
        .join(Workshop, Workshop.workshop_id == Equipment.workshop_id)
        .join(Line, Line.line_id == Equipment.line_id)
        .outerjoin(parent, parent.equipment_id == Meter.parent_id)
        .order_by(Workshop.code, Meter.carrier, Equipment.code)
    )
    if scope.workshop_id is not None:
        statement = statement.where(Workshop.workshop_id == scope.workshop_id)
    if scope.line_id is not None:
        statement = statement.where(Line.line_id == scope.line_id)
    if equipment_ids is not None:
        statement = statement.where(Equipment.equipment_id.in_(equipment_ids))
    return session.execute(statement).mappings().all()


def sub_meters(session: Session, equipment_ids: Collection[int]) -> Sequence[int]:
    """Meters directly below some meters, wherever they stand."""
    return session.scalars(select(Meter.equipment_id).where(Meter.parent_id.in_(equipment_ids))).all()


def latest(
    session: Session, equipment_ids: Collection[int], roles: Collection[str]
) -> Sequence[Row[Any, Any]]:
    """Newest value of each role of some equipment."""
    values = {"equipment_ids": list(equipment_ids), "roles": list(roles)}
    return session.execute(_LATEST, values).all()


def values(
    session: Session,
    equipment_ids: Collection[int],
    *,
    window: str,
    lo: datetime,
    hi: datetime,
    limit: int,
) -> Sequence[EnergyValue]:
    """Values of some meters whose window overlaps [lo, hi), by start and meter; at most `limit`."""
    statement = (
        select(EnergyValue)
        .where(
            EnergyValue.equipment_id.in_(equipment_ids),
            EnergyValue.window_kind == window,
            EnergyValue.end > lo,
            EnergyValue.start > lo - LONGEST_WINDOW,
            EnergyValue.start < hi,
        )
        .order_by(EnergyValue.start, EnergyValue.equipment_id)
        .limit(limit)
    )
    return session.scalars(statement).all()


def hours(session: Session, equipment_ids: Collection[int], lo: datetime, hi: datetime) -> Sequence[HourRow]:
    """Meter, start, amount, covered time [us] and whether provisional of the hours of some meters that start in [lo, hi)."""
    statement = select(
        EnergyValue.equipment_id,
        EnergyValue.start,
        EnergyValue.amount,
        EnergyValue.covered_us,
        EnergyValue.provisional,
    ).where(
        EnergyValue.equipment_id.in_(equipment_ids),
        EnergyValue.window_kind == "hour",
        EnergyValue.start >= lo,
        EnergyValue.start < hi,
    )
    return session.execute(statement).all()


def good_items(session: Session, equipment_ids: Collection[int], lo: datetime, hi: datetime) -> int | None:
    """Good items of some machines in the hours that start in [lo, hi); None when nothing counts them."""
    statement = select(func.sum(KpiValue.good)).where(
        KpiValue.equipment_id.in_(equipment_ids),
        KpiValue.kpi == "oee",
        KpiValue.window_kind == "hour",
        KpiValue.start >= lo,
        KpiValue.start < hi,
    )
    found = session.scalar(statement)
    return None if found is None else int(found)


def days_of_orders(session: Session, equipment_id: int, orders: Collection[str]) -> Sequence[EnergyValue]:
    """Days of a meter in which one of some orders was in work, by start."""
    statement = (
        select(EnergyValue)
        .where(
            EnergyValue.equipment_id == equipment_id,
            EnergyValue.window_kind == "day",
            EnergyValue.shares["order"].has_any(array(list(orders), type_=TEXT())),
        )
        .order_by(EnergyValue.start)
    )
    return session.scalars(statement).all()


def lines_of(session: Session, scope: Scope) -> Sequence[int]:
    """Lines of a scope."""
    statement = select(Line.line_id).order_by(Line.line_id)
    if scope.workshop_id is not None:
        statement = statement.where(Line.workshop_id == scope.workshop_id)
    if scope.line_id is not None:
        statement = statement.where(Line.line_id == scope.line_id)
    return session.scalars(statement).all()


def named_outputs(session: Session, line_ids: Collection[int]) -> Sequence[Row[int, int]]:
    """Line and equipment of each machine that the registry names for a line's output."""
    statement = select(LineOutput.line_id, LineOutput.equipment_id).where(LineOutput.line_id.in_(line_ids))
    return session.execute(statement).all()


def outputs(
    session: Session, equipment_ids: Collection[int], window: str, lo: datetime, hi: datetime
) -> Sequence[Row[datetime, dict[str, Any], float | None]]:
    """Start, terms of OEE and completeness of the windows of some machines that overlap [lo, hi)."""
    statement = select(KpiValue.start, KpiValue.inputs, KpiValue.completeness).where(
        KpiValue.equipment_id.in_(equipment_ids),
        KpiValue.kpi == "oee",
        KpiValue.window_kind == window,
        KpiValue.end > lo,
        KpiValue.start > lo - LONGEST_WINDOW,
        KpiValue.start < hi,
    )
    return session.execute(statement).all()


def factors(session: Session) -> Sequence[EnergyFactor]:
    """All factors, by carrier, value, day and origin."""
    order = (EnergyFactor.carrier, EnergyFactor.value.desc(), EnergyFactor.valid_from, EnergyFactor.origin)
    return session.scalars(select(EnergyFactor).order_by(*order)).all()
