"""A report: what stands on every page, and its blocks in their order. How to use it stands in the package's docstring."""

import io
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from threading import Lock
from typing import Any, Final
from xml.sax.saxutils import escape

from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import (
    BaseDocTemplate,
    CondPageBreak,
    Flowable,
    Frame,
    PageTemplate,
    Paragraph,
    Spacer,
    Table,
)

from chejian_cloud.reports.blocks import TILES, Column, Figure, Outlined, Tiles, table
from chejian_cloud.reports.charts import Bar, Bars
from chejian_cloud.reports.curves import Axis, Curve, Curves, Radar
from chejian_cloud.reports.font import drawable, fitted, font_of, width_of
from chejian_cloud.reports.numbers import Numbers
from chejian_cloud.reports.paper import FOOT, MARGIN, MUTED, PAGE, RULE, TEXT, WARNING, WIDTH, style

_DRAWING: Final = Lock()
"""reportlab's fonts are shared by the process, and note in themselves what a file uses of them."""
_SMALL: Final = 7
_BEGINNING: Final = 90
"""Room for the head and the first rows of a table [pt]."""

Block = Callable[[str], list[Flowable]]
"""What makes the flowables of a block anew, in a font."""


class Report:
    """A report that is being written.

    Args:
        language: tag of the console's languages.
        title: of the report.
        place: what it is about.
        window: the data window, as people read it.
        versions: of formulas and standards behind the figures.
        computed_at: when the newest figure was computed; None: nothing was.
        provisional: whether the window is still open.
    """

    def __init__(
        self,
        *,
        language: str,
        title: str,
        place: str,
        window: str,
        versions: Sequence[str],
        computed_at: datetime | None = None,
        provisional: bool = False,
    ) -> None:
        self.say = Numbers(language)
        self.title, self.place, self.window = title, place, window
        self.versions, self.computed_at, self.provisional = tuple(versions), computed_at, provisional
        self._blocks: list[Block] = [self._top]
        self._heads: set[int] = set()

    def heading(self, text: str, question: str = "") -> None:
        """Begin a part: its name, and the question that it answers."""
        key = f"part {len(self._heads)}"

        def block(font: str) -> list[Flowable]:
            title = Outlined(drawable(text, font), key, style(font, 12, after=2 if question else 5))
            told = [_text(question, font, 8, MUTED, after=5)] if question else []
            return [Spacer(1, 10), title, *told]

        self._heads.add(len(self._blocks))
        self._blocks.append(block)

    def text(self, text: str, *, muted: bool = False) -> None:
        """A paragraph; a muted one is a remark."""
        self._blocks.append(
            lambda font: [_text(text, font, 8 if muted else 9, MUTED if muted else TEXT, after=4)]
        )

    def figures(self, figures: Sequence[Figure]) -> None:
        """Key figures as tiles."""
        told = [(figure, self._completeness(figure)) for figure in figures]
        rows = [told[i : i + TILES] for i in range(0, len(told), TILES)]
        self._blocks.append(lambda font: [Tiles(row, font) for row in rows])

    def _completeness(self, figure: Figure) -> str:
        if figure.completeness is None:
            return "" if figure.note else self.say.t("report.no_completeness")
        return self.say.t("card.complete", share=self.say.percent(figure.completeness))

    def table(self, columns: Sequence[Column], rows: Sequence[Sequence[str]], *, empty: str) -> None:
        """A table; `empty` is said where it has no rows.

        Raises:
            ValueError: a row has another number of cells than there are columns.
        """
        if any(len(row) != len(columns) for row in rows):
            raise ValueError(f"rows of { ({len(row) for row in rows}) } cells for {len(columns)} columns")
        if rows:
            self._blocks.append(lambda font: [table(columns, rows, font), Spacer(1, 4)])
        else:
            self.text(empty, muted=True)

    def bars(self, bars: Sequence[Bar], *, unit: str = "") -> None:
        """Horizontal bars on one axis; nothing where there are none."""
        if bars:
            self._blocks.append(lambda font: [Bars(bars, unit, font)])

    def curves(self, steps: Sequence[str], curves: Sequence[Curve], axis: Axis) -> None:
        """Lines over named steps.

        Raises:
            ValueError: see `Curves`.
        """
        self._blocks.append(lambda font: [Curves(steps, curves, axis, font)])

    def radar(self, axes: Sequence[str], curves: Sequence[Curve], rings: Sequence[float]) -> None:
        """A radar chart; `rings` are the values of its rings, the largest is the rim."""
        self._blocks.append(lambda font: [Radar(axes, curves, rings, font)])

    def pdf(self, font: Path | None = None) -> bytes:
        """The report as a file.

        Args:
            font: that the settings name; None: one that is found.

        Raises:
            FontMissingError: see `font_of`.
        """
        name = font_of(font)
        made = datetime.now(UTC)
        with _DRAWING:
            pages = _draw(self, name, made, pages=0, out=io.BytesIO())
            out = io.BytesIO()
            _draw(self, name, made, pages=pages, out=out)
        return out.getvalue()

    def flowables(self, font: str) -> list[Flowable]:
        """All blocks, made anew: reportlab uses them up."""
        blocks = [block(font) for block in self._blocks]
        out: list[Flowable] = []
        for i, block in enumerate(blocks):
            if i in self._heads:
                out.append(
                    CondPageBreak(_height([*block, *blocks[i + 1][:1]] if i + 1 < len(blocks) else block))
                )
            out += block
        return out

    def _top(self, font: str) -> list[Flowable]:
        out: list[Flowable] = [
            _text(self.title, font, 18, TEXT, after=1),
            _text(self.place, font, 11, TEXT, after=1),
            _text(self.say.t("report.window", window=self.window), font, 9, MUTED),
        ]
        computed = self.computed_at
        told = self.say.moment(computed) if computed else self.say.t("report.nothing_computed")
        out.append(_text(self.say.t("report.computed", time=told), font, 9, MUTED, after=4))
        if self.provisional:
            out.append(_text(self.say.t("report.provisional"), font, 9, WARNING, after=4))
        return [*out, Spacer(1, 4)]


