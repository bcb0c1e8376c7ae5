"""Both brokers against the same demands, with a real client."""

import queue
import uuid
from collections.abc import Callable, Iterator
from urllib.parse import urlsplit

import paho.mqtt.client as paho
import pytest
from paho.mqtt.enums import CallbackAPIVersion

pytestmark = pytest.mark.parametrize("mqtt_url", ["mosquitto", "embedded"], indirect=True)
# Seconds a message may take on a loaded machine.
WITHIN = 20.0


class Client:
    """A paho client whose messages arrive in a queue."""

    def __init__(
        self, url: str, *, name: str = "", clean: bool = True, will: tuple[str, bytes, bool] | None = None
    ) -> None:
        self.inbox: queue.Queue[paho.MQTTMessage] = queue.Queue()
        self.lost: queue.Queue[object] = queue.Queue()
        self._acks: queue.Queue[int] = queue.Queue()
        connected: queue.Queue[object] = queue.Queue()
        address = urlsplit(url)
        self.mqtt = paho.Client(
            CallbackAPIVersion.VERSION2, client_id=name or uuid.uuid4().hex, clean_session=clean
        )
        self.mqtt.on_message = lambda _c, _u, message: self.inbox.put(message)
        self.mqtt.on_connect = lambda _c, _u, _f, reason, _p: connected.put(reason)
        self.mqtt.on_disconnect = lambda _c, _u, _f, reason, _p: self.lost.put(reason)
        self.mqtt.on_subscribe = lambda _c, _u, mid, _r, _p: self._acks.put(mid)
        if will:
            self.mqtt.will_set(will[0], will[1], qos=1, retain=will[2])
        assert address.hostname
        assert address.port
        self.mqtt.connect(address.hostname, address.port)
        self.mqtt.loop_start()
        assert connected.get(timeout=WITHIN) == "Success"

    def subscribe(self, pattern: str, qos: int = 1) -> None:
        _, mid = self.mqtt.subscribe(pattern, qos)
        while self._acks.get(timeout=WITHIN) != mid:
            pass

    def next(self) -> paho.MQTTMessage:
        return self.inbox.get(timeout=WITHIN)

    def publish(self, topic: str, payload: bytes, *, qos: int = 0, retain: bool = False) -> None:
        self.mqtt.publish(topic, payload, qos=qos, retain=retain).wait_for_publish(WITHIN)

    def vanish(self) -> None:
        """Drop the connection without a DISCONNECT."""
        sock = self.mqtt.socket()
        assert sock is not None
        self.mqtt.loop_stop()
        sock.close()


@pytest.fixture
def connect(mqtt_url: str) -> Iterator[Callable[..., Client]]:
    clients: list[Client] = []

    def make(**options: object) -> Client:
        clients.append(Client(mqtt_url, **options))  # type: ignore[arg-type] # handed through
        return clients[-1]

    yield make
    for client in clients:
        client.mqtt.disconnect()
        client.mqtt.loop_stop()


@pytest.fixture
def group() -> str:
    """A Sparkplug group of this test's own."""
    return uuid.uuid4().hex


def test_host_pattern_gets_data_in_order_and_no_more(connect: Callable[..., Client], group: str) -> None:
    host, edge = connect(), connect()
    host.subscribe(f"spBv1.0/{group}/+/+/#", 0)
    edge.publish("other/topic", b"no")
    edge.publish(f"spBv1.0/{group}/NBIRTH", b"too short for the pattern")
    for number in range(500):
        edge.publish(f"spBv1.0/{group}/DDATA/edge/cnc1", number.to_bytes(2))
    got = [host.next() for _ in range(500)]
    assert [int.from_bytes(message.payload) for message in got] == list(range(500))
    assert {message.topic for message in got} == {f"spBv1.0/{group}/DDATA/edge/cnc1"}
    edge.publish(f"spBv1.0/{group}/NDATA/edge", b"last")  # '#' includes its parent level
    assert host.next().payload == b"last"


@pytest.mark.parametrize(("published", "subscribed"), [(0, 0), (0, 1), (1, 0), (1, 1)])
def test_quality_of_service_is_the_lower_of_both(
    connect: Callable[..., Client], group: str, published: int, subscribed: int
) -> None:
    """MQTT 3.1.1 section 3.8.4: delivered at the minimum of both."""
    host, edge = connect(), connect()
    host.subscribe(f"spBv1.0/{group}/#", subscribed)
    edge.publish(f"spBv1.0/{group}/NBIRTH/edge", b"x", qos=published)
    message = host.next()
    assert (message.payload, message.qos) == (b"x", min(published, subscribed))


