"""Devices that were born on the wire: seen before they are mapped, mapped within their enterprise, and computed then."""

import httpx
import psycopg
from chejian_cloud.access.permissions import Role

from tests.cloud.keys import bearer
from tests.cloud.plant_rows import PlantRows
from tests.cloud.worker.rounds import production, rows

WHO = {"user_name": "王工"}
V1 = "/api/v1"
NEW = {"node": "HRB-W1", "device": "CNC-07", **WHO}


async def test_a_born_device_is_seen_mapped_and_computed(api: httpx.AsyncClient, plant: PlantRows) -> None:
    plant.add_device("CNC-07", "cnc_machining_centre")
    plant.write("CNC-07", production(1, 5))
    with psycopg.connect(plant.dsn) as connection:
        connection.execute(
            "UPDATE telemetry.device SET equipment_type = 'cnc_machining_centre' WHERE name = 'CNC-07'"
        )
    found = {d["device"]: d for d in (await api.get(f"{V1}/devices", params={"group": "hlj-demo"})).json()}
    assert list(found) == ["CNC-01", "CNC-07", "MTS-01"]
    assert (found["CNC-01"]["equipment"], found["CNC-01"]["equipment_id"]) == ("CNC-01", 1)
    new = found["CNC-07"]
    assert (new["equipment"], new["equipment_id"], new["equipment_type"]) == (
        None,
        None,
        "cnc_machining_centre",
    )
    assert new["metrics"] > 3
    told = (await api.get(f"{V1}/devices/{new['device_id']}/metrics")).json()
    assert [m["name"] for m in told] == sorted(m["name"] for m in told)
    assert len(told) == new["metrics"]
    body = {"code": "CNC-07", "name_zh": "七号机", "type": "cnc_machining_centre", **WHO}
    machine = (await api.post(f"{V1}/lines/1/equipment", json=body)).json()["id"]
    assert (await api.post(f"{V1}/equipment/{machine}/feeds", json=NEW)).json() > 0
    assert (await api.post(f"{V1}/equipment/{machine}/feeds", json=NEW)).json() == 0, "it does already"
    assert {r["equipment_id"] for r in rows(plant.dsn, "SELECT equipment_id FROM app.dirty")} == {machine}
    taken = await api.post(f"{V1}/equipment/1/feeds", json=NEW)
    assert (taken.status_code, "feeds CNC-07" in taken.json()["detail"]) == (409, True)
    query = {k: NEW[k] for k in ("node", "device", "user_name")}
    assert (await api.delete(f"{V1}/equipment/{machine}/feeds", params=query)).json() > 0
    assert (await api.delete(f"{V1}/equipment/{machine}/feeds", params=query)).status_code == 404
    assert (await api.post(f"{V1}/equipment/1/feeds", json=NEW)).status_code == 200


async def test_no_enterprise_maps_the_devices_of_another(api: httpx.AsyncClient, plant: PlantRows) -> None:
    plant.add_device("CNC-07", "cnc_machining_centre")
    await api.post(f"{V1}/enterprises", json={"code": "other", "name_zh": "别家", **WHO})
    shop = {"code": "W", "name_zh": "车间", "city_code": "230200", "calendar": "HRB-2S", **WHO}
    workshop = (await api.post(f"{V1}/enterprises/other/workshops", json=shop)).json()["id"]
    line = {"code": "L", "name_zh": "线", **WHO}
    line_id = (await api.post(f"{V1}/workshops/{workshop}/lines", json=line)).json()["id"]
    body = {"code": "M", "name_zh": "机", "type": "heavy_lathe", **WHO}
    theirs = (await api.post(f"{V1}/lines/{line_id}/equipment", json=body)).json()["id"]
    engineer = bearer(plant.dsn, Role.ENGINEER, "other")
    assert (await api.post(f"{V1}/equipment/{theirs}/feeds", json=NEW, headers=engineer)).status_code == 200
    assert rows(plant.dsn, "SELECT group_id FROM app.equipment_feed WHERE device = 'CNC-07'") == [
        {"group_id": "other"}
    ], "its own group's device of that name, whenever it is born"
    assert (await api.get(f"{V1}/devices", headers=engineer)).json() == []
    device = next(d for d in (await api.get(f"{V1}/devices")).json() if d["device"] == "CNC-07")
    assert device["equipment"] is None
    for path in (f"/devices/{device['device_id']}/metrics", "/devices/987654/metrics"):
        assert (await api.get(f"{V1}{path}", headers=engineer)).status_code == 404
    assert (await api.post(f"{V1}/equipment/1/feeds", json=NEW, headers=engineer)).status_code == 404
