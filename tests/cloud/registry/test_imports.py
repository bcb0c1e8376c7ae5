"""Registry tables from Excel and CSV: all or nothing, every wrong value named by row, column and reason."""

import asyncio
import io
import re
import zipfile
from collections.abc import Callable, Mapping
from typing import Any

import httpx
import psycopg
from chejian_cloud.access.permissions import Role
from chejian_cloud.registry.import_columns import REASONS
from chejian_cloud.tables.xlsx import MAX_UNPACKED

from tests.cloud.keys import bearer
from tests.cloud.plant_rows import PlantRows
from tests.cloud.registry.table_files import CHINESE, HEAD, MACHINES, XLSX, csv, excel, machines, repacked
from tests.cloud.worker.rounds import production, rows

PATH = "/api/v1/registry/imports"
COUNTS = "SELECT (SELECT count(*) FROM app.workshop) AS w, (SELECT count(*) FROM app.line) AS l, (SELECT count(*) FROM app.equipment) AS e, (SELECT count(*) FROM app.equipment_feed) AS f"
NEW = {
    "workshop": "HRB-W1",
    "line": "L1",
    "code": "CNC-02",
    "name_zh": "二号机",
    "type": "cnc_machining_centre",
}
KNOWN = {"workshop": "HRB-W1", "line": "L1", "code": "CNC-01", "name_zh": "", "type": ""}


async def send(
    api: httpx.AsyncClient, data: bytes, *, status: int = 200, preview: bool = False, key: str = ""
) -> Any:
    answer = await api.post(
        PATH + ("/preview" if preview else ""),
        content=data,
        params={"enterprise": "hlj-demo"} | ({} if preview else {"user_name": "王工"}),
        headers={"content-type": XLSX if data[:2] == b"PK" else "text/csv"}
        | ({"idempotency-key": key} if key else {}),
    )
    assert answer.status_code == status, answer.text
    return answer.json()


PLANTED: tuple[tuple[str, object, str], ...] = (
    *(("code", code, "code") for code in ("A/1", "A+1", "A#1", "x" * 65, "A\u00071")),
    *(("code", "", "required") for _ in range(5)),
    *(("code", "M-0000", "twice") for _ in range(5)),
    *(("type", kind, "type") for kind in ("lathe9", "机器", 42, "cnc mill")),
    ("type", "", "required"),
    *(("position", place, "position") for place in (-1, 1.5, 32768, "first", "1e3", "٣")),
    ("name_zh", "", "required"),
    ("name_zh", "长" * 201, "text"),
    ("name_en", "two\nlines", "text"),
    ("name_zh", '="A"&"B"', "formula"),
    ("code", "=A2", "formula"),
    ("position", "=1+1", "formula"),
    *(("city_code", city, "city") for city in (23, "Daqing", "2306001")),
    *(("calendar", calendar, "calendar") for calendar in ("HRB-9S", "none")),
    *(("workshop_name_zh", name, "other_row") for name in ("另一车间", "第三车间")),
    *(("line_name_zh", name, "other_row") for name in ("另一线", "别的线")),
    ("workshop", "", "required"),
    ("workshop", "DQ/W1", "code"),
    ("line", "", "required"),
    ("line", "L#1", "code"),
    ("node", "", "pair"),
    *(("device", "", "pair") for _ in range(2)),
    ("device", "M-0001", "taken"),
    ("device", "a/b", "code"),
)
"""Column, what stands there, and why it is wrong."""
FIRST, STEP = 101, 37  # rows of the list, from 0


def planted() -> tuple[list[dict[str, object]], list[tuple[int, str, str]]]:
    table, expected = machines(), []
    for number, (column, value, reason) in enumerate(PLANTED):
        place = FIRST + number * STEP
        table[place][column] = value
        if (column, reason) == ("device", "taken"):
            table[place]["node"] = table[1]["node"]
        expected.append((place + 2, column, reason))
    return table, expected


async def test_fifty_errors_among_2000_machines_are_all_told_and_nothing_is_stored(
    api: httpx.AsyncClient, plant: PlantRows
) -> None:
    table, expected = planted()
    assert (len(table), len(expected)) == (MACHINES, 50)
    before = rows(plant.dsn, COUNTS)
    shown = await send(api, excel(table), preview=True)
    refused = await send(api, excel(table), status=422)
    for told in (shown, refused):
        assert [(e["row"], e["column"], e["reason"]) for e in told["errors"]] == expected
        for error, (_, value, reason) in zip(told["errors"], PLANTED, strict=True):
            assert error["allowed"] == REASONS[reason].format(about=error["about"])
            assert reason == "formula" or str(value)[:200].strip() in error["value"]
    assert (shown["rows"], shown["error_count"], shown["changes"]) == (MACHINES, 50, [])
    assert rows(plant.dsn, COUNTS) == before, "not even the workshops of rows that are right"


