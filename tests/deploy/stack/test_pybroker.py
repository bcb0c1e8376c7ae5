"""The embedded broker's own rules: packets, topic filters, queues, bad clients."""

import itertools
import re
import socket
import time
from collections.abc import Callable, Iterator

import pytest
from chejian.stack import Broker
from chejian.stack.pybroker import packets
from chejian.stack.pybroker.packets import Message, PacketType
from chejian.stack.pybroker.session import MAX_IN_FLIGHT, MAX_QUEUED, Session
from chejian.stack.pybroker.topics import Subscriptions, matches, valid_filter
from hypothesis import given
from hypothesis import strategies as st

LEVEL = st.sampled_from(["a", "b", "", "$x"])
TOPIC = st.lists(LEVEL, min_size=1, max_size=4).map("/".join).filter(bool)
FILTER = st.lists(LEVEL | st.sampled_from(["+", "#"]), min_size=1, max_size=4).map("/".join).filter(bool)


@given(
    messages=st.lists(
        st.tuples(TOPIC, st.binary(max_size=400), st.integers(0, 1), st.booleans()), max_size=8
    ),
    cuts=st.lists(st.integers(1, 300), min_size=1, max_size=20),
)
def test_packets_survive_any_cutting(messages: list[tuple[str, bytes, int, bool]], cuts: list[int]) -> None:
    """Whatever pieces TCP makes of the stream, the same packets come out."""
    sent = [Message(topic.encode(), payload, qos, retain) for topic, payload, qos, retain in messages]
    stream = b"".join(packets.publish(message, message.qos, 7) for message in sent)
    splitter, got, sizes = packets.Splitter(), [], itertools.cycle(cuts)
    while stream:
        size = next(sizes)
        for first, body in splitter.feed(stream[:size]):
            assert first >> 4 == PacketType.PUBLISH
            message, packet_id = packets.read_publish(first & 15, body)
            assert packet_id == (7 if message.qos else 0)
            got.append(message)
        stream = stream[size:]
    assert got == sent


@given(pattern=FILTER, topic=TOPIC)
def test_filters_against_a_regular_expression(pattern: str, topic: str) -> None:
    """A second, naive reading of section 4.7: each filter as a regular expression."""
    levels = pattern.split("/")
    valid = "#" not in levels[:-1]
    assert valid_filter(pattern.encode()) == valid
    if not valid:
        return
    parts = [r"[^/]*" if level == "+" else re.escape(level) for level in levels if level != "#"]
    expression = "/".join(parts)
    if levels[-1] == "#":
        expression = rf"{expression}(/.*)?" if parts else ".*"
    hidden = topic.startswith("$") and levels[0] in {"+", "#"}
    wanted = re.fullmatch(expression, topic) is not None and not hidden
    assert matches(pattern.encode(), topic.encode()) == wanted


@pytest.mark.parametrize(
    "pattern",
    [
        "a+",
        "a/#/b",
        "#a",
        "a/b#",
        "",
        "$share/g",
        "$share//a",
        "$share/g/",
        "$share/+/a",
        "$share/g#/a",
        "$share/g/a+",
    ],
)
def test_malformed_filters_are_refused(pattern: str) -> None:
    assert not valid_filter(pattern.encode())


def test_receivers_follow_changes() -> None:
    subscriptions = Subscriptions()
    subscriptions.add(b"p/+/x", "host", 0)
    subscriptions.add(b"p/#", "host", 1)
    subscriptions.add(b"p/1/x", "other", 0)
    assert dict(subscriptions.receivers(b"p/1/x")) == {"host": 1, "other": 0}
    subscriptions.remove(b"p/#", "host")
    assert dict(subscriptions.receivers(b"p/1/x")) == {"host": 0, "other": 0}
    subscriptions.remove_all("host")
    assert dict(subscriptions.receivers(b"p/1/x")) == {"other": 0}


def test_shared_subscriptions_take_turns() -> None:
    """One member of each group, in turn; who has gone gets nothing; plain filters are served beside it."""
    subscriptions = Subscriptions()
    assert valid_filter(b"$share/g/p/+/x")
    for client in ("one", "two", "three"):
        subscriptions.add(b"$share/g/p/+/x", client, 1)
    subscriptions.add(b"$share/other/p/#", "lone", 0)
    subscriptions.add(b"p/#", "one", 0)
    turns = [subscriptions.receivers(b"p/%d/x" % (i % 2)) for i in range(6)]
    assert all(turn[0] == ("one", 0) and ("lone", 0) in turn for turn in turns)
    members = [next(client for client, qos in turn if qos == 1) for turn in turns]
    assert members == ["one", "two", "three"] * 2
    subscriptions.remove_all("two")
    members = [subscriptions.receivers(b"p/1/x")[1][0] for _ in range(4)]
    assert sorted(members) == ["one", "one", "three", "three"]
    subscriptions.remove_all("one")
    subscriptions.remove_all("three")
    assert subscriptions.receivers(b"p/1/x") == [("lone", 0)]


