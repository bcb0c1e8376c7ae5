"""The first sheet of an Excel file (ECMA-376, SpreadsheetML) as rows of text.

Only values are read: formulas, macros, links and formats are never followed or run. A file from outside is hostile until shown
otherwise, so nothing is unpacked to disk, what is unpacked in memory is counted against a bound whatever the archive claims
(zip bombs), and a document type declaration (entities) ends the reading.
"""

import io
import posixpath
import re
import zipfile
import zlib
from collections.abc import Callable, Mapping
from typing import Final
from xml.parsers import expat

from chejian_cloud.tables.rows import CELL_ERROR, FORMULA, Row, TableError

MAX_UNPACKED: Final = 48 * 1024 * 1024
"""[byte] of all parts that are read; a sheet of 10,000 rows with 20 columns has 10 MB."""
MAX_PARTS: Final = 1000
"""Files in the archive; a workbook of one sheet has about 12."""
MAX_COLUMNS: Final = 100
MAX_TEXT: Final = 32_767
"""Characters of a cell: Excel's own limit."""
_CHUNK: Final = 64 * 1024
_ENCRYPTED: Final = 0x1
"""Flag of an entry of a zip archive (APPNOTE.TXT, 4.4.4)."""
_PACKED: Final = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
"""What ECMA-376-2, annex C allows."""
_WORKBOOK: Final = "xl/workbook.xml"
_CELL: Final = re.compile(r"([A-Z]{1,3})(\d{1,7})")
_ESCAPED: Final = re.compile("_x([0-9A-Fa-f]{4})_")
"""A character that XML can't hold (ECMA-376-1, 22.9.2.19, ST_Xstring)."""
_EXACT: Final = 10**15
"""Whole numbers below are exact in a double."""


def read_xlsx(data: bytes, max_rows: int) -> list[Row]:
    """Rows of the first visible sheet that hold something.

    Args:
        data: the file.
        max_rows: most rows with something in them.

    Raises:
        TableError: the file is no workbook, or breaks a bound.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            parts = _Parts(archive)
            sheet, strings = _places(parts)
            shared: list[str] = []
            if strings is not None:
                parts.parse(strings, _Strings(shared))
            rows: list[Row] = []
            parts.parse(sheet, _Sheet(shared, rows, max_rows))
            return rows
    except (zipfile.BadZipFile, zlib.error, expat.ExpatError, EOFError, NotImplementedError) as error:
        raise TableError(f"an undamaged .xlsx file ({error})") from error


class _Handler:
    """What an XML part is read by: elements without their namespaces."""

    def start(self, name: str, attributes: Mapping[str, str]) -> None:
        """An element begins."""

    def text(self, data: str) -> None:
        """Characters, maybe in pieces."""

    def end(self, name: str) -> None:
        """An element ends."""


class _Parts:
    """Parts of the package, unpacked within the bound."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive
        self._entries = {entry.filename: entry for entry in archive.infolist()[: MAX_PARTS + 1]}
        self._left = MAX_UNPACKED
        if len(archive.infolist()) > MAX_PARTS:
            raise TableError(f"a workbook of at most {MAX_PARTS} parts")

    def has(self, name: str) -> bool:
        return name in self._entries

    def parse(self, name: str, handler: _Handler) -> None:
        entry = self._entries.get(name)
        if entry is None:
            raise TableError(f"an .xlsx file; this archive has no {name}")
        if entry.flag_bits & _ENCRYPTED or entry.compress_type not in _PACKED:
            raise TableError("an .xlsx file without a password")
        parser = _parser(handler)
        with self._archive.open(entry) as part:
            while chunk := part.read(_CHUNK):
                self._left -= len(chunk)
                if self._left < 0:
                    raise TableError(f"a workbook of at most {MAX_UNPACKED} bytes unpacked")
                parser.Parse(chunk, False)
        parser.Parse(b"", True)


def _parser(handler: _Handler) -> expat.XMLParserType:
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.buffer_text = True
    parser.StartDoctypeDeclHandler = _refuse_doctype
    parser.StartElementHandler = lambda name, given: handler.start(
        _local(name), {_local(key): value for key, value in given.items()}
    )
    parser.CharacterDataHandler = handler.text
    parser.EndElementHandler = lambda name: handler.end(_local(name))
    return parser


def _refuse_doctype(*_declared: object) -> None:
    raise TableError("an .xlsx file without a document type declaration")


def _local(name: str) -> str:
    return name.rsplit(" ", maxsplit=1)[-1]


class _Each(_Handler):
    """Tells the attributes of each element of a name."""

    def __init__(self, name: str, found: Callable[[Mapping[str, str]], None]) -> None:
        self._name, self._found = name, found

    def start(self, name: str, attributes: Mapping[str, str]) -> None:
        if name == self._name:
            self._found(dict(attributes))


