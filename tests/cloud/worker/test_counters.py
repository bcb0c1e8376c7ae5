"""What people know about counters: replaced ones, where they wrap, how fast they can rise; one counting source."""

from typing import Any

import httpx
import psycopg
import pytest

from tests.cloud.plant_rows import PlantRows, Row, moment
from tests.cloud.worker.rounds import DAY, MINUTE, T0, Bench, after, rows

pytestmark = pytest.mark.long
HOURS = """
SELECT start, inputs, flags, xmin::text AS stamp FROM app.kpi_value
 WHERE equipment_id = 1 AND kpi = 'oee' AND window_kind = 'hour' ORDER BY start
"""
REWINDS = (65_530, 65_535, 4, 9)


def counted(*readings: int) -> list[Row]:
    """Two hours of production with a reading each half an hour."""
    out: list[Row] = [("Order/Product", T0, "SHAFT-A")]
    out += [("State/MachineState", T0 + i * MINUTE // 2, 1) for i in range(2 * 120)]
    return out + [
        ("Counts/Produced", T0 + (1 + 30 * i) * MINUTE, reading) for i, reading in enumerate(readings)
    ]


class Plant:
    """A machine whose two hours are computed; asks and edits by the API."""

    def __init__(self, dsn: str, bench: Bench, api: httpx.AsyncClient) -> None:
        self.dsn, self.bench, self.api = dsn, bench, api

    async def send(self, method: str, path: str, **body: Any) -> Any:
        query = None if body else {"user_name": "钱工"}
        json = {**body, "user_name": "钱工"} if body else None
        answer = await self.api.request(method, f"/api/v1{path}", json=json, params=query)
        assert answer.status_code in (200, 201, 204), answer.text
        rows(
            self.dsn, "DELETE FROM app.dirty WHERE hour > %s RETURNING 1", self.bench.now
        )  # empty months up to now
        self.bench.settle()
        return answer.json() if answer.content else None

    def produced(self) -> list[tuple[int | None, bool]]:
        """Items of each hour, and whether it is flagged for a reset."""
        found = rows(self.dsn, HOURS)
        return [(r["inputs"]["produced"], "counter_reset" in r["flags"]) for r in found][:2]

    def stamps(self) -> list[str]:
        return [r["stamp"] for r in rows(self.dsn, HOURS)]


@pytest.fixture
def settled(plant: PlantRows, api: httpx.AsyncClient) -> Any:
    plant.write("CNC-01", counted(*REWINDS))
    with Bench(plant.dsn, after(hours=20)) as bench:
        bench.settle()
        yield Plant(plant.dsn, bench, api)


async def test_a_counter_that_is_known_to_wrap_loses_nothing(settled: Plant) -> None:
    assert settled.produced() == [(5, False), (9, True)], "a fall is a reset for whoever knows no better"
    path = "/equipment/1/counters/produced_count"
    assert await settled.send("PUT", path, modulus=65_536) >= 20, "all hours since the first sample"
    assert settled.produced() == [(5, False), (10, False)]
    assert await settled.send("PUT", path, modulus=65_536) == 0, "it is known already"
    await settled.send("PUT", path, modulus=65_536, least_cycle_seconds=400)
    assert settled.produced() == [(5, False), (10, False)], "5 items need 4 x 400 s, less than 30 min"
    await settled.send("PUT", path, modulus=65_536, least_cycle_seconds=500)
    flags = [r["flags"] for r in rows(settled.dsn, HOURS)][:2]
    assert settled.produced() == [(0, False), (0, False)], "5 items need 4 x 500 s, more than 30 min"
    assert all("implausible_count" in f for f in flags)
    (found, *_) = await settled.send("GET", "/equipment/1/counters")
    assert (found["modulus"], found["least_cycle_seconds"]) == (65_536, 500)


async def test_a_replaced_counter_begins_anew_and_only_its_hour_changes(settled: Plant) -> None:
    before = settled.stamps()
    number = await settled.send(
        "POST",
        "/equipment/1/counters/produced_count/replacements",
        time=moment(T0 + 45 * MINUTE).isoformat(),
        comment="编码器坏了",
    )
    assert settled.produced() == [(5, False), (5, False)], "the first reading behind it counts nothing"
    changed = [a != b for a, b in zip(before, settled.stamps(), strict=True)]
    assert changed == [False, True] + [False] * (len(changed) - 2)
    (row, *_) = await settled.send("GET", "/equipment/1/counters")
    assert (row["role"], row["replacements"][0]["comment"]) == ("produced_count", "编码器坏了")
    assert row["replacements"][0]["time"] == "2026-03-02T00:45:00.000+00:00"
    (work,) = rows(settled.dsn, "SELECT DISTINCT user_name FROM app.counter_replacement")
    assert work["user_name"] == "钱工"
    await settled.send("DELETE", f"/counter-replacements/{number}")
    assert settled.produced() == [(5, False), (9, True)]


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/equipment/1/counters/produced_count", {"modulus": 1}, 422),
        ("/equipment/1/counters/steps", {"modulus": 10}, 422),
        ("/equipment/99/counters/good_count", {"modulus": 10}, 404),
    ],
)
async def test_wrong_counters_are_named(
    api: httpx.AsyncClient, path: str, body: dict[str, Any], status: int
) -> None:
    answer = await api.put(f"/api/v1{path}", json={**body, "user_name": "x"})
    assert answer.status_code == status, answer.text
    assert answer.json()["detail"]


async def test_a_replacement_is_told_once_and_not_of_the_future(settled: Plant) -> None:
    path = "/equipment/1/counters/good_count/replacements"
    await settled.send("POST", path, time=DAY.isoformat())
    for time in (DAY.isoformat(), "2999-01-01T00:00:00Z"):
        answer = await settled.api.post(f"/api/v1{path}", json={"time": time, "user_name": "x"})
        assert (answer.status_code, answer.json()["key"]) == (422, "time")


def test_of_two_signals_that_count_the_same_one_is_the_source(plant: PlantRows) -> None:
    """The operator's terminal counts, too: its name comes later, so it adds nothing to the machine's count."""
    plant.write("CNC-01", counted(0, 5, 10, 15))
    with psycopg.connect(plant.dsn) as connection:
        connection.execute(
            "WITH second AS (INSERT INTO telemetry.series (device_id, name, datatype, kind, role)"
            " SELECT device_id, 'Operator/Produced', 4, 'total_increasing', 'produced_count'"
            "   FROM telemetry.device WHERE name = 'CNC-01' RETURNING series_id)"
            " INSERT INTO telemetry.sample (time, series_id, quality, value)"
            " SELECT p.time + interval '1 s', second.series_id, 192, p.value + 1000"
            "   FROM second, telemetry.sample p WHERE p.series_id = %s",
            (plant.series("CNC-01", "Counts/Produced"),),
        )
    with Bench(plant.dsn, after(hours=20)) as bench:
        bench.settle()
    found = [r["inputs"]["produced"] for r in rows(plant.dsn, HOURS)][:2]
    assert found == [5, 10]
