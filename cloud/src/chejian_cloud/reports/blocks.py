"""Blocks of text: key figures as tiles, tables, headings with their place in the outline."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final
from xml.sax.saxutils import escape

from reportlab.lib.colors import Color
from reportlab.platypus import Flowable, Paragraph, Table, TableStyle

from chejian_cloud.reports.font import drawable, fitted, width_of
from chejian_cloud.reports.paper import (
    COMPLETE_ENOUGH,
    GRID,
    LEADING,
    MUTED,
    PANEL,
    RULE,
    TEXT,
    WARNING,
    WIDTH,
    style,
)

TILES: Final = 4
"""Key figures in one row."""
_TILE_HEIGHT: Final = 62
_GAP: Final = 6
_CELL: Final = 8
"""Size of the text in tables [pt]."""
_PAD: Final = 3


@dataclass(frozen=True, slots=True)
class Figure:
    """A key figure.

    Attributes:
        name: what it is.
        value: as people read it, with its unit.
        completeness: known part of what it is about, 0 to 1; None: it has none, and `note` says why.
        note: a short remark.
    """

    name: str
    value: str
    completeness: float | None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table.

    Attributes:
        title: at its head.
        weight: its width by that of the others.
        numbers: whether it holds numbers, which are set to the right.
    """

    title: str
    weight: float = 1
    numbers: bool = False


class Tiles(Flowable):  # type: ignore[misc] # reportlab has no types
    """Key figures side by side, each with its completeness."""

    def __init__(self, figures: Sequence[tuple[Figure, str]], font: str) -> None:
        """Take up to `TILES` figures with what is said of their completeness."""
        super().__init__()
        self.figures, self.font = figures, font

    def wrap(self, width: float, _height: float) -> tuple[float, float]:
        """Size [pt]."""
        return width, _TILE_HEIGHT + _GAP

    def draw(self) -> None:
        """Draw at the origin."""
        width = (WIDTH - (TILES - 1) * _GAP) / TILES
        for i, (figure, told) in enumerate(self.figures):
            self._tile(i * (width + _GAP), width, figure, told)

    def _tile(self, x: float, width: float, figure: Figure, told: str) -> None:
        unsure = figure.completeness is not None and figure.completeness < COMPLETE_ENOUGH
        canvas, room = self.canv, width - 2 * _GAP
        canvas.setFillColor(PANEL)
        canvas.setStrokeColor(WARNING if unsure else RULE)
        canvas.setDash(2, 2) if unsure else canvas.setDash()
        canvas.roundRect(x, _GAP, width, _TILE_HEIGHT, 3, fill=1)
        canvas.setDash()
        size = 17.0
        while size > _CELL and width_of(figure.value, self.font, size) > room:
            size -= 1
        lines = (
            (figure.name, 8.0, MUTED, 48),
            (figure.value, size, TEXT, 27),
            (told, 7.0, WARNING if unsure else MUTED, 15),
            (figure.note, 6.5, MUTED, 6),
        )
        for text, points, colour, y in lines:
            canvas.setFillColor(colour)
            canvas.setFont(self.font, points)
            canvas.drawString(x + _GAP, y + _GAP, fitted(text, self.font, points, room))


class Outlined(Paragraph):  # type: ignore[misc] # reportlab has no types
    """A heading that stands in the outline of the file."""

    def __init__(self, text: str, key: str, kind: Any) -> None:
        """Take the text and a key of its own."""
        super().__init__(escape(text), kind)
        self.plain, self.key = text, key

    def draw(self) -> None:
        """Draw, and note the place."""
        self.canv.bookmarkPage(self.key)
        self.canv.addOutlineEntry(self.plain, self.key, 0, closed=False)
        super().draw()


def table(columns: Sequence[Column], rows: Sequence[Sequence[str]], font: str) -> Table:
    """A table as wide as the page; its head is repeated on every page."""
    whole = sum(column.weight for column in columns)
    widths = [WIDTH * column.weight / whole for column in columns]
    head = [_cell(c.title, w, c, font, MUTED) for c, w in zip(columns, widths, strict=True)]
    body = [
        [_cell(text, w, c, font) for text, w, c in zip(row, widths, columns, strict=True)] for row in rows
    ]
    right = [("ALIGN", (i, 0), (i, -1), "RIGHT") for i, c in enumerate(columns) if c.numbers]
    return Table(
        [head, *body],
        colWidths=widths,
        repeatRows=1,
        style=TableStyle(
            [
                ("FONT", (0, 0), (-1, -1), font, _CELL, _CELL * LEADING),
                ("TEXTCOLOR", (0, 0), (-1, 0), MUTED),
                ("TEXTCOLOR", (0, 1), (-1, -1), TEXT),
                ("VALIGN", (0, 0), (-1, -1), "TOP"),
                ("LEFTPADDING", (0, 0), (-1, -1), _PAD),
                ("RIGHTPADDING", (0, 0), (-1, -1), _PAD),
                ("TOPPADDING", (0, 0), (-1, -1), 2),
                ("BOTTOMPADDING", (0, 0), (-1, -1), 2),
                ("LINEBELOW", (0, 0), (-1, 0), 0.8, RULE),
                ("LINEBELOW", (0, 1), (-1, -1), 0.4, GRID),
                *right,
            ]
        ),
    )


def _cell(text: str, width: float, column: Column, font: str, colour: Color = TEXT) -> str | Paragraph:
    """A cell; only what does not fit in one line becomes a paragraph, which costs ten times as much."""
    text = drawable(text, font)
    if width_of(text, font, _CELL) <= width - 2 * _PAD:
        return text
    return Paragraph(escape(text), style(font, _CELL, colour, right=column.numbers))
