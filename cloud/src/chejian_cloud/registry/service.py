"""What the registry answers: rows completed with the names of the contract's equipment types."""

from collections import defaultdict
from collections.abc import Mapping
from functools import cache
from operator import itemgetter

from chejian_contract.signals import Role
from chejian_contract.templates import equipment_types
from sqlalchemy import RowMapping
from sqlalchemy.orm import Session

from chejian_cloud.errors import InvalidValueError, NotFoundError
from chejian_cloud.paging import Part
from chejian_cloud.registry import repository
from chejian_cloud.registry.schemas import (
    BearingOut,
    EquipmentDetail,
    EquipmentOut,
    FeedOut,
    LineOut,
    WorkshopOut,
)
from chejian_cloud.registry.scope import EVERYTHING, Scope

MAX_MACHINES = 1000
"""Machines that one answer covers in detail; a workshop of a province has 20 to 200."""

_FIELDS = tuple(EquipmentOut.model_fields)
_values = itemgetter(*_FIELDS)
_LINE = tuple(LineOut.model_fields)
_line = itemgetter(*_LINE)
_WORKSHOP = tuple(WorkshopOut.model_fields)
_workshop = itemgetter(*_WORKSHOP[:-1])  # its lines come last


@cache
def machine_types() -> frozenset[str]:
    """Equipment types that report a machine state; meters and the like do not."""
    return frozenset(
        name
        for name, kind in equipment_types().items()
        if any(signal.role is Role.MACHINE_STATE for signal in kind.signals.values())
    )


def list_workshops(session: Session) -> list[WorkshopOut]:
    """All workshops with their lines."""
    lines: dict[int, list[LineOut]] = defaultdict(list)
    for line in repository.lines(session):
        lines[line["workshop_id"]].append(LineOut.known(dict(zip(_LINE, _line(line), strict=True))))
    return [
        WorkshopOut.known(dict(zip(_WORKSHOP, (*_workshop(row), lines[row["workshop_id"]]), strict=True)))
        for row in repository.workshops(session)
    ]


_THOUSAND = Part(1000)


def list_equipment(
    session: Session,
    *,
    code: str | None = None,
    workshop: str | None = None,
    scope: Scope = EVERYTHING,
    part: Part = _THOUSAND,
) -> list[EquipmentOut]:
    """Equipment in the order of workshop, line and flow."""
    rows = repository.equipment(session, code=code, workshop=workshop, scope=scope, part=part)
    return [_told(row) for row in rows]


def machines_of(session: Session, scope: Scope) -> list[EquipmentOut]:
    """Equipment of a scope that reports a machine state.

    Raises:
        NotFoundError: when the workshop or the line of the scope is not registered.
        InvalidValueError: when the scope holds more than `MAX_MACHINES`.
    """
    require_scope(session, scope)
    found = list_equipment(session, scope=scope, part=Part(MAX_MACHINES + 1))
    if len(found) > MAX_MACHINES:
        raise InvalidValueError(
            "workshop_id", scope.workshop_id, f"a scope of at most {MAX_MACHINES} machines"
        )
    return [equipment for equipment in found if equipment.machine]


def require_scope(session: Session, scope: Scope) -> None:
    """Check that what a scope names is registered.

    Raises:
        NotFoundError: when it is not.
    """
    if scope.workshop_id is not None and not repository.workshops(session, scope.workshop_id):
        raise NotFoundError("workshop", "workshop_id", scope.workshop_id)
    if scope.line_id is not None and not repository.lines(session, line_id=scope.line_id):
        raise NotFoundError("line", "line_id", scope.line_id)


def require_equipment(session: Session, equipment_id: int) -> EquipmentOut:
    """One equipment.

    Raises:
        NotFoundError: when it is not registered.
    """
    found = find_equipment(session, equipment_id)
    if found is None:
        raise NotFoundError("equipment", "equipment_id", equipment_id)
    return found


def find_equipment(session: Session, equipment_id: int) -> EquipmentOut | None:
    """One equipment; None when it is not registered."""
    rows = repository.equipment(session, equipment_id=equipment_id)
    return _told(rows[0]) if rows else None


def describe_equipment(session: Session, equipment_id: int) -> EquipmentDetail:
    """One equipment with its feeds and bearings.

    Raises:
        NotFoundError: when it is not registered.
    """
    return EquipmentDetail(
        **require_equipment(session, equipment_id).model_dump(),
        feeds=[
            FeedOut(group=f.group_id, node=f.edge_node, device=f.device)
            for f in repository.feeds(session, equipment_id)
        ],
        bearings=[BearingOut.model_validate(b) for b in repository.bearings(session, equipment_id)],
    )


def _told(row: RowMapping) -> EquipmentOut:
    return EquipmentOut.known(dict(zip(_FIELDS, _values(_complete(row)), strict=True)))


def _complete(row: RowMapping) -> Mapping[str, object]:
    kind = equipment_types().get(row["type"])
    return {
        **row,
        "type_name_zh": kind.name_zh if kind else row["type"],
        "type_name_en": kind.name_en if kind else row["type"],
        "machine": kind is None or row["type"] in machine_types(),
        "kpis": list(kind.kpis) if kind else [],
        "diagnoses": list(kind.diagnoses) if kind else [],
    }


def calendar_of(session: Session, equipment_id: int) -> int:
    """Id of the calendar that an equipment works by.

    Raises:
        NotFoundError: when the equipment is not registered.
    """
    rows = repository.equipment(session, equipment_id=equipment_id)
    if not rows:
        raise NotFoundError("equipment", "equipment_id", equipment_id)
    return int(rows[0]["calendar_id"])


def calendar_of_workshop(session: Session, workshop_id: int) -> int:
    """Id of the calendar of a workshop.

    Raises:
        NotFoundError: when the workshop is not registered.
    """
    found = repository.workshops(session, workshop_id)
    if not found:
        raise NotFoundError("workshop", "workshop_id", workshop_id)
    return int(found[0]["calendar_id"])
