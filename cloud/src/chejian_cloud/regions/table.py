"""Values of a form as a table: what is exported can be filled in and imported again."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

from chejian_analytics.assessment import CONFIDENCE, Method, Scale, Standard

from chejian_cloud.errors import InvalidRowsError, RowError
from chejian_cloud.regions.schemas import ComparisonOut, RegionFormOut, ValueIn
from chejian_cloud.tables import Row, read_table, wrong_file

MAX_BYTES: Final = 2_000_000
MAX_ROWS: Final = 1000
"""A standard has fewer items."""
MAX_ERRORS: Final = 500
COLUMNS: Final[Mapping[str, tuple[str, ...]]] = {
    "item": ("指标", "指标编号"),
    "name_zh": ("名称", "指标名称"),
    "name_en": ("name",),
    "unit": ("单位",),
    "value": ("数值", "值"),
    "base": ("基期值", "基期"),
    "source": ("来源", "出处"),
    "confidence": ("可信度",),
    "note": ("备注", "说明"),
}
"""Columns of a table of values with the other names that a file may use for them."""
_NEEDED: Final = ("item", "value", "source", "confidence")
_SAYING: Final = ("value", "base", "source", "note")
"""Columns of which a row that says something fills one; names, unit and a confidence alone say nothing."""
_NUMBER: Final = re.compile(r"[0-9]{1,15}(\.[0-9]{1,15})?")
_MOST: Final[Mapping[str, int]] = {"source": 500, "note": 1000}
HEAD: Final = (
    *COLUMNS,
    *("points", "platform_value", "platform_enterprises", "platform_asked", "changed_by", "changed_at"),
)
"""Columns of the exported table; those after `note` are not read again."""


def read(standard: Standard, data: bytes) -> tuple[list[ValueIn], dict[str, int]]:
    """Values of a CSV or Excel table, and the row of each item; rows that only name an item are passed over.

    Args:
        standard: of the form; shares may be written as percent ("68.2 %").
        data: the file.

    Raises:
        InvalidRowsError: lists every wrong value by row and column.
    """
    rows = read_table(data, max_bytes=MAX_BYTES, max_rows=MAX_ROWS)
    names = _head(rows[0])
    errors: list[RowError] = []
    reader = _Reader(standard, errors)
    given = [found for row in rows[1:] if (found := reader.value(row, names)) is not None]
    if errors:
        raise InvalidRowsError(errors[:MAX_ERRORS])
    if not given:
        raise wrong_file("", "at least one row with a value")
    return given, reader.places


def _head(row: Row) -> list[str]:
    names = [_column(cell) for cell in row.cells]
    errors = [
        RowError(row.number, name, "", "this column is required") for name in _NEEDED if name not in names
    ]
    errors += [
        RowError(row.number, name, name, "each column once", "twice")
        for name in COLUMNS
        if names.count(name) > 1
    ]
    unknown = [name for name in names if name and name not in HEAD]
    errors += [
        RowError(row.number, name, name, f"one of the columns {', '.join(COLUMNS)}", "column")
        for name in unknown
    ]
    if errors:
        raise InvalidRowsError(errors)
    return names


def _column(cell: str) -> str:
    name = cell.strip().lower()
    return next((key for key, others in COLUMNS.items() if name == key or name in others), name)


class _Reader:
    """Reads rows and notes what is wrong with each cell."""

    def __init__(self, standard: Standard, errors: list[RowError]) -> None:
        classes = standard.nodes if standard.method is Method.INDEX else ()
        self._scales = {node.id: Scale.QUANTITY for node in classes}
        self._scales |= {item.id: item.scale for item in standard.items}
        self._errors = errors
        self.places: dict[str, int] = {}

    def value(self, row: Row, names: Sequence[str]) -> ValueIn | None:
        cells = dict(zip(names, row.cells, strict=False))
        before = len(self._errors)
        self._odd(row, names)
        if not any(cells.get(name) for name in _SAYING) and len(self._errors) == before:
            return None
        item = self._item(row, cells.get("item", ""))
        share = self._scales.get(item) is Scale.SHARE
        value = self._number(row, "value", cells.get("value", ""), share=share)
        base = self._number(row, "base", cells.get("base", ""), share=share)
        confidence = cells.get("confidence", "").upper()
        if value is None and not cells.get("value"):
            self._wrong(row, "value", "", "a number; leave the row out, or empty, to keep what is stored")
        if confidence not in CONFIDENCE:
            self._wrong(row, "confidence", cells.get("confidence", ""), ", ".join(CONFIDENCE))
        if not cells.get("source"):
            self._wrong(row, "source", "", "document, table or page that the value is from")
        for name, most in _MOST.items():
            if len(cells.get(name, "")) > most:
                self._wrong(row, name, cells[name][:50], f"at most {most} characters")
        if len(self._errors) > before:
            return None
        words = {name: cells.get(name, "") for name in _MOST}
        return ValueIn.model_validate(
            {"item": item, "value": value, "base": base, "confidence": confidence, **words}
        )

    def _wrong(self, row: Row, column: str, value: str, allowed: str) -> None:
        self._errors.append(RowError(row.number, column, value, allowed))

    def _odd(self, row: Row, names: Sequence[str]) -> None:
        for column, what in row.odd.items():
            name = names[column] if column < len(names) else ""
            if name in COLUMNS:
                self._wrong(row, name, what, "a value, no formula and no error")

    def _item(self, row: Row, text: str) -> str:
        if text not in self._scales:
            self._wrong(row, "item", text, ", ".join(self._scales))
        elif self.places.setdefault(text, row.number) != row.number:
            self._wrong(row, "item", text, f"each item once; row {self.places[text]} has it already")
        return text

    def _number(self, row: Row, column: str, text: str, *, share: bool) -> str | None:
        if not text:
            return None
        percent = share and text.endswith(("%", "％"))
        plain = text[:-1].strip() if percent else text
        if not _NUMBER.fullmatch(plain):
            allowed = "a number from 0 to 1, or a percentage" if share else "a number from 0 on, such as 80.2"
            self._wrong(row, column, text, allowed)
            return None
        return f"{Decimal(plain) / 100:f}" if percent else plain


def rows_of(form: RegionFormOut) -> Iterator[list[Any]]:
    """Rows below `HEAD`: classes of an index, then items."""
    for node in form.nodes:
        if node.may_be_given:
            said = [node.value, None, node.source, node.confidence, node.note]
            yield [
                *(node.id, node.name_zh, node.name_en, "points", *said),
                *(node.points, None, None, None, node.changed_by, node.changed_at),
            ]
    for item in form.items:
        here = item.platform
        yield [
            *(item.id, item.name_zh, item.name_en, item.unit),
            *(item.value, item.base, item.source, item.confidence, item.note, item.points),
            *((here.value, here.answered, here.asked) if here else (None, None, None)),
            *(item.changed_by, item.changed_at),
        ]


COMPARED: Final = (
    *(
        "region",
        "name_zh",
        "name_en",
        "year",
        "standard_version",
        "normaliser",
        "state",
        "source_zh",
        "source_en",
        "answered",
    ),
)
"""First columns of the comparison's file; total, weakest confidence and the standard's columns follow."""


def compared_head(found: ComparisonOut) -> list[str]:
    """Columns of the comparison's file."""
    return [*COMPARED, "weakest_confidence", "total", *(each.id for each in found.columns)]


def compared_rows(found: ComparisonOut) -> Iterable[list[Any]]:
    """Rows below `compared_head`."""
    for row in found.rows:
        yield [
            *(
                row.region,
                row.region_name_zh,
                row.region_name_en,
                row.year,
                row.standard_version,
                row.normaliser,
            ),
            *(row.state, row.source_zh, row.source_en, row.answered, row.weakest, row.total),
            *(row.values[column.id] for column in found.columns),
        ]
