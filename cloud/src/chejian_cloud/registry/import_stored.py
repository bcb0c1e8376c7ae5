"""The registry of one enterprise as an import compares it."""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from chejian_cloud.db import app as db
from chejian_cloud.db.energy import Meter
from chejian_cloud.errors import NotFoundError

Feed = tuple[str, str]
"""Edge node and device; the group is the enterprise's own."""


@dataclass(frozen=True, slots=True)
class StoredEquipment:
    """An equipment that is registered; `bound`: a bearing or a meter relies on its type."""

    equipment_id: int
    name_zh: str
    name_en: str
    type: str
    workshop: str
    line: str
    position: int
    feeds: frozenset[Feed]
    bound: bool


@dataclass(frozen=True, slots=True)
class Stored:
    """What is registered of an enterprise, by code.

    Attributes:
        enterprise: the enterprise.
        calendars: id and time zone; those that the caller sees.
        workshops: values by the columns of an import.
        workshop_ids: their ids.
        lines: values by the columns of an import, by workshop and code.
        line_ids: their ids.
        equipment: by code.
        feeds: code of the equipment that a device feeds.
        last_position: the largest position of each line.
    """

    enterprise: db.Enterprise
    calendars: Mapping[str, tuple[int, str]]
    workshops: Mapping[str, Mapping[str, str]]
    workshop_ids: Mapping[str, int]
    lines: Mapping[tuple[str, str], Mapping[str, str]]
    line_ids: Mapping[tuple[str, str], int]
    equipment: Mapping[str, StoredEquipment]
    feeds: Mapping[Feed, str]
    last_position: Mapping[tuple[str, str], int]


def read_stored(session: Session, enterprise: str) -> Stored:
    """The registry of an enterprise.

    Raises:
        NotFoundError: there is none of this code, or it is not the caller's.
    """
    owner = session.scalars(select(db.Enterprise).filter_by(code=enterprise)).one_or_none()
    if owner is None:
        raise NotFoundError("enterprise", "enterprise", enterprise)
    calendars = {c.code: c for c in session.scalars(select(db.Calendar))}
    by_id = {c.calendar_id: c.code for c in calendars.values()}
    own = {"enterprise_id": owner.enterprise_id}
    workshops = {w.workshop_id: w for w in session.scalars(select(db.Workshop).filter_by(**own))}
    lines = [x for x in session.scalars(select(db.Line)) if x.workshop_id in workshops]
    keys = {x.line_id: (workshops[x.workshop_id].code, x.code) for x in lines}
    rows = session.scalars(select(db.Equipment).filter_by(**own)).all()
    feeds = _feeds(session, owner)
    fed_by: dict[int, set[Feed]] = {}
    for feed, equipment_id in feeds.items():
        fed_by.setdefault(equipment_id, set()).add(feed)
    bound = _bound(session)
    equipment = {
        row.code: StoredEquipment(
            row.equipment_id,
            row.name_zh,
            row.name_en,
            row.type,
            *keys[row.line_id],
            row.position,
            frozenset(fed_by.get(row.equipment_id, ())),
            row.equipment_id in bound,
        )
        for row in rows
    }
    codes = {row.equipment_id: row.code for row in rows}
    last: dict[tuple[str, str], int] = {}
    for row in rows:
        key = keys[row.line_id]
        last[key] = max(last.get(key, 0), row.position)
    return Stored(
        enterprise=owner,
        calendars={c.code: (c.calendar_id, c.timezone) for c in calendars.values()},
        workshops={w.code: _workshop(w, by_id[w.calendar_id]) for w in workshops.values()},
        workshop_ids={w.code: w.workshop_id for w in workshops.values()},
        lines={keys[x.line_id]: {"line_name_zh": x.name_zh, "line_name_en": x.name_en} for x in lines},
        line_ids={keys[x.line_id]: x.line_id for x in lines},
        equipment=equipment,
        feeds={feed: codes.get(key, "?") for feed, key in feeds.items()},
        last_position=last,
    )


def _feeds(session: Session, owner: db.Enterprise) -> Mapping[Feed, int]:
    rows = session.scalars(select(db.EquipmentFeed).filter_by(group_id=owner.code))
    return {(f.edge_node, f.device): f.equipment_id for f in rows}


def _bound(session: Session) -> frozenset[int]:
    """Equipment whose type a bearing or a meter relies on."""
    bearings = session.scalars(select(db.Bearing.equipment_id))
    meters = session.scalars(select(Meter.equipment_id))
    return frozenset({*bearings, *meters})


def _workshop(row: db.Workshop, calendar: str) -> Mapping[str, str]:
    return {
        "workshop_name_zh": row.name_zh,
        "workshop_name_en": row.name_en,
        "city_code": row.city_code,
        "calendar": calendar,
    }


def is_bound(session: Session, equipment_id: int) -> bool:
    """Whether a bearing or a meter relies on an equipment's type."""
    return equipment_id in _bound(session)
