"""Edits of the registry: what is added, renamed and moved, what is refused, and that nobody's edit is overwritten."""

from typing import Any

import httpx
from chejian_cloud.access.permissions import Role

from tests.cloud.keys import bearer
from tests.cloud.plant_rows import PlantRows
from tests.cloud.worker.rounds import production, rows

WHO = {"user_name": "王工"}
V1 = "/api/v1"


async def tree(api: httpx.AsyncClient, enterprise: str = "hlj-demo") -> Any:
    answer = await api.get(f"{V1}/registry", params={"enterprise": enterprise})
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_an_enterprise_is_built_from_nothing(api: httpx.AsyncClient, plant: PlantRows) -> None:
    new = {"code": "qqh", "name_zh": "齐齐哈尔企业", **WHO}
    assert (await api.post(f"{V1}/enterprises", json=new)).status_code == 201
    taken = await api.post(f"{V1}/enterprises", json=new)
    assert (taken.status_code, "'qqh' is taken" in taken.text) == (409, True)
    shop = {"code": "W1", "name_zh": "铸造车间", "city_code": "230200", "calendar": "HRB-2S", **WHO}
    wrong = await api.post(f"{V1}/enterprises/qqh/workshops", json={**shop, "calendar": "none"})
    assert (wrong.status_code, wrong.json()["key"], wrong.json()["allowed"]) == (422, "calendar", "HRB-2S")
    workshop = (await api.post(f"{V1}/enterprises/qqh/workshops", json=shop)).json()["id"]
    line = {"code": "L1", "name_zh": "一线", **WHO}
    line_id = (await api.post(f"{V1}/workshops/{workshop}/lines", json=line)).json()["id"]
    machine = {"code": "M-1", "name_zh": "车床", "type": "heavy_lathe", **WHO}
    key = {"idempotency-key": "m1"}
    first = await api.post(f"{V1}/lines/{line_id}/equipment", json=machine, headers=key)
    again = await api.post(f"{V1}/lines/{line_id}/equipment", json=machine, headers=key)
    assert (first.status_code, again.status_code, first.json()) == (201, 201, again.json())
    assert (
        await api.post(f"{V1}/lines/{line_id}/equipment", json={**machine, "code": "M-2"})
    ).status_code == 201
    found = await tree(api, "qqh")
    (shop_node,) = found["workshops"]
    (line_node,) = shop_node["lines"]
    assert (shop_node["calendar"], shop_node["city_code"]) == ("HRB-2S", "230200")
    assert [(e["code"], e["position"]) for e in line_node["equipment"]] == [("M-1", 1), ("M-2", 2)]
    place = rows(
        plant.dsn,
        "SELECT p.code FROM app.organisation o JOIN app.organisation p ON p.organisation_id = o.parent_id WHERE o.code = 'qqh'",
    )
    assert place[0]["code"] == "230200", "the enterprise hangs below its city"
    for bad in (
        {"code": "a/b"},
        {"name_zh": " "},
        {"name_zh": "x\ny"},
        {"type": "none"},
        {"position": 40_000},
    ):
        answer = await api.post(f"{V1}/lines/{line_id}/equipment", json={**machine, "code": "M-3", **bad})
        assert (answer.status_code, next(iter(bad)) in answer.json()["key"]) == (422, True), answer.text


async def test_a_move_is_computed_anew_and_a_name_is_not(api: httpx.AsyncClient, plant: PlantRows) -> None:
    plant.write("CNC-01", production(1, 5))
    line = {"code": "L2", "name_zh": "二线", **WHO}
    second = (await api.post(f"{V1}/workshops/1/lines", json=line)).json()["id"]
    same = {"name_zh": "新名", "type": "cnc_machining_centre", "position": 1, "line_id": 1, **WHO}
    assert (await api.put(f"{V1}/equipment/1", json=same)).json() == 0
    assert (await api.put(f"{V1}/equipment/1", json={**same, "line_id": second})).json() > 0
    assert {r["equipment_id"] for r in rows(plant.dsn, "SELECT equipment_id FROM app.dirty")} == {1}
    found = (await api.get(f"{V1}/equipment/1")).json()
    assert (found["name_zh"], found["line"]) == ("新名", "L2")
    bound = {**same, "line_id": 1, "name_zh": "台", "type": "heavy_lathe"}
    refused = await api.put(f"{V1}/equipment/2", json=bound)
    assert (refused.status_code, refused.json()["key"]) == (422, "type"), "bearings rely on it"
    nowhere = await api.put(f"{V1}/equipment/1", json={**same, "line_id": 999})
    assert (nowhere.status_code, nowhere.json()["key"]) == (422, "line_id")


async def test_an_edit_of_what_has_changed_since_is_refused(api: httpx.AsyncClient) -> None:
    before = await tree(api)
    shop = before["workshops"][0]
    line = shop["lines"][0]
    machine = line["equipment"][0]
    equipment = {"name_zh": "甲", "type": machine["type"], "position": 1, "line_id": 1, **WHO}
    workshop = {"name_zh": "甲", "city_code": "230100", "calendar": "HRB-2S", **WHO}
    edits = (
        (f"{V1}/enterprises/hlj-demo", before, {"name_zh": "甲", **WHO}),
        (f"{V1}/workshops/1", shop, workshop),
        (f"{V1}/lines/1", line, {"name_zh": "甲", **WHO}),
        (f"{V1}/equipment/1", machine, equipment),
    )
    for path, node, body in edits:
        seen = {"If-Match": node["etag"]}
        assert (await api.put(path, json=body, headers=seen)).status_code in (200, 204), path
        late = await api.put(path, json={**body, "name_zh": "乙"}, headers=seen)
        assert late.status_code == 412, "also when only a name has changed, and not what is below"
    after = await tree(api)
    assert {n["name_zh"] for n in (after, after["workshops"][0], after["workshops"][0]["lines"][0])} == {"甲"}
    assert after["etag"] != before["etag"]


async def test_what_belongs_to_another_is_not_there(api: httpx.AsyncClient, plant: PlantRows) -> None:
    await api.post(f"{V1}/enterprises", json={"code": "other", "name_zh": "别家", **WHO})
    engineer = bearer(plant.dsn, Role.ENGINEER, "other")
    names = {"name_zh": "甲", **WHO}
    tried = (
        ("GET", "/registry?enterprise=hlj-demo", None, 404),
        ("PUT", "/enterprises/hlj-demo", names, 404),
        (
            "POST",
            "/enterprises/hlj-demo/workshops",
            {**names, "code": "X", "city_code": "230100", "calendar": "HRB-2S"},
            404,
        ),
        ("PUT", "/lines/1", names, 404),
        ("POST", "/workshops/1/lines", {**names, "code": "X"}, 404),
        ("POST", "/enterprises", {**names, "code": "X"}, 403),
        (
            "POST",
            "/enterprises/other/workshops",
            {**names, "code": "X", "city_code": "230100", "calendar": "HRB-2S"},
            422,
        ),
    )
    for method, path, body, status in tried:
        answer = await api.request(method, f"{V1}{path}", json=body, headers=engineer)
        assert answer.status_code == status, (path, answer.text)
        assert "HRB-2S" not in answer.json().get("allowed", ""), "calendars of others are not told"
