"""Rows of an order table, from JSON or CSV, checked value by value: every wrong one is reported, none is guessed."""

import csv
import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from chejian_cloud.errors import InvalidRowsError, RowError
from chejian_cloud.tables import decoded

MAX_BYTES = 5_000_000
"""Largest file, about 40,000 orders."""
MAX_ROWS = 20_000
"""Orders in one table; a year of a big workshop."""
MAX_QUANTITY = 10**12
_LONGEST_CODE = 100
_SHORT_TIME = re.compile(r"(\d{4})[-/](\d{1,2})[-/](\d{1,2}) (\d{1,2}):(\d{2}(?::\d{2})?)")
"""A time as spreadsheets write it, e.g. 2026/3/2 8:00."""
_MAX_SETUP_S = 31 * 86_400.0

COLUMNS: Mapping[str, tuple[str, ...]] = {
    "code": ("order", "订单", "订单号", "工单号"),
    "equipment": ("machine", "设备", "设备编号"),
    "product": ("产品", "产品编号"),
    "quantity": ("数量", "计划数量"),
    "planned_start": ("计划开始", "计划开始时间"),
    "planned_end": ("计划结束", "计划结束时间"),
    "setup_seconds": ("准备时间(秒)",),
    "planned_scrap": ("计划废品", "计划废品数"),
    "started_at": ("实际开始", "实际开始时间"),
    "ended_at": ("实际结束", "实际结束时间"),
}
"""Columns of an order table with the other names that a file may use for them."""
OPTIONAL = ("setup_seconds", "planned_scrap", "started_at", "ended_at")


@dataclass(frozen=True, slots=True)
class Machine:
    """What an order needs of its work unit."""

    equipment_id: int
    enterprise_id: int
    timezone: str


@dataclass(frozen=True, slots=True)
class OrderRow:
    """A checked order."""

    equipment_id: int
    product_id: int
    code: str
    quantity: int
    planned_start: datetime
    planned_end: datetime
    setup_us: int
    planned_scrap: int | None
    started_at: datetime | None
    ended_at: datetime | None


def read_csv(data: bytes) -> list[dict[str, str]]:
    """Rows of a CSV file by column; empty lines are left out (their number stays taken, see `parse_rows`).

    Takes UTF-8 (with or without mark) and GB18030 (what Excel writes in China); comma, semicolon or tab.

    Raises:
        InvalidRowsError: for a file that is too large, is no text, or whose header lacks or repeats a column.
    """
    if len(data) > MAX_BYTES:
        raise _header_error(f"{len(data)} bytes", f"at most {MAX_BYTES} bytes")
    text = decoded(data)
    head = text.split("\n", 1)[0]
    delimiter = max(",;\t", key=head.count)
    try:
        table = list(csv.reader(io.StringIO(text), delimiter=delimiter, strict=True))
    except csv.Error as error:
        raise _header_error("", f"a CSV table ({error})") from error
    if not table:
        raise _header_error("", "a header line and orders below it")
    names = [_column(cell) for cell in table[0]]
    _check_header(table[0], names)
    if len(table) - 1 > MAX_ROWS:
        raise _header_error(f"{len(table) - 1} rows", f"at most {MAX_ROWS} rows")
    return [_cells(names, line) for line in table[1:]]


def parse_rows(
    table: Sequence[Mapping[str, str]],
    machines: Mapping[str, Sequence[Machine]],
    products: Mapping[tuple[int, str], int],
    *,
    first_row: int,
) -> list[OrderRow]:
    """Check every value of a table.

    Args:
        table: cells as text by column; a time without offset is the wall clock of the machine's workshop.
        machines: by code; a code that several enterprises use is refused.
        products: id by enterprise and code.
        first_row: number of the first row, for the errors.

    Raises:
        InvalidRowsError: names each wrong value.
    """
    errors: list[RowError] = []
    found: list[OrderRow] = []
    seen: dict[tuple[int, str], int] = {}
    for number, cells in enumerate(table, first_row):
        if not any(cells.values()):
            continue
        reader = _RowReader(cells, number, errors)
        row = reader.order(machines, products)
        if row is None:
            continue
        before = seen.setdefault((row.equipment_id, row.code), number)
        if before != number:
            reader.wrong("code", row.code, f"once per machine; row {before} has it already")
        found.append(row)
    if errors:
        raise InvalidRowsError(errors)
    return found


