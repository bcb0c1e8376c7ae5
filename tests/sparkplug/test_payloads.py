"""What stands in the payloads of other people's nodes: names, aliases, types, times, qualities, and what is refused."""

import math

import pytest
from chejian_contract.samples import Quality
from chejian_contract.sparkplug.datatypes import Code
from chejian_contract.sparkplug.sparkplug_b_pb2 import Payload

from tests.sparkplug.conftest import Host
from tests.sparkplug.node import EdgeNode, M, now_ms, payload_of
from tests.sparkplug.wiretap import wait_for

STORED = """
SELECT s.name, a.value, (extract(epoch FROM a.time) * 1000)::bigint, a.quality FROM telemetry.sample a
JOIN telemetry.series s USING (series_id) JOIN telemetry.device d USING (device_id)
JOIN telemetry.node n USING (node_id) WHERE n.group_id = %s ORDER BY 3, 2, 1
"""
TEXTS = STORED.replace("telemetry.sample", "telemetry.text_sample")
LETTERS = """
SELECT l.reason, l.samples FROM telemetry.dead_letter l JOIN telemetry.node n USING (node_id)
WHERE n.group_id = %s ORDER BY 1
"""
LAST = """
SELECT v.value, v.quality FROM telemetry.last_value v JOIN telemetry.series s USING (series_id)
JOIN telemetry.device d USING (device_id) JOIN telemetry.node n USING (node_id) WHERE n.group_id = %s
"""


@pytest.mark.assertion(
    "tck-id-payloads-name-requirement",
    "tck-id-payloads-name-birth-data-requirement",
    "tck-id-payloads-alias-data-cmd-requirement",
    "tck-id-payloads-alias-uniqueness",
    "tck-id-payloads-alias-birth-requirement",
    "tck-id-payloads-metric-datatype-req",
    "tck-id-payloads-metric-timestamp-in-UTC",
    "tck-id-payloads-timestamp-in-UTC",
)
def test_names_aliases_types_and_times(host: Host, mqtt_url: str, group: str) -> None:
    """Births give names, aliases and types; data use the name or the alias, and their own times."""
    at = now_ms() - 10_000
    with EdgeNode(mqtt_url, group) as node:
        node.birth(M("node", 1.0, alias=7, time_ms=at))
        node.device_birth("P", M("by alias", -2, alias=1, code=Code.INT16, time_ms=at), M("by name", 3.0))
        node.data("", M(value=1.5, alias=7, time_ms=at + 1))
        node.data(
            "P", M(value=-3, alias=1, code=Code.INT16, time_ms=at + 2), M("by name", 4.0, time_ms=at + 3)
        )
        bare = payload_of([M("by name", 5.0)], node.session.next_seq(), types=False)
        bare.metrics[0].ClearField("timestamp")
        bare.timestamp = at + 4
        node.send("DDATA", bare, "P")
        wait_for(lambda: len(host.rows(STORED, group)) == 7, "all values")
    rows = host.rows(STORED, group)
    assert {(name, value, time) for name, value, time, _ in rows} >= {
        ("node", 1.0, at),
        ("by alias", -2.0, at),
        ("node", 1.5, at + 1),
        ("by alias", -3.0, at + 2),
        ("by name", 4.0, at + 3),
        ("by name", 5.0, at + 4),
    }
    assert {quality for *_, quality in rows} == {192}
    assert node.rebirths == []


@pytest.mark.assertion("tck-id-payloads-alias-uniqueness", "tck-id-payloads-alias-birth-requirement")
def test_an_alias_means_what_the_last_birth_of_its_device_says(host: Host, mqtt_url: str, group: str) -> None:
    with EdgeNode(mqtt_url, group) as node:
        node.birth()
        node.device_birth("P", M("x", 1.0, alias=1))
        node.device_birth("Q", M("y", 2.0, alias=1))  # not unique in the node: each device by its own birth
        node.data("P", M(value=3.0, alias=1))
        node.data("Q", M(value=4.0, alias=1))
        node.device_birth("P", M("z", 5.0, alias=1), M("x", 6.0, alias=2))
        node.data("P", M(value=7.0, alias=1), M(value=8.0, alias=2))
        wait_for(lambda: len(host.rows(STORED, group)) == 8, "all values")
        wanted = [
            ("x", 1.0),
            ("x", 3.0),
            ("x", 6.0),
            ("x", 8.0),
            ("y", 2.0),
            ("y", 4.0),
            ("z", 5.0),
            ("z", 7.0),
        ]
        assert sorted((name, value) for name, value, _, _ in host.rows(STORED, group)) == wanted
        node.data("P", M(value=9.0, alias=3))
        wait_for(lambda: node.rebirths, "an alias that no birth names asks for a rebirth")
        node.device_birth("P", M("new", 10.0, alias=3))
        wait_for(lambda: ("new", 9.0) in [r[:2] for r in host.rows(STORED, group)], "and waits for that")


