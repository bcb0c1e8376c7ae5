"""KPI values as files: CSV for programs, Excel for people. Text is never a formula, whatever a name begins with."""

import csv
import io
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

import xlsxwriter  # type: ignore[import-untyped] # it ships no types

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


def as_xlsx(rows: Iterable[Sequence[Any]]) -> bytes:
    """One sheet with a fixed head; times as ISO 8601 with offset, since Excel knows no offsets."""
    out = io.BytesIO()
    options = {
        "in_memory": True,
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "nan_inf_to_errors": True,
    }
    with xlsxwriter.Workbook(out, options) as book:
        sheet = book.add_worksheet("KPI")
        bold = book.add_format({"bold": True})
        for column, name in enumerate(HEAD):
            sheet.write_string(0, column, name, bold)
        for number, row in enumerate(rows, 1):
            for column, value in enumerate(row):
                if isinstance(value, int | float):
                    sheet.write_number(number, column, value)
                elif value is not None:
                    sheet.write_string(number, column, _text(value))
        sheet.freeze_panes(1, 1)
        sheet.autofilter(0, 0, max(sheet.dim_rowmax or 0, 0), len(HEAD) - 1)
        sheet.set_column(0, len(HEAD) - 1, 18)
    return out.getvalue()


def _text(value: Any) -> str:
    return value.isoformat(timespec="milliseconds") if isinstance(value, datetime) else str(value)


def _cell(value: Any) -> Any:
    """A cell of CSV; text that a spreadsheet would read as a formula gets an apostrophe in front."""
    if value is None or isinstance(value, int | float):
        return value
    text = _text(value)
    return "'" + text if text.startswith(FORMULA_STARTS) else text
