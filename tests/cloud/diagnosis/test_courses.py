"""Severity and course of a verdict: zone, onset, growth and an interval of time, or none and why."""

import json
import math
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import numpy as np
import psycopg
import pytest

from tests.cloud.plant_rows import PlantRows

T0 = datetime(2026, 3, 1, tzinfo=UTC)
STEP = timedelta(hours=6)
HEALTHY, RPM, RISE = 12, 1772.0, 0.2
"""Windows of the baseline; speed; growth of the indicator [nat/d]."""


class Machine:
    """MTS-01 with a baseline of `HEALTHY` windows; later windows are measured as told."""

    def __init__(self, plant: PlantRows) -> None:
        self.dsn = plant.dsn
        self.series = plant.series("MTS-01", "Vibration/DriveEnd")
        self.random = np.random.default_rng(5)
        self.count = 0
        with psycopg.connect(self.dsn) as connection:
            connection.execute("UPDATE app.bearing SET zone_group = 2, support = 'rigid'")
        for _ in range(HEALTHY):
            self.window(0.5, 1.0)
        times = [[self.series, int(self.at(i).timestamp() * 1e6)] for i in range(HEALTHY)]
        self.baseline = self._one(
            "INSERT INTO app.diagnosis_baseline (equipment_id, signal, method, method_version, version, automatic, windows,"
            " content, rpm_lo, rpm_hi, valid_from, user_name, comment) SELECT equipment_id, 'Vibration/DriveEnd', 'm', '1',"
            " 'v', true, %s, '{}', %s, %s, %s, '', '' FROM app.equipment WHERE code = 'MTS-01' RETURNING baseline_id",
            (json.dumps(times), RPM, RPM, self.at(HEALTHY)),
        )

    def at(self, i: int) -> datetime:
        return T0 + i * STEP

    def window(self, level: float, velocity: float, rpm: float = RPM) -> None:
        level += 0.02 * self.random.normal()
        zone = "A" if velocity <= 1.4 else "C"
        self._one(
            "INSERT INTO app.vibration_window (series_id, time, equipment_id, chain, nominal_rpm, bearing, velocity_mm_s,"
            " zone, parts, orders, envelope, velocity) SELECT %s, %s, equipment_id, 'c', %s, '{}', %s, %s, %s, '{}', '', ''"
            " FROM app.equipment WHERE code = 'MTS-01' RETURNING series_id",
            (
                self.series,
                self.at(self.count),
                rpm,
                velocity,
                zone,
                json.dumps({"outer_race": level, "cage": 9.0}),
            ),
        )
        self.count += 1

    def verdict(self, method: str, part: str | None, *, baseline: bool = True) -> int:
        """A verdict on the newest window."""
        return self._one(
            "INSERT INTO app.diagnosis (equipment_id, series_id, time, method, method_version, part, confidence, score,"
            " bearing, evidence, computed_at, baseline_id) SELECT equipment_id, %s, %s, %s, '1', %s, 'confirmed', 4.0, '{}',"
            " '{}', now(), %s FROM app.equipment WHERE code = 'MTS-01' RETURNING diagnosis_id",
            (self.series, self.at(self.count - 1), method, part, self.baseline if baseline else None),
        )

    def _one(self, statement: str, values: tuple[object, ...]) -> int:
        with psycopg.connect(self.dsn) as connection:
            row = connection.execute(statement, values).fetchone()
        assert row is not None
        return int(row[0])


@pytest.fixture
def mts(plant: PlantRows) -> Machine:
    return Machine(plant)


async def told(api: httpx.AsyncClient, diagnosis: int) -> dict[str, Any]:
    answer = await api.get(f"/api/v1/diagnoses/{diagnosis}")
    assert answer.status_code == 200, answer.text
    return answer.json()  # type: ignore[no-any-return]


async def test_growing_lines_get_an_interval_until_a_serious_change(
    api: httpx.AsyncClient, mts: Machine
) -> None:
    for i in range(40):
        mts.window(0.5 + RISE / 4 * (i + 1), 1.0)
        mts.window(9.9, 9.0, rpm=600.0)  # another speed: no say
    course = (await told(api, mts.verdict("bearing_envelope", "outer_race")))["course"]
    days_per_window = 0.5  # every second window counts
    assert course["reason"] is None
    assert (course["indicator"], course["limit_is"], course["windows"]) == (
        "outer_race",
        "serious_change",
        40,
    )
    assert course["growth_per_day"] == pytest.approx(RISE / 4 / days_per_window, rel=0.05)
    assert course["limit"] == pytest.approx(0.5 + math.log(100.0), abs=0.05)
    left = (0.5 + math.log(100.0) - 0.5 - RISE / 4 * 40) / (RISE / 4 / days_per_window)
    assert course["low_days"] <= left + days_per_window
    assert course["high_days"] >= left - days_per_window
    assert course["low_days"] <= course["best_days"] <= course["high_days"] < 2 * left
    assert course["onset"] < mts.at(HEALTHY + 12).isoformat()


async def test_growing_velocity_is_held_against_the_last_zone(api: httpx.AsyncClient, mts: Machine) -> None:
    for i in range(30):
        mts.window(0.5, math.exp(0.02 * (i + 1) + 0.004 * mts.random.normal()))
    found = await told(api, mts.verdict("shaft_orders", "imbalance"))
    course, severity = found["course"], found["severity"]
    assert (course["indicator"], course["limit_is"], course["reason"]) == ("velocity", "zone_d", None)
    assert course["limit"] == pytest.approx(math.log(4.5), rel=1e-12)
    left = (math.log(4.5) - 0.6) / 0.08
    assert course["low_days"] - 0.3 <= left <= course["high_days"] + 0.3
    assert (severity["zone"], severity["limits"], severity["zone_group"]) == ("C", [1.4, 2.8, 4.5], 2)
    assert severity["velocity_mm_s"] == pytest.approx(math.exp(0.6), rel=0.05)


async def test_without_growth_or_baseline_there_is_none_and_it_says_why(
    api: httpx.AsyncClient, mts: Machine
) -> None:
    for _ in range(20):
        mts.window(0.5, 1.0)
    cases = {
        "inside_baseline": mts.verdict("bearing_envelope", "outer_race"),
        "no_baseline": mts.verdict("shaft_orders", "imbalance", baseline=False),
    }
    for reason, diagnosis in cases.items():
        course = (await told(api, diagnosis))["course"]
        assert (course["reason"], course["low_days"], course["onset"]) == (reason, None, None)
    for _ in range(30):
        mts.window(2.0, 1.0)
    step = (await told(api, mts.verdict("bearing_envelope", "outer_race")))["course"]
    assert (step["reason"], step["high_days"]) == ("no_monotone_trend", None)
    assert step["onset"] is not None
    unnamed = await told(api, mts.verdict("gear_mesh", None))
    assert unnamed["course"] is None
    assert unnamed["severity"]["zone"] == "A"


async def test_parts_under_test_have_no_common_course(
    api: httpx.AsyncClient, mts: Machine, plant: PlantRows
) -> None:
    plant.write("MTS-01", [("Motor/SerialNumber", int(T0.timestamp() * 1000), "M-000130")])
    mts.window(3.0, 1.0)
    found = await told(api, mts.verdict("bearing_envelope", "outer_race"))
    assert (found["serial"], found["course"]["reason"]) == ("M-000130", "other_part_each_window")
