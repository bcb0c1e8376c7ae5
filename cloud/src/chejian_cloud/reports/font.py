"""The font of reports: one that this machine has, with Chinese glyphs that can be embedded; see decision 0018."""

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Final

from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFError, TTFont

from chejian_cloud.errors import FontMissingError

PLACES: Final = (
    Path("/usr/share/fonts/truetype/wqy/wqy-microhei.ttc"),  # Debian, Ubuntu: fonts-wqy-microhei
    Path("/usr/share/fonts/wqy-microhei-fonts/wqy-microhei.ttc"),  # Fedora
    Path("/usr/share/fonts/wqy-microhei/wqy-microhei.ttc"),  # openEuler, Arch
    Path("/usr/share/fonts/truetype/wqy/wqy-zenhei.ttc"),  # Debian, Ubuntu: fonts-wqy-zenhei
    Path("C:/Windows/Fonts/simhei.ttf"),
)
"""Where fonts with TrueType outlines and Chinese glyphs lie, the best first."""
SUBSTITUTE: Final = "□"
"""What is drawn for a character that the font lacks."""
_NEEDED: Final = "车间0%≥µ³−" + SUBSTITUTE
"""Characters without which a font draws no report."""
_ADVICE: Final = (
    "a TrueType font with Chinese glyphs: install the package fonts-wqy-microhei, or name a .ttf or .ttc file in"
    " report_font (environment CHEJIAN_REPORT_FONT)"
)


@cache
def font_of(configured: Path | None, places: Sequence[Path] = PLACES) -> str:
    """Name of the font by which reportlab knows it, registered once for each file.

    Args:
        configured: file that the settings name; None: the first of `places` that is there.
        places: where to look.

    Raises:
        FontMissingError: there is none, or the configured one can't be embedded or lacks Chinese.
    """
    found = configured or next((place for place in places if place.is_file()), None)
    if found is None:
        raise FontMissingError(f"PDF reports need {_ADVICE}; looked for {', '.join(map(str, places))}")
    name = f"chejian {found}"
    try:
        font = TTFont(name, str(found), subfontIndex=0)
    except (TTFError, OSError) as error:
        raise FontMissingError(f"report_font: {found} can't be used ({error}); allowed: {_ADVICE}") from error
    lacking = "".join(c for c in _NEEDED if ord(c) not in font.face.charToGlyph)
    if lacking:
        raise FontMissingError(f"report_font: {found} has no glyphs for {lacking}; allowed: {_ADVICE}")
    pdfmetrics.registerFont(font)
    return name


def drawable(text: str, font: str) -> str:
    """`text` with what the font lacks as `SUBSTITUTE`, and control characters as spaces."""
    known = pdfmetrics.getFont(font).face.charToGlyph
    if all(ord(c) in known and c >= " " for c in text):
        return text
    return "".join(" " if c < " " else c if ord(c) in known else SUBSTITUTE for c in text)


def width_of(text: str, font: str, size: float) -> float:
    """Width of a text [pt]."""
    return float(pdfmetrics.stringWidth(text, font, size))


def fitted(text: str, font: str, size: float, room: float) -> str:
    """`text`, or its beginning with "…" where it is wider than `room` [pt]."""
    text = drawable(text, font)
    if width_of(text, font, size) <= room:
        return text
    while text and width_of(text + "…", font, size) > room:
        text = text[:-1]
    return text + "…"
