"""The host's own session: will, subscriptions, STATE, and how it ends. Read from the wire, packet by packet."""

import json
import logging
import secrets
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import paho.mqtt.client as mqtt
import pytest
from chejian_contract.sparkplug.datatypes import Code
from paho.mqtt.client import topic_matches_sub
from paho.mqtt.enums import CallbackAPIVersion

from tests.sparkplug.conftest import Host, StartHost
from tests.sparkplug.node import LEDGER, EdgeNode, M, now_ms
from tests.sparkplug.wiretap import CONNACK, DISCONNECT, PUBACK, PUBLISH, SUBACK, Connect, wait_for

NODE_MESSAGES = ("NBIRTH", "NDEATH", "DBIRTH", "DDEATH", "NDATA", "DDATA")


@dataclass
class Watcher:
    """Another client of the broker: what it hears of a host, and a voice to contradict it."""

    url: str
    topic: str
    heard: list[tuple[bytes, int, bool]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id=f"watch-{secrets.token_hex(4)}")
        self.client.on_message = lambda _c, _d, m: self.heard.append((bytes(m.payload), m.qos, m.retain))
        address = urlsplit(self.url)
        self.client.connect(address.hostname or "", address.port or 1883)
        self.client.loop_start()
        self.client.subscribe(self.topic, qos=1)

    def close(self) -> None:
        self.client.publish(self.topic, b"", qos=1, retain=True).wait_for_publish(5)
        self.client.disconnect()
        self.client.loop_stop()
        self.client._reset_sockets()  # its wake-up pair; see EdgeNode

    def say(self, payload: bytes, *, retain: bool = False) -> None:
        self.client.publish(self.topic, payload, qos=1, retain=retain).wait_for_publish(5)

    @property
    def words(self) -> list[dict[str, object]]:
        return [json.loads(payload) for payload, _, _ in self.heard]


@pytest.fixture
def host_alone(start_host: StartHost) -> Host:
    return start_host()


@pytest.fixture
def watcher(host_alone: Host, mqtt_url: str) -> Iterator[Watcher]:
    watching = Watcher(mqtt_url, host_alone.state_topic)
    wait_for(lambda: watching.heard, "the retained STATE")
    yield watching
    watching.close()


def state(payload: bytes) -> tuple[bool, int]:
    """Reads a STATE payload strictly: UTF-8, JSON, two keys, a boolean and a whole number."""
    read = json.loads(payload.decode("utf-8"))
    assert set(read) == {"online", "timestamp"}
    assert type(read["online"]) is bool
    assert type(read["timestamp"]) is int
    return read["online"], read["timestamp"]


BATCH = M("Ledger/Id", 77, code=Code.INT64), M("Ledger/Batch", 1, code=Code.INT64)


def ledger_says(node: EdgeNode) -> str:
    """The last acknowledgement."""
    return node.commands[-1].payload.metrics[0].string_value if node.commands else ""


def host_lines(host: Host) -> list[Connect]:
    """CONNECTs of the line that carries the host's will."""
    return [c for c in host.tap.connects if c.will_topic is not None]


@pytest.mark.assertion(
    "tck-id-host-topic-phid-death-required",
    "tck-id-host-topic-phid-death-topic",
    "tck-id-host-topic-phid-death-qos",
    "tck-id-host-topic-phid-death-retain",
    "tck-id-host-topic-phid-death-payload",
    "tck-id-host-topic-phid-death-payload-timestamp-connect",
    "tck-id-operational-behavior-host-application-connect-will",
    "tck-id-operational-behavior-host-application-connect-will-topic",
    "tck-id-operational-behavior-host-application-connect-will-payload",
    "tck-id-operational-behavior-host-application-connect-will-qos",
    "tck-id-operational-behavior-host-application-connect-will-retained",
    "tck-id-payloads-state-will-message",
    "tck-id-payloads-state-will-message-qos",
    "tck-id-payloads-state-will-message-retain",
    "tck-id-payloads-state-will-message-payload",
)
def test_connect_carries_the_death_certificate_as_will(host_alone: Host) -> None:
    (connect,) = host_lines(host_alone)
    assert connect.will_topic == host_alone.state_topic
    assert (connect.will_qos, connect.will_retain) == (1, True)
    online, timestamp = state(connect.will_payload)
    assert not online
    assert 0 <= connect.at_ms - timestamp < 1000, "the time of this CONNECT"


@pytest.mark.assertion("tck-id-message-flow-phid-sparkplug-clean-session-311")
def test_no_session_outlives_a_connection(host_alone: Host) -> None:
    connects = host_alone.tap.connects
    assert {c.level for c in connects} == {4}, "MQTT 3.1.1 unless configured otherwise"
    assert all(c.clean for c in connects)


@pytest.mark.assertion("tck-id-message-flow-phid-sparkplug-clean-session-50")
def test_no_session_outlives_a_connection_of_mqtt_5(start_host: StartHost) -> None:
    host = start_host(protocol="5")
    connects = host.tap.connects
    assert {c.level for c in connects} == {5}
    assert all(c.clean and c.session_expiry == 0 for c in connects)
    (connect,) = host_lines(host)
    birth = host.states[0]
    assert (connect.will_topic, connect.will_qos, connect.will_retain) == (host.state_topic, 1, True)
    assert (birth.line, birth.qos, birth.retain) == (connect.line, 1, True)
    assert state(birth.payload) == (True, state(connect.will_payload)[1])


