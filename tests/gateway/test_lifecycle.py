"""Births, deaths, aliases, losses: what the gateway knows of ledger nodes, and when it asks."""

import json
from collections.abc import Callable

import paho.mqtt.client as mqtt
from chejian_contract.sparkplug.datatypes import Code
from chejian_contract.sparkplug.payload import add_metric
from chejian_contract.sparkplug.sparkplug_b_pb2 import Payload
from chejian_gateway import ledger
from paho.mqtt.enums import CallbackAPIVersion
from psycopg import connect

from tests.gateway.conftest import StartGateway
from tests.gateway.fake_edge import FakeEdge, Sample, now_ms, wait_for

Query = Callable[..., list[tuple[object, ...]]]
LOAD = {1: ("Spindle/Load", Code.DOUBLE)}


def test_births_define_series_and_are_never_samples(
    mqtt_url: str, start_gateway: StartGateway, database_rows: Query
) -> None:
    start_gateway()
    with FakeEdge(mqtt_url, "births", "N1", ledger_id=5) as edge:
        edge.node_birth(produced=(3, 9), lost="2-2")
        edge.device_birth("M1", LOAD | {2: ("Vibration", Code.FLOAT_ARRAY)}, value=4.5)
        edge.batch("M1", 1, [Sample(1, 1.0, now_ms() - 1000)])
        edge.batch("M1", 3, [Sample(2, [1.0, 2.5], now_ms(), Code.FLOAT_ARRAY)])
        wait_for(lambda: edge.acknowledged == 3, "batch 2 is lost, 1 and 3 are stored")
        edge.send("NDEATH", _death(bd_seq=9))  # of an older session: ignored
        edge.send("DDEATH", edge.payload().SerializeToString(), "M1")
        wait_for(lambda: database_rows("SELECT 1 FROM telemetry.birth WHERE kind = 'DDEATH'") != [], "DDEATH")
        assert database_rows("SELECT online FROM telemetry.node") == [(True,)]
        edge.send("NDEATH", _death(bd_seq=0))
        wait_for(lambda: database_rows("SELECT online FROM telemetry.node") == [(False,)], "offline")
    assert database_rows("SELECT value FROM telemetry.sample") == [(1.0,)]
    assert database_rows("SELECT sample_rate, encode(data, 'hex') FROM telemetry.waveform") == [
        (12000.0, "0000803f00002040")
    ]
    assert database_rows("SELECT value, quality FROM telemetry.last_value ORDER BY series_id") == [
        (4.5, 500),  # the birth's value is newer than the sample
        (None, 500),
    ]
    assert database_rows("SELECT workshop, line, equipment_type, online FROM telemetry.device") == [
        ("W1", "L1", "cnc_machining_centre", False)
    ]
    assert database_rows("SELECT batches::text FROM telemetry.lost") == [("[2,3)",)]
    assert database_rows("SELECT stored::text, lost::text, produced_samples FROM telemetry.ledger") == [
        ("{[1,2),[3,4)}", "{[2,3)}", 9)
    ]


def _death(bd_seq: int) -> bytes:
    payload = Payload(timestamp=now_ms())
    add_metric(payload, Code.INT64, bd_seq, time_ms=now_ms(), name="bdSeq")
    return payload.SerializeToString()


def test_unknown_alias_waits_for_one_rebirth(
    mqtt_url: str, start_gateway: StartGateway, database_rows: Query
) -> None:
    start_gateway(rebirth_s=30.0)
    with FakeEdge(mqtt_url, "alias", "N1") as edge:
        for number in (1, 2):
            edge.batch("M1", number, [Sample(1, 1.0, now_ms())])
        wait_for(lambda: edge.rebirths == 1, "a rebirth of the unknown node is asked")
        edge.node_birth()
        edge.device_birth("M1", LOAD)
        wait_for(lambda: edge.acknowledged == 2, "held batches are stored when the birth has come")
        edge.batch("M1", 3, [Sample(9, 1.0, now_ms())])
        edge.batch("M1", 4, [Sample(1, 2.0, now_ms())])
        wait_for(lambda: edge.acks[-1].ranges == ((4, 4),), "4 is stored, 3 waits")
        edge.device_birth("M1", LOAD | {9: ("New", Code.DOUBLE)})
        wait_for(lambda: edge.acknowledged == 4, "3 is stored when its alias is born")
        assert edge.rebirths == 1  # throttled
    assert len(database_rows("SELECT 1 FROM telemetry.sample")) == 4


