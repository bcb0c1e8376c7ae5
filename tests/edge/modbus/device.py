"""A Modbus device of our own for tests: it does what real devices do wrong (silence, refusals, late answers)."""

import asyncio
import struct
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

TABLE_OF_FUNCTION = {1: "coil", 2: "discrete", 3: "holding", 4: "input"}


def check_sum(frame: bytes) -> bytes:
    """CRC-16/MODBUS, bit by bit, low byte first."""
    crc = 0xFFFF
    for byte in frame:
        crc ^= byte
        for _ in range(8):
            crc = (crc >> 1) ^ 0xA001 if crc & 1 else crc >> 1
    return struct.pack("<H", crc)


@dataclass(frozen=True)
class Request:
    """One request as it came, and when."""

    unit: int
    table: str
    start: int
    count: int
    at: float


@dataclass
class Unit:
    """Registers and bits by table and number, and bad habits.

    Attributes:
        silent: does not answer.
        exception: answers everything with this code.
        most: registers that it gives in one answer; more is refused with "illegal data value".
        delay: [s] before it answers.
        before: called with each request, before it is answered.
    """

    values: dict[str, dict[int, int]] = field(default_factory=lambda: defaultdict(dict))
    silent: bool = False
    exception: int = 0
    most: int = 125
    delay: float = 0.0
    before: Callable[[Request], None] = lambda _: None

    def set(self, table: str, start: int, *values: int) -> None:
        for i, value in enumerate(values):
            self.values[table][start + i] = value

    def answer(self, request: Request, function: int) -> bytes:
        cells = self.values[request.table]
        wanted = range(request.start, request.start + request.count)
        if self.exception:
            return bytes((function | 0x80, self.exception))
        if request.count > self.most and function > 2:
            return bytes((function | 0x80, 3))
        if any(number not in cells for number in wanted):
            return bytes((function | 0x80, 2))
        if function > 2:
            data = struct.pack(f">{request.count}H", *(cells[number] for number in wanted))
        else:
            packed = sum(1 << i for i, number in enumerate(wanted) if cells[number])
            data = packed.to_bytes((request.count + 7) // 8, "little")
        return bytes((function, len(data))) + data


class Device:
    """Several units behind one port; `rtu` for RTU frames over TCP."""

    def __init__(self, *, rtu: bool = False) -> None:
        self.units: dict[int, Unit] = defaultdict(Unit)
        self.requests: list[Request] = []
        self.connections = 0
        self.port = 0
        self._rtu = rtu
        self._server: asyncio.Server
        self._writers: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def url(self) -> str:
        return f"modbus{'-rtu' if self._rtu else ''}://127.0.0.1:{self.port}"

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Close the port and every connection."""
        self._server.close()
        for writer in tuple(self._writers):
            writer.close()
        await asyncio.gather(*self._tasks)
        await self._server.wait_closed()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self._writers.add(writer)
        self._keep(asyncio.current_task())
        try:
            while True:
                await self._one(reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass  # the client left
        finally:
            self._writers.discard(writer)
            writer.close()

    def _keep(self, task: "asyncio.Task[None] | None") -> None:
        assert task is not None
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = b"" if self._rtu else await reader.readexactly(6)
        unit, function, start, count = struct.unpack(">BBHH", await reader.readexactly(6))
        if self._rtu:
            await reader.readexactly(2)
        at = asyncio.get_running_loop().time()
        request = Request(unit, TABLE_OF_FUNCTION[function], start, count, at)
        self.requests.append(request)
        if unit not in self.units:
            return
        device = self.units[unit]
        device.before(request)
        if device.silent:
            return
        body = bytes((unit,)) + device.answer(request, function)
        frame = body + check_sum(body) if self._rtu else head[:4] + struct.pack(">H", len(body)) + body
        if device.delay:
            self._keep(asyncio.create_task(self._send_later(writer, frame, device.delay)))
        else:
            writer.write(frame)

    async def _send_later(self, writer: asyncio.StreamWriter, frame: bytes, delay: float) -> None:
        await asyncio.sleep(delay)
        writer.write(frame)
