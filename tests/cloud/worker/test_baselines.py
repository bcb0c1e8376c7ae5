"""Frozen baselines: the first healthy windows, whatever the order of arrival; an engineer's choice; verdicts again."""

import random
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import httpx
import numpy as np
import psycopg
import pytest
from chejian_cloud.app import create_app
from chejian_cloud.config import Settings
from chejian_cloud.diagnosis.methods import BEARING
from chejian_cloud.worker.first_windows import FIRST_WINDOWS

from tests.cloud.keys import bearer
from tests.cloud.plant_rows import PlantRows, Row
from tests.cloud.worker.rounds import MINUTE, T0, Bench, after, rows
from tests.cloud.worker.test_diagnoses import ORDERS, shocks

RATE = 12_000
RPM = 1772.0
STEP = 5 * MINUTE
WAVE = "Vibration/DriveEnd"
JUDGED = """
SELECT d.time, d.method, d.part, d.confidence, d.reason, d.score, d.nominal_rpm, d.evidence, b.version AS baseline
  FROM app.diagnosis d LEFT JOIN app.diagnosis_baseline b USING (baseline_id) ORDER BY d.method, d.time
"""
MEASURED = "SELECT time, chain, velocity_mm_s, rms, parts, orders, envelope, velocity FROM app.vibration_window ORDER BY time"
BASELINES = "SELECT * FROM app.diagnosis_baseline ORDER BY baseline_id"


@lru_cache(maxsize=128)
def machine(seed: int, imbalance: float = 0.03) -> bytes:
    """Two seconds of a sound bearing on a shaft with three orders."""
    rng = np.random.default_rng(seed)
    time = np.arange(2 * RATE) / RATE
    out = 0.045 * rng.standard_normal(time.size)
    for order, amplitude in ((1, imbalance), (2, 0.02), (3, 0.01)):
        out += amplitude * np.sin(2 * np.pi * (order * RPM / 60 * time + rng.random()))
    return out.astype("<f4").tobytes()


def windows(count: int, *, first: int = 0, imbalance: float = 0.03) -> list[Row]:
    return [(WAVE, T0 + i * STEP + 1000, machine(i, imbalance)) for i in range(first, first + count)]


SPEED: Row = ("Motor/Speed", T0, RPM)
SPAN_HOURS = 5
HISTORY = [*windows(FIRST_WINDOWS + 4), *windows(3, first=FIRST_WINDOWS + 4, imbalance=0.35)]


def settle(plant: PlantRows) -> None:
    with Bench(plant.dsn, after(hours=SPAN_HOURS)) as bench:
        bench.settle(diagnose=True)


def verdicts(dsn: str, method: str) -> list[dict[str, Any]]:
    return [row for row in rows(dsn, JUDGED) if row["method"] == method]


def test_the_first_healthy_windows_are_frozen_and_judge_what_comes_after(plant: PlantRows) -> None:
    plant.write("MTS-01", [SPEED, *HISTORY])
    settle(plant)
    bearing, shaft = rows(plant.dsn, BASELINES)
    assert (bearing["method"], shaft["method"]) == ("bearing_envelope", "shaft_orders")
    assert bearing["automatic"]
    assert bearing["version"].startswith("auto-")
    assert [time for _, time in bearing["windows"]] == [
        (T0 + i * STEP + 1000) * 1000 for i in range(FIRST_WINDOWS)
    ]
    assert (bearing["rpm_lo"], bearing["rpm_hi"]) == (RPM, RPM)
    found = verdicts(plant.dsn, "shaft_orders")
    assert {(r["confidence"], r["reason"], r["baseline"]) for r in found[:FIRST_WINDOWS]} == {
        ("cannot_tell", "no_baseline", None)
    }
    assert [(r["part"], r["baseline"]) for r in found[FIRST_WINDOWS:]] == [
        *[(None, shaft["version"])] * 4,
        *[("imbalance", shaft["version"])] * 3,
    ]
    assert {r["evidence"]["baseline"] for r in verdicts(plant.dsn, "bearing_envelope")[FIRST_WINDOWS:]} == {
        bearing["version"]
    }


@pytest.mark.parametrize("seed", [1, 2])
def test_any_order_of_arrival_gives_the_same_bits(make_seeded: Callable[[], str], seed: int) -> None:
    calm, wild = PlantRows(make_seeded()), PlantRows(make_seeded())
    calm.write("MTS-01", [SPEED, *HISTORY])
    settle(calm)
    pieces = random.Random(seed)
    late = [SPEED, *HISTORY]
    pieces.shuffle(late)
    with Bench(wild.dsn, after(hours=SPAN_HOURS)) as bench:
        while late:
            many = pieces.randint(1, 12)
            wild.write("MTS-01", late[:many])
            late = late[many:]
            bench.settle(diagnose=True)
    assert rows(wild.dsn, JUDGED) == rows(calm.dsn, JUDGED)
    assert rows(wild.dsn, MEASURED) == rows(calm.dsn, MEASURED)
    newest = "SELECT DISTINCT ON (method) method, version, content FROM app.diagnosis_baseline ORDER BY method, baseline_id DESC"
    assert rows(wild.dsn, newest) == rows(calm.dsn, newest)


def test_a_machine_that_begins_with_alarms_gets_no_automatic_baseline(plant: PlantRows) -> None:
    broken = shocks(RPM, ORDERS.bpfo, seconds=2.0)
    history = [
        (WAVE, T0 + i * STEP + 1000, broken if i % 9 == 0 else machine(i)) for i in range(FIRST_WINDOWS + 8)
    ]
    plant.write("MTS-01", [SPEED, *history])
    settle(plant)
    assert rows(plant.dsn, BASELINES) == []


