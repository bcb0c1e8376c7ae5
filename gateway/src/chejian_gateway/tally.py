"""Where every received message has ended: the gateway's own account, exact at any quiet moment."""

from dataclasses import dataclass

from chejian_gateway.engine import Engine
from chejian_gateway.intake import Intake


@dataclass(frozen=True, slots=True)
class Tally:
    """Messages since the start, each in exactly one of the places below `received`.

    Attributes:
        received: taken from the network.
        dropped: for lack of room in the queue.
        queued: in the queue.
        batches: claimed in the ledger, stored or as dead letters.
        doubles: batches that were handled before, those of superseded buffers among them.
        open: batches in the commit that is being gathered.
        unstored: batches that the database took in no way, or that belong to a database that is gone; they come again.
        refused: no batch and nothing else that can be read; a dead letter as far as their number per hour allows.
        handled: births, deaths, status and foreign data.
        held: waiting for a birth or for the message before them.
        overflowed: dropped while waiting.
        stale: batches of a buffer that has another identity now.
        left: to the host, which has them too.
    """

    received: int
    dropped: int
    queued: int
    batches: int
    doubles: int
    open: int
    unstored: int
    refused: int
    handled: int
    held: int
    overflowed: int
    stale: int
    left: int

    @property
    def ended(self) -> int:
        """Sum of all places; equal to `received` while the working thread rests."""
        return (
            self.dropped
            + self.queued
            + self.batches
            + self.doubles
            + self.open
            + self.unstored
            + self.refused
            + self.handled
            + self.held
            + self.overflowed
            + self.stale
            + self.left
        )


def tally(engine: Engine, intake: Intake) -> Tally:
    """Read all counters; plain numbers, without a lock."""
    core = engine.core
    return Tally(
        received=intake.received,
        dropped=intake.dropped,
        queued=len(intake),
        batches=core.committer.batches,
        doubles=core.committer.doubles,
        open=len(core.pending.batches),
        unstored=core.committer.dropped,
        refused=core.malformed,
        handled=core.handled,
        held=len(core.waiting) + engine.waiting_turn,
        overflowed=core.waiting.dropped,
        stale=engine.following.stale,
        left=core.left + engine.foreign_left,
    )
