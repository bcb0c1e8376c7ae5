"""An empty registry table to fill in, with a sheet that explains each column and one of the equipment types."""

import io
from collections.abc import Sequence
from typing import Final

import xlsxwriter  # type: ignore[import-untyped] # it ships no types
from chejian_contract.templates import equipment_types

from chejian_cloud.kpi.export import as_csv
from chejian_cloud.registry.import_columns import COLUMNS, MAX_ROWS, REQUIRED

_HELP: Final = {
    "workshop": ("车间编号；没有的会新建", "Code of the workshop; an unknown one is added"),
    "workshop_name_zh": ("新车间必填", "Required for a new workshop"),
    "workshop_name_en": ("可空", "May be empty"),
    "city_code": ("新车间必填，GB/T 2260 六位代码", "Required for a new workshop: six digits of GB/T 2260"),
    "calendar": ("新车间必填，已有日历的编号", "Required for a new workshop: code of a calendar"),
    "line": ("产线编号；没有的会新建", "Code of the line; an unknown one is added"),
    "line_name_zh": ("新产线必填", "Required for a new line"),
    "line_name_en": ("可空", "May be empty"),
    "code": ("设备编号，企业内唯一", "Code of the equipment, once in the enterprise"),
    "name_zh": ("设备名称", "Chinese name"),
    "name_en": ("可空", "May be empty"),
    "type": ("编号或名称，见“设备类型”表", "Id or name, see the sheet of types"),
    "position": ("在产线中的顺序；空：排在最后", "Place in the flow of the line; empty: behind the last"),
    "node": ("边缘节点编号，可空", "Edge node that delivers its data, may be empty"),
    "device": ("该节点上的设备名，可空", "Device of that node, may be empty"),
}


def template_xlsx(language: str) -> bytes:
    """The table as an Excel file with heads in a language ("zh-CN" or "en")."""
    chinese = language != "en"
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"in_memory": True}) as book:
        head = book.add_format({"bold": True, "bg_color": "#dfe6ea"})
        needed = book.add_format({"bold": True, "bg_color": "#f4d9a8"})
        text = book.add_format({"num_format": "@"})
        sheet = book.add_worksheet("设备台账" if chinese else "Registry")
        for column, name in enumerate(_heads(language)):
            key = list(COLUMNS)[column]
            sheet.write_string(0, column, name, needed if key in REQUIRED else head)
            sheet.set_column(column, column, 18, text)
        sheet.freeze_panes(1, 0)
        type_column = list(COLUMNS).index("type")
        types = equipment_types()
        listed = "设备类型" if chinese else "Types"
        source = {
            "validate": "list",
            "source": f"='{listed}'!$A$2:$A${len(types) + 1}",
            "error_type": "warning",
        }
        sheet.data_validation(1, type_column, MAX_ROWS, type_column, source)
        _fill(book, "说明" if chinese else "Help", _helps(chinese=chinese), head)
        rows = [[name, kind.name_zh, kind.name_en] for name, kind in types.items()]
        _fill(book, listed, [["type", "中文", "English"], *rows], head)
    return bytes(out.getvalue())


def template_csv(language: str) -> bytes:
    """The head of the table as CSV."""
    return as_csv([], _heads(language))


def _heads(language: str) -> list[str]:
    return list(COLUMNS) if language == "en" else [names[0] for names in COLUMNS.values()]


def _helps(*, chinese: bool) -> list[list[str]]:
    heads = ["列", "必填", "说明"] if chinese else ["column", "required", "meaning"]
    yes = "是" if chinese else "yes"
    rows = [
        [names[0] if chinese else key, yes if key in REQUIRED else "", _HELP[key][0 if chinese else 1]]
        for key, names in COLUMNS.items()
    ]
    return [heads, *rows]


def _fill(book: xlsxwriter.Workbook, name: str, rows: Sequence[Sequence[str]], head: object) -> None:
    sheet = book.add_worksheet(name)
    for number, row in enumerate(rows):
        for column, cell in enumerate(row):
            sheet.write_string(number, column, cell, None if number else head)
    sheet.set_column(0, 0, 22)
    sheet.set_column(1, 2, 40)
