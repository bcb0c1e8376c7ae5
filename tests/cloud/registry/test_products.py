"""Products: listed by pages, added, renamed and taken out, and kept while something names them."""

from typing import Any

import httpx
import pytest

from tests.cloud.plant_rows import PlantRows
from tests.cloud.worker.rounds import T0, rows

WHO = {"user_name": "王工"}
V1 = "/api/v1"


async def add(api: httpx.AsyncClient, code: str, **names: str) -> Any:
    body = {"code": code, "name_zh": "新产品", **names, **WHO}
    return await api.post(f"{V1}/enterprises/hlj-demo/products", json=body)


async def test_products_are_listed_by_code_and_page(api: httpx.AsyncClient, plant: PlantRows) -> None:
    for code in ("A-1", "Z-9"):
        assert (await add(api, code)).status_code == 201
    stored = rows(plant.dsn, "SELECT code FROM app.product ORDER BY code")
    told = (await api.get(f"{V1}/products")).json()
    assert [p["code"] for p in told] == [r["code"] for r in stored]
    first = await api.get(f"{V1}/products", params={"limit": 1})
    second = await api.get(first.links["next"]["url"])
    assert [*first.json(), *second.json()] == told[:2]
    assert (await api.get(f"{V1}/products", params={"enterprise": "nobody"})).json() == []


async def test_a_product_tells_its_cycles_over_machines(api: httpx.AsyncClient, plant: PlantRows) -> None:
    told = (await api.get(f"{V1}/products", params={"enterprise": "hlj-demo"})).json()
    assert any(p["cycles"] for p in told)
    for product in told:
        one = (await api.get(f"{V1}/products/{product['product_id']}")).json()
        expected = rows(
            plant.dsn,
            "SELECT e.code, c.cycle_us FROM app.ideal_cycle c JOIN app.equipment e USING (equipment_id)"
            f" WHERE c.product_id = {product['product_id']} ORDER BY e.code, c.valid_from",
        )
        assert [(c["equipment"], round(c["seconds"] * 1e6)) for c in one["ideal_cycles"]] == [
            (r["code"], r["cycle_us"]) for r in expected
        ]
        assert len(one["ideal_cycles"]) == one["cycles"] == product["cycles"]


async def test_names_change_and_codes_stay(api: httpx.AsyncClient) -> None:
    key = (await add(api, "P-1", name_en="Old")).json()["id"]
    taken = await add(api, "P-1")
    assert (taken.status_code, "'P-1' is taken" in taken.text) == (409, True)
    assert (await add(api, "a/b")).status_code == 422
    nowhere = await api.post(f"{V1}/enterprises/none/products", json={"code": "X", "name_zh": "新", **WHO})
    assert nowhere.status_code == 404
    seen = (await api.get(f"{V1}/products/{key}")).headers["etag"]
    new = {"name_zh": "甲", "name_en": "New", **WHO}
    wrong = await api.put(f"{V1}/products/{key}", json={**new, "code": "P-2"})
    assert wrong.status_code == 422
    path, held = f"{V1}/products/{key}", {"if-match": seen}
    assert (await api.put(path, json=new, headers=held)).status_code == 204
    assert (await api.put(path, json={**new, "name_zh": "乙"}, headers=held)).status_code == 412
    assert (await api.delete(path, params=WHO, headers=held)).status_code == 412
    told = (await api.get(path)).json()
    assert (told["code"], told["name_zh"], told["name_en"], told["cycles"]) == ("P-1", "甲", "New", 0)
    assert (await api.put(f"{V1}/products/999", json=new)).status_code == 404


async def test_what_nothing_names_is_taken_out(api: httpx.AsyncClient) -> None:
    path = f"{V1}/products/{(await add(api, 'P-1')).json()['id']}"
    assert (await api.delete(path)).status_code == 422, "nobody said who"
    assert (await api.delete(path, params=WHO)).status_code == 204
    assert (await api.get(path)).status_code == 404
    assert (await api.delete(path, params=WHO)).status_code == 404
    journal = (await api.get(f"{V1}/audit")).json()
    assert any(line["action"] == "DELETE /api/v1/products/{product_id}" for line in journal)


async def test_what_something_names_stays_and_is_told_by_what(
    api: httpx.AsyncClient, plant: PlantRows
) -> None:
    key = (await add(api, "P-1")).json()["id"]
    path = f"{V1}/products/{key}"
    cycle = {"product": "P-1", "seconds": 30, "valid_from": "2026-01-01T00:00:00Z", **WHO}
    assert (await api.put(f"{V1}/equipment/1/ideal-cycles", json=cycle)).status_code == 200
    refused = await api.delete(path, params=WHO)
    machine = rows(plant.dsn, "SELECT code FROM app.equipment WHERE equipment_id = 1")[0]["code"]
    assert (refused.status_code, f"ideal cycles of {machine}" in refused.text) == (409, True)
    gone = {"product": "P-1", "valid_from": "2026-01-01T00:00:00Z", **WHO}
    assert (await api.delete(f"{V1}/equipment/1/ideal-cycles", params=gone)).status_code == 200
    order = {"code": "MO-1", "equipment": machine, "product": "P-1", "quantity": 5}
    order |= {"planned_start": "2026-01-01T00:00:00Z", "planned_end": "2026-01-01T08:00:00Z"}
    assert (await api.put(f"{V1}/orders", json={"orders": [order], **WHO})).status_code == 200
    refused = await api.delete(path, params=WHO)
    assert (refused.status_code, "orders MO-1" in refused.text) == (409, True)
    rows(plant.dsn, "DELETE FROM app.production_order RETURNING order_id")
    plant.write("CNC-01", [("Order/Product", T0, "P-1")])
    refused = await api.delete(path, params=WHO)
    assert (refused.status_code, f"counts of {machine}" in refused.text) == (409, True)
    assert "ideal cycles" not in refused.text
    assert "orders" not in refused.text


@pytest.mark.parametrize(
    ("seconds", "status"), [(5e-324, 422), (4.9e-7, 422), (1e-6, 200), (999_999_999.0, 200), (1e9, 422)]
)
async def test_an_ideal_cycle_is_a_microsecond_or_more(
    api: httpx.AsyncClient, seconds: float, status: int
) -> None:
    assert (await add(api, "P-2")).status_code == 201
    cycle = {"product": "P-2", "seconds": seconds, "valid_from": "2026-01-01T00:00:00Z", "user_name": "li"}
    assert (await api.put(f"{V1}/equipment/1/ideal-cycles", json=cycle)).status_code == status
    told = (await api.get(f"{V1}/equipment/1/ideal-cycles")).json()
    assert [c["seconds"] for c in told if c["product"] == "P-2"] == [seconds] * (status == 200)
