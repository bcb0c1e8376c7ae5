"""An edge node without a ledger, written by the book: will, births, data, deaths; it keeps the commands that it gets."""

import secrets
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self
from urllib.parse import urlsplit

import paho.mqtt.client as mqtt
from chejian_contract.samples import Quality
from chejian_contract.sparkplug.datatypes import Code
from chejian_contract.sparkplug.payload import Value, add_metric, parse_payload
from chejian_contract.sparkplug.session import EdgeSession
from chejian_contract.sparkplug.sparkplug_b_pb2 import Payload
from paho.mqtt.enums import CallbackAPIVersion

from tests.sparkplug.wiretap import WITHIN_S

REBIRTH = "Node Control/Rebirth"


STORED = "Node Control/Ledger Stored"


def now_ms() -> int:
    return time.time_ns() // 1_000_000


@dataclass(frozen=True)
class M:
    """A metric as a test writes it; without `name` as in data messages that use the alias alone."""

    name: str = ""
    value: Value = 0.0
    alias: int | None = None
    code: Code = Code.DOUBLE
    time_ms: int | None = None
    quality: Quality = Quality.GOOD
    historical: bool = False


LEDGER = (
    M("Ledger/Id", 77, code=Code.INT64),
    M("Ledger/Produced", "0,0", code=Code.STRING),
    M("Ledger/Lost", "", code=Code.STRING),
    M(STORED, "", code=Code.STRING),
    M("Properties/ContractVersion", "2", code=Code.STRING),
)
"""What makes a node one with a ledger, in its NBIRTH."""


@dataclass(frozen=True)
class Command:
    """An NCMD or DCMD as the node received it."""

    topic: str
    qos: int
    retain: bool
    payload: Payload
    at: float


def death(bd_seq: int) -> bytes:
    payload = Payload(timestamp=now_ms())
    add_metric(payload, Code.INT64, bd_seq, time_ms=now_ms(), name="bdSeq")
    return payload.SerializeToString()


class EdgeNode:
    """A node on the broker; a context manager.

    Args:
        url: of the broker.
        group, name: its Sparkplug ids.
        bd_seq: of the CONNECT before this one.
    """

    def __init__(self, url: str, group: str, name: str = "N1", bd_seq: int = -1) -> None:
        self.group, self.name = group, name
        self.session = EdgeSession(bd_seq)
        self.commands: list[Command] = []
        self._client = mqtt.Client(
            CallbackAPIVersion.VERSION2, client_id=f"node-{secrets.token_hex(4)}", clean_session=True
        )
        self._client.on_message = self._command
        ready = threading.Event()
        self._client.on_subscribe = lambda *_: ready.set()
        self._client.will_set(self.topic("NDEATH"), death(self.session.next_connect()), qos=1)
        address = urlsplit(url)
        self._client.connect(address.hostname or "", address.port or 1883)
        self._client.loop_start()
        self._client.subscribe([(f"spBv1.0/{group}/{kind}/{name}{tail}", 1) for kind, tail in COMMANDS])
        assert ready.wait(WITHIN_S)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.disconnect()
        self._client.loop_stop()
        self._client._reset_sockets()  # its wake-up pair; otherwise closed by whatever order the collector takes

    def _command(self, _client: mqtt.Client, _data: object, m: mqtt.MQTTMessage) -> None:
        payload = parse_payload(bytes(m.payload))
        self.commands.append(Command(m.topic, m.qos, m.retain, payload, time.monotonic()))

    @property
    def rebirths(self) -> list[Command]:
        return [c for c in self.commands if any(m.name == REBIRTH for m in c.payload.metrics)]

    def break_line(self) -> None:
        """End the connection without a DISCONNECT, so that the broker speaks the will."""
        self._client.loop_stop()
        line = self._client.socket()
        assert line is not None
        line.close()

    def topic(self, kind: str, device: str = "") -> str:
        return f"spBv1.0/{self.group}/{kind}/{self.name}" + (f"/{device}" if device else "")

    def publish(self, topic: str, payload: bytes) -> None:
        self._client.publish(topic, payload).wait_for_publish(WITHIN_S)

    def send(self, kind: str, payload: Payload, device: str = "") -> None:
        self.publish(self.topic(kind, device), payload.SerializeToString())

    def birth(self, *metrics: M, bd_seq: int | None = None, seq: int | None = None) -> None:
        """NBIRTH."""
        first = self.session.birth() if seq is None else seq
        own = self.session.bd_seq if bd_seq is None else bd_seq
        control = M("bdSeq", own, code=Code.INT64), M(REBIRTH, value=False, code=Code.BOOLEAN)
        self.send("NBIRTH", payload_of((*control, *metrics), first))

    def device_birth(self, device: str, *metrics: M) -> None:
        """DBIRTH."""
        self.send("DBIRTH", payload_of(metrics, self.session.next_seq()), device)

    def data(self, device: str, *metrics: M, seq: int | None = None) -> None:
        """DDATA, or NDATA with `device` ""."""
        self.send(
            "DDATA" if device else "NDATA",
            payload_of(metrics, self.session.next_seq() if seq is None else seq, types=False),
            device,
        )

    def device_death(self, device: str, sent_ms: int | None = None) -> None:
        """DDEATH."""
        payload = Payload(timestamp=sent_ms or now_ms(), seq=self.session.next_seq())
        self.send("DDEATH", payload, device)

    def die(self, bd_seq: int | None = None) -> None:
        """NDEATH, as published before a DISCONNECT or by the broker."""
        self.publish(self.topic("NDEATH"), death(self.session.bd_seq if bd_seq is None else bd_seq))


COMMANDS = (("NCMD", ""), ("DCMD", "/+"))


def payload_of(metrics: Iterable[M], seq: int, *, types: bool = True) -> Payload:
    """A payload with these metrics; `types` are written in births only."""
    payload = Payload(timestamp=now_ms(), seq=seq)
    for m in metrics:
        metric = add_metric(
            payload,
            m.code,
            m.value,
            time_ms=m.time_ms or now_ms(),
            name=m.name,
            alias=m.alias,
            quality=m.quality,
            historical=m.historical,
        )
        if not types:
            metric.ClearField("datatype")
    return payload
