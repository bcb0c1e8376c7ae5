"""What the registry answers: rows completed with the names of the contract's equipment types."""

from collections.abc import Mapping

from chejian_contract.templates import equipment_types
from sqlalchemy import RowMapping
from sqlalchemy.orm import Session

from chejian_cloud.errors import NotFoundError
from chejian_cloud.registry import repository
from chejian_cloud.registry.schemas import (
    BearingOut,
    EquipmentDetail,
    EquipmentOut,
    FeedOut,
    LineOut,
    WorkshopOut,
)


def list_workshops(session: Session) -> list[WorkshopOut]:
    """All workshops with their lines."""
    lines = repository.lines(session)
    return [
        WorkshopOut(
            **row, lines=[LineOut.model_validate(x) for x in lines if x.workshop_id == row["workshop_id"]]
        )
        for row in repository.workshops(session)
    ]


def list_equipment(
    session: Session,
    *,
    code: str | None = None,
    workshop: str | None = None,
    limit: int = 1000,
    offset: int = 0,
) -> list[EquipmentOut]:
    """Equipment in the order of workshop, line and code."""
    rows = repository.equipment(session, code=code, workshop=workshop, limit=limit, offset=offset)
    return [EquipmentOut.model_validate(_complete(row)) for row in rows]


def require_equipment(session: Session, equipment_id: int) -> EquipmentOut:
    """One equipment.

    Raises:
        NotFoundError: when it is not registered.
    """
    rows = repository.equipment(session, equipment_id=equipment_id)
    if not rows:
        raise NotFoundError("equipment", "equipment_id", equipment_id)
    return EquipmentOut.model_validate(_complete(rows[0]))


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


def _complete(row: RowMapping) -> Mapping[str, object]:
    kind = equipment_types().get(row["type"])
    return {
        **row,
        "type_name_zh": kind.name_zh if kind else row["type"],
        "type_name_en": kind.name_en if kind else row["type"],
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
