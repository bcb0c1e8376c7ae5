"""The energy API on two hours of a powder line whose every number can be worked out by hand."""

import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
from chejian_cloud.app import create_app
from chejian_cloud.config import Settings

from tests.cloud.keys import bearer
from tests.cloud.two_hours import two_hours
from tests.cloud.worker.energy_oracle import energy_plant
from tests.cloud.worker.rounds import rows

TWO_HOURS = {"from": "2026-03-02T08:00:00+08:00", "to": "2026-03-02T10:00:00+08:00"}
Prepared = Callable[[str, Callable[[str], object]], str]


@pytest.fixture
def computed(prepared: Prepared) -> str:
    """The two hours and what the worker made of them."""
    return prepared("energy of two hours", two_hours)


@asynccontextmanager
async def serving(dsn: str) -> AsyncIterator[httpx.AsyncClient]:
    app = create_app(Settings(dsn=dsn))
    transport = httpx.ASGITransport(app)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://api", headers=bearer(dsn)) as client,
    ):
        yield client


@pytest.fixture
async def api(computed: str) -> AsyncIterator[httpx.AsyncClient]:
    async with serving(computed) as client:
        yield client


@pytest.fixture
async def bare(prepared: Prepared) -> AsyncIterator[httpx.AsyncClient]:
    """The registry without any sample."""
    async with serving(prepared("energy registry", energy_plant)) as client:
        yield client


async def ask(api: httpx.AsyncClient, path: str, **params: Any) -> Any:
    answer = await api.get(f"/api/v1{path}", params=params)
    assert answer.status_code == 200, answer.text
    return json.loads(answer.text, parse_constant=lambda name: pytest.fail(f"{path}: {name} in JSON"))


async def id_of(api: httpx.AsyncClient, code: str) -> int:
    (found,) = await ask(api, "/equipment", code=code)
    return int(found["equipment_id"])


async def test_meters_with_tree_and_newest_values(api: httpx.AsyncClient, computed: str) -> None:
    rows(  # the gateway keeps the newest value of each series
        computed,
        "INSERT INTO telemetry.settled_value (series_id, time, value, quality) SELECT DISTINCT ON (series_id) series_id, time,"
        " value, quality FROM telemetry.sample ORDER BY series_id, time DESC RETURNING 1",
    )
    meters = {m["code"]: m for m in await ask(api, "/meters")}
    assert [m["code"] for m in await ask(api, "/meters", carrier="electricity")] == [
        "EM-01",
        "EM-02",
        "EM-03",
    ]
    assert {code: m["parent"] for code, m in meters.items()} == {
        "EM-01": None,
        "EM-02": "EM-01",
        "EM-03": "EM-01",
        "WM-01": None,
    }
    second = meters["EM-02"]
    assert second["parent_id"] == meters["EM-01"]["equipment_id"]
    assert (second["machines"], meters["WM-01"]["machines"], meters["EM-01"]["machines"]) == (
        ["EVP-01"],
        ["EVP-01", "PCK-01"],
        [],
    )
    assert (second["unit"], second["register_unit"], second["per_unit"], second["interval_s"]) == (
        "kWh",
        "Wh",
        1000,
        60,
    )
    assert (second["reading"]["value"], second["reading"]["unit"]) == (5000.0, "Wh")
    assert (second["rate"]["value"], second["rate"]["unit"]) == (6.5, "kW")
    assert meters["WM-01"]["unit"] == "t"
    assert [m["code"] for m in await ask(api, "/meters", line_id=meters["EM-01"]["line_id"])] == ["EM-01"]


async def test_energy_of_a_meter_and_of_its_machine(api: httpx.AsyncClient) -> None:
    found = await ask(api, f"/equipment/{await id_of(api, 'EM-02')}/energy", window="hour", **TWO_HOURS)
    assert [(v["amount"], v["value"], v["completeness"], v["provisional"]) for v in found] == [
        (6000, 6.0, 1.0, False),
        (6000, 6.0, 1.0, False),
    ]
    assert [v["flags"] for v in found] == [[], ["meter_rollover"]]
    assert [v["output"] for v in found] == [5, 6], "the first reading of the count is its baseline"
    first = found[0]
    assert (first["per_unit"], first["kgce"], first["kgce_per_unit"]) == (1.2, 0.7374, 0.14748)
    factor = first["factor"]
    assert (factor["kgce"], factor["value"], factor["unit"], factor["confidence"], factor["origin"]) == (
        "0.1229",
        "equivalent",
        "kWh",
        "A",
        "chejian",
    )
    assert "GB/T 2589-2020" in factor["source"]
    of_machine = await ask(api, f"/equipment/{await id_of(api, 'EVP-01')}/energy", window="hour", **TWO_HOURS)
    assert of_machine == found, "the water meter counts two machines"
    (shift,) = await ask(api, f"/equipment/{await id_of(api, 'EM-02')}/energy", window="shift", **TWO_HOURS)
    assert (shift["amount"], shift["output"], shift["provisional"]) == (12_000, 11, True)
    assert shift["completeness"] == 1.0, "an open window counts up to its last reading while readings come"