@pytest.mark.assertion(
    "tck-id-payloads-propertyset-quality-value-type",
    "tck-id-payloads-propertyset-quality-value-value",
    "tck-id-payloads-metric-propertyvalue-type-type",
    "tck-id-payloads-metric-propertyvalue-type-value",
    "tck-id-payloads-metric-propertyvalue-type-req",
)
def test_qualities_and_properties(host: Host, mqtt_url: str, group: str) -> None:
    at = now_ms()
    with EdgeNode(mqtt_url, group) as node:
        birth = payload_of([M("x", 0.0, time_ms=at)], 0)
        node.birth()
        metric = birth.metrics[0]
        for key, code, carrier, value in (
            ("engUnit", Code.STRING, "string_value", "degC"),
            ("engHigh", Code.DOUBLE, "double_value", 90.0),
            ("readOnly", Code.BOOLEAN, "boolean_value", True),
        ):
            metric.properties.keys.append(key)
            setattr(metric.properties.values.add(type=int(code)), carrier, value)
        metric.properties.keys.append("nested")
        metric.properties.values.add(type=int(Code.PROPERTY_SET)).propertyset_value.keys.append("k")
        birth.seq = node.session.next_seq()
        node.send("DBIRTH", birth, "P")
        good, bad, stale = Quality.GOOD, Quality.BAD, Quality.STALE
        node.data(
            "P", *(M("x", float(i), time_ms=at + i, quality=q) for i, q in enumerate((good, bad, stale), 1))
        )
        strange = payload_of(
            [M("x", 4.0, time_ms=at + 4), M("x", None, time_ms=at + 5)], node.session.next_seq()
        )
        strange.metrics[0].properties.keys.append("Quality")
        strange.metrics[0].properties.values.add(type=int(Code.INT32), int_value=77)
        node.send("DDATA", strange, "P")
        wait_for(lambda: len(host.rows(STORED, group)) == 6, "all values")
    qualities = [quality for *_, quality in host.rows(STORED, group)]
    assert qualities == [192, 192, 0, 500, 0, 0], "an unknown quality and a null are bad"
    last = host.rows(STORED, group)[-1][1]
    assert isinstance(last, float)
    assert math.isnan(last)
    unit = "SELECT unit FROM telemetry.series JOIN telemetry.device USING (device_id) JOIN telemetry.node USING (node_id) WHERE group_id = %s"
    assert host.rows(unit, group) == [("degC",)]


@pytest.mark.assertion(
    "tck-id-payloads-metric-datatype-value",
    "tck-id-payloads-metric-datatype-value-type",
    "tck-id-payloads-template-definition-nbirth-only",
    "tck-id-payloads-template-instance-ref",
    "tck-id-payloads-dataset-types-def",
)
def test_templates_and_tables_are_refused_alone(host: Host, mqtt_url: str, group: str) -> None:
    """What the store has no place for is a dead letter with its reason; its neighbours are stored."""
    with EdgeNode(mqtt_url, group) as node:
        birth = payload_of([M("uptime", 1.0)], node.session.birth())
        definition = birth.metrics.add(name="_types_/Motor", datatype=int(Code.TEMPLATE), timestamp=now_ms())
        definition.template_value.is_definition = True
        definition.template_value.metrics.add(name="rpm", datatype=int(Code.INT32), int_value=0)
        node.send("NBIRTH", birth)
        device = payload_of([M("x", 2.0)], node.session.next_seq())
        instance = device.metrics.add(name="motor", datatype=int(Code.TEMPLATE), timestamp=now_ms(), alias=1)
        instance.template_value.template_ref = "Motor"
        table = device.metrics.add(name="table", datatype=int(Code.DATASET), timestamp=now_ms())
        table.dataset_value.num_of_columns = 1
        device.metrics.add(name="file", datatype=int(Code.FILE), timestamp=now_ms(), bytes_value=b"\0")
        device.metrics.add(name="odd", datatype=99, timestamp=now_ms(), int_value=1)
        node.send("DBIRTH", device, "P")
        again = Payload(timestamp=now_ms(), seq=node.session.next_seq())
        again.metrics.add(alias=1, timestamp=now_ms()).template_value.template_ref = "Motor"
        again.metrics.add(name="x", timestamp=now_ms(), double_value=3.0)
        node.send("DDATA", again, "P")
        wait_for(lambda: len(host.rows(STORED, group)) == 3, "the others")
    assert [value for _, value, _, _ in host.rows(STORED, group)] == [1.0, 2.0, 3.0]
    kinds = (
        ("_types_/Motor", "TEMPLATE"),
        ("file", "FILE"),
        ("motor", "TEMPLATE"),
        ("odd", "UNKNOWN"),
        ("table", "DATASET"),
    )
    assert host.rows(LETTERS, group) == [
        (f"metric {name!r}: type {kind} can't be stored", 1) for name, kind in kinds
    ], "one letter for each metric, however often it comes"
    assert node.rebirths == [], "a metric that can't be stored is known all the same"


