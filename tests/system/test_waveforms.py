"""Waveforms through the whole chain: by schedule, above a limit, and asked for by an engineer.

A real OPC UA server tells a block each few seconds; broker, gateway, edge, worker and API run as processes.
"""

import asyncio
import subprocess
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import psycopg
import pytest
from asyncua import ua
from chejian.stack import ProcessSpec, Supervisor
from chejian.stack.ports import free_port

from tests.cloud.conftest import GOOD
from tests.cloud.keys import bearer
from tests.cloud.worker.test_baselines import RPM, machine
from tests.edge.plant import URI, Plant
from tests.fixtures.fix_broker import BrokerFactory
from tests.system.chain import program

pytestmark = pytest.mark.system

SPEED, WAVE = "MTS-01/Motor/Speed", "MTS-01/Vibration/DriveEnd"
SPAN_MS, STEP_MS = 600_000, 5_000
WITHIN_S = 60.0
EDGE = """
[node]
group = "hlj-demo"
name = "HRB-W1"
waveform_requests = true
[mqtt]
url = "{mqtt}"
[buffer]
path = "edge.sqlite"
[http]
port = {port}
[[source]]
name = "plant"
driver = "opcua"
url = "{opcua}"
first_contact = "1h"
[[equipment]]
code = "MTS-01"
type = "motor_test_stand"
line = "L1"
source = "plant"
signal = [
  {{ name = "Motor/Speed", address = "nsu={uri};s=MTS-01/Motor/Speed" }},
  {{ name = "Vibration/DriveEnd", address = "nsu={uri};s=MTS-01/Vibration/DriveEnd", sample_rate = 12000, acquire_every = "10min", acquire_above = 0.15 }},
]
"""
TIMES = "SELECT (extract(epoch FROM time) * 1000)::bigint FROM telemetry.waveform ORDER BY time"


async def until(condition: Callable[[], Awaitable[object]], what: str) -> None:
    """Await a condition with a deadline."""
    deadline = time.monotonic() + WITHIN_S
    while not await condition():
        assert time.monotonic() < deadline, f"not within {WITHIN_S} s: {what}"
        await asyncio.sleep(0.05)


class Parts:
    """The processes between source and browser; a context manager.

    Args:
        folder: for files and logs.
        environment: addresses of database and broker.
        opcua: address of the source.
    """

    def __init__(self, folder: Path, environment: dict[str, str], opcua: str) -> None:
        self.folder, self.environment = folder, environment
        self.ports = {name: free_port() for name in ("gateway", "worker", "api", "edge")}
        gateway, edge = folder / "gateway.toml", folder / "edge.toml"
        gateway.write_text(f"[http]\nport = {self.ports['gateway']}\n", "utf-8")
        mqtt = environment["CHEJIAN_MQTT_URL"]
        edge.write_text(EDGE.format(mqtt=mqtt, port=self.ports["edge"], opcua=opcua, uri=URI), "utf-8")
        cloud = program("chejian-cloud")
        self._argv = {
            "gateway": [program("chejian-gateway"), "--config", str(gateway), "run"],
            "worker": [cloud, "worker", "--port", str(self.ports["worker"])],
            "api": [cloud, "api", "--port", str(self.ports["api"])],
            "edge": [program("chejian-edge"), "run", "--config", str(edge)],
        }

    def url(self, name: str) -> str:
        """Address of a part's pages."""
        return f"http://127.0.0.1:{self.ports[name]}"

    @asynccontextmanager
    async def running(self) -> AsyncIterator[httpx.AsyncClient]:
        """Start them; yields a client of the API."""
        with Supervisor() as supervisor:
            for name, argv in self._argv.items():
                log = self.folder / f"{name}.log"
                supervisor.start(ProcessSpec(name=name, argv=argv, log=log, env=self.environment))
            key = bearer(self.environment["CHEJIAN_DSN"])
            async with httpx.AsyncClient(base_url=f"{self.url('api')}/api/v1", headers=key) as api:
                for name in self._argv:
                    await self._ready(f"{self.url(name)}/readyz", api)
                yield api

    async def _ready(self, url: str, client: httpx.AsyncClient) -> None:
        async def answers() -> bool:
            try:
                return (await client.get(url)).is_success
            except httpx.TransportError:
                return False

        await until(answers, f"{url} answers")


