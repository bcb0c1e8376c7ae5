"""The worker as a process: killed at any time, it goes on; told to end, it ends; a second one stands by."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest
from chejian_cloud.config import Settings
from chejian_cloud.worker.process import WorkerProcess
from chejian_contract.health import Metrics

from tests.cloud.plant_rows import PlantRows, Row, moment
from tests.cloud.worker.rounds import KPIS, STATES, T0, Bench, production, rows

pytestmark = pytest.mark.system
DEADLINE = 45.0


def wait_for(condition: Callable[[], object], what: str) -> None:
    until = time.monotonic() + DEADLINE
    while not condition():
        assert time.monotonic() < until, f"not within {DEADLINE} s: {what}"
        threading.Event().wait(0.05)


@pytest.fixture
def spawn(seeded: str, tmp_path: Path) -> Iterator[Callable[[], subprocess.Popen[bytes]]]:
    """Starts `chejian-cloud worker` on `seeded`; what still runs is killed at the end."""
    started: list[subprocess.Popen[bytes]] = []

    def start() -> subprocess.Popen[bytes]:
        with (tmp_path / f"worker{len(started)}.log").open("wb") as log:
            command = [
                sys.executable,
                "-c",
                "import sys; from chejian_cloud.cli import main; sys.exit(main())",
                "worker",
            ]
            started.append(
                subprocess.Popen(command, env={**os.environ, "CHEJIAN_DSN": seeded}, stdout=log, stderr=log)
            )
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.wait()


def test_killed_in_the_middle_it_goes_on_and_ends_when_told(
    plant: PlantRows, spawn: Callable[[], subprocess.Popen[bytes]]
) -> None:
    hour = int(time.time()) // 3600 * 3_600_000
    shift = hour - 24 * 3_600_000 - T0
    samples: list[Row] = [(name, ms + shift, value) for name, ms, value in production(21, 20)]
    plant.write("CNC-01", samples)
    first = spawn()
    wait_for(lambda: rows(plant.dsn, "SELECT 1 FROM app.state_interval LIMIT 1"), "first results")
    first.send_signal(signal.SIGKILL)
    first.wait()
    plant.write("CNC-01", [("State/MachineState", hour - 1000, 1)])
    second = spawn()
    wait_for(lambda: not rows(plant.dsn, "SELECT 1 FROM telemetry.dirty"), "no marks left")
    second.terminate()
    assert second.wait(20) == 0
    stored = rows(plant.dsn, KPIS)
    with Bench(plant.dsn, datetime.now(UTC)) as bench, psycopg.connect(plant.dsn) as connection:
        connection.execute("TRUNCATE app.kpi_value, app.state_interval")
        connection.execute(
            "INSERT INTO app.dirty (equipment_id, hour, lo, hi, reason)"
            " SELECT 1, h, h, h + interval '1 hour', 'test' FROM generate_series(%s, %s, interval '1 hour') h",
            (moment(hour - 24 * 3_600_000), moment(hour)),
        )
        connection.commit()
        bench.settle()
    anew = {
        (r["kpi"], r["window_kind"], r["start"]): r for r in rows(plant.dsn, KPIS) if not r["provisional"]
    }
    closed = [r for r in stored if (r["kpi"], r["window_kind"], r["start"]) in anew and r["code"] == "CNC-01"]
    assert len(closed) > 100
    assert closed == [anew[r["kpi"], r["window_kind"], r["start"]] for r in closed]


def test_a_second_worker_stands_by_and_takes_over(plant: PlantRows) -> None:
    first, second = (WorkerProcess(Settings(dsn=plant.dsn), Metrics()) for _ in range(2))
    threads = [threading.Thread(target=p.run) for p in (first, second)]
    threads[0].start()
    wait_for(lambda: first.ready()[1]["state"] == "working", "the first works")
    threads[1].start()
    wait_for(lambda: second.ready()[1]["state"] == "standby", "the second stands by")
    first.stop()
    wait_for(lambda: second.ready()[1]["state"] == "working", "the second works")
    plant.write("CNC-01", [("State/MachineState", int(time.time() * 1000) - 500, 1)])
    wait_for(lambda: [r for r in rows(plant.dsn, STATES) if r["state"] == 1], "the second computes")
    second.stop()
    for thread in threads:
        thread.join(DEADLINE)
        assert not thread.is_alive()


def test_it_outlives_lost_connections(plant: PlantRows) -> None:
    process = WorkerProcess(Settings(dsn=plant.dsn), Metrics())
    thread = threading.Thread(target=process.run)
    thread.start()
    wait_for(lambda: process.ready()[1]["state"] == "working", "it works")
    rows(
        plant.dsn,
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE datname = current_database() AND application_name LIKE 'chejian-cloud worker%%'",
    )
    plant.write("CNC-01", [("State/MachineState", int(time.time() * 1000) - 500, 1)])
    wait_for(lambda: not rows(plant.dsn, "SELECT 1 FROM telemetry.dirty"), "it works again")
    process.stop()
    thread.join(DEADLINE)
    assert not thread.is_alive()
