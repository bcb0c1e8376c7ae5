"""The gateway's one working thread: messages in order, births at once, rows in commits, acknowledgements after them."""

import logging
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from itertools import groupby

from chejian_contract.sparkplug.topics import MessageType, Topic

from chejian_gateway import ledger, registry
from chejian_gateway.config import GatewayConfig
from chejian_gateway.core import MAX_TOPIC, Core
from chejian_gateway.database import GivenUpError
from chejian_gateway.early import Early
from chejian_gateway.following import Following
from chejian_gateway.host import Publish
from chejian_gateway.hostlink import HostLink
from chejian_gateway.intake import ANYHOW, SHARED, Intake, Message
from chejian_gateway.ledger import Handled
from chejian_gateway.lifecycle import Lifecycle
from chejian_gateway.nodes import LedgerKey, Node, NodeKey
from chejian_gateway.role import Role
from chejian_gateway.rows import BatchReader, Data
from chejian_gateway.silence import Silence
from chejian_gateway.waveform_requests import WaveformRequests

_log = logging.getLogger(__name__)

_GROUP_MESSAGES = 512
_GROUP_BYTES = 2**20
"""One round takes at most so much: a commit then stays near 45,000 rows of 23 bytes, and a stop is noticed soon."""
_TICK_S = 0.1
"""Longest sleep: acknowledgements and a stop wait no longer."""
_SHOWN = 200
"""Characters of a wrong topic in the reason of its dead letter."""
_SEEN_MS = 5_000
"""How often `last_seen` of a node is written."""
_ECHO_MS = 5_000
"""Data that come so soon behind an NDEATH were sent before it, and came over another connection."""


