"""What a dead Modbus device costs the living ones, and the driver's speed beside its floor.

    .venv/bin/python -m benchmarks.modbus [--devices N] [--seconds S]

Devices are served by a process of their own. Each device is a source (a connection and a task) of one edge, read every
500 ms. All devices alive, and one of them dead (it takes connections and never answers), in turns of so many seconds,
so that what else the machine does falls on both. Printed of the living ones: how long a read took, and how far from its
turn it came. Then the same with
all devices as units behind one gateway, where a dead unit can't but cost its time-out. Last, reads of 125 registers
through the driver, which makes 125 readings of each, beside the bare client of the same library. Only ratios carry over to another machine.
"""

import argparse
import asyncio
import math
import multiprocessing
import statistics
import struct
import time
from collections import defaultdict
from multiprocessing.connection import Connection

from chejian_contract.config import Seconds
from chejian_contract.quantities import Quantity
from chejian_contract.signals import SignalDef, SignalKind
from chejian_edge.config import PipelineConfig
from chejian_edge.driver import DriverKind
from chejian_edge.drivers.modbus import ModbusDriver, ModbusOptions
from chejian_edge.drivers.modbus.address import parse_address
from chejian_edge.drivers.modbus.blocks import plan_blocks
from chejian_edge.drivers.modbus.link import Link
from chejian_edge.drivers.modbus.polling import Polling
from chejian_edge.pipeline import Pipeline
from chejian_edge.plan import SignalPlan, SourcePlan
from chejian_edge.series import Series
from chejian_edge.source import SourceRunner
from chejian_edge.transform import compile_transform

EVERY_S = 0.5
TIME_OUT_S = 0.5
TURNS = 3
SIGNALS = 10
DEAD_UNIT = 255
READS = 3_000
RUNS = 3


def serve(ports: Connection, count: int) -> None:
    """Child process: `count` ports whose registers hold the time; unit `DEAD_UNIT` never answers."""
    asyncio.run(_serve(ports, count))


async def _serve(ports: Connection, count: int) -> None:
    servers = [await asyncio.start_server(_answer, "127.0.0.1", 0) for _ in range(count)]
    ports.send([server.sockets[0].getsockname()[1] for server in servers])
    await asyncio.Event().wait()


async def _answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while True:
            request = await reader.readexactly(12)
            unit, function, _, registers = struct.unpack(">BBHH", request[6:])
            if unit == DEAD_UNIT:
                continue
            word = time.monotonic_ns() >> 20 & 0xFFFF
            body = bytes((unit, function, 2 * registers)) + struct.pack(">H", word) * registers
            writer.write(request[:4] + struct.pack(">H", len(body)) + body)
    except (asyncio.IncompleteReadError, ConnectionError):
        writer.close()


class Watch:
    """Times of the reads of living units."""

    def __init__(self) -> None:
        self.begun: dict[tuple[object, int], list[float]] = defaultdict(list)
        self.took: list[float] = []

    def late(self) -> list[float]:
        """[s] from the nearest turn of each unit's own grid, whose phase is the circular mean of its reads."""
        found = []
        for begun in self.begun.values():
            angles = [2 * math.pi * t / EVERY_S for t in begun[1:]]  # the first read comes before the grid
            base = (
                math.atan2(sum(map(math.sin, angles)), sum(map(math.cos, angles))) / (2 * math.pi) * EVERY_S
            )
            found += [abs((t - base + EVERY_S / 2) % EVERY_S - EVERY_S / 2) for t in begun[1:]]
        return found

    def line(self, name: str) -> str:
        took, late = sorted(self.took), sorted(self.late())

        def at(values: list[float], share: float) -> str:
            return f"{values[min(int(len(values) * share), len(values) - 1)] * 1000:7.2f}"

        reads = f"{len(took):6,} reads; ms of a read: median {at(took, 0.5)}, 99 % {at(took, 0.99)}"
        return f"{name:28} {reads}; ms off its turn: median {at(late, 0.5)}, 99 % {at(late, 0.99)}, most {at(late, 1)}"


def kind_of(watch: Watch) -> DriverKind:
    """The driver as it is, with a watch on its reads."""

    class WatchedLink(Link):
        async def read(self, unit: int, table: str, start: int, count: int) -> bytes:
            begin = time.monotonic()
            data = await super().read(unit, table, start, count)
            watch.begun[self, unit].append(begin)
            watch.took.append(time.monotonic() - begin)
            return data

    class WatchedDriver(ModbusDriver):
        def __init__(self, options: ModbusOptions) -> None:
            super().__init__(options)
            self._link = WatchedLink(options)

    return DriverKind(ModbusOptions, WatchedDriver)


