"""What the broker holds for one client: queue, packets in flight, and the rules of delivery."""

import logging
from collections import deque
from collections.abc import Callable

from chejian.stack.pybroker import packets
from chejian.stack.pybroker.packets import Message

_log = logging.getLogger(__name__)

# As in the configuration written for mosquitto: messages held for a busy or absent client, then dropped; the ledger
# brings them again.
MAX_QUEUED = 20_000
# Memory that one client's queue may take [bytes]: four seconds of the largest waveforms, not the whole machine.
MAX_QUEUED_BYTES = 256 * 2**20
# QoS 1 messages sent and not acknowledged.
MAX_IN_FLIGHT = 200
_IDS = 65_535

Write = Callable[[bytes], None]


class Session:
    """State of one client identifier.

    Args:
        client: its identifier.
        clean: it ends with the connection.
    """

    def __init__(self, client: str, *, clean: bool) -> None:
        self.client = client
        self.clean = clean
        self.dropped = 0
        self.incoming: set[int] = set()  # QoS 2 identifiers received and not yet released
        self._write: Write | None = None
        self._blocked = False
        self._queue: deque[tuple[Message, int]] = deque()
        self._queued_bytes = 0
        self._in_flight: dict[int, Message] = {}
        self._last_id = 0

    def attach(self, write: Write) -> None:
        """A connection is there: what was in flight is sent again, then what waits."""
        self._write, self._blocked = write, False
        for packet_id, message in self._in_flight.items():
            write(packets.publish(message, 1, packet_id, repeated=True))
        self._drain()

    def detach(self) -> None:
        """The connection is gone; what was to be sent at QoS 0 goes with it [3.1.2.4]."""
        self._write = None
        kept = [entry for entry in self._queue if entry[1]]
        self._queue = deque(kept)
        self._queued_bytes = sum(len(message.payload) for message, _ in kept)

    def block(self, *, blocked: bool) -> None:
        """The client reads too slowly, or reads again."""
        self._blocked = blocked
        self._drain()

    def deliver(self, message: Message, qos: int) -> None:
        """Send a message at this QoS, or queue it."""
        if self._write is None and qos == 0:
            return
        if self._queue or not self._may_send(qos):
            self._enqueue(message, qos)
        else:
            self._send(message, qos)

    def acknowledged(self, packet_id: int) -> None:
        """The client has a QoS 1 message."""
        if self._in_flight.pop(packet_id, None) is not None:
            self._drain()

    def _may_send(self, qos: int) -> bool:
        return (
            self._write is not None
            and not self._blocked
            and (qos == 0 or len(self._in_flight) < MAX_IN_FLIGHT)
        )

    def _enqueue(self, message: Message, qos: int) -> None:
        if len(self._queue) >= MAX_QUEUED or self._queued_bytes + len(message.payload) > MAX_QUEUED_BYTES:
            if self.dropped == 0:
                _log.warning("%s: %d messages wait, what comes now is dropped", self.client, len(self._queue))
            self.dropped += 1
            return
        self._queue.append((message, qos))
        self._queued_bytes += len(message.payload)

    def _drain(self) -> None:
        while self._queue and self._may_send(self._queue[0][1]):
            message, qos = self._queue.popleft()
            self._queued_bytes -= len(message.payload)
            self._send(message, qos)
        if self.dropped and not self._queue:
            _log.warning("%s: caught up; %d messages were dropped", self.client, self.dropped)
            self.dropped = 0

    def _send(self, message: Message, qos: int) -> None:
        packet_id = 0
        if qos:
            packet_id = self._free_id()
            self._in_flight[packet_id] = message
        if self._write is not None:
            self._write(packets.publish(message, qos, packet_id))

    def _free_id(self) -> int:
        while True:
            self._last_id = self._last_id % _IDS + 1
            if self._last_id not in self._in_flight:
                return self._last_id