def payloads(sent: list[bytes]) -> list[tuple[bytes, int, int]]:
    """(payload, packet identifier, repeated) of PUBLISH packets."""
    found = []
    for first, body in packets.Splitter().feed(b"".join(sent)):
        message, packet_id = packets.read_publish(first & 15, body)
        found.append((message.payload, packet_id, first >> 3 & 1))
    return found


def test_window_and_resend() -> None:
    """At most `MAX_IN_FLIGHT` unacknowledged; after a reconnect they come again, marked, then the rest, in order."""
    session, sent = Session("host", clean=False), list[bytes]()
    session.attach(sent.append)
    for number in range(MAX_IN_FLIGHT + 3):
        session.deliver(Message(b"t", b"%d" % number, 1), 1)
    assert len(sent) == MAX_IN_FLIGHT
    session.acknowledged(1)
    assert payloads(sent[MAX_IN_FLIGHT:]) == [(b"%d" % MAX_IN_FLIGHT, MAX_IN_FLIGHT + 1, 0)]
    session.detach()
    again: list[bytes] = []
    session.attach(again.append)
    assert payloads(again) == [(b"%d" % number, number + 1, 1) for number in range(1, MAX_IN_FLIGHT + 1)]
    session.acknowledged(2)
    session.acknowledged(3)
    assert [payload for payload, _, _ in payloads(again[MAX_IN_FLIGHT:])] == [b"201", b"202"]


def test_slow_client_costs_bounded_memory(caplog: pytest.LogCaptureFixture) -> None:
    """What does not fit is dropped, counted, and logged twice: when it begins and when it is over."""
    session, sent = Session("slow", clean=True), list[bytes]()
    session.attach(sent.append)
    session.block(blocked=True)
    for _ in range(MAX_QUEUED + 5):
        session.deliver(Message(b"t", b"x", 0), 0)
    assert (len(sent), session.dropped) == (0, 5)
    session.block(blocked=False)
    assert (len(sent), session.dropped) == (MAX_QUEUED, 0)
    assert len(caplog.records) == 2


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    """One broker for all bad clients: each has to leave it whole for the next."""
    with Broker(tmp_path_factory.mktemp("pybroker"), kind="embedded") as it:
        yield it


def answer(broker: Broker, data: bytes) -> bytes:
    """Everything the broker says until it closes the connection."""
    with socket.create_connection(("127.0.0.1", broker.port), timeout=20) as connection:
        connection.sendall(data)
        said = b""
        while piece := connection.recv(4096):
            said += piece
    return said


CONNECT = bytes.fromhex("100c 0004 4d515454 04 02 0000 0000")


@pytest.mark.parametrize(
    ("data", "said", "reason"),
    [
        (b"GET / HTTP/1.1\r\n" + b"Accept: */*\r\n" * 9, b"", "the first packet is not CONNECT"),
        (packets.packet(PacketType.PINGREQ, b""), b"", "the first packet is not CONNECT"),
        (bytes.fromhex("100d 0004 4d515454 05 02 0000 00 0000"), b"\x20\x02\x00\x01", "speaks version 5"),
        (
            bytes.fromhex("100c 0004 4d515454 04 00 0000 0000"),
            b"\x20\x02\x00\x02",
            "without a client identifier",
        ),
        (CONNECT + b"\x30\x05\x00\x03a/+", b"\x20\x02\x00\x00", "topic name b'a/[+]'"),
        (CONNECT + b"\x36\x05\x00\x01a\x00\x01", b"\x20\x02\x00\x00", "QoS 3"),
        (CONNECT + CONNECT, b"\x20\x02\x00\x00", "packet type 1 from a client"),
        (CONNECT + b"\x30\xff\xff\xff\x7f", b"\x20\x02\x00\x00", "the limit is"),
        (CONNECT + b"\x82\x03\x00\x01\x00", b"\x20\x02\x00\x00", "a field reaches beyond its packet"),
    ],
)
def test_bad_client_is_shown_the_door_and_the_broker_lives(
    broker: Broker, data: bytes, said: bytes, reason: str
) -> None:
    log = broker.data_dir / "broker.log"
    before = len(log.read_text())
    assert answer(broker, data) == said
    assert broker.ready()
    assert re.search(reason, log.read_text()[before:])


def test_silent_client_is_closed_after_its_keep_alive(broker: Broker) -> None:
    start = time.monotonic()
    assert answer(broker, bytes.fromhex("100c 0004 4d515454 04 02 0001 0000")) == b"\x20\x02\x00\x00"
    assert 1.4 < time.monotonic() - start < 15


def test_restart_on_the_same_port(broker_factory: Callable[..., Broker]) -> None:
    """A broker's port is free at once after its end: its clients come back to the same address."""
    first = broker_factory(kind="embedded")
    with socket.create_connection(("127.0.0.1", first.port)) as client:
        client.sendall(CONNECT)
        assert client.recv(4) == b"\x20\x02\x00\x00"
        first.stop()
        assert not first.ready()
        assert broker_factory(kind="embedded", port=first.port).ready()
