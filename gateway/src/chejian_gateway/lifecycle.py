"""Births, deaths, status and foreign data: everything but the batches of ledger nodes."""

import logging
from collections.abc import Callable, Sequence

from chejian_contract.errors import PayloadError
from chejian_contract.sparkplug.payload import parse_payload
from chejian_contract.sparkplug.sparkplug_b_pb2 import Payload
from chejian_contract.sparkplug.topics import MessageType, Topic
from psycopg import Connection

from chejian_gateway import births, lastvalues, registry
from chejian_gateway.births import DeviceBirth
from chejian_gateway.core import Core
from chejian_gateway.intake import Message
from chejian_gateway.nodes import Device, Node, Series
from chejian_gateway.pending import Announcement

_log = logging.getLogger(__name__)

Replay = Callable[[Sequence[tuple[Message, int]]], None]


class Lifecycle:
    """Handles single messages.

    Args:
        core: state of the working thread.
        replay: enters messages that were held, when their birth came.
    """

    def __init__(self, core: Core, replay: Replay) -> None:
        self._core = core
        self._replay = replay
        self._handlers = {
            MessageType.NBIRTH: self._node_birth,
            MessageType.DBIRTH: self._device_birth,
            MessageType.NDATA: self._data,
            MessageType.DDATA: self._data,
            MessageType.NDEATH: self._node_death,
            MessageType.DDEATH: self._device_death,
        }

    def handle(self, message: Message, topic: Topic, attempts: int) -> None:
        """Handle one message; `attempts` births have not helped it yet.

        Raises:
            PayloadError: the message can't be read.
            psycopg.Error: the database refuses it for good.
        """
        limit = self._core.config.intake.max_payload
        if len(message.payload) > limit:
            raise PayloadError(f"payload of {len(message.payload)} bytes, allowed are {limit}")
        handler = self._handlers.get(topic.type)
        if handler is not None:
            handler(message, topic, parse_payload(message.payload), attempts)

    def _node_birth(self, message: Message, topic: Topic, payload: Payload, _attempts: int) -> None:
        core, key = self._core, (topic.group, topic.node)
        birth, own = births.read_node_birth(payload), births.read_device_birth("", payload)
        core.commit()
        received, sent = message.received_ms, payload.timestamp
        node = core.database.run(lambda c: registry.node_born(c, key, birth, sent, received))
        node.born = True
        node.seen_ms = node.seen_written_ms = received
        node.session.birth(birth.bd_seq, payload.seq)
        core.enter_node(node)
        if birth.ledger_id is not None:
            core.acknowledger.again(node, now=True)
        else:
            self._enter_device(message, node, own, payload)
        self._replay(core.waiting.take(topic))

    def _device_birth(self, message: Message, topic: Topic, payload: Payload, _attempts: int) -> None:
        core = self._core
        node = core.node(topic)
        if node is None:
            core.rebirths.ask((topic.group, topic.node), "the birth of a device of an unknown node")
            return
        birth = births.read_device_birth(topic.device, payload)
        self._follow(message, node, payload)
        self._enter_device(message, node, birth, payload)
        self._replay(core.waiting.take(topic))

    def _enter_device(self, message: Message, node: Node, birth: DeviceBirth, payload: Payload) -> None:
        core = self._core
        core.commit()
        series, wrong = core.database.run(lambda c: self._write(c, message, node, birth, payload))
        for one in series:
            core.plant.series.add(one)
        core.plant.changed()
        if wrong:
            raise PayloadError(f"aliases {wrong[:10]} stood for another name, type or unit before")
        if node.ledger_id is None:
            self._enter_foreign(message, node, birth, payload, series)

    def _write(
        self, connection: Connection, message: Message, node: Node, birth: DeviceBirth, payload: Payload
    ) -> tuple[list[Series], list[int]]:
        wrong: list[int] = []
        with connection.transaction():
            series = registry.device_born(connection, node, birth, message.received_ms)
            pairs = list(zip(birth.signals, series, strict=True))
            if node.ledger_id is not None:
                aliases = [(s.alias, one) for s, one in pairs if s.alias is not None]
                wrong = registry.enter_aliases(connection, node, aliases)
                lastvalues.from_birth(connection, pairs, self._core.limits())
            if birth.name:
                sent = payload.timestamp
                registry.record(
                    connection, node.node_id, birth.name, "DBIRTH", None, sent, message.received_ms
                )
        return series, wrong

    def _enter_foreign(
        self, message: Message, node: Node, birth: DeviceBirth, payload: Payload, series: Sequence[Series]
    ) -> None:
        """Of a foreign node the births' values are samples, for nothing else brings them."""
        core, device = self._core, node.devices[birth.name]
        pairs = list(zip(birth.signals, series, strict=True))
        device.by_name = {signal.name: one for signal, one in pairs}
        node.aliases |= {signal.alias: one for signal, one in pairs if signal.alias is not None}
        valued = [(signal.metric, one) for signal, one in pairs if not signal.metric.is_null]
        core.foreign.enter(message, node, device, payload, valued, core.pending, core.limits())

    def _data(self, message: Message, topic: Topic, payload: Payload, attempts: int) -> None:
        core = self._core
        node = core.node(topic)
        if node is None:
            core.hold(topic, message, attempts, None, "data of an unknown node")
            return
        if not attempts:
            self._follow(message, node, payload)
        if node.ledger_id is not None:
            self._status(node, payload)
            return
        device = node.devices.get(topic.device)
        known = device is not None and core.foreign.known(node, device, payload)
        if device is None or not (known or attempts):
            core.hold(topic, message, attempts, node, "a metric that no birth has named")
            return
        core.foreign.read(message, node, device, payload, core.pending, core.limits())

    def _status(self, node: Node, payload: Payload) -> None:
        """An NDATA of a ledger node: totals and losses, never samples."""
        announced, told = births.ledger_id_of(payload), births.status_of(payload)
        newest = node.handled[-1][1] if node.handled else 0
        changed = announced is not None and announced != node.ledger_id
        if changed or (told is not None and told.batches < newest):
            self._core.rebirths.ask(node.key, "it has another buffer than before", node)
        elif told is not None:
            self._core.pending.announce(node.ledger_key, Announcement(told.batches, told.samples, told.lost))

    def _follow(self, message: Message, node: Node, payload: Payload) -> None:
        """Sequence numbers: a gap of a foreign node asks for a rebirth, of a ledger node it is counted only."""
        node.seen_ms = message.received_ms
        if node.session.online:
            if not node.session.in_order(payload.seq):
                node.gaps += 1
                if node.ledger_id is None:
                    self._core.rebirths.ask(node.key, "a gap in its sequence", node)
        elif node.dead or node.ledger_id is None:
            self._core.rebirths.ask(node.key, "data without a birth", node)

    def _node_death(self, message: Message, topic: Topic, payload: Payload, _attempts: int) -> None:
        core = self._core
        node, bd_seq = core.node(topic), births.bd_seq_of(payload)
        if node is None or not node.session.death(bd_seq):
            return  # of a node never born, or of an older session: its successor is alive
        core.commit()
        core.database.run(lambda c: registry.node_died(c, node, bd_seq, message.received_ms))
        node.dead = True
        node.seen_ms = node.seen_written_ms = message.received_ms
        core.committer.mark_dirty()
        _log.info("node %s/%s is offline", *node.key)

    def _device_death(self, message: Message, topic: Topic, payload: Payload, _attempts: int) -> None:
        core = self._core
        node = core.node(topic)
        device: Device | None = node.devices.get(topic.device) if node else None
        if node is None or device is None:
            return
        self._follow(message, node, payload)
        core.commit()
        sent, received = payload.timestamp, message.received_ms
        core.database.run(lambda c: registry.device_died(c, node, device, sent, received))
        core.committer.mark_dirty()
