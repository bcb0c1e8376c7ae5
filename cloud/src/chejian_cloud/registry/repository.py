"""Queries of the registry."""

from collections.abc import Sequence

from sqlalchemy import RowMapping, select
from sqlalchemy.orm import Session

from chejian_cloud.db.app import Bearing, Calendar, Enterprise, Equipment, EquipmentFeed, Line, Workshop


def workshops(session: Session) -> Sequence[RowMapping]:
    """All workshops with the codes of their enterprise and calendar, by code."""
    statement = (
        select(
            Workshop.workshop_id,
            Enterprise.code.label("enterprise"),
            Workshop.code,
            Workshop.name_zh,
            Workshop.name_en,
            Workshop.timezone,
            Workshop.city_code,
            Calendar.code.label("calendar"),
        )
        .join(Enterprise, Enterprise.enterprise_id == Workshop.enterprise_id)
        .join(Calendar, Calendar.calendar_id == Workshop.calendar_id)
        .order_by(Enterprise.code, Workshop.code)
    )
    return session.execute(statement).mappings().all()


def lines(session: Session) -> Sequence[Line]:
    """All lines, by workshop and code."""
    return session.scalars(select(Line).order_by(Line.workshop_id, Line.code)).all()


def equipment(
    session: Session,
    *,
    equipment_id: int | None = None,
    code: str | None = None,
    workshop: str | None = None,
    limit: int = 1000,
    offset: int = 0,
) -> Sequence[RowMapping]:
    """Equipment with the codes above it, by workshop, line and code; filters that are None match everything."""
    statement = (
        select(
            Equipment.equipment_id,
            Equipment.code,
            Equipment.name_zh,
            Equipment.name_en,
            Equipment.type,
            Enterprise.code.label("enterprise"),
            Workshop.code.label("workshop"),
            Workshop.timezone,
            Workshop.calendar_id,
            Line.code.label("line"),
            Line.name_zh.label("line_name_zh"),
            Line.name_en.label("line_name_en"),
        )
        .join(Enterprise, Enterprise.enterprise_id == Equipment.enterprise_id)
        .join(Workshop, Workshop.workshop_id == Equipment.workshop_id)
        .join(Line, Line.line_id == Equipment.line_id)
        .order_by(Enterprise.code, Workshop.code, Line.code, Equipment.code)
        .limit(limit)
        .offset(offset)
    )
    if equipment_id is not None:
        statement = statement.where(Equipment.equipment_id == equipment_id)
    if code is not None:
        statement = statement.where(Equipment.code == code)
    if workshop is not None:
        statement = statement.where(Workshop.code == workshop)
    return session.execute(statement).mappings().all()


def feeds(session: Session, equipment_id: int) -> Sequence[EquipmentFeed]:
    """The devices that feed an equipment."""
    statement = (
        select(EquipmentFeed)
        .where(EquipmentFeed.equipment_id == equipment_id)
        .order_by(EquipmentFeed.group_id, EquipmentFeed.edge_node, EquipmentFeed.device)
    )
    return session.scalars(statement).all()


def bearings(session: Session, equipment_id: int) -> Sequence[Bearing]:
    """The monitored bearings of an equipment."""
    statement = select(Bearing).where(Bearing.equipment_id == equipment_id).order_by(Bearing.position)
    return session.scalars(statement).all()
