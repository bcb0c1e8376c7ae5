"""The order of sending, where batches open again while the outbox is reading."""

import asyncio

from chejian_edge.ledger import BatchInfo
from chejian_edge.outbox import Outbox


class SlowReader:
    """The one call of the buffer that the outbox makes; each read is answered when the test says so."""

    def __init__(self) -> None:
        self.open: list[int] = []
        self.asked = asyncio.Event()
        self.answer = asyncio.Event()

    async def open_after(self, number: int, limit: int) -> list[BatchInfo]:
        found = [BatchInfo(n, "D", False, 1, 10, 0) for n in self.open if n > number][:limit]
        self.asked.set()
        await self.answer.wait()
        return found


async def test_batches_opened_again_during_a_read_are_found() -> None:
    for already_read, second in (([], []), ([7, 8], [9])):
        reader = SlowReader()
        outbox = Outbox(reader, 200)  # type: ignore[arg-type]  # only open_after is used
        reader.answer.set()
        reader.open = already_read
        first = await outbox.take(10, busy=(), live_only=False)
        assert [o.info.number for o in first] == already_read
        reader.answer.clear()
        reader.asked.clear()
        reader.open = second
        outbox.again(9)  # something is to be read
        reading = asyncio.create_task(outbox.take(10, busy=(7, 8), live_only=False))
        await reader.asked.wait()
        reader.open = [1, 2, 3]  # the host lost them
        outbox.again(1)
        reader.answer.set()
        assert [o.info.number for o in await reading] == [1, 2, 3]
