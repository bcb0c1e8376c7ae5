"""Horizontal bars: waterfalls, Pareto charts and comparisons."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from reportlab.platypus import Flowable

from chejian_cloud.reports.font import drawable, fitted, width_of
from chejian_cloud.reports.paper import GRID, MUTED, RULE, SHADES, TEXT, WIDTH

SIZE: Final = 8
"""Of the text in charts [pt]."""
_ROW: Final = 16
_AXIS: Final = 16
_TEXT: Final = 92
"""Room for the texts beside the bars [pt]."""
_TICKS: Final = 5


@dataclass(frozen=True, slots=True)
class Bar:
    """A bar.

    Attributes:
        label: in front of it.
        start: where it begins, in the unit of the axis.
        end: where it ends; smaller than `start` is allowed.
        text: behind it.
        shade: a name of `paper.SHADES`.
        hatched: whether it is the absence of data.
    """

    label: str
    start: float
    end: float
    text: str = ""
    shade: str = "plain"
    hatched: bool = False


class Bars(Flowable):  # type: ignore[misc] # reportlab has no types
    """Horizontal bars on one axis, which holds 0."""

    def __init__(self, bars: Sequence[Bar], unit: str, font: str) -> None:
        """Take the bars, the unit of their axis and the font."""
        super().__init__()
        self.bars, self.unit, self.font = bars, unit, font
        self.low = min(0.0, *(min(b.start, b.end) for b in bars))
        self.high = max(0.0, *(max(b.start, b.end) for b in bars))
        self.labels = min(max(width_of(drawable(b.label, font), font, SIZE) for b in bars) + 6, WIDTH * 0.35)

    def wrap(self, width: float, _height: float) -> tuple[float, float]:
        """Size [pt]."""
        return width, _ROW * len(self.bars) + _AXIS + 6

    def _x(self, value: float) -> float:
        room = WIDTH - self.labels - _TEXT
        return self.labels + room * (value - self.low) / ((self.high - self.low) or 1)

    def draw(self) -> None:
        """Draw at the origin."""
        height = _ROW * len(self.bars)
        self._axis(height)
        for i, bar in enumerate(self.bars):
            self._bar(bar, _AXIS + height - (i + 1) * _ROW)

    def _axis(self, height: float) -> None:
        canvas = self.canv
        canvas.setFont(self.font, SIZE - 1)
        canvas.setLineWidth(0.5)
        for tick in ticks(self.low, self.high):
            x = self._x(tick)
            canvas.setStrokeColor(RULE if tick == 0 else GRID)
            canvas.line(x, _AXIS, x, _AXIS + height)
            canvas.setFillColor(MUTED)
            canvas.drawCentredString(x, _AXIS - 10, f"{tick:,g}")
        canvas.drawString(WIDTH - _TEXT + 6, _AXIS - 10, fitted(self.unit, self.font, SIZE - 1, _TEXT - 6))

    def _bar(self, bar: Bar, y: float) -> None:
        canvas = self.canv
        canvas.setFillColor(TEXT)
        canvas.setFont(self.font, SIZE)
        canvas.drawRightString(self.labels - 4, y + 4.5, fitted(bar.label, self.font, SIZE, self.labels - 6))
        left, right = sorted((self._x(bar.start), self._x(bar.end)))
        canvas.setStrokeColor(MUTED)
        canvas.setFillColor(SHADES[bar.shade])
        canvas.rect(left, y + 2.5, max(right - left, 0.6), _ROW - 5, fill=1, stroke=int(bar.hatched))
        if bar.hatched:
            hatch(canvas, left, y + 2.5, right - left, _ROW - 5)
        canvas.setFillColor(TEXT)
        canvas.drawString(right + 4, y + 4.5, fitted(bar.text, self.font, SIZE, WIDTH - right - 4))


def hatch(canvas: Any, x: float, y: float, width: float, height: float) -> None:
    """Draw the ground of "no data" over a rectangle."""
    canvas.saveState()
    path = canvas.beginPath()
    path.rect(x, y, width, height)
    canvas.clipPath(path, stroke=0)
    canvas.setStrokeColor(MUTED)
    canvas.setLineWidth(0.5)
    step, at = 4.0, x - height
    while at < x + width:
        canvas.line(at, y, at + height, y + height)
        at += step
    canvas.restoreState()


def ticks(low: float, high: float, most: int = _TICKS) -> list[float]:
    """Round values in [low, high], about `most` of them; just `low` when there is no range."""
    if high <= low:
        return [low]
    rough = (high - low) / most
    size = 10 ** math.floor(math.log10(rough))
    step = next(size * factor for factor in (1, 2, 5, 10) if size * factor >= rough)
    first, last = math.ceil(low / step), math.floor(high / step)
    return [round(n * step, 10) for n in range(first, last + 1)]
