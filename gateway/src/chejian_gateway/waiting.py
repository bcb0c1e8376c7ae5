"""Data messages that wait for a birth: bounded per node, oldest out first (the ledger brings those again)."""

import time
from collections import deque
from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field

from chejian_contract.sparkplug.topics import Topic

from chejian_gateway.intake import Message
from chejian_gateway.nodes import NodeKey

_MAX_PLACES = 1_000
"""Devices that may wait at the same time; hostile publishers could invent any number."""
_MAX_BYTES = 16 * 2**20
"""For all together, beside the bound on messages."""

Held = list[tuple[Message, int]]


@dataclass(slots=True)
class _Place:
    why: str
    since: float = field(default_factory=time.monotonic)
    held: deque[tuple[Message, int]] = field(default_factory=deque)


class Waiting:
    """Messages by (group, node, device), each with the number of births that did not help.

    Args:
        max_messages: for each device.
    """

    def __init__(self, max_messages: int) -> None:
        self._max_messages = max_messages
        self._places: dict[tuple[str, str, str], _Place] = {}
        self._bytes = 0
        self.dropped = 0

    def __len__(self) -> int:
        return sum(len(p.held) for p in self._places.values())

    def add(self, topic: Topic, message: Message, attempts: int, why: str = "") -> None:
        """Keep a message, and why."""
        place = (topic.group, topic.node, topic.device)
        full = place not in self._places and len(self._places) >= _MAX_PLACES
        if full or self._bytes + len(message.payload) > _MAX_BYTES:
            self.dropped += 1
            return
        held = self._places.setdefault(place, _Place(why)).held
        if len(held) >= self._max_messages:
            self._bytes -= len(held.popleft()[0].payload)
            self.dropped += 1
        held.append((message, attempts))
        self._bytes += len(message.payload)

    def take(self, topic: Topic) -> Held:
        """Hand out what waits for the birth of `topic`; each message has one more attempt behind it."""
        return self._take((topic.group, topic.node, topic.device), 1)

    def _take(self, name: tuple[str, str, str], births: int) -> Held:
        place = self._places.pop(name, None)
        if place is None:
            return []
        self._bytes -= sum(len(m.payload) for m, _ in place.held)
        return [(m, attempts + births) for m, attempts in place.held]

    def has(self, node: NodeKey) -> bool:
        """Whether something waits for births of a node."""
        return any(place[:2] == node for place in self._places)

    def take_node(self, node: NodeKey, born: AbstractSet[str]) -> Held:
        """Hand out what waits for births of a node; those of the devices `born` were entered."""
        places = [place for place in self._places if place[:2] == node]
        return [item for place in places for item in self._take(place, int(place[2] in born))]

    def overdue(self, now: float, patience: float) -> Iterator[tuple[NodeKey, str]]:
        """Nodes for whose births something has been waiting for `patience` seconds, each once in that time."""
        for (group, node, _), place in self._places.items():
            if now - place.since >= patience:
                place.since = now
                yield (group, node), place.why
