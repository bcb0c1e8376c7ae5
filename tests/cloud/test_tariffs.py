"""Tariffs through the API: stored exactly as given, refused with the place that is wrong, and nobody's edit is lost."""

from typing import Any

import httpx
import pytest

from tests.cloud.plant_rows import PlantRows
from tests.cloud.worker.rounds import rows

WHO = {"user_name": "王工"}
V1 = "/api/v1"
PATH = f"{V1}/enterprises/hlj-demo/tariffs/electricity/2026-01-01"
PERIODS = [
    {"start": "08:00", "end": "11:30", "band": "peak"},
    {"start": "11:30", "end": "22:00", "band": "flat"},
    {"start": "22:00", "end": "08:00", "band": "valley"},
]
TARIFF = {
    "prices": {"peak": "0.9750", "flat": "0.65", "valley": "0.325000"},
    "seasons": [{"periods": PERIODS}],
    "remark": "示例电价",
    **WHO,
}


async def test_a_tariff_is_told_as_it_was_given(api: httpx.AsyncClient, plant: PlantRows) -> None:
    assert (await api.get(PATH)).status_code == 404
    assert (await api.put(PATH, json=TARIFF)).status_code == 204
    told = (await api.get(PATH)).json()
    assert told["prices"] == TARIFF["prices"]
    assert told["seasons"] == [{"months": list(range(1, 13)), "periods": PERIODS}]
    assert [told[k] for k in ("carrier", "valid_from", "currency", "unit", "remark")] == [
        "electricity",
        "2026-01-01",
        "CNY",
        "kWh",
        "示例电价",
    ]
    kinds = rows(
        plant.dsn,
        "SELECT DISTINCT data_type FROM information_schema.columns WHERE table_name = 'energy_tariff'"
        " AND column_name IN ('sharp', 'peak', 'flat', 'valley', 'deep_valley')",
    )
    assert [k["data_type"] for k in kinds] == ["numeric"]
    journal = (await api.get(f"{V1}/audit")).json()
    assert any(line["action"] == f"PUT {V1}/enterprises/{{enterprise}}/tariffs/{{carrier}}/{{valid_from}}" for line in journal)  # fmt: skip


async def test_tariffs_are_listed_by_carrier_and_day_in_pages(api: httpx.AsyncClient) -> None:
    base = f"{V1}/enterprises/hlj-demo/tariffs"
    flat = {"prices": {"flat": "3.5"}, **WHO}
    for where in ("natural_gas/2026-02-01", "electricity/2026-03-01", "electricity/2026-01-01"):
        assert (await api.put(f"{base}/{where}", json=flat)).status_code == 204
    told = (await api.get(f"{V1}/tariffs")).json()
    assert [(t["carrier"], t["valid_from"], t["unit"]) for t in told] == [
        ("electricity", "2026-01-01", "kWh"),
        ("electricity", "2026-03-01", "kWh"),
        ("natural_gas", "2026-02-01", "m3"),
    ]
    first = await api.get(f"{V1}/tariffs", params={"limit": 2})
    second = await api.get(first.links["next"]["url"])
    assert [*first.json(), *second.json()] == told
    assert (await api.get(f"{V1}/tariffs", params={"carrier": "natural_gas"})).json() == told[2:]
    assert (await api.get(f"{V1}/tariffs", params={"enterprise": "none"})).json() == []


async def test_an_edit_of_what_has_changed_since_is_refused(api: httpx.AsyncClient) -> None:
    nothing = await api.put(PATH, json=TARIFF, headers={"if-match": '"old"'})
    assert nothing.status_code == 412
    assert (await api.put(PATH, json=TARIFF)).status_code == 204
    seen = {"if-match": (await api.get(PATH)).headers["etag"]}
    new = {"prices": {"flat": "0.7"}, **WHO}
    assert (await api.put(PATH, json=new, headers=seen)).status_code == 204
    assert (await api.put(PATH, json=TARIFF, headers=seen)).status_code == 412
    assert (await api.delete(PATH, params=WHO, headers=seen)).status_code == 412
    told = await api.get(PATH)
    assert (told.json()["prices"], told.json()["seasons"]) == ({"flat": "0.7"}, [])
    held = {"if-match": told.headers["etag"]}
    assert (await api.delete(PATH, params=WHO, headers=held)).status_code == 204
    assert (await api.delete(PATH, params=WHO)).status_code == 404


@pytest.mark.parametrize(
    ("change", "key"),
    [
        ({"prices": {"flat": 0.65}}, "prices.flat"),
        ({"prices": {"flat": "1e3"}}, "prices.flat"),
        ({"prices": {"flat": "-1"}}, "prices.flat"),
        ({"prices": {"flat": "0.1234567"}}, "prices.flat"),
        ({"prices": {"noon": "1"}}, "prices.noon.[key]"),
        ({"prices": {"peak": "0.9", "flat": "0.6"}}, "prices.valley"),
        ({"prices": {**TARIFF["prices"], "sharp": "2"}}, "prices.sharp"),  # type: ignore[dict-item]
        ({"currency": "USD"}, "currency"),
        ({"colour": "red"}, "colour"),
        ({"seasons": [{"periods": PERIODS[:2]}]}, "seasons[0].periods"),
        ({"seasons": [{"periods": [*PERIODS, PERIODS[0]]}]}, "seasons[0].periods[3]"),
        ({"seasons": [{"periods": [{**PERIODS[0], "end": "11:15"}, *PERIODS[1:]]}]}, "seasons[0].periods[0].end"),
        ({"seasons": [{"months": [1], "periods": PERIODS}]}, "seasons"),
        ({"seasons": [{"months": [13], "periods": PERIODS}]}, "seasons.0.months.0"),
    ],
)  # fmt: skip
async def test_what_is_wrong_is_named(api: httpx.AsyncClient, change: dict[str, Any], key: str) -> None:
    told = await api.put(PATH, json={**TARIFF, **change})
    assert (told.status_code, told.json()["key"]) == (422, key), told.text
    assert (await api.get(PATH)).status_code == 404


async def test_other_carriers_have_one_price_and_unknown_ones_none(api: httpx.AsyncClient) -> None:
    base = f"{V1}/enterprises/hlj-demo/tariffs"
    told = await api.put(f"{base}/steam/2026-01-01", json=TARIFF)
    assert (told.status_code, told.json()["key"]) == (422, "seasons")
    assert (await api.put(f"{base}/wind/2026-01-01", json=TARIFF)).status_code == 422
    assert (await api.put(f"{base}/steam/1767225600", json=TARIFF)).status_code == 422
    other = PATH.replace("hlj-demo", "none")
    assert (await api.put(other, json=TARIFF)).status_code == 404
