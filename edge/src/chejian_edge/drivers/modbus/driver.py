"""The Modbus driver."""

from collections.abc import AsyncIterator, Mapping

from chejian_edge.driver import Burst
from chejian_edge.drivers.modbus.address import RegisterAddress, parse_address
from chejian_edge.drivers.modbus.blocks import plan_blocks
from chejian_edge.drivers.modbus.link import Link
from chejian_edge.drivers.modbus.options import ModbusOptions
from chejian_edge.drivers.modbus.polling import Polling
from chejian_edge.drivers.modbus.scan import scan


class ModbusDriver:
    """One connection to one device or gateway; see `chejian_edge.driver`."""

    def __init__(self, options: ModbusOptions) -> None:
        self._options = options
        self._link = Link(options)
        self._polling: Polling | None = None

    @property
    def dropped(self) -> int:
        """None: what was not asked for was never sent."""
        return 0

    @property
    def played(self) -> float:
        """Share of their past that stamped devices have played."""
        return 1.0 if self._polling is None else self._polling.played

    def parse(self, text: str) -> RegisterAddress:
        """Read "1/holding:100 u32 CDAB every=5s"."""
        return parse_address(text, self._options)

    async def connect(self) -> None:
        """Open the connection; nothing is asked yet."""
        await self._link.open()

    async def subscribe(self, items: Mapping[int, RegisterAddress]) -> AsyncIterator[Burst]:
        """Read everything once, then keep polling while the bursts are iterated."""
        polling = Polling(self._link, plan_blocks(items, self._options), self._options)
        await polling.begin()
        self._polling = polling
        return polling

    async def browse(self) -> AsyncIterator[tuple[str, str]]:
        """Read the ranges of the option `scan`."""
        async for found in scan(self._link, self._options):
            yield found

    async def close(self) -> None:
        """Close the connection."""
        self._link.close()
