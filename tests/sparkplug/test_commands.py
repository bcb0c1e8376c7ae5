"""Commands that the host sends, as they stand on the wire, for all reasons for which it sends one."""

import time

import pytest
from chejian_contract.sparkplug.datatypes import Code
from chejian_contract.sparkplug.payload import get_value, parse_payload
from chejian_contract.sparkplug.sparkplug_b_pb2 import Payload

from tests.sparkplug.conftest import Host
from tests.sparkplug.node import LEDGER, REBIRTH, STORED, EdgeNode, M, now_ms
from tests.sparkplug.wiretap import Publish, wait_for


def to(host: Host, topic: str) -> list[Publish]:
    return [c for c in host.commands if c.topic == topic]


def check_command(published: Publish, began_ms: int) -> Payload.Metric:
    """What holds for every command; returns its one metric."""
    assert (published.qos, published.retain) == (0, False)
    payload = parse_payload(published.payload)
    assert not payload.HasField("seq")
    assert began_ms <= payload.timestamp <= published.at_ms, "milliseconds since 1970 UTC, when it was sent"
    (metric,) = payload.metrics
    assert isinstance(metric.name, str)
    assert metric.name
    assert not metric.HasField("alias"), "an alias would forbid the name"
    assert not metric.is_null
    assert began_ms <= metric.timestamp <= published.at_ms
    assert metric.datatype in set(Code)
    return metric


COMMAND_IDS = (
    "tck-id-topics-ncmd-topic",
    "tck-id-topics-ncmd-mqtt",
    "tck-id-topics-ncmd-timestamp",
    "tck-id-topics-ncmd-payload",
    "tck-id-payloads-ncmd-timestamp",
    "tck-id-payloads-ncmd-seq",
    "tck-id-payloads-ncmd-qos",
    "tck-id-payloads-ncmd-retain",
)


@pytest.mark.assertion(
    *COMMAND_IDS,
    "tck-id-operational-behavior-data-commands-ncmd-rebirth-verb",
    "tck-id-operational-behavior-data-commands-ncmd-rebirth-name",
    "tck-id-operational-behavior-data-commands-ncmd-rebirth-value",
    "tck-id-operational-behavior-data-commands-rebirth-name-aliases",
    "tck-id-payloads-timestamp-in-UTC",
    "tck-id-payloads-metric-timestamp-in-UTC",
    "tck-id-payloads-name-cmd-requirement",
    "tck-id-payloads-alias-data-cmd-requirement",
    "tck-id-topic-structure",
    "tck-id-topic-structure-namespace-a",
    "tck-id-topic-structure-namespace-device-id-non-associated-message-types",
)
def test_a_rebirth_request(host: Host, mqtt_url: str, group: str) -> None:
    began = now_ms()
    with EdgeNode(mqtt_url, group, "压机-1 ü") as node, EdgeNode(mqtt_url, group, "N2") as other:
        node.data("P", M("x", 1.0), seq=7)  # of a session whose birth nobody heard
        wait_for(lambda: node.rebirths, "a rebirth request")
        (received,) = node.rebirths[:1]
        assert received.topic == f"spBv1.0/{group}/NCMD/压机-1 ü"
        assert (received.qos, received.retain) == (0, False)
        assert other.commands == [], "nobody else is asked"
    metric = check_command(to(host, received.topic)[0], began)
    assert (metric.name, metric.datatype) == (REBIRTH, Code.BOOLEAN)
    assert get_value(metric, Code.BOOLEAN) is True


@pytest.mark.assertion(
    *COMMAND_IDS,
    "tck-id-operational-behavior-data-commands-ncmd-verb",
    "tck-id-operational-behavior-data-commands-ncmd-metric-name",
    "tck-id-operational-behavior-data-commands-ncmd-metric-value",
    "tck-id-payloads-name-cmd-requirement",
    "tck-id-payloads-metric-datatype-value-type",
    "tck-id-payloads-metric-datatype-value",
)
def test_an_acknowledgement(host: Host, mqtt_url: str, group: str) -> None:
    """The other metric that the host writes: one that the node's own NBIRTH has offered."""
    began = now_ms()
    with EdgeNode(mqtt_url, group, "L1") as node:
        node.birth(*LEDGER)
        wait_for(lambda: node.commands, "an acknowledgement")
        received = node.commands[0]
    metric = check_command(to(host, received.topic)[0], began)
    assert received.topic == node.topic("NCMD")
    assert metric.name in {m.name for m in LEDGER}
    assert (metric.name, metric.datatype) == (STORED, Code.STRING)
    assert get_value(metric, Code.STRING) == "77:0", "the node's buffer, and nothing stored yet"


@pytest.mark.assertion("tck-id-topic-structure-namespace-device-id-non-associated-message-types")
def test_the_host_never_writes_to_devices(host: Host, mqtt_url: str, group: str) -> None:
    with EdgeNode(mqtt_url, group) as node:
        node.birth()
        node.device_birth("P", M("Device Control/Reset", value=False, code=Code.BOOLEAN))
        node.device_death("P")
        node.data("P", M("x", 1.0))
        wait_for(lambda: node.rebirths, "a command, and that to the node")
    topics = [p.topic.split("/") for p in host.tap.publishes]
    assert {t[2] if t[1] != "STATE" else "STATE" for t in topics} <= {"NCMD", "STATE"}
    assert all(t[0] == "spBv1.0" for t in topics)
    assert {len(t) for t in topics if t[1] != "STATE"} == {4}


def test_requests_are_throttled_and_stop_with_the_birth(host: Host, mqtt_url: str, group: str) -> None:
    with EdgeNode(mqtt_url, group) as node:
        deadline = time.monotonic() + 1.0
        sent = 0
        while time.monotonic() < deadline:
            node.data("P", M("x", 1.0), seq=sent % 256)
            sent += 1
        wait_for(lambda: len(node.rebirths) >= 2, "it is asked again")
        pauses = [b.at - a.at for a, b in zip(node.rebirths, node.rebirths[1:], strict=False)]
        assert min(pauses) > 0.2, f"{sent} messages, {len(node.rebirths)} requests"
        node.birth()
        node.device_birth("P", M("x", 5.0))
        online = "SELECT d.online FROM telemetry.device d JOIN telemetry.node n USING (node_id) WHERE group_id = %s AND d.name = 'P'"
        wait_for(lambda: host.rows(online, group) == [(True,)], "born")
        asked = len(node.rebirths)
        node.data("P", M("x", 6.0))
        last = "SELECT value FROM telemetry.last_value v JOIN telemetry.series s USING (series_id) JOIN telemetry.device d USING (device_id) JOIN telemetry.node n USING (node_id) WHERE group_id = %s"
        wait_for(lambda: host.rows(last, group) == [(6.0,)], "stored")
        assert len(node.rebirths) == asked
