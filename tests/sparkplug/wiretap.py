"""A TCP proxy before the broker that keeps every MQTT packet of the clients behind it, and can cut their lines.

A subscriber sees what a broker makes of a message; only the wire shows what a client really sent: its will, its flags,
and the order of its packets.
"""

import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Self
from urllib.parse import urlsplit

WITHIN_S = 60.0
CONNECT, CONNACK, PUBLISH, PUBACK, SUBSCRIBE, SUBACK, DISCONNECT = 1, 2, 3, 4, 8, 9, 14
_SESSION_EXPIRY = 0x11
"""MQTT 5 property of CONNECT, four bytes; 3.1.2.11.2."""
_WIDTHS = {_SESSION_EXPIRY: 4, 0x21: 2, 0x22: 2, 0x27: 4, 0x17: 1, 0x19: 1}
"""Properties of CONNECT with a number, and its bytes; the others do not occur here."""


def wait_for(condition: Callable[[], object], what: str, within: float = WITHIN_S) -> None:
    """Wait until `condition()` or fail with `what`."""
    deadline = time.monotonic() + within
    ticker = threading.Event()
    while not condition():
        assert time.monotonic() < deadline, f"not within {within} s: {what}"
        ticker.wait(0.01)


class Reader:
    """Walks through the bytes of a packet."""

    def __init__(self, data: bytes) -> None:
        self.data, self.at = data, 0

    def take(self, count: int) -> bytes:
        self.at += count
        return self.data[self.at - count : self.at]

    def number(self, count: int) -> int:
        return int.from_bytes(self.take(count), "big")

    def block(self) -> bytes:
        return self.take(self.number(2))

    def varint(self) -> int:
        value = shift = 0
        while True:
            byte = self.number(1)
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return value

    def properties(self) -> dict[int, int]:
        end, found = self.varint(), {}
        end += self.at
        while self.at < end:
            key = self.number(1)
            found[key] = self.number(_WIDTHS[key])
        return found

    @property
    def rest(self) -> bytes:
        return self.data[self.at :]


@dataclass(frozen=True)
class Packet:
    """One control packet; `line` numbers the TCP connections, `sent` is False for what the broker answered."""

    line: int
    sent: bool
    kind: int
    flags: int
    body: bytes
    at_ms: int


@dataclass(frozen=True)
class Connect:
    """What a CONNECT says."""

    line: int
    at_ms: int
    level: int
    clean: bool
    session_expiry: int
    will_topic: str | None = None
    will_payload: bytes = b""
    will_qos: int = 0
    will_retain: bool = False


@dataclass(frozen=True)
class Publish:
    """What a PUBLISH says; `order` counts all packets of the tap."""

    line: int
    at_ms: int
    order: int
    topic: str
    qos: int
    retain: bool
    payload: bytes


def _connect(packet: Packet) -> Connect:
    reader = Reader(packet.body)
    reader.block()
    level, flags = reader.number(1), reader.number(1)
    reader.number(2)
    expiry = reader.properties().get(_SESSION_EXPIRY, 0) if level == 5 else 0
    clean = bool(flags & 2)
    reader.block()
    if not flags & 4:
        return Connect(packet.line, packet.at_ms, level, clean, expiry)
    if level == 5:
        reader.properties()
    topic, payload = reader.block().decode(), reader.block()
    qos, retain = flags >> 3 & 3, bool(flags & 0x20)
    return Connect(packet.line, packet.at_ms, level, clean, expiry, topic, payload, qos, retain)


