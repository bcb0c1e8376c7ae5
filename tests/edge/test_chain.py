"""The whole edge with real parts: OPC UA server, buffer file, mosquitto, and a foreign Sparkplug host."""

import asyncio
import contextlib
import json
import random
import signal
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
from asyncua import ua
from chejian_contract.sparkplug.topics import MessageType
from chejian_edge.agent import Agent
from chejian_edge.cli import main
from chejian_edge.driver import Burst
from chejian_edge.errors import SourceError
from chejian_edge.plan import load_plan
from chejian_edge.status import read_status

from tests.edge.host import Host, birth_properties, until
from tests.edge.plant import URI, Plant

pytestmark = pytest.mark.system
NAMES = {
    "CNC-01/State/MachineState": ua.VariantType.Int32,
    "CNC-01/Counts/Produced": ua.VariantType.Int64,
    "CNC-01/Order/Product": ua.VariantType.String,
    "CNC-01/Spindle/Load": ua.VariantType.Double,
    "MTS-01/Vibration/DriveEnd": ua.VariantType.Float,
}
CONFIG = """
[node]
group = "g{tag}"
name = "W1"
device_timeout = "1s"
[mqtt]
url = "{mqtt}"
retry_max = "1s"
[buffer]
path = "buffer.sqlite"
[[source]]
name = "plant"
driver = "opcua"
url = "{opcua}"
first_contact = "1h"
retry_max = "500ms"
[[equipment]]
code = "CNC-01"
type = "cnc_machining_centre"
line = "L1"
source = "plant"
signal = [
  {{ name = "State/MachineState", address = "nsu={uri};s=CNC-01/State/MachineState", state_map = {{ "10" = "PRODUCING", "30" = "FAULT", "50" = "IDLE" }} }},
  {{ name = "Counts/Produced", address = "nsu={uri};s=CNC-01/Counts/Produced" }},
  {{ name = "Order/Product", address = "nsu={uri};s=CNC-01/Order/Product" }},
  {{ name = "Spindle/Load", address = "nsu={uri};s=CNC-01/Spindle/Load" }},
]
[[equipment]]
code = "MTS-01"
type = "motor_test_stand"
line = "T1"
source = "plant"
signal = [
  {{ name = "Vibration/DriveEnd", address = "nsu={uri};s=MTS-01/Vibration/DriveEnd", sample_rate = 12000 }},
]
"""

EDGE = str(Path(sys.executable).with_name("chejian-edge"))

WriteConfig = Callable[[str], Path]


@pytest.fixture
def write_config(tmp_path: Path, mqtt_url: str, group: str) -> WriteConfig:
    def write(opcua: str, **_: Any) -> Path:
        path = tmp_path / "edge.toml"
        path.write_text(CONFIG.format(tag=group[1:], mqtt=mqtt_url, opcua=opcua, uri=URI), "utf-8")
        return path

    return write


def now_ms() -> int:
    return time.time_ns() // 1_000_000


def values_of(host: Host, name: str) -> list[Any]:
    return host.values("CNC-01", name)


async def kill(process: asyncio.subprocess.Process) -> None:
    process.kill()
    assert await process.wait() == -signal.SIGKILL


async def test_browse_and_probe_show_what_a_source_has(
    write_config: WriteConfig, capsys: pytest.CaptureFixture[str]
) -> None:
    async with Plant(NAMES) as plant:
        await plant.write("CNC-01/State/MachineState", 30, 1_700_000_000_000)
        await plant.write("CNC-01/Spindle/Load", float("nan"), 1_700_000_000_000)
        await plant.write("MTS-01/Vibration/DriveEnd", [0.5] * 8, 1_700_000_000_000)
        config = str(write_config(plant.url))
        assert await asyncio.to_thread(main, ["browse", "--config", config]) == 0
        listed = capsys.readouterr().out
        assert f"nsu={URI};s=CNC-01/Spindle/Load\tDouble\n" in listed
        assert await asyncio.to_thread(main, ["probe", "--config", config]) == 0
        probed = capsys.readouterr().out
        assert "CNC-01/State/MachineState\t3 \tGOOD\t1700000000000" in probed
        assert "CNC-01/Spindle/Load\tnan refused: not_finite" in probed
        assert "MTS-01/Vibration/DriveEnd\t8 values g\tGOOD" in probed
    assert await asyncio.to_thread(main, ["probe", "--config", config]) == 1
    assert "ConnectionRefused" in capsys.readouterr().err