class Engine:
    """Everything between the intake and the database.

    Args:
        config: of the gateway.
        intake: where messages come from.
        publish: sends commands to nodes.
        stop: ends `run`.
        reachable: whether the data connection reaches the broker; None: there is no broker and no election, every
            message is taken as it comes.
        retire: called when the end begins, to take no more data.
    """

    def __init__(
        self,
        config: GatewayConfig,
        intake: Intake,
        publish: Publish,
        stop: threading.Event,
        *,
        reachable: Callable[[], bool] | None = None,
        retire: Callable[[], None] = lambda: None,
    ) -> None:
        self._intake = intake
        self._stop = stop
        self._publish = publish
        self.core = Core(config, self._say, stop)
        self._lifecycle = Lifecycle(self.core, self.process)
        self._reader = BatchReader(self.core.plant)
        self._retire = retire
        self._early = Early()
        self._silence = Silence(self.core, lambda node, at_ms: self._lifecycle.node_died(node, None, at_ms))
        self.following = Following(self.core, self.process)
        self.waveform_requests = WaveformRequests(self.core, self._say)
        self.core.on_other_database = self.following.forget
        self.foreign_left = 0
        self.role: Role | None = None
        if reachable is not None:
            self.role = Role(
                self.core,
                self._link,
                reachable,
                self._lost_office,
                config.host.election_interval,
                self.following.follow,
            )
            self.core.on_connection, self.core.away = self.role.connected, self.role.away
            self.core.foreign_born = self.role.follow

    def _link(self, term: int, foreign: Iterable[NodeKey]) -> HostLink:
        config = self.core.config
        return HostLink(config.mqtt, config.host.id, self._intake, term, foreign)

    def _say(self, topic: str, payload: bytes) -> bool:
        """Send a command, if it is time for commands."""
        return (self.role is None or self.role.may_speak) and self._publish(topic, payload)

    def _lost_office(self) -> None:
        """What is left of foreign nodes the new host has too; whatever else came to the host is its business now."""
        self._lifecycle.forget()
        self._early.forget()
        self.core.drop_foreign()

    @property
    def waiting_turn(self) -> int:
        """Messages of foreign nodes that wait for one before them."""
        return self._lifecycle.waiting_turn

    @property
    def host(self) -> bool:
        """Whether this process is the Sparkplug host."""
        return self.role is None or self.role.host

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
            self._retire()
            while len(self._intake):
                self.step()
            self._lifecycle.release()
            self.core.commit()
            self.tick()
        except GivenUpError as error:
            _log.warning("%s; what is not acknowledged comes again", error)
        finally:
            if self.role is not None:
                self.role.resign()
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
        routed = [(m, n, self.core.topic(m.topic)) for m, n in messages if self._is_for_us(m)]
        self.core.left += len(messages) - len(routed)
        for is_data, run in groupby(routed, key=lambda r: self._is_batch(r[2])):
            if is_data:
                nodes = self.core.plant.nodes
                self._batches([Data(m, nodes[t.group, t.node], n) for m, n, t in run if t])
            else:
                for message, attempts, topic in run:
                    self._single(message, topic, attempts)

    def _is_for_us(self, message: Message) -> bool:
        """Not what came to the host when this process still was it."""
        return message.via <= 0 or message.via == self.core.term

    def _is_batch(self, topic: Topic | None) -> bool:
        if topic is None or topic.type is not MessageType.DDATA:
            return False
        node = self.core.node(topic)
        return node is not None and node.ledger_id is not None

    def _batches(self, items: Sequence[Data]) -> None:
        read = self._reader.read(items, self.core.pending, self.core.limits())
        for item in items:
            self._heard(item.node, item.message.received_ms)
        for node in read.doubles:
            self.core.committer.doubles += 1
            self.core.acknowledger.again(node)
        for item, why in read.refused:
            self.core.refuse(item.message, why, item.node)
        for item in read.unknown:
            self.following.unknown_alias(item)
        for item, identity in read.other:
            self.following.other_buffer(item, identity)

    def _heard(self, node: Node, at_ms: int) -> None:
        node.seen_ms = at_ms
        if node.dead and at_ms - node.died_ms > _ECHO_MS and self.host:
            self.core.rebirths.ask(node.key, "data after its death", node)

    def _single(self, message: Message, topic: Topic | None, attempts: int) -> None:
        if not self._is_for_us(message):
            self.core.left += 1
            return
        if topic is None:
            why = (
                "is no Sparkplug topic"
                if len(message.topic) <= MAX_TOPIC
                else f"has over {MAX_TOPIC} characters"
            )
            self.core.refuse(message, f"topic {message.topic[:_SHOWN]!r} {why}")
            return
        if topic.type is MessageType.DDATA and message.via != ANYHOW:
            if not self._admits(topic, message, attempts):
                self.foreign_left += 1
                return
            if self.core.term and (topic.group, topic.node) in self.core.plant.nodes:
                message = replace(message, via=self.core.term)
        with self.core.refusing(message, topic):
            done = self._lifecycle.handle(message, topic, attempts)
            self.core.handled += done  # read after the call: others are handled inside it

    def _admits(self, topic: Topic, message: Message, attempts: int) -> bool:
        """Whether data of a foreign (or unknown) node are taken here and by this way."""
        node = self.core.node(topic)
        if node is None or (attempts and message.via != SHARED):
            return True
        if attempts:  # held before its node was born: the host's own subscription is younger
            return self.host
        covered = self.role is not None and self.role.covers(node.key)
        return self.host and self._early.admits(node.key, message, covered=covered)

    def tick(self) -> None:
        """Look after the office, send what is due, write when nodes were seen."""
        if self.role is not None:
            self.role.tick()
            self._silence.tick(online=self.role.online)
            self.waveform_requests.tick(online=self.role.online)
        self.following.tick(host=self.host)
        self._lifecycle.tick()
        self.core.rebirths.retry(self.core.plant.nodes)
        self.core.acknowledger.send_due(self._handled)
        self.core.committer.tick()
        nodes = self.core.plant.nodes.values()
        seen = [n for n in nodes if n.rebirths or n.seen_ms - n.seen_written_ms >= _SEEN_MS]
        if seen:
            self.core.database.run(lambda c: registry.touch(c, seen))
        self.core.database.keep_alive()

    def _handled(self, keys: list[LedgerKey]) -> Handled:
        return self.core.database.run(lambda c: ledger.handled(c, keys)[1])
