"""Births and deaths of nodes and devices, and what the host makes of them."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from chejian_contract.sparkplug.datatypes import Code

from tests.sparkplug.conftest import Host
from tests.sparkplug.node import EdgeNode, M, death, now_ms
from tests.sparkplug.wiretap import wait_for

NODE = "SELECT online, died_at FROM telemetry.node WHERE group_id = %s AND edge_node = 'N1'"
DEVICES = """
SELECT d.name, d.online, d.died_at FROM telemetry.device d JOIN telemetry.node n USING (node_id)
WHERE n.group_id = %s ORDER BY d.name
"""
LAST = """
SELECT d.name, s.name, v.quality FROM telemetry.last_value v JOIN telemetry.series s USING (series_id)
JOIN telemetry.device d USING (device_id) JOIN telemetry.node n USING (node_id)
WHERE n.group_id = %s ORDER BY 1, 2
"""
VALUES = """
SELECT n.edge_node, d.name, s.name, a.value FROM telemetry.sample a JOIN telemetry.series s USING (series_id)
JOIN telemetry.device d USING (device_id) JOIN telemetry.node n USING (node_id)
WHERE n.group_id = %s ORDER BY a.time, a.value
"""
GOOD, STALE = 192, 500


def born(host: Host, node: EdgeNode) -> None:
    """A node with a metric of its own and two devices."""
    node.birth(M("uptime", 1.0, alias=9))
    node.device_birth("P", M("x", 2.0, alias=1), M("text", "on", alias=2, code=Code.STRING))
    node.device_birth("Q", M("y", 3.0, alias=3))
    wait_for(lambda: qualities(host, node.group) == [GOOD] * 4, "all births")


def qualities(host: Host, group: str) -> list[object]:
    return [quality for _, _, quality in host.rows(LAST, group)]


def ms(time: object) -> float:
    assert isinstance(time, datetime)
    return time.astimezone(UTC).timestamp() * 1000


@pytest.mark.assertion(
    "tck-id-operational-behavior-edge-node-termination-host-action-ndeath-node-offline",
    "tck-id-operational-behavior-edge-node-termination-host-action-ndeath-node-tags-stale",
    "tck-id-operational-behavior-edge-node-termination-host-action-ndeath-devices-offline",
    "tck-id-operational-behavior-edge-node-termination-host-action-ndeath-devices-tags-stale",
    "tck-id-payloads-nbirth-bdseq-repeat",
    "tck-id-payloads-ndeath-bdseq",
    "tck-id-topics-nbirth-bdseq-matching",
)
def test_a_death_takes_the_node_and_all_its_devices_offline(host: Host, mqtt_url: str, group: str) -> None:
    with EdgeNode(mqtt_url, group, bd_seq=254) as node:
        born(host, node)
        for old in (0, 254, 256):
            node.die(bd_seq=old)  # wills of sessions before this one
        node.data("P", M(value=4.0, alias=1))
        wait_for(lambda: host.rows(VALUES, group)[-1][3] == 4.0, "the node lives on")
        assert host.rows(NODE, group) == [(True, None)]
        assert qualities(host, group) == [GOOD] * 4
        before = now_ms()
        node.die()
        wait_for(lambda: host.rows(NODE, group)[0][0] is False, "offline")
        after = now_ms()
    assert before <= ms(host.rows(NODE, group)[0][1]) <= after, "by the host's clock"
    devices = host.rows(DEVICES, group)
    assert [(name, online) for name, online, _ in devices] == [("", False), ("P", False), ("Q", False)]
    assert all(before <= ms(died) <= after for _, _, died in devices), "stale since then"
    assert qualities(host, group) == [STALE] * 4


@pytest.mark.assertion(
    "tck-id-operational-behavior-edge-node-termination-host-action-ndeath-node-offline",
    "tck-id-payloads-ndeath-will-message",
)
def test_a_broken_line_of_the_node_is_its_death(host: Host, mqtt_url: str, group: str) -> None:
    with EdgeNode(mqtt_url, group) as node:
        born(host, node)
        node.break_line()
        wait_for(lambda: host.rows(NODE, group)[0][0] is False, "offline, by the will")
        assert qualities(host, group) == [STALE] * 4


@pytest.mark.assertion(
    "tck-id-operational-behavior-edge-node-termination-host-action-ddeath-devices-offline",
    "tck-id-operational-behavior-edge-node-termination-host-action-ddeath-devices-tags-stale",
    "tck-id-payloads-ddeath-timestamp",
)
def test_the_death_of_a_device_is_its_alone(host: Host, mqtt_url: str, group: str) -> None:
    with EdgeNode(mqtt_url, group) as node:
        born(host, node)
        sent = now_ms() - 5_000
        node.device_death("P", sent_ms=sent)
        wait_for(lambda: host.rows(DEVICES, group)[1][1] is False, "P is offline")
        assert ms(host.rows(DEVICES, group)[1][2]) == sent, "by the payload's clock"
        assert host.rows(DEVICES, group)[2][1:] == (True, None)
        assert host.rows(NODE, group) == [(True, None)]
        assert qualities(host, group) == [GOOD, STALE, STALE, GOOD]
        node.device_birth("P", M("x", 5.0, alias=1), M("text", "off", alias=2, code=Code.STRING))
        wait_for(lambda: qualities(host, group) == [GOOD] * 4, "alive again")
        assert node.rebirths == [], "deaths and births of devices are part of the sequence"


@pytest.mark.assertion("tck-id-payloads-dbirth-order", "tck-id-payloads-alias-birth-requirement")
def test_nothing_is_read_before_its_birth(host: Host, mqtt_url: str, group: str) -> None:
    with EdgeNode(mqtt_url, group) as node:
        node.device_birth("P", M("x", 1.0, alias=1))
        node.data("P", M(value=2.0, alias=1))
        wait_for(lambda: node.rebirths, "the births are asked for")
        assert host.rows(VALUES, group) == []
        node.birth()
        node.device_birth("P", M("y", 3.0, alias=1))
        wait_for(lambda: len(host.rows(VALUES, group)) == 2, "read with the births that came")
        assert {row[2] for row in host.rows(VALUES, group)} == {"y"}


@pytest.mark.assertion("tck-id-payloads-dbirth-order", "tck-id-payloads-nbirth-bdseq-repeat")
def test_after_a_death_old_aliases_mean_nothing(host: Host, mqtt_url: str, group: str) -> None:
    with EdgeNode(mqtt_url, group) as node:
        born(host, node)
        node.die()
        wait_for(lambda: host.rows(NODE, group)[0][0] is False, "offline")
        known = len(host.rows(VALUES, group))
        node.data("P", M(value=77.0, alias=1), seq=4)  # of a session whose NBIRTH got lost
        wait_for(lambda: node.rebirths, "its birth is asked for")
        assert len(host.rows(VALUES, group)) == known
        node.birth(bd_seq=1)
        node.device_birth("P", M("z", 78.0, alias=1))
        wait_for(
            lambda: {r[2:] for r in host.rows(VALUES, group)} >= {("z", 77.0), ("z", 78.0)}, "by the new"
        )
        node.die(bd_seq=1)
        wait_for(lambda: host.rows(NODE, group)[0][0] is False, "offline again")


def test_data_of_a_dead_device_are_kept_and_its_birth_is_asked_for(
    host: Host, mqtt_url: str, group: str
) -> None:
    with EdgeNode(mqtt_url, group) as node:
        born(host, node)
        node.device_death("P")
        node.data("P", M(value=6.0, alias=1))
        wait_for(lambda: node.rebirths, "a rebirth request")
        wait_for(lambda: host.rows(VALUES, group)[-1][3] == 6.0, "stored")


@pytest.mark.assertion(
    "tck-id-topics-nbirth-bdseq-increment", "tck-id-payloads-nbirth-seq", "tck-id-topics-nbirth-seq-num"
)
def test_foreign_counts_are_accepted(host: Host, mqtt_url: str, group: str) -> None:
    """Nodes that count bdSeq without end, or begin a birth with another seq than 0."""
    with EdgeNode(mqtt_url, group) as node:
        node.birth(M("uptime", 1.0), bd_seq=2**40 + 3, seq=17)
        node.session._seq = 17
        node.data("", M("uptime", 2.0))
        wait_for(lambda: len(host.rows(VALUES, group)) == 2, "birth and data")
        node.die(bd_seq=2**40 + 2)
        node.data("", M("uptime", 3.0))
        wait_for(lambda: len(host.rows(VALUES, group)) == 3, "it lives on")
        node.die(bd_seq=2**40 + 3)
        wait_for(lambda: host.rows(NODE, group)[0][0] is False, "offline")
        assert node.rebirths == []


@pytest.mark.assertion(
    "tck-id-intro-edge-node-id-uniqueness",
    "tck-id-topic-structure-namespace-unique-edge-node-descriptor",
    "tck-id-topic-structure-namespace-unique-device-id",
    "tck-id-topic-structure-namespace-duplicate-device-id-across-edge-node",
    "tck-id-topic-structure-namespace-device-id-associated-message-types",
)
def test_ids_are_told_apart(host: Host, mqtt_url: str, group: str) -> None:
    """Two nodes with a device P each, and an alias that both use; the same node in another group."""
    with (
        EdgeNode(mqtt_url, group, "N1") as one,
        EdgeNode(mqtt_url, group, "N2") as two,
        EdgeNode(mqtt_url, f"{group}-other", "N1") as three,
    ):
        for value, node in enumerate((one, two, three)):
            node.birth()
            node.device_birth("P", M("x", float(value), alias=1))
            node.data("P", M(value=10.0 + value, alias=1))
        wait_for(lambda: len(host.rows(VALUES, group)) == 4, "two nodes")
        wait_for(lambda: len(host.rows(VALUES, f"{group}-other")) == 2, "the third")
        one.die()
        wait_for(lambda: host.rows(NODE, group)[0][0] is False, "one is offline")
    stored = {row[0:2] + row[3:] for row in host.rows(VALUES, group)}
    assert stored == {("N1", "P", 0.0), ("N1", "P", 10.0), ("N2", "P", 1.0), ("N2", "P", 11.0)}
    online = "SELECT edge_node, online FROM telemetry.node WHERE group_id = %s ORDER BY 1"
    assert host.rows(online, group)[0] == ("N1", False)
    assert host.rows(online, f"{group}-other") == [("N1", True)]


Ids = Callable[[str], tuple[str, str, str]]
UNUSUAL = ["冲压车间", "a b", "ä.ö:ü", "$x", "spBv1.0", "NBIRTH", "x" * 200]


@pytest.mark.assertion(
    "tck-id-intro-group-id-string",
    "tck-id-intro-group-id-chars",
    "tck-id-intro-edge-node-id-string",
    "tck-id-intro-edge-node-id-chars",
    "tck-id-intro-device-id-string",
    "tck-id-intro-device-id-chars",
    "tck-id-topic-structure-namespace-valid-group-id",
    "tck-id-topic-structure-namespace-valid-edge-node-id",
    "tck-id-topic-structure-namespace-valid-device-id",
)
@pytest.mark.parametrize("word", UNUSUAL)
def test_every_id_that_a_topic_can_carry_is_taken_as_it_is(
    host: Host, mqtt_url: str, group: str, word: str
) -> None:
    place = f"{group}{word}"
    with EdgeNode(mqtt_url, place, word) as node:
        node.birth()
        node.device_birth(word, M("x", 1.0, alias=1))
        wait_for(lambda: [r[:3] for r in host.rows(VALUES, place)] == [(word, word, "x")], "as it is")
        node.data(word, M(value=1.0, alias=99))
        wait_for(lambda: node.rebirths, "commands reach it by the same ids")
    assert node.rebirths[0].topic == f"spBv1.0/{place}/NCMD/{word}"


@pytest.mark.assertion(
    "tck-id-topic-structure",
    "tck-id-topic-structure-namespace-a",
    "tck-id-topic-structure-namespace-device-id-associated-message-types",
    "tck-id-topic-structure-namespace-device-id-non-associated-message-types",
)
def test_other_topics_are_refused_and_change_nothing(host: Host, mqtt_url: str, group: str) -> None:
    letters = "SELECT topic FROM telemetry.dead_letter WHERE topic LIKE %s ORDER BY dead_letter_id"
    with EdgeNode(mqtt_url, group) as node:
        born(host, node)
        odd = [
            f"spBv1.0/{group}/DDEATH/N1",  # a device's message without a device
            f"spBv1.0/{group}/NDEATH/N1/P",  # a node's message with one
            f"spBv1.0/{group}/NBIRTH",
            f"spBv1.0/{group}/XBIRTH/N1",
        ]
        for topic in odd:
            node.publish(topic, death(node.session.bd_seq))
        node.publish(f"spAv1.0/{group}/NDEATH/N1", death(node.session.bd_seq))  # another namespace
        node.data("P", M(value=5.0, alias=1))
        wait_for(lambda: host.rows(VALUES, group)[-1][3] == 5.0, "work goes on")
        assert host.rows(NODE, group) == [(True, None)]
        assert qualities(host, group) == [GOOD] * 4
    kept = [str(row[0]) for row in host.rows(letters, f"%/{group}/%")]
    assert set(kept) <= set(odd)