async def test_live_waits_for_its_history_and_a_lost_server_leaves_no_gap(
    mqtt_url: str, group: str, write_config: WriteConfig
) -> None:
    start = now_ms() - 500_000
    expected = [(start + i * 900, float(i)) for i in range(300)]
    with Host(mqtt_url, group, "W1") as host:
        async with AsyncExitStack() as stack:
            async with Plant(NAMES, page=100) as plant:
                for time_ms, value in expected:
                    plant.record("CNC-01/Spindle/Load", value, time_ms)
                plant.recorder.gate.clear()
                await stack.enter_async_context(Agent(load_plan(write_config(plant.url)), drain_timeout=5))
                await until(lambda: plant.recorder.asked, what="the first history request")
                for i in range(300, 330):
                    expected.append((now_ms(), float(i)))
                    await plant.write("CNC-01/Spindle/Load", float(i), expected[-1][0])
                    await asyncio.sleep(0.005)
                assert host.values("CNC-01", "Spindle/Load") == []
                plant.recorder.gate.set()
                await until(lambda: 329.0 in host.values("CNC-01", "Spindle/Load"), what="history, then live")
            kept = plant.recorder.values
            expected.append((now_ms(), 400.0))
            await until(
                lambda: host.kinds()[-2:] == [MessageType.DDEATH] * 2, what="both devices die with it"
            )
            assert host.alive == set()
            async with Plant(NAMES, page=100, port=plant.port) as again:
                again.recorder.values = {**again.recorder.values, **kept}
                again.record(
                    "CNC-01/Spindle/Load", 400.0, expected[-1][0]
                )  # happened while nobody was connected
                expected.append((now_ms(), 401.0))
                await again.write("CNC-01/Spindle/Load", 401.0, expected[-1][0])
                await until(
                    lambda: 401.0 in host.values("CNC-01", "Spindle/Load"), what="the gap", seconds=40
                )
                assert host.alive == {"CNC-01", "MTS-01"}
        stored = [
            (row.time_ms, row.value)
            for row in sorted(host.rows["CNC-01", "Spindle/Load"], key=lambda r: r.batch)
        ]
        assert [p for p in stored if p in set(expected)] == expected
        assert host.errors == []  # among them data before the birth of their device


async def to_the_end(bursts: AsyncIterator[Burst]) -> None:
    async for _ in bursts:
        pass


