"""Orders from JSON and CSV: all or nothing, every wrong value named; inspection results."""

from typing import Any

import httpx
import pytest

from tests.cloud.plant_rows import PlantRows
from tests.cloud.worker.rounds import after, production, rows

RANGE = {"from": "2026-03-02T00:00:00Z", "to": "2026-03-03T00:00:00Z"}
GOOD = """order,equipment,product,quantity,planned_start,planned_end,setup_seconds,started_at,ended_at,planned_scrap
MO-1,CNC-01,SHAFT-A,400,2026-03-02 08:00,2026-03-02 12:00,600,2026-03-02 08:05,2026-03-02 10:30,8
MO-2,CNC-01,SHAFT-A,100,2026/03/02 13:00,2026-03-02T05:30:00+00:00,,,,
"""


async def send(api: httpx.AsyncClient, data: bytes, status: int = 200) -> Any:
    answer = await api.post(
        "/api/v1/orders/import",
        content=data,
        params={"user_name": "王工"},
        headers={"content-type": "text/csv; charset=utf-8"},
    )
    assert answer.status_code == status, answer.text
    return answer.json()


async def known(api: httpx.AsyncClient) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await api.get("/api/v1/orders", params=RANGE)).json()
    return found


async def test_a_file_is_stored_and_sent_again_changes_nothing(
    api: httpx.AsyncClient, plant: PlantRows
) -> None:
    plant.write("CNC-01", production(1, 5))
    assert await send(api, GOOD.encode()) == {"added": 2, "changed": 0, "unchanged": 0, "hours_marked": 3}
    marks = "SELECT hour, samples FROM app.dirty ORDER BY hour"
    assert [(r["hour"], r["samples"]) for r in rows(plant.dsn, marks)] == [
        (after(hours=h), False) for h in range(3)
    ], "08:05 to 10:30 in Harbin; an order without actual times changes no number"
    first, second = await known(api)
    assert (first["code"], first["quantity"], first["setup_seconds"], first["source"]) == (
        "MO-1",
        400,
        600.0,
        "csv",
    )
    assert first["planned_start"] == "2026-03-02T00:00:00.000+00:00", "wall clock of the workshop"
    assert second["planned_end"] == "2026-03-02T05:30:00.000+00:00"
    assert (first["user_name"], second["started_at"]) == ("王工", None)
    assert (first["planned_scrap"], second["planned_scrap"]) == (8, None)
    assert await send(api, GOOD.encode()) == {"added": 0, "changed": 0, "unchanged": 2, "hours_marked": 0}
    changed = await send(api, GOOD.replace("10:30,8", "10:30,0").encode())
    assert changed == {"added": 0, "changed": 1, "unchanged": 1, "hours_marked": 0}
    assert [o["planned_scrap"] for o in await known(api)] == [0, None]
    changed = await send(api, GOOD.replace("400", "500").encode())
    assert changed == {"added": 0, "changed": 1, "unchanged": 1, "hours_marked": 0}


@pytest.mark.parametrize("encoding", ["utf-8-sig", "gb18030"])
async def test_what_excel_writes_in_china(api: httpx.AsyncClient, encoding: str) -> None:
    text = "订单号;设备;产品;数量;计划开始;计划结束\r\n工单-1;CNC-01;SHAFT-A;5;2026/3/2 8:00;2026/3/2 9:00\r\n\r\n"
    assert (await send(api, text.encode(encoding)))["added"] == 1
    assert [o["code"] for o in await known(api)] == ["工单-1"]


async def test_every_wrong_value_is_named_and_nothing_is_stored(api: httpx.AsyncClient) -> None:
    lines = GOOD.splitlines()
    lines += [
        "MO-3,CNC-77,SHAFT-A,1.5,yesterday,2026-03-02 12:00,-1,,,-3",
        "MO-1,CNC-01,HUSK-B,0,2026-03-02 12:00,2026-03-02 11:00,,,2026-03-02 11:00,",
        ",CNC-01,SHAFT-A,7,2026-03-02 12:00,2026-03-02 13:00,,,,,more",
        "MO-1,CNC-01,SHAFT-A,7,2026-03-02 12:00,2026-03-02 13:00,,,,",
    ]
    problem = await send(api, "\n".join(lines).encode(), 422)
    found = [(e["row"], e["column"]) for e in problem["errors"]]
    assert found == [
        (4, "equipment"),
        (4, "quantity"),
        (4, "planned_start"),
        (4, "setup_seconds"),
        (4, "planned_scrap"),
        (5, "product"),
        (5, "quantity"),
        (5, "planned_end"),
        (5, "started_at"),
        (6, ""),
        (6, "code"),
        (7, "code"),
    ]
    by_place = {(e["row"], e["column"]): e for e in problem["errors"]}
    assert by_place[5, "product"]["allowed"] == "SHAFT-A"
    assert by_place[4, "equipment"]["value"] == "CNC-77"
    assert "row 2" in by_place[7, "code"]["allowed"]
    assert await known(api) == []


@pytest.mark.parametrize(
    ("data", "allowed"),
    [
        (b"\n", "this column is required"),
        (b"order,equipment\n", "this column is required"),
        (GOOD.replace("quantity", "colour").encode(), "one of the columns"),
        (GOOD.replace("quantity", "order").encode(), "each column once"),
        (b"\x81\x00order", "UTF-8 or GB18030"),
        (b"x" * 5_000_001, "at most 5000000 bytes"),
    ],
)
async def test_wrong_files_are_refused(api: httpx.AsyncClient, data: bytes, allowed: str) -> None:
    problem = await send(api, data, 422)
    assert any(allowed in e["allowed"] for e in problem["errors"])
    assert await known(api) == []


