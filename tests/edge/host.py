"""A foreign Sparkplug host for tests: reads births and data with the contract's protobuf, checks order, acknowledges."""

import asyncio
import threading
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

import paho.mqtt.client as mqtt
from chejian_contract.ledger import (
    METRIC_BATCH,
    METRIC_DEVICES,
    METRIC_ID,
    METRIC_LOST,
    METRIC_PRODUCED,
    METRIC_STORED,
    Ack,
    Range,
    parse_devices,
    parse_ranges,
)
from chejian_contract.samples import Quality
from chejian_contract.sparkplug.datatypes import Code
from chejian_contract.sparkplug.payload import (
    add_metric,
    get_properties,
    get_quality,
    get_value,
    parse_payload,
)
from chejian_contract.sparkplug.sparkplug_b_pb2 import Payload
from chejian_contract.sparkplug.topics import MessageType, Topic
from paho.mqtt.enums import CallbackAPIVersion


@dataclass(frozen=True)
class Row:
    """One stored sample."""

    batch: int
    time_ms: int
    value: Any
    quality: Quality
    historical: bool


@dataclass
class Message:
    """One message as it came."""

    topic: Topic
    payload: Payload
    at: float = field(default_factory=time.monotonic)


class Host:
    """Stores each batch once, under the identity it carries, as a ledger host does.

    `acknowledge` off makes it a dead one, `plain` one that knows nothing of ledgers.
    """

    def __init__(
        self, url: str, group: str, node: str, *, acknowledge: bool = True, plain: bool = False
    ) -> None:
        self.messages: list[Message] = []
        self.rows: dict[tuple[str, str], list[Row]] = defaultdict(list)
        self.batches: dict[int, set[int]] = defaultdict(set)
        self.declared: dict[int, list[Range]] = {}
        self.doubles = 0
        self.errors: list[str] = []
        self.ledger_id = 0
        self.produced = ""
        self.lost = ""
        self.acknowledge = acknowledge
        self.drop: Callable[[int], bool] = lambda _: False
        self._group, self._node = group, node
        self._aliases: dict[int, tuple[str, str, Code]] = {}
        self._seq: int | None = None
        self.alive: set[str] = set()
        self._answered: set[int] = set()
        self._plain = plain
        self._lock = threading.Lock()
        parts = urlsplit(url)
        self._client = mqtt.Client(CallbackAPIVersion.VERSION2, protocol=mqtt.MQTTv311)
        self._client.on_message = self._on_message
        ready = threading.Event()
        self._client.on_subscribe = lambda *_: ready.set()
        self._client.connect(parts.hostname or "", parts.port or 1883)
        self._client.subscribe(f"spBv1.0/{group}/+/{node}/#", qos=1)
        self._client.loop_start()
        assert ready.wait(5)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def _on_message(self, _client: object, _data: object, message: mqtt.MQTTMessage) -> None:
        try:
            topic = Topic.parse(message.topic)
            if topic.type in (MessageType.NCMD, MessageType.DCMD):
                return
            with self._lock:
                self._take(Message(topic, parse_payload(bytes(message.payload))))
        except Exception as error:  # noqa: BLE001 - kept for the test to see
            self.errors.append(f"{message.topic}: {error!r}")

    def _take(self, message: Message) -> None:
        self.messages.append(message)
        kind, payload = message.topic.type, message.payload
        if kind is MessageType.NDEATH:
            assert not payload.HasField("seq")
            self._seq = None
            self.alive.clear()
            return
        if kind is MessageType.NBIRTH:
            assert payload.seq == 0
            self._seq = 0
            self.alive.clear()
        else:
            expected = None if self._seq is None else (self._seq + 1) % 256
            assert payload.seq == expected, f"seq {payload.seq}, expected {expected}"
            self._seq = payload.seq
        if kind is MessageType.NBIRTH or kind is MessageType.NDATA:
            self._account(payload)
            if kind is MessageType.NDATA:
                (told,) = (m.string_value for m in payload.metrics if m.name == METRIC_DEVICES)
                assert parse_devices(told) == self.alive
        elif kind is MessageType.DBIRTH:
            self.alive.add(message.topic.device)
            self._birth(message)
        elif kind is MessageType.DDEATH:
            assert message.topic.device in self.alive
            assert payload.timestamp > 0
            assert not payload.metrics
            self.alive.remove(message.topic.device)
        elif kind is MessageType.DDATA:
            self._data(message)

    def _account(self, payload: Payload) -> None:
        for metric in payload.metrics:
            if metric.name == METRIC_ID:
                self.ledger_id = int(get_value(metric, Code.INT64))  # type: ignore[arg-type]  # an integer by its type
            elif metric.name == METRIC_PRODUCED:
                self.produced = metric.string_value
            elif metric.name == METRIC_LOST:
                self.lost = metric.string_value
                self.declared[self.ledger_id] = parse_ranges(self.lost)
        if self.acknowledge:
            self.answer()

    def answer(self) -> None:
        """Acknowledge all that is handled of the present identity."""
        handled = [(n, n) for n in self.batches[self.ledger_id]] + self.declared.get(self.ledger_id, [])
        self.send_ack(Ack.of(self.ledger_id, handled))

    def _birth(self, message: Message) -> None:
        ledger_id, number = ledger_words(message.payload)
        assert (ledger_id, number) == (self.ledger_id, 0)
        for metric in message.payload.metrics:
            if metric.HasField("alias"):
                known = (message.topic.device, metric.name, Code(metric.datatype))
                earlier = self._aliases.setdefault(metric.alias, known)
                assert earlier == known, f"alias {metric.alias} was {earlier}, now {known}"

    def _data(self, message: Message) -> None:
        ledger_id, batch = ledger_words(message.payload)
        assert message.topic.device in self.alive, "data of a device without a birth"
        assert self._plain or ledger_id in self._answered, (
            f"data of ledger {ledger_id} before the host said a word about it"
        )
        if self.drop(batch):
            return
        if batch in self.batches[ledger_id]:
            self.doubles += 1
        else:
            self.batches[ledger_id].add(batch)
            self._store(message, batch)
        if self.acknowledge:
            self.answer()

    def _store(self, message: Message, batch: int) -> None:
        for metric in message.payload.metrics[2:]:
            assert not metric.name
            device, name, code = self._aliases[metric.alias]
            assert device == message.topic.device
            value = metric.bytes_value if code is Code.FLOAT_ARRAY else get_value(metric, code)
            row = Row(batch, metric.timestamp, value, get_quality(metric), metric.is_historical)
            self.rows[device, name].append(row)

    def send_ack(self, ack: Ack) -> None:
        self._answered.add(ack.ledger_id)
        payload = Payload(timestamp=int(time.time() * 1000))
        add_metric(payload, Code.STRING, str(ack), time_ms=payload.timestamp, name=METRIC_STORED)
        self.command(payload)

    def command(self, payload: Payload) -> None:
        topic = f"spBv1.0/{self._group}/NCMD/{self._node}"
        self._client.publish(topic, payload.SerializeToString(), qos=0)

    def publish(self, topic: str, data: bytes, *, retain: bool = False) -> None:
        self._client.publish(topic, data, qos=1, retain=retain).wait_for_publish(5)

    def kinds(self) -> list[MessageType]:
        with self._lock:
            return [m.topic.type for m in self.messages]

    def values(self, device: str, name: str) -> list[Any]:
        with self._lock:
            return [row.value for row in sorted(self.rows[device, name], key=lambda r: r.time_ms)]

    def pairs(self, device: str, name: str) -> list[tuple[int, Any]]:
        with self._lock:
            return sorted((row.time_ms, row.value) for row in self.rows[device, name])

    def sample_count(self) -> int:
        with self._lock:
            return sum(len(rows) for rows in self.rows.values())


def ledger_words(payload: Payload) -> tuple[int, int]:
    """Identity and batch number: the first two metrics of every DBIRTH and DDATA, by name and without alias."""
    first, second = payload.metrics[:2]
    assert (first.name, second.name) == (METRIC_ID, METRIC_BATCH)
    assert not first.HasField("alias")
    assert not second.HasField("alias")
    return int(get_value(first, Code.INT64)), int(get_value(second, Code.INT64))  # type: ignore[arg-type]  # integers by their type


async def until(condition: Callable[[], object], *, seconds: float = 20.0, what: str = "") -> None:
    """Await a condition with a deadline."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"not within {seconds} s: {what or condition}"
        await asyncio.sleep(0.02)


def birth_properties(message: Message, name: str) -> dict[str, Any]:
    """Properties of a metric of a birth."""
    return dict(get_properties(next(m for m in message.payload.metrics if m.name == name)))