def _height(flowables: Sequence[Flowable]) -> float:
    """Room that a heading and the beginning of what follows it need on one page [pt]; of a table, its first rows."""
    return sum(_room(flowable) for flowable in flowables)


def _room(flowable: Flowable) -> float:
    height: float = flowable.wrap(WIDTH, PAGE[1])[1]
    return min(height, _BEGINNING) if isinstance(flowable, Table) else height


def _text(text: str, font: str, size: float, colour: Any, *, after: float = 0) -> Paragraph:
    return Paragraph(escape(drawable(text, font)), style(font, size, colour, after=after))


def _draw(report: Report, font: str, made: datetime, *, pages: int, out: io.BytesIO) -> int:
    """Draw all pages with a footer that tells of `pages`; answers how many there are."""
    document = BaseDocTemplate(
        out,
        pagesize=PAGE,
        title=drawable(f"{report.title} {report.place}", font),
        subject=drawable(report.window, font),
        author="Chejian 车间",
        creator=f"Chejian {metadata.version('chejian-cloud')}",
        lang=report.say.language,
    )
    frame = Frame(MARGIN, FOOT, WIDTH, PAGE[1] - MARGIN - FOOT, 0, 0, 0, 0)

    def foot(canvas: Canvas, _document: BaseDocTemplate) -> None:
        _foot(canvas, report, font, made, pages)

    document.addPageTemplates([PageTemplate(frames=[frame], onPage=foot)])
    document.build(report.flowables(font))
    count: int = document.page
    return count


def _foot(canvas: Canvas, report: Report, font: str, made: datetime, pages: int) -> None:
    say = report.say
    page = say.t("report.page", page=canvas.getPageNumber(), pages=pages)
    made_text = say.t("report.made", time=say.moment(made), version=metadata.version("chejian-cloud"))
    lines = (
        (f"{report.title} · {report.place} · {say.t('report.window', window=report.window)}", page),
        (say.t("report.versions", versions=", ".join(report.versions)), made_text),
    )
    canvas.saveState()
    canvas.setStrokeColor(RULE)
    canvas.line(MARGIN, FOOT - 8, MARGIN + WIDTH, FOOT - 8)
    canvas.setFillColor(MUTED)
    canvas.setFont(font, _SMALL)
    for number, (left, right) in enumerate(lines):
        y = FOOT - 18 - 10 * number
        room = WIDTH - width_of(right, font, _SMALL) - 12
        canvas.drawString(MARGIN, y, fitted(left, font, _SMALL, room))
        canvas.drawRightString(MARGIN + WIDTH, y, right)
    canvas.restoreState()
