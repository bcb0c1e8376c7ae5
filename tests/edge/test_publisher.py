"""The publisher against a real broker and a foreign host."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from chejian_contract.ledger import METRIC_ACQUIRE, METRIC_REBIRTH, Ack
from chejian_contract.quantities import Quantity
from chejian_contract.signals import SignalDef, SignalKind
from chejian_contract.sparkplug.datatypes import Code
from chejian_contract.sparkplug.payload import add_metric
from chejian_contract.sparkplug.sparkplug_b_pb2 import Payload
from chejian_contract.sparkplug.topics import MessageType
from chejian_edge.plan import SignalPlan
from chejian_edge.series import Series

from tests.edge.harness import RunEdge, values
from tests.edge.host import Host, until

_BLOCKS = SignalDef("Vibration/DriveEnd", Quantity.ACCELERATION, "g", SignalKind.WAVEFORM, sample_rate=1000.0)
WAVEFORM = SignalPlan("D1", _BLOCKS, "s", None, lambda _: b"", 0.0, 0)


async def test_births_data_goodbye_in_order(mqtt_url: str, group: str, run_edge: RunEdge) -> None:
    with Host(mqtt_url, group, "W1") as host:
        async with run_edge() as edge:
            await edge.produce(299)
            await until(lambda: edge.publisher.connected and edge.buffer.totals.in_flight_batches == 0)
            await edge.produce(1)
            await until(lambda: edge.buffer.totals.in_flight_batches == 0)
        await until(lambda: host.kinds()[-1] is MessageType.NDEATH)
        kinds = host.kinds()
        assert kinds[:2] == [MessageType.NBIRTH, MessageType.DBIRTH]
        assert host.errors == []
        assert values(host) == [float(i) for i in range(1, 1201)]
        assert host.produced == "300,1200"
        assert [row.historical for row in host.rows["D1", "Spindle/Load"][-4:]] == [
            False
        ] * 4  # sent at once: live


async def test_rebirth_keeps_bd_seq_and_loses_nothing(mqtt_url: str, group: str, run_edge: RunEdge) -> None:
    with Host(mqtt_url, group, "W1") as host:
        async with run_edge() as edge:
            await edge.produce(5)
            await until(lambda: len(values(host)) == 20)
            ask = Payload(timestamp=1)
            add_metric(ask, Code.BOOLEAN, True, time_ms=1, name=METRIC_REBIRTH)
            host.command(ask)
            await edge.produce(40)
            await until(lambda: host.kinds().count(MessageType.NBIRTH) == 2)
            await until(lambda: len(values(host)) == 180)
        births = [m for m in host.messages if m.topic.type is MessageType.NBIRTH]
        assert len({m.payload.metrics[0].long_value for m in births}) == 1
        assert host.errors == []


@pytest.mark.parametrize("allowed", [True, False])
async def test_the_host_asks_a_device_for_its_next_waveform_where_that_is_allowed(
    mqtt_url: str, group: str, run_edge: RunEdge, *, allowed: bool
) -> None:
    """Of a device without waveforms nothing can be asked, and what can be is said in the births."""
    wanted: list[str] = []
    with Host(mqtt_url, group, "W1") as host:
        async with run_edge(node="waveform_requests = true" if allowed else "") as edge:
            edge.publisher._acquire = wanted.append
            edge.publisher._series["D1"].append(Series(99, WAVEFORM))
            edge.publisher._series["D3"] = [edge.series]
            await edge.produce(1)
            await until(lambda: edge.buffer.totals.in_flight_batches == 0)
            for device, asked in (("D1", False), ("D1", True), ("D3", True)):
                ask = Payload(timestamp=1)
                add_metric(ask, Code.BOOLEAN, asked, time_ms=1, name=METRIC_ACQUIRE)
                host.publish(f"spBv1.0/{group}/DCMD/W1/{device}", ask.SerializeToString())
            host.publish(f"spBv1.0/{group}/DCMD/W1/D2", b"no payload")
            await until(lambda: edge.publisher.counts["bad_commands"] == 1)
            await edge.produce(1)
            await until(lambda: edge.buffer.totals.in_flight_batches == 0)
    assert wanted == (["D1"] if allowed else [])
    counts = edge.publisher.counts
    assert (counts["acquisitions"], counts["refused_acquisitions"]) == ((1, 1) if allowed else (0, 2))
    (birth,) = [m.payload for m in host.messages if m.topic.type is MessageType.DBIRTH]
    announced = [(m.datatype, m.boolean_value) for m in birth.metrics if m.name == METRIC_ACQUIRE]
    assert announced == ([(int(Code.BOOLEAN), False)] if allowed else [])
    assert host.errors == []


async def test_dropped_messages_come_again_flagged_historical(
    mqtt_url: str, group: str, run_edge: RunEdge
) -> None:
    with Host(mqtt_url, group, "W1") as host:
        dropped: set[int] = set()

        def drop(batch: int) -> bool:
            first = batch % 3 == 0 and batch not in dropped
            dropped.add(batch)
            return first

        host.drop = drop
        async with run_edge() as edge:
            await edge.produce(30)
            await until(lambda: edge.buffer.totals.in_flight_batches == 0)
        assert values(host) == [float(i) for i in range(1, 121)]
        again = [row for row in host.rows["D1", "Spindle/Load"] if row.batch % 3 == 0]
        assert len(again) == 40
        assert all(row.historical for row in again)


async def test_a_dead_host_gets_a_window_and_probes(mqtt_url: str, group: str, run_edge: RunEdge) -> None:
    with Host(mqtt_url, group, "W1") as host:
        async with run_edge() as edge:
            await until(lambda: edge.buffer.totals.opened is None)
            host.acknowledge = False
            await edge.produce(100)
            await until(lambda: len(host.batches[host.ledger_id]) == 20)
            await until(lambda: host.doubles >= 2)  # it asks again, gently
            assert len(host.batches[host.ledger_id]) == 20
            host.acknowledge = True
            host.answer()
            await until(lambda: edge.buffer.totals.in_flight_batches == 0)
        assert len(values(host)) == 400


async def test_broker_restart_sends_again_with_the_next_bd_seq(
    group: str, run_edge: RunEdge, broker_factory: Callable[..., Any]
) -> None:
    first = broker_factory()
    async with run_edge(url=first.url) as edge:
        await until(lambda: edge.publisher.connected)
        first.__exit__(None, None, None)
        await until(lambda: not edge.publisher.connected)
        await edge.produce(50)
        second = broker_factory(port=int(first.url.rsplit(":", 1)[1]))
        with Host(second.url, group, "W1") as host:
            await until(lambda: edge.buffer.totals.in_flight_batches == 0)
            assert len(values(host)) == 200
            assert all(row.historical for row in host.rows["D1", "Spindle/Load"])
            assert edge.publisher.counts["connects"] == 2


async def test_without_a_word_of_the_host_no_data_leave(mqtt_url: str, group: str, run_edge: RunEdge) -> None:
    with Host(mqtt_url, group, "W1", acknowledge=False) as host:
        async with run_edge() as edge:
            await edge.produce(3)
            await until(lambda: host.kinds().count(MessageType.NDATA) >= 2, what="status as probe")
            assert MessageType.DDATA not in host.kinds()
            assert host.produced == "0,0"  # as at the opening: younger numbers may be another's
            host.acknowledge = True
            await until(lambda: edge.buffer.totals.in_flight_batches == 0)
            await until(lambda: host.produced == "3,12")
            assert values(host) == [float(i) for i in range(1, 13)]
    assert host.errors == []


async def test_a_forged_acknowledgement_is_not_believed(
    mqtt_url: str, group: str, run_edge: RunEdge, caplog: pytest.LogCaptureFixture
) -> None:
    with Host(mqtt_url, group, "W1") as host:
        async with run_edge() as edge:
            await until(lambda: edge.buffer.totals.opened is None)
            host.acknowledge = False
            await edge.produce(3)
            host.send_ack(Ack(host.ledger_id, 999))
            await until(lambda: edge.publisher.counts["acks_impossible"] == 1)
            assert edge.buffer.totals.in_flight_batches == 3
            host.acknowledge = True
            await until(lambda: edge.buffer.totals.in_flight_batches == 0)
            assert len(host.batches) == 1
            assert values(host) == [float(i) for i in range(1, 13)]
    assert "not believed" in caplog.text


async def test_unreadable_commands_are_told_and_ignored(
    mqtt_url: str, group: str, run_edge: RunEdge, caplog: pytest.LogCaptureFixture
) -> None:
    with Host(mqtt_url, group, "W1") as host:
        async with run_edge() as edge:
            await until(lambda: edge.publisher.connected)
            host.publish(f"spBv1.0/{group}/NCMD/W1", b"\xff\xff no protobuf")
            await until(lambda: edge.publisher.counts["bad_commands"] == 1)
            await edge.produce(2)
            await until(lambda: len(values(host)) == 8)
    assert "can't be read" in caplog.text


async def test_without_acknowledgements_the_primary_host_decides(
    mqtt_url: str, group: str, run_edge: RunEdge
) -> None:
    topic = f"spBv1.0/STATE/{group}-scada"

    def state(online: bool, timestamp: int) -> bytes:
        return json.dumps({"online": online, "timestamp": timestamp}).encode()

    with Host(mqtt_url, group, "W1", acknowledge=False, plain=True) as host:
        async with run_edge(acknowledge="none") as edge:
            await edge.produce(3)
            host.publish(topic, state(True, 1000), retain=True)
            await until(lambda: len(values(host)) == 12)
            await until(lambda: edge.buffer.totals.in_flight_batches == 0)
            host.publish(topic, state(False, 900), retain=False)  # older: ignored
            await edge.produce(1)
            await until(lambda: len(values(host)) == 16)
            host.publish(topic, state(False, 1000), retain=True)
            await until(lambda: MessageType.NDEATH in host.kinds())
            await edge.produce(2)
            host.publish(topic, state(True, 2000), retain=True)
            await until(lambda: len(values(host)) == 24)
        host.publish(topic, b"", retain=True)
        assert host.errors == []
        assert host.kinds().count(MessageType.NBIRTH) == 2
