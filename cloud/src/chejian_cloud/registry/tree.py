"""The registry of an enterprise as a tree, with an ETag for each node that can be edited."""

from collections import defaultdict
from typing import Any, TypeVar

from sqlalchemy import select
from sqlalchemy.orm import Session

from chejian_cloud.conditional import tag_of
from chejian_cloud.db import app as db
from chejian_cloud.errors import NotFoundError
from chejian_cloud.registry.edit_schemas import EquipmentNode, LineNode, Node, RegistryOut, WorkshopNode

_Node = TypeVar("_Node", bound=Node)
_BELOW = {"etag", "equipment", "lines", "workshops", "calendars"}
"""What does not belong to a node itself."""


def registry_of(session: Session, enterprise: str) -> RegistryOut:
    """The registry of an enterprise.

    Raises:
        NotFoundError: there is none of this code, or it is not the caller's.
    """
    owner = session.scalars(select(db.Enterprise).filter_by(code=enterprise)).one_or_none()
    if owner is None:
        raise NotFoundError("enterprise", "enterprise", enterprise)
    key = {"enterprise_id": owner.enterprise_id}
    calendars = {
        c.calendar_id: c.code for c in session.scalars(select(db.Calendar).order_by(db.Calendar.code))
    }
    equipment: dict[int, list[EquipmentNode]] = defaultdict(list)
    order = (db.Equipment.position, db.Equipment.code)
    for row in session.scalars(select(db.Equipment).filter_by(**key).order_by(*order)):
        equipment[row.line_id].append(equipment_node(row))
    lines: dict[int, list[LineNode]] = defaultdict(list)
    statement = select(db.Line).join(db.Workshop, db.Workshop.workshop_id == db.Line.workshop_id)
    for line in session.scalars(
        statement.where(db.Workshop.enterprise_id == owner.enterprise_id).order_by(db.Line.code)
    ):
        lines[line.workshop_id].append(line_node(line, equipment[line.line_id]))
    workshops = session.scalars(select(db.Workshop).filter_by(**key).order_by(db.Workshop.code))
    return _tagged(
        RegistryOut(
            **_of(owner, owner.enterprise_id),
            calendars=list(calendars.values()),
            workshops=[workshop_node(w, calendars[w.calendar_id], lines[w.workshop_id]) for w in workshops],
        )
    )


def workshop_node(row: db.Workshop, calendar: str, lines: list[LineNode]) -> WorkshopNode:
    """A workshop with its lines."""
    return _tagged(
        WorkshopNode(**_of(row, row.workshop_id), city_code=row.city_code, calendar=calendar, lines=lines)
    )


def line_node(row: db.Line, equipment: list[EquipmentNode]) -> LineNode:
    """A line with its equipment."""
    return _tagged(LineNode(**_of(row, row.line_id), equipment=equipment))


def equipment_node(row: db.Equipment) -> EquipmentNode:
    """An equipment."""
    return _tagged(
        EquipmentNode(**_of(row, row.equipment_id), type=row.type, position=row.position, line_id=row.line_id)
    )


def own(node: Node) -> dict[str, object]:
    """What belongs to a node itself: its edit is refused when this has changed."""
    return node.model_dump(exclude=_BELOW)


def _of(row: db.Enterprise | db.Workshop | db.Line | db.Equipment, key: int) -> dict[str, Any]:
    return {"id": key, "code": row.code, "name_zh": row.name_zh, "name_en": row.name_en}


def _tagged(node: _Node) -> _Node:
    node.etag = tag_of(own(node))
    return node
