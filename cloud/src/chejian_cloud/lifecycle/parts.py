"""Parts of a machine: fitted, taken out, or withdrawn where they were entered by mistake; none is ever deleted."""

from datetime import UTC, datetime
from typing import Final

from sqlalchemy.orm import Session

from chejian_cloud.db.lifecycle import FittedPart, MaintenanceOrder
from chejian_cloud.errors import ConflictError, InvalidValueError, NotFoundError
from chejian_cloud.lifecycle import repository
from chejian_cloud.lifecycle.schemas import PartIn, PartOut, RemovalIn
from chejian_cloud.paging import Part
from chejian_cloud.registry.cycles import lock
from chejian_cloud.registry.service import require_equipment

MOST_FITTED: Final = 200
"""Parts in one machine at a time: those whose life somebody follows; the life-cycle file tells all of them."""
_WORKED_ON: Final = frozenset({"in_work", "done"})


def parts_of(session: Session, equipment_id: int, part: Part) -> list[PartOut]:
    """All parts of an equipment, withdrawn ones too, that fitted last first.

    Raises:
        NotFoundError: when the equipment is not registered.
    """
    require_equipment(session, equipment_id)
    return [PartOut.model_validate(row) for row in repository.parts(session, equipment_id, part)]


def fit(session: Session, equipment_id: int, body: PartIn, now: datetime) -> int:
    """Record a part that was fitted; answers its id.

    Raises:
        NotFoundError: when the equipment is not registered.
        InvalidValueError: it was fitted later than now, or under an order that is not worked on.
        ConflictError: a part of that serial number is fitted already, or too many are.
    """
    lock(session, equipment_id)
    fitted_at = _past("fitted_at", body.fitted_at, now)
    _check_order(session, equipment_id, body.maintenance_order_id)
    known = repository.fitted(session, equipment_id, MOST_FITTED)
    if len(known) >= MOST_FITTED:
        raise ConflictError(f"{MOST_FITTED} parts are fitted; take out what is no longer in the machine")
    same = (body.code, body.name, body.serial_number)
    if body.serial_number and any((p.code, p.name, p.serial_number) == same for p in known):
        raise ConflictError(f"{body.name} {body.serial_number} is fitted already")
    row = FittedPart(
        equipment_id=equipment_id,
        code=body.code,
        name=body.name,
        serial_number=body.serial_number,
        place=body.place,
        remark=body.remark,
        fitted_at=fitted_at,
        fitted_by=body.user_name,
        fitted_under=body.maintenance_order_id,
        removal_remark="",
    )
    session.add(row)
    session.flush()
    return row.part_id


def remove(session: Session, equipment_id: int, part_id: int, body: RemovalIn, now: datetime) -> None:
    """Record that a part was taken out.

    Raises:
        NotFoundError: when the equipment is not registered or has no such part.
        InvalidValueError: it was taken out later than now or before it was fitted, or under an order that is not worked on.
        ConflictError: it is not fitted any more.
    """
    row = _require(session, equipment_id, part_id)
    removed_at = _past("removed_at", body.removed_at, now)
    if removed_at < row.fitted_at:
        raise InvalidValueError(
            "removed_at", removed_at.isoformat(), f"not before it was fitted, {row.fitted_at.isoformat()}"
        )
    _check_order(session, equipment_id, body.maintenance_order_id)
    if row.removed_at is not None:
        raise ConflictError("this part was taken out already")
    row.removed_at, row.removed_by = removed_at, body.user_name
    row.removed_under, row.removal_remark = body.maintenance_order_id, body.remark
    session.flush()


def withdraw(session: Session, equipment_id: int, part_id: int, user: str, now: datetime) -> None:
    """Take a part back that was entered by mistake; it stays on record.

    Raises:
        NotFoundError: when the equipment is not registered or has no such part.
        ConflictError: it is withdrawn already.
    """
    row = _require(session, equipment_id, part_id)
    row.withdrawn_at, row.withdrawn_by = now, user
    session.flush()


def _require(session: Session, equipment_id: int, part_id: int) -> FittedPart:
    lock(session, equipment_id)
    row = session.get(FittedPart, part_id)
    if row is None or row.equipment_id != equipment_id:
        raise NotFoundError("part", "part_id", part_id)
    if row.withdrawn_at is not None:
        raise ConflictError("this part is withdrawn")
    return row


def _past(key: str, given: datetime | None, now: datetime) -> datetime:
    moment = now if given is None else given.astimezone(UTC)
    if moment > now:
        raise InvalidValueError(key, moment.isoformat(), "not later than now")
    return moment


def _check_order(session: Session, equipment_id: int, order_id: int | None) -> None:
    if order_id is None:
        return
    row = session.get(MaintenanceOrder, order_id, with_for_update={"read": True})
    if row is None or row.equipment_id != equipment_id or row.state not in _WORKED_ON:
        raise InvalidValueError(
            "maintenance_order_id", order_id, "an order of this equipment that is in work or done"
        )
