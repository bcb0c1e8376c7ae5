"""The broker: sessions, retained messages, and one protocol object per connection."""

import asyncio
import logging
import secrets
from collections.abc import Callable, Mapping
from dataclasses import replace

from chejian.stack.pybroker import packets
from chejian.stack.pybroker.packets import Connect, ConnectCode, Message, PacketError, PacketType
from chejian.stack.pybroker.session import Session
from chejian.stack.pybroker.topics import Subscriptions, matches, share_of, valid_filter

_log = logging.getLogger(__name__)

# Highest QoS granted to a subscription: Sparkplug needs no more.
_GRANTED = 1
_REFUSED = 0x80  # [3.9.3]
# Seconds a new connection may take to say CONNECT.
_CONNECT_WITHIN_S = 10.0
# A client is gone after one and a half times its keep-alive [3.1.2.10].
_PATIENCE = 1.5


class Broker:
    """State shared by all connections."""

    def __init__(self) -> None:
        self._sessions: dict[str, Session] = {}
        self._connections: dict[str, Connection] = {}
        self._subscriptions = Subscriptions()
        self._retained: dict[bytes, Message] = {}

    async def listen(self, host: str, port: int) -> asyncio.Server:
        """Accept connections at an address."""
        return await asyncio.get_running_loop().create_server(lambda: Connection(self), host, port)

    def close(self) -> None:
        """Close every connection; wills are not sent, since the broker is what ends."""
        for connection in list(self._connections.values()):
            connection.abandon()

    def enter(self, connection: "Connection", wanted: Connect) -> tuple[Session, bool]:
        """Give a client its session, ending its other connection; says whether the session was there before."""
        client = wanted.client or f"auto-{secrets.token_hex(8)}"
        other = self._connections.get(client)
        if other is not None:
            _log.warning("%s: connected again, the first connection is closed", client)
            other.close()
        session = self._sessions.get(client)
        known = session is not None and not (wanted.clean or session.clean)
        if session is None or not known:
            self._forget(client)
            session = self._sessions[client] = Session(client, clean=wanted.clean)
        self._connections[client] = connection
        return session, known

    def leave(self, connection: "Connection", session: Session, will: Message | None) -> None:
        """A connection is gone; its will, if any, is published."""
        if self._connections.get(session.client) is connection:
            del self._connections[session.client]
            session.detach()
            if session.clean:
                self._forget(session.client)
        if will is not None:
            self.publish(will)

    def publish(self, message: Message) -> None:
        """Keep it if it is to be retained, and hand it to everybody who wants it."""
        if message.retain:
            if message.payload:
                self._retained[message.topic] = message
            else:
                self._retained.pop(message.topic, None)
            message = replace(message, retain=False)  # live, not out of store [3.3.1.3]
        for client, qos in self._subscriptions.receivers(message.topic):
            self._sessions[client].deliver(message, min(qos, message.qos))

    def subscribe(self, session: Session, pattern: bytes, qos: int) -> int:
        """Add a subscription; returns the granted QoS or `_REFUSED`."""
        if not valid_filter(pattern):
            return _REFUSED
        granted = min(qos, _GRANTED)
        self._subscriptions.add(pattern, session.client, granted)
        return granted

    def unsubscribe(self, session: Session, pattern: bytes) -> None:
        """End a subscription."""
        self._subscriptions.remove(pattern, session.client)

    def send_retained(self, session: Session, pattern: bytes, granted: int) -> None:
        """Send what is kept under a new subscription's topics; nothing for a shared one (MQTT 5, 4.8.2)."""
        if share_of(pattern)[0]:
            return
        for topic, message in list(self._retained.items()):
            if matches(pattern, topic):
                session.deliver(message, min(granted, message.qos))

    def _forget(self, client: str) -> None:
        self._subscriptions.remove_all(client)
        self._sessions.pop(client, None)


