"""Modbus TCP server of a plant's meters: one unit per meter, each a logger with a read cursor (README, "Modbus meters")."""

import asyncio
import functools
import logging
import struct
from types import TracebackType
from typing import Self

from pymodbus.constants import ExcCodes
from pymodbus.server import ModbusTcpServer
from pymodbus.server.requesthandler import ServerRequestHandler
from pymodbus.simulator import DataType, SimData, SimDevice

from chejian_simulators.meters import Meter
from chejian_simulators.model import PlantModel

log = logging.getLogger(__name__)

_BLOCK = struct.Struct(">IQfI")  # stamp, counter, rate, records waiting
REGISTERS = _BLOCK.size // 2
"""Registers of a meter's block."""
REWIND = 300
"""Records that a new connection is told again: what a reader took and lost in the last moments before it died. A reader
takes about 1,000 records a second and stores them within 100 ms."""
_READS = frozenset({3, 4})
"""Functions that read holding and input registers."""


class MeterLog:
    """The registers of one meter.

    Args:
        meter: whose records are told.
        model: the plant; its time decides whether the meter is silent just now.
    """

    def __init__(self, meter: Meter, model: PlantModel) -> None:
        self._meter, self._model = meter, model
        self._next = 0
        self._shown = [0] * REGISTERS

    def rewind(self) -> None:
        """A new reader: tell the last records again."""
        self._next = max(0, self._next - REWIND)

    def read(self, address: int) -> list[int] | None:
        """The block for a request that begins at `address`; none when the meter does not answer."""
        records = self._meter.records
        if self._next == len(records) and (not self._next or self._meter.is_silent(self._model.now_ms)):
            return None
        if address == 0 and self._next < len(records):
            self._next += 1
        at = max(0, self._next - 1)
        self._shown = _block(self._meter, at, len(records) - max(1, self._next))
        return self._shown


def _block(meter: Meter, index: int, waiting: int) -> list[int]:
    records = meter.records
    stamp = records.times[index] // 1000
    packed = _BLOCK.pack(stamp, records.counters[index], records.rates[index], waiting)
    return list(struct.unpack(f">{REGISTERS}H", packed))


class _Server(ModbusTcpServer):
    """A server that tells the meters of a new connection."""

    def __init__(self, devices: list[SimDevice], logs: list[MeterLog], address: tuple[str, int]) -> None:
        super().__init__(devices, address=address)
        self._logs = logs

    def callback_new_connection(self) -> ServerRequestHandler:
        for meter_log in self._logs:
            meter_log.rewind()
        handler: ServerRequestHandler = super().callback_new_connection()  # type: ignore[no-untyped-call] # library
        return handler

    @property
    def port(self) -> int:
        transport = self.transport
        if not isinstance(transport, asyncio.Server):
            raise TypeError("the server is not listening")
        return int(transport.sockets[0].getsockname()[1])


class MeterServer:
    """Serves all meters of a plant; an async context manager. Somebody else advances the model.

    Args:
        model: the plant.
        host: address to listen on.
        port: TCP port; 0 takes a free one, read `port` afterwards.
    """

    def __init__(self, model: PlantModel, *, host: str, port: int) -> None:
        self.host, self.port = host, port
        self._model = model
        self._server: _Server | None = None

    async def __aenter__(self) -> Self:
        meters = self._model.metering.meters.values()
        logs = [MeterLog(meter, self._model) for meter in meters]
        devices = [
            _device(meter.config.unit_id, meter_log) for meter, meter_log in zip(meters, logs, strict=True)
        ]
        devices.append(_NOBODY)
        self._server = _Server(devices, logs, (self.host, self.port))
        try:
            await self._server.serve_forever(background=True)
        except RuntimeError as error:
            raise OSError(f"can't listen on {self.host}:{self.port}: {error}") from error
        self.port = self._server.port
        log.info("Modbus server with %d meters listens on %s:%d", len(logs), self.host, self.port)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._server is not None:
            await self._server.shutdown()  # type: ignore[no-untyped-call] # library
        log.info("Modbus server stopped")


async def _nobody(*_request: object) -> ExcCodes:
    return ExcCodes.GATEWAY_NO_RESPONSE


_NOBODY = SimDevice(0, [SimData(0, count=REGISTERS, values=0, datatype=DataType.REGISTERS)], action=_nobody)
"""Answers for every unit that is not there (0 stands for all others in the library)."""


def _device(unit_id: int, meter_log: MeterLog) -> SimDevice:
    return SimDevice(
        unit_id,
        [SimData(0, count=REGISTERS, values=0, datatype=DataType.REGISTERS, readonly=True)],
        action=functools.partial(_answer, meter_log),
    )


async def _answer(
    meter_log: MeterLog,
    function: int,
    start: int,
    address: int,
    count: int,  # noqa: ARG001 - signature of the library
    registers: list[int],
    values: object,  # noqa: ARG001 - same
) -> ExcCodes | None:
    if function not in _READS:
        return ExcCodes.ILLEGAL_FUNCTION
    shown = meter_log.read(address - start)
    if shown is None:
        return ExcCodes.GATEWAY_NO_RESPONSE
    registers[:REGISTERS] = shown
    return None
