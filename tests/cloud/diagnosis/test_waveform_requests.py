"""Waveform requests as engineers see them; what the gateway notes is written here as it writes it."""

import secrets
from collections.abc import Callable

import httpx
import psycopg
import pytest
from chejian_cloud.diagnosis.waveform_requests import PER_HOUR

from tests.cloud.plant_rows import PlantRows
from tests.cloud.worker.rounds import after

WAVE = "Vibration/DriveEnd"
BODY = {"user_name": "Wang Fang", "comment": "it whistles"}

Execute = Callable[..., None]


@pytest.fixture
def execute(plant: PlantRows) -> Execute:
    def run(query: str, *values: object) -> None:
        with psycopg.connect(plant.dsn) as connection:
            connection.execute(query, values)

    return run


@pytest.fixture
async def asks(api: httpx.AsyncClient, execute: Execute) -> str:
    """Address of the requests of a machine whose edge takes them."""
    execute("UPDATE telemetry.device SET takes_requests = true WHERE name = 'MTS-01'")
    (machine,) = (await api.get("/api/v1/equipment", params={"code": "MTS-01"})).json()
    return f"/api/v1/equipment/{machine['equipment_id']}/waveform-requests"


async def test_a_request_is_requested_sent_and_arrived(
    api: httpx.AsyncClient, asks: str, plant: PlantRows, execute: Execute
) -> None:
    made = await api.post(asks, json={**BODY, "wait_s": 60})
    assert made.status_code == 201, made.text
    told = made.json()
    assert (told["state"], told["device"], told["user_name"]) == ("requested", "MTS-01", "Wang Fang")
    assert (told["sent_at"], told["arrived_at"], told["window"]) == (None, None, None)
    assert (await api.get(asks)).json() == [told]

    execute(
        "INSERT INTO telemetry.waveform_request (request_id, device_id, sent_at)"
        " SELECT request_id, device_id, now() FROM app.wanted_waveform"
    )
    (sent,) = (await api.get(asks)).json()
    assert (sent["state"], sent["sent_at"] >= sent["asked_at"]) == ("sent", True)

    series, time = plant.series("MTS-01", WAVE), after(minutes=1)
    execute(
        "UPDATE telemetry.waveform_request SET arrived_at = now(), series_id = %s, time = %s", series, time
    )
    execute("UPDATE app.waveform_request SET asked_at = asked_at - interval '1 h', expires_at = asked_at")
    (arrived,) = (await api.get(asks)).json()
    expected = {
        "series_id": series,
        "signal": WAVE,
        "time": "2026-03-02T00:01:00.000+00:00",
        "diagnosis_id": None,
    }
    assert (arrived["state"], arrived["window"]) == ("arrived", expected)

    execute(
        "INSERT INTO app.diagnosis (equipment_id, series_id, time, method, method_version, part, confidence, bearing,"
        " evidence, computed_at) SELECT equipment_id, %s, %s, m, '1', p, 'none', '{}', '{}', now()"
        " FROM app.equipment, (VALUES ('bearing_envelope', NULL), ('shaft_orders', 'imbalance')) AS v (m, p)"
        " WHERE code = 'MTS-01'",
        series,
        time,
    )
    (read,) = (await api.get(asks)).json()
    verdict = (await api.get(f"/api/v1/diagnoses/{read['window']['diagnosis_id']}")).json()
    assert verdict["part"] == "imbalance", "the verdict that names something, where one does"


async def test_what_does_not_come_expires_and_is_wanted_no_more(
    api: httpx.AsyncClient, asks: str, plant: PlantRows, execute: Execute
) -> None:
    await api.post(asks, json=BODY)
    again = await api.post(asks, json=BODY)
    assert (again.status_code, "is open" in again.json()["detail"]) == (409, True)
    execute("UPDATE app.waveform_request SET asked_at = asked_at - interval '1 h', expires_at = now()")
    assert [r["state"] for r in (await api.get(asks)).json()] == ["expired"]
    with psycopg.connect(plant.dsn) as connection:
        assert connection.execute("SELECT * FROM app.wanted_waveform").fetchall() == []
    assert (await api.post(asks, json=BODY)).status_code == 201


