"""Data messages that wait for a birth: bounded per node, oldest out first (the ledger brings those again)."""

from collections import deque

from chejian_contract.sparkplug.topics import Topic

from chejian_gateway.intake import Message

_MAX_PLACES = 1_000
"""Devices that may wait at the same time; hostile publishers could invent any number."""
_MAX_BYTES = 16 * 2**20
"""For all together, beside the bound on messages."""

Held = list[tuple[Message, int]]


class Waiting:
    """Messages by (group, node, device), each with the number of births that did not help.

    Args:
        max_messages: for each device.
    """

    def __init__(self, max_messages: int) -> None:
        self._max_messages = max_messages
        self._places: dict[tuple[str, str, str], deque[tuple[Message, int]]] = {}
        self._bytes = 0
        self.dropped = 0

    def __len__(self) -> int:
        return sum(map(len, self._places.values()))

    def add(self, topic: Topic, message: Message, attempts: int) -> None:
        """Keep a message."""
        place = (topic.group, topic.node, topic.device)
        full = place not in self._places and len(self._places) >= _MAX_PLACES
        if full or self._bytes + len(message.payload) > _MAX_BYTES:
            self.dropped += 1
            return
        held = self._places.setdefault(place, deque())
        if len(held) >= self._max_messages:
            self._bytes -= len(held.popleft()[0].payload)
            self.dropped += 1
        held.append((message, attempts))
        self._bytes += len(message.payload)

    def take(self, topic: Topic) -> Held:
        """Hand out what waits for the birth of `topic`; each message has one more attempt behind it."""
        held = self._places.pop((topic.group, topic.node, topic.device), ())
        self._bytes -= sum(len(m.payload) for m, _ in held)
        return [(m, attempts + 1) for m, attempts in held]
