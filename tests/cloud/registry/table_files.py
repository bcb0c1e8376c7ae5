"""Registry tables as the files that people send."""

import io
import zipfile
from collections.abc import Callable, Mapping, Sequence

import xlsxwriter  # type: ignore[import-untyped] # it ships no types
from chejian_cloud.registry.import_columns import COLUMNS

HEAD = list(COLUMNS)
CHINESE = [names[0] for names in COLUMNS.values()]
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
MACHINES = 2000


def machines(count: int = MACHINES) -> list[dict[str, object]]:
    """A registry of two new workshops with 20 lines each; some numbers are numbers, as Excel keeps them."""
    rows: list[dict[str, object]] = []
    for number in range(count):
        workshop, line = number * 2 // count + 1, number % 20 + 1
        rows.append(
            {
                "workshop": f"DQ-W{workshop}",
                "workshop_name_zh": f"大庆第{workshop}车间",
                "city_code": 230600,
                "calendar": "HRB-2S",
                "line": f"L{line}",
                "line_name_zh": f"{line}号线",
                "code": f"M-{number:04d}",
                "name_zh": f"{number}号加工中心",
                "name_en": f"Machining centre {number}",
                "type": ("cnc_machining_centre", "数控加工中心")[number % 2],
                "position": number // 40,
                "node": f"DQ-N{workshop}",
                "device": f"M-{number:04d}",
            }
        )
    return rows


def excel(rows: Sequence[Mapping[str, object]], head: Sequence[str] = HEAD) -> bytes:
    """An Excel file; a text that begins with "=" is a formula."""
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"in_memory": True}) as book:
        sheet = book.add_worksheet("Sheet1")
        sheet.write_row(0, 0, head)
        for number, row in enumerate(rows, 1):
            for column, key in enumerate(HEAD):
                if row.get(key) is not None:
                    sheet.write(number, column, row[key])
    return out.getvalue()


def csv(rows: Sequence[Mapping[str, object]], head: Sequence[str] = HEAD, encoding: str = "utf-8") -> bytes:
    """A CSV file."""
    lines = [",".join(head), *(",".join(str(row.get(key, "")) for key in HEAD) for row in rows)]
    return "\r\n".join(lines).encode(encoding)


def repacked(
    data: bytes, change: Callable[[str, bytes], bytes], *, method: int = zipfile.ZIP_DEFLATED
) -> bytes:
    """The archive with its parts changed."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w", method) as new:
        for name in old.namelist():
            new.writestr(name, change(name, old.read(name)))
    return out.getvalue()
