"""System test B: the edge killed. What was produced is stored; a source with history fills the gap, one without shows it."""

import asyncio
import json
import signal
import sqlite3
import subprocess
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest
from asyncua import ua
from asyncua.server.history import HistoryManager
from asyncua.ua.status_codes import StatusCodes
from chejian.stack import Broker, EmbeddedPostgres, ProcessSpec, Supervisor
from chejian.stack.ports import free_port
from chejian_contract.states import MachineState
from chejian_edge.status import read_status

from tests.edge.plant import URI, Plant
from tests.faults.waiting import until
from tests.system.account import doubled_rows
from tests.system.chain import dirty_marks, edge_command, make_schemas, program
from tests.system.demo import Demo
from tests.system.sources import Point, stored, told, without_heartbeats

pytestmark = [pytest.mark.system, pytest.mark.timeout(420)]

HEARTBEAT_MS = 30_000
EDGE_OF_HARBIN = "edge-harbin"
"""The process that is killed."""


def test_history_brings_back_every_change_of_the_simulator(tmp_path: Path) -> None:
    """Killed three times while history comes in and three times live; then rows equal the model's own list of changes."""
    with Demo(tmp_path, history="6h", minutes=0.6, recordings=None) as demo:
        demo.wait_for("back-fill", 120)
        for _ in range(3):
            time.sleep(0.7)  # a share of the history
            demo.wait_replaced(EDGE_OF_HARBIN, demo.kill(EDGE_OF_HARBIN), 30)
        demo.wait_for("live", 300)
        for _ in range(3):
            demo.wait_replaced(EDGE_OF_HARBIN, demo.kill(EDGE_OF_HARBIN), 30)
        report = demo.finish()
    assert report["facts"]["restarts"][EDGE_OF_HARBIN] >= 6
    truth = json.loads((demo.data / "truth" / "harbin.json").read_text("utf-8"))
    with EmbeddedPostgres(demo.data / "postgres") as server:
        rows = stored(server.dsn("chejian"))
        with psycopg.connect(server.dsn("chejian")) as connection:
            assert doubled_rows(connection) == 0
    wanted = told(truth, demo.data / "edge" / "harbin" / "edge.toml")
    assert sum(len(points) for points in wanted.values()) > 10_000
    for name, points in wanted.items():
        found = [p for p in without_heartbeats(rows.get(name, []), HEARTBEAT_MS) if p[0] < truth["end_ms"]]
        assert found == points, f"{name}: {_first_difference(found, points)}"


def _first_difference(found: list[Point], wanted: list[Point]) -> str:
    missing, extra = sorted(set(wanted) - set(found)), sorted(set(found) - set(wanted))
    return f"{len(missing)} missing {missing[:3]}, {len(extra)} too much {extra[:3]}"


PRODUCING, FAULT = 10, 30
"""The machine's own codes."""
SIGNALS = {
    "State/MachineState": ua.VariantType.Int32,
    "Counts/Produced": ua.VariantType.Int64,
    "Counts/Good": ua.VariantType.Int64,
    "Counts/Scrap": ua.VariantType.Int64,
}
EDGE = """
[node]
group = "hlj-demo"
name = "HRB-W1"
[mqtt]
url = "{mqtt}"
retry_max = "1s"
[buffer]
path = "buffer.sqlite"
[pipeline]
heartbeat = "1s"
[[source]]
name = "plant"
driver = "opcua"
url = "{opcua}"
first_contact = "1h"
retry_max = "500ms"
[[equipment]]
code = "CNC-01"
type = "cnc_machining_centre"
source = "plant"
signal = [
{signals}
]
"""
GAP_S = 6.0
"""The edge is down so long [s]: three times as long as a value holds here."""
HOLD_S = 2.0
"""How long a value holds without another one [s]: two heartbeats."""
NO_DATA = """
SELECT extract(epoch FROM i.start)::float8, extract(epoch FROM i."end")::float8
  FROM app.state_interval i JOIN app.equipment USING (equipment_id)
 WHERE code = 'CNC-01' AND state = 0 AND i.start < to_timestamp(%s) AND i."end" > to_timestamp(%s) ORDER BY 1
"""
COUNTED = """
SELECT sum((inputs->>'produced')::bigint), sum((inputs->>'good')::bigint), sum((inputs->>'scrap')::bigint)
  FROM app.kpi_value JOIN app.equipment USING (equipment_id)
 WHERE code = 'CNC-01' AND kpi = 'oee' AND window_kind = 'hour'
"""


