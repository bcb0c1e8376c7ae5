"""Findings under the alarm budget: each fault once, probable ones beyond the budget wait, answers take them off the list."""

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import psycopg
import pytest

from tests.cloud.plant_rows import PlantRows

NOW = datetime.now(UTC)
DAY = timedelta(days=1)


@pytest.fixture
def store(plant: PlantRows) -> Any:
    """Stores a named diagnosis of MTS-01: signal, part, confidence, score, age."""

    def add(signal: str, part: str, confidence: str, score: float, age: timedelta) -> int:
        with psycopg.connect(plant.dsn) as connection:
            row = connection.execute(
                "INSERT INTO app.diagnosis (equipment_id, series_id, time, method, method_version, part, confidence,"
                " score, bearing, evidence, computed_at) SELECT equipment_id, %s, %s, %s, '1', %s, %s, %s, '{}', '{}',"
                " now() FROM app.equipment WHERE code = 'MTS-01' RETURNING diagnosis_id",
                (plant.series("MTS-01", signal), NOW - age, f"m {part}", part, confidence, score),
            ).fetchone()
        assert row is not None
        return int(row[0])

    return add


async def found(api: httpx.AsyncClient) -> list[dict[str, Any]]:
    return (await api.get("/api/v1/diagnosis-findings")).json()  # type: ignore[no-any-return]


async def test_a_fault_is_one_finding_however_often_it_is_named(api: httpx.AsyncClient, store: Any) -> None:
    ids = [store("Vibration/DriveEnd", "outer_race", "confirmed", 4.0, i * DAY / 4) for i in range(8)]
    (finding,) = await found(api)
    assert (finding["code"], finding["part"], finding["times"]) == ("MTS-01", "outer_race", 8)
    assert (finding["diagnosis_id"], finding["reason"], finding["needs_look"]) == (ids[0], "confirmed", True)
    assert finding["first"] < finding["last"]


async def test_probable_ones_beyond_the_budget_wait_until_they_grow(
    api: httpx.AsyncClient, store: Any
) -> None:
    signals = ("Motor/Speed", "Motor/Current", "Bearing/Temperature", "Energy/ActivePower")
    for i, signal in enumerate(signals):
        store(signal, "drifting_sensor", "probable", 1.1, DAY * (6 - i))
    reasons = {f["signal"]: (f["reason"], f["needs_look"]) for f in await found(api)}
    assert reasons == {
        "Motor/Speed": ("within_budget", True),
        "Motor/Current": ("within_budget", True),
        "Bearing/Temperature": ("budget_spent", False),
        "Energy/ActivePower": ("budget_spent", False),
    }
    store("Bearing/Temperature", "drifting_sensor", "probable", 2.0, DAY)
    grown = {f["signal"]: (f["reason"], f["needs_look"]) for f in await found(api)}
    assert grown == {**reasons, "Bearing/Temperature": ("growing", True)}


async def test_what_was_not_seen_for_a_week_is_over(api: httpx.AsyncClient, store: Any) -> None:
    store("Vibration/DriveEnd", "outer_race", "confirmed", 4.0, 8 * DAY)
    assert await found(api) == []


async def test_an_answer_takes_a_finding_off_the_list_until_it_is_named_again(
    api: httpx.AsyncClient, store: Any
) -> None:
    first = store("Vibration/DriveEnd", "outer_race", "confirmed", 4.0, DAY)
    answer = {"answer": "rejected", "user_name": "Wang Fang"}
    assert (await api.post(f"/api/v1/diagnoses/{first}/labels", json=answer)).status_code == 201
    (finding,) = await found(api)
    assert (finding["answer"], finding["needs_look"]) == ("rejected", False)
    again = store("Vibration/DriveEnd", "outer_race", "confirmed", 4.0, DAY / 2)
    (finding,) = await found(api)
    assert (finding["diagnosis_id"], finding["needs_look"]) == (again, True)
