"""Import of an enterprise's registry from CSV or Excel: looked at first, then stored as a whole or not at all."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict

from sqlalchemy import select
from sqlalchemy.orm import Session

from chejian_cloud.db import app as db
from chejian_cloud.errors import InvalidRowsError
from chejian_cloud.marks import lock_registry, mark
from chejian_cloud.problems import RowProblem
from chejian_cloud.registry.import_columns import MAX_BYTES, MAX_ERRORS, MAX_ROWS, cells_of
from chejian_cloud.registry.import_plan import Item, Place, Plan, counts, is_new_feed, make_plan
from chejian_cloud.registry.import_schemas import ChangeOut, ImportOut, ImportPreview
from chejian_cloud.registry.import_stored import Stored, read_stored
from chejian_cloud.tables import read_table

MAX_CHANGES = 500
"""Changes that a preview lists."""


def preview(session: Session, enterprise: str, data: bytes) -> ImportPreview:
    """What a file would change, or every error in it; nothing is stored.

    Raises:
        NotFoundError: no such enterprise.
    """
    stored = read_stored(session, enterprise)
    try:
        plan = _plan(stored, data)
    except InvalidRowsError as error:
        plan = Plan(errors=list(error.errors))
    told = [] if plan.errors else [ChangeOut(**asdict(c)) for c in plan.changes[:MAX_CHANGES]]
    done = dict.fromkeys(counts(Plan(), stored), 0) if plan.errors else counts(plan, stored)
    return ImportPreview(
        rows=plan.rows,
        **done,
        error_count=len(plan.errors),
        errors=[RowProblem.model_validate(e) for e in plan.errors[:MAX_ERRORS]],
        changes=told,
    )


def store(session: Session, enterprise: str, data: bytes, user: str) -> ImportOut:
    """Store a file, all of it or nothing.

    Raises:
        NotFoundError: no such enterprise.
        InvalidRowsError: names each wrong value; nothing is stored.
    """
    lock_registry(session)
    stored = read_stored(session, enterprise)
    plan = _plan(stored, data)
    if plan.errors:
        raise InvalidRowsError(plan.errors[:MAX_ERRORS])
    workshops = _store_workshops(session, stored, plan.workshops)
    lines = _store_lines(session, workshops, stored, plan.lines)
    touched = _Equipment(session, stored, workshops, lines).store(plan.items)
    hours = mark(session, reason=f"registry import by {user}", equipment_ids=touched) if touched else 0
    return ImportOut(rows=plan.rows, **counts(plan, stored), hours_marked=hours)


def _plan(stored: Stored, data: bytes) -> Plan:
    return make_plan(cells_of(read_table(data, max_bytes=MAX_BYTES, max_rows=MAX_ROWS)), stored)


def _store_workshops(session: Session, stored: Stored, places: Mapping[str, Place]) -> Mapping[str, int]:
    """Ids of all workshops, with the new ones."""
    new = {}
    for code, place in places.items():
        names = _names(place, "workshop_")
        if place.new:
            calendar_id, timezone = stored.calendars[place.values["calendar"]]
            new[code] = db.Workshop(
                enterprise_id=stored.enterprise.enterprise_id,
                code=code,
                calendar_id=calendar_id,
                timezone=timezone,
                city_code=place.values["city_code"],
                **{"name_en": "", **names},
            )
        else:
            _change(session.get_one(db.Workshop, stored.workshop_ids[code]), names)
    session.add_all(new.values())
    session.flush()
    return {**stored.workshop_ids, **{code: row.workshop_id for code, row in new.items()}}


def _store_lines(
    session: Session, workshops: Mapping[str, int], stored: Stored, places: Mapping[tuple[str, str], Place]
) -> Mapping[tuple[str, str], int]:
    """Ids of all lines, with the new ones."""
    new = {}
    for (workshop, code), place in places.items():
        names = _names(place, "line_")
        if place.new:
            values = {"name_en": "", **names}
            new[workshop, code] = db.Line(workshop_id=workshops[workshop], code=code, **values)
        else:
            _change(session.get_one(db.Line, stored.line_ids[workshop, code]), names)
    session.add_all(new.values())
    session.flush()
    return {**stored.line_ids, **{key: row.line_id for key, row in new.items()}}


class _Equipment:
    """Writes the equipment of a plan."""

    def __init__(
        self,
        session: Session,
        stored: Stored,
        workshops: Mapping[str, int],
        lines: Mapping[tuple[str, str], int],
    ) -> None:
        self._session, self._stored = session, stored
        self._workshops, self._lines = workshops, lines
        self._last = dict(stored.last_position)

    def store(self, items: Sequence[Item]) -> list[int]:
        """Add and change; answers the ids of those whose figures may change."""
        rows = [self._row(item) for item in items]
        self._session.flush()
        self._session.add_all(
            db.EquipmentFeed(
                equipment_id=row.equipment_id,
                group_id=self._stored.enterprise.code,
                edge_node=item.feed[0],
                device=item.feed[1],
            )
            for item, row in zip(items, rows, strict=True)
            if item.feed is not None and is_new_feed(item)
        )
        self._session.flush()
        return [row.equipment_id for item, row in zip(items, rows, strict=True) if _touches(item)]

    def _row(self, item: Item) -> db.Equipment:
        key = (item.workshop, item.line)
        values = {
            "name_zh": item.name_zh,
            "name_en": item.name_en,
            "type": item.type,
            "workshop_id": self._workshops[item.workshop],
            "line_id": self._lines[key],
        }
        if item.position is not None:
            values["position"] = item.position
        if item.before is not None:
            row = self._session.get_one(db.Equipment, item.before.equipment_id)
            _change(row, values)
            return row
        self._last[key] = max(self._last.get(key, 0), item.position or 0) + (item.position is None)
        owner = self._stored.enterprise.enterprise_id
        new = db.Equipment(enterprise_id=owner, code=item.code, **{"position": self._last[key], **values})
        self._session.add(new)
        return new


def _touches(item: Item) -> bool:
    """Whether a row changes more than names and order."""
    before = item.before
    return (
        before is None
        or is_new_feed(item)
        or (before.type, before.workshop, before.line) != (item.type, item.workshop, item.line)
    )


def _names(place: Place, prefix: str) -> dict[str, str]:
    names = {name: place.values.get(f"{prefix}{name}", "") for name in ("name_zh", "name_en")}
    return {name: value for name, value in names.items() if value}


def _change(row: db.Workshop | db.Line | db.Equipment, values: Mapping[str, object]) -> None:
    for name, value in values.items():
        if getattr(row, name) != value:
            setattr(row, name, value)


def owner_of(session: Session, enterprise: str) -> int:
    """Id of an enterprise, for the journal."""
    return session.scalars(select(db.Enterprise.enterprise_id).filter_by(code=enterprise)).one()
