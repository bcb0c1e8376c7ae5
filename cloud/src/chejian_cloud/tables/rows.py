"""A row of a table as it was sent."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

FORMULA: Final = "formula"
CELL_ERROR: Final = "cell_error"


@dataclass(frozen=True, slots=True)
class Row:
    """Cells of a row as text.

    Attributes:
        number: of the row, from 1, as a spreadsheet shows it.
        cells: without outer blanks; "" for an empty one.
        odd: column (from 0) of a cell that holds no plain value -> `FORMULA` or `CELL_ERROR`.
    """

    number: int
    cells: tuple[str, ...]
    odd: Mapping[int, str] = field(default_factory=dict)


class TableError(ValueError):
    """A file is no table, or larger than allowed; the text says what is allowed."""