def _places(parts: _Parts) -> tuple[str, str | None]:
    """Names of the parts of the first visible sheet and of the shared strings."""
    sheets: list[Mapping[str, str]] = []
    links: list[Mapping[str, str]] = []
    parts.parse(_WORKBOOK, _Each("sheet", sheets.append))
    parts.parse("xl/_rels/workbook.xml.rels", _Each("Relationship", links.append))
    by_id = {link.get("Id"): _target(link) for link in links}
    shown = [s for s in sheets if s.get("state", "visible") == "visible"]
    if not shown or by_id.get(shown[0].get("id")) is None:
        raise TableError("a workbook with a sheet")
    strings = [_target(link) for link in links if link.get("Type", "").endswith("/sharedStrings")]
    return str(by_id[shown[0].get("id")]), next((s for s in strings if parts.has(s)), None)


def _target(link: Mapping[str, str]) -> str:
    return posixpath.normpath(posixpath.join("/xl", link.get("Target", ""))).lstrip("/")


class _Text(_Handler):
    """Collects the text of `t` elements; phonetic hints (`rPh`) are no text."""

    def __init__(self) -> None:
        self._pieces: list[str] = []
        self._inside, self._phonetic = False, False

    def start(self, name: str, attributes: Mapping[str, str]) -> None:  # noqa: ARG002 - the handler's signature
        self._phonetic = self._phonetic or name == "rPh"
        self._inside = name == "t" and not self._phonetic

    def text(self, data: str) -> None:
        if self._inside:
            self._pieces.append(data)

    def end(self, name: str) -> None:
        self._inside = False
        self._phonetic = self._phonetic and name != "rPh"

    def taken(self) -> str:
        """The text so far; begins anew."""
        text = "".join(self._pieces)
        self._pieces.clear()
        return text


class _Strings(_Text):
    """Shared strings in their order."""

    def __init__(self, found: list[str]) -> None:
        super().__init__()
        self._found = found

    def end(self, name: str) -> None:
        super().end(name)
        if name == "si":
            self._found.append(_short(self.taken()))


class _Sheet(_Text):
    """Rows of a sheet; rows and cells without a reference follow the one before."""

    def __init__(self, shared: list[str], rows: list[Row], max_rows: int) -> None:
        super().__init__()
        self._shared, self._rows, self._most = shared, rows, max_rows
        self._number = self._column = 0
        self._cells: dict[int, str] = {}
        self._odd: dict[int, str] = {}
        self._kind = ""

    def start(self, name: str, attributes: Mapping[str, str]) -> None:
        super().start(name, attributes)
        if name == "row":
            given = attributes.get("r", "")
            self._number = int(given) if given.isdecimal() else self._number + 1
            self._column, self._cells, self._odd = -1, {}, {}
        elif name == "c":
            placed = _CELL.fullmatch(attributes.get("r", ""))
            self._column = _column(placed[1]) if placed else self._column + 1
            self._kind = attributes.get("t", "n")
            if self._kind == "e":
                self._mark(CELL_ERROR)
        elif name == "v":
            self._inside = True
        elif name == "f":
            self._mark(FORMULA)

    def end(self, name: str) -> None:
        super().end(name)
        if name == "c":
            self._keep(self.taken())
        elif name == "row" and (self._cells or self._odd):
            if len(self._rows) >= self._most:
                raise TableError(f"at most {self._most} rows")
            width = max([*self._cells, *self._odd]) + 1
            cells = tuple(self._cells.get(column, "") for column in range(width))
            self._rows.append(Row(self._number, cells, self._odd))

    def _mark(self, what: str) -> None:
        self._odd[self._bounded()] = what

    def _keep(self, raw: str) -> None:
        text = self._value(raw)
        if text:
            self._cells[self._bounded()] = text

    def _bounded(self) -> int:
        if self._column >= MAX_COLUMNS:
            raise TableError(f"at most {MAX_COLUMNS} columns")
        return self._column

    def _value(self, raw: str) -> str:
        if self._kind == "s":
            if not raw.isdecimal() or int(raw) >= len(self._shared):
                raise TableError(f"an undamaged .xlsx file (no shared string {raw[:20]})")
            return self._shared[int(raw)]
        return _number(raw) if self._kind == "n" else _short(raw)


def _short(text: str) -> str:
    """Text of a cell without outer blanks; each is cut once here, however many cells share it."""
    if len(text) > MAX_TEXT:
        raise TableError(f"at most {MAX_TEXT} characters in a cell")
    return _ESCAPED.sub(lambda found: chr(int(found[1], 16)), text).strip()


def _number(raw: str) -> str:
    """A number as people see it: 230100 and not 230100.0."""
    try:
        value = float(raw)
    except ValueError:
        return _short(raw)
    return str(int(value)) if value.is_integer() and abs(value) < _EXACT else _short(raw)


def _column(letters: str) -> int:
    """Number of a column from 0; "A" is 0."""
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - ord("A") + 1
    return number - 1


def is_xlsx(data: bytes) -> bool:
    """Whether a file says that it is a zip archive, as every .xlsx file is."""
    return data[:4] == b"PK\x03\x04"
