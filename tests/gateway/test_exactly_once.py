"""The first promise: each produced sample reaches exactly one row, whatever the wire does."""

import random
from collections.abc import Callable

from chejian_contract.sparkplug.datatypes import Code

from tests.gateway.conftest import StartGateway
from tests.gateway.fake_edge import FakeEdge, Sample, now_ms, wait_for

Query = Callable[..., list[tuple[object, ...]]]

SIGNALS = {1: ("Spindle/Load", Code.DOUBLE), 2: ("Counts/Produced", Code.INT64), 3: ("Product", Code.STRING)}


def samples_of(batch: int, base: int) -> list[Sample]:
    return [
        Sample(1, float(batch), base + 10 * batch),
        Sample(2, batch, base + 10 * batch, Code.INT64),
        Sample(3, f"批 {batch}", base + 10 * batch, Code.STRING),
    ]


def test_duplicated_reordered_lost_messages_store_each_sample_once(
    mqtt_url: str, start_gateway: StartGateway, database_rows: Query
) -> None:
    start_gateway()
    rng = random.Random(7)
    base = now_ms() - 600_000
    batches = list(range(1, 301))
    with FakeEdge(mqtt_url, "once", "N1") as edge:
        edge.node_birth()
        edge.device_birth("M1", SIGNALS)
        wire = [b for b in batches if rng.random() > 0.2]  # a fifth is lost at first
        wire += rng.choices(wire, k=100)  # some come twice or more often
        rng.shuffle(wire)
        for number in wire:
            edge.batch("M1", number, samples_of(number, base))
        for number in batches:  # the edge resends what is not acknowledged, in the end everything
            if number % 3 or number not in wire:
                edge.batch("M1", number, samples_of(number, base))
        edge.status(300, 900)
        wait_for(lambda: edge.acknowledged == 300, "everything acknowledged")
    numbers = database_rows("SELECT value FROM telemetry.sample ORDER BY value, series_id")
    assert numbers == [(float(b),) for b in batches for _ in range(2)]
    texts = database_rows("SELECT value FROM telemetry.text_sample ORDER BY time")
    assert texts == [(f"批 {b}",) for b in batches]
    assert database_rows(
        "SELECT stored::text, stored_samples, dead::text, produced_batches, produced_samples FROM telemetry.ledger"
    ) == [("{[1,301)}", 900, "{}", 300, 900)]
    assert database_rows(
        "SELECT last.value, last.text FROM telemetry.last_value last ORDER BY series_id"
    ) == [
        (300.0, None),
        (300.0, None),
        (None, "批 300"),
    ]
