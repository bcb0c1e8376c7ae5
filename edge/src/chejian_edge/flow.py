"""What goes on the wire now: batches through gate and window, and the account. No MQTT; see `chejian_edge.publisher`."""

import time
from collections import Counter
from collections.abc import Callable, Iterable

from chejian_contract.ledger import Ack, overlap

from chejian_edge.batch import flagged_historical
from chejian_edge.buffer import Buffer
from chejian_edge.judge import Judge, Step
from chejian_edge.ledger import Announced, BatchInfo, StoredBatch
from chejian_edge.outbox import Outbox, Outgoing
from chejian_edge.window import Window

STATUS_S = 5.0
"""Shortest pause between two NDATA with the account [s]; the account is for people, 5 s is soon enough."""
ASK_S = 1.0
"""Pause between two NDATA that want an answer [s]: the gate is closed, or the host has not taken a declared loss."""
IDLE_S = 30.0
"""An unchanged account is told again after this time [s], so that a restored host is noticed when nothing is produced."""


class Flow:
    """Decides, for the life of the process, what is sent.

    Args:
        buffer: an open buffer.
        window: batches unacknowledged on the wire at most.
        rows: a ledger host acknowledges; else what was published is done.
        clock: monotonic [s].

    Attributes:
        generation: rises with each new connection and identity: what was chosen before is not to be sent any more.
        counts: what happened, for metrics.
    """

    def __init__(
        self, buffer: Buffer, *, window: int, rows: bool, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.generation = 0
        self.counts: Counter[str] = Counter()
        self._buffer = buffer
        self._size = window
        self._rows = rows
        self._clock = clock
        self._judge = Judge(buffer, self.counts, clock=clock)
        self._unheard = False
        self.restart()

    def restart(self) -> None:
        """A new connection or identity: nothing is on the wire, nothing was told."""
        self.generation += 1
        self._window = Window(self._size)
        self._outbox = Outbox(self._buffer, self._size)
        self._told: Announced | None = None
        self._told_at = 0.0

    @property
    def gated(self) -> bool:
        """Whether data wait for the host's first word on this buffer file (see `AckResult`)."""
        return self._rows and self._buffer.totals.opened is not None

    def pause(self) -> float:
        """Seconds until something may be due."""
        return self._window.next_event(self._clock())

    def on_wire(self) -> int:
        """Batches that are unacknowledged on the wire."""
        return len(self._window)

    def committed(self, infos: Iterable[BatchInfo]) -> None:
        """New batches are in the buffer."""
        self._outbox.add(infos)

    def again(self) -> None:
        """What was chosen was not sent: look through the buffer again."""
        self._outbox.again(1)

    async def acknowledged(self, ack: Ack) -> Step:
        """Take an acknowledgement; after `Step.BEGIN_ANEW` births are due."""
        step = await self._judge.take(ack)
        if step is Step.NOTHING:
            return step
        if step is Step.BEGIN_ANEW:
            self.restart()
            return step
        lost = self.account().lost
        if ack.cut:
            lost = tuple((lo, min(hi, ack.highest)) for lo, hi in lost if lo <= ack.highest)
        self._unheard = overlap(ack.handled, lost) < sum(hi - lo + 1 for lo, hi in lost)
        self._window.acknowledged(ack, self._clock())
        if step is Step.LOOK_AGAIN:
            self.again()
        return step

    def account(self) -> Announced:
        """What births and status tell."""
        account = self._buffer.totals.announced(gated=self._rows)
        return account._replace(lost=(*account.lost, *self._judge.foreign_gaps))

    def tell(self, *, force: bool = False) -> Announced | None:
        """The account, when a status is due; it counts as told.

        Args:
            force: also a change that could wait.
        """
        account, now = self.account(), self._clock()
        if not (account != self._told if force else now - self._told_at >= self._patience(account)):
            return None
        self.told(account)
        return account

    def told(self, account: Announced) -> None:
        """A birth or status with this account is out."""
        self._told, self._told_at = account, self._clock()

    def _patience(self, account: Announced) -> float:
        """How old the last account on the wire may be now [s]."""
        before = self._told
        if before is None or account.lost != before.lost:
            return 0.0
        if self.gated or (self._unheard and self._rows):
            return ASK_S
        if account == before:
            return IDLE_S
        return STATUS_S if self._buffer.totals.in_flight_batches else 0.0

    async def due(self) -> list[StoredBatch]:
        """The batches to be sent now, ready but for their head; `sent` is called for each that went out."""
        window = self._window
        again, fresh = await self._choose(window)
        late = set(again) | {o.info.number for o in fresh if o.late and not o.info.historical}
        stored = await self._buffer.load([*again, *(o.info.number for o in fresh)])
        for number in set(again) - {s.info.number for s in stored}:
            window.forget(number)
        self.counts["resends"] += len(again)
        return [s._replace(data=flagged_historical(s.data)) if s.info.number in late else s for s in stored]

    def sent(self, number: int) -> None:
        """A batch went out."""
        if self._rows:
            self._window.sent(number, self._clock())

    async def _choose(self, window: Window) -> tuple[list[int], list[Outgoing]]:
        """Numbers to be sent again, and batches whose turn it is."""
        now = self._clock()
        if self.gated and not self._judge.older_copy:
            return [], []
        if not window.stalled(now):
            again = window.resend(now) if self._rows else []
            return again, await self._take(window, window.free(), live_only=False)
        if not window.probe_due(now):
            return [], []
        fresh = await self._take(window, min(window.free(), 1), live_only=True)
        oldest = window.oldest
        return ([oldest] if not fresh and oldest is not None else []), fresh

    async def _take(self, window: Window, free: int, *, live_only: bool) -> list[Outgoing]:
        opened = self._buffer.totals.opened
        if not self.gated or opened is None:
            return await self._outbox.take(free, busy=window, live_only=live_only)
        busy = set(window)
        oldest = await self._buffer.open_after(0, len(busy) + free)
        shared = [i for i in oldest if i.number <= opened[0] and i.number not in busy]
        return [Outgoing(info, late=True) for info in shared[:free]]