async def test_2000_machines_are_stored_once_and_journalled(api: httpx.AsyncClient, plant: PlantRows) -> None:
    data = excel(machines())
    done = await send(api, data, key="k1")
    assert (done["workshops_added"], done["lines_added"], done["feeds_added"]) == (2, 40, MACHINES)
    assert (done["equipment_added"], done["equipment_unchanged"]) == (MACHINES, 0)
    assert await send(api, data, key="k1") == done, "answered again, not done again"
    assert rows(plant.dsn, "SELECT count(*) AS n FROM app.equipment")[0]["n"] == MACHINES + 2
    found = rows(
        plant.dsn,
        "SELECT e.name_en, e.type, e.position, w.city_code, w.timezone, f.group_id, f.edge_node FROM app.equipment e"
        " JOIN app.workshop w USING (workshop_id) JOIN app.equipment_feed f USING (equipment_id) WHERE e.code = 'M-1999'",
    )
    assert list(found[0].values()) == [
        *("Machining centre 1999", "cnc_machining_centre", 49, "230600", "Asia/Shanghai", "hlj-demo", "DQ-N2")
    ]
    line = rows(plant.dsn, "SELECT * FROM app.audit WHERE action = 'POST /api/v1/registry/imports'")[0]
    assert line["enterprise_id"] == 1
    assert line["target"]["equipment_added"] == MACHINES
    assert re.fullmatch("[0-9a-f]{64}", line["target"]["sha256"])


async def test_what_was_known_is_changed_and_what_is_empty_stays(
    api: httpx.AsyncClient, plant: PlantRows
) -> None:
    plant.write("CNC-01", production(1, 5))
    renamed = {
        **KNOWN,
        "name_zh": "新名",
        "line": "L9",
        "line_name_zh": "九线",
        "workshop_name_zh": "新车间名",
    }
    shown = await send(api, csv([renamed, NEW]), preview=True)
    assert [(c["code"], c["column"], c["after"]) for c in shown["changes"]] == [
        ("CNC-01", "name_zh", "新名"),
        ("CNC-01", "line", "HRB-W1/L9"),
        ("CNC-02", "", "二号机"),
    ]
    done = await send(api, csv([renamed, NEW]))
    assert (done["equipment_added"], done["equipment_changed"], done["lines_added"]) == (1, 1, 1)
    marks = rows(plant.dsn, "SELECT DISTINCT equipment_id, samples FROM app.dirty")
    assert done["workshops_changed"] == 1
    assert (done["hours_marked"] > 0, [tuple(m.values()) for m in marks]) == (True, [(1, True)]), (
        "its line is another"
    )
    found = (await api.get("/api/v1/equipment", params={"code": "CNC-01"})).json()[0]
    assert (found["name_zh"], found["line"], found["workshop_name_zh"]) == ("新名", "L9", "新车间名")
    assert found["name_en"], "an empty cell leaves what is stored"
    assert found["type"] == "cnc_machining_centre"


async def test_csv_as_excel_writes_it_in_china(api: httpx.AsyncClient) -> None:
    for encoding in ("utf-8-sig", "gb18030", "utf-16"):
        code = f"机床-{encoding}"
        data = csv([{**NEW, "code": code, "type": "数控加工中心"}], CHINESE, encoding)
        assert (await send(api, data))["equipment_added"] == 1
        assert (await api.get("/api/v1/equipment", params={"code": code})).json()[0]["name_zh"] == "二号机"


def lying() -> bytes:
    """A workbook whose archive tells a smaller size of its sheet."""
    data = bytearray(excel([NEW]))
    with zipfile.ZipFile(io.BytesIO(bytes(data))) as archive:
        size = archive.getinfo("xl/worksheets/sheet1.xml").file_size
    told = size.to_bytes(4, "little")
    place = data.rindex(told)
    data[place : place + 4] = (10).to_bytes(4, "little")
    return bytes(data)


def part(old: bytes, new: bytes) -> Callable[[], bytes]:
    """Makes a workbook whose sheet has something else in it."""

    def make() -> bytes:
        return repacked(excel([NEW]), lambda _, content: content.replace(old, new))

    return make


def broken_archive() -> bytes:
    return excel([NEW])[:2000]


