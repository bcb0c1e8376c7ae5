"""Which batch goes next: live ones first, then back-fill from the buffer; resends before both."""

from collections import deque
from collections.abc import Iterable
from typing import NamedTuple

from chejian_edge.buffer import Buffer
from chejian_edge.ledger import BatchInfo

CHUNK_BATCHES = 50
"""Batches fetched at once from the buffer: a quarter of the default window."""
CHUNK_BYTES = 4 * 2**20
"""Bytes fetched at once; eight waveforms of 122,000 values."""


class Outgoing(NamedTuple):
    """A batch whose turn it is; `late` ones are flagged historical on the wire."""

    info: BatchInfo
    late: bool


class Outbox:
    """The order of sending on one connection.

    Args:
        buffer: where batches lie.
        window: how many live batches wait here at most; older ones become back-fill.
    """

    def __init__(self, buffer: Buffer, window: int) -> None:
        self._buffer = buffer
        self._limit = window
        self._live: deque[BatchInfo] = deque()
        self._fresh: set[int] = set()
        self._queue: deque[BatchInfo] = deque()
        self._cursor = 0
        self._more = True
        self._turns = 0

    def add(self, infos: Iterable[BatchInfo]) -> None:
        """Batches were committed."""
        for info in infos:
            self._more = True
            if info.historical:
                continue
            self._live.append(info)
            self._fresh.add(info.number)
            if len(self._live) > self._limit:
                old = self._live.popleft()
                self._fresh.discard(old.number)
                self.again(old.number)

    def again(self, number: int) -> None:
        """Look for back-fill from `number` on again."""
        if number <= self._cursor:
            self._cursor = number - 1
            self._queue.clear()
        self._more = True
        self._turns += 1

    async def take(self, free: int, *, busy: Iterable[int], live_only: bool) -> list[Outgoing]:
        """The next batches, at most `free`, CHUNK_BATCHES and about CHUNK_BYTES.

        Args:
            free: places in the window.
            busy: numbers on the wire.
            live_only: only live ones where there are any (probes).
        """
        out: list[Outgoing] = []
        size = 0
        on_wire = set(busy)
        while len(out) < min(free, CHUNK_BATCHES) and size < CHUNK_BYTES:
            late = not self._live
            if self._live:
                info = self._live.popleft()
                self._fresh.discard(info.number)
            elif live_only and out:
                break
            else:
                nothing = not self._queue and not await self._refill(on_wire)
                if nothing:
                    break
                info = self._queue.popleft()
            if info.number in on_wire:
                continue
            out.append(Outgoing(info, late))
            on_wire.add(info.number)
            size += info.size
        return out

    async def _refill(self, busy: set[int]) -> bool:
        """Fetch back-fill behind the cursor; False when there is none."""
        while self._more and not self._queue:
            turn = self._turns
            rows = await self._buffer.open_after(self._cursor, 2 * CHUNK_BATCHES)
            if self._turns != turn:  # batches were opened again meanwhile, perhaps below these
                continue
            if not rows:
                self._more = False
                break
            self._cursor = rows[-1].number
            self._queue.extend(r for r in rows if r.number not in busy and r.number not in self._fresh)
        return bool(self._queue)
