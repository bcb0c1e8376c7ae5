"""MQTT 3.1.1 control packets (OASIS standard, section numbers in brackets): bytes to values and back."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum

# A waveform of 2^19 samples of 8 bytes fits twice; what is longer is no message of ours [bytes].
MAX_PACKET = 8 * 2**20
_LENGTH_DIGITS = 4  # [2.2.3]


class PacketType(IntEnum):
    """Control packet types [2.2.1]."""

    CONNECT = 1
    CONNACK = 2
    PUBLISH = 3
    PUBACK = 4
    PUBREC = 5
    PUBREL = 6
    PUBCOMP = 7
    SUBSCRIBE = 8
    SUBACK = 9
    UNSUBSCRIBE = 10
    UNSUBACK = 11
    PINGREQ = 12
    PINGRESP = 13
    DISCONNECT = 14


class ConnectCode(IntEnum):
    """Answers to CONNECT [3.2.2.3]."""

    ACCEPTED = 0
    UNACCEPTABLE_VERSION = 1
    IDENTIFIER_REJECTED = 2


class PacketError(Exception):
    """The bytes break the standard; the connection has to be closed."""


@dataclass(frozen=True, slots=True)
class Message:
    """An application message.

    Args:
        topic: its name, UTF-8.
        payload: its content.
        qos: at which the publisher sent it.
        retain: the flag as it is to be sent.
    """

    topic: bytes
    payload: bytes
    qos: int
    retain: bool = False


@dataclass(frozen=True, slots=True)
class Connect:
    """What a client asks for [3.1].

    Args:
        version: protocol level; 3 and 4 are spoken here.
        client: its identifier, may be empty.
        clean: it wants a fresh session.
        keep_alive: seconds between two of its packets at most, 0 for no limit.
        will: to be published when it vanishes.
    """

    version: int
    client: str
    clean: bool
    keep_alive: int
    will: Message | None


class _Fields:
    """Reads the fields of one packet's body in turn."""

    def __init__(self, body: bytes) -> None:
        self._body = body
        self._at = 0

    def number(self, size: int) -> int:
        return int.from_bytes(self.take(size))

    def take(self, size: int) -> bytes:
        end = self._at + size
        if end > len(self._body):
            raise PacketError("a field reaches beyond its packet")
        part = self._body[self._at : end]
        self._at = end
        return part

    def prefixed(self) -> bytes:
        return self.take(self.number(2))

    def rest(self) -> bytes:
        return self.take(len(self._body) - self._at)

    def more(self) -> bool:
        return self._at < len(self._body)


class Splitter:
    """Cuts a byte stream into packets."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: bytes) -> Iterator[tuple[int, bytes]]:
        """Yield ``(first byte, body)`` of every packet that is complete now.

        Raises:
            PacketError: a length is malformed or over `MAX_PACKET`.
        """
        buffer = self._buffer
        buffer += data
        at = 0
        try:
            while (head := _header(buffer, at)) is not None:
                start, end = head
                if end > len(buffer):
                    break
                first, body, at = buffer[at], bytes(buffer[start:end]), end
                yield first, body
        finally:
            del buffer[:at]


def _header(buffer: bytearray, at: int) -> tuple[int, int] | None:
    """Start and end of the body of the packet at ``at``; None while its length is incomplete."""
    length = 0
    for digit in range(_LENGTH_DIGITS):
        position = at + 1 + digit
        if position >= len(buffer):
            return None
        length |= (buffer[position] & 0x7F) << 7 * digit
        if length > MAX_PACKET:
            raise PacketError(f"a packet of {length} bytes or more; the limit is {MAX_PACKET}")
        if buffer[position] < 0x80:  # noqa: PLR2004 - continuation bit
            return position + 1, position + 1 + length
    raise PacketError("a remaining length of more than four digits")


def packet(kind: PacketType, body: bytes, flags: int = 0) -> bytes:
    """Bytes of a packet."""
    length = len(body)
    digits = bytearray()
    while True:
        length, digit = length >> 7, length & 0x7F
        digits.append(digit | (0x80 if length else 0))
        if not length:
            return bytes((kind << 4 | flags,)) + bytes(digits) + body


def publish(message: Message, qos: int, packet_id: int = 0, *, repeated: bool = False) -> bytes:
    """Bytes of a PUBLISH [3.3]."""
    head = len(message.topic).to_bytes(2) + message.topic
    identifier = packet_id.to_bytes(2) if qos else b""
    flags = repeated << 3 | qos << 1 | message.retain
    return packet(PacketType.PUBLISH, head + identifier + message.payload, flags)


def read_connect(body: bytes) -> Connect:
    """Read a CONNECT [3.1]; user name and password are passed over.

    Raises:
        PacketError: it is malformed.
    """
    fields = _Fields(body)
    name, version, flags, keep_alive = fields.prefixed(), fields.number(1), fields.number(1), fields.number(2)
    if name not in {b"MQTT", b"MQIsdp"}:
        raise PacketError(f"protocol {name!r} instead of MQTT")
    if version not in {3, 4}:
        return Connect(version, "", clean=True, keep_alive=0, will=None)  # the rest follows another standard
    client = _text(fields.prefixed()).decode()
    will = None
    if flags & 0x04:
        topic = check_topic(fields.prefixed())
        will = Message(topic, fields.prefixed(), qos=min(flags >> 3 & 3, 2), retain=bool(flags & 0x20))
    return Connect(version, client, clean=bool(flags & 0x02), keep_alive=keep_alive, will=will)


def read_publish(flags: int, body: bytes) -> tuple[Message, int]:
    """Read a PUBLISH [3.3]: the message with its retain flag, and the packet identifier (0 at QoS 0).

    Raises:
        PacketError: it is malformed.
    """
    qos = flags >> 1 & 3
    if qos == 3:  # noqa: PLR2004 - the one value that is reserved
        raise PacketError("QoS 3")
    fields = _Fields(body)
    topic = check_topic(fields.prefixed())
    packet_id = fields.number(2) if qos else 0
    return Message(topic, fields.rest(), qos, retain=bool(flags & 1)), packet_id


def read_subscribe(body: bytes) -> tuple[int, list[tuple[bytes, int]]]:
    """Read a SUBSCRIBE [3.8]: packet identifier, filters with the QoS asked for."""
    fields = _Fields(body)
    packet_id, wanted = fields.number(2), []
    while fields.more():
        wanted.append((_text(fields.prefixed()), fields.number(1) & 3))
    return packet_id, wanted


def read_unsubscribe(body: bytes) -> tuple[int, list[bytes]]:
    """Read an UNSUBSCRIBE [3.10]: packet identifier, filters."""
    fields = _Fields(body)
    packet_id, unwanted = fields.number(2), []
    while fields.more():
        unwanted.append(_text(fields.prefixed()))
    return packet_id, unwanted


def read_id(body: bytes) -> int:
    """Packet identifier of an acknowledgement."""
    return _Fields(body).number(2)


def check_topic(topic: bytes) -> bytes:
    """Return the topic name.

    Raises:
        PacketError: it is empty, holds a wildcard, or is no text.
    """
    if not topic or b"+" in topic or b"#" in topic:
        raise PacketError(f"topic name {topic!r}")
    return _text(topic)


def _text(value: bytes) -> bytes:
    try:
        value.decode()
    except UnicodeDecodeError as error:
        raise PacketError(f"{value!r} is not UTF-8") from error
    if b"\0" in value:
        raise PacketError("a zero character in a text")
    return value
