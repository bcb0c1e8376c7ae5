"""What all parts of the working thread share: the plant in memory, the waiting rows, the ways to the outside."""

import logging
import threading
import time

from chejian_contract.errors import PayloadError
from chejian_contract.sparkplug.topics import Topic
from psycopg import Connection

from chejian_gateway import migrate, registry
from chejian_gateway.committer import Committer
from chejian_gateway.config import GatewayConfig
from chejian_gateway.database import Database
from chejian_gateway.foreign import ForeignReader
from chejian_gateway.host import Acknowledger, Publish, Rebirths
from chejian_gateway.intake import Message
from chejian_gateway.nodes import Node, NodeKey, Plant
from chejian_gateway.pending import Pending
from chejian_gateway.rows import Limits, unreadable
from chejian_gateway.waiting import Waiting

_log = logging.getLogger(__name__)

_MAX_TOPICS = 100_000
"""Parsed topics and unknown nodes kept; hostile publishers could invent any number."""
_LETTERS_PER_HOUR = 3_600
"""Dead letters without a batch that are written; beyond it they are only counted, or a broken sender fills the disk."""


class Core:
    """State of the working thread; used by no other thread.

    Args:
        config: of the gateway.
        publish: sends commands to nodes.
        stop: set when the process ends.
    """

    def __init__(self, config: GatewayConfig, publish: Publish, stop: threading.Event) -> None:
        self.config = config
        self.plant = Plant()
        self.pending = Pending()
        self.rebirths = Rebirths(publish, config.host.rebirth_interval)
        self.acknowledger = Acknowledger(publish, config.commit.acknowledge_interval, config.commit.window)
        self.database = Database(config.dsn, stop, self._on_connection)
        self.committer = Committer(self.database, self.plant, self.acknowledger, config)
        self.waiting = Waiting(config.intake.max_held)
        self.foreign = ForeignReader()
        self.malformed = 0
        self._topics: dict[str, Topic | None] = {}
        self._unknown: set[NodeKey] = set()
        self._letters = float(_LETTERS_PER_HOUR)
        self._letters_at = time.monotonic()

    def _on_connection(self, connection: Connection) -> None:
        migrate.check(connection)
        if self.committer.on_connection(connection):
            return
        _log.warning("the database is not the one of before (restored?): everything in memory is read anew")
        self.pending = Pending()
        self._unknown.clear()
        self.acknowledger.forget()

    def topic(self, text: str) -> Topic | None:
        """Parsed topic; None where it is malformed."""
        if text not in self._topics:
            if len(self._topics) >= _MAX_TOPICS:
                self._topics.clear()
            self._topics[text] = _parse(text)
        return self._topics[text]

    def node(self, topic: Topic) -> Node | None:
        """The node of a topic, from memory or from the database; None where it was never born."""
        key = topic.group, topic.node
        node = self.plant.nodes.get(key)
        if node is None and key not in self._unknown:
            node = self.database.run(lambda c: registry.load(c, key))
            if node is not None:
                self.enter_node(node)
            elif len(self._unknown) < _MAX_TOPICS:
                self._unknown.add(key)
        return node

    def enter_node(self, node: Node) -> None:
        """A node was loaded or born; it takes the place of what was known of it."""
        for series in node.aliases.values():
            self.plant.series.add(series)
        self._unknown.discard(node.key)
        self.plant.add(node)

    def limits(self) -> Limits:
        """What is storable now."""
        now_ms = time.time_ns() // 1_000_000
        store = self.config.store
        return Limits(
            now_ms - int(store.raw_retention * 1000),
            now_ms + int(store.max_ahead * 1000),
            self.config.intake.max_payload,
        )

    def hold(self, topic: Topic, message: Message, attempts: int, node: Node | None, why: str) -> None:
        """Keep a data message until the birth that it needs, and ask for that."""
        self.waiting.add(topic, message, attempts)
        self.rebirths.ask((topic.group, topic.node), why, node)

    def refuse(self, message: Message, reason: str, node: Node | None = None) -> None:
        """Make a dead letter of a message that can't be read."""
        self.malformed += 1
        now = time.monotonic()
        earned = (now - self._letters_at) * _LETTERS_PER_HOUR / 3600
        self._letters, self._letters_at = min(self._letters + earned, _LETTERS_PER_HOUR), now
        if self._letters >= 1:
            self._letters -= 1
            self.pending.add_dead(unreadable(message, reason, node))

    def commit(self) -> None:
        """Store what waits."""
        if self.pending:
            pending, self.pending = self.pending, Pending()
            self.committer.commit(pending)


def _parse(text: str) -> Topic | None:
    try:
        topic = Topic.parse(text)
    except PayloadError:
        return None
    return None if "\0" in text else topic
