"""Flow control of the ledger: which batch may go on the wire now. Pure: times are given.

At most `size` batches are unacknowledged on the wire. Messages of one connection arrive in the order of their sending
or not at all, so a batch is sent again when

- it is overtaken: a batch whose first sending was later has been acknowledged, and 2 s have passed since its own last
  sending. (Of a batch that was sent twice nobody knows which copy the acknowledgement means; so its first one counts.)
- or no batch was acknowledged for 2 s: then the oldest, and twice as many each further 2 s, until a batch that
  was sent only once is acknowledged. So the lost tail of a burst comes through in a few steps, and a host that is
  merely slow gets one message in 2 s too many.

After 5 s without any acknowledgement only probes go out, one batch a second, until the first acknowledgement reopens.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from chejian_contract.ledger import Ack

RESEND_S = 2.0
"""Patience before a batch is sent again [s] (architecture 2.1)."""
STALL_S = 5.0
"""Time without acknowledgement after which only probes are sent [s] (architecture 2.1)."""
PROBE_S = 1.0
"""Pause between probes [s] (architecture 2.1)."""


@dataclass(slots=True)
class _Sent:
    first: int
    last: int
    at: float


class Window:
    """The batches on the wire of one connection.

    Args:
        size: batches unacknowledged at most.
    """

    def __init__(self, size: int) -> None:
        self._size = size
        self._sent: dict[int, _Sent] = {}
        self._count = 0
        self._overtaker = 0
        self._quiet_since = 0.0
        self._progress = 0.0
        self._probed = 0.0
        self._poked = 0.0
        self._pokes = 1

    def __len__(self) -> int:
        return len(self._sent)

    def __iter__(self) -> Iterator[int]:
        return iter(self._sent)

    def stalled(self, now: float) -> bool:
        """Whether only probes may go out."""
        return bool(self._sent) and now - self._quiet_since >= STALL_S

    def free(self) -> int:
        """New batches that the window has room for."""
        return max(self._size - len(self._sent), 0)

    def probe_due(self, now: float) -> bool:
        """Whether a stalled window may try one batch now."""
        return now - self._probed >= PROBE_S

    @property
    def oldest(self) -> int | None:
        """Lowest number on the wire."""
        return min(self._sent, default=None)

    def sent(self, number: int, now: float) -> None:
        """A batch went out, for the first time or again."""
        if self.stalled(now):
            self._probed = now
        elif not self._sent:
            self._quiet_since = self._progress = now
        self._count += 1
        known = self._sent.get(number)
        if known is None:
            self._sent[number] = _Sent(self._count, self._count, now)
        else:
            known.last, known.at = self._count, now

    def resend(self, now: float) -> list[int]:
        """Batches to be sent again now, oldest first; not for a stalled window."""
        due = [
            number
            for number, sent in self._sent.items()
            if sent.last < self._overtaker and now - sent.at >= RESEND_S
        ]
        if not due and self._sent and now - max(self._progress, self._poked) >= RESEND_S:
            due = sorted(self._sent)[: self._pokes]
            self._poked = now
            self._pokes = min(2 * self._pokes, self._size)
        return sorted(due)

    def acknowledged(self, ack: Ack, now: float) -> list[int]:
        """Take an acknowledgement; returns the batches that left the wire."""
        self._quiet_since = now
        done = [n for n in self._sent if n <= ack.up_to or any(lo <= n <= hi for lo, hi in ack.ranges)]
        if done:
            self._progress = now
        for number in done:
            sent = self._sent.pop(number)
            self._overtaker = max(self._overtaker, sent.first)
            if sent.first == sent.last:
                self._pokes = 1
        return done

    def forget(self, number: int) -> None:
        """A batch is no longer to be sent: it was declared lost."""
        self._sent.pop(number, None)

    def next_event(self, now: float) -> float:
        """Seconds until a probe or a resend may be due, 0.05 to 1."""
        if not self._sent:
            return 1.0
        times = [max(self._progress, self._poked) + RESEND_S]
        times += [s.at + RESEND_S for s in self._sent.values() if s.last < self._overtaker]
        return min(max(min(times) - now, 0.05), 1.0)
