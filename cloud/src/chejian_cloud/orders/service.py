"""Storing orders and inspection results: all of a table or nothing, and marks for exactly what changes."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from operator import itemgetter

from sqlalchemy.orm import Session

from chejian_cloud.db.production import InspectionResult, ProductionOrder
from chejian_cloud.errors import InvalidValueError, NotFoundError
from chejian_cloud.jsontypes import TimeRange
from chejian_cloud.marks import mark
from chejian_cloud.orders import repository
from chejian_cloud.orders.rows import OrderRow, parse_rows, read_csv
from chejian_cloud.orders.schemas import InspectionIn, InspectionOut, OrderIn, OrderOut, OrdersIn, StoredOut
from chejian_cloud.paging import Part
from chejian_cloud.registry.scope import Scope
from chejian_cloud.registry.service import require_equipment, require_scope

_TOLD = (
    *("quantity", "product_id", "planned_start", "planned_end", "setup_us", "planned_scrap"),
    *("started_at", "ended_at"),
)
_OUT = tuple(OrderOut.model_fields)
_told = itemgetter(*_OUT)
_MICROSECOND = timedelta(microseconds=1)
Span = tuple[datetime, datetime | None]


def orders_of(
    session: Session, equipment_id: int | None, scope: Scope, period: TimeRange, part: Part
) -> list[OrderOut]:
    """Orders of an equipment (None: of all) in a scope whose planned or actual time overlaps a range.

    Raises:
        NotFoundError: when the equipment, the workshop or the line is not registered.
    """
    if equipment_id is not None:
        require_equipment(session, equipment_id)
    require_scope(session, scope)
    machines = None if equipment_id is None else [equipment_id]
    rows = repository.orders(session, machines, period.start, period.end, part, scope)
    return [OrderOut.known(dict(zip(_OUT, _told(row), strict=True))) for row in rows]


def store_orders(session: Session, body: OrdersIn) -> StoredOut:
    """Store orders of another system.

    Raises:
        InvalidRowsError: names each wrong value; nothing is stored.
    """
    table = [_cells(order) for order in body.orders]
    rows = parse_rows(table, repository.machines(session), repository.products(session), first_row=1)
    return _store(session, rows, "api", body.user_name)


def import_orders(session: Session, data: bytes, user: str) -> StoredOut:
    """Store the orders of a CSV file, see `store_orders`."""
    rows = parse_rows(read_csv(data), repository.machines(session), repository.products(session), first_row=2)
    return _store(session, rows, "csv", user)


def delete_order(session: Session, order_id: int) -> None:
    """Delete an order.

    Raises:
        NotFoundError: when there is none.
    """
    order = session.get(ProductionOrder, order_id)
    if order is None:
        raise NotFoundError("order", "order_id", order_id)
    spans = _touched(order.started_at, order.ended_at)
    session.delete(order)
    session.flush()
    _mark(session, order.equipment_id, spans, f"order {order.code} deleted")


def inspections_of(session: Session, equipment_id: int, period: TimeRange, part: Part) -> list[InspectionOut]:
    """Inspection results of items made in a range, newest first.

    Raises:
        NotFoundError: when the equipment is not registered.
    """
    require_equipment(session, equipment_id)
    rows = repository.inspections(session, equipment_id, period.start, period.end, part)
    return [InspectionOut.model_validate(row) for row in rows]


def inspect(session: Session, equipment_id: int, body: InspectionIn) -> int:
    """Record an inspection result.

    Returns:
        Its id.

    Raises:
        NotFoundError: when the equipment is not registered.
        InvalidValueError: when it says nothing, tells more good parts than parts, or lies in the future.
    """
    require_equipment(session, equipment_id)
    if not (body.scrap or body.rework or body.inspected):
        raise InvalidValueError("scrap", 0, "scrap, rework or inspected other than 0")
    if body.good_first_pass > body.inspected:
        raise InvalidValueError(
            "good_first_pass", body.good_first_pass, f"at most inspected, {body.inspected}"
        )
    if body.time > datetime.now(UTC):
        raise InvalidValueError("time", body.time.isoformat(), "not later than now")
    row = InspectionResult(
        equipment_id=equipment_id,
        time=body.time.astimezone(UTC),
        scrap=body.scrap,
        rework=body.rework,
        inspected=body.inspected,
        good_first_pass=body.good_first_pass,
        order_code=body.order,
        user_name=body.user_name,
        comment=body.comment,
    )
    session.add(row)
    session.flush()
    _mark(session, equipment_id, _moved(row), f"inspection by {body.user_name}")
    return row.inspection_id


def withdraw(session: Session, inspection_id: int, user: str) -> None:
    """Take an inspection result back; it stays on record.

    Raises:
        NotFoundError: when there is none.
        InvalidValueError: when it is withdrawn already.
    """
    row = session.get(InspectionResult, inspection_id, with_for_update=True)
    if row is None:
        raise NotFoundError("inspection", "inspection_id", inspection_id)
    if row.withdrawn_at is not None:
        raise InvalidValueError("inspection_id", inspection_id, "a result that is not withdrawn already")
    row.withdrawn_at, row.withdrawn_by = datetime.now(UTC), user
    session.flush()
    _mark(session, row.equipment_id, _moved(row), f"inspection withdrawn by {user}")


def _cells(order: OrderIn) -> dict[str, str]:
    values = order.model_dump()
    return {
        name: "" if value is None else value.isoformat() if isinstance(value, datetime) else str(value)
        for name, value in values.items()
    }


def _store(session: Session, rows: Sequence[OrderRow], source: str, user: str) -> StoredOut:
    known = repository.orders_by_key(session, [(r.equipment_id, r.code) for r in rows])
    now = datetime.now(UTC)
    added = changed = 0
    spans: dict[int, list[Span]] = {}
    for row in rows:
        stored = known.get((row.equipment_id, row.code))
        told = {name: _utc(getattr(row, name)) for name in _TOLD}
        if stored is not None and all(getattr(stored, name) == value for name, value in told.items()):
            continue
        touched = spans.setdefault(row.equipment_id, [])
        by = {"source": source, "user_name": user, "changed_at": now}
        if stored is None:
            session.add(ProductionOrder(equipment_id=row.equipment_id, code=row.code, **told, **by))
            touched += _touched(row.started_at, row.ended_at)
            added += 1
        else:
            if (stored.started_at, stored.ended_at) != (told["started_at"], told["ended_at"]):
                touched += _touched(stored.started_at, stored.ended_at)
                touched += _touched(row.started_at, row.ended_at)
            for name, value in (told | by).items():
                setattr(stored, name, value)
            changed += 1
    session.flush()
    hours = sum(_mark(session, key, own, f"orders by {user}") for key, own in sorted(spans.items()))
    return StoredOut(added=added, changed=changed, unchanged=len(rows) - added - changed, hours_marked=hours)


def _utc(value: object) -> object:
    return value.astimezone(UTC) if isinstance(value, datetime) else value


def _touched(started: datetime | None, ended: datetime | None) -> list[Span]:
    """What an order's actual times change: nothing while it has none."""
    return [] if started is None else [(started, ended)]


def _moved(row: InspectionResult) -> list[Span]:
    """What an inspection changes in the stored numbers: nothing where it moved no item."""
    return [(row.time, row.time + _MICROSECOND)] if row.scrap or row.rework else []


def _mark(session: Session, equipment_id: int, spans: Sequence[Span], reason: str) -> int:
    return sum(
        mark(
            session,
            reason=reason,
            lo=lo,
            hi=None if hi is None else hi - _MICROSECOND,
            equipment_ids=[equipment_id],
            samples=False,
        )
        for lo, hi in spans
    )