@pytest.mark.parametrize("noticed", [False, True], ids=["at once", "after it was noticed"])
async def test_a_server_that_does_not_answer_any_more_is_left(
    write_config: WriteConfig, *, noticed: bool
) -> None:
    """However often it happens, no connection stays behind."""
    mute = asyncio.Event()
    left = asyncio.Event()

    async def copy(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError):
            while data := await source.read(65536):
                if not mute.is_set():
                    sink.write(data)
        if mute.is_set():
            left.set()

    async with Plant(NAMES) as plant:

        async def relay(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            there, back = await asyncio.open_connection("127.0.0.1", plant.port)
            answers = asyncio.create_task(copy(there, writer))
            await copy(reader, back)
            back.close()
            await answers
            writer.close()

        async with await asyncio.start_server(relay, "127.0.0.1", 0) as between:
            port = between.sockets[0].getsockname()[1]
            plan = load_plan(write_config(plant.url.replace(str(plant.port), str(port))))
            driver = plan.sources["plant"].create()
            await driver.connect()
            bursts = await driver.subscribe({0: plan.signals[0].address})
            mute.set()
            async with asyncio.timeout(40):
                if noticed:
                    with pytest.raises(SourceError):
                        await to_the_end(bursts)
                await driver.close()
                await left.wait()


async def test_a_device_whose_clock_runs_before_the_servers_loses_nothing(
    mqtt_url: str, group: str, write_config: WriteConfig
) -> None:
    """What is stamped behind the server's present time, and before the subscription, is in its history only."""
    ahead = now_ms() + 60_000
    expected = [(ahead + i * 10, i) for i in range(1, 21)]
    with Host(mqtt_url, group, "W1") as host:
        async with Plant(NAMES) as plant:
            for time_ms, count in expected:
                await plant.write("CNC-01/Counts/Produced", count, time_ms)
            async with Agent(load_plan(write_config(plant.url)), drain_timeout=5):
                await until(lambda: 20 in values_of(host, "Counts/Produced"), what="the last count")
        assert [p for p in host.pairs("CNC-01", "Counts/Produced") if p[1] is not None] == expected
        assert host.errors == []


async def test_kills_reuse_no_number_and_lose_no_sample(
    mqtt_url: str, group: str, write_config: WriteConfig, tmp_path: Path
) -> None:
    """Killed in the middle of history and of live data, thrice; then drained."""
    start = now_ms() - 3_000_000
    async with Plant(NAMES, page=40) as plant:
        for i in range(400):
            plant.record("CNC-01/Spindle/Load", float(i), start + i * 700)
        config = str(write_config(plant.url))
        chance = random.Random(5)
        with Host(mqtt_url, group, "W1") as host:
            produced = 0
            for _ in range(3):
                process = await asyncio.create_subprocess_exec(
                    EDGE, "run", "--config", config, stderr=asyncio.subprocess.DEVNULL
                )
                before = host.sample_count()
                await until(lambda before=before: host.sample_count() > before, what="data after a start")  # type: ignore[misc]  # mypy does not infer lambdas with defaults
                for _ in range(chance.randrange(5, 25)):
                    produced += 1
                    await plant.write("CNC-01/Counts/Produced", produced, now_ms())
                    await asyncio.sleep(chance.random() * 0.03)
                await kill(process)
                produced += 1
                await plant.write(
                    "CNC-01/Counts/Produced", produced, now_ms()
                )  # nobody listens: history has it
            process = await asyncio.create_subprocess_exec(
                EDGE, "run", "--config", config, stderr=asyncio.subprocess.DEVNULL
            )
            await until(lambda: produced in values_of(host, "Counts/Produced"), what="the last count")
            await until(lambda: read_status(tmp_path / "buffer.sqlite")["history_complete"], what="history")
            process.terminate()
            assert await process.wait() == 0
            status = read_status(tmp_path / "buffer.sqlite")
            assert status["in_flight_batches"] == 0
            assert host.errors == []
            assert status["produced_samples"] == host.sample_count()
            assert status["produced_batches"] == len(host.batches[host.ledger_id])
            counts = [v for v in values_of(host, "Counts/Produced") if v is not None]
            assert sorted(set(counts)) == list(range(1, produced + 1))
            assert counts == sorted(counts)
            times = [t for t, _ in host.pairs("CNC-01", "Counts/Produced")]
            assert len(times) == len(set(times))
            loads = host.pairs("CNC-01", "Spindle/Load")
            assert [p for p in loads if (p[0] - start) % 700 == 0 and p[0] < start + 280_000] == [
                (start + i * 700, float(i)) for i in range(400)
            ]


async def test_history_and_live_reach_the_host_once(
    mqtt_url: str, group: str, write_config: WriteConfig, tmp_path: Path
) -> None:
    start = now_ms() - 600_000
    loads: list[tuple[int, Any]] = []
    async with Plant(NAMES, page=50) as plant:
        for i in range(500):
            plant.record("CNC-01/Spindle/Load", float(i), start + i * 1000)
            loads.append((start + i * 1000, float(i)))
        plant.record("CNC-01/State/MachineState", 10, start)
        block = [i * 0.001 for i in range(122_000)]
        plant.record("MTS-01/Vibration/DriveEnd", block, start + 5)
        with Host(mqtt_url, group, "W1") as host:
            async with Agent(load_plan(write_config(plant.url)), drain_timeout=5):
                await until(lambda: host.sample_count() > 500, what="history")
                for i in range(1, 30):
                    await plant.write("CNC-01/Counts/Produced", i, now_ms())
                    await asyncio.sleep(0.01)
                await until(lambda: 29 in host.values("CNC-01", "Counts/Produced"), what="live")
            await until(lambda: MessageType.NDEATH in host.kinds(), what="goodbye")
        assert host.errors == []
        stored = host.pairs("CNC-01", "Spindle/Load")
        assert [p for p in stored if p in set(loads)] == loads
        assert host.values("CNC-01", "Counts/Produced") == [
            None,
            *range(1, 30),
        ]  # the server had no value at first
        (wave,) = host.rows["MTS-01", "Vibration/DriveEnd"]
        assert (wave.time_ms, len(wave.value)) == (start + 5, 4 * 122_000)
        status = read_status(tmp_path / "buffer.sqlite")
        assert status["in_flight_batches"] == 0
        assert status["produced_samples"] == host.sample_count()
        assert status["history_complete"] is True
        assert host.produced == f"{status['produced_batches']},{status['produced_samples']}"
    birth = next(
        m for m in host.messages if m.topic.type is MessageType.DBIRTH and m.topic.device == "MTS-01"
    )
    assert birth_properties(birth, "Vibration/DriveEnd")["SampleRate"] == 12000.0
    assert json.dumps(status)
