"""Edits of the registry: enterprises, workshops, lines and equipment are added, renamed and moved; codes stay.

What changes which samples belong where, or which calendar holds, marks the equipment for recomputation.
"""

from collections.abc import Sequence
from typing import Any, TypeVar

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from chejian_cloud.conditional import Seen
from chejian_cloud.db import app as db
from chejian_cloud.errors import ConflictError, InvalidValueError, NotFoundError
from chejian_cloud.marks import lock_registry, mark
from chejian_cloud.registry import tree
from chejian_cloud.registry.edit_schemas import (
    EquipmentIn,
    NamesIn,
    NewEquipmentIn,
    NewIn,
    NewWorkshopIn,
    WorkshopIn,
)
from chejian_cloud.registry.import_stored import is_bound

_Row = TypeVar("_Row", db.Enterprise, db.Workshop, db.Line, db.Equipment)


def add_enterprise(session: Session, body: NewIn) -> int:
    """Add an enterprise; answers its id.

    Raises:
        ConflictError: the code is taken.
    """
    lock_registry(session)
    _refuse_taken(session, db.Enterprise, code=body.code)
    row = db.Enterprise(code=body.code, **_names(body))
    _add(session, row)
    return row.enterprise_id


def add_workshop(session: Session, enterprise: str, body: NewWorkshopIn) -> int:
    """Add a workshop to an enterprise; answers its id.

    Raises:
        NotFoundError: there is no such enterprise.
        ConflictError: the code is taken.
        InvalidValueError: there is no such calendar.
    """
    lock_registry(session)
    owner = session.scalars(select(db.Enterprise).filter_by(code=enterprise)).one_or_none()
    if owner is None:
        raise NotFoundError("enterprise", "enterprise", enterprise)
    _refuse_taken(session, db.Workshop, enterprise_id=owner.enterprise_id, code=body.code)
    calendar = _calendar(session, body.calendar)
    row = db.Workshop(
        enterprise_id=owner.enterprise_id,
        code=body.code,
        calendar_id=calendar.calendar_id,
        timezone=calendar.timezone,
        city_code=body.city_code,
        **_names(body),
    )
    _add(session, row)
    return row.workshop_id


def add_line(session: Session, workshop_id: int, body: NewIn) -> int:
    """Add a line to a workshop; answers its id.

    Raises:
        NotFoundError: there is no such workshop.
        ConflictError: the code is taken.
    """
    lock_registry(session)
    _find(session, db.Workshop, workshop_id)
    _refuse_taken(session, db.Line, workshop_id=workshop_id, code=body.code)
    row = db.Line(workshop_id=workshop_id, code=body.code, **_names(body))
    _add(session, row)
    return row.line_id


def add_equipment(session: Session, line_id: int, body: NewEquipmentIn) -> int:
    """Add an equipment to a line; answers its id.

    Raises:
        NotFoundError: there is no such line.
        ConflictError: the code is taken in the enterprise.
    """
    lock_registry(session)
    line = _find(session, db.Line, line_id)
    workshop = _find(session, db.Workshop, line.workshop_id)
    _refuse_taken(session, db.Equipment, enterprise_id=workshop.enterprise_id, code=body.code)
    last = session.scalar(select(func.max(db.Equipment.position)).filter_by(line_id=line_id))
    row = db.Equipment(
        enterprise_id=workshop.enterprise_id,
        workshop_id=workshop.workshop_id,
        line_id=line_id,
        code=body.code,
        type=body.type,
        position=(last or 0) + 1 if body.position is None else body.position,
        **_names(body),
    )
    _add(session, row)
    return row.equipment_id


def rename_enterprise(session: Session, enterprise: str, body: NamesIn, seen: Seen) -> None:
    """Rename an enterprise.

    Raises:
        NotFoundError: there is none.
        ChangedSinceError: it is not what the editor has seen.
    """
    lock_registry(session)
    seen.check(lambda: tree.own(tree.registry_of(session, enterprise)))
    row = session.scalars(select(db.Enterprise).filter_by(code=enterprise)).one_or_none()
    if row is None:
        raise NotFoundError("enterprise", "enterprise", enterprise)
    _change(row, _names(body))