class NoHistory(HistoryManager):
    """Refuses every HistoryRead, as most servers do."""

    async def read_history(self, params: ua.HistoryReadParameters) -> list[ua.HistoryReadResult]:
        refusal = ua.StatusCode(ua.UInt32(StatusCodes.BadHistoryOperationUnsupported))
        return [ua.HistoryReadResult(StatusCode=refusal) for _ in params.NodesToRead]


class Machine:
    """A machine that makes a piece every 50 ms; every tenth is scrap."""

    def __init__(self, plant: Plant) -> None:
        self._plant = plant
        self.produced = 0
        self.last_ms = 0

    async def start(self) -> None:
        await self.state(PRODUCING)
        self.last_ms = _now_ms()
        for name in ("Produced", "Good", "Scrap"):
            await self._plant.write(f"CNC-01/Counts/{name}", 0, self.last_ms)

    async def work(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.produced += 1
            self.last_ms = _now_ms()
            scrap = self.produced // 10
            values = {"Produced": self.produced, "Good": self.produced - scrap, "Scrap": scrap}
            for name, value in values.items():
                await self._plant.write(f"CNC-01/Counts/{name}", value, self.last_ms)
            await asyncio.sleep(0.05)

    async def state(self, code: int) -> int:
        """Change the state; returns when [ms UTC]."""
        now_ms = _now_ms()
        await self._plant.write("CNC-01/State/MachineState", code, now_ms)
        return now_ms


def _now_ms() -> int:
    return time.time_ns() // 1_000_000


@asynccontextmanager
async def source() -> AsyncIterator[Plant]:
    """A server that keeps no history."""
    async with Plant({f"CNC-01/{name}": kind for name, kind in SIGNALS.items()}) as plant:
        plant.server.iserver.history_manager = NoHistory(plant.server.iserver)
        yield plant


def edge_toml(mqtt: str, opcua: str) -> str:
    states = ', state_map = { "10" = "PRODUCING", "30" = "FAULT" }'
    lines = [
        f'  {{ name = "{name}", address = "nsu={URI};s=CNC-01/{name}"{states * name.startswith("State")} }},'
        for name in SIGNALS
    ]
    return EDGE.format(mqtt=mqtt, opcua=opcua, signals="\n".join(lines))


async def test_without_history_the_gap_shows_and_totals_are_exact(tmp_path: Path, database: str) -> None:
    with Broker(tmp_path / "broker") as broker, Supervisor() as supervisor:
        environment = {"CHEJIAN_DSN": database, "CHEJIAN_MQTT_URL": broker.url}
        await asyncio.to_thread(make_schemas, tmp_path, environment)
        await asyncio.to_thread(start_host, supervisor, tmp_path, environment)
        async with source() as plant:
            machine = Machine(plant)
            await machine.start()
            config = tmp_path / "edge.toml"
            config.write_text(edge_toml(broker.url, plant.url), "utf-8")
            gaps = [await killed_while_working(config, machine, environment) for _ in range(2)]
            process = run_edge(config, environment)
            await machine.work(3.0)
            await seen(config.parent / "buffer.sqlite", machine)
            process.send_signal(signal.SIGTERM)
            assert await asyncio.to_thread(process.wait, 20) == 0
        status = read_status(tmp_path / "buffer.sqlite")
        with psycopg.connect(database, autocommit=True) as connection:
            await asyncio.to_thread(until, figures_are_ready(connection, machine), 60, "the last figures")
            check_account(connection, status)
            rows = stored(database)
            check_gaps(connection, gaps, [time_ms for time_ms, _ in rows["CNC-01/State/MachineState"]])
        points = without_heartbeats(rows["CNC-01/Counts/Produced"], 1000)
        values = [value for _, value in points]
        assert values == sorted(set(values)), "a counter that runs backwards or repeats"
        assert values[-1] == machine.produced


def start_host(supervisor: Supervisor, folder: Path, environment: dict[str, str]) -> None:
    """A gateway, and a worker for which a value holds two heartbeats of the edge's one second."""
    ports = {name: free_port() for name in ("gateway", "worker")}
    (folder / "gateway.toml").write_text(f"[http]\nport = {ports['gateway']}\n", "utf-8")
    (folder / "cloud.toml").write_text(
        f'hold = "{HOLD_S:g}s"\nsettle = "0s"\nrunning_interval = "500ms"\n', "utf-8"
    )
    argv = {
        "gateway": [program("chejian-gateway"), "--config", str(folder / "gateway.toml"), "run"],
        "worker": [program("chejian-cloud"), "worker", "--config", str(folder / "cloud.toml")],
    }
    argv["worker"] += ["--port", str(ports["worker"])]
    for name, command in argv.items():
        log = folder / f"{name}.log"
        supervisor.start(ProcessSpec(name=name, argv=command, log=log, env=environment))
    for name, port in ports.items():
        supervisor.wait_ready(name, f"http://127.0.0.1:{port}/readyz", within=60)


def run_edge(config: Path, environment: dict[str, str]) -> subprocess.Popen[bytes]:
    log = (config.parent / "edge.log").open("ab")
    with log:
        return subprocess.Popen(edge_command(config), env=environment, stderr=log)


async def killed_while_working(
    config: Path, machine: Machine, environment: dict[str, str]
) -> tuple[float, float]:
    """Run the edge, kill it, let the machine fail and recover meanwhile.

    Returns:
        When the edge died, and since when the machine has been in the state in which the next edge finds it [s UTC]:
        what was between them no one can know.
    """
    process = run_edge(config, environment)
    buffer = config.parent / "buffer.sqlite"
    await seen(buffer, machine)
    await machine.work(2.0)
    await seen(buffer, machine)
    process.kill()
    assert await asyncio.to_thread(process.wait, 10) == -signal.SIGKILL
    began = time.time()
    await machine.state(FAULT)
    await machine.work(GAP_S)
    return began, await machine.state(PRODUCING) / 1000


async def seen(buffer: Path, machine: Machine) -> None:
    """Wait until the edge's buffer holds the machine's last count."""
    deadline = time.monotonic() + 30
    while newest_ms(buffer) < machine.last_ms:
        assert time.monotonic() < deadline, "the edge does not read the machine"
        await asyncio.sleep(0.05)


def newest_ms(buffer: Path) -> int:
    """Source time of the newest count in a buffer, -1 for none."""
    if not buffer.exists():
        return -1
    database = sqlite3.connect(f"{buffer.as_uri()}?mode=ro", uri=True)
    try:
        query = "SELECT source_ms FROM series JOIN alias USING (alias) WHERE name = 'Counts/Produced'"
        row = database.execute(query).fetchone()
    except sqlite3.OperationalError:  # the edge is still making its tables
        return -1
    finally:
        database.close()
    return int(row[0]) if row else -1


def figures_are_ready(connection: psycopg.Connection, machine: Machine) -> Callable[[], bool]:
    """Whether the worker has counted up to the machine's last piece."""

    def ready() -> bool:
        row = connection.execute(COUNTED).fetchone()
        return dirty_marks(connection) == 0 and row is not None and row[0] == machine.produced

    return ready


def check_account(connection: psycopg.Connection, status: dict[str, Any]) -> None:
    """Produced = stored, nothing in flight, nothing doubled."""
    query = "SELECT ledger_id, stored::text, stored_samples FROM telemetry.ledger"
    (row,) = connection.execute(query).fetchall()
    batches = status["produced_batches"]
    assert row == (status["ledger_id"], f"{{[1,{batches + 1})}}", status["produced_samples"])
    assert status["in_flight_batches"] == 0
    assert doubled_rows(connection) == 0


def check_gaps(connection: psycopg.Connection, gaps: list[tuple[float, float]], known_ms: list[int]) -> None:
    """Each gap is one stretch without data; the fault that nobody has seen is not invented."""
    for began, ended in gaps:
        found = connection.execute(NO_DATA, [ended, began]).fetchall()
        assert len(found) == 1, (datetime.fromtimestamp(began, UTC), found)
        (start, end) = found[0]
        last_ms = max(time_ms for time_ms in known_ms if time_ms / 1000 < began)
        assert start == last_ms / 1000 + HOLD_S, "a value holds two heartbeats"
        assert end == ended, "a source without history still says since when its present value holds"
    states = {
        row[0] for row in connection.execute("SELECT DISTINCT state FROM app.state_interval").fetchall()
    }
    assert states == {0, int(MachineState.PRODUCING)}