def test_restarted_gateway_knows_aliases_and_reacknowledges(
    mqtt_url: str, start_gateway: StartGateway, database_rows: Query
) -> None:
    first = start_gateway()
    with FakeEdge(mqtt_url, "restart", "N1") as edge:
        edge.node_birth()
        edge.device_birth("M1", LOAD)
        edge.batch("M1", 1, [Sample(1, 1.0, now_ms())])
        wait_for(lambda: edge.acknowledged == 1, "stored")
        first.stop.set()
        first.thread.join()
        start_gateway()
        edge.acks.clear()
        edge.batch("M1", 1, [Sample(1, 1.0, now_ms())])
        edge.batch("M1", 2, [Sample(1, 2.0, now_ms())])
        wait_for(lambda: edge.acknowledged == 2, "stored without a birth")
        assert edge.rebirths == 0
    assert database_rows("SELECT value FROM telemetry.sample ORDER BY 1") == [(1.0,), (2.0,)]


def test_restarted_gateway_asks_a_node_that_died_for_its_births(
    mqtt_url: str, start_gateway: StartGateway, database_rows: Query
) -> None:
    first = start_gateway()
    with FakeEdge(mqtt_url, "reborn", "N1") as edge:
        edge.node_birth()
        edge.device_birth("M1", LOAD)
        edge.send("NDEATH", _death(bd_seq=0))
        wait_for(lambda: database_rows("SELECT online FROM telemetry.node") == [(False,)], "offline")
        first.stop.set()
        first.thread.join()
        database_rows("UPDATE telemetry.node SET died_at = died_at - interval '10 s' RETURNING 1")
        start_gateway()
        edge.batch("M1", 1, [Sample(1, 1.0, now_ms())])  # of a session whose births no host heard
        wait_for(lambda: edge.acknowledged == 1, "stored by its permanent alias")
        wait_for(lambda: _again(edge) and edge.rebirths >= 1, "the births are asked for")
        edge.node_birth()
        edge.device_birth("M1", LOAD)
        wait_for(
            lambda: database_rows("SELECT online FROM telemetry.device WHERE name = 'M1'") == [(True,)],
            "online",
        )


def _again(edge: FakeEdge) -> bool:
    """A node goes on sending."""
    edge.batch("M1", len(edge.acks) + 1, [Sample(1, 1.0, now_ms())])
    return True


def test_times_out_of_bounds_are_dead_letters_of_the_whole_batch(
    mqtt_url: str, start_gateway: StartGateway, database_rows: Query, dsn: str
) -> None:
    start_gateway()
    day = 86_400_000
    with FakeEdge(mqtt_url, "times", "N1") as edge:
        edge.node_birth()
        edge.device_birth("M1", LOAD)
        edge.batch("M1", 1, [Sample(1, 1.0, now_ms()), Sample(1, 2.0, now_ms() + 2 * day)])
        edge.batch("M1", 2, [Sample(1, 1.0, now_ms() - 500 * day)])
        edge.batch("M1", 3, [Sample(1, 3.0, now_ms() - 30 * day)])  # late, not too late
        edge.batch("M1", 4, [Sample(1, "text", now_ms(), Code.STRING)])
        edge.status(4, 5)
        wait_for(lambda: edge.acknowledged == 4, "all are handled")
    assert database_rows("SELECT value FROM telemetry.sample") == [(3.0,)]
    letters = database_rows(
        "SELECT batch, samples, split_part(reason, ':', 1) FROM telemetry.dead_letter ORDER BY 1"
    )
    assert letters == [(1, 2, "too far ahead"), (2, 1, "too old"), (4, 1, "metric with alias 1")]
    with connect(dsn, autocommit=True) as connection:
        (entry,) = ledger.identity(connection)
    assert (entry["stored_samples"], entry["dead_samples"], entry["dead_batches"]) == (1, 4, 3)
    assert (entry["in_flight_batches"], entry["rows_counted"]) == (0, 1)


def test_host_state_is_retained_and_defended(mqtt_url: str, start_gateway: StartGateway) -> None:
    gateway = start_gateway(host_id="state-host")
    states: list[dict[str, object]] = []
    client = mqtt.Client(CallbackAPIVersion.VERSION2)
    client.on_message = lambda _c, _d, m: states.append(json.loads(m.payload or b"{}"))
    client.connect(*gateway.config.mqtt.address)
    client.loop_start()
    topic = "spBv1.0/STATE/state-host"
    client.subscribe(topic, qos=1)
    wait_for(lambda: bool(states), "a retained birth")
    born = states[0]
    assert born["online"] is True
    client.publish(topic, json.dumps({"online": False, "timestamp": 1}), qos=1, retain=True)
    wait_for(lambda: states[1:] == [{"online": False, "timestamp": 1}, born], "the host says it is online")
    gateway.stop.set()
    wait_for(lambda: states[-1]["online"] is False, "the host says good-bye")
    client.publish(topic, b"", qos=1, retain=True).wait_for_publish(5)
    client.disconnect()
    client.loop_stop()
