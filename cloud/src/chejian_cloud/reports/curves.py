"""Lines over named steps, and radar charts."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from reportlab.platypus import Flowable

from chejian_cloud.reports.charts import SIZE, ticks
from chejian_cloud.reports.font import drawable, fitted, width_of
from chejian_cloud.reports.paper import CURVES, GRID, MUTED, RULE, TEXT, WIDTH

_HEIGHT: Final = 150
_LEFT: Final = 40
_BOTTOM: Final = 30
_LEGEND: Final = 14
_RADAR: Final = 250
_FEWEST: Final = 3
"""Axes of a radar chart at least."""


@dataclass(frozen=True, slots=True)
class Curve:
    """A line of a chart.

    Attributes:
        name: in the legend.
        values: one for each step or axis; None: not known, which breaks the line.
    """

    name: str
    values: Sequence[float | None]


@dataclass(frozen=True, slots=True)
class Axis:
    """Ends of an axis of values and what they are counted in; `high` None takes the largest value."""

    low: float = 0
    high: float | None = None
    unit: str = ""


class Curves(Flowable):  # type: ignore[misc] # reportlab has no types
    """Lines over named steps."""

    def __init__(self, steps: Sequence[str], curves: Sequence[Curve], axis: Axis, font: str) -> None:
        """Take the names of the steps, the lines and the font.

        Raises:
            ValueError: for more lines than can be told apart, or one with another number of values.
        """
        super().__init__()
        check(curves, len(steps))
        self.steps, self.curves, self.font, self.unit = steps, curves, font, axis.unit
        known = [v for curve in curves for v in curve.values if v is not None]
        top = max(known, default=1.0) if axis.high is None else axis.high
        self.low, self.high = axis.low, top if top > axis.low else axis.low + 1

    def wrap(self, width: float, _height: float) -> tuple[float, float]:
        """Size [pt]."""
        return width, _HEIGHT + _LEGEND

    def _x(self, step: int) -> float:
        return _LEFT + (WIDTH - _LEFT - 20) * (step + 0.5) / len(self.steps)

    def _y(self, value: float) -> float:
        return _BOTTOM + (_HEIGHT - _BOTTOM - 14) * (value - self.low) / (self.high - self.low)

    def draw(self) -> None:
        """Draw at the origin."""
        canvas = self.canv
        canvas.setLineWidth(0.5)
        canvas.setFont(self.font, SIZE - 1)
        canvas.setFillColor(MUTED)
        for tick in ticks(self.low, self.high):
            canvas.setStrokeColor(RULE if tick == self.low else GRID)
            canvas.line(_LEFT, self._y(tick), WIDTH - 20, self._y(tick))
            canvas.drawRightString(_LEFT - 4, self._y(tick) - 2.5, f"{tick:,g}")
        canvas.drawString(0, _HEIGHT - 4, drawable(self.unit, self.font))
        room = (WIDTH - _LEFT - 20) / len(self.steps)
        each = max(1, math.ceil(self._widest() / room))
        for i, step in enumerate(self.steps):
            if i % each == 0:
                text = fitted(step, self.font, SIZE - 1, room * each)
                canvas.drawCentredString(self._x(i), _BOTTOM - 11, text)
        for i, curve in enumerate(self.curves):
            points = [None if v is None else (self._x(at), self._y(v)) for at, v in enumerate(curve.values)]
            line(canvas, points, i)
        legend(canvas, [curve.name for curve in self.curves], self.font, 2)

    def _widest(self) -> float:
        return max((width_of(drawable(s, self.font), self.font, SIZE - 1) + 4 for s in self.steps), default=1)


class Radar(Flowable):  # type: ignore[misc] # reportlab has no types
    """Values on axes around a centre, which is 0."""

    def __init__(
        self, axes: Sequence[str], curves: Sequence[Curve], rings: Sequence[float], font: str
    ) -> None:
        """Take the names of the axes, the lines, the rings' values (the largest is the rim) and the font.

        Raises:
            ValueError: for fewer than three axes, no ring above 0, more lines than can be told apart, or one with
                another number of values.
        """
        super().__init__()
        check(curves, len(axes))
        if len(axes) < _FEWEST or not rings or max(rings) <= 0:
            raise ValueError(f"a radar chart of {len(axes)} axes with rings {rings}")
        self.axes, self.curves, self.rings, self.font = axes, curves, rings, font

    def wrap(self, width: float, _height: float) -> tuple[float, float]:
        """Size [pt]."""
        return width, _RADAR + _LEGEND

    def _at(self, axis: int, value: float, more: float = 0) -> tuple[float, float]:
        radius = (_RADAR / 2 - 28) * value / max(self.rings) + more
        angle = math.pi / 2 - 2 * math.pi * axis / len(self.axes)
        return WIDTH / 2 + radius * math.cos(angle), _LEGEND + _RADAR / 2 + radius * math.sin(angle)

    def draw(self) -> None:
        """Draw at the origin."""
        canvas = self.canv
        canvas.setLineWidth(0.5)
        canvas.setFont(self.font, SIZE - 1)
        for ring in self.rings:
            canvas.setStrokeColor(RULE if ring == max(self.rings) else GRID)
            corners = [self._at(i, ring) for i in range(len(self.axes))]
            for (x, y), (to_x, to_y) in zip(corners, [*corners[1:], corners[0]], strict=True):
                canvas.line(x, y, to_x, to_y)
            canvas.setFillColor(MUTED)
            canvas.drawString(corners[0][0] + 2, corners[0][1] + 1, f"{ring:g}")
        for i, name in enumerate(self.axes):
            canvas.setStrokeColor(GRID)
            canvas.line(*self._at(i, 0), *self._at(i, max(self.rings)))
            self._label(i, name)
        for i, curve in enumerate(self.curves):
            corners_of = [None if v is None else self._at(at, v) for at, v in enumerate(curve.values)]
            line(canvas, corners_of, i, closed=True)
        legend(canvas, [curve.name for curve in self.curves], self.font, 2)

    def _label(self, axis: int, name: str) -> None:
        x, y = self._at(axis, max(self.rings), more=8)
        room = WIDTH / 2 - abs(x - WIDTH / 2)
        text = fitted(name, self.font, SIZE, 2 * room if abs(x - WIDTH / 2) < 1 else room)
        self.canv.setFillColor(TEXT)
        if abs(x - WIDTH / 2) < 1:
            above = y > _LEGEND + _RADAR / 2
            self.canv.drawCentredString(x, y + 6 if above else y - 6, text)
        elif x > WIDTH / 2:
            self.canv.drawString(x, y - 3, text)
        else:
            self.canv.drawRightString(x, y - 3, text)


def check(curves: Sequence[Curve], values: int) -> None:
    """Refuse lines that can't be told apart or don't fit their axis.

    Raises:
        ValueError: names the line.
    """
    if not 1 <= len(curves) <= len(CURVES):
        raise ValueError(f"{len(curves)} lines; allowed: 1 to {len(CURVES)}")
    for curve in curves:
        if len(curve.values) != values:
            raise ValueError(f"line {curve.name!r} has {len(curve.values)} values for {values} steps")


def line(
    canvas: Any, points: Sequence[tuple[float, float] | None], number: int, *, closed: bool = False
) -> None:
    """Draw a line through points, broken where one is None; a point alone is a dot."""
    colour, dashes = CURVES[number]
    canvas.saveState()
    canvas.setStrokeColor(colour)
    canvas.setFillColor(colour)
    canvas.setLineWidth(1.4)
    canvas.setDash(list(dashes)) if dashes else canvas.setDash()
    ends = [*points[1:], points[0]] if closed else points[1:]
    for here, there in zip(points, ends, strict=False):
        if here is not None and there is not None:
            canvas.line(*here, *there)
    canvas.setDash()
    for point in points:
        if point is not None:
            canvas.circle(*point, 1.8, stroke=0, fill=1)
    canvas.restoreState()


def legend(canvas: Any, names: Sequence[str], font: str, y: float) -> None:
    """Draw the names of lines with a piece of each, centred."""
    room = WIDTH / len(names) - 34
    shown = [fitted(name, font, SIZE, room) for name in names]
    widths = [34 + width_of(text, font, SIZE) for text in shown]
    x = (WIDTH - sum(widths)) / 2
    canvas.setFont(font, SIZE)
    for number, (text, width) in enumerate(zip(shown, widths, strict=True)):
        line(canvas, [(x, y + 3), (x + 18, y + 3)], number)
        canvas.setFillColor(TEXT)
        canvas.drawString(x + 22, y, text)
        x += width
