"""The bounded queue between the network thread and the engine."""

import threading
import time
from collections import deque
from dataclasses import dataclass

SHARED = -1
"""Came over the data connection, of which every replica has a share."""
ANYHOW = 0
"""Came on a way of which nobody is the only owner: replays, tools."""

_DATA = ("/DDATA/", "/NDATA/")
_SPARE = 2
"""Births and deaths are taken up to twice the bound: losing one costs a rebirth, losing data costs nothing."""


@dataclass(frozen=True, slots=True)
class Message:
    """A received message.

    Attributes:
        topic: as received.
        payload: its bytes.
        received_ms: the gateway's clock, milliseconds since 1970 UTC.
        via: `SHARED`, `ANYHOW`, or the number (from 1) of the term of office of the host whose connection it came over.
    """

    topic: str
    payload: bytes
    received_ms: int
    via: int = ANYHOW


class Intake:
    """Takes messages from one thread and hands groups of them to another.

    Args:
        max_messages: bound on waiting messages.
        max_bytes: bound on their bytes.
    """

    def __init__(self, max_messages: int, max_bytes: int) -> None:
        self._max_messages = max_messages
        self._max_bytes = max_bytes
        self._waiting: deque[Message] = deque()
        self._bytes = 0
        self._changed = threading.Condition()
        self.received = 0
        self.dropped = 0

    def __len__(self) -> int:
        return len(self._waiting)

    def put(self, topic: str, payload: bytes, received_ms: int, via: int = ANYHOW) -> bool:
        """Add a message; False when it was dropped for lack of room."""
        spare = 1 if any(word in topic for word in _DATA) else _SPARE
        with self._changed:
            self.received += 1
            full = len(self._waiting) >= spare * self._max_messages
            if full or self._bytes + len(payload) > spare * self._max_bytes:
                self.dropped += 1
                return False
            self._waiting.append(Message(topic, payload, received_ms, via))
            self._bytes += len(payload)
            if len(self._waiting) == 1:
                self._changed.notify()
        return True

    def take(self, max_messages: int, max_bytes: int, timeout: float) -> list[Message]:
        """Wait up to `timeout` seconds for messages and take at most so many; at least one if any."""
        taken: list[Message] = []
        size = 0
        with self._changed:
            if not self._waiting and timeout > 0:
                self._changed.wait(timeout)
            while self._waiting and len(taken) < max_messages and (not taken or size < max_bytes):
                message = self._waiting.popleft()
                size += len(message.payload)
                taken.append(message)
            self._bytes -= size
        return taken

    def wake(self) -> None:
        """End a waiting `take` early."""
        with self._changed:
            self._changed.notify()

    @property
    def oldest_age(self) -> float:
        """Seconds that the oldest message has been waiting; 0 when none is."""
        with self._changed:
            oldest = self._waiting[0].received_ms if self._waiting else None
        return 0.0 if oldest is None else max(0.0, time.time() - oldest / 1000)