def test_history_fills_in_and_leaves_the_last_value(host: Host, mqtt_url: str, group: str) -> None:
    at = now_ms()
    with EdgeNode(mqtt_url, group) as node:
        node.birth()
        node.device_birth("P", M("x", 1.0, alias=1, time_ms=at))
        past = [M(value=2.0 + i, alias=1, time_ms=at - 3_600_000 + i, historical=True) for i in range(3)]
        node.data("P", *past)
        wait_for(lambda: len(host.rows(STORED, group)) == 4, "history")
        assert [v for _, v, _, _ in host.rows(STORED, group)] == [2.0, 3.0, 4.0, 1.0]
        assert host.rows(LAST, group) == [(1.0, 192)]
        hours = "SELECT count(*) FROM telemetry.dirty JOIN telemetry.device USING (device_id) JOIN telemetry.node USING (node_id) WHERE group_id = %s"
        assert host.rows(hours, group) == [(2,)], "both hours are to be computed again"


def test_a_rebirth_repeats_no_sample(host: Host, mqtt_url: str, group: str) -> None:
    """A node may tell its last change again, or the same value as of now; only the first is a repetition."""
    at = now_ms()
    told = (
        M("x", 1.0, alias=1, time_ms=at),
        M("s", "on", alias=2, time_ms=at, code=Code.STRING),
        M("w", [1.0], alias=3, time_ms=at, code=Code.FLOAT_ARRAY),
    )
    with EdgeNode(mqtt_url, group) as node:
        for _ in range(3):
            node.birth()
            node.device_birth("P", *told)
            node.die()
        node.birth()
        node.device_birth("P", *told, M("z", 9.0))
        wait_for(lambda: len(host.rows(STORED, group)) == 2, "x and z")
        node.data("P", M(value=1.0, alias=1, time_ms=at + 1))
        wait_for(lambda: len(host.rows(STORED, group)) == 3, "the same value, later")
        assert len(host.rows(TEXTS, group)) == 1
        assert host.rows(LAST + " AND s.name = 's'", group) == [(None, 192)], "not stale any more"


def test_one_bad_metric_costs_its_message_nothing(host: Host, mqtt_url: str, group: str) -> None:
    with EdgeNode(mqtt_url, group) as node:
        node.birth()
        node.device_birth("P", M("x", 1.0, alias=1), M("n", 1, alias=2, code=Code.INT32))
        wait_for(lambda: len(host.rows(STORED, group)) == 2, "born")
        node.data(
            "P",
            M(value="five", alias=2, code=Code.STRING),
            M(value=2.0, alias=1, time_ms=now_ms() + 10 * 86_400_000),
            M(value=3.0, alias=1, time_ms=1),
            M(value=4.0, alias=1),
        )
        wait_for(lambda: [r[1] for r in host.rows(STORED, group)][-1] == 4.0, "the good one")
    reasons = [str(reason).rsplit(": ", 1) for reason, _ in host.rows(LETTERS, group)]
    assert [r[0] if "too" in r[0] else r[1] for r in reasons] == [
        "metric 2 of type INT32 holds string_value",
        "metric 'x': too far ahead",
        "metric 'x': too old",
    ]
    assert len(host.rows(STORED, group)) == 3
