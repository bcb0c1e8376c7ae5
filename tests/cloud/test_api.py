"""The API on a database with a day's data: shapes, times with offset, no NaN, errors as problem documents."""

import json
from datetime import datetime
from typing import Any

import httpx
import numpy as np
import psycopg
import pytest
from chejian_cloud.app import create_app
from chejian_cloud.config import Settings

from tests.cloud.plant_rows import PlantRows, Row
from tests.cloud.worker.rounds import T0, Bench, after, production
from tests.cloud.worker.test_diagnoses import ORDERS, shocks

RANGE = {"from": "2026-03-02T08:00:00+08:00", "to": "2026-03-02T12:00:00+08:00"}


async def ask(api: httpx.AsyncClient, path: str, **params: Any) -> Any:
    answer = await api.get(f"/api/v1{path}", params=params)
    assert answer.status_code == 200, answer.text
    return json.loads(answer.text, parse_constant=lambda name: pytest.fail(f"{path}: {name} in JSON"))


def aware(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    assert moment.tzinfo is not None
    return moment


async def test_registry(api: httpx.AsyncClient) -> None:
    (workshop,) = await ask(api, "/workshops")
    assert (workshop["code"], workshop["enterprise"], workshop["calendar"]) == (
        "HRB-W1",
        "hlj-demo",
        "HRB-2S",
    )
    assert [line["code"] for line in workshop["lines"]] == ["L1"]
    machines = await ask(api, "/equipment")
    assert [m["code"] for m in machines] == ["CNC-01", "MTS-01"]
    assert (await ask(api, "/equipment", code="MTS-01")) == machines[1:]
    assert (await ask(api, "/equipment", limit=1)) == machines[:1]
    detail = await ask(api, f"/equipment/{machines[1]['equipment_id']}")
    assert detail["feeds"] == [{"group": "hlj-demo", "node": "HRB-W1", "device": "MTS-01"}]
    assert detail["bearings"][0]["signal"] == "Vibration/DriveEnd"
    assert detail["type_name_zh"] == "电机试验台"


async def test_states_and_kpis(api: httpx.AsyncClient, plant: PlantRows) -> None:
    plant.write("CNC-01", production(2, 4))
    with Bench(plant.dsn, after(hours=4)) as bench:
        bench.settle()
    states = await ask(api, "/equipment/1/states", **RANGE)
    assert aware(states[0]["start"]) == aware(RANGE["from"])
    assert aware(states[-1]["end"]) == aware(RANGE["to"])
    assert {s["state_name"] for s in states} >= {"PRODUCING", "NO_DATA"}
    values = await ask(api, "/equipment/1/kpis", kpi="oee", window="hour", **RANGE)
    assert len(values) == 4
    for value in values:
        known = sum(value["inputs"][f"{part}_us"] for part in ("apt", "aust", "adet", "adot"))
        assert value["denominator"] == known
        assert value["inputs"]["calendar_us"] == 3_600_000_000
    assert {v["kpi"] for v in await ask(api, "/equipment/1/kpis", window="shift", **RANGE)} >= {
        "oee",
        "quality_ratio",
    }
    hours = (await ask(api, "/completeness", **RANGE))[0]["hours"]
    assert [h["completeness"] for h in hours] == [v["completeness"] for v in values]
    shifts = await ask(api, "/equipment/1/shifts", **RANGE)
    assert [(s["kind"], s["code"]) for s in shifts] == [("shift", "A")]
    assert aware(shifts[0]["end"]) == aware("2026-03-02T20:00:00+08:00")


async def test_samples_are_raw_then_decimated_with_their_extremes(
    api: httpx.AsyncClient, plant: PlantRows
) -> None:
    values = np.round(np.sin(np.arange(5000) / 50) * 40 + 50, 3)
    values[1234], values[4321] = 999.0, -999.0
    samples: list[Row] = [("Spindle/Temperature", T0 + 1000 * i, float(v)) for i, v in enumerate(values)]
    plant.write("CNC-01", samples)
    plant.write("CNC-01", [("Spindle/Temperature", T0 + 1000 * 5000, float("nan"))], quality=0)
    series = plant.series("CNC-01", "Spindle/Temperature")
    raw = await ask(api, f"/series/{series}/samples", max_points=10_000, **RANGE)
    assert (raw["total"], raw["decimated"], raw["unit"]) == (5001, False, "degC")
    assert raw["value"] == [*values.tolist(), None]
    assert raw["quality"][-1] == 0
    assert aware(raw["time"][0]) == after()
    few = await ask(api, f"/series/{series}/samples", max_points=400, **RANGE)
    assert few["decimated"]
    assert len(few["value"]) <= 400
    assert {999.0, -999.0} <= set(few["value"])
    drawn = dict(zip(raw["time"], raw["value"], strict=True))
    assert all(drawn[t] == v for t, v in zip(few["time"], few["value"], strict=True))
    assert few["time"] == sorted(few["time"])


async def test_signals_and_texts(api: httpx.AsyncClient, plant: PlantRows) -> None:
    plant.write("CNC-01", [("Order/Product", T0, "SHAFT-A"), ("Order/Product", T0 + 5, "HUSK-B")])
    with psycopg.connect(plant.dsn) as connection:
        connection.execute(
            "INSERT INTO telemetry.settled_value (series_id, time, text, quality) VALUES (%s, %s, 'HUSK-B', 192)",
            (plant.series("CNC-01", "Order/Product"), after()),
        )
    signals = {s["name"]: s for s in await ask(api, "/equipment/1/signals")}
    assert signals["Order/Product"]["last"]["text"] == "HUSK-B"
    assert signals["Counts/Good"]["last"] is None
    series = signals["Order/Product"]["series_id"]
    assert (await ask(api, f"/series/{series}/samples", **RANGE))["value"] == ["SHAFT-A", "HUSK-B"]


async def test_a_diagnosis_and_its_spectrum(api: httpx.AsyncClient, plant: PlantRows) -> None:
    plant.write(
        "MTS-01",
        [
            ("Motor/SerialNumber", T0, "M-000130"),
            ("Motor/Speed", T0, 1772.0),
            ("Vibration/DriveEnd", T0 + 10, shocks(1772.0, ORDERS.bpfo)),
        ],
    )
    with Bench(plant.dsn, after(hours=1)) as bench:
        bench.settle(diagnose=True)
    found, *others = (
        d for d in await ask(api, "/equipment/2/diagnoses", limit=5) if d["method"] == "bearing_envelope"
    )
    assert not others
    assert (found["part"], found["serial"]) == ("outer_race", "M-000130")
    detail = await ask(api, f"/diagnoses/{found['diagnosis_id']}")
    assert detail["bearing"] == "6205-2RS"
    assert detail["evidence"]["lines"]
    spectrum = await ask(api, f"/diagnoses/{found['diagnosis_id']}/spectrum", max_hz=400)
    assert len(spectrum["frequency"]) == len(spectrum["value"]) == len(spectrum["background"])
    marker = next(m for m in spectrum["markers"] if m["part"] == "outer_race" and m["order"] == 1)
    near = [
        v / b
        for f, v, b in zip(spectrum["frequency"], spectrum["value"], spectrum["background"], strict=True)
        if abs(f - marker["hz"]) < 1.0
    ]
    assert max(near) > 5


async def test_data_health_accounts_for_every_batch(api: httpx.AsyncClient, plant: PlantRows) -> None:
    big = 2**62 + 1
    with psycopg.connect(plant.dsn) as connection:
        connection.execute("UPDATE telemetry.node SET ledger_id = %s", (big,))
        connection.execute(
            "INSERT INTO telemetry.ledger (node_id, ledger_id, stored, dead, lost, produced_batches) VALUES"
            " (%s, %s, '{[1,50),[60,91)}', '{[50,52)}', '{[55,60)}', 100)",
            (plant.node_id, big),
        )
        connection.execute(
            "INSERT INTO telemetry.dead_letter (topic, node_id, batch, samples, reason, payload)"
            " VALUES ('t', %s, 50, 3, 'too old', ''), ('u', NULL, NULL, 0, 'no payload', '')",
            (plant.node_id,),
        )
    health = await ask(api, "/data-health")
    (node,) = health["nodes"]
    (ledger,) = node["ledgers"]
    assert ledger["ledger_id"] == str(big)
    assert (ledger["current"], ledger["balanced"]) == (True, True)
    parts = [ledger[f"{k}_batches"] for k in ("stored", "dead", "lost", "in_flight")]
    assert parts == [80, 2, 5, 13]
    assert sum(parts) == ledger["produced_batches"]
    assert ledger["stored_ranges"] == "1-49,60-90"
    assert (node["dead_letters"], health["unassigned_dead_letters"]) == (1, 1)
    assert node["newest_dead_letters"][0]["reason"] == "too old"


@pytest.mark.parametrize(
    ("path", "status", "key", "allowed"),
    [
        ("/equipment/99", 404, "equipment_id", None),
        ("/equipment/99/states", 404, "equipment_id", None),
        ("/equipment/nine", 422, "equipment_id", "valid integer"),
        ("/equipment/1/kpis?kpi=joy", 422, "kpi", "oee, availability"),
        ("/equipment/1/kpis?window=week", 422, "window", "hour, shift, day"),
        ("/equipment/1/states?from=2026-03-02T08:00:00", 422, "from", "timezone"),
        ("/equipment/1/states?from=2026-03-03T00:00:00Z&to=2026-03-02T00:00:00Z", 422, "from", "before 'to'"),
        ("/series/1/samples?from=2026-01-01T00:00:00Z&to=2026-03-02T00:00:00Z", 422, "from", "31 days"),
        ("/series/1/samples?max_points=1", 422, "max_points", "greater than or equal to 2"),
        ("/series/99999/samples", 404, "series_id", None),
        ("/diagnoses/7/spectrum", 404, "diagnosis_id", None),
    ],
)
async def test_errors_name_key_value_and_what_is_allowed(
    api: httpx.AsyncClient, path: str, status: int, key: str, allowed: str | None
) -> None:
    answer = await api.get(f"/api/v1{path}")
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert (problem["status"], problem["key"]) == (status, key)
    assert "value" in problem
    if allowed is not None:
        assert allowed in problem["allowed"]


async def test_every_response_has_the_security_headers(api: httpx.AsyncClient) -> None:
    for path in ("/healthz", "/api/v1/equipment", "/nowhere", "/api/v1/openapi.json"):
        headers = (await api.get(path)).headers
        assert headers["content-security-policy"].startswith("default-src 'self'"), path
        assert headers["x-content-type-options"] == "nosniff", path
    ready = (await api.get("/readyz")).json()
    assert ready["ready"] is True
    assert ready["store"] == (await ask(api, "/data-health"))["store"]
    assert ready["store"] in ("postgresql", "timescaledb-apache", "timescaledb-community")
    text = (await api.get("/metrics")).text
    assert 'chejian_cloud_http_requests_total{method="GET",route="/api/v1/equipment",status="200"} 1' in text


async def test_a_database_that_is_away_is_told(dsn: str) -> None:
    gone = dsn.replace("chejian_test_", "chejian_gone_")
    app = create_app(Settings(dsn=gone))
    transport = httpx.ASGITransport(app)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://api") as client,
    ):
        answer = await client.get("/api/v1/equipment", headers={"Authorization": "Bearer chj_of_nobody"})
        assert answer.status_code == 503
        assert answer.headers["content-type"] == "application/problem+json"
        assert (await client.get("/readyz")).status_code == 503
        assert (await client.get("/healthz")).status_code == 200