def prepare(environment: dict[str, str]) -> None:
    """Make the schemas and enter the registry."""
    for argv in (
        ["chejian-gateway", "migrate"],
        ["chejian-cloud", "migrate"],
        ["chejian-cloud", "seed", str(GOOD)],
    ):
        subprocess.run([program(argv[0]), *argv[1:]], env=environment, check=True, capture_output=True)


async def test_by_schedule_above_a_limit_and_on_request(
    tmp_path: Path, database: str, broker_factory: BrokerFactory, request: pytest.FixtureRequest
) -> None:
    broker = broker_factory(kind=request.config.getoption("--broker"))
    environment = {"CHEJIAN_DSN": database, "CHEJIAN_MQTT_URL": broker.url}
    prepare(environment)
    start = int(time.time() * 1000) // SPAN_MS * SPAN_MS - 3 * SPAN_MS + STEP_MS
    kinds = {SPEED: ua.VariantType.Double, WAVE: ua.VariantType.Float}

    async def stored() -> list[int]:
        async with await psycopg.AsyncConnection.connect(database) as connection:
            rows = await (await connection.execute(TIMES)).fetchall()
        return [(row[0] - start) // STEP_MS for row in rows]

    async def has(*steps: int) -> None:
        async def same() -> bool:
            return await stored() == list(steps)

        await until(same, f"blocks {steps} are stored")

    async with Plant(kinds) as plant:
        parts = Parts(tmp_path, environment, plant.url)
        async with parts.running() as api:

            async def tell(step: int, *, imbalance: float = 0.03) -> None:
                block = np.frombuffer(machine(step, imbalance), "<f4").tolist()
                await plant.write(WAVE, block, start + step * STEP_MS)

            await plant.write(SPEED, RPM, start)
            await tell(0)
            await tell(1)
            await tell(2, imbalance=0.35)
            await tell(3)
            await has(0, 2)

            (machine_row,) = (await api.get("/equipment", params={"code": "MTS-01"})).json()
            asks = f"/equipment/{machine_row['equipment_id']}/waveform-requests"
            asked = await api.post(asks, json={"user_name": "li"}, headers={"Idempotency-Key": "once"})
            assert (asked.status_code, asked.json()["state"]) == (201, "requested"), asked.text

            async def newest() -> dict[str, Any]:
                found: list[dict[str, Any]] = (await api.get(asks)).json()
                return found[0]

            async def heard() -> bool:
                text = (await api.get(f"{parts.url('edge')}/metrics")).text
                return 'chejian_edge_publisher_total{kind="acquisitions"} 1' in text

            await until(heard, "the edge has heard the request")
            assert (await newest())["state"] in ("requested", "sent")
            assert await stored() == [0, 2], "nothing came of itself"
            await tell(4)
            await tell(5)
            await tell(SPAN_MS // STEP_MS)

            async def read() -> bool:
                row = await newest()
                return row["state"] == "arrived" and row["window"]["diagnosis_id"] is not None

            await until(read, "the window has come and was read")
            await has(0, 2, 4, SPAN_MS // STEP_MS)
            row = await newest()
            window = row["window"]
            arrived = round(datetime.fromisoformat(window["time"]).timestamp() * 1000)
            assert (arrived, window["signal"]) == (start + 4 * STEP_MS, "Vibration/DriveEnd")
            assert row["asked_at"] <= row["sent_at"] <= row["arrived_at"] <= row["expires_at"]
            spectrum = await api.get(f"/diagnoses/{window['diagnosis_id']}/spectrum")
            assert spectrum.status_code == 200
            page = await api.get(f"{parts.url('api')}/equipment/{machine_row['equipment_id']}/diagnosis")
            assert 'id="ask-form" data-takes' in page.text
