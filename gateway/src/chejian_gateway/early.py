"""Data of a foreign node that is new: taken from the shared connection until the host's own subscription is there."""

from chejian_gateway.intake import SHARED, Message
from chejian_gateway.nodes import NodeKey

_MOST = 1_000
"""Messages of one node; a subscription takes milliseconds."""
_BOTH_MS = 5_000
"""So long after the subscription a message may still come by both ways, or by the shared one only, sent before."""


class Early:
    """Decides about foreign data on the host, so that each message is taken once by whichever way it comes first."""

    def __init__(self) -> None:
        self._taken: dict[NodeKey, set[tuple[str, bytes]]] = {}
        self._until: dict[NodeKey, int] = {}

    def admits(self, key: NodeKey, message: Message, *, covered: bool) -> bool:
        """Whether to take a message.

        Args:
            key: of the foreign node.
            message: its data message; its time of receipt counts, for it may have waited in the queue.
            covered: whether the host's own subscription to that node's data is confirmed.
        """
        if covered and message.received_ms >= self._until.setdefault(key, message.received_ms + _BOTH_MS):
            self._taken.pop(key, None)
            return message.via != SHARED
        taken = self._taken.setdefault(key, set())
        entry = message.topic, message.payload
        if entry in taken:
            return False
        if len(taken) >= _MOST:
            return message.via != SHARED
        taken.add(entry)
        return True

    def forget(self) -> None:
        """The office is lost."""
        self._taken.clear()
        self._until.clear()