@dataclass
class Wiretap:
    """The proxy; a context manager.

    Attributes:
        broker: URL of the broker.
        packets: everything so far, in order.
        open: whether new connections are let through.
    """

    broker: str
    packets: list[Packet] = field(default_factory=list)
    open: bool = True
    _lines: list[socket.socket] = field(default_factory=list)
    _threads: list[threading.Thread] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _levels: dict[int, int] = field(default_factory=dict)

    def __enter__(self) -> Self:
        self._server = socket.create_server(("127.0.0.1", 0))
        self._spawn(self._accept)
        return self

    def __exit__(self, *_: object) -> None:
        self.open = False
        self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()
        self.cut()
        for thread in self._threads:
            thread.join(WITHIN_S)

    @property
    def url(self) -> str:
        return f"mqtt://127.0.0.1:{self._server.getsockname()[1]}"

    def cut(self) -> None:
        """End all connections without a DISCONNECT, as a broken line does."""
        with self._lock:
            lines, self._lines = self._lines, []
        for line in lines:
            try:
                line.shutdown(socket.SHUT_RDWR)
            except OSError:  # its other end went first
                continue

    def _spawn(self, target: Callable[..., None], *arguments: object) -> None:
        self._threads.append(threading.Thread(target=target, args=arguments, daemon=True))
        self._threads[-1].start()

    def _accept(self) -> None:
        address = urlsplit(self.broker)
        count = 0
        while True:
            try:
                client, _ = self._server.accept()
            except OSError:  # the end
                return
            if not self.open:
                client.close()
                continue
            count += 1
            broker = socket.create_connection((address.hostname, address.port or 1883))
            with self._lock:
                self._lines += [client, broker]
            self._spawn(self._pump, client, broker, count, True)
            self._spawn(self._pump, broker, client, count, False)

    def _pump(self, source: socket.socket, target: socket.socket, line: int, sent: bool) -> None:
        waiting = b""
        with source:
            while data := _receive(source):
                waiting = self._keep(waiting + data, line, sent)
                try:
                    target.sendall(data)
                except OSError:  # the other side is gone: nothing more to hand on
                    break
            for end in (source, target):
                try:
                    end.shutdown(socket.SHUT_RDWR)
                except OSError:  # closed by its own pump
                    continue

    def _keep(self, data: bytes, line: int, sent: bool) -> bytes:
        """Enter the whole packets of `data` and return the rest."""
        while len(data) >= 2:
            reader = Reader(data)
            first = reader.number(1)
            if len(data) < 5 and data[-1] & 0x80:
                break
            length = reader.varint()
            if len(reader.rest) < length:
                break
            now = time.time_ns() // 1_000_000
            packet = Packet(line, sent, first >> 4, first & 15, reader.take(length), now)
            if packet.kind == CONNECT:
                self._levels[line] = _connect(packet).level
            self.packets.append(packet)
            data = reader.rest
        return data

    @property
    def connects(self) -> list[Connect]:
        return [_connect(p) for p in tuple(self.packets) if p.kind == CONNECT]

    @property
    def publishes(self) -> list[Publish]:
        """Messages that the clients behind the tap published."""
        packets = tuple(self.packets)
        return [self._publish(i, p) for i, p in enumerate(packets) if p.kind == PUBLISH and p.sent]

    def _publish(self, order: int, packet: Packet) -> Publish:
        reader = Reader(packet.body)
        topic, qos = reader.block().decode(), packet.flags >> 1 & 3
        if qos:
            reader.number(2)
        if self._levels[packet.line] == 5:
            reader.take(reader.varint())
        retain = bool(packet.flags & 1)
        return Publish(packet.line, packet.at_ms, order, topic, qos, retain, reader.rest)

    def filters(self, line: int, before: int) -> dict[str, int]:
        """Topic filters that a line subscribed to before packet `before`, each with its QoS."""
        found = {}
        for packet in self.packets[:before]:
            if packet.line == line and packet.sent and packet.kind == SUBSCRIBE:
                reader = Reader(packet.body)
                reader.number(2)
                if self._levels[line] == 5:
                    reader.take(reader.varint())
                while reader.rest:
                    topic = reader.block().decode()
                    found[topic] = reader.number(1) & 3
        return found


def _receive(source: socket.socket) -> bytes:
    try:
        return source.recv(65_536)
    except OSError:  # cut
        return b""