async def test_another_content_type_is_refused(api: httpx.AsyncClient) -> None:
    answer = await api.post(
        "/api/v1/orders/import?user_name=x", content=GOOD.encode(), headers={"content-type": "text/plain"}
    )
    assert (answer.status_code, answer.json()["allowed"]) == (422, "text/csv")


async def test_orders_from_another_system_and_their_deletion(
    api: httpx.AsyncClient, plant: PlantRows
) -> None:
    plant.write("CNC-01", production(1, 5))
    order = {
        "code": "MO-9",
        "equipment": "CNC-01",
        "product": "SHAFT-A",
        "quantity": 10,
        "planned_start": "2026-03-02T00:00:00Z",
        "planned_end": "2026-03-02T02:00:00Z",
        "planned_scrap": 3,
        "started_at": "2026-03-02T01:10:00Z",
        "ended_at": "2026-03-02T02:00:00Z",
    }
    answer = await api.put("/api/v1/orders", json={"orders": [order], "user_name": "mes"})
    assert answer.json() == {"added": 1, "changed": 0, "unchanged": 0, "hours_marked": 1}
    wrong = await api.put(
        "/api/v1/orders", json={"orders": [order, order | {"quantity": -1}], "user_name": "mes"}
    )
    assert [(e["row"], e["column"]) for e in wrong.json()["errors"]] == [(2, "quantity")]
    (stored,) = await known(api)
    assert stored["planned_scrap"] == 3
    rows(plant.dsn, "DELETE FROM app.dirty RETURNING 1")
    assert (await api.delete(f"/api/v1/orders/{stored['order_id']}")).status_code == 204
    assert await known(api) == []
    assert [r["hour"] for r in rows(plant.dsn, "SELECT hour FROM app.dirty")] == [after(hours=1)]
    assert (await api.delete(f"/api/v1/orders/{stored['order_id']}")).status_code == 404


async def test_orders_of_a_workshop_a_line_or_a_machine(api: httpx.AsyncClient, plant: PlantRows) -> None:
    plant.write("CNC-01", production(1, 5))
    await send(api, GOOD.encode())
    (machine,) = (await api.get("/api/v1/equipment", params={"code": "CNC-01"})).json()
    everywhere = await known(api)
    assert len(everywhere) == 2
    for narrowed in (
        {"workshop_id": machine["workshop_id"]},
        {"line_id": machine["line_id"]},
        {"workshop_id": machine["workshop_id"], "equipment_id": machine["equipment_id"]},
    ):
        assert (await api.get("/api/v1/orders", params=RANGE | narrowed)).json() == everywhere
    line = {"code": "L-9", "name_zh": "九号线", "user_name": "王工"}
    other = await api.post(f"/api/v1/workshops/{machine['workshop_id']}/lines", json=line)
    assert other.status_code == 201, other.text
    assert (await api.get("/api/v1/orders", params=RANGE | {"line_id": other.json()["id"]})).json() == []
    unknown = await api.get("/api/v1/orders", params=RANGE | {"workshop_id": 4_711})
    assert (unknown.status_code, unknown.json()["value"]) == (404, 4_711)


async def test_inspection_results(api: httpx.AsyncClient, plant: PlantRows) -> None:
    plant.write("CNC-01", production(1, 5))
    body = {"time": "2026-03-02T01:30:00Z", "scrap": 3, "rework": -1, "user_name": "qc", "comment": "划伤"}
    answer = await api.post("/api/v1/equipment/1/inspections", json=body)
    assert answer.status_code == 201
    assert [r["hour"] for r in rows(plant.dsn, "SELECT hour FROM app.dirty")] == [after(hours=1)]
    (found,) = (await api.get("/api/v1/equipment/1/inspections", params=RANGE)).json()
    assert (found["scrap"], found["rework"], found["comment"], found["withdrawn_at"]) == (3, -1, "划伤", None)
    path = f"/api/v1/inspections/{answer.json()}/withdraw"
    assert (await api.post(path, json={"user_name": "qc2"})).status_code == 204
    assert (await api.post(path, json={"user_name": "qc2"})).status_code == 422
    (found,) = (await api.get("/api/v1/equipment/1/inspections", params=RANGE)).json()
    assert found["withdrawn_by"] == "qc2"
    nothing = await api.post("/api/v1/equipment/1/inspections", json=body | {"scrap": 0, "rework": 0})
    assert nothing.json()["key"] == "scrap"
    rows(plant.dsn, "DELETE FROM app.dirty RETURNING 1")
    looked = body | {"scrap": 0, "rework": 0, "inspected": 20, "good_first_pass": 19}
    assert (await api.post("/api/v1/equipment/1/inspections", json=looked)).status_code == 201
    assert rows(plant.dsn, "SELECT hour FROM app.dirty") == [], "parts that were looked at move no number"
    (found, _) = (await api.get("/api/v1/equipment/1/inspections", params=RANGE)).json()
    assert (found["inspected"], found["good_first_pass"]) == (20, 19)
    more = await api.post("/api/v1/equipment/1/inspections", json=looked | {"good_first_pass": 21})
    assert more.json()["key"] == "good_first_pass"
