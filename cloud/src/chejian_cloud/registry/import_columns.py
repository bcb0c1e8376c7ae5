"""Columns of a registry table, the words that say what is wrong with a cell, and the reading of a table by its header."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from chejian_cloud.errors import InvalidRowsError, RowError
from chejian_cloud.storable import shown
from chejian_cloud.tables import Row

MAX_BYTES: Final = 8_000_000
"""[byte] of a file; 10,000 rows of CSV have 2 MB."""
MAX_ROWS: Final = 10_000
"""Equipment in one file; the biggest workshops have hundreds."""
MAX_ERRORS: Final = 1000
"""Errors that are told; a file with more is another file than its sender thinks."""

COLUMNS: Final[Mapping[str, tuple[str, ...]]] = {
    "workshop": ("车间编号", "车间"),
    "workshop_name_zh": ("车间名称",),
    "workshop_name_en": ("车间英文名称",),
    "city_code": ("城市代码", "行政区划代码"),
    "calendar": ("日历", "班次日历"),
    "line": ("产线编号", "产线"),
    "line_name_zh": ("产线名称",),
    "line_name_en": ("产线英文名称",),
    "code": ("设备编号", "设备编码", "equipment"),
    "name_zh": ("设备名称", "名称"),
    "name_en": ("设备英文名称", "英文名称"),
    "type": ("设备类型", "类型"),
    "position": ("工位顺序", "顺序"),
    "node": ("边缘节点", "网关"),
    "device": ("采集设备", "数据源"),
}
"""Columns with the other names that a file may use for them; the first of these heads the Chinese template."""
REQUIRED: Final = ("workshop", "line", "code", "name_zh", "type")

REASONS: Final[Mapping[str, str]] = {
    "file": "{about}",
    "column_unknown": "one of the columns {about}",
    "column_twice": "each column once",
    "column_missing": "this column is required",
    "cells": "as many cells as the header has",
    "formula": "a plain value; this cell holds a formula",
    "cell_error": "a plain value; this cell holds an error of the spreadsheet",
    "required": "a value",
    "text": "at most {about} characters, none of them a control character",
    "code": "1 to 64 characters without /, +, #, control characters and outer blanks",
    "twice": "each equipment once; row {about} has it already",
    "type": "an equipment type: {about}",
    "type_bound": "{about}, the type that its bearings or its place among the meters rely on",
    "position": "a whole number, 0 to 32767",
    "city": "six digits of GB/T 2260, e.g. 230100",
    "calendar": "a calendar: {about}",
    "new_workshop": "a value, since no workshop has this code yet",
    "new_line": "a value, since no line of the workshop has this code yet",
    "other_row": "the same as in row {about}, which names it first",
    "stored": "{about}, as it is stored; edit the workshop to change it",
    "pair": "node and device together, or neither",
    "taken": "a device that feeds no other equipment; {about} has it already",
}
"""Kind of error -> what is allowed instead; pages have these in their own language."""


@dataclass(frozen=True, slots=True)
class Cells:
    """A row below the header, by column.

    Attributes:
        number: of the row in the file.
        of: column -> text; of absent columns "".
        odd: column -> kind of error of a cell that holds no plain value.
        surplus: text behind the last column of the header.
    """

    number: int
    of: Mapping[str, str]
    odd: Mapping[str, str]
    surplus: str


def row_error(row: int, column: str, value: str, reason: str, about: str = "") -> RowError:
    """An error with its reason in words."""
    return RowError(row, column, str(shown(value)), REASONS[reason].format(about=about), reason, about)


def cells_of(rows: Sequence[Row]) -> list[Cells]:
    """Rows below the header, by column.

    Raises:
        InvalidRowsError: the header lacks or repeats a column, or has one that is none of ours.
    """
    names = _header(rows[0])
    return [_cells(names, row) for row in rows[1:]]


def _header(head: Row) -> list[str]:
    names = [_column(cell) for cell in head.cells]
    number = head.number
    errors = [
        row_error(number, cell, cell, "column_unknown", ", ".join(COLUMNS))
        for cell, name in zip(head.cells, names, strict=True)
        if name not in COLUMNS
    ]
    twice = sorted({name for name in names if names.count(name) > 1 and name in COLUMNS})
    errors += [row_error(number, name, name, "column_twice") for name in twice]
    errors += [row_error(number, name, "", "column_missing") for name in REQUIRED if name not in names]
    if errors:
        raise InvalidRowsError(errors[:MAX_ERRORS])
    return names


def _column(cell: str) -> str:
    name = cell.lower()
    return next((key for key, others in COLUMNS.items() if name == key or name in others), cell)


def _cells(names: Sequence[str], row: Row) -> Cells:
    known = dict.fromkeys(COLUMNS, "") | dict(zip(names, row.cells, strict=False))
    odd = {names[column]: kind for column, kind in row.odd.items() if column < len(names)}
    surplus = next((cell for cell in row.cells[len(names) :] if cell), "")
    return Cells(row.number, known, odd, surplus)