WRONG_FILES: Mapping[str, tuple[Callable[[], bytes], str]] = {
    "nothing": (bytes, "a header and rows below it"),
    "no text": (lambda: b"\xff\xfe\x00", "text in UTF-8"),
    "an old workbook": (lambda: b"\xd0\xcf\x11\xe0" + b"\0" * 600, "save it as .xlsx"),
    "half a workbook": (broken_archive, "undamaged"),
    "another archive": (lambda: repacked(excel([NEW]), lambda _, part: b""), "undamaged"),
    "entities": (part(b"<worksheet ", b'<!DOCTYPE x [<!ENTITY a "aa">]><worksheet '), "document type"),
    "a bomb": (part(b"<sheetData>", b" " * (MAX_UNPACKED + 1) + b"<sheetData>"), "unpacked"),
    "too many columns": (part(b'r="A2"', b'r="XFD2"'), "columns"),
    "a foreign shared string": (part(b"<v>1</v>", b"<v>99</v>"), "shared string"),
    "a small size told": (lying, "undamaged"),
}


async def test_a_file_that_is_none_is_refused_in_words(api: httpx.AsyncClient) -> None:
    for kind, (make, allowed) in WRONG_FILES.items():
        problem = await send(api, make(), status=422)
        (error,) = problem["errors"]
        assert (error["reason"], allowed in error["allowed"]) == ("file", True), (kind, error)


async def test_the_header_is_checked_first(api: httpx.AsyncClient) -> None:
    head = ["workshop", "workshop", "colour", *HEAD[3:8]]
    problem = await send(api, csv([NEW], head), status=422)
    assert [(e["column"], e["reason"]) for e in problem["errors"]] == [
        ("colour", "column_unknown"),
        ("workshop", "column_twice"),
        ("code", "column_missing"),
        ("name_zh", "column_missing"),
        ("type", "column_missing"),
    ]
    answer = await api.post(PATH, params={"enterprise": "hlj-demo", "user_name": "li"}, json={"rows": []})
    assert (answer.status_code, answer.json()["key"]) == (422, "content-type")


async def test_what_is_bound_or_stored_elsewhere_is_refused(api: httpx.AsyncClient) -> None:
    table = [
        {**KNOWN, "city_code": "230200"},
        {**KNOWN, "code": "MTS-01", "type": "cnc_machining_centre"},
        {**NEW, "node": "HRB-W1", "device": "CNC-01"},
        {**NEW, "code": "CNC-03", "workshop": "W-NEW", "line": "L1"},
    ]
    problem = await send(api, csv(table), status=422)
    assert [(e["row"], e["column"], e["reason"]) for e in problem["errors"]] == [
        (2, "city_code", "stored"),
        (3, "type", "type_bound"),
        (4, "device", "taken"),
        (5, "workshop_name_zh", "new_workshop"),
        (5, "city_code", "new_workshop"),
        (5, "calendar", "new_workshop"),
        (5, "line_name_zh", "new_line"),
    ]


async def test_the_templates_are_good_to_fill_in(api: httpx.AsyncClient) -> None:
    for language, head in (("zh-CN", CHINESE), ("en", HEAD)):
        for form in ("csv", "xlsx"):
            answer = await api.get(f"{PATH}/template", params={"format": form, "language": language})
            assert f".{form}" in answer.headers["content-disposition"]
            data = answer.content
            if form == "csv":
                assert data.decode("utf-8-sig").split("\r\n")[0] == ",".join(head)
                data += ",".join(str(NEW.get(key, "")) for key in HEAD).encode()
                shown = await send(api, data, preview=True)
                assert (shown["errors"], shown["equipment_added"]) == ([], 1)
            else:
                assert (await send(api, data, status=422))["errors"][0]["reason"] == "file", "no rows yet"


async def test_an_enterprise_is_its_own_engineers_alone(api: httpx.AsyncClient, plant: PlantRows) -> None:
    with psycopg.connect(plant.dsn) as connection:
        connection.execute(
            "INSERT INTO app.enterprise (code, name_zh, name_en) VALUES ('other', '别家', 'Other')"
        )
    for role, enterprise, status in ((Role.ENGINEER, "other", 404), (Role.VIEWER, "hlj-demo", 403)):
        key = bearer(plant.dsn, role, enterprise)
        for path in (PATH, f"{PATH}/preview"):
            answer = await api.post(
                path,
                content=csv([NEW]),
                params={"enterprise": "hlj-demo", "user_name": "li"},
                headers={**key, "content-type": "text/csv"},
            )
            assert answer.status_code == status, answer.text
    assert (await api.get("/api/v1/equipment", params={"code": "CNC-02"})).json() == []


async def test_two_imports_at_once_follow_one_another(api: httpx.AsyncClient, plant: PlantRows) -> None:
    data = csv(machines(40))
    done = await asyncio.gather(*(send(api, data) for _ in range(4)))
    assert sorted(d["equipment_added"] for d in done) == [0, 0, 0, 40]
    assert rows(plant.dsn, "SELECT count(*) AS n FROM app.equipment")[0]["n"] == 42