def test_a_baseline_is_never_changed(plant: PlantRows) -> None:
    plant.write("MTS-01", [SPEED, *windows(FIRST_WINDOWS)])
    settle(plant)
    with (
        psycopg.connect(plant.dsn) as connection,
        pytest.raises(psycopg.errors.RaiseException, match="only grows"),
    ):
        connection.execute("UPDATE app.diagnosis_baseline SET content = '{}'")


OF_AN_EARLIER_VERSION = """
INSERT INTO app.diagnosis_baseline (equipment_id, signal, method, method_version, version, automatic, windows, content,
    rpm_lo, rpm_hi, valid_from, user_name, comment)
SELECT equipment_id, signal, method, %s, %s, false, windows, content, rpm_lo, rpm_hi, valid_from, 'Wang Fang', ''
  FROM app.diagnosis_baseline WHERE method = %s AND automatic
"""


def test_a_new_version_of_a_method_keeps_the_baselines_whose_numbers_are_its_own(plant: PlantRows) -> None:
    method = BEARING.method
    assert method.baselines_of
    plant.write("MTS-01", [SPEED, *windows(FIRST_WINDOWS)])
    settle(plant)
    with psycopg.connect(plant.dsn) as connection:
        connection.execute(OF_AN_EARLIER_VERSION, (method.baselines_of[-1], "set-by-people", method.id))
        connection.execute(OF_AN_EARLIER_VERSION, ("another scale", "set-on-another-scale", method.id))
    plant.write("MTS-01", windows(2, first=FIRST_WINDOWS))
    settle(plant)
    found = verdicts(plant.dsn, method.id)
    assert [r["baseline"] for r in found[FIRST_WINDOWS:]] == ["set-by-people"] * 2
    assert {r["evidence"]["version"] for r in found} == {method.version}


async def test_an_engineer_freezes_windows_and_the_verdicts_follow(plant: PlantRows) -> None:
    plant.write("MTS-01", [SPEED, *HISTORY])
    settle(plant)
    app = create_app(Settings(dsn=plant.dsn))
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(
            transport=httpx.ASGITransport(app), base_url="http://api/api/v1", headers=bearer(plant.dsn)
        ) as api,
    ):
        (machine_id,) = [
            e["equipment_id"] for e in (await api.get("/equipment", params={"code": "MTS-01"})).json()
        ]
        body = {
            "signal": WAVE,
            "start": after(minutes=(FIRST_WINDOWS + 4) * 5).isoformat(),
            "end": after(hours=SPAN_HOURS).isoformat(),
            "user_name": "Wang Fang",
        }
        few = await api.post(f"/equipment/{machine_id}/baselines", json=body)
        assert (few.status_code, few.json()["value"]) == (422, "3 windows")
        plant.write("MTS-01", windows(9, first=FIRST_WINDOWS + 7, imbalance=0.35))
        settle(plant)
        made = await api.post(
            f"/equipment/{machine_id}/baselines", json={**body, "valid_from": body["start"]}
        )
        assert made.status_code == 201, made.text
        assert [(b["method"], b["automatic"], b["active"], len(b["windows"])) for b in made.json()] == [
            ("shaft_orders", False, True, 12),
            ("bearing_envelope", False, True, 12),
        ]
        settle(plant)
        found = verdicts(plant.dsn, "shaft_orders")
        assert {r["confidence"] for r in found[FIRST_WINDOWS + 4 :]} == {"none"}
        listed = (await api.get(f"/equipment/{machine_id}/baselines")).json()
        assert [(b["automatic"], b["active"]) for b in listed] == [(False, True)] * 2 + [(True, False)] * 2
        trend = (
            await api.get(
                f"/equipment/{machine_id}/vibration", params={"from": body["start"], "to": body["end"]}
            )
        ).json()
        assert len(trend["windows"]) == 12
        assert {b["version"] for b in trend["baselines"]} == {b["version"] for b in made.json()}
        fall = (
            await api.get(
                f"/equipment/{machine_id}/waterfall",
                params={"kind": "velocity", "from": after().isoformat(), "to": body["end"], "most": 10},
            )
        ).json()
        assert 1 < len(fall["times"]) <= 10
        row = fall["levels"][-1]
        assert round(row.index(max(row)) * fall["order_step"], 1) == 1.0


async def test_every_verdict_is_computed_again_from_its_evidence(plant: PlantRows) -> None:
    plant.write("MTS-01", [SPEED, *HISTORY])
    settle(plant)
    app = create_app(Settings(dsn=plant.dsn))
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(
            transport=httpx.ASGITransport(app), base_url="http://api/api/v1", headers=bearer(plant.dsn)
        ) as api,
    ):
        ids = [r["diagnosis_id"] for r in rows(plant.dsn, "SELECT diagnosis_id FROM app.diagnosis")]
        assert len(ids) == 2 * len(HISTORY)
        for diagnosis in ids:
            again = (await api.get(f"/diagnoses/{diagnosis}/recompute")).json()
            assert (again["same"], again["differences"]) == (True, [])
        with psycopg.connect(plant.dsn) as connection:
            connection.execute(
                "UPDATE telemetry.waveform SET data = set_byte(data, 5, get_byte(data, 5) # 1)"
            )
        changed = (await api.get(f"/diagnoses/{ids[0]}/recompute")).json()
        assert not changed["same"]
        assert "evidence.features.kurtosis" in {d["place"] for d in changed["differences"]}
        with psycopg.connect(plant.dsn) as connection:
            connection.execute("DELETE FROM telemetry.waveform")
        assert (await api.get(f"/diagnoses/{ids[0]}/recompute")).status_code == 404
