"""One workshop of the fleet: its births, its batches, and the edge's half of the ledger, without any I/O.

Nothing is stored: batch n is tick (n - 1) // devices of device (n - 1) % devices, and a tick's values follow from its
number, so whatever was not acknowledged can be made again, however long ago it was produced.
"""

import functools
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from chejian_contract import CONTRACT_VERSION
from chejian_contract.ledger import (
    METRIC_BATCH,
    METRIC_BDSEQ,
    METRIC_ID,
    METRIC_LOST,
    METRIC_PRODUCED,
    METRIC_REBIRTH,
    METRIC_STORED,
    Ack,
    format_produced,
)
from chejian_contract.quantities import Quantity
from chejian_contract.signals import SignalKind
from chejian_contract.sparkplug.datatypes import Code
from chejian_contract.sparkplug.payload import (
    PROPERTY_KIND,
    PROPERTY_QUANTITY,
    PROPERTY_ROLE,
    PROPERTY_UNIT,
    add_metric,
)
from chejian_contract.sparkplug.session import EdgeSession
from chejian_contract.sparkplug.sparkplug_b_pb2 import Payload
from chejian_contract.sparkplug.topics import MessageType, device_topic, node_topic

from chejian_simulators.fleet.bodies import FIRST_ALIAS, Bodies, Noise

WINDOW = 200
"""Most batches unacknowledged on the wire (docs/wire.md)."""
RESEND_S = 2.0
"""[s] A batch that is still missing after this is sent again."""
SILENCE_S = 5.0
"""[s] Without an acknowledgement for so long only one batch a second is sent."""
PROBE_S = 1.0
"""[s] Between two of those, and between two NDATA while the gate is closed."""

Message = tuple[str, bytes]
"""Topic and payload."""


@dataclass(frozen=True, slots=True)
class Shape:
    """What every workshop of the fleet looks like.

    Attributes:
        group: Sparkplug group.
        devices: of a workshop, >= 1.
        signals: of a device, >= 1.
        start_ms: source time of tick 0 [ms since 1970 UTC].
        interval_ms: between two ticks.
    """

    group: str
    devices: int
    signals: int
    start_ms: int
    interval_ms: int = 1000


