"""Cost of energy on two hours whose every number can be worked out by hand: 20 kWh an hour on the main meter."""

from collections.abc import AsyncIterator, Callable
from decimal import Decimal
from typing import Any

import httpx
import pytest

from tests.cloud.test_energy_api import TWO_HOURS, ask, serving
from tests.cloud.two_hours import two_hours
from tests.cloud.worker.rounds import rows

WHO = {"user_name": "王工"}
PEAK_FROM_HALF_PAST = [
    {"start": "08:30", "end": "22:00", "band": "peak"},
    {"start": "22:00", "end": "08:30", "band": "valley"},
]
PRICES = {"peak": "0.975", "valley": "0.325"}


@pytest.fixture
def plant(prepared: Callable[[str, Callable[[str], object]], str]) -> str:
    return prepared("energy of two hours", two_hours)


@pytest.fixture
async def api(plant: str) -> AsyncIterator[httpx.AsyncClient]:
    async with serving(plant) as client:
        yield client


async def tariff(api: httpx.AsyncClient, valid_from: str, carrier: str = "electricity", **body: Any) -> None:
    (workshop,) = await ask(api, "/workshops")
    path = f"/api/v1/enterprises/{workshop['enterprise']}/tariffs/{carrier}/{valid_from}"
    answer = await api.put(path, json={**body, **WHO})
    assert answer.status_code == 204, answer.text


async def cost(api: httpx.AsyncClient, carrier: str = "electricity", **period: str) -> Any:
    told = await ask(api, "/workshops/1/energy/cost", **(period or TWO_HOURS))
    return next(c for c in told["carriers"] if c["carrier"] == carrier)


def bands(told: Any) -> dict[Any, tuple[Any, ...]]:
    return {
        b["band"]: (b["amount"], b["cost"] and Decimal(b["cost"]), b["hours"], b["unknown_hours"])
        for b in told["bands"]
    }


async def test_without_a_tariff_there_is_energy_and_no_cost(api: httpx.AsyncClient) -> None:
    told = await cost(api)
    assert (told["cost"], told["mean_price"], told["cost_per_item"], told["tariffs"]) == (
        None,
        None,
        None,
        [],
    )
    assert bands(told) == {None: (40_000, None, 2.0, 0.0)}
    assert told["unpriced"] == told["value"] == 40.0


async def test_an_hour_in_which_the_price_changes_is_told_by_halves(api: httpx.AsyncClient) -> None:
    await tariff(api, "2026-01-01", prices=PRICES, seasons=[{"periods": PEAK_FROM_HALF_PAST}], remark="示例")
    told = await cost(api)
    assert bands(told) == {
        "peak": (30_000, Decimal("29.25"), 1.5, 0.0),
        "valley": (10_000, Decimal("3.25"), 0.5, 0.0),
    }
    assert Decimal(told["cost"]) == Decimal("32.5")
    assert (told["mean_price"], told["value"], told["completeness"]) == (32.5 / 40, 40.0, 1.0)
    assert (told["tariffs"], told["remarks"]) == (["2026-01-01"], ["示例"])
    assert sum(b["share"] for b in told["bands"]) == pytest.approx(1)
    whole = await ask(api, "/workshops/1/energy/cost", **TWO_HOURS)
    assert whole["output"] == sum(w["output"] for w in await ask(api, "/workshops/1/energy", window="hour", **TWO_HOURS))  # fmt: skip
    assert told["cost_per_item"] == pytest.approx(32.5 / whole["output"])


async def test_the_tariff_of_the_day_holds_and_each_carrier_has_its_own(api: httpx.AsyncClient) -> None:
    await tariff(api, "2026-01-01", prices={"flat": "1"})
    await tariff(api, "2026-03-02", prices={"flat": "0.5"})
    await tariff(api, "2026-03-03", prices={"flat": "9"})
    told = await cost(api)
    assert (told["tariffs"], Decimal(told["cost"])) == (["2026-03-02"], Decimal(20))
    assert (await cost(api, "fresh_water"))["cost"] is None
    await tariff(api, "2026-01-01", "fresh_water", prices={"flat": "4.2"})
    water = await cost(api, "fresh_water")
    assert Decimal(water["cost"]) == Decimal(water["amount"]) / 1000 * Decimal("4.2")


async def test_what_has_no_value_is_unknown_and_not_zero(api: httpx.AsyncClient) -> None:
    await tariff(api, "2026-01-01", prices={"flat": "1"})
    told = await cost(api, **{"from": "2026-03-02T06:00:00+08:00", "to": "2026-03-02T10:00:00+08:00"})
    assert bands(told) == {"flat": (40_000, 40, 4.0, 2.0)}
    assert (told["unknown_hours"], told["completeness"]) == (2.0, 0.5)


async def test_halves_that_readings_do_not_tell_are_unknown(api: httpx.AsyncClient, plant: str) -> None:
    await tariff(api, "2026-01-01", prices=PRICES, seasons=[{"periods": PEAK_FROM_HALF_PAST}])
    rows(plant, "DELETE FROM telemetry.sample WHERE time < '2026-03-02T09:00:00+08:00' RETURNING 1")
    told = await cost(api)
    assert bands(told) == {
        "peak": (20_000, Decimal("19.5"), 1.5, 0.5),
        "valley": (0, 0, 0.5, 0.5),
    }
    assert told["unknown_hours"] == 1.0


async def test_ranges_are_bounded_and_in_the_past(api: httpx.AsyncClient) -> None:
    for period in (
        {"from": "2026-01-01T00:00:00Z", "to": "2026-02-02T00:00:00Z"},
        {"from": "2199-01-01T00:00:00Z", "to": "2199-01-02T00:00:00Z"},
        {"from": "2026-01-02T00:00:00Z", "to": "2026-01-02T00:00:00Z"},
    ):
        answer = await api.get("/api/v1/workshops/1/energy/cost", params=period)
        assert (answer.status_code, answer.json()["key"]) == (422, "from"), answer.text
    assert (await api.get("/api/v1/workshops/99/energy/cost")).status_code == 404
