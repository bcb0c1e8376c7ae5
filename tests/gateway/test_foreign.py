"""Foreign nodes and malformed messages: stored as far as they can be, never fatal."""

import struct
from collections.abc import Callable

from chejian_contract.sparkplug.datatypes import Code
from chejian_contract.sparkplug.payload import Value, add_metric
from chejian_contract.sparkplug.sparkplug_b_pb2 import Payload

from tests.gateway.conftest import StartGateway
from tests.gateway.fake_edge import FakeEdge, Sample, now_ms, wait_for

Query = Callable[..., list[tuple[object, ...]]]

BIRTH: list[tuple[str, Code, Value, float | str]] = [
    ("i8", Code.INT8, -5, -5.0),
    ("i16", Code.INT16, -300, -300.0),
    ("i32", Code.INT32, -70_000, -70_000.0),
    ("i64", Code.INT64, -(2**40), -(2.0**40)),
    ("u8", Code.UINT8, 250, 250.0),
    ("u64", Code.UINT64, 2**63, 2.0**63),
    ("float", Code.FLOAT, 0.5, 0.5),
    ("double", Code.DOUBLE, 0.1, 0.1),
    ("bool", Code.BOOLEAN, True, 1.0),
    ("when", Code.DATETIME, 1_700_000_000_000, 1.7e12),
    ("string", Code.STRING, "冲压", "冲压"),
    ("uuid", Code.UUID, "5f0c", "5f0c"),
    ("floats", Code.FLOAT_ARRAY, [1.0, -2.0], "0000803f000000c0"),
    ("shorts", Code.INT16_ARRAY, [1, -2], "0000803f000000c0"),
    ("doubles", Code.DOUBLE_ARRAY, [1.0, -2.0], "0000803f000000c0"),
]

STORED = """
SELECT s.name, a.value, coalesce(t.value, encode(w.data, 'hex')), s.kind FROM telemetry.series s
LEFT JOIN telemetry.sample a USING (series_id) LEFT JOIN telemetry.text_sample t USING (series_id)
LEFT JOIN telemetry.waveform w USING (series_id) ORDER BY s.series_id
"""


def birth(edge: FakeEdge, device: str, at: int) -> None:
    payload = edge.payload()
    for i, (name, code, value, _) in enumerate(BIRTH):
        add_metric(payload, code, value, time_ms=at, name=name, alias=i + 1 if i % 2 else None)
    add_metric(payload, Code.BYTES, b"abc", time_ms=at, name="blob")
    metric = payload.metrics.add(name="table", datatype=int(Code.DATASET), timestamp=at)
    metric.dataset_value.num_of_columns = 0
    edge.send("DBIRTH", payload.SerializeToString(), device)


def test_every_type_of_a_foreign_node(
    mqtt_url: str, start_gateway: StartGateway, database_rows: Query
) -> None:
    gateway = start_gateway()
    with FakeEdge(mqtt_url, "foreign", "F1", ledger_id=None) as edge:
        edge.node_birth()
        at = now_ms()
        birth(edge, "P1", at)
        birth(edge, "P1", at + 1)  # a second birth must not repeat dead letters
        wait_for(lambda: len(database_rows("SELECT 1 FROM telemetry.sample")) == 20, "two births' numbers")
        payload = edge.payload()
        metric = payload.metrics.add(name="i8", timestamp=now_ms(), int_value=0xFB)  # an 8-bit wrap of -5
        metric = payload.metrics.add(name="i8", timestamp=now_ms() + 1, int_value=0xFFFFFFFB)  # a 32-bit wrap
        metric = payload.metrics.add(alias=2, timestamp=now_ms(), string_value="no number")
        metric.is_historical = True
        payload.metrics.add(alias=8, timestamp=now_ms(), is_null=True)
        edge.send("DDATA", payload.SerializeToString(), "P1")
        wait_for(lambda: len(database_rows("SELECT 1 FROM telemetry.sample")) == 23, "data by name and alias")
        edge.seq += 3  # messages are missing
        edge.send("DDATA", edge.payload().SerializeToString(), "P1")
        wait_for(lambda: edge.rebirths == 1, "a gap asks for a rebirth")
    stored = {
        (name, number if number is not None else other) for name, number, other, _ in database_rows(STORED)
    }
    assert stored >= {(name, wanted) for name, _, _, wanted in BIRTH}
    assert database_rows("SELECT count(*) FROM telemetry.sample WHERE value = -5") == [(4,)]
    assert database_rows("SELECT value, quality FROM telemetry.sample WHERE value = 'NaN'") != []
    reasons = database_rows("SELECT reason FROM telemetry.dead_letter ORDER BY 1")
    assert [str(r[0]).split(":")[0] for r in reasons] == ["metric 'blob'", "metric 'i16'", "metric 'table'"]
    assert gateway.engine.core.foreign.refused == 5
    kinds = {(r[0], r[3]) for r in database_rows(STORED)}
    assert {("i8", "measurement"), ("string", "event"), ("floats", "waveform")} <= kinds


MALFORMED: list[tuple[str, bytes]] = [
    ("spBv1.0//NDATA/N1", b""),
    ("spBv1.0/bad/DDATA/L1/", b""),
    ("spBv1.0/bad/NBIRTH/N1", b"\xff\xff"),
    ("spBv1.0/bad/NBIRTH/N1", struct.pack("<I", 1)),
    ("spBv1.0/bad/DBIRTH/L1/D", b"\x12\x04\x0a\x02\xff\xfe"),
    ("spBv1.0/bad/DDATA/L1/D", b"\x12\x05abc"),
    ("spBv1.0/bad/DDATA/L1/D", Payload(timestamp=1, seq=1).SerializeToString()),
]


def test_malformed_messages_are_dead_letters_and_work_goes_on(
    mqtt_url: str, start_gateway: StartGateway, database_rows: Query
) -> None:
    start_gateway()
    with FakeEdge(mqtt_url, "bad", "L1") as edge:
        edge.node_birth()
        edge.device_birth("D", {1: ("x", Code.DOUBLE)})
        for topic, payload in MALFORMED:
            edge.publish(topic, payload)
        bad_ledger = Payload(timestamp=now_ms(), seq=0)
        add_metric(bad_ledger, Code.STRING, "x", time_ms=now_ms(), name="Ledger/Produced")
        edge.publish("spBv1.0/bad/NBIRTH/N2", bad_ledger.SerializeToString())
        edge.batch("D", 1, [Sample(1, 1.0, now_ms())])
        wait_for(lambda: edge.acknowledged == 1, "the good batch is stored")
    letters = database_rows("SELECT topic, payload FROM telemetry.dead_letter ORDER BY dead_letter_id")
    assert sorted(str(t) for t, _ in letters) == sorted([t for t, _ in MALFORMED] + ["spBv1.0/bad/NBIRTH/N2"])
    assert database_rows("SELECT value FROM telemetry.sample") == [(1.0,)]