@pytest.mark.assertion("tck-id-principles-birth-certificates-order", "tck-id-host-topic-phid-birth-message")
def test_nothing_is_said_before_the_birth_while_nodes_are_talking(
    start_host: StartHost, mqtt_url: str, group: str
) -> None:
    """A known node with a ledger sends all the time, and expects answers, while the host comes up again."""
    ended = threading.Event()
    with EdgeNode(mqtt_url, group) as node:
        first = start_host()
        node.birth(*LEDGER)
        node.device_birth("P", *BATCH, M("x", alias=1))
        node.data("P", *BATCH, M(value=1.0, alias=1))
        wait_for(lambda: ledger_says(node) == "77:1", "the batch is stored")
        first.close()

        def talk() -> None:
            while not ended.wait(0.01):
                node.data("P", *BATCH, M(value=1.0, alias=1))
                node.data("P", *BATCH, M(value=1.0, alias=99))

        talking = threading.Thread(target=talk)
        talking.start()
        try:
            second = start_host(dsn=first.config.dsn)
            wait_for(lambda: second.commands, "answers")
        finally:
            ended.set()
            talking.join()
    assert second.tap.publishes[0].topic == second.state_topic


@pytest.mark.assertion(
    "tck-id-host-topic-phid-birth-sub-required",
    "tck-id-message-flow-phid-sparkplug-subscription",
    "tck-id-payloads-state-subscribe",
)
def test_subscribes_first_of_all(host_alone: Host) -> None:
    birth = host_alone.states[0]
    filters = host_alone.tap.filters(birth.line, birth.order)
    assert _covering(filters, host_alone.state_topic)
    everywhere: dict[str, int] = {}
    for line in {p.line for p in host_alone.tap.packets}:
        everywhere |= host_alone.tap.filters(line, birth.order)
    for kind in NODE_MESSAGES:
        topic = f"spBv1.0/G/{kind}/N" + ("/D" if kind[0] == "D" else "")
        assert _covering(everywhere, topic), topic
    mine = [p for p in host_alone.tap.packets[: birth.order] if p.line == birth.line]
    granted = [code for p in mine if p.kind == SUBACK for code in p.body[2:]]
    assert len(granted) == len(filters), (
        "the broker has confirmed every subscription before the birth goes out"
    )
    assert max(granted) < 0x80, "and refused none"
    assert next(p for p in mine if not p.sent).kind == CONNACK


def _covering(filters: dict[str, int], topic: str) -> bool:
    return any(
        topic_matches_sub(f.split("/", 2)[2] if f.startswith("$share/") else f, topic) for f in filters
    )


@pytest.mark.assertion(
    "tck-id-conformance-primary-host",
    "tck-id-intro-sparkplug-host-state",
    "tck-id-components-ph-state",
    "tck-id-principles-birth-certificates-order",
    "tck-id-host-topic-phid-birth-message",
    "tck-id-host-topic-phid-birth-required",
    "tck-id-host-topic-phid-birth-topic",
    "tck-id-host-topic-phid-birth-qos",
    "tck-id-host-topic-phid-birth-retain",
    "tck-id-host-topic-phid-birth-payload",
    "tck-id-host-topic-phid-birth-payload-timestamp",
    "tck-id-message-flow-phid-sparkplug-state-publish",
    "tck-id-message-flow-phid-sparkplug-state-publish-payload",
    "tck-id-message-flow-phid-sparkplug-state-publish-payload-timestamp",
    "tck-id-operational-behavior-host-application-connect-birth",
    "tck-id-operational-behavior-host-application-connect-birth-topic",
    "tck-id-operational-behavior-host-application-connect-birth-payload",
    "tck-id-operational-behavior-host-application-connect-birth-qos",
    "tck-id-operational-behavior-host-application-connect-birth-retained",
    "tck-id-payloads-state-birth",
    "tck-id-payloads-state-birth-payload",
)
def test_the_birth_certificate_is_the_first_message(host_alone: Host, watcher: Watcher) -> None:
    first, (connect,) = host_alone.tap.publishes[0], host_lines(host_alone)
    assert first.topic == f"spBv1.0/STATE/{host_alone.config.host.id}"
    assert first.line == connect.line, "the line whose will is the death certificate"
    assert (first.qos, first.retain) == (1, True)
    assert state(first.payload) == (True, state(connect.will_payload)[1])
    assert watcher.heard[0] == (first.payload, 1, True), "who comes later is told by the broker"


