"""Case folders: registers of a device, a configuration, and what must come out of it; adding a folder adds a test."""

import json
import time
import tomllib
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

import pytest
from chejian_contract.samples import Quality
from chejian_edge.drivers.modbus.values import ORDERS, TYPES

from tests.edge.modbus.chain import Sample, chain_of
from tests.edge.modbus.libmodbus import libmodbus_server
from tests.edge.modbus.servers import pymodbus_server, read_registers

CASES = sorted((Path(__file__).parent / "cases").iterdir())


def servers_of(case: Path) -> list[str]:
    table = tomllib.loads((case / "registers.toml").read_text("utf-8"))
    return list(table.get("servers", ("pymodbus", "libmodbus")))


def on(server: str) -> list[Path]:
    return [case for case in CASES if server in servers_of(case)]


def check(case: Path, samples: list[Sample]) -> None:
    expected: dict[str, dict[str, Any]] = json.loads((case / "expected.json").read_text("utf-8"))
    found = {sample.name: sample for sample in samples}
    assert len(found) == len(samples), "each signal is told once"
    assert found.keys() == expected.keys()
    for name, wanted in expected.items():
        sample = found[name]
        value = wanted["value"]
        assert type(sample.value) is type(value), name
        if isinstance(value, float):
            value = pytest.approx(value, rel=1e-12, abs=0)
        assert (sample.value, sample.quality) == (value, Quality[wanted["quality"]]), name
        now_ms = time.time_ns() // 1_000_000
        if "time_ms" in wanted:
            assert sample.time_ms == wanted["time_ms"]
            assert sample.historical is (now_ms - sample.time_ms > 120_000)
        else:
            assert 0 <= now_ms - sample.time_ms < 30_000


async def play(case: Path, server: AbstractAsyncContextManager[int], folder: Path, scheme: str) -> None:
    async with server as port:
        chain = chain_of(case / "config.toml", f"{scheme}://127.0.0.1:{port}", folder)
        check(case, await chain.run())


@pytest.mark.parametrize("case", on("pymodbus"), ids=lambda case: case.name)
async def test_pymodbus(case: Path, tmp_path: Path) -> None:
    registers = read_registers(case / "registers.toml")
    await play(case, pymodbus_server(registers), tmp_path, "modbus")


@pytest.mark.parametrize("case", on("pymodbus"), ids=lambda case: case.name)
async def test_pymodbus_with_rtu_frames(case: Path, tmp_path: Path) -> None:
    registers = read_registers(case / "registers.toml")
    await play(case, pymodbus_server(registers, rtu=True), tmp_path, "modbus-rtu")


@pytest.mark.parametrize("case", on("libmodbus"), ids=lambda case: case.name)
async def test_libmodbus(case: Path, libmodbus_program: Path, tmp_path: Path) -> None:
    registers = read_registers(case / "registers.toml")
    await play(case, libmodbus_server(libmodbus_program, registers), tmp_path, "modbus")


def test_the_cases_have_every_type_in_every_order() -> None:
    text = "\n".join((case / "config.toml").read_text("utf-8") for case in CASES)
    sizes = {"8": 1, "16": 2, "32": 4, "64": 8}
    for kind in TYPES:
        name = kind.partition(":")[0]
        digits = "".join(c for c in name if c.isdigit())
        for order in ORDERS[sizes[digits]] if digits else ("BA",) if name == "string" else ():
            assert f" {name} {order}" in text or f" {name}:6 {order}" in text, (kind, order)
        assert f" {name}" in text, kind
