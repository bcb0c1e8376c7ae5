"""One TCP connection to a Modbus device or gateway: one request at a time, every answer checked."""

import asyncio
import logging
import struct
from collections.abc import Iterator
from contextlib import contextmanager

from pymodbus.client import AsyncModbusTcpClient
from pymodbus.exceptions import ModbusException
from pymodbus.framer import FramerType
from pymodbus.pdu import ModbusPDU

from chejian_edge.drivers.modbus.options import ModbusOptions
from chejian_edge.errors import SourceError

CONNECT_S = 5.0
"""Limit for opening the connection [s]; a request's own limit may be far shorter."""
_EXCEPTION_NAMES = {
    1: "illegal function",
    2: "illegal data address",
    3: "illegal data value",
    4: "device failure",
    5: "acknowledge",
    6: "device busy",
    8: "memory parity error",
    10: "gateway path unavailable",
    11: "gateway target does not respond",
}
_ILLEGAL_FUNCTION = 1
_REFUSALS = (_ILLEGAL_FUNCTION, 2, 3)
_SILENCES = (10, 11)
_FUNCTIONS = {"coil": 1, "discrete": 2, "holding": 3, "input": 4}
_EXCEPTION_BIT = 0x80

logging.getLogger("pymodbus").setLevel(logging.CRITICAL)  # it reports each time-out; losses are ours to tell


class SilentError(Exception):
    """A unit does not answer, or its gateway says so; the connection is good."""


class RefusedError(Exception):
    """The unit does not have what was asked for: it will not get better by asking again soon.

    Attributes:
        whole_table: it has nothing of this kind at all.
    """

    def __init__(self, text: str, *, whole_table: bool) -> None:
        self.whole_table = whole_table
        super().__init__(text)


class TroubleError(Exception):
    """The unit answers that it can't at the moment."""


class Link:
    """The connection.

    Args:
        options: of the source.
    """

    def __init__(self, options: ModbusOptions) -> None:
        self._options = options
        self._client: AsyncModbusTcpClient | None = None
        self._waiting: asyncio.Timeout | None = None
        self._doubtful = False
        self._rested_at = 0.0

    async def open(self) -> None:
        """Connect.

        Raises:
            SourceError: there is no connection within `CONNECT_S`.
        """
        host, port = self._options.endpoint
        client = AsyncModbusTcpClient(
            host,
            port=port,
            framer=FramerType.RTU if self._options.rtu_frames else FramerType.SOCKET,
            timeout=CONNECT_S,
            retries=0,
            reconnect_delay=0,
            trace_connect=self._on_change,
        )
        self._client, self._doubtful = client, False
        with _cancellable():
            connected = await client.connect()
        if not connected:
            raise SourceError(f"no connection to {host}:{port} within {CONNECT_S:.0f} s, or refused")

    def _on_change(self, connected: bool) -> None:
        if not connected and self._waiting is not None and not self._waiting.expired():
            self._waiting.reschedule(asyncio.get_running_loop().time())  # nobody will answer any more

    def close(self) -> None:
        """Disconnect; never raises."""
        client, self._client = self._client, None
        if client is not None:
            client.close()

    async def read(self, unit: int, table: str, start: int, count: int) -> bytes:
        """Read registers (two bytes each) or bits (one byte each).

        Raises:
            SilentError: no answer in time.
            RefusedError: illegal function, address or value.
            TroubleError: any other exception response.
            SourceError: the connection is lost, or the answer is nonsense.
        """
        if self._doubtful:  # an answer that is still under way must not be taken for that of the next request
            self.close()
            await self.open()
        await self._rest()
        answer = await self._ask(unit, table, start, count)
        self._rested_at = asyncio.get_running_loop().time() + self._options.request_pause
        return _content(answer, table, count)

    async def _rest(self) -> None:
        rest = self._rested_at - asyncio.get_running_loop().time()
        if rest > 0:
            await asyncio.sleep(rest)

    async def _ask(self, unit: int, table: str, start: int, count: int) -> ModbusPDU:
        client = self._client
        if client is None or not client.connected:
            raise SourceError("the connection was lost")
        functions = {
            "coil": client.read_coils,
            "discrete": client.read_discrete_inputs,
            "holding": client.read_holding_registers,
            "input": client.read_input_registers,
        }
        try:
            with _cancellable():
                async with asyncio.timeout(self._options.request_timeout) as self._waiting:
                    return await functions[table](start, count=count, device_id=unit)
        except TimeoutError:
            if not client.connected:
                raise SourceError("the other side closed the connection") from None
            self._doubtful = self._options.rtu_frames
            limit = self._options.request_timeout
            raise SilentError(f"unit {unit} does not answer within {limit:g} s") from None
        except (ModbusException, OSError) as error:
            raise SourceError(f"{type(error).__name__}: {error}") from error
        finally:
            self._waiting = None


@contextmanager
def _cancellable() -> Iterator[None]:
    """Cancel where it was asked for: Python 3.11's `wait_for`, in pymodbus, swallows what comes with the result."""
    task = asyncio.current_task()
    before = 0 if task is None else task.cancelling()
    try:
        yield
    finally:
        if task is not None and task.cancelling() > before:
            raise asyncio.CancelledError


def _content(answer: ModbusPDU, table: str, count: int) -> bytes:
    function = answer.function_code
    if function & _EXCEPTION_BIT:
        code = answer.exception_code
        text = f"{_EXCEPTION_NAMES.get(code, 'exception')} ({code})"
        if code in _REFUSALS:
            raise RefusedError(text, whole_table=code == _ILLEGAL_FUNCTION)
        raise SilentError(text) if code in _SILENCES else TroubleError(text)
    if function != _FUNCTIONS[table]:
        raise SourceError(f"function {_FUNCTIONS[table]} was answered with function {function}")
    if table in ("coil", "discrete"):
        if count <= len(answer.bits) < count + 8:  # whole bytes
            return bytes(answer.bits[:count])
    elif len(answer.registers) == count:
        return struct.pack(f">{count}H", *answer.registers)
    raise SourceError(f"an answer to {count} {table}s has another length")
