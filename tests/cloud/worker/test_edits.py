"""Edits recompute exactly what they touch, keep people's reasons, and leave a revision that names them."""

from typing import Any

import httpx
import psycopg
import pytest

from tests.cloud.plant_rows import PlantRows, Row
from tests.cloud.worker.rounds import DAY, MINUTE, T0, Bench, after, rows

pytestmark = pytest.mark.long

STAMPS = """
SELECT window_kind, start, kpi, value, inputs, xmin::text AS stamp FROM app.kpi_value
 WHERE equipment_id = 1 ORDER BY window_kind, start, kpi
"""
Window = tuple[str, Any]


def a_day() -> list[Row]:
    """A machine that makes a part each two minutes over 13 hours, and fails in [01:10, 01:40)."""
    out: list[Row] = [("Order/Product", T0, "SHAFT-A"), ("Counts/Scrap", T0, 0)]
    for i in range(13 * 120):
        out.append(("State/MachineState", T0 + i * MINUTE // 2, 3 if 140 <= i < 200 else 1))
        if i % 4 == 0:
            out += [
                ("Counts/Produced", T0 + i * MINUTE // 2 + 5, i // 4),
                ("Counts/Good", T0 + i * MINUTE // 2 + 7, i // 4 - i // 400),
            ]
    return out


class Plant:
    """A plant whose 13 hours are computed and settled, at 24 hours past the begin."""

    def __init__(self, plant: PlantRows, bench: Bench, api: httpx.AsyncClient) -> None:
        self.plant, self.bench, self.api = plant, bench, api
        self.before = self.stamps()

    def stamps(self) -> dict[tuple[str, Any, str], dict[str, Any]]:
        return {(r["window_kind"], r["start"], r["kpi"]): r for r in rows(self.plant.dsn, STAMPS)}

    def touched(self) -> set[Window]:
        """Windows of which a row was written, came or went since; provisional ones too."""
        now = self.stamps()
        changed = {
            k
            for k in now.keys() | self.before.keys()
            if now.get(k, {}).get("stamp") != self.before.get(k, {}).get("stamp")
        }
        return {(kind, start) for kind, start, _ in changed}

    def revised(self) -> dict[Window, set[str]]:
        found: dict[Window, set[str]] = {}
        for r in rows(self.plant.dsn, "SELECT window_kind, start, cause FROM app.kpi_revision"):
            found.setdefault((r["window_kind"], r["start"]), set()).add(r["cause"])
        return found

    def value(self, kpi: str, kind: str, start: Any) -> Any:
        return self.stamps()[kind, start, kpi]["value"]

    def inputs(self, kind: str, start: Any) -> dict[str, Any]:
        found: dict[str, Any] = self.stamps()[kind, start, "oee"]["inputs"]
        return found

    async def send(self, method: str, path: str, body: dict[str, Any] | None = None, **query: Any) -> Any:
        json = None if body is None else {"user_name": "赵工", **body}
        answer = await self.api.request(method, f"/api/v1{path}", json=json, params=query or None)
        assert answer.status_code in (200, 201, 204), answer.text
        self.bench.settle()
        return answer.json() if answer.content else None


@pytest.fixture
def settled(plant: PlantRows, api: httpx.AsyncClient) -> Any:
    plant.write("CNC-01", a_day())
    with Bench(plant.dsn, after(hours=20)) as bench:
        bench.settle()
        bench.now = after(hours=40)
        bench.settle()
        yield Plant(plant, bench, api)


def hours(*numbers: int) -> set[Window]:
    return {("hour", after(hours=n)) for n in numbers}


SHIFT_A: Window = ("shift", DAY)
DAY_1: Window = ("day", after(hours=-8))


async def test_a_reason_moves_time_between_classes(settled: Plant) -> None:
    body = {
        "start": after(minutes=70).isoformat(),
        "end": after(minutes=100).isoformat(),
        "reason": "planned.maintenance",
    }
    assert settled.inputs("hour", after(hours=1))["fault_us"] == 1_800_000_000
    await settled.send("POST", "/equipment/1/stop-reasons/assign", body)
    assert settled.touched() == hours(1) | {SHIFT_A, DAY_1}
    inputs = settled.inputs("hour", after(hours=1))
    assert (inputs["fault_us"], inputs["planned_maintenance_us"]) == (0, 1_800_000_000)
    assert settled.value("availability", "hour", after(hours=1)) == 1.0
    revised = settled.revised()
    assert set(revised) == hours(1) | {SHIFT_A, DAY_1}
    assert all("赵工" in cause for causes in revised.values() for cause in causes)
    assert rows(settled.plant.dsn, "SELECT 1 FROM app.dirty") == []
    await settled.send("POST", "/equipment/1/stop-reasons/undo", {})
    now = settled.stamps()
    assert {k: r["value"] for k, r in now.items()} == {k: r["value"] for k, r in settled.before.items()}
    assert settled.revised() == {}, "within one run, what comes back to the settled value leaves no revision"


async def test_a_reason_survives_late_data_and_recomputation(settled: Plant) -> None:
    body = {
        "start": after(minutes=70).isoformat(),
        "end": after(minutes=100).isoformat(),
        "reason": "planned.maintenance",
    }
    await settled.send("POST", "/equipment/1/stop-reasons/assign", body)
    settled.plant.write("CNC-01", [("State/MachineState", T0 + 80 * MINUTE + 7, 1)])
    settled.bench.settle()
    inputs = settled.inputs("hour", after(hours=1))
    assert inputs["planned_maintenance_us"] == 1_800_000_000 - 29_993_000, (
        "what it produced is not declared away"
    )
    assert [
        r["reason_id"] is not None for r in rows(settled.plant.dsn, "SELECT reason_id FROM app.stop_reason")
    ] == [True]


async def test_reasons_survive_edits_of_ideal_cycle_and_calendar(settled: Plant) -> None:
    """A reason over [01:10, 01:40), 30 min of planned maintenance: its time stays there under every other edit."""
    body = {
        "start": after(minutes=70).isoformat(),
        "end": after(minutes=100).isoformat(),
        "reason": "planned.maintenance",
    }
    await settled.send("POST", "/equipment/1/stop-reasons/assign", body)
    journal = rows(settled.plant.dsn, "SELECT * FROM app.stop_reason ORDER BY stop_reason_id")
    assert len(journal) == 1
    settled.before = settled.stamps()
    cycle = {"product": "SHAFT-A", "seconds": 60, "valid_from": after(hours=1).isoformat()}
    await settled.send("PUT", "/equipment/1/ideal-cycles", cycle)
    touched = settled.touched()
    assert touched >= hours(1, 2, 12) | {SHIFT_A, DAY_1}
    assert ("hour", after(hours=0)) not in touched, "it counts from 01:00 on"
    assert settled.inputs("hour", after(hours=1))["planned_maintenance_us"] == 1_800_000_000
    assert settled.inputs("shift", DAY)["planned_maintenance_us"] == 1_800_000_000
    settled.before = settled.stamps()
    span = {
        "start": after(minutes=105).isoformat(),
        "end": after(minutes=110).isoformat(),
        "kind": "planned_maintenance",
    }
    await settled.send("POST", "/calendars/1/spans", span)
    assert settled.touched() == hours(1) | {SHIFT_A, DAY_1}
    inputs = settled.inputs("hour", after(hours=1))
    assert (inputs["fault_us"], inputs["planned_maintenance_us"]) == (0, 2_100_000_000), "30 min and 5 min"
    revised = set(settled.revised())
    assert revised >= hours(*range(1, 13)) | {SHIFT_A, DAY_1}, (
        "each window that was settled leaves its revision"
    )
    assert ("hour", after(hours=0)) not in revised
    assert rows(settled.plant.dsn, "SELECT * FROM app.stop_reason ORDER BY stop_reason_id") == journal


async def test_an_ideal_cycle_counts_from_its_date_to_the_next(settled: Plant) -> None:
    for begin, seconds in ((7, 90), (5, 60)):
        body = {"product": "SHAFT-A", "seconds": seconds, "valid_from": after(hours=begin).isoformat()}
        await settled.send("PUT", "/equipment/1/ideal-cycles", body)
    assert settled.touched() == hours(5, 6) | {SHIFT_A, DAY_1}
    for kpi, factor in (("effectiveness", 60 / 90), ("availability", 1.0)):
        before = settled.before["hour", after(hours=5), kpi]["value"]
        assert settled.value(kpi, "hour", after(hours=5)) == pytest.approx(before * factor)
    assert set(settled.revised()) == hours(5, 6) | {SHIFT_A, DAY_1}


async def test_a_calendar_version_moves_shifts_from_its_date_on(settled: Plant) -> None:
    shift = {"code": "C", "start": "09:00", "end": "17:00", "name_zh": "常白班", "name_en": "Day"}
    night = await settled.api.put(
        "/api/v1/calendars/1/versions/2026-03-03",
        json={"shifts": [shift | {"start": "06:00"}], "user_name": "赵工"},
    )
    assert night.status_code == 422
    assert "'B' of 2026-03-02 and 'C' of 2026-03-03 overlap" in night.json()["allowed"]
    await settled.send("PUT", "/calendars/1/versions/2026-03-03", {"shifts": [shift]})
    touched = settled.touched()
    assert min(start for kind, start in touched if kind == "hour") >= after(hours=16), "3 March begins there"
    assert SHIFT_A not in touched
    found = rows(
        settled.plant.dsn,
        "SELECT DISTINCT start, \"end\" FROM app.kpi_value WHERE equipment_id = 1 AND window_kind = 'shift'"
        " AND start >= %s ORDER BY start",
        DAY,
    )
    assert [(r["start"], r["end"]) for r in found] == [
        (DAY, after(hours=12)),
        (after(hours=12), after(hours=24)),
        (after(hours=25), after(hours=33)),
    ]


async def test_a_holiday_takes_its_shifts_away_and_the_day_back_brings_the_same_bits(settled: Plant) -> None:
    await settled.send(
        "PUT", "/calendars/1/days/2026-03-02", {"shifts": [], "name_zh": "停电", "name_en": "Power cut"}
    )
    now = settled.stamps()
    assert ("shift", DAY, "oee") not in now
    assert now["hour", after(hours=3), "oee"]["inputs"]["not_scheduled_us"] == 3_600_000_000
    removed = rows(
        settled.plant.dsn,
        "SELECT new_value, new_inputs FROM app.kpi_revision WHERE window_kind = 'shift' AND start = %s AND kpi = 'oee'",
        DAY,
    )
    assert removed == [{"new_value": None, "new_inputs": {"removed": True}}]
    await settled.send("DELETE", "/calendars/1/days/2026-03-02", user_name="赵工")
    back = settled.stamps()
    assert {k: (r["value"], r["inputs"]) for k, r in back.items()} == {
        k: (r["value"], r["inputs"]) for k, r in settled.before.items()
    }


async def test_a_planned_span_and_an_inspection_touch_their_hours(settled: Plant) -> None:
    span = {
        "start": after(hours=3, minutes=15).isoformat(),
        "end": after(hours=3, minutes=30).isoformat(),
        "kind": "planned_maintenance",
    }
    number = await settled.send("POST", "/calendars/1/spans", span)
    assert settled.inputs("hour", after(hours=3))["planned_maintenance_us"] == 900_000_000
    assert settled.touched() == hours(3) | {SHIFT_A, DAY_1}
    await settled.send("DELETE", f"/calendars/1/spans/{number}", user_name="赵工")
    good = settled.inputs("hour", after(hours=3))["good"]
    await settled.send(
        "POST",
        "/equipment/1/inspections",
        {"time": after(hours=3, minutes=20).isoformat(), "scrap": 4, "rework": 2},
    )
    inputs = settled.inputs("hour", after(hours=3))
    assert (inputs["good"], inputs["rework"]) == (good - 6, 2)
    assert (
        inputs["quality_loss_us"] - settled.before["hour", after(hours=3), "oee"]["inputs"]["quality_loss_us"]
        == 6 * 90_000_000
    )
    assert settled.touched() == hours(3) | {SHIFT_A, DAY_1}


async def test_edits_leave_rollups_alone(settled: Plant) -> None:
    with psycopg.connect(settled.plant.dsn) as connection:
        connection.execute("UPDATE app.rollup_1h SET mean = 4711")
    body = {
        "start": after(minutes=70).isoformat(),
        "end": after(minutes=100).isoformat(),
        "reason": "supply.energy",
    }
    await settled.send("POST", "/equipment/1/stop-reasons/assign", body)
    assert {r["mean"] for r in rows(settled.plant.dsn, "SELECT mean FROM app.rollup_1h")} == {4711.0}
