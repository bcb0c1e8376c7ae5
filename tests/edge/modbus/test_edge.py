"""The whole edge with Modbus devices: agent, buffer file, broker and a foreign host; and the commands."""

import asyncio
import itertools
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from chejian_contract.samples import Quality
from chejian_edge.agent import Agent
from chejian_edge.cli import main
from chejian_edge.plan import load_plan

from tests.edge.host import Host, until
from tests.edge.modbus.device import Device

HEAD = """
[node]
group = "{group}"
name = "W1"
[mqtt]
url = "{mqtt}"
[buffer]
path = "buffer.sqlite"
"""
METER = """
[[source]]
name = "{name}"
driver = "modbus"
url = "{url}"
poll_interval = "50ms"
request_timeout = "1s"
retry_max = "500ms"
[[equipment]]
code = "{name}"
type = "electricity_meter"
line = "L1"
source = "{name}"
signal = [
  {{ name = "Energy/ActiveEnergyImport", address = "holding:0 u64" }},
  {{ name = "Energy/ActivePower", address = "holding:10 f32", unit = "W" }},
]
"""
BEYOND = 2**53 + 1


@pytest.fixture
def group(tmp_path: Path) -> str:
    return f"g{abs(hash(str(tmp_path)))}"


@pytest.fixture
def host(mqtt_url: str, group: str) -> Iterator[Host]:
    with Host(mqtt_url, group, "W1") as host:
        yield host


def write_config(folder: Path, mqtt: str, group: str, *devices: Device) -> Path:
    meters = (METER.format(name=f"EM-0{i}", url=device.url) for i, device in enumerate(devices, 1))
    path = folder / "edge.toml"
    path.write_text("".join((HEAD.format(group=group, mqtt=mqtt), *meters)), "utf-8")
    return path


def show(device: Device, total: int) -> None:
    device.units[1].set("holding", 0, *(total >> shift & 0xFFFF for shift in (48, 32, 16, 0)))
    device.units[1].set("holding", 10, 0x44BB, 0x8000)  # 1,500.0


def changes(values: list[Any]) -> list[Any]:
    """Without heartbeats, which repeat a value, should the test run across their grid."""
    return [value for value, _ in itertools.groupby(values)]


def qualities(host: Host, device: str) -> list[Quality]:
    rows = host.rows[device, "Energy/ActiveEnergyImport"]
    return [row.quality for row in sorted(rows, key=lambda row: row.time_ms)]


async def test_counters_reach_the_host_to_the_last_digit_and_a_dead_meter_is_its_own_affair(
    mqtt_url: str, group: str, host: Host, tmp_path: Path
) -> None:
    async with Device() as alive, Device() as dying:
        for device in (alive, dying):
            show(device, BEYOND)
        plan = load_plan(write_config(tmp_path, mqtt_url, group, alive, dying))
        async with Agent(plan, drain_timeout=5):
            name = "Energy/ActiveEnergyImport"
            await until(lambda: BEYOND in host.values("EM-02", name), what="the first values")
            dying.units[1].silent = True
            await until(lambda: Quality.STALE in qualities(host, "EM-02"), what="silence")
            show(alive, BEYOND + 1)
            await until(lambda: BEYOND + 1 in host.values("EM-01", name), what="the living meter")
            await dying.stop()
            dying.units[1].silent = False
            show(dying, BEYOND + 2)
            await dying.start()
            await until(lambda: BEYOND + 2 in host.values("EM-02", name), what="the meter's return")
        assert changes(host.values("EM-01", name)) == [BEYOND, BEYOND + 1]
        assert changes(host.values("EM-02", name)) == [BEYOND, None, BEYOND + 2]
        assert changes(qualities(host, "EM-02")) == [Quality.GOOD, Quality.STALE, Quality.GOOD]
        assert changes(host.values("EM-01", "Energy/ActivePower")) == [1.5]
        assert host.errors == []


async def test_commands(
    mqtt_url: str, group: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async with Device() as device:
        show(device, 77)
        del device.units[1].values["holding"][11]
        config = str(write_config(tmp_path, mqtt_url, group, device))
        assert await asyncio.to_thread(main, ["probe", "--config", config]) == 0
        probed = capsys.readouterr().out.splitlines()
        name, shown, quality, time_ms = probed[0].split("\t")
        assert (name, shown, quality) == ("EM-01/Energy/ActiveEnergyImport", "77 Wh", "GOOD")
        assert abs(int(time_ms) - time.time() * 1000) < 30_000
        assert probed[1].startswith("EM-01/Energy/ActivePower\tno value\tBAD")
        assert await asyncio.to_thread(main, ["browse", "--config", config]) == 0
        assert "1/holding:3 u16\tregister 77 (0x004D)\n" in capsys.readouterr().out
    assert await asyncio.to_thread(main, ["probe", "--config", config]) == 1
    assert "no connection to 127.0.0.1" in capsys.readouterr().err