def options_of(port: int, name: str) -> ModbusOptions:
    return ModbusOptions(
        name=name,
        driver="modbus",
        url=f"modbus://127.0.0.1:{port}",
        poll_interval=Seconds(EVERY_S),
        request_timeout=Seconds(TIME_OUT_S),
    )


def series_of(source: str, units: list[int], options: ModbusOptions, first: int) -> dict[int, Series]:
    definition = SignalDef("S", Quantity.COUNT, "1", SignalKind.TOTAL)
    transform = compile_transform(definition, unit="1", scale=1.0, offset=0.0, states=None)
    found: dict[int, Series] = {}
    for unit in units:
        for number in range(SIGNALS):
            address = parse_address(f"{unit}/holding:{number} u16", options)
            key = first + len(found)
            found[key] = Series(key, SignalPlan(source, definition, source, address, transform, 0.0, 30_000))
    return found


async def run(sources: list[tuple[int, list[int]]], seconds: float, watch: Watch) -> None:
    """Read (port, units) of every source for so long, as the agent does."""
    kind = kind_of(watch)
    per_source: list[tuple[SourcePlan, dict[int, Series]]] = []
    total = 0
    for i, (port, units) in enumerate(sources):
        options = options_of(port, f"s{i}")
        own = series_of(options.name, units, options, total)
        total += len(own)
        per_source.append((SourcePlan(options, kind), own))
    pipeline = Pipeline({k: s for _, own in per_source for k, s in own.items()}, PipelineConfig())
    tasks = [
        asyncio.create_task(SourceRunner(plan, own, pipeline, lambda: None).run()) for plan, own in per_source
    ]
    begin = time.monotonic()
    while time.monotonic() - begin < seconds:
        await asyncio.sleep(EVERY_S)
        pipeline.drain()
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def driver_rate(port: int) -> float:
    """Reads of 125 registers per second through polling, each burst made and thrown away."""
    options = ModbusOptions(
        name="s", driver="modbus", url=f"modbus://127.0.0.1:{port}", poll_interval=Seconds(0.01)
    )
    link = Link(options)
    await link.open()
    blocks = plan_blocks({n: parse_address(f"holding:{n} u16", options) for n in range(125)}, options)
    polling = Polling(link, blocks * 64, options)  # more than a connection can do: it is never idle
    await polling.begin()
    begin = time.perf_counter()
    for _ in range(READS):
        await anext(polling)
    seconds = time.perf_counter() - begin
    link.close()
    return READS / seconds


async def floor_rate(port: int) -> float:
    from pymodbus.client import AsyncModbusTcpClient  # noqa: PLC0415 - the floor only

    client = AsyncModbusTcpClient("127.0.0.1", port=port)
    await client.connect()
    begin = time.perf_counter()
    for _ in range(READS):
        await client.read_holding_registers(0, count=125)
    seconds = time.perf_counter() - begin
    client.close()
    return READS / seconds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--devices", type=int, default=50)
    parser.add_argument("--seconds", type=float, default=6.0)
    given = parser.parse_args()
    here, there = multiprocessing.Pipe()
    server = multiprocessing.get_context("spawn").Process(
        target=serve, args=(there, given.devices), daemon=True
    )
    server.start()
    ports: list[int] = here.recv()
    alive = [(port, [1]) for port in ports]
    one_dead = [*alive[:-1], (ports[-1], [DEAD_UNIT])]
    units = list(range(1, given.devices + 1))
    print(f"{given.devices} devices, {SIGNALS} signals each, every {EVERY_S * 1000:.0f} ms")
    print(f"time-out {TIME_OUT_S * 1000:.0f} ms")
    for name, whole, broken in (
        ("own connections", alive[:-1], one_dead),
        ("one gateway", [(ports[0], units[:-1])], [(ports[0], [*units[:-1], DEAD_UNIT])]),
    ):
        without, beside = Watch(), Watch()
        for _ in range(TURNS):
            asyncio.run(run(whole, given.seconds, without))
            asyncio.run(run(broken, given.seconds, beside))
        print(without.line(f"{name}, all alive"))
        print(beside.line(f"{name}, one dead"), flush=True)
    driver = statistics.median(asyncio.run(driver_rate(ports[0])) for _ in range(RUNS))
    floor = statistics.median(asyncio.run(floor_rate(ports[0])) for _ in range(RUNS))
    print(f"125 registers a read: bare client {floor:,.0f} reads/s")
    print(
        f"  driver {driver:,.0f} reads/s, each register a signal that changed: {driver * 125:,.0f} readings/s"
    )
    print(f"  ratio to the floor {driver / floor:.2f}")
    server.terminate()


if __name__ == "__main__":
    main()
