"""The gateway's one working thread: messages in order, births at once, rows in commits, acknowledgements after them."""

import logging
import threading
import time
from collections.abc import Sequence
from itertools import groupby

import psycopg
from chejian_contract.errors import PayloadError
from chejian_contract.sparkplug.topics import MessageType, Topic

from chejian_gateway import registry
from chejian_gateway.config import GatewayConfig
from chejian_gateway.core import Core
from chejian_gateway.database import GivenUpError
from chejian_gateway.host import Publish
from chejian_gateway.intake import Intake, Message
from chejian_gateway.lifecycle import Lifecycle
from chejian_gateway.rows import BatchReader, Data, Read

_log = logging.getLogger(__name__)

_GROUP_MESSAGES = 512
_GROUP_BYTES = 2**20
"""One round takes at most so much: a commit then stays near 45,000 rows of 23 bytes, and a stop is noticed soon."""
_TICK_S = 0.1
"""Longest sleep: acknowledgements and a stop wait no longer."""
_SEEN_MS = 5_000
"""How often `last_seen` of a node is written."""
_STUCK_MS = 5_000
"""Handled batches that keep coming for so long, though acknowledged: the node has another buffer than we think."""


class Engine:
    """Everything between the intake and the database.

    Args:
        config: of the gateway.
        intake: where messages come from.
        publish: sends commands to nodes.
        stop: ends `run`.
    """

    def __init__(
        self, config: GatewayConfig, intake: Intake, publish: Publish, stop: threading.Event
    ) -> None:
        self._intake = intake
        self._stop = stop
        self.core = Core(config, publish, stop)
        self._lifecycle = Lifecycle(self.core, self.process)
        self._reader = BatchReader(self.core.plant)

    def run(self) -> None:
        """Work until `stop` is set, then store what has been received.

        Raises:
            SchemaError: the database lacks migrations.
        """
        try:
            self.core.database.run(lambda _: None)
            while not self._stop.is_set():
                self.step()
            _log.info("stopping: storing what has been received")
            while len(self._intake):
                self.step()
            self.core.commit()
            self.tick()
        except GivenUpError as error:
            _log.warning("%s; what is not acknowledged comes again", error)
        finally:
            self.core.database.close()

    def step(self) -> None:
        """Take messages, enter them, and commit when it is time."""
        core = self.core
        messages = self._intake.take(_GROUP_MESSAGES, _GROUP_BYTES, self._patience())
        self.process([(m, 0) for m in messages])
        limits, since = core.config.commit, core.pending.since
        late = since is not None and time.monotonic() - since >= limits.max_delay
        if late or core.pending.count >= limits.max_rows or core.pending.size >= _GROUP_BYTES:
            core.commit()
        self.tick()

    def _patience(self) -> float:
        if self._stop.is_set():
            return 0.0
        since = self.core.pending.since
        if since is None:
            return _TICK_S
        rest = since + self.core.config.commit.max_delay - time.monotonic()
        return min(max(rest, 0.0), _TICK_S)

    def process(self, messages: Sequence[tuple[Message, int]]) -> None:
        """Enter messages (with the births that have not helped) in order; runs of ledger data are decoded together."""
        routed = [(m, n, self.core.topic(m.topic)) for m, n in messages]
        for is_data, run in groupby(routed, key=lambda r: self._is_batch(r[2])):
            if is_data:
                nodes = self.core.plant.nodes
                self._batches([Data(m, nodes[t.group, t.node], n) for m, n, t in run if t])
            else:
                for message, attempts, topic in run:
                    self._single(message, topic, attempts)

    def _is_batch(self, topic: Topic | None) -> bool:
        if topic is None or topic.type is not MessageType.DDATA:
            return False
        node = self.core.node(topic)
        return node is not None and node.ledger_id is not None

    def _batches(self, items: Sequence[Data]) -> None:
        read = self._reader.read(items, self.core.pending, self.core.limits())
        for node, seq in read.seq:
            # Gaps in a ledger node's sequence are counted only: the ledger brings what is missing.
            if node.session.online and not node.session.in_order(seq):
                node.gaps += 1
            elif node.dead:
                self.core.rebirths.ask(node.key, "data after its death", node)
        for item in items:
            item.node.seen_ms = item.message.received_ms
        for item in read.unknown:
            topic = self.core.topic(item.message.topic)
            if topic is not None:
                why = "an alias that no birth has named"
                self.core.hold(topic, item.message, item.attempts, item.node, why)
        self._watch_doubles(read)

    def _watch_doubles(self, read: Read) -> None:
        for node in read.fresh:
            node.double_since_ms = None
        for node in read.doubles:
            self.core.committer.doubles += 1
            self.core.acknowledger.again(node)
            if node.double_since_ms is None:
                node.double_since_ms = node.seen_ms
            elif not node.born and node.seen_ms - node.double_since_ms > _STUCK_MS:
                self.core.rebirths.ask(node.key, "it repeats batches that are acknowledged", node)

    def _single(self, message: Message, topic: Topic | None, attempts: int) -> None:
        if topic is None:
            self.core.refuse(message, f"topic {message.topic!r} is no Sparkplug topic")
            return
        try:
            self._lifecycle.handle(message, topic, attempts)
        except PayloadError as error:
            self.core.refuse(message, str(error), self.core.plant.nodes.get((topic.group, topic.node)))
        except psycopg.Error as error:  # it would come again at each attempt: keep the message, go on
            reason = f"the database refused it: {str(error).strip()}"
            _log.error("%s: %s", message.topic, reason)
            self.core.refuse(message, reason)

    def tick(self) -> None:
        """Send what is due; write when nodes were seen."""
        self.core.acknowledger.send_due()
        self.core.committer.tick()
        nodes = self.core.plant.nodes.values()
        seen = [n for n in nodes if n.rebirths or n.seen_ms - n.seen_written_ms >= _SEEN_MS]
        if seen:
            self.core.database.run(lambda c: registry.touch(c, seen))
        self.core.database.keep_alive()
