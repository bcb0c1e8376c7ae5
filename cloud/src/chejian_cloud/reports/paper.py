"""Paper, colours and type of reports. Colours are those of the console's light palette, and never say anything alone."""

from functools import cache
from typing import Final

from reportlab.lib.colors import Color, HexColor
from reportlab.lib.enums import TA_LEFT, TA_RIGHT
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm

PAGE: Final[tuple[float, float]] = A4
MARGIN: Final[float] = 16 * mm
FOOT: Final[float] = 20 * mm
"""Height of the bottom margin, which the footer stands in [pt]."""
WIDTH: Final[float] = PAGE[0] - 2 * MARGIN
"""Room for blocks [pt]."""
LEADING: Final = 1.45
"""Height of a line by the size of its type."""
COMPLETE_ENOUGH: Final = 0.95
"""Completeness below which a figure is marked, as in the console (`COMPLETE_ENOUGH` of `charts/oee_hours.js`)."""

TEXT: Final = HexColor(0x1F2428)
MUTED: Final = HexColor(0x4A5258)
RULE: Final = HexColor(0xB4BBC0)
GRID: Final = HexColor(0xD3D8DC)
PANEL: Final = HexColor(0xF3F4F5)
WARNING: Final = HexColor(0x7A4700)
BAR: Final = HexColor(0x2F5D8A)
SHADES: Final = {
    "production": HexColor(0x33414D),
    "setup": HexColor(0x2F5D8A),
    "delay": HexColor(0xD98200),
    "idle": HexColor(0xBCC4CA),
    "planned": HexColor(0x7F9DB8),
    "closed": HexColor(0xF0F1F2),
    "no_data": HexColor(0xDFE2E5),
    "plain": BAR,
}
"""Name of a shade of `Bar` -> colour."""
CURVES: Final[tuple[tuple[Color, tuple[int, ...]], ...]] = (
    (HexColor(0x33506A), ()),
    (HexColor(0xB36B00), (5, 2)),
    (HexColor(0x55636E), (1, 2)),
    (HexColor(0x7F9DB8), (7, 2, 1, 2)),
)
"""Colour and dashes [pt] of each curve: they differ in print without colour, too."""


@cache
def style(
    font: str, size: float, colour: Color = TEXT, *, after: float = 0, right: bool = False
) -> ParagraphStyle:
    """Type of a text.

    Args:
        font: as reportlab knows it.
        size: [pt].
        colour: of the ink.
        after: room below [pt].
        right: whether it is set to the right.
    """
    return ParagraphStyle(
        f"{font} {size}",
        fontName=font,
        fontSize=size,
        leading=size * LEADING,
        textColor=colour,
        spaceAfter=after,
        alignment=TA_RIGHT if right else TA_LEFT,
        wordWrap="CJK",
    )
