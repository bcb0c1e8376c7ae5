"""What all parts of the working thread share: the plant in memory, the waiting rows, the ways to the outside."""

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

import psycopg
from chejian_contract.errors import PayloadError
from chejian_contract.sparkplug.topics import Topic
from psycopg import Connection

from chejian_gateway import migrate, registry
from chejian_gateway.committer import Committer
from chejian_gateway.config import GatewayConfig
from chejian_gateway.database import Database
from chejian_gateway.errors import NotHostError
from chejian_gateway.foreign import ForeignReader
from chejian_gateway.host import Acknowledger, Publish, Rebirths
from chejian_gateway.intake import SHARED, Message
from chejian_gateway.nodes import Node, NodeKey, Plant
from chejian_gateway.pending import Pending
from chejian_gateway.rows import Limits, unreadable
from chejian_gateway.waiting import Waiting

_log = logging.getLogger(__name__)

T = TypeVar("T")

_UNKNOWN_S = 0.5
"""A node that the database did not know is looked up again after so long: another replica may enter it."""
MAX_TOPIC = 1_000
"""Characters of a topic; what is longer can't be indexed by the database, and is refused before it fills the memory."""
_NOT_IN_TOPICS = "\0+#"
"""MQTT allows none of them in the topic of a message, and no command could be sent back to such a node."""
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

    Attributes:
        term: number of the present term of office as host; 0 while this process is not the host.
        malformed, handled, left: messages refused; handled, batches of ledgers apart; left to the host. See `tally`.
        on_connection: told of each new database session whose data are those of before.
        on_other_database: told of a session whose data are not.
        foreign_born: told of each birth of a node without a ledger.
        away: called while the database can't be reached.
    """

    def __init__(self, config: GatewayConfig, publish: Publish, stop: threading.Event) -> None:
        self.config = config
        self.term = 0
        self.on_connection: Callable[[Connection], None] = lambda _: None
        self.on_other_database: Callable[[], None] = lambda: None
        self.foreign_born: Callable[[NodeKey], None] = lambda _: None
        self.away: Callable[[], None] = lambda: None
        self.plant = Plant()
        self.pending = Pending()
        self.rebirths = Rebirths(publish, config.host.rebirth_interval)
        self.acknowledger = Acknowledger(publish, config.commit.acknowledge_interval, config.commit.window)
        self.database = Database(
            config.dsn, stop, self._on_connection, lease=config.host.lease, away=self._on_away
        )
        self.committer = Committer(self.database, self.plant, self.acknowledger, config)
        self.waiting = Waiting(config.intake.max_held)
        self.foreign = ForeignReader()
        self.malformed = self.handled = self.left = 0
        self._topics: dict[str, Topic | None] = {}
        self._unknown: dict[NodeKey, float] = {}
        self._letters = float(_LETTERS_PER_HOUR)
        self._letters_at = time.monotonic()

    def _on_connection(self, connection: Connection) -> None:
        migrate.check(connection)
        if not self.committer.on_connection(connection):
            self._forget()
        self.on_connection(connection)

    def _on_away(self) -> None:
        self.away()

    def _forget(self) -> None:
        _log.warning("the database is not the one of before (restored?): everything in memory is read anew")
        self.committer.dropped += len(self.pending.batches)
        self.pending = Pending()
        self._unknown.clear()
        self.acknowledger.forget()
        self.on_other_database()

    def drop_foreign(self) -> None:
        """Another replica is the host now, and has the data of foreign nodes: drop what waits here of them."""
        self.pending = self.pending.only(range(len(self.pending.batches)), rest=False)
        self.committer.drop_foreign()

    def duty(self, work: Callable[[Connection], T]) -> T:
        """Run work that only the host may do.

        Raises:
            NotHostError: when the office was lost since the call; the work is not done.
        """
        term = self.term

        def guarded(connection: Connection) -> T:
            if self.term != term:
                raise NotHostError("another replica is the host now")
            return work(connection)

        return self.database.run(guarded)

    def topic(self, text: str) -> Topic | None:
        """Parsed topic; None where it is malformed."""
        if len(text) > MAX_TOPIC:
            return None
        if text not in self._topics:
            if len(self._topics) >= _MAX_TOPICS:
                self._topics.clear()
            self._topics[text] = _parse(text)
        return self._topics[text]

    def node(self, topic: Topic) -> Node | None:
        """The node of a topic, from memory or from the database; None where it was never born."""
        return self.known_node((topic.group, topic.node))

    def known_node(self, key: NodeKey) -> Node | None:
        """A node by its key; as `node`."""
        node = self.plant.nodes.get(key)
        if node is None and time.monotonic() - self._unknown.get(key, -_UNKNOWN_S) >= _UNKNOWN_S:
            node = self.database.run(lambda c: registry.load(c, key))
            if node is not None:
                self.enter_node(node)
            elif len(self._unknown) < _MAX_TOPICS:
                self._unknown[key] = time.monotonic()
        return node

    def enter_node(self, node: Node) -> None:
        """A node was loaded or born; it takes the place of what was known of it."""
        for series in node.aliases.values():
            self.plant.series.add(series)
        self._unknown.pop(node.key, None)
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
        """Keep a data message until the birth that it needs, and ask for that.

        What came over the data connection may be ahead of its birth: then it is not asked for before some time.
        """
        self.waiting.add(topic, message, attempts, why)
        if message.via != SHARED:
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

    @contextmanager
    def refusing(self, message: Message, topic: Topic) -> Iterator[None]:
        """Make a dead letter of the message if the work on it fails, and go on."""
        try:
            yield
        except PayloadError as error:
            self.refuse(message, str(error), self.plant.nodes.get((topic.group, topic.node)))
        except NotHostError as error:
            self.left += 1
            _log.info("%s is left to the host: %s", message.topic, error)
        except psycopg.Error as error:  # it would come again at each attempt: keep the message, go on
            reason = f"the database refused it: {str(error).strip()}"
            _log.error("%s: %s", message.topic, reason)
            self.refuse(message, reason)

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
    return None if any(c in text for c in _NOT_IN_TOPICS) else topic
