"""Births, deaths, status and foreign data: everything but the batches of ledger nodes."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import replace

from chejian_contract.errors import PayloadError
from chejian_contract.sparkplug.payload import parse_payload
from chejian_contract.sparkplug.sparkplug_b_pb2 import Payload
from chejian_contract.sparkplug.topics import MessageType, Topic
from psycopg import Connection

from chejian_gateway import births, deaths, lastvalues, registry
from chejian_gateway.arrival import Arrival
from chejian_gateway.births import DeviceBirth, NodeBirth
from chejian_gateway.core import Core
from chejian_gateway.intake import Message
from chejian_gateway.nodes import Device, Node, NodeKey, Series
from chejian_gateway.ordering import Ordering
from chejian_gateway.pending import Announcement

_log = logging.getLogger(__name__)

_ORDERED = {MessageType.DBIRTH, MessageType.NDATA, MessageType.DDATA, MessageType.DDEATH}
"""Messages that carry on the sequence that an NBIRTH starts."""

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
        self._order = Ordering(core, self._deliver)
        self._handlers: dict[MessageType, Callable[[Message, Topic, Payload, int], bool | None]] = {
            MessageType.NBIRTH: self._node_birth,
            MessageType.DBIRTH: self._device_birth,
            MessageType.NDATA: self._data,
            MessageType.DDATA: self._data,
            MessageType.NDEATH: self._node_death,
            MessageType.DDEATH: self._device_death,
        }

    def handle(self, message: Message, topic: Topic, attempts: int) -> bool:
        """Handle one message; `attempts` births have not helped it yet.

        Returns:
            False where it was kept until a birth, or a message before it, comes.

        Raises:
            PayloadError: the message can't be read.
            psycopg.Error: the database refuses it for good.
        """
        limit = self._core.config.intake.max_payload
        if len(message.payload) > limit:
            raise PayloadError(f"payload of {len(message.payload)} bytes, allowed are {limit}")
        payload = parse_payload(message.payload)
        if topic.type in _ORDERED and not attempts and payload.HasField("seq"):
            node = self._core.node(topic)
            if node is not None and node.ledger_id is None and node.session.online:
                node.seen_ms = message.received_ms
                self._order.arrive(node, Arrival(message, topic, payload))
                return False
        return self._dispatch(message, topic, payload, attempts)

    def _dispatch(self, message: Message, topic: Topic, payload: Payload, attempts: int) -> bool:
        handler = self._handlers.get(topic.type)
        return handler is None or handler(message, topic, payload, attempts) is not False

    def _deliver(self, arrival: Arrival) -> None:
        """Handle a foreign node's message whose turn has come."""
        with self._core.refusing(arrival.message, arrival.topic):
            done = self._dispatch(arrival.message, arrival.topic, arrival.payload, 0)
            self._core.handled += done  # read after the call: others are handled inside it

    def tick(self) -> None:
        """Look after messages that wait for their turn."""
        self._order.tick()

    @property
    def waiting_turn(self) -> int:
        """Messages that wait for one before them."""
        return sum(len(node.order.waiting()) for node in self._core.plant.nodes.values())

    def release(self) -> None:
        """The process ends: handle what waits for its turn."""
        self._order.release_all()

    def forget(self) -> None:
        """Another process is the host now: drop what waits for its turn."""
        self._order.forget()

    def _node_birth(self, message: Message, topic: Topic, payload: Payload, _attempts: int) -> None:
        core, key = self._core, (topic.group, topic.node)
        birth, own = births.read_node_birth(payload), births.read_device_birth("", payload)
        known = core.plant.nodes.get(key)
        behind = self._order.born(known, payload.timestamp) if known is not None else []
        try:
            self._enter_node(message, key, birth, own, payload)
        finally:
            node = core.plant.nodes[key] if behind else None
            for arrival in behind:
                if node is not None and node.ledger_id is None:
                    self._order.arrive(node, arrival)
                else:
                    self._deliver(arrival)  # it has a ledger now, and no order
        if birth.ledger_id is None:
            self._replay(self._overtaken(key, payload))
        self._replay(core.waiting.take(topic))

    def _overtaken(self, key: NodeKey, birth: Payload) -> list[tuple[Message, int]]:
        """Data of a foreign node that came before its NBIRTH: what was sent behind that has a turn in the sequence."""
        core, ahead = self._core, []
        for message, attempts in core.waiting.take_node(key, set()):
            topic = core.topic(message.topic)
            if parse_payload(message.payload).timestamp >= birth.timestamp:
                ahead.append((message, 0))
            elif topic is not None:
                core.waiting.add(topic, message, attempts, "data before their birth")
        return ahead

    def _enter_node(
        self, message: Message, key: NodeKey, birth: NodeBirth, own: DeviceBirth, payload: Payload
    ) -> None:
        core = self._core
        core.commit()
        received, sent = message.received_ms, payload.timestamp
        node = core.duty(lambda c: registry.node_born(c, key, birth, sent, received))
        node.seen_ms = node.seen_written_ms = received
        node.session.birth(birth.bd_seq)
        if payload.HasField("seq"):
            node.order.start(payload.seq)
        core.enter_node(node)
        if birth.ledger_id is not None:
            core.acknowledger.at_once(node)
        else:
            core.foreign_born(node.key)
            self._enter_device(message, node, own, payload)

    def _device_birth(self, message: Message, topic: Topic, payload: Payload, _attempts: int) -> None:
        core = self._core
        node = core.node(topic)
        if node is None:
            core.rebirths.ask((topic.group, topic.node), "the birth of a device of an unknown node")
            return
        birth = births.read_device_birth(topic.device, payload)
        self._follow(message, node)
        self._enter_device(message, node, birth, payload)
        self._replay(core.waiting.take(topic))

    def _enter_device(self, message: Message, node: Node, birth: DeviceBirth, payload: Payload) -> None:
        core = self._core
        core.commit()
        series, wrong = core.duty(lambda c: self._write(c, message, node, birth, payload))
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
        """Enter it; may be called again after an attempt that was rolled back, so the node is changed only at the end."""
        wrong: list[int] = []
        draft = replace(node, devices=dict(node.devices), aliases=dict(node.aliases))
        with connection.transaction():
            series = registry.device_born(connection, draft, birth, message.received_ms)
            pairs = list(zip(birth.signals, series, strict=True))
            if node.ledger_id is not None:
                aliases = [(s.alias, one) for s, one in pairs if s.alias is not None]
                wrong = registry.enter_aliases(connection, draft, aliases)
                lastvalues.from_birth(connection, pairs, self._core.limits())
            if birth.name:
                sent = payload.timestamp
                registry.record(
                    connection, node.node_id, birth.name, "DBIRTH", None, sent, message.received_ms
                )
        node.devices, node.aliases = draft.devices, draft.aliases
        node.handled, node.former = draft.handled, draft.former
        return series, wrong

    def _enter_foreign(
        self, message: Message, node: Node, birth: DeviceBirth, payload: Payload, series: Sequence[Series]
    ) -> None:
        """Of a foreign node the births' values are samples, for nothing else brings them; a repeated one is none."""
        core, device = self._core, node.devices[birth.name]
        pairs = list(zip(birth.signals, series, strict=True))
        device.by_name = {signal.name: one for signal, one in pairs}
        device.by_alias = {signal.alias: one for signal, one in pairs if signal.alias is not None}
        valued = [(signal, one) for signal, one in pairs if not signal.metric.is_null]
        known = core.database.run(lambda c: lastvalues.repeated(c, valued, core.limits()))
        news = [(signal.metric, one) for signal, one in valued if one.series_id not in known]
        core.foreign.enter(message, node, device, payload, news, core.pending, core.limits())

    def _data(self, message: Message, topic: Topic, payload: Payload, attempts: int) -> bool:
        core = self._core
        node = core.node(topic)
        if node is None:
            core.hold(topic, message, attempts, None, "data of an unknown node")
            return False
        if not attempts:
            self._follow(message, node)
        if node.ledger_id is not None:
            self._status(message, node, payload)
            return True
        device = node.devices.get(topic.device)
        known = device is not None and core.foreign.known(device, payload)
        if device is None or not (known or attempts):
            core.hold(topic, message, attempts, node, "a metric that no birth has named")
            return False
        if not device.online:
            core.rebirths.ask(node.key, "data of a device after its death", node)
        core.foreign.read(message, node, device, payload, core.pending, core.limits())
        return True

    def _status(self, message: Message, node: Node, payload: Payload) -> None:
        """An NDATA of a ledger node: totals, losses and the devices that are there, never samples."""
        announced, told = births.ledger_id_of(payload), births.status_of(payload)
        there = births.devices_of(payload)
        if announced is not None and announced != node.ledger_id:
            self._core.rebirths.ask(node.key, "it has another buffer than before", node)
            return
        if told is not None:
            self._core.pending.announce(node.ledger_key, Announcement(told.batches, told.samples, told.lost))
        self._core.acknowledger.again(node)
        if there is not None and not node.dead:
            self._compare(message, node, there)

    def _compare(self, message: Message, node: Node, there: frozenset[str]) -> None:
        """Births and deaths of devices may be lost, or come while no host is online; a ledger node's account repeats them."""
        present = {name for name, device in node.devices.items() if device.online}
        for name in sorted(present - there):
            self._enter_death(node, node.devices[name], message.received_ms, message.received_ms)
        if there - present:
            why = f"births of its devices {sorted(there - present)[:10]} are missing"
            self._core.rebirths.ask(node.key, why, node)

    def _follow(self, message: Message, node: Node) -> None:
        """A node was heard; one that speaks without a birth is asked for it."""
        node.seen_ms = message.received_ms
        if not node.session.online and (node.dead or node.ledger_id is None):
            self._core.rebirths.ask(node.key, "data without a birth", node)

    def _node_death(self, message: Message, topic: Topic, payload: Payload, _attempts: int) -> None:
        core = self._core
        node, bd_seq = core.node(topic), births.bd_seq_of(payload)
        if node is None or not node.session.ends_with(bd_seq):
            return  # of a node never born, or of an older session: its successor is alive
        self.node_died(node, bd_seq, message.received_ms)
        node.seen_ms = node.seen_written_ms = message.received_ms

    def node_died(self, node: Node, bd_seq: int | None, at_ms: int) -> None:
        """Enter the death of a node, at a time of the gateway's clock [Unix ms]."""
        core = self._core
        self._order.release(node)
        node.session.death(bd_seq)
        for device in node.devices.values():  # of a foreign node: what aliases mean, the next births say
            device.by_name, device.by_alias = {}, {}
        core.commit()
        core.duty(lambda c: deaths.node_died(c, node, bd_seq, at_ms))
        node.dead, node.died_ms = True, at_ms
        core.committer.mark_dirty()
        _log.info("node %s/%s is offline", *node.key)

    def _device_death(self, message: Message, topic: Topic, payload: Payload, _attempts: int) -> None:
        core = self._core
        node = core.node(topic)
        device: Device | None = node.devices.get(topic.device) if node else None
        if node is None or device is None:
            return
        self._follow(message, node)
        self._enter_death(node, device, payload.timestamp, message.received_ms)

    def _enter_death(self, node: Node, device: Device, sent_ms: int, received_ms: int) -> None:
        self._core.commit()
        self._core.duty(lambda c: deaths.device_died(c, node, device, sent_ms, received_ms))
        self._core.committer.mark_dirty()
