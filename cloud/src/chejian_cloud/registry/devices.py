"""Devices that were born on the wire, and which equipment they feed."""

from collections.abc import Sequence

from sqlalchemy import RowMapping, and_, func, select, true
from sqlalchemy.orm import Session

from chejian_cloud.db import app as db
from chejian_cloud.db import telemetry as t
from chejian_cloud.errors import ConflictError, NotFoundError
from chejian_cloud.marks import lock_registry, mark
from chejian_cloud.paging import Part
from chejian_cloud.registry.device_schemas import DeviceOut, FeedIn, MetricOut
from chejian_cloud.series.repository import newest

MOST_METRICS = 2000
"""Signals of one device in an answer."""


def devices(session: Session, group: str | None, part: Part) -> list[DeviceOut]:
    """Devices that the caller sees, by group, node and name; `group` None: of all groups."""
    n, d, s, last = t.node.c, t.device.c, t.series.c, newest()
    feed, own = db.EquipmentFeed, db.Equipment
    fed = and_(feed.group_id == n.group_id, feed.edge_node == n.edge_node, feed.device == d.name)
    statement = (
        select(
            *(d.device_id, n.group_id.label("group"), n.edge_node.label("node"), d.name.label("device")),
            *(d.online, d.born_at, d.workshop, d.line, d.equipment_type),
            *(own.equipment_id, own.code.label("equipment")),
        )
        .select_from(t.device)
        .join(t.node, n.node_id == d.node_id)
        .outerjoin(feed, fed)
        .outerjoin(own, own.equipment_id == feed.equipment_id)
        .where(d.name != "")  # a node's own metrics are no equipment's
    )
    if group is not None:
        statement = statement.where(n.group_id == group)
    page = part.of(statement, n.group_id, n.edge_node, d.name).subquery()
    told = (  # of the devices of this page only: newest values of a whole province take seconds
        select(func.count().label("metrics"), func.max(last.c.time).label("seen"))
        .select_from(t.series)
        .outerjoin(last, true())
        .where(s.device_id == page.c.device_id, ~s.retired)
        .lateral()
    )
    rows: Sequence[RowMapping] = (
        session.execute(
            select(page, told.c.metrics, told.c.seen)
            .join(told, true())
            .order_by(page.c.group, page.c.node, page.c.device)
        )
        .mappings()
        .all()
    )
    return [DeviceOut.model_validate(row) for row in rows]


def metrics(session: Session, device_id: int) -> list[MetricOut]:
    """Signals of a device with their newest stored values, by name.

    Raises:
        NotFoundError: there is no such device, or it is not the caller's.
    """
    if session.execute(select(t.device.c.device_id).where(t.device.c.device_id == device_id)).first() is None:
        raise NotFoundError("device", "device_id", device_id)
    s, last = t.series.c, newest()
    v = last.c
    statement = (
        select(s.series_id, s.name, s.unit, s.role, v.time, v.value, v.text)
        .select_from(t.series)
        .outerjoin(last, true())
        .where(s.device_id == device_id, ~s.retired)
        .order_by(s.name)
        .limit(MOST_METRICS)
    )
    return [MetricOut.model_validate(row) for row in session.execute(statement).mappings()]


def add_feed(session: Session, equipment_id: int, body: FeedIn) -> int:
    """Let a device feed an equipment; answers how many hours are computed anew. One that does already stays.

    Raises:
        NotFoundError: there is no such equipment.
        ConflictError: the device feeds another equipment.
    """
    lock_registry(session)
    equipment, group = _find(session, equipment_id)
    key = {"group_id": group, "edge_node": body.node, "device": body.device}
    taken = session.scalars(select(db.EquipmentFeed).filter_by(**key)).one_or_none()
    if taken is not None and taken.equipment_id != equipment_id:
        other = session.get_one(db.Equipment, taken.equipment_id).code
        raise ConflictError(f"device {body.node}/{body.device} feeds {other}; take it from there first")
    if taken is not None:
        return 0
    session.add(db.EquipmentFeed(equipment_id=equipment_id, **key))
    session.flush()
    reason = f"{body.node}/{body.device} feeds {equipment.code} by {body.user_name}"
    return mark(session, reason=reason, equipment_ids=[equipment_id])


def remove_feed(session: Session, equipment_id: int, node: str, device: str, user: str) -> int:
    """Let a device feed an equipment no more; answers how many hours are computed anew.

    Raises:
        NotFoundError: there is no such equipment, or the device does not feed it.
    """
    lock_registry(session)
    equipment, group = _find(session, equipment_id)
    key = {"group_id": group, "edge_node": node, "device": device, "equipment_id": equipment_id}
    row = session.scalars(select(db.EquipmentFeed).filter_by(**key)).one_or_none()
    if row is None:
        raise NotFoundError("feed", "device", f"{node}/{device}")
    reason = f"{node}/{device} feeds {equipment.code} no more, by {user}"
    hours = mark(session, reason=reason, equipment_ids=[equipment_id])  # while its samples are still found
    session.delete(row)
    session.flush()
    return hours


def _find(session: Session, equipment_id: int) -> tuple[db.Equipment, str]:
    """An equipment and the group of its devices: an enterprise maps none of another's."""
    equipment = session.get(db.Equipment, equipment_id)
    if equipment is None:
        raise NotFoundError("equipment", "equipment_id", equipment_id)
    return equipment, session.get_one(db.Enterprise, equipment.enterprise_id).code
