"""What a registry table would change: every row against the stored registry, every error named, nothing stored."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Final

from chejian_contract.equipment import check_code
from chejian_contract.errors import IdentifierError
from chejian_contract.templates import equipment_types

from chejian_cloud.errors import RowError
from chejian_cloud.registry.import_columns import COLUMNS, Cells, row_error
from chejian_cloud.registry.import_stored import Stored, StoredEquipment

MAX_NAME: Final = 200
"""Characters of a name."""
_MAX_POSITION: Final = 32_767
"""Largest number of the column (PostgreSQL smallint)."""
_CITY_DIGITS: Final = 6
_WORKSHOP: Final = ("workshop_name_zh", "workshop_name_en", "city_code", "calendar")
_LINE: Final = ("line_name_zh", "line_name_en")
_NEEDED: Final = {"workshop_name_zh", "city_code", "calendar", "line_name_zh"}
"""What a new workshop or line has to have."""
_NAMES: Final = {
    "workshop_name_zh": "name_zh",
    "workshop_name_en": "name_en",
    "line_name_zh": "name_zh",
    "line_name_en": "name_en",
}


@dataclass(frozen=True, slots=True)
class Change:
    """A value that is not what is stored; `before` is "" for what is new."""

    row: int
    kind: str
    code: str
    column: str
    before: str
    after: str


@dataclass(slots=True)
class Place:
    """A workshop or a line that the file names: the row that does it first, values by column, and the row that told each."""

    row: int
    new: bool
    values: dict[str, str] = field(default_factory=dict)
    told_in: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Item:
    """A checked row: an equipment as it is to be."""

    row: int
    code: str
    workshop: str
    line: str
    name_zh: str
    name_en: str
    type: str
    position: int | None
    feed: tuple[str, str] | None
    before: StoredEquipment | None


@dataclass(slots=True)
class Plan:
    """What is to be done, or what stands against it.

    Attributes:
        rows: number of rows.
        workshops: by code.
        lines: by workshop and code.
        items: equipment in the order of the file.
        changes: values that differ from the stored ones, in the order of the file.
        errors: every wrong value, by row.
    """

    rows: int = 0
    workshops: dict[str, Place] = field(default_factory=dict)
    lines: dict[tuple[str, str], Place] = field(default_factory=dict)
    items: list[Item] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)
    errors: list[RowError] = field(default_factory=list)


def make_plan(table: Sequence[Cells], stored: Stored) -> Plan:
    """Compare a table with the stored registry.

    Args:
        table: rows below the header.
        stored: the enterprise's registry.

    Returns:
        The plan; where it has errors, nothing of it may be stored.
    """
    plan = Plan(rows=len(table))
    planner = _Planner(plan, stored)
    for cells in table:
        planner.take(cells)
    planner.finish()
    for item in plan.items:
        plan.changes += _differences(item)
    return plan


@cache
def _types() -> Mapping[str, str]:
    """What a cell may say -> id of the equipment type: the id itself, or its name in either language."""
    found: dict[str, str] = {}
    for name, kind in equipment_types().items():
        found |= {name.lower(): name, kind.name_zh.lower(): name, kind.name_en.lower(): name}
    return found


class _Planner:
    """Takes rows in their order."""

    def __init__(self, plan: Plan, stored: Stored) -> None:
        self._plan, self._stored = plan, stored
        self._rows: dict[str, int] = {}
        self._feeds: dict[tuple[str, str], str] = {}

    def take(self, cells: Cells) -> None:
        row = _RowReader(cells)
        if cells.surplus:
            row.wrong("", cells.surplus, "cells")
        code = row.code("code")
        workshop, line = row.code("workshop"), row.code("line")
        if workshop:
            stored = self._stored.workshops.get(workshop)
            place = self._plan.workshops.setdefault(workshop, Place(cells.number, new=stored is None))
            self._place(row, place, stored, _WORKSHOP)
        if workshop and line:
            stored = self._stored.lines.get((workshop, line))
            place = self._plan.lines.setdefault((workshop, line), Place(cells.number, new=stored is None))
            self._place(row, place, stored, _LINE)
        before = self._stored.equipment.get(code)
        item = Item(
            row=cells.number,
            code=code,
            workshop=workshop,
            line=line,
            name_zh=row.name("name_zh", required=before is None) or (before.name_zh if before else ""),
            name_en=row.name("name_en", required=False) or (before.name_en if before else ""),
            type=self._type(row, before),
            position=row.position(),
            feed=self._feed(row, code),
            before=before,
        )
        if code and self._rows.setdefault(code, cells.number) != cells.number:
            row.wrong("code", code, "twice", str(self._rows[code]))
        self._plan.errors += row.errors
        if not row.errors:
            self._plan.items.append(item)

    def _place(
        self, row: "_RowReader", place: Place, stored: Mapping[str, str] | None, columns: Iterable[str]
    ) -> None:
        """Check what a row says of its workshop or line, and remember it."""
        for column in columns:
            value = self._place_value(row, column)
            place.told_in.update(
                {column: row.number} if row.is_wrong(column) and column not in place.told_in else {}
            )
            if not value:
                continue
            if place.values.setdefault(column, value) != value:
                row.wrong(column, value, "other_row", str(place.told_in[column]))
            elif stored is not None and column not in _NAMES and stored[column] != value:
                row.wrong(column, value, "stored", stored[column])
            place.told_in.setdefault(column, row.number)

    def finish(self) -> None:
        """Name what new workshops and lines lack, at the row that names them first."""
        for places, columns, reason in (
            (self._plan.workshops, _WORKSHOP, "new_workshop"),
            (self._plan.lines, _LINE, "new_line"),
        ):
            self._plan.errors += [
                row_error(place.row, column, "", reason)
                for place in places.values()
                for column in columns
                if place.new and column in _NEEDED and column not in place.told_in
            ]
        self._plan.errors.sort(key=lambda error: error.row)

    def _place_value(self, row: "_RowReader", column: str) -> str:
        if column in _NAMES:
            return row.name(column, required=False)
        value = row.text(column)
        if column == "city_code" and value and not (len(value) == _CITY_DIGITS and value.isdecimal()):
            return row.wrong(column, value, "city")
        if column == "calendar" and value and value not in self._stored.calendars:
            return row.wrong(column, value, "calendar", ", ".join(sorted(self._stored.calendars)) or "-")
        return value

    def _type(self, row: "_RowReader", before: StoredEquipment | None) -> str:
        text = row.text("type")
        if not text:
            return before.type if before else row.wrong("type", "", "required")
        found = _types().get(text.lower())
        if found is None:
            return row.wrong("type", text, "type", ", ".join(equipment_types()))
        if before and before.bound and found != before.type:
            return row.wrong("type", text, "type_bound", before.type)
        return found

    def _feed(self, row: "_RowReader", code: str) -> tuple[str, str] | None:
        node, device = row.code("node", required=False), row.code("device", required=False)
        if row.is_wrong("node") or row.is_wrong("device") or not (node or device):
            return None
        if not node or not device:
            row.wrong("device" if node else "node", "", "pair")
            return None
        feed = (node, device)
        other = self._feeds.setdefault(feed, self._stored.feeds.get(feed, code))
        if other != code:
            row.wrong("device", f"{node}/{device}", "taken", other)
        return feed


class _RowReader:
    """Reads the cells of one row and notes what is wrong with each, once."""

    def __init__(self, cells: Cells) -> None:
        self.number = cells.number
        self.errors: list[RowError] = []
        self._cells = cells
        self._wrong: set[str] = set()
        for column in COLUMNS:
            if column in cells.odd:
                self.wrong(column, cells.of[column], cells.odd[column])

    def wrong(self, column: str, value: str, reason: str, about: str = "") -> str:
        """Note an error; answers the value that stands for a wrong one."""
        if column not in self._wrong:
            self._wrong.add(column)
            self.errors.append(row_error(self.number, column, value, reason, about))
        return ""

    def is_wrong(self, column: str) -> bool:
        return column in self._wrong

    def text(self, column: str) -> str:
        return "" if column in self._wrong else self._cells.of[column]

    def name(self, column: str, *, required: bool) -> str:
        text = self.text(column)
        if not text:
            return self.wrong(column, "", "required") if required else ""
        if len(text) > MAX_NAME or not text.isprintable():
            return self.wrong(column, text, "text", str(MAX_NAME))
        return text

    def code(self, column: str, *, required: bool = True) -> str:
        text = self.text(column)
        if not text:
            return self.wrong(column, "", "required") if required else ""
        try:
            return check_code(text, column)
        except IdentifierError:
            return self.wrong(column, text, "code")

    def position(self) -> int | None:
        text = self.text("position")
        if not text:
            return None
        digits = len(str(_MAX_POSITION))
        if text.isascii() and text.isdecimal() and len(text) <= digits and int(text) <= _MAX_POSITION:
            return int(text)
        self.wrong("position", text, "position")
        return None


def _differences(item: Item) -> Iterable[Change]:
    """What a row changes of a known equipment, or that it is new."""
    before = item.before
    if before is None:
        yield Change(item.row, "equipment", item.code, "", "", item.name_zh)
        return
    pairs = [
        ("name_zh", before.name_zh, item.name_zh),
        ("name_en", before.name_en, item.name_en),
        ("type", before.type, item.type),
        ("line", f"{before.workshop}/{before.line}", f"{item.workshop}/{item.line}"),
        ("position", str(before.position), str(before.position if item.position is None else item.position)),
    ]
    if item.feed is not None and is_new_feed(item):
        pairs.append(("device", "", "/".join(item.feed)))
    for column, old, new in pairs:
        if old != new:
            yield Change(item.row, "equipment", item.code, column, old, new)


def counts(plan: Plan, stored: Stored) -> dict[str, int]:
    """What a plan does, by kind, e.g. {"equipment_added": 2000}."""
    changed = len({c.row for c in plan.changes if c.column})
    added = sum(item.before is None for item in plan.items)
    return {
        "workshops_added": sum(place.new for place in plan.workshops.values()),
        "workshops_changed": sum(
            not place.new and bool(place.values.items() - stored.workshops[code].items())
            for code, place in plan.workshops.items()
        ),
        "lines_added": sum(place.new for place in plan.lines.values()),
        "lines_changed": sum(
            not place.new and bool(place.values.items() - stored.lines[key].items())
            for key, place in plan.lines.items()
        ),
        "equipment_added": added,
        "equipment_changed": changed,
        "equipment_unchanged": len(plan.items) - added - changed,
        "feeds_added": sum(is_new_feed(item) for item in plan.items),
    }


def is_new_feed(item: Item) -> bool:
    """Whether a row names a device that does not feed its equipment yet."""
    return item.feed is not None and (item.before is None or item.feed not in item.before.feeds)