async def test_energy_by_state_product_and_order(api: httpx.AsyncClient) -> None:
    machine = await id_of(api, "EVP-01")
    (states,) = await ask(api, f"/equipment/{machine}/energy/states", **TWO_HOURS)
    told = {s["name"]: (s["amount"], s["seconds"], s["part"]) for s in states["shares"]}
    assert told == {"PRODUCING": (6000, 3600.0, 0.5), "IDLE": (6000, 3600.0, 0.5)}
    assert (states["meter"], states["machine"], states["amount"], len(states["windows"])) == (
        "EM-02",
        "EVP-01",
        12_000,
        2,
    )
    (products,) = await ask(api, f"/equipment/{machine}/energy/products", window="shift", **TWO_HOURS)
    (powder,) = products["shares"]
    assert (powder["label"], powder["amount"], powder["output"], powder["per_unit"]) == (
        "WMP",
        12_000,
        11,
        12 / 11,
    )
    (orders,) = await ask(api, f"/equipment/{machine}/energy/orders", **TWO_HOURS)
    assert {s["label"]: (s["amount"], s["output"]) for s in orders["shares"]} == {
        "W-1": (6000, 5),
        "W-2": (6000, 6),
    }
    one_hour = {"from": "2026-03-02T09:00:00+08:00", "to": "2026-03-02T10:00:00+08:00"}
    (late,) = await ask(api, f"/equipment/{machine}/energy/orders", **one_hour)
    assert {s["label"]: s["amount"] for s in late["shares"]} == {"W-2": 6000}
    assert late["windows"][0]["shares"][0]["kgce"] == 0.7374


async def test_lines_add_up_to_the_workshop(api: httpx.AsyncClient) -> None:
    (workshop,) = await ask(api, "/workshops")
    lines = {line["code"]: line["line_id"] for line in workshop["lines"]}
    whole, second = await ask(api, f"/workshops/{workshop['workshop_id']}/energy", window="hour", **TWO_HOURS)
    powder, _ = await ask(api, f"/lines/{lines['P1']}/energy", window="hour", **TWO_HOURS)
    rest, _ = await ask(api, f"/lines/{lines['U1']}/energy", window="hour", **TWO_HOURS)
    assert await ask(api, f"/lines/{lines['L1']}/energy", window="hour", **TWO_HOURS) == []

    def told(answer: dict[str, Any]) -> dict[str, tuple[Any, ...]]:
        names = ("amount", "sub_metered", "remainder", "meters")
        return {c["carrier"]: tuple(c[n] for n in names) for c in answer["carriers"]}

    assert told(whole) == {
        "electricity": (20_000, 9000, 11_000, ["EM-01"]),
        "fresh_water": (600, None, None, ["WM-01"]),
    }
    assert told(powder) == {
        "electricity": (9000, None, None, ["EM-02", "EM-03"]),
        "fresh_water": (600, None, None, ["WM-01"]),
    }
    assert told(rest) == {"electricity": (11_000, 9000, 11_000, ["EM-01"])}
    assert (powder["output"], powder["output_machines"]) == (29, ["PCK-01"])
    assert powder["kgce"] == pytest.approx(9 * 0.1229 + 0.6 * 0.2571, rel=1e-15)
    assert powder["kgce_per_unit"] == pytest.approx(powder["kgce"] / 29, rel=1e-15)
    electricity = powder["carriers"][0]
    assert (electricity["per_unit"], electricity["completeness"]) == (9 / 29, 1.0)
    assert second["carriers"][0]["flags"] == ["meter_rollover"]
    assert whole["provisional"] is False