async def test_a_request_sent_again_with_its_key_is_one_request_and_stands_in_the_journal(
    api: httpx.AsyncClient, asks: str, plant: PlantRows
) -> None:
    key = {"Idempotency-Key": "k-1"}
    first, second = [await api.post(asks, json=BODY, headers=key) for _ in range(2)]
    assert (first.status_code, second.status_code) == (201, 201)
    assert second.json() == first.json()
    assert second.headers["idempotency-replayed"] == "true"
    with psycopg.connect(plant.dsn) as connection:
        lines = connection.execute(
            "SELECT action FROM app.audit WHERE action LIKE %s", ("%waveform-requests%",)
        ).fetchall()
    assert len(lines) == 1


async def test_who_may_read_the_view_sees_ids_of_open_requests_and_nothing_else(
    api: httpx.AsyncClient, asks: str, plant: PlantRows
) -> None:
    """As the gateway's user in the containers, which has no other right on schema `app`."""
    await api.post(asks, json=BODY)
    role = f"gateway_{secrets.token_hex(4)}"
    with psycopg.connect(plant.dsn, autocommit=True) as connection:
        for statement in (
            f"CREATE ROLE {role} NOLOGIN",
            f"GRANT USAGE ON SCHEMA app TO {role}",
            f"GRANT SELECT ON app.wanted_waveform TO {role}",
            f"SET ROLE {role}",
        ):
            connection.execute(statement)
        cursor = connection.execute("SELECT * FROM app.wanted_waveform")
        assert [column.name for column in cursor.description or ()] == ["request_id", "device_id"]
        assert len(cursor.fetchall()) == 1
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("SELECT FROM app.waveform_request")
        connection.execute("RESET ROLE")
        connection.execute(f"DROP OWNED BY {role}")
        connection.execute(f"DROP ROLE {role}")


async def test_a_machine_is_asked_only_so_often(api: httpx.AsyncClient, asks: str, execute: Execute) -> None:
    execute(
        "INSERT INTO app.waveform_request (equipment_id, device_id, asked_at, expires_at, comment, user_name)"
        " SELECT e.equipment_id, d.device_id, now() - i * interval '1 min', now() - interval '10 s', '', 'li'"
        " FROM app.equipment e JOIN telemetry.device d ON d.name = e.code, generate_series(20, 20 + %s) i"
        " WHERE e.code = 'MTS-01'",
        PER_HOUR - 1,
    )
    refused = await api.post(asks, json=BODY)
    assert refused.status_code == 429
    assert 0 < int(refused.headers["retry-after"]) <= 3600 - 20 * 60
    execute("UPDATE app.waveform_request SET asked_at = asked_at - interval '1 h' WHERE request_id = 1")
    assert (await api.post(asks, json=BODY)).status_code == 201


async def test_who_takes_no_requests_is_not_asked(
    api: httpx.AsyncClient, asks: str, execute: Execute
) -> None:
    execute("UPDATE telemetry.device SET takes_requests = false")
    refused = await api.post(asks, json=BODY)
    assert (refused.status_code, "waveform_requests" in refused.json()["detail"]) == (409, True)
    (lathe,) = (await api.get("/api/v1/equipment", params={"code": "CNC-01"})).json()
    other = await api.post(f"/api/v1/equipment/{lathe['equipment_id']}/waveform-requests", json=BODY)
    assert (other.status_code, other.json()["detail"]) == (409, "no device of this machine tells waveforms")
    for wait_s in (9, 86_401):
        assert (await api.post(asks, json={**BODY, "wait_s": wait_s})).status_code == 422
    assert (await api.get(asks)).json() == []
