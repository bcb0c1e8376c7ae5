"""A PDF as a viewer shows it: by pdfium, which Chromium shows PDFs with, too."""

import ctypes
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pypdfium2
import pypdfium2.raw as pdfium


class Pages:
    """Pages of a document."""

    def __init__(self, document: Any) -> None:
        self.document = document
        self.texts = [_plain(page.get_textpage().get_text_range()) for page in document]

    @property
    def text(self) -> str:
        """All pages, lines joined by spaces."""
        return " ".join(self.texts)

    def fonts(self) -> dict[str, bool]:
        """Name of each font that a text is drawn in -> whether the file carries it."""
        out: dict[str, bool] = {}
        for page in self.document:
            for item in page.get_objects(filter=[pdfium.FPDF_PAGEOBJ_TEXT]):
                font = pdfium.FPDFTextObj_GetFont(item.raw)
                name = ctypes.create_string_buffer(256)
                pdfium.FPDFFont_GetBaseFontName(font, name, 256)
                embedded = pdfium.FPDFFont_GetIsEmbedded(font) == 1
                out[name.value.decode()] = out.get(name.value.decode(), True) and embedded
        return out

    def glyphs(self, page: int, characters: str) -> dict[str, "np.ndarray[Any, Any]"]:
        """The ink of the first place of each character on a page, 0 (white) to 255."""
        sheet = self.document[page]
        text = sheet.get_textpage()
        found = text.get_text_range()
        out = {}
        for character in characters:
            box = text.get_charbox(found.index(character), loose=True)
            out[character] = self.ink(page, box)
        return out

    def ink(self, page: int, box: tuple[float, float, float, float]) -> "np.ndarray[Any, Any]":
        """Ink in a box (left, bottom, right, top) [pt], 0 (white) to 255."""
        ink: np.ndarray[Any, Any] = (255 - self.colours(page, box)).max(axis=2)
        return ink

    def colours(self, page: int, box: tuple[float, float, float, float]) -> "np.ndarray[Any, Any]":
        """Pixels in a box, three per point, as blue, green, red."""
        sheet = self.document[page]
        left, bottom, right, top = box
        width, height = sheet.get_size()
        crop = (left, bottom, width - right, height - top)
        return np.array(sheet.render(scale=3, crop=crop).to_numpy())[:, :, :3]


def _plain(text: str) -> str:
    return re.sub(r"\s+", " ", text)


@contextmanager
def opened(body: bytes) -> Iterator[Pages]:
    """Open a PDF."""
    document = pypdfium2.PdfDocument(body)
    try:
        yield Pages(document)
    finally:
        document.close()
