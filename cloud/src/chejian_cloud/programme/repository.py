"""Queries of entries, milestones and observations; statements over many tables are in `figures.py`."""

from collections.abc import Collection, Sequence
from datetime import date

from sqlalchemy import RowMapping, delete, select, text
from sqlalchemy.orm import Session

from chejian_cloud.db.app import Enterprise, Line, Workshop
from chejian_cloud.db.programme import (
    ProgrammeEnergy,
    ProgrammeEntry,
    ProgrammeMilestone,
    ProgrammeObservation,
)
from chejian_cloud.paging import Part

ALL = Part(10_000)
"""More entries than any programme has."""
_COUNTED = text("SELECT kind, day, entries, registered FROM app.programme_counted(:region)")
_KEEPS = text("SELECT app.caller_keeps_region(:region)")


def entries(
    session: Session,
    *,
    kind: str | None = None,
    city: str | None = None,
    sector: str | None = None,
    status: str | None = None,
    entry_id: int | None = None,
    part: Part = ALL,
) -> Sequence[RowMapping]:
    """Entries with their enterprise, by id; filters that are None match everything."""
    p = ProgrammeEntry
    statement = select(
        *p.__table__.columns,
        Enterprise.code.label("enterprise"),
        Enterprise.name_zh.label("enterprise_name_zh"),
        Enterprise.name_en.label("enterprise_name_en"),
    ).join(Enterprise, Enterprise.enterprise_id == p.enterprise_id)
    asked = ((p.kind, kind), (p.city_code, city), (p.sector, sector), (p.status, status))
    for column, value in (*asked, (p.programme_entry_id, entry_id)):
        if value is not None:
            statement = statement.where(column == value)
    return session.execute(part.of(statement, p.programme_entry_id)).mappings().all()


def milestones(session: Session, entry_ids: Collection[int]) -> Sequence[ProgrammeMilestone]:
    """Steps of some entries."""
    m = ProgrammeMilestone
    return session.scalars(select(m).where(m.programme_entry_id.in_(entry_ids))).all()


def find(session: Session, entry_id: int, *, lock: bool = False) -> ProgrammeEntry | None:
    """An entry; with `lock` it waits for other edits of it."""
    return session.get(ProgrammeEntry, entry_id, with_for_update=lock)


def same(session: Session, enterprise_id: int, kind: str, code: str) -> ProgrammeEntry | None:
    """The entry of that key."""
    keys = {"enterprise_id": enterprise_id, "kind": kind, "code": code}
    return session.scalars(select(ProgrammeEntry).filter_by(**keys)).one_or_none()


def enterprise(session: Session, enterprise_id: int) -> Enterprise | None:
    """An enterprise."""
    return session.get(Enterprise, enterprise_id)


def workshop(session: Session, workshop_id: int) -> Workshop | None:
    """A workshop."""
    return session.get(Workshop, workshop_id)


def line(session: Session, line_id: int) -> Line | None:
    """A line."""
    return session.get(Line, line_id)


def drop_milestone(session: Session, entry_id: int, kind: str) -> None:
    """Take a step away."""
    rows = ProgrammeMilestone.programme_entry_id == entry_id, ProgrammeMilestone.kind == kind
    session.execute(delete(ProgrammeMilestone).where(*rows))


def counted(session: Session, region: str) -> Sequence[RowMapping]:
    """Entries of a region that count towards its targets, by kind and day from which they do."""
    return session.execute(_COUNTED, {"region": region}).mappings().all()


def keeps(session: Session, region: str) -> bool:
    """Whether the caller sees the whole region, and so may write what holds for it."""
    return bool(session.scalar(_KEEPS, {"region": region}))


def observations(session: Session, plan: str, until: date) -> Sequence[ProgrammeObservation]:
    """What was observed of a plan's targets up to a day, by target and day."""
    o = ProgrammeObservation
    return session.scalars(select(o).where(o.plan == plan, o.day <= until).order_by(o.target, o.day)).all()


def energy_years(session: Session, plan: str, until: int) -> Sequence[ProgrammeEnergy]:
    """Years of energy and growth up to one, in order."""
    e = ProgrammeEnergy
    return session.scalars(select(e).where(e.plan == plan, e.year <= until).order_by(e.year)).all()