class Connection(asyncio.Protocol):
    """One network connection."""

    def __init__(self, broker: Broker) -> None:
        self._broker = broker
        self._splitter = packets.Splitter()
        self._session: Session | None = None
        self._will: Message | None = None
        self._transport: asyncio.Transport | None = None
        self._loop = asyncio.get_running_loop()
        self._deadline: asyncio.TimerHandle | None = None
        self._patience = _CONNECT_WITHIN_S
        self._last_seen = self._loop.time()
        self._out: list[bytes] = []

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Wait for CONNECT."""
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 - create_server makes no other; narrows the type
        self._transport = transport
        self._deadline = self._loop.call_later(self._patience, self._check_alive)

    def data_received(self, data: bytes) -> None:
        """Handle every packet that is complete."""
        self._last_seen = self._loop.time()
        try:
            for first, body in self._splitter.feed(data):
                if self._transport is None or self._transport.is_closing():
                    return
                self._handle(first >> 4, first & 0x0F, body)
        except PacketError as error:
            _log.warning("%s: connection closed: %s", self._name(), error)
            self.close()

    def connection_lost(self, exc: Exception | None) -> None:
        """Clean up; a client that did not say DISCONNECT has its will published."""
        del exc  # the reason makes no difference
        self._transport = None
        if self._deadline is not None:
            self._deadline.cancel()
        session, self._session = self._session, None
        if session is not None:
            self._broker.leave(self, session, self._will)

    def pause_writing(self) -> None:
        """The client does not read fast enough: its messages wait in its session."""
        if self._session is not None:
            self._session.block(blocked=True)

    def resume_writing(self) -> None:
        """The client has caught up."""
        if self._session is not None:
            self._session.block(blocked=False)

    def write(self, data: bytes) -> None:
        """Send bytes; what one turn of the loop produces goes out in one piece."""
        if not self._out:
            self._loop.call_soon(self._flush)
        self._out.append(data)

    def close(self) -> None:
        """End the connection now, as a failure: the will is published at once."""
        if self._transport is not None:
            self._flush()
            self._transport.close()
            self.connection_lost(None)

    def abandon(self) -> None:
        """End the connection without a will."""
        self._will = None
        self.close()

    def _flush(self) -> None:
        if self._transport is not None and self._out:
            self._transport.write(b"".join(self._out))
        self._out.clear()

    def _name(self) -> str:
        return self._session.client if self._session else "a connection without CONNECT"

    def _check_alive(self) -> None:
        silent = self._loop.time() - self._last_seen
        if silent >= self._patience or self._session is None:
            _log.warning("%s: silent for %.0f s, connection closed", self._name(), silent)
            self.close()
        else:
            self._deadline = self._loop.call_later(self._patience - silent, self._check_alive)

    def _handle(self, kind: int, flags: int, body: bytes) -> None:
        session = self._session
        if session is None:
            if kind != PacketType.CONNECT:
                raise PacketError("the first packet is not CONNECT")
            self._connect(packets.read_connect(body))
        elif kind == PacketType.PUBLISH:
            self._publish(session, flags, body)
        elif kind == PacketType.PUBACK:
            session.acknowledged(packets.read_id(body))
        elif kind == PacketType.DISCONNECT:
            self.abandon()
        elif (rare := _RARE.get(kind)) is not None:
            rare(self, session, body)
        else:
            raise PacketError(f"packet type {kind} from a client")

    def _release(self, session: Session, body: bytes) -> None:
        """Second half of QoS 2."""
        packet_id = packets.read_id(body)
        session.incoming.discard(packet_id)
        self.write(packets.packet(PacketType.PUBCOMP, packet_id.to_bytes(2)))

    def _unsubscribe(self, session: Session, body: bytes) -> None:
        packet_id, patterns = packets.read_unsubscribe(body)
        for pattern in patterns:
            self._broker.unsubscribe(session, pattern)
        self.write(packets.packet(PacketType.UNSUBACK, packet_id.to_bytes(2)))

    def _ping(self, _session: Session, _body: bytes) -> None:
        self.write(packets.packet(PacketType.PINGRESP, b""))

    def _connect(self, wanted: Connect) -> None:
        if wanted.version not in {3, 4}:
            self._refuse(ConnectCode.UNACCEPTABLE_VERSION, f"speaks version {wanted.version}, not MQTT 3.1.1")
            return
        if not wanted.client and not wanted.clean:
            self._refuse(
                ConnectCode.IDENTIFIER_REJECTED, "wants a lasting session without a client identifier"
            )
            return
        session, known = self._broker.enter(self, wanted)
        self._session, self._will = session, wanted.will
        if self._deadline is not None:
            self._deadline.cancel()
        if wanted.keep_alive:
            self._patience = _PATIENCE * wanted.keep_alive
            self._deadline = self._loop.call_later(self._patience, self._check_alive)
        self.write(packets.packet(PacketType.CONNACK, bytes((known, ConnectCode.ACCEPTED))))
        session.attach(self.write)

    def _refuse(self, code: ConnectCode, reason: str) -> None:
        _log.warning("a client is refused: it %s", reason)
        self.write(packets.packet(PacketType.CONNACK, bytes((0, code))))
        self.close()

    def _publish(self, session: Session, flags: int, body: bytes) -> None:
        message, packet_id = packets.read_publish(flags, body)
        if message.qos == 2:  # noqa: PLR2004 - exactly once
            self.write(packets.packet(PacketType.PUBREC, packet_id.to_bytes(2)))
            if packet_id in session.incoming:
                return
            session.incoming.add(packet_id)
        elif message.qos == 1:
            self.write(packets.packet(PacketType.PUBACK, packet_id.to_bytes(2)))
        self._broker.publish(message)

    def _subscribe(self, session: Session, body: bytes) -> None:
        packet_id, wanted = packets.read_subscribe(body)
        if not wanted:
            raise PacketError("SUBSCRIBE without a filter")
        granted = [self._broker.subscribe(session, pattern, qos) for pattern, qos in wanted]
        self.write(packets.packet(PacketType.SUBACK, packet_id.to_bytes(2) + bytes(granted)))
        for (pattern, _), qos in zip(wanted, granted, strict=True):
            if qos != _REFUSED:
                self._broker.send_retained(session, pattern, qos)


# Packets that come seldom, and who handles them.
_RARE: Mapping[int, Callable[[Connection, Session, bytes], None]] = {
    PacketType.PUBREL: Connection._release,  # noqa: SLF001 - the class's own table
    PacketType.SUBSCRIBE: Connection._subscribe,  # noqa: SLF001 - same
    PacketType.UNSUBSCRIBE: Connection._unsubscribe,  # noqa: SLF001 - same
    PacketType.PINGREQ: Connection._ping,  # noqa: SLF001 - same
}