class _RowReader:
    """Reads the cells of one row and notes what is wrong with each."""

    def __init__(self, cells: Mapping[str, str], number: int, errors: list[RowError]) -> None:
        self._cells = cells
        self._number = number
        self._errors = errors

    def wrong(self, column: str, value: str, allowed: str) -> None:
        self._errors.append(RowError(self._number, column, value, allowed))

    def order(
        self, machines: Mapping[str, Sequence[Machine]], products: Mapping[tuple[int, str], int]
    ) -> OrderRow | None:
        before = len(self._errors)
        if "" in self._cells:
            self.wrong("", self._cells[""], "as many cells as the header has")
        code = self._code()
        machine = self._machine(machines)
        product = self._product(machine, products)
        quantity = self._whole("quantity", 1)
        zone = ZoneInfo(machine.timezone) if machine else None
        start, end = self._span("planned_start", "planned_end", zone)
        started, ended = self._span("started_at", "ended_at", zone)
        setup = self._setup()
        planned_scrap = self._whole("planned_scrap", 0) if self._cells.get("planned_scrap") else None
        if ended and not started and self._cells.get("started_at", "") == "":
            self.wrong("started_at", "", "a time, as ended_at has one")
        if len(self._errors) > before or machine is None or start is None or end is None:
            return None
        return OrderRow(
            machine.equipment_id, product, code, quantity, start, end, setup, planned_scrap, started, ended
        )

    def _code(self) -> str:
        text = self._cells.get("code", "")
        if not 0 < len(text) <= _LONGEST_CODE:
            self.wrong("code", text, f"1 to {_LONGEST_CODE} characters")
        return text

    def _machine(self, machines: Mapping[str, Sequence[Machine]]) -> Machine | None:
        text = self._cells.get("equipment", "")
        found = machines.get(text, ())
        if len(found) != 1:
            what = "the code of a registered equipment" if not found else "a code that one enterprise has"
            self.wrong("equipment", text, what)
            return None
        return found[0]

    def _product(self, machine: Machine | None, products: Mapping[tuple[int, str], int]) -> int:
        text = self._cells.get("product", "")
        if machine is None:
            return 0
        found = products.get((machine.enterprise_id, text))
        if found is None:
            known = sorted(code for owner, code in products if owner == machine.enterprise_id)
            self.wrong("product", text, ", ".join(known[:20]) or "a registered product; there is none")
        return found or 0

    def _whole(self, column: str, least: int) -> int:
        text = self._cells.get(column, "")
        value = int(text) if text.isascii() and text.isdecimal() and len(text) < 15 else -1  # noqa: PLR2004 - below int64
        if not least <= value <= MAX_QUANTITY:
            self.wrong(column, text, f"a whole number, {least} to {MAX_QUANTITY}")
        return value

    def _setup(self) -> int:
        text = self._cells.get("setup_seconds", "") or "0"
        try:
            value = float(text)
        except ValueError:
            value = -1.0
        if not 0 <= value <= _MAX_SETUP_S:
            self.wrong("setup_seconds", text, f"0 to {_MAX_SETUP_S:g} s")
            return 0
        return round(value * 1_000_000)

    def _span(self, first: str, last: str, zone: ZoneInfo | None) -> tuple[datetime | None, datetime | None]:
        start, end = self._time(first, zone), self._time(last, zone)
        if start and end and start >= end:
            self.wrong(last, self._cells.get(last, ""), f"later than {first}, {start.isoformat()}")
        return start, end

    def _time(self, column: str, zone: ZoneInfo | None) -> datetime | None:
        text = self._cells.get(column, "")
        if not text and column in OPTIONAL:
            return None
        short = _SHORT_TIME.fullmatch(text)
        padded = "{}-{:0>2}-{:0>2} {:0>2}:{}".format(*short.groups()) if short else text
        try:
            moment = datetime.fromisoformat(padded)
        except ValueError:
            self.wrong(column, text, "a time such as 2026-03-02 08:00 or 2026-03-02T08:00:00+08:00")
            return None
        return moment if moment.tzinfo is not None or zone is None else moment.replace(tzinfo=zone)


def _column(cell: str) -> str:
    name = cell.strip().lower()
    return next((key for key, others in COLUMNS.items() if name == key or name in others), cell.strip())


def _check_header(cells: Sequence[str], names: Sequence[str]) -> None:
    allowed = ", ".join(COLUMNS)
    errors = [
        RowError(1, cell, cell, f"one of the columns {allowed}")
        for cell, name in zip(cells, names, strict=True)
        if name not in COLUMNS
    ]
    errors += [
        RowError(1, name, name, "each column once") for name in sorted(set(names)) if names.count(name) > 1
    ]
    errors += [
        RowError(1, name, "", "this column is required")
        for name in COLUMNS
        if name not in names and name not in OPTIONAL
    ]
    if errors:
        raise InvalidRowsError(errors)


def _cells(names: Sequence[str], line: Sequence[str]) -> dict[str, str]:
    cells = {name: cell.strip() for name, cell in zip(names, line, strict=False)}
    if len(line) > len(names) and any(line[len(names) :]):
        cells[""] = line[len(names)]
    return cells


def _header_error(value: str, allowed: str) -> InvalidRowsError:
    return InvalidRowsError([RowError(1, "", value, allowed)])
