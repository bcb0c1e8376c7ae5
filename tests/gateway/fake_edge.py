"""A scripted edge node over a real broker: sends exactly what a test tells it to, and keeps the acknowledgements."""

import threading
import time
from collections.abc import Callable, Sequence
from typing import Self
from urllib.parse import urlsplit

import paho.mqtt.client as mqtt
from chejian_contract.ledger import Ack, format_produced
from chejian_contract.sparkplug.datatypes import Code
from chejian_contract.sparkplug.payload import Value, add_metric, parse_payload
from chejian_contract.sparkplug.sparkplug_b_pb2 import Payload
from paho.mqtt.enums import CallbackAPIVersion

WITHIN_S = 20.0


def wait_for(condition: Callable[[], bool], what: str, within: float = WITHIN_S) -> None:
    """Wait until `condition()` or fail with `what`."""
    deadline = time.monotonic() + within
    ticker = threading.Event()
    while not condition():
        assert time.monotonic() < deadline, f"not within {within} s: {what}"
        ticker.wait(0.01)


def now_ms() -> int:
    return time.time_ns() // 1_000_000


class Sample:
    """One sample of a batch."""

    def __init__(self, alias: int, value: Value, time_ms: int, code: Code = Code.DOUBLE) -> None:
        self.alias, self.value, self.time_ms, self.code = alias, value, time_ms, code


class FakeEdge:
    """An edge node with one buffer.

    Args:
        url: of the broker.
        group, node: its Sparkplug ids.
        ledger_id: of its buffer; None makes it a foreign node.
    """

    def __init__(self, url: str, group: str, node: str, ledger_id: int | None = 77) -> None:
        self.group, self.node, self.ledger_id = group, node, ledger_id
        self.seq = 0
        self.acks: list[Ack] = []
        self.rebirths = 0
        self._ready = threading.Event()
        self._client = mqtt.Client(CallbackAPIVersion.VERSION2)
        self._client.on_message = self._command
        self._client.on_subscribe = lambda *_: self._ready.set()
        address = urlsplit(url)
        self._client.connect(address.hostname or "", address.port or 1883)
        self._client.loop_start()
        self._client.subscribe(f"spBv1.0/{group}/NCMD/{node}", qos=1)
        assert self._ready.wait(WITHIN_S)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def _command(self, _client: mqtt.Client, _data: object, message: mqtt.MQTTMessage) -> None:
        for metric in parse_payload(bytes(message.payload)).metrics:
            if metric.name == "Node Control/Rebirth":
                self.rebirths += 1
            else:
                self.acks.append(Ack.parse(metric.string_value))

    @property
    def acknowledged(self) -> int:
        """Contiguous mark of the last acknowledgement."""
        return self.acks[-1].up_to if self.acks else 0

    def send(self, kind: str, payload: bytes, device: str = "") -> None:
        tail = f"/{device}" if device else ""
        self.publish(f"spBv1.0/{self.group}/{kind}/{self.node}{tail}", payload)

    def publish(self, topic: str, payload: bytes) -> None:
        self._client.publish(topic, payload, qos=1).wait_for_publish(WITHIN_S)

    def payload(self, *, seq: int | None = None) -> Payload:
        self.seq = (self.seq + 1) % 256 if seq is None else seq
        return Payload(timestamp=now_ms(), seq=self.seq)

    def node_birth(self, produced: tuple[int, int] = (0, 0), lost: str = "", bd_seq: int = 0) -> None:
        payload = self.payload(seq=0)
        at = now_ms()
        add_metric(payload, Code.INT64, bd_seq, time_ms=at, name="bdSeq")
        add_metric(payload, Code.BOOLEAN, value=False, time_ms=at, name="Node Control/Rebirth")
        if self.ledger_id is not None:
            add_metric(payload, Code.STRING, "", time_ms=at, name="Node Control/Ledger Stored")
            add_metric(payload, Code.INT64, self.ledger_id, time_ms=at, name="Ledger/Id")
            add_metric(payload, Code.STRING, format_produced(*produced), time_ms=at, name="Ledger/Produced")
            add_metric(payload, Code.STRING, lost, time_ms=at, name="Ledger/Lost")
            add_metric(payload, Code.STRING, "2", time_ms=at, name="Properties/ContractVersion")
        self.send("NBIRTH", payload.SerializeToString())

    def device_birth(self, device: str, signals: dict[int, tuple[str, Code]], value: Value = None) -> None:
        payload = self.payload()
        at = now_ms()
        if self.ledger_id is not None:
            add_metric(payload, Code.INT64, self.ledger_id, time_ms=at, name="Ledger/Id")
            add_metric(payload, Code.INT64, 0, time_ms=at, name="Ledger/Batch")
        for key, word in (("Workshop", "W1"), ("Line", "L1"), ("Type", "cnc_machining_centre")):
            add_metric(payload, Code.STRING, word, time_ms=at, name=f"Equipment/{key}")
        for alias, (name, code) in signals.items():
            rate = {"SampleRate": 12000.0} if code is Code.FLOAT_ARRAY else {}
            add_metric(
                payload,
                code,
                value if code is Code.DOUBLE else None,
                time_ms=at,
                name=name,
                alias=alias,
                properties={"Quantity": "temperature", "engUnit": "degC", "Kind": "measurement", **rate},
            )
        self.send("DBIRTH", payload.SerializeToString(), device)

    def batch(self, device: str, number: int, samples: Sequence[Sample]) -> None:
        self.send("DDATA", self.batch_payload(number, samples), device)

    def batch_payload(self, number: int, samples: Sequence[Sample]) -> bytes:
        payload = self.payload()
        if self.ledger_id is not None:
            add_metric(payload, Code.INT64, self.ledger_id, time_ms=now_ms(), name="Ledger/Id")
            add_metric(payload, Code.INT64, number, time_ms=now_ms(), name="Ledger/Batch")
        for s in samples:
            add_metric(payload, s.code, s.value, time_ms=s.time_ms, alias=s.alias)
        return payload.SerializeToString()

    def status(self, batches: int, samples: int, lost: str = "") -> None:
        payload = self.payload()
        add_metric(payload, Code.INT64, self.ledger_id, time_ms=now_ms(), name="Ledger/Id")
        add_metric(
            payload, Code.STRING, format_produced(batches, samples), time_ms=now_ms(), name="Ledger/Produced"
        )
        add_metric(payload, Code.STRING, lost, time_ms=now_ms(), name="Ledger/Lost")
        self.send("NDATA", payload.SerializeToString())
