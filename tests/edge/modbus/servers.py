"""A pymodbus server, filled from the register tables of the case folders."""

import tomllib
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

from pymodbus.framer import FramerType
from pymodbus.server import ModbusTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice

Registers = Mapping[int, Mapping[str, Mapping[int, int]]]
"""Values by unit, table and number."""

FAR_NUMBER = 60_000
"""pymodbus wants something in every table; nothing asks for it here."""


def read_registers(path: Path) -> Registers:
    """Read `registers.toml`: `[unit.<id>.<table>]` with `<first number> = [values]`."""
    units = tomllib.loads(path.read_text("utf-8"))["unit"]
    return {
        int(unit): {
            table: {int(first) + i: int(v) for first, values in runs.items() for i, v in enumerate(values)}
            for table, runs in tables.items()
        }
        for unit, tables in units.items()
    }


@asynccontextmanager
async def pymodbus_server(registers: Registers, *, rtu: bool = False) -> AsyncIterator[int]:
    """Port of a pymodbus server with exactly these numbers; everything else is an illegal address."""
    devices = [
        SimDevice(
            unit,
            simdata=(
                _entries(tables.get("coil", {}), DataType.BITS),
                _entries(tables.get("discrete", {}), DataType.BITS),
                _entries(tables.get("holding", {}), DataType.REGISTERS),
                _entries(tables.get("input", {}), DataType.REGISTERS),
            ),
        )
        for unit, tables in registers.items()
    ]
    framer = FramerType.RTU if rtu else FramerType.SOCKET
    server = ModbusTcpServer(devices, framer=framer, address=("127.0.0.1", 0), ignore_missing_devices=True)
    await server.serve_forever(background=True)
    try:
        yield server.transport.sockets[0].getsockname()[1]  # type: ignore[attr-defined]  # pymodbus types it as a bare transport
    finally:
        await server.shutdown()  # type: ignore[no-untyped-call]  # pymodbus leaves it bare


def _entries(cells: Mapping[int, int], kind: DataType) -> list[SimData]:
    if not cells:
        cells = {FAR_NUMBER: 0}
    return [
        SimData(number, values=bool(value) if kind is DataType.BITS else value, datatype=kind)
        for number, value in sorted(cells.items())
    ]
