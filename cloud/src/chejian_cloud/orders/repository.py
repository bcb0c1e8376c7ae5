"""Queries of orders and inspection results."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime

from sqlalchemy import RowMapping, select, text, tuple_
from sqlalchemy.orm import Session

from chejian_cloud.db.app import Equipment, Product, Workshop
from chejian_cloud.db.production import InspectionResult, ProductionOrder
from chejian_cloud.orders.rows import Machine
from chejian_cloud.paging import Part
from chejian_cloud.registry.scope import EVERYTHING, Scope

_OF_ORDER = ", ".join(f"o.{column.name}" for column in ProductionOrder.__table__.columns)
"""Not o.*: a statement that is kept prepared must not find another column one day."""
_ORDERS = text(f"""
SELECT {_OF_ORDER}, o.setup_us / 1e6::float8 AS setup_seconds, e.code AS equipment, p.code AS product
  FROM app.production_order o JOIN app.equipment e USING (equipment_id) JOIN app.product p USING (product_id)
 WHERE (CAST(:equipment_ids AS integer[]) IS NULL OR o.equipment_id = ANY(:equipment_ids))
   AND (CAST(:workshop_id AS integer) IS NULL OR e.workshop_id = :workshop_id)
   AND (CAST(:line_id AS integer) IS NULL OR e.line_id = :line_id)
   AND least(o.planned_start, o.started_at) < :hi AND greatest(o.planned_end, o.ended_at) > :lo
   AND (CAST(:code AS text) IS NULL OR (e.code, o.planned_start, o.order_id) > (:code, :planned_start, :order_id))
 ORDER BY e.code, o.planned_start, o.order_id LIMIT :limit
""")  # noqa: S608 - names of our own


def machines(session: Session) -> dict[str, list[Machine]]:
    """Machines by code."""
    statement = select(
        Equipment.code, Equipment.equipment_id, Equipment.enterprise_id, Workshop.timezone
    ).join(Workshop, Workshop.workshop_id == Equipment.workshop_id)
    out: dict[str, list[Machine]] = {}
    for code, equipment_id, enterprise_id, timezone in session.execute(statement):
        out.setdefault(code, []).append(Machine(equipment_id, enterprise_id, timezone))
    return out


def products(session: Session) -> dict[tuple[int, str], int]:
    """Ids of products by enterprise and code."""
    rows = session.execute(select(Product.enterprise_id, Product.code, Product.product_id))
    return {(enterprise, code): key for enterprise, code, key in rows}


def orders_by_key(
    session: Session, keys: Iterable[tuple[int, str]]
) -> dict[tuple[int, str], ProductionOrder]:
    """Stored orders of some machines and codes."""
    wanted = list(keys)
    out: dict[tuple[int, str], ProductionOrder] = {}
    for at in range(0, len(wanted), 1000):
        some = tuple_(ProductionOrder.equipment_id, ProductionOrder.code).in_(wanted[at : at + 1000])
        for row in session.scalars(select(ProductionOrder).where(some)):
            out[row.equipment_id, row.code] = row
    return out


def orders(
    session: Session,
    equipment_ids: Collection[int] | None,
    lo: datetime,
    hi: datetime,
    part: Part,
    scope: Scope = EVERYTHING,
) -> Sequence[RowMapping]:
    """Orders of some machines (None: of all) of a scope whose planned or actual time overlaps [lo, hi), by machine, planned start and id."""
    code, planned_start, order_id = part.after or (None, None, None)
    values = {
        "equipment_ids": None if equipment_ids is None else list(equipment_ids),
        "workshop_id": scope.workshop_id,
        "line_id": scope.line_id,
        "lo": lo,
        "hi": hi,
        "code": code,
        "planned_start": planned_start,
        "order_id": order_id,
        "limit": part.limit,
    }
    return session.execute(_ORDERS, values).mappings().all()


def inspections(
    session: Session, equipment_id: int, lo: datetime, hi: datetime, part: Part
) -> Sequence[InspectionResult]:
    """Inspection results of items made in [lo, hi), withdrawn ones too, newest first."""
    r = InspectionResult
    statement = select(r).where(r.equipment_id == equipment_id, r.time >= lo, r.time < hi)
    return session.scalars(part.of(statement, r.time, r.inspection_id, descending=True)).all()
