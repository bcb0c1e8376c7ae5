"""Samples by buckets: what the worker rolled up, which can be worked out by hand, and what has none is refused."""

from typing import Any

import httpx
import psycopg
import pytest

from tests.cloud.plant_rows import PlantRows, Row
from tests.cloud.worker.rounds import MINUTE, T0, Bench, after

HOUR_US = 3_600_000_000
PLAIN, WITH_ROLE, COUNTER = "Spindle/Temperature", "Energy/ActivePower", "Counts/Good"
RANGE = {"from": after(hours=-1).isoformat(), "to": after(hours=4).isoformat()}


@pytest.fixture
def machine(plant: PlantRows) -> PlantRows:
    """A value each half minute for two hours and a half: 10 for 45 minutes, then 20; every tenth is bad. A count a minute."""
    for signal in (PLAIN, WITH_ROLE):
        values: list[Row] = [(signal, T0 + i * MINUTE // 2, 10.0 if i < 90 else 20.0) for i in range(300)]
        plant.write("CNC-01", [row for i, row in enumerate(values) if i % 10 != 9])
        plant.write("CNC-01", values[9::10], quality=0)
    plant.write("CNC-01", [(COUNTER, T0 + i * MINUTE, 3 * i) for i in range(150)])
    with Bench(plant.dsn, after(hours=2, minutes=30), hold=60.0) as bench:
        bench.settle()
    return plant


async def buckets(api: httpx.AsyncClient, series: int, **params: str) -> Any:
    answer = await api.get(f"/api/v1/series/{series}/samples/buckets", params={**RANGE, **params})
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_hours_tell_what_was_known(api: httpx.AsyncClient, machine: PlantRows) -> None:
    told = await buckets(api, machine.series("CNC-01", PLAIN))
    assert (told["name"], told["unit"], told["kind"], told["width"]) == (PLAIN, "degC", "measurement", "1h")
    assert told["time"] == ["2026-03-02T00:00:00.000+00:00", "2026-03-02T01:00:00.000+00:00"]
    assert (told["samples"], told["good"]) == ([120, 120], [108, 108])
    known = HOUR_US * 9 // 10  # what is bad ends what was held
    assert told["known_us"] == [known, known]
    assert (told["minimum"], told["maximum"]) == ([10, 20], [20, 20])
    assert told["mean"] == pytest.approx([(81 * 10 + 27 * 20) / 108, 20])
    assert told["increment"] == [None, None]


async def test_minutes_are_those_of_series_with_a_role(api: httpx.AsyncClient, machine: PlantRows) -> None:
    told = await buckets(api, machine.series("CNC-01", WITH_ROLE), width="1m")
    assert len(told["time"]) == len(set(told["time"])) >= 149
    assert told["time"] == sorted(told["time"])
    assert told["time"][0] == "2026-03-02T00:00:00.000+00:00"
    assert set(told["samples"]) == {2}
    assert (told["good"][4], told["known_us"][4]) == (1, 30_000_000)
    assert (told["mean"][44], told["mean"][45]) == (10, 20)
    short = await buckets(
        api,
        machine.series("CNC-01", WITH_ROLE),
        width="1m",
        **{"from": told["time"][3], "to": told["time"][5]},
    )
    assert short["time"] == told["time"][3:5]


async def test_counters_tell_what_they_rose_by(api: httpx.AsyncClient, machine: PlantRows) -> None:
    told = await buckets(api, machine.series("CNC-01", COUNTER))
    assert told["increment"] == [59 * 3, 60 * 3]


async def test_buckets_stay_when_raw_samples_have_gone(api: httpx.AsyncClient, machine: PlantRows) -> None:
    series = machine.series("CNC-01", PLAIN)
    before = await buckets(api, series)
    with psycopg.connect(machine.dsn) as connection:
        connection.execute("DELETE FROM telemetry.sample WHERE series_id = %s", (series,))
    assert await buckets(api, series) == before
    assert (await buckets(api, machine.series("CNC-01", "Spindle/Load")))["time"] == []


@pytest.mark.parametrize(
    ("signal", "params", "key", "allowed"),
    [
        ("State/MachineState", {}, "series_id", "no states"),
        ("Order/Product", {}, "series_id", "numbers"),
        (PLAIN, {"width": "1m"}, "width", "1h: only a series with a role"),
        (PLAIN, {"width": "5m"}, "width", "'1m' or '1h'"),
        (WITH_ROLE, {"width": "1m", "from": after(days=-7).isoformat()}, "from", "at most 7 days"),
        (PLAIN, {"from": after(days=-400).isoformat()}, "from", "at most 400 days"),
    ],
)
async def test_what_has_no_buckets_is_refused(
    api: httpx.AsyncClient, plant: PlantRows, signal: str, params: dict[str, str], key: str, allowed: str
) -> None:
    series = plant.series("CNC-01", signal)
    answer = await api.get(f"/api/v1/series/{series}/samples/buckets", params={**RANGE, **params})
    assert (answer.status_code, answer.json()["key"]) == (422, key)
    assert allowed in answer.json()["allowed"]
    absent = await api.get("/api/v1/series/999999/samples/buckets", params=RANGE)
    assert absent.status_code == 404