@pytest.mark.assertion(
    "tck-id-message-flow-hid-sparkplug-state-message-delivered", "tck-id-components-ph-state"
)
def test_a_false_death_is_contradicted_at_once(host_alone: Host, watcher: Watcher) -> None:
    birth = host_alone.states[0].payload
    timestamp = state(birth)[1]
    lies = [{"online": False, "timestamp": at} for at in (timestamp - 1, timestamp, timestamp + 60_000)]
    for count, lie in enumerate(lies, start=1):
        watcher.say(json.dumps(lie).encode(), retain=True)
        wait_for(lambda n=count: len(host_alone.states) > n, "the birth again")  # type: ignore[misc] # a bound number
        wait_for(lambda n=count: len(watcher.heard) == 1 + 2 * n, "delivered")  # type: ignore[misc] # as above
    assert [p.payload for p in host_alone.states] == [birth] * 4, (
        "with the time of its birth, to the same broker"
    )
    assert all((p.qos, p.retain) == (1, True) for p in host_alone.states)
    assert watcher.words[-1] == {"online": True, "timestamp": timestamp}


@pytest.mark.assertion("tck-id-message-flow-hid-sparkplug-state-message-delivered")
def test_the_state_of_other_hosts_is_left_alone(host_alone: Host, watcher: Watcher, mqtt_url: str) -> None:
    other = Watcher(mqtt_url, "spBv1.0/STATE/somebody-else")
    try:
        other.say(b'{"online": false, "timestamp": 1}')
        wait_for(lambda: other.heard, "delivered")
        watcher.say(b'{"online": false, "timestamp": 1}')
        wait_for(lambda: len(host_alone.states) == 2, "the answer to its own")
    finally:
        other.close()
    assert {p.topic for p in host_alone.tap.publishes} == {host_alone.state_topic}


@pytest.mark.assertion(
    "tck-id-operational-behavior-host-application-termination",
    "tck-id-operational-behavior-host-application-death-topic",
    "tck-id-operational-behavior-host-application-death-payload",
    "tck-id-operational-behavior-host-application-death-qos",
    "tck-id-operational-behavior-host-application-death-retained",
    "tck-id-operational-behavior-host-application-disconnect-intentional",
    "tck-id-host-topic-phid-death-payload-timestamp-disconnect-clean",
)
def test_an_intended_end_says_offline_and_then_disconnects(host_alone: Host, watcher: Watcher) -> None:
    asked = now_ms()
    host_alone.stop.set()
    wait_for(lambda: any(p.kind == DISCONNECT for p in host_alone.tap.packets), "DISCONNECT")
    wait_for(lambda: len(watcher.heard) == 2, "STATE offline")
    last = host_alone.tap.publishes[-1]
    assert last.topic == host_alone.state_topic
    assert (last.qos, last.retain) == (1, True)
    online, timestamp = state(last.payload)
    assert not online
    assert asked <= timestamp <= now_ms(), "the time of the end, not that of the CONNECT"
    after = [p for p in host_alone.tap.packets[last.order :] if p.line == last.line and p.sent]
    kinds = [p.kind for p in after if p.kind != PUBACK]
    assert kinds == [PUBLISH, DISCONNECT], "nothing between and nothing behind"
    assert watcher.words[1:] == [{"online": False, "timestamp": timestamp}], "the will stays unsaid"


@pytest.mark.assertion(
    "tck-id-host-topic-phid-death-payload-timestamp-connect",
    "tck-id-host-topic-phid-birth-payload-timestamp",
    "tck-id-operational-behavior-primary-application-state-with-multiple-servers-state",
    "tck-id-message-flow-phid-sparkplug-subscription",
)
def test_a_broken_line_speaks_the_will_and_a_new_session_starts_over(
    host_alone: Host, watcher: Watcher
) -> None:
    host_alone.tap.open = False
    host_alone.tap.cut()
    wait_for(lambda: len(watcher.heard) == 2, "the broker publishes the will")
    first = host_lines(host_alone)[0]
    assert watcher.heard[1][0] == first.will_payload
    host_alone.tap.open = True
    wait_for(lambda: len(host_alone.states) > 1, "online again")
    again = host_lines(host_alone)[-1]
    assert again.line > first.line
    assert again.clean
    assert state(again.will_payload)[1] > state(first.will_payload)[1], "the time of the new CONNECT"
    birth = host_alone.states[1]
    assert state(birth.payload) == (True, state(again.will_payload)[1])
    assert _covering(host_alone.tap.filters(birth.line, birth.order), host_alone.state_topic)
    published = [p for p in host_alone.tap.publishes if p.line == birth.line]
    assert published[0] == birth, "the first message of the new session"


@pytest.mark.assertion("tck-id-operational-behavior-host-application-host-id")
def test_of_processes_with_one_id_one_is_the_host(
    start_host: StartHost, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    first = start_host()
    second = start_host(beside=first)
    wait_for(lambda: "another replica is the host" in caplog.text, "the second one has tried")
    assert first.config.host.id == second.config.host.id
    assert second.tap.publishes == []
    assert host_lines(second) == [], "no will: it can't contradict the host"
    first.close()
    wait_for(lambda: second.states, "the second one takes over")
    ends, begins = state(first.states[-1].payload), state(second.states[0].payload)
    assert (ends[0], begins[0]) == (False, True)
    assert ends[1] <= begins[1], "a later word for those who compare times"
