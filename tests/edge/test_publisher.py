"""The publisher against a real broker and a foreign host."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from chejian_contract.ledger import METRIC_REBIRTH, Ack
from chejian_contract.samples import Quality
from chejian_contract.sparkplug.datatypes import Code
from chejian_contract.sparkplug.payload import add_metric
from chejian_contract.sparkplug.sparkplug_b_pb2 import Payload
from chejian_contract.sparkplug.topics import MessageType
from chejian_edge.aliases import SeriesKey
from chejian_edge.batch import Closed, OpenBatch
from chejian_edge.buffer import Buffer
from chejian_edge.pipeline import Drained
from chejian_edge.plan import load_plan
from chejian_edge.publisher import Publisher
from chejian_edge.series import Series

from tests.edge.host import Host, until

CONFIG = """
[node]
group = "{group}"
name = "W1"
[mqtt]
url = "{mqtt}"
retry_max = "500ms"
[buffer]
path = "buffer.sqlite"
[ledger]
acknowledge = "{acknowledge}"
window = 20
host_id = "{group}-scada"
[[source]]
name = "s"
driver = "opcua"
url = "opc.tcp://127.0.0.1:1"
[[equipment]]
code = "D1"
type = "cnc_machining_centre"
line = "L1"
source = "s"
signal = [{{ name = "Spindle/Load", address = "i=1" }}]
"""


class Edge:
    """A buffer and a running publisher."""

    def __init__(self, buffer: Buffer, publisher: Publisher, series: Series) -> None:
        self.buffer, self.publisher, self.series = buffer, publisher, series
        self.count = 0

    async def produce(self, batches: int, *, historical: bool = False) -> None:
        out: list[Closed] = []
        batch = OpenBatch("D1", historical=historical, limit=4, sink=out.append)
        while len(out) < batches:
            self.count += 1
            batch.add(self.series.alias, self.count, float(self.count), Quality.GOOD, self.series.set_value)
        self.publisher.committed(await self.buffer.commit(Drained(out, [])))


RunEdge = Callable[..., Any]


@pytest.fixture
def group(tmp_path: Path) -> str:
    return f"g{abs(hash(str(tmp_path)))}"


@pytest.fixture
def run_edge(tmp_path: Path, mqtt_url: str, group: str) -> RunEdge:
    @asynccontextmanager
    async def run(*, url: str = mqtt_url, acknowledge: str = "rows") -> AsyncIterator[Edge]:
        path = tmp_path / "edge.toml"
        path.write_text(CONFIG.format(group=group, mqtt=url, acknowledge=acknowledge), "utf-8")
        plan = load_plan(path)
        async with Buffer(plan.config.buffer) as buffer:
            (alias,) = (await buffer.aliases([SeriesKey("D1", "Spindle/Load", "Double", "%")])).values()
            series = Series(alias, plan.signals[0])
            publisher = Publisher(plan, buffer, [series])
            task = asyncio.create_task(publisher.run())
            edge = Edge(buffer, publisher, series)
            edge.count = buffer.totals.produced_samples
            try:
                yield edge
            finally:
                publisher.stop()
                await asyncio.wait_for(task, 10)

    return run


def values(host: Host) -> list[float]:
    return host.values("D1", "Spindle/Load")


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
    with Host(mqtt_url, group, "W1", acknowledge=False) as host:
        async with run_edge() as edge:
            await edge.produce(100)
            await until(lambda: len(host.batches[host.ledger_id]) == 20)
            await until(lambda: host.doubles >= 2)  # it asks again, gently
            assert len(host.batches[host.ledger_id]) == 20
            host.acknowledge = True
            host.send_ack(Ack(host.ledger_id, 20))
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


async def test_an_acknowledgement_beyond_the_last_number_makes_a_new_identity(
    mqtt_url: str, group: str, run_edge: RunEdge, caplog: pytest.LogCaptureFixture
) -> None:
    with Host(mqtt_url, group, "W1", acknowledge=False) as host:
        async with run_edge() as edge:
            await edge.produce(3)
            await until(lambda: len(values(host)) == 12)
            old = host.ledger_id
            host.acknowledge = True
            host.send_ack(Ack(old, 999))
            await until(lambda: host.ledger_id != old)
            await until(lambda: edge.buffer.totals.in_flight_batches == 0)
            assert edge.buffer.totals.produced_batches == 3
    assert "rolled back" in caplog.text
    assert host.batches[host.ledger_id] == {1, 2, 3}


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

    with Host(mqtt_url, group, "W1", acknowledge=False) as host:
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
