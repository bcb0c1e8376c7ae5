"""What follows from an acknowledgement: sending goes on, batches open again, or a new identity begins."""

import logging
import time
from collections import Counter
from collections.abc import Callable
from enum import Enum

from chejian_contract.ledger import Ack, Range, subtract

from chejian_edge.buffer import Buffer
from chejian_edge.ledger import AckResult

_log = logging.getLogger(__name__)

ROLLBACK_S = 2.0
"""A host that has less than before must say so for this long [s]; a reordered message does not."""
IMPOSSIBLE_S = 10.0
"""So long [s] a host must insist on batches that were never made before it is believed; the answers to one forged
message come between within seconds, and even a dead host's probes are answered once a second when it is back."""


class Step(Enum):
    """What the publisher does next."""

    NOTHING = "nothing"
    GO_ON = "go on"
    LOOK_AGAIN = "look again"
    """Batches are open again."""
    BEGIN_ANEW = "begin anew"
    """There is a new identity: births, then its batches from 1."""


class Judge:
    """Takes the host's acknowledgements to the buffer, for the life of the process.

    Args:
        buffer: an open buffer.
        counts: acknowledgements by result are counted there.
        clock: monotonic [s].

    Attributes:
        older_copy: the file is an older copy of itself; batches up to its last number at the opening are brought home
            under the old identity, then a new one begins.
        foreign_gaps: with an older copy, numbers behind the opening that the host has not, below others that it has:
            they were lost with the newer file, and are declared so.
    """

    def __init__(
        self, buffer: Buffer, counts: Counter[str], *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.older_copy = False
        self.foreign_gaps: tuple[Range, ...] = ()
        self._counts = counts
        self._buffer = buffer
        self._clock = clock
        self._behind_since: float | None = None
        self._impossible_since: float | None = None

    async def take(self, ack: Ack) -> Step:
        """Judge one acknowledgement and change the buffer accordingly."""
        result = await self._buffer.acknowledge(ack)
        self._counts[f"acks_{result.value}"] += 1
        if result is AckResult.FOREIGN:
            return Step.NOTHING
        if result is AckResult.IMPOSSIBLE:
            return await self._impossible(ack)
        self._impossible_since = None
        if result is AckResult.AHEAD:
            return await self._ahead(ack)
        self.older_copy, self.foreign_gaps = False, ()
        return await self._gaps(ack, missing=result is AckResult.BEHIND)

    async def _impossible(self, ack: Ack) -> Step:
        now = self._clock()
        if self._impossible_since is None:
            self._impossible_since = now
            _log.error(
                "the host acknowledges batches up to %d of ledger %d, but only %d were made; this is not believed",
                ack.highest,
                ack.ledger_id,
                self._buffer.totals.produced_batches,
            )
        elif now - self._impossible_since >= IMPOSSIBLE_S:
            return await self._renew(ack)
        return Step.NOTHING

    async def _ahead(self, ack: Ack) -> Step:
        opened = self._buffer.totals.opened
        if opened is None or (ack.up_to >= opened[0] and not ack.ranges):
            return await self._renew(ack)
        if not self.older_copy:
            self.older_copy = True
            _log.warning(
                "the host has batches up to %d of ledger %d, this buffer had %d when it was opened: it is an older copy. "
                "Those it shares with the host are brought home first",
                ack.highest,
                ack.ledger_id,
                opened[0],
            )
        self.foreign_gaps = tuple(subtract([(opened[0] + 1, ack.highest)], ack.handled))
        return await self._gaps(ack, missing=await self._buffer.misses(ack))

    async def _renew(self, ack: Ack) -> Step:
        self.older_copy, self.foreign_gaps, self._impossible_since = False, (), None
        new = await self._buffer.renew()
        _log.error(
            "the host has batches up to %d of ledger %d, more than this buffer made: the buffer was rolled back. It goes "
            "on as ledger %d with %d batches to send",
            ack.highest,
            ack.ledger_id,
            new,
            self._buffer.totals.in_flight_batches,
        )
        return Step.BEGIN_ANEW

    async def _gaps(self, ack: Ack, *, missing: bool) -> Step:
        if not missing:
            self._behind_since = None
            return Step.GO_ON
        now = self._clock()
        if self._behind_since is None:
            self._behind_since = now
        elif now - self._behind_since >= ROLLBACK_S:
            self._behind_since = None
            lost = self._buffer.totals.lost_batches
            count = await self._buffer.host_rolled_back(ack)
            _log.warning(
                "the host lost batches that it had acknowledged: %d are sent again from the buffer, %d are no longer kept "
                "and are declared lost",
                count,
                self._buffer.totals.lost_batches - lost,
            )
            return Step.LOOK_AGAIN
        return Step.GO_ON
