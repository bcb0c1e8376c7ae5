"""Queries of the registry."""

from collections.abc import Sequence

from sqlalchemy import RowMapping, select
from sqlalchemy.orm import Session

from chejian_cloud.db.app import Bearing, Calendar, Enterprise, Equipment, EquipmentFeed, Line, Workshop
from chejian_cloud.paging import Part
from chejian_cloud.registry.scope import EVERYTHING, Scope

_THOUSAND = Part(1000)


def enterprises(session: Session) -> Sequence[Enterprise]:
    """Enterprises, by code."""
    return session.scalars(select(Enterprise).order_by(Enterprise.code)).all()


def workshops(session: Session, workshop_id: int | None = None) -> Sequence[RowMapping]:
    """Workshops (or the one that is named) with their enterprise and the code of their calendar, by code."""
    statement = (
        select(
            Workshop.workshop_id,
            Workshop.enterprise_id,
            Enterprise.code.label("enterprise"),
            Enterprise.name_zh.label("enterprise_name_zh"),
            Enterprise.name_en.label("enterprise_name_en"),
            Workshop.code,
            Workshop.name_zh,
            Workshop.name_en,
            Workshop.timezone,
            Workshop.city_code,
            Calendar.code.label("calendar"),
            Workshop.calendar_id,
        )
        .join(Enterprise, Enterprise.enterprise_id == Workshop.enterprise_id)
        .join(Calendar, Calendar.calendar_id == Workshop.calendar_id)
        .order_by(Enterprise.code, Workshop.code)
    )
    if workshop_id is not None:
        statement = statement.where(Workshop.workshop_id == workshop_id)
    return session.execute(statement).mappings().all()


def lines(
    session: Session, *, workshop_id: int | None = None, line_id: int | None = None
) -> Sequence[RowMapping]:
    """Lines, by workshop and code; filters that are None match everything."""
    statement = select(Line.workshop_id, Line.line_id, Line.code, Line.name_zh, Line.name_en).order_by(
        Line.workshop_id, Line.code
    )
    if workshop_id is not None:
        statement = statement.where(Line.workshop_id == workshop_id)
    if line_id is not None:
        statement = statement.where(Line.line_id == line_id)
    return session.execute(statement).mappings().all()


def equipment(
    session: Session,
    *,
    equipment_id: int | None = None,
    code: str | None = None,
    workshop: str | None = None,
    scope: Scope = EVERYTHING,
    part: Part = _THOUSAND,
) -> Sequence[RowMapping]:
    """Equipment with what is above it, by workshop, line and place in the flow; filters that are None match everything."""
    statement = (
        select(
            Equipment.equipment_id,
            Equipment.code,
            Equipment.name_zh,
            Equipment.name_en,
            Equipment.type,
            Equipment.position,
            Enterprise.code.label("enterprise"),
            Enterprise.name_zh.label("enterprise_name_zh"),
            Enterprise.name_en.label("enterprise_name_en"),
            Workshop.workshop_id,
            Workshop.code.label("workshop"),
            Workshop.name_zh.label("workshop_name_zh"),
            Workshop.name_en.label("workshop_name_en"),
            Workshop.timezone,
            Workshop.calendar_id,
            Line.line_id,
            Line.code.label("line"),
            Line.name_zh.label("line_name_zh"),
            Line.name_en.label("line_name_en"),
        )
        .join(Enterprise, Enterprise.enterprise_id == Equipment.enterprise_id)
        .join(Workshop, Workshop.workshop_id == Equipment.workshop_id)
        .join(Line, Line.line_id == Equipment.line_id)
    )
    if equipment_id is not None:
        statement = statement.where(Equipment.equipment_id == equipment_id)
    if code is not None:
        statement = statement.where(Equipment.code == code)
    if workshop is not None:
        statement = statement.where(Workshop.code == workshop)
    if scope.workshop_id is not None:
        statement = statement.where(Equipment.workshop_id == scope.workshop_id)
    if scope.line_id is not None:
        statement = statement.where(Equipment.line_id == scope.line_id)
    keys = Enterprise.code, Workshop.code, Line.code, Equipment.position, Equipment.code
    return session.execute(part.of(statement, *keys)).mappings().all()


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