def edit_workshop(session: Session, workshop_id: int, body: WorkshopIn, seen: Seen) -> int:
    """Change a workshop; answers how many hours are computed anew.

    Raises:
        NotFoundError: there is none.
        ChangedSinceError: it is not what the editor has seen.
        InvalidValueError: there is no such calendar.
    """
    lock_registry(session)
    row = _find(session, db.Workshop, workshop_id)
    before = session.get_one(db.Calendar, row.calendar_id)
    seen.check(lambda: tree.own(tree.workshop_node(row, before.code, [])))
    calendar = _calendar(session, body.calendar)
    _change(
        row,
        {
            **_names(body),
            "city_code": body.city_code,
            "calendar_id": calendar.calendar_id,
            "timezone": calendar.timezone,
        },
    )
    session.flush()
    if calendar is before:
        return 0
    ids = session.scalars(select(db.Equipment.equipment_id).filter_by(workshop_id=workshop_id)).all()
    return _mark(
        session, ids, f"workshop {row.code}: calendar {calendar.code} by {body.user_name}", samples=False
    )


def rename_line(session: Session, line_id: int, body: NamesIn, seen: Seen) -> None:
    """Rename a line.

    Raises:
        NotFoundError: there is none.
        ChangedSinceError: it is not what the editor has seen.
    """
    lock_registry(session)
    row = _find(session, db.Line, line_id)
    seen.check(lambda: tree.own(tree.line_node(row, [])))
    _change(row, _names(body))


def edit_equipment(session: Session, equipment_id: int, body: EquipmentIn, seen: Seen) -> int:
    """Change or move an equipment; answers how many hours are computed anew.

    Raises:
        NotFoundError: there is none.
        ChangedSinceError: it is not what the editor has seen.
        InvalidValueError: the line is none of its enterprise, or bearings or meters rely on the type.
    """
    lock_registry(session)
    row = _find(session, db.Equipment, equipment_id)
    seen.check(lambda: tree.own(tree.equipment_node(row)))
    line = session.get(db.Line, body.line_id)
    workshop = session.get(db.Workshop, line.workshop_id) if line else None
    if line is None or workshop is None or workshop.enterprise_id != row.enterprise_id:
        raise InvalidValueError("line_id", body.line_id, "a line of the same enterprise")
    if body.type != row.type and is_bound(session, equipment_id):
        raise InvalidValueError(
            "type", body.type, f"{row.type}: its bearings, or its place among the meters, rely on it"
        )
    moved = (row.line_id, row.type) != (line.line_id, body.type)
    values = {"type": body.type, "position": body.position, "line_id": line.line_id}
    _change(row, {**_names(body), **values, "workshop_id": workshop.workshop_id})
    session.flush()
    return _mark(session, [equipment_id], f"equipment {row.code} moved by {body.user_name}") if moved else 0


def _names(body: NamesIn) -> dict[str, str]:
    return {"name_zh": body.name_zh, "name_en": body.name_en}


def _find(session: Session, model: type[_Row], key: int) -> _Row:
    found = session.get(model, key)
    if found is None:
        name = model.__tablename__
        raise NotFoundError(name, f"{name}_id", key)
    return found


def _calendar(session: Session, code: str) -> db.Calendar:
    known = {c.code: c for c in session.scalars(select(db.Calendar).order_by(db.Calendar.code))}
    if code not in known:
        raise InvalidValueError("calendar", code, ", ".join(known) or "a calendar; there is none")
    return known[code]


def _refuse_taken(session: Session, model: type[_Row], **key: Any) -> None:
    if session.scalars(select(model).filter_by(**key)).first() is not None:
        raise ConflictError(f"code: {key['code']!r} is taken by another {model.__tablename__}")


def _add(session: Session, row: _Row) -> None:
    session.add(row)
    session.flush()


def _change(row: _Row, values: dict[str, Any]) -> None:
    for name, value in values.items():
        if getattr(row, name) != value:
            setattr(row, name, value)


def _mark(session: Session, ids: Sequence[int], reason: str, *, samples: bool = True) -> int:
    return mark(session, reason=reason, equipment_ids=ids, samples=samples) if ids else 0
