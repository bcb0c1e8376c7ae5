"""Maintenance orders: opened, in work, then done or cancelled."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy.orm import Session

from chejian_cloud.conditional import Seen, tag_of
from chejian_cloud.db.lifecycle import MaintenanceOrder
from chejian_cloud.errors import ConflictError, InvalidValueError, NotFoundError
from chejian_cloud.lifecycle import repository
from chejian_cloud.lifecycle.schemas import MaintenanceOrderChange, MaintenanceOrderIn, MaintenanceOrderOut
from chejian_cloud.paging import Part
from chejian_cloud.registry.cycles import lock
from chejian_cloud.registry.service import require_equipment

MOST_OPEN: Final = 100
"""Orders of one machine that are not closed; the life-cycle file tells all of them."""
NEXT: Final[Mapping[str, tuple[str, ...]]] = {
    "opened": ("in_work", "cancelled"),
    "in_work": ("done", "cancelled"),
    "done": (),
    "cancelled": (),
}
"""State -> states that may follow."""
_EDITED: Final = ("kind", "title", "description", "found")
_NOT_OF_THE_ROW: Final = {"parts_fitted", "parts_removed", "etag"}
_OF_THE_ROW: Final = tuple(name for name in MaintenanceOrderOut.model_fields if name not in _NOT_OF_THE_ROW)


def orders_of(
    session: Session, equipment_id: int, states: Sequence[str], part: Part
) -> list[MaintenanceOrderOut]:
    """Maintenance orders of an equipment in some states, that opened last first.

    Raises:
        NotFoundError: when the equipment is not registered.
    """
    require_equipment(session, equipment_id)
    return told(session, repository.orders(session, equipment_id, states, part))


def told(session: Session, rows: Sequence[MaintenanceOrder]) -> list[MaintenanceOrderOut]:
    """Orders with the parts that were changed in their work."""
    ids = [row.maintenance_order_id for row in rows]
    parts = repository.parts_of_orders(session, ids) if ids else ()
    return [
        MaintenanceOrderOut(
            **_plain(row),
            parts_fitted=[p.part_id for p in parts if p.fitted_under == row.maintenance_order_id],
            parts_removed=[p.part_id for p in parts if p.removed_under == row.maintenance_order_id],
            etag=tag_of(_plain(row)),
        )
        for row in rows
    ]


def _plain(row: MaintenanceOrder) -> dict[str, Any]:
    return {name: getattr(row, name) for name in _OF_THE_ROW}


def add(session: Session, equipment_id: int, body: MaintenanceOrderIn, now: datetime) -> MaintenanceOrderOut:
    """Open a maintenance order.

    Raises:
        NotFoundError: when the equipment is not registered.
        InvalidValueError: it was opened later than now, or the diagnosis is none of this equipment.
        ConflictError: too many are open.
    """
    lock(session, equipment_id)
    opened_at = now if body.opened_at is None else body.opened_at.astimezone(UTC)
    if opened_at > now:
        raise InvalidValueError("opened_at", opened_at.isoformat(), "not later than now")
    if (
        body.diagnosis_id is not None
        and repository.machine_of_diagnosis(session, body.diagnosis_id) != equipment_id
    ):
        raise InvalidValueError("diagnosis_id", body.diagnosis_id, "a diagnosis of this equipment")
    if repository.count_open(session, equipment_id) >= MOST_OPEN:
        raise ConflictError(f"{MOST_OPEN} maintenance orders of this equipment are open; close some first")
    row = MaintenanceOrder(
        equipment_id=equipment_id,
        kind=body.kind,
        title=body.title,
        description=body.description,
        state="opened",
        found="",
        diagnosis_id=body.diagnosis_id,
        opened_at=opened_at,
        opened_by=body.user_name,
        changed_at=now,
        changed_by=body.user_name,
    )
    session.add(row)
    session.flush()
    return told(session, [row])[0]


def change(
    session: Session, order_id: int, body: MaintenanceOrderChange, seen: Seen, now: datetime
) -> MaintenanceOrderOut:
    """Change an order that is not closed, or take it to its next state.

    Raises:
        NotFoundError: there is none, or it is somebody else's.
        InvalidValueError: the state is none that may follow, or the time cannot be.
        ConflictError: it is closed.
        ChangedSinceError: it is not what the editor has seen.
    """
    row = session.get(MaintenanceOrder, order_id, with_for_update=True)
    if row is None:
        raise NotFoundError("maintenance order", "maintenance_order_id", order_id)
    if body.at is not None and body.state is None:
        raise InvalidValueError("at", body.at.isoformat(), "null without a state")
    seen.check(lambda: _plain(row))
    if not NEXT[row.state]:
        raise ConflictError(f"this order is {row.state} and stays as it is")
    if body.state is not None:
        _advance(row, body.state, body.at, body.user_name, now)
    for name in _EDITED:
        value = getattr(body, name)
        if value is not None:
            setattr(row, name, value)
    row.changed_at, row.changed_by = now, body.user_name
    session.flush()
    return told(session, [row])[0]


def _advance(row: MaintenanceOrder, state: str, at: datetime | None, user: str, now: datetime) -> None:
    if state not in NEXT[row.state]:
        raise InvalidValueError("state", state, f"{' or '.join(NEXT[row.state])} after {row.state}")
    moment = now if at is None else at.astimezone(UTC)
    before = row.started_at or row.opened_at
    if not before <= moment <= now:
        raise InvalidValueError(
            "at",
            moment.isoformat(),
            f"not before the step before, {before.isoformat()}, and not later than now",
        )
    row.state = state
    if state == "in_work":
        row.started_at, row.started_by = moment, user
    else:
        row.closed_at, row.closed_by = moment, user