class FleetNode:
    """A workshop. Times that are passed as `now` are monotonic seconds. Set `ticks` to how many ticks have passed.

    Args:
        shape: of the fleet.
        number: of the workshop, from 0.
        ledger_id: identity of its buffer, 63 bits, new for each run.
        bodies: shared by the fleet.
        noise: shared by the fleet.
    """

    def __init__(self, shape: Shape, number: int, ledger_id: int, bodies: Bodies, noise: Noise) -> None:
        self.name = f"FLEET-{number + 1:03d}"
        self.ledger_id = ledger_id
        self.ticks = 0
        self.sent = self.resent = 0
        self.rebirth = False
        self._shape, self._number, self._bodies, self._noise = shape, number, bodies, noise
        self._session = EdgeSession()
        self._next = 1
        self._open: dict[int, float] = {}  # batches on the wire, ascending, and when they were sent last
        self._repeated: set[int] = set()  # those of them that were sent more than once
        self._pokes = 1  # how many of the oldest go out again when nothing is acknowledged
        self._mark = 0
        self._highest = 0
        self._gate = False
        self._heard = self._probed = self._waiting_since = self._moved = float("-inf")
        devices = [f"D{n + 1:02d}" for n in range(shape.devices)]
        self._devices = devices
        self._topics = [
            str(device_topic(shape.group, MessageType.DDATA, self.name, device)) for device in devices
        ]

    @property
    def produced(self) -> int:
        """Batches produced."""
        return self.ticks * self._shape.devices

    @property
    def acknowledged(self) -> int:
        """Batches that the host has handled."""
        return self._next - 1 - len(self._open)

    @property
    def in_flight(self) -> int:
        """Batches produced and not acknowledged, on the wire or waiting for the window."""
        return self.produced - self.acknowledged

    @property
    def command_topic(self) -> str:
        """Topic of its NCMD."""
        return str(node_topic(self._shape.group, MessageType.NCMD, self.name))

    def connect(self, now_ms: int) -> Message:
        """A new CONNECT: the next bdSeq, and the NDEATH that is its Will."""
        self._session.next_connect()
        return self.death(now_ms)

    def death(self, now_ms: int) -> Message:
        """NDEATH of the present connection."""
        payload = Payload(timestamp=now_ms)
        add_metric(payload, Code.INT64, self._session.bd_seq, time_ms=now_ms, name=METRIC_BDSEQ)
        return self._node_message(MessageType.NDEATH, payload)

    def births(self, now_ms: int) -> Iterator[Message]:
        """NBIRTH and a DBIRTH for each device; `rebirth`, that somebody asks for them, is answered by it."""
        self.rebirth = False
        payload = Payload(timestamp=now_ms, seq=self._session.birth())
        add_metric(payload, Code.INT64, self._session.bd_seq, time_ms=now_ms, name=METRIC_BDSEQ)
        add_metric(payload, Code.BOOLEAN, False, time_ms=now_ms, name=METRIC_REBIRTH)
        add_metric(payload, Code.STRING, "", time_ms=now_ms, name=METRIC_STORED)
        self._add_account(payload, now_ms)
        contract = "Properties/ContractVersion"
        add_metric(payload, Code.STRING, CONTRACT_VERSION, time_ms=now_ms, name=contract)
        yield self._node_message(MessageType.NBIRTH, payload)
        for index, device in enumerate(self._devices):
            topic = device_topic(self._shape.group, MessageType.DBIRTH, self.name, device)
            yield str(topic), self._dbirth(index, now_ms)

    def status(self, now_ms: int) -> Message:
        """NDATA: the account."""
        payload = Payload(timestamp=now_ms, seq=self._session.next_seq())
        self._add_account(payload, now_ms)
        return self._node_message(MessageType.NDATA, payload)

    def take(self, ack: Ack, now: float) -> None:
        """An acknowledgement came; one of another buffer, or beyond what was sent, is not believed."""
        if ack.ledger_id != self.ledger_id or ack.up_to >= self._next:
            return
        self._gate = True
        self._heard = now
        for low, high in ((self._mark + 1, ack.up_to), *ack.ranges):
            for batch in range(low, min(high, self._next - 1) + 1):
                if self._open.pop(batch, None) is not None:
                    self._moved = now
                    self._pokes = self._pokes if batch in self._repeated else 1
                    self._repeated.discard(batch)
            self._highest = max(self._highest, min(high, self._next - 1))
        self._mark = max(self._mark, ack.up_to)

    def due(self, now: float, now_ms: int) -> Iterator[Message]:
        """What is to be sent now; acknowledgements may be taken between two messages."""
        if not self._gate:
            if now - self._probed >= PROBE_S:
                self._probed = now
                yield self.status(now_ms)
            return
        if self._open and now - max(self._heard, self._waiting_since) >= SILENCE_S:
            yield from self._probe(now, now_ms)
            return
        for batch in self._missing(now):
            if batch in self._open:  # else it was acknowledged while those before it went out
                yield self._send(batch, now, now_ms, again=True)
        while self._next <= self.produced and len(self._open) < WINDOW:
            batch, self._next = self._next, self._next + 1
            yield self._send(batch, now, now_ms, again=False)

    def _probe(self, now: float, now_ms: int) -> Iterator[Message]:
        if now - self._probed >= PROBE_S:
            self._probed = now
            yield self._send(next(iter(self._open)), now, now_ms, again=True)

    def _missing(self, now: float) -> list[int]:
        """What is to be sent again.

        A connection keeps the order, so whatever a later batch has overtaken is lost; and when nothing at all was
        acknowledged for a while, the tail may be: then the oldest, and twice as many each further time. A host that is merely
        slow gets one message in two seconds too many.
        """
        lost = [b for b, sent in self._open.items() if b < self._highest and now - sent >= RESEND_S]
        if not lost and self._open and now - max(self._moved, self._waiting_since) >= RESEND_S:
            lost = list(islice(self._open, self._pokes))
            self._moved, self._pokes = now, 2 * self._pokes
        return lost

    def _send(self, batch: int, now: float, now_ms: int, *, again: bool) -> Message:
        if not self._open:
            self._waiting_since = now
        self._open[batch] = now  # keeps its place
        if again:
            self._repeated.add(batch)
        self.sent += 1
        self.resent += again
        tick, device = divmod(batch - 1, self._shape.devices)
        head = Payload(timestamp=now_ms)
        for name, value in ((METRIC_ID, self.ledger_id), (METRIC_BATCH, batch)):
            metric = head.metrics.add()
            metric.name, metric.timestamp = name, now_ms
            metric.datatype, metric.long_value = int(Code.INT64), value
        first = device * self._shape.signals
        metrics = self._bodies.metrics(
            self._shape.start_ms + tick * self._shape.interval_ms,
            self._noise.values(self._number, tick),
            first,
            first + self._shape.signals,
            historical=again,
        )
        tail = Payload(seq=self._session.next_seq())
        return self._topics[device], b"".join((head.SerializeToString(), metrics, tail.SerializeToString()))

    def _dbirth(self, index: int, now_ms: int) -> bytes:
        head = Payload(timestamp=now_ms)
        add_metric(head, Code.INT64, self.ledger_id, time_ms=now_ms, name=METRIC_ID)
        add_metric(head, Code.INT64, 0, time_ms=now_ms, name=METRIC_BATCH)
        for name, text in (("Workshop", self.name), ("Line", "F1"), ("Type", "fleet_device")):
            add_metric(head, Code.STRING, text, time_ms=now_ms, name=f"Equipment/{name}")
        tail = Payload(seq=self._session.next_seq())
        return b"".join((head.SerializeToString(), _signals(self._shape, index), tail.SerializeToString()))

    def _add_account(self, payload: Payload, now_ms: int) -> None:
        produced = format_produced(self.produced, self.produced * self._shape.signals)
        add_metric(payload, Code.INT64, self.ledger_id, time_ms=now_ms, name=METRIC_ID)
        add_metric(payload, Code.STRING, produced, time_ms=now_ms, name=METRIC_PRODUCED)
        add_metric(payload, Code.STRING, "", time_ms=now_ms, name=METRIC_LOST)

    def _node_message(self, kind: MessageType, payload: Payload) -> Message:
        return str(node_topic(self._shape.group, kind, self.name)), payload.SerializeToString()


@functools.cache
def _signals(shape: Shape, device: int) -> bytes:
    """Signals of a device in its DBIRTH; made once, they are the same in every workshop: 0 degC at the fleet's start."""
    payload = Payload()
    properties: dict[str, bool | int | float | str] = {
        PROPERTY_QUANTITY: Quantity.TEMPERATURE.value,
        PROPERTY_UNIT: "degC",
        PROPERTY_KIND: SignalKind.MEASUREMENT.value,
        PROPERTY_ROLE: "",
    }
    for signal in range(shape.signals):
        add_metric(
            payload,
            Code.DOUBLE,
            0.0,
            time_ms=shape.start_ms,
            name=f"Sensor/{signal + 1:04d}",
            alias=FIRST_ALIAS + device * shape.signals + signal,
            properties=properties,
        )
    return payload.SerializeToString()