def test_retained_state_is_replaced_and_cleared(connect: Callable[..., Client], group: str) -> None:
    topic = f"spBv1.0/STATE/{group}"
    publisher = connect()
    publisher.publish(topic, b"offline", qos=1, retain=True)
    publisher.publish(topic, b"online", qos=1, retain=True)
    early = connect()
    early.subscribe(topic)
    message = early.next()
    assert (message.payload, message.retain) == (b"online", True)
    publisher.publish(topic, b"", qos=1, retain=True)
    assert early.next().payload == b""
    late = connect()
    late.subscribe(topic)
    publisher.publish(topic, b"live", qos=1)
    message = late.next()
    assert (message.payload, message.retain) == (b"live", False)


def test_will_is_sent_only_when_the_client_vanishes(connect: Callable[..., Client], group: str) -> None:
    topic = f"spBv1.0/{group}/NDEATH/edge"
    host = connect()
    host.subscribe(topic)
    polite = connect(will=(topic, b"polite", False))
    polite.mqtt.disconnect()
    assert polite.lost.get(timeout=WITHIN) == "Normal disconnection"
    connect(will=(topic, b"dead", True)).vanish()
    message = host.next()
    assert (message.payload, message.retain) == (b"dead", False)
    late = connect()
    late.subscribe(topic)
    assert late.next().retain
    late.publish(topic, b"", qos=1, retain=True)


def test_second_session_of_a_name_takes_over(connect: Callable[..., Client], group: str) -> None:
    """The first one is thrown out, its will tells so, and the second one works."""
    host = connect()
    host.subscribe(f"spBv1.0/{group}/#")
    first = connect(name=f"edge-{group}", will=(f"spBv1.0/{group}/NDEATH/edge", b"first", False))
    first.mqtt.reconnect_delay_set(min_delay=60, max_delay=60)
    second = connect(name=f"edge-{group}")
    first.lost.get(timeout=WITHIN)
    assert host.next().payload == b"first"
    second.subscribe(f"spBv1.0/{group}/NCMD/edge")
    host.publish(f"spBv1.0/{group}/NCMD/edge", b"rebirth", qos=1)
    assert second.next().payload == b"rebirth"


def test_large_payload_passes_unchanged(connect: Callable[..., Client], group: str) -> None:
    waveform = bytes(range(256)) * 4096 * 4  # 4 MiB
    host, edge = connect(), connect()
    host.subscribe(f"spBv1.0/{group}/#", 0)
    edge.publish(f"spBv1.0/{group}/DDATA/edge/motor", waveform)
    assert host.next().payload == waveform


def test_unsubscribe_ends_delivery(connect: Callable[..., Client], group: str) -> None:
    host = connect()
    host.subscribe(f"{group}/a")
    host.subscribe(f"{group}/b")
    gone: queue.Queue[int] = queue.Queue()
    host.mqtt.on_unsubscribe = lambda _c, _u, mid, _r, _p: gone.put(mid)
    host.mqtt.unsubscribe(f"{group}/a")
    gone.get(timeout=WITHIN)
    host.publish(f"{group}/a", b"a", qos=1)
    host.publish(f"{group}/b", b"b", qos=1)
    assert host.next().topic == f"{group}/b"


def test_session_keeps_messages_for_an_absent_client(connect: Callable[..., Client], group: str) -> None:
    """``clean_session = False``: what came meanwhile at QoS 1 is delivered at the return (section 3.1.2.4)."""
    absent = connect(name=group, clean=False)
    absent.subscribe(f"{group}/#")
    absent.mqtt.disconnect()
    absent.lost.get(timeout=WITHIN)
    sender = connect()
    for number in range(20):
        sender.publish(f"{group}/{number}", b"kept", qos=1)
    back = connect(name=group, clean=False)
    assert [back.next().topic for _ in range(20)] == [f"{group}/{number}" for number in range(20)]
    connect(name=group, clean=True)  # ends the stored session


def test_shared_subscription_divides_and_passes_over_who_is_gone(
    connect: Callable[..., Client], group: str
) -> None:
    """MQTT 5 section 4.8.2, also for clients of 3.1.1: each message to one member of the group."""
    edge, plain, members = connect(), connect(), [connect(), connect()]
    plain.subscribe(f"spBv1.0/{group}/DDATA/edge/+", 1)
    for member in members:
        member.subscribe(f"$share/{group}/spBv1.0/{group}/DDATA/+/+", 0)
    for number in range(40):
        edge.publish(f"spBv1.0/{group}/DDATA/edge/m{number % 3}", b"%d" % number, qos=1)
    assert [plain.next().payload for _ in range(40)] == [b"%d" % number for number in range(40)]
    parts = [[int(member.next().payload) for _ in range(20)] for member in members]
    assert sorted(parts[0] + parts[1]) == list(range(40))
    members[0].vanish()
    probe = 0
    while members[1].inbox.qsize() < 10:  # until the broker has noticed, every other message is lost
        edge.publish(f"spBv1.0/{group}/DDATA/edge/m", b"%d" % probe, qos=1)
        probe += 1
        assert probe < 10_000
