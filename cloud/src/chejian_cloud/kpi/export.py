"""KPI values as files: CSV for programs, Excel for people. Text is never a formula, whatever a name begins with."""

import csv
import io
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

import xlsxwriter  # type: ignore[import-untyped] # it ships no types

from chejian_cloud.errors import InvalidValueError
from chejian_cloud.kpi.schemas import EquipmentKpis, KpiOut

HEAD = (
    *("machine", "kpi", "name_zh", "name_en", "unit", "window", "start", "end", "value"),
    *("completeness", "provisional", "flags", "formula_version", "computed_at"),
)
"""Columns of both files."""
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n")
"""First characters that make spreadsheets read a cell of text as a formula (OWASP, CSV injection)."""
_BOM = "\ufeff"
"""Tells Excel that the file is UTF-8."""


def table(machines: Iterable[EquipmentKpis], definitions: Sequence[KpiOut]) -> Iterable[list[Any]]:
    """Rows below `HEAD`."""
    known = {d.id: d for d in definitions}
    for machine in machines:
        for value in machine.values:
            kpi = known[value.kpi]
            yield [
                machine.code,
                value.kpi,
                kpi.name_zh,
                kpi.name_en,
                kpi.unit,
                value.window,
                value.start,
                value.end,
                value.value,
                value.completeness,
                "yes" if value.provisional else "no",
                " ".join(value.flags),
                value.formula_version,
                value.computed_at,
            ]


def as_csv(rows: Iterable[Sequence[Any]], head: Sequence[str] = HEAD) -> bytes:
    """UTF-8 with mark, comma, times as ISO 8601 with offset; `head` names the columns."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(head)
    for row in rows:
        writer.writerow([_cell(value) for value in row])
    return (_BOM + out.getvalue()).encode()


def as_xlsx(rows: Iterable[Sequence[Any]], head: Sequence[str] = HEAD) -> bytes:
    """One sheet with a fixed head; times as ISO 8601 with offset, since Excel knows no offsets."""
    out = io.BytesIO()
    options = {
        "in_memory": True,
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "nan_inf_to_errors": True,
    }
    with xlsxwriter.Workbook(out, options) as book:
        sheet = book.add_worksheet("Chejian")
        bold = book.add_format({"bold": True})
        for column, name in enumerate(head):
            sheet.write_string(0, column, name, bold)
        for number, row in enumerate(rows, 1):
            for column, value in enumerate(row):
                if isinstance(value, int | float):
                    sheet.write_number(number, column, value)
                elif value is not None:
                    sheet.write_string(number, column, _text(value))
        sheet.freeze_panes(1, 1)
        sheet.autofilter(0, 0, max(sheet.dim_rowmax or 0, 0), len(head) - 1)
        sheet.set_column(0, len(head) - 1, 18)
    return out.getvalue()


FORMATS: Final[Mapping[str, tuple[Callable[[Iterable[Sequence[Any]], Sequence[str]], bytes], str]]] = {
    "csv": (as_csv, "text/csv; charset=utf-8"),
    "xlsx": (as_xlsx, "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
}
"""Name of a format -> what writes it, and its media type."""


def as_file(
    form: str, stem: str, rows: Iterable[Sequence[Any]], head: Sequence[str]
) -> tuple[bytes, str, dict[str, str]]:
    """A table in a format of `FORMATS`.

    Returns:
        The bytes, the media type, and the header that makes a browser save it as `<stem>.<form>`.

    Raises:
        InvalidValueError: for an unknown format.
    """
    if form not in FORMATS:
        raise InvalidValueError("format", form, ", ".join(FORMATS))
    write, media_type = FORMATS[form]
    return write(rows, head), media_type, {"Content-Disposition": f'attachment; filename="{stem}.{form}"'}


def _text(value: Any) -> str:
    return value.isoformat(timespec="milliseconds") if isinstance(value, datetime) else str(value)


def _cell(value: Any) -> Any:
    """A cell of CSV; text that a spreadsheet would read as a formula gets an apostrophe in front."""
    if value is None or isinstance(value, int | float):
        return value
    text = _text(value)
    return "'" + text if text.startswith(FORMULA_STARTS) else text