async def test_a_meter_without_values_makes_the_sum_unknown(api: httpx.AsyncClient, computed: str) -> None:
    rows(
        computed,
        "DELETE FROM app.energy_value v USING app.equipment e WHERE e.equipment_id = v.equipment_id"
        " AND code = 'EM-03' RETURNING 1",
    )
    (workshop,) = await ask(api, "/workshops")
    whole, _ = await ask(api, f"/workshops/{workshop['workshop_id']}/energy", window="hour", **TWO_HOURS)
    electricity = whole["carriers"][0]
    assert (electricity["amount"], electricity["remainder"], electricity["flags"]) == (
        20_000,
        None,
        ["meter_missing"],
    )
    lines = {line["code"]: line["line_id"] for line in workshop["lines"]}
    powder, _ = await ask(api, f"/lines/{lines['P1']}/energy", window="hour", **TWO_HOURS)
    assert (powder["carriers"][0]["amount"], powder["carriers"][0]["completeness"], powder["kgce"]) == (
        None,
        0.0,
        None,
    )


async def test_a_medium_made_on_site_is_shown_but_counts_once(api: httpx.AsyncClient, computed: str) -> None:
    rows(computed, "UPDATE app.meter SET made_on_site = true WHERE carrier = 'fresh_water' RETURNING 1")
    (workshop,) = await ask(api, "/workshops")
    whole, _ = await ask(api, f"/workshops/{workshop['workshop_id']}/energy", window="hour", **TWO_HOURS)
    water = whole["carriers"][1]
    assert (water["kgce"], water["counted"]) == (0.15426, False)
    assert whole["kgce"] == whole["carriers"][0]["kgce"] == 2.458


async def test_factors_tell_source_and_use(bare: httpx.AsyncClient) -> None:
    gas = [f for f in await ask(bare, "/energy/factors") if f["carrier"] == "natural_gas"]
    assert [(f["origin"], f["kgce"], f["used"]) for f in gas if f["value"] == "equivalent"] == [
        ("chejian", "1.2143", False),
        ("site", "1.2057", True),
    ]
    water = [f for f in await ask(bare, "/energy/factors") if f["carrier"] == "fresh_water" and f["used"]]
    assert [(f["kgce"], f["valid_from"]) for f in water] == [("0.2571", "2021-04-01")]


async def test_meters_have_energy_and_nothing_of_a_machine(api: httpx.AsyncClient, computed: str) -> None:
    meter = await id_of(api, "EM-02")
    assert await ask(api, f"/equipment/{meter}/kpis", **TWO_HOURS) == []
    assert await ask(api, f"/equipment/{meter}/states", **TWO_HOURS) == []
    assert (
        rows(
            computed,
            "SELECT * FROM app.energy_value WHERE equipment_id <> ALL(SELECT equipment_id FROM app.meter)",
        )
        == []
    )


@pytest.mark.parametrize(
    ("path", "status", "key", "allowed"),
    [
        ("/equipment/999/energy", 404, "equipment_id", None),
        ("/equipment/3/energy?window=week", 422, "window", "hour, shift, day"),
        ("/equipment/3/energy?carrier=joy", 422, "carrier", "electricity, heat"),
        ("/equipment/3/energy/moods", 422, "by", "states, products, orders"),
        ("/equipment/5/energy/states", 422, "equipment_id", "a meter of one machine; this counts none"),
        (
            "/equipment/3/energy?window=hour&from=2026-01-01T00:00:00Z&to=2026-04-02T00:00:00Z",
            422,
            "from",
            "62 days",
        ),
        (
            "/equipment/3/energy?window=day&from=2024-01-01T00:00:00Z&to=2026-04-02T00:00:00Z",
            422,
            "from",
            "400 days",
        ),
        ("/lines/999/energy", 404, "line_id", None),
        ("/workshops/999/energy", 404, "workshop_id", None),
        ("/meters?carrier=joy", 422, "carrier", "electricity, heat"),
        ("/meters?line_id=999", 404, "line_id", None),
    ],
)
async def test_errors_name_key_value_and_what_is_allowed(
    bare: httpx.AsyncClient, path: str, status: int, key: str, allowed: str | None
) -> None:
    answer = await bare.get(f"/api/v1{path}")
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert (problem["status"], problem["key"]) == (status, key)
    if allowed is not None:
        assert allowed in problem["allowed"]


async def test_the_description_covers_every_route(bare: httpx.AsyncClient) -> None:
    told = (await bare.get("/api/v1/openapi.json")).json()
    about = ("energy", "meters")
    paths = [
        path for path in told["paths"] if any(word in path for word in about) and "programme" not in path
    ]
    assert len(paths) == 10
    for path in paths:
        assert len(told["paths"][path]["get"]["description"]) > 40, path
        assert set(told["paths"][path]["get"]["responses"]) >= {"200", "404", "422", "503"}
