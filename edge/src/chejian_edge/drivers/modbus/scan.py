"""`browse` for devices that cannot list what they have: ranges are read, and what the device refuses is left out."""

from collections.abc import AsyncIterator

from chejian_edge.drivers.modbus.link import Link, RefusedError, SilentError, TroubleError
from chejian_edge.drivers.modbus.options import ModbusOptions, ScanRange
from chejian_edge.errors import SourceError


async def scan(link: Link, options: ModbusOptions) -> AsyncIterator[tuple[str, str]]:
    """Yield (address, present content) of everything readable in the ranges of `options.scan`.

    Raises:
        SourceError: the source was lost, or a unit does not answer.
    """
    for wanted in options.scan_ranges:
        bits = wanted.table in ("coil", "discrete")
        size = options.max_bits if bits else options.max_registers
        unit = options.unit if wanted.unit is None else wanted.unit
        for first in range(wanted.first, wanted.last + 1, size):
            part = ScanRange(unit, wanted.table, first, min(first + size - 1, wanted.last))
            async for number, data in _readable(link, part, unit):
                address = f"{unit}/{wanted.table}:{number}"
                yield (address, f"bit {data[0]}") if bits else (f"{address} u16", _register(data))


async def _readable(link: Link, part: ScanRange, unit: int) -> AsyncIterator[tuple[int, bytes]]:
    todo = [(part.first, part.last)]
    width = 1 if part.table in ("coil", "discrete") else 2
    while todo:
        first, last = todo.pop()
        try:
            data = await link.read(unit, part.table, first, last - first + 1)
        except RefusedError as refused:
            if refused.whole_table:
                return
            if first < last:
                middle = (first + last) // 2
                todo += [(middle + 1, last), (first, middle)]
            continue
        except (SilentError, TroubleError) as error:
            raise SourceError(f"{unit}/{part.table}:{first}: {error}") from error
        for i in range(last - first + 1):
            yield first + i, data[i * width : (i + 1) * width]


def _register(data: bytes) -> str:
    value = int.from_bytes(data, "big")
    return f"register {value} (0x{value:04X})"
