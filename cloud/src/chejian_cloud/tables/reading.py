"""One reader for CSV and Excel; what the file is follows from its bytes, never from its name."""

import csv
import io
from typing import Final

from chejian_cloud.errors import InvalidRowsError, RowError
from chejian_cloud.tables.rows import Row, TableError
from chejian_cloud.tables.xlsx import MAX_COLUMNS, is_xlsx, read_xlsx

_OLD_EXCEL: Final = b"\xd0\xcf\x11\xe0"
"""Begin of a compound file: .xls, and .xlsx with a password."""
_UTF16: Final = (b"\xff\xfe", b"\xfe\xff")


def read_table(data: bytes, *, max_bytes: int, max_rows: int) -> list[Row]:
    """Rows of a CSV or Excel file that hold something, the header first.

    CSV may be UTF-8 (with or without mark), UTF-16 with mark or GB18030 (what Excel writes in China), with comma, semicolon
    or tab.

    Args:
        data: the file.
        max_bytes: [byte] of the file.
        max_rows: rows below the header.

    Raises:
        InvalidRowsError: the file is no table, or breaks a bound.
    """
    if len(data) > max_bytes:
        raise wrong_file(f"{len(data)} bytes", f"at most {max_bytes} bytes")
    try:
        rows = read_xlsx(data, max_rows + 1) if is_xlsx(data) else _read_csv(data, max_rows + 1)
    except TableError as error:
        raise wrong_file("", str(error)) from error
    if len(rows) < 2:  # noqa: PLR2004 - a header and a row
        raise wrong_file("", "a header and rows below it")
    return rows


def decoded(data: bytes) -> str:
    """Text of a file that Excel or a program wrote.

    Raises:
        InvalidRowsError: in no known encoding.
    """
    encodings = ("utf-16",) if data.startswith(_UTF16) else ("utf-8-sig", "gb18030")
    for encoding in encodings:
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise wrong_file("", "text in UTF-8 or GB18030")


def wrong_file(value: str, allowed: str) -> InvalidRowsError:
    """The file as a whole is wrong."""
    return InvalidRowsError([RowError(1, "", value, allowed, "file", allowed)])


def _read_csv(data: bytes, max_rows: int) -> list[Row]:
    if data.startswith(_OLD_EXCEL):
        raise TableError(
            "an .xlsx or .csv file without a password; open this one in Excel and save it as .xlsx"
        )
    text = decoded(data)
    head = text.split("\n", 1)[0]
    delimiter = max(",;\t", key=head.count)
    rows: list[Row] = []
    try:
        for number, line in enumerate(csv.reader(io.StringIO(text), delimiter=delimiter, strict=True), 1):
            cells = tuple(cell.strip() for cell in line)
            if not any(cells):
                continue
            if len(rows) >= max_rows:
                raise TableError(f"at most {max_rows - 1} rows below the header")
            if len(cells) > MAX_COLUMNS:
                raise TableError(f"at most {MAX_COLUMNS} columns")
            rows.append(Row(number, cells))
    except csv.Error as error:
        raise TableError(f"a CSV table ({error})") from error
    return rows
