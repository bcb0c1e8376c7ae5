"""Energy of many meters and workshops in one answer, and what the pages of meters and energy show of the planted stories."""

from typing import Any

import httpx
import pytest

from tests.cloud.console.plant_meters import METERS, SILENT


@pytest.fixture(scope="module")
def dairy(pages: httpx.Client) -> int:
    """Id of the workshop that has meters."""
    return next(int(w["workshop_id"]) for w in pages.get("/api/v1/workshops").json() if w["code"] == "QQR-W1")


@pytest.fixture(scope="module")
def meters(pages: httpx.Client, dairy: int) -> dict[str, dict[str, Any]]:
    """Its meters by code."""
    return {m["code"]: m for m in pages.get("/api/v1/meters", params={"workshop_id": dairy}).json()}


@pytest.fixture
def day(pages: httpx.Client, meters: dict[str, dict[str, Any]]) -> dict[str, str]:
    """From the first hour of the main meter to its last."""
    hours = pages.get(
        f"/api/v1/equipment/{meters['EM-Q01']['equipment_id']}/energy", params={"window": "hour"}
    ).json()
    return {"from": hours[0]["start"], "to": hours[-1]["end"]}


@pytest.mark.parametrize("window", ["hour", "shift", "day"])
def test_many_meters_say_what_each_says_alone(
    pages: httpx.Client, dairy: int, meters: dict[str, dict[str, Any]], day: dict[str, str], window: str
) -> None:
    rows = pages.get("/api/v1/energy/values", params={"workshop_id": dairy, "window": window, **day}).json()
    assert {row["meter"] for row in rows} == {code for code, *_ in METERS}
    for code, meter in meters.items():
        own = pages.get(
            f"/api/v1/equipment/{meter['equipment_id']}/energy", params={"window": window, **day}
        ).json()
        assert [row for row in rows if row["meter"] == code] == own


@pytest.mark.parametrize("by", ["states", "products", "orders"])
def test_shares_are_those_of_meters_of_one_machine(
    pages: httpx.Client, dairy: int, meters: dict[str, dict[str, Any]], day: dict[str, str], by: str
) -> None:
    parameters = {"window": "shift", **day}
    rows = pages.get(f"/api/v1/energy/shares/{by}", params={"workshop_id": dairy, **parameters}).json()
    assert [row["machine"] for row in rows] == ["EVP-01", "SPD-01"]
    for row in rows:
        path = f"/api/v1/equipment/{meters[row['meter']]['equipment_id']}/energy/{by}"
        assert pages.get(path, params=parameters).json() == [row]
    assert pages.get("/api/v1/energy/shares/moods").status_code == 422


def test_running_shifts_of_all_workshops(pages: httpx.Client, dairy: int) -> None:
    (told,) = pages.get("/api/v1/workshops-energy").json()
    assert told["workshop_id"] == dairy  # no other workshop has a meter
    sums = pages.get(
        f"/api/v1/workshops/{dairy}/energy", params={"from": told["start"], "to": told["end"]}
    ).json()
    alone = next(s for s in sums if s["start"] == told["start"])
    assert told["kgce"] == alone["kgce"]
    for carrier, own in zip(told["carriers"], alone["carriers"], strict=True):
        assert carrier == own | {"per_unit": None, "kgce_per_unit": None}
    steam = next(c for c in told["carriers"] if c["carrier"] == "steam")
    air = next(c for c in told["carriers"] if c["carrier"] == "compressed_air")
    assert (steam["counted"], air["counted"]) == (True, False)


def test_a_silent_sub_meter_spoils_the_remainder_and_not_the_sum(pages: httpx.Client, dairy: int) -> None:
    (told,) = pages.get("/api/v1/workshops-energy").json()
    electricity = next(c for c in told["carriers"] if c["carrier"] == "electricity")
    assert electricity["completeness"] == 1.0
    assert electricity["remainder_completeness"] < 1.0
    assert "meter_gap" in electricity["flags"]


def test_meters_have_pages_of_their_own(pages: httpx.Client, meters: dict[str, dict[str, Any]]) -> None:
    meter = meters["EM-Q02"]["equipment_id"]
    elsewhere = pages.get(f"/equipment/{meter}")
    assert (elsewhere.status_code, elsewhere.headers["location"]) == (307, f"/meters/{meter}")
    machine = pages.get("/meters/1")
    assert (machine.status_code, machine.headers["location"]) == (307, "/equipment/1")
    assert pages.get("/meters/999").status_code == 404
    assert 'href="/meters/' not in pages.get("/workshops/1").text
    assert SILENT in meters
