"""Counters of a Sparkplug session: bdSeq and seq, on the edge's and on the host's side."""

from dataclasses import dataclass, field
from typing import Generic, TypeVar

T = TypeVar("T")

SEQ_MODULUS = 256
"""seq and bdSeq run 0..255 (tck-id-payloads-sequence-num-incrementing, tck-id-topics-nbirth-bdseq-increment)."""


@dataclass(slots=True)
class EdgeSession:
    """Counters of an edge node.

    Attributes:
        bd_seq: of the present CONNECT, -1 before the first; kept over a rebirth, +1 at each CONNECT; persisted by the edge.
    """

    bd_seq: int = -1
    _seq: int = 0

    def next_connect(self) -> int:
        """Advance bdSeq for a new CONNECT and return it."""
        self.bd_seq = (self.bd_seq + 1) % SEQ_MODULUS
        return self.bd_seq

    def birth(self) -> int:
        """Seq of an NBIRTH: always 0; the count starts again behind it."""
        self._seq = 0
        return 0

    def next_seq(self) -> int:
        """Seq of the next NDATA, DBIRTH, DDATA or DDEATH."""
        self._seq = (self._seq + 1) % SEQ_MODULUS
        return self._seq


@dataclass(slots=True)
class HostSession:
    """What a host knows of one edge node's session.

    Attributes:
        bd_seq: of the last NBIRTH, None before the first.
        online: between NBIRTH and NDEATH.
    """

    bd_seq: int | None = None
    online: bool = False

    def birth(self, bd_seq: int | None) -> None:
        """An NBIRTH came."""
        self.bd_seq, self.online = bd_seq, True

    def ends_with(self, bd_seq: int | None) -> bool:
        """Whether an NDEATH belongs to this session; that of an older one must be ignored."""
        return self.bd_seq is None or bd_seq is None or bd_seq == self.bd_seq

    def death(self, bd_seq: int | None) -> bool:
        """An NDEATH came; False when it belongs to an older session and must be ignored."""
        if self.ends_with(bd_seq):
            self.online = False
            return True
        return False


MOST_HELD = 100
"""Messages that may wait for a missing one: far below the modulus, so that a seq never stands for two of them."""


@dataclass(slots=True)
class Reordering(Generic[T]):
    """Puts the messages of one session back in the order of their seq, as far as that can be done in time.

    A message ahead of its turn waits. The first one that does so opens the Reorder Timeout window
    (tck-id-operational-behavior-host-reordering-start); when all that was missing has come, the window is closed.
    What was given up may still come: it is handed out at once and opens no window.

    Attributes:
        since: when the present window was opened; None while all is in order.
    """

    since: float | None = None
    _next: int | None = None
    _newest: int = 0
    _held: dict[int, tuple[float, T]] = field(default_factory=dict)
    _given_up: set[int] = field(default_factory=set)
    _passed: int = 0

    def waiting(self) -> list[T]:
        """What is held, in the order of arrival."""
        return [item for _, item in self._held.values()]

    def start(self, seq: int) -> None:
        """An NBIRTH came, any seq is accepted; the message behind it carries the next one."""
        self._next = (seq + 1) % SEQ_MODULUS
        self._held.clear()
        self._given_up.clear()
        self.since = None

    def offer(self, seq: int, item: T, now: float) -> list[T]:
        """Take a message and return those whose turn has come, in order.

        Args:
            seq: of the message; taken modulo 256.
            item: the message.
            now: seconds of a clock that never goes back.
        """
        seq %= SEQ_MODULUS
        if self._next is None or seq in self._given_up or seq in self._held:
            self._given_up.discard(seq)
            return [item]
        self._newest = seq
        self._held[seq] = (now, item)
        ready = []
        while self._next in self._held:
            ready.append(self._held.pop(self._next)[1])
            self._next = (self._next + 1) % SEQ_MODULUS
        self._passed += len(ready)
        if self._passed > MOST_HELD:  # too late for what was given up: its seq is about to be used again
            self._given_up.clear()
        self.since = min((at for at, _ in self._held.values()), default=None)
        return ready

    def overdue(self, now: float, timeout: float) -> bool:
        """Whether something has been missing for `timeout` seconds, or more waits for it than may."""
        return self.since is not None and (now - self.since >= timeout or len(self._held) >= MOST_HELD)

    def give_up(self) -> list[T]:
        """Wait no longer: close the window and return all that was held, in order."""
        first = self._next or 0
        after = (self._newest + 1) % SEQ_MODULUS
        skipped = {(first + k) % SEQ_MODULUS for k in range((after - first) % SEQ_MODULUS)}
        held = sorted(self._held, key=lambda seq: (seq - first) % SEQ_MODULUS)
        items = [self._held[seq][1] for seq in held]
        if held:
            self._given_up, self._passed, self._next = skipped - set(held), 0, after
        self._held.clear()
        self.since = None
        return items
