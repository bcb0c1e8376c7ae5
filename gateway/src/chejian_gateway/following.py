"""What the host has entered, as another replica learns of it: nodes read again from the database."""

import time
from collections.abc import Callable, Sequence

from psycopg import Connection

from chejian_gateway import registry
from chejian_gateway.core import Core
from chejian_gateway.intake import Message
from chejian_gateway.nodes import Node, NodeKey
from chejian_gateway.registry import Entry
from chejian_gateway.rows import Data

_EVERY_S = 1.0
"""How often the journal of births is read."""
_AGAIN_S = 0.5
"""A node is read again at most so often because of its messages."""
_PATIENCE_S = 2.0
"""A birth may come so much later than the data behind it: over another connection, or through another replica. The
host asks for it after this time, the others after twice of it, so that not each of them asks."""

Replay = Callable[[Sequence[tuple[Message, int]]], None]


class Following:
    """Keeps the plant in memory up to what is in the database, and data that wait for births in hand.

    Args:
        core: state of the working thread.
        replay: enters messages that were held.

    Attributes:
        stale: batches dropped because their buffer has made itself a new identity.
    """

    def __init__(self, core: Core, replay: Replay) -> None:
        self._core = core
        self._replay = replay
        self._seen: int | None = None
        self._next = 0.0
        self._read: dict[NodeKey, float] = {}
        self.stale = 0

    def forget(self) -> None:
        """The database is another one."""
        self._seen = None

    def tick(self, *, host: bool) -> None:
        """Read what others entered; the host enters it itself. Then ask for births that do not come."""
        now = time.monotonic()
        if now < self._next:
            return
        self._next = now + _EVERY_S / 2
        if not host:
            self.follow()
        for key, why in self._core.waiting.overdue(now, _PATIENCE_S if host else 2 * _PATIENCE_S):
            self._core.rebirths.ask(key, why, self._core.plant.nodes.get(key))

    def follow(self) -> None:
        """Read nodes again that were born or died since the last time."""
        entries = self._core.database.run(self._news)
        for key in dict.fromkeys(e.key for e in entries):
            self._reload(key, {e.device for e in entries if e.key == key and e.kind == "DBIRTH"})

    def _news(self, connection: Connection) -> list[Entry]:
        newest = registry.last_entry(connection)
        seen, self._seen = self._seen, newest
        if seen is None or newest <= seen:
            return []
        return registry.journal(connection, seen)

    def _reload(self, key: NodeKey, born: set[str]) -> None:
        """Read a node again, if it is of interest here, and enter what waited for that."""
        waits = self._core.waiting.has(key)
        if key in self._core.plant.nodes or waits:
            node = self._core.database.run(lambda c: registry.load(c, key))
            if node is not None:
                self._core.enter_node(node)
        if waits:
            self._replay(self._core.waiting.take_node(key, born))

    def again(self, key: NodeKey) -> bool:
        """Read a node again because of a message that does not fit; whether that was done now."""
        now = time.monotonic()
        if now - self._read.get(key, -_AGAIN_S) < _AGAIN_S:
            return False
        self._read[key] = now
        self._reload(key, set())
        return True

    def unknown_alias(self, item: Data) -> None:
        """No birth has named an alias: another replica may know it, or the birth comes over another connection."""
        self._hold_or_enter(item, "an alias that no birth has named", lambda _: True)

    def other_buffer(self, item: Data, identity: int) -> None:
        """A batch of another buffer than the node's present one."""
        node = self._core.plant.nodes[item.node.key]
        if node.ledger_id == identity and node is not item.node:
            self._replay([(item.message, item.attempts)])
        elif identity in node.former:
            self.stale += 1
        else:
            self._hold_or_enter(
                item, "another buffer than its birth named", lambda n: n.ledger_id == identity
            )

    def _hold_or_enter(self, item: Data, why: str, fits: Callable[[Node], bool]) -> None:
        if self.again(item.node.key) and fits(self._core.plant.nodes[item.node.key]):
            self._replay([(item.message, item.attempts)])
            return
        topic = self._core.topic(item.message.topic)
        if topic is not None:
            self._core.hold(topic, item.message, item.attempts, item.node, why)
