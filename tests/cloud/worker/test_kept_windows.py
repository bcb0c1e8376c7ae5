"""Windows that something links to outlive raw retention; copies that nothing links to go."""

from datetime import timedelta
from functools import partial

import httpx
import psycopg
import pytest
from chejian_cloud.app import create_app
from chejian_cloud.config import Settings
from chejian_cloud.db.engine import make_engine
from chejian_cloud.worker.first_windows import FIRST_WINDOWS
from chejian_cloud.worker.kept_windows import AHEAD, AT_ONCE, keep_windows
from sqlalchemy.orm import Session

from tests.cloud.keys import bearer
from tests.cloud.plant_rows import PlantRows, moment
from tests.cloud.worker.rounds import T0, Bench, after, rows
from tests.cloud.worker.test_baselines import RPM, STEP, WAVE, machine
from tests.cloud.worker.test_diagnoses import ORDERS, shocks

QUIET = 6
NEWEST = 2
RETENTION = timedelta(days=3)
KEPT = "SELECT k.time, k.data = w.data AS same FROM app.kept_window k LEFT JOIN telemetry.waveform w USING (series_id, time) ORDER BY k.time"
VERDICTS = "SELECT diagnosis_id, part FROM app.diagnosis WHERE method = 'bearing_envelope' ORDER BY time"


@pytest.fixture(scope="module")
def blocks() -> list[bytes]:
    """Sound windows of a baseline, quiet ones, one with a damaged race, quiet ones again."""
    quiet = [machine(i) for i in range(FIRST_WINDOWS + QUIET)]
    return [*quiet, shocks(RPM, ORDERS.bpfo, seconds=2.0), *quiet[:QUIET]]


def at(i: int) -> int:
    return T0 + i * STEP + 1000


def keep(dsn: str, *, days: float) -> list[int]:
    """One look so many days after the windows; the numbers of the kept ones."""
    engine = make_engine(dsn, application="test")
    with Session(engine) as session, session.begin():
        keep_windows(session, after(hours=0) + timedelta(days=days), RETENTION, NEWEST)
    engine.dispose()
    kept = rows(dsn, KEPT)
    return [(round(row["time"].timestamp() * 1000) - 1000 - T0) // STEP for row in kept]


async def test_what_is_linked_outlives_raw_retention_and_the_rest_goes(
    plant: PlantRows, blocks: list[bytes]
) -> None:
    plant.write("MTS-01", [("Motor/Speed", T0, RPM), *((WAVE, at(i), b) for i, b in enumerate(blocks))])
    with Bench(plant.dsn, after(hours=3)) as bench:
        bench.settle(diagnose=True)
    look = partial(keep, plant.dsn)
    assert look(days=0.5) == []  # raw retention is far away
    damaged = FIRST_WINDOWS + QUIET
    last = len(blocks) - 1
    expected = [*range(FIRST_WINDOWS), damaged, last - 1, last]
    assert look(days=1.5) == expected
    assert all(row["same"] for row in rows(plant.dsn, KEPT))
    assert look(days=1.5) == expected

    quiet = rows(plant.dsn, VERDICTS)[damaged - 1]
    with psycopg.connect(plant.dsn) as connection:
        connection.execute(
            "INSERT INTO app.diagnosis_label (diagnosis_id, answer, comment, confidence, method_version, baseline, user_name)"
            " VALUES (%s, 'rejected', '', 'none', '1', '', 'Wang Fang')",
            (quiet["diagnosis_id"],),
        )
    assert look(days=1.5) == sorted([*expected, damaged - 1])
    with psycopg.connect(plant.dsn) as connection:
        connection.execute(
            "INSERT INTO telemetry.waveform_request (request_id, device_id, sent_at, arrived_at, series_id, time)"
            " SELECT 1, s.device_id, now(), now(), %s, %s FROM telemetry.series s WHERE s.series_id = %s",
            (asked := plant.series("MTS-01", WAVE), moment(at(damaged - 2)), asked),
        )
    expected = sorted([*expected, damaged - 2])
    assert look(days=1.5) == sorted([*expected, damaged - 1])
    with psycopg.connect(plant.dsn) as connection:
        connection.execute("DELETE FROM telemetry.waveform")  # as raw retention does
    assert look(days=9) == sorted([*expected, damaged - 1])

    (named,) = (row for row in rows(plant.dsn, VERDICTS) if row["part"] == "outer_race")
    app = create_app(Settings(dsn=plant.dsn))
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(
            transport=httpx.ASGITransport(app), base_url="http://api/api/v1", headers=bearer(plant.dsn)
        ) as api,
    ):
        again = (await api.get(f"/diagnoses/{named['diagnosis_id']}/recompute")).json()
    assert (again["same"], again["part"], again["differences"]) == (True, "outer_race", [])

    with psycopg.connect(plant.dsn) as connection:
        connection.execute("UPDATE app.diagnosis SET part = NULL, confidence = 'none'")
    assert look(days=9) == [*range(FIRST_WINDOWS), damaged - 2, damaged - 1, last - 1, last]


def test_a_backlog_is_copied_in_portions(plant: PlantRows) -> None:
    data = machine(1)[:4000]
    many = AT_ONCE + 5
    plant.write("MTS-01", [(WAVE, at(i), data) for i in range(many)])
    with psycopg.connect(plant.dsn) as connection:
        connection.execute(
            "INSERT INTO app.vibration_window (series_id, time, equipment_id, chain, bearing, parts, orders, envelope, velocity)"
            " SELECT w.series_id, w.time, e.equipment_id, 'c', '{}', '{}', '{}', '', ''"
            " FROM telemetry.waveform w, app.equipment e WHERE e.code = 'MTS-01'"
        )
    engine = make_engine(plant.dsn, application="test")
    now = after(hours=0) + RETENTION
    copied = []
    for _ in range(3):
        with Session(engine) as session, session.begin():
            copied.append(keep_windows(session, now, RETENTION, many))
    engine.dispose()
    assert copied == [AT_ONCE, 5, 0]
    assert AHEAD < RETENTION
