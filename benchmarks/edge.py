"""The edge's speed beside its floors, measured in the same run.

    .venv/bin/python -m benchmarks.edge [--samples N] [--signals N]

Prints, each as the median of three runs: pipeline + buffer (readings in, durable batches out) beside the two floors
that it cannot go below: the protobuf encoding of the same metrics, and SQLite committing the same bytes. Then the way
out: batches through the publisher to a real broker until a host has acknowledged all of them, beside bare publishing
of the same messages with the same client library. Only ratios carry over to another machine.
"""

import argparse
import asyncio
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import aiomqtt
from chejian.stack import Broker
from chejian_contract.ledger import METRIC_STORED, Ack
from chejian_contract.quantities import Quantity
from chejian_contract.samples import Quality
from chejian_contract.signals import SignalDef, SignalKind
from chejian_contract.sparkplug.datatypes import Code
from chejian_contract.sparkplug.payload import add_metric
from chejian_contract.sparkplug.sparkplug_b_pb2 import Payload
from chejian_edge.aliases import SeriesKey
from chejian_edge.buffer import Buffer
from chejian_edge.config import BufferConfig, MqttConfig, PipelineConfig
from chejian_edge.driver import Reading
from chejian_edge.ledger import Ledger
from chejian_edge.pipeline import Drained, Pipeline
from chejian_edge.plan import SignalPlan, load_plan
from chejian_edge.presence import Presence
from chejian_edge.publisher import Publisher, make_client
from chejian_edge.series import Series
from chejian_edge.store import open_store
from chejian_edge.transform import compile_transform

RUNS = 3
START_MS = 1_700_000_010_000  # on the grid of 30 s
SPACING_MS = 30_000
DEVICES = 6
PAGE = 2_000
CHUNK = 20_000


def plans(signals: int) -> list[SignalPlan]:
    """Measurements, as most signals are; every change one heartbeat apart, so that none is filled in."""
    out = []
    for i in range(signals):
        definition = SignalDef(f"S{i}", Quantity.ACTIVE_POWER, "kW", SignalKind.MEASUREMENT)
        transform = compile_transform(definition, unit="kW", scale=1.0, offset=0.0, states=None)
        out.append(SignalPlan(f"D{i % DEVICES}", definition, "src", None, transform, 0.0, SPACING_MS))
    return out


def pages(signals: int, samples: int) -> Iterator[list[Reading]]:
    """History pages, series after series."""
    each = samples // signals
    for key in range(signals):
        for first in range(0, each, PAGE):
            yield [
                (key, START_MS + i * SPACING_MS, None, i * 0.1, Quality.GOOD)
                for i in range(first, min(first + PAGE, each))
            ]


@contextmanager
def scratch() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="edge-bench-") as folder:
        yield Path(folder)


def pipeline_and_buffer(signals: int, work: list[list[Reading]]) -> tuple[float, int, list[bytes]]:
    """Seconds, samples and batch bodies."""
    series = {key: Series(key + 1, plan) for key, plan in enumerate(plans(signals))}
    bodies: list[bytes] = []
    samples = 0
    with scratch() as folder:
        db = open_store(folder / "buffer.sqlite")
        ledger = Ledger(db, max_bytes=2**34)
        begin = time.perf_counter()
        pipeline = Pipeline(series, PipelineConfig())
        for page in work:
            pipeline.take(page, historical=True)
            if pipeline.waiting > CHUNK:
                samples += commit(ledger, pipeline.drain(), bodies)
        samples += commit(ledger, pipeline.drain(), bodies)
        seconds = time.perf_counter() - begin
        db.close()
    return seconds, samples, bodies


def commit(ledger: Ledger, drained: Drained, bodies: list[bytes]) -> int:
    ledger.commit(drained.batches, drained.states, START_MS)
    bodies += [b.data for b in drained.batches]
    return sum(b.samples for b in drained.batches)


def encode_floor(work: list[list[Reading]]) -> float:
    """Building and serialising the same metrics with protobuf, nothing else."""
    begin = time.perf_counter()
    payload, count = Payload(), 0
    for page in work:
        for key, time_ms, _, value, _ in page:
            metric = payload.metrics.add()
            metric.alias = key
            metric.timestamp = time_ms or 0
            metric.is_historical = True
            metric.double_value = float(value)  # type: ignore[arg-type]  # floats by construction
            count += 1
            if count % 500 == 0:
                payload.SerializeToString()
                payload = Payload()
    payload.SerializeToString()
    return time.perf_counter() - begin


def commit_floor(bodies: list[bytes]) -> float:
    """The same bytes, as many in each durable transaction, into a bare table."""
    each = max(CHUNK // 500, 1)
    with scratch() as folder:
        db = sqlite3.connect(folder / "bare.sqlite", isolation_level=None)
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA synchronous = FULL")
        db.execute("CREATE TABLE body (number INTEGER PRIMARY KEY, data BLOB)")
        begin = time.perf_counter()
        for i in range(0, len(bodies), each):
            db.execute("BEGIN")
            db.executemany("INSERT INTO body (data) VALUES (?)", [(b,) for b in bodies[i : i + each]])
            db.execute("COMMIT")
        seconds = time.perf_counter() - begin
        db.close()
    return seconds


CONFIG = """
[node]
group = "bench"
name = "W1"
[mqtt]
url = "{url}"
[buffer]
path = "buffer.sqlite"
max_bytes = 17179869184
"""


async def publish(url: str, signals: int, drained: list[Drained]) -> float:
    """Seconds from the first connection until everything is acknowledged by a host that counts and answers."""
    with scratch() as folder:
        path = folder / "edge.toml"
        path.write_text(CONFIG.format(url=url), "utf-8")
        plan = load_plan(path)
        async with Buffer(BufferConfig(folder / "buffer.sqlite", 2**34)) as buffer:
            keys = [SeriesKey(p.device, p.definition.name, "Double", "kW") for p in plans(signals)]
            await buffer.aliases(keys)
            for one in drained:
                await buffer.commit(one)
            publisher = Publisher(plan, buffer, [], Presence(plan.device_sources, (), 60))
            host = asyncio.create_task(acknowledge(url, buffer.totals.ledger_id))
            begin = time.perf_counter()
            running = asyncio.create_task(publisher.run())
            await publisher.drained()
            seconds = time.perf_counter() - begin
            publisher.stop()
            await running
            host.cancel()
            await asyncio.gather(host, return_exceptions=True)
    return seconds


async def acknowledge(url: str, ledger_id: int) -> None:
    """A host that stores nothing: every 50 messages, and on silence, it acknowledges what it counted."""
    seen = 0
    async with client(url) as host:
        await host.subscribe("spBv1.0/bench/DDATA/W1/#", qos=0)
        messages = aiter(host.messages)
        while True:
            try:
                async with asyncio.timeout(0.1):
                    await anext(messages)
                seen += 1
            except TimeoutError:
                await tell(host, ledger_id, seen)
            if seen % 50 == 0:
                await tell(host, ledger_id, seen)


async def tell(host: aiomqtt.Client, ledger_id: int, up_to: int) -> None:
    payload = Payload(timestamp=START_MS)
    add_metric(payload, Code.STRING, str(Ack(ledger_id, up_to)), time_ms=START_MS, name=METRIC_STORED)
    await host.publish("spBv1.0/bench/NCMD/W1", payload.SerializeToString(), qos=0)


def client(url: str) -> aiomqtt.Client:
    return make_client(MqttConfig(url), None, f"bench-{time.monotonic_ns()}")


async def publish_floor(url: str, bodies: list[bytes]) -> float:
    async with client(url) as bare:
        begin = time.perf_counter()
        for body in bodies:
            await bare.publish("spBv1.0/bench/BARE/W1", body, qos=0)
        return time.perf_counter() - begin


def median(measure: Callable[[], float]) -> float:
    return statistics.median(measure() for _ in range(RUNS))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--samples", type=int, default=200_000)
    parser.add_argument("--signals", type=int, default=60)
    given = parser.parse_args()
    work = list(pages(given.signals, given.samples))
    runs = sorted((pipeline_and_buffer(given.signals, work) for _ in range(RUNS)), key=lambda r: r[0])
    seconds, samples, bodies = runs[RUNS // 2]
    encode = median(lambda: encode_floor(work))
    store = median(lambda: commit_floor(bodies))
    print(
        f"samples {samples:,} of {given.signals} signals in {len(bodies)} batches, {sum(map(len, bodies)):,} bytes"
    )
    print(f"pipeline+buffer        {samples / seconds:12,.0f} samples/s")
    print(f"  floor: upb encode    {samples / encode:12,.0f} samples/s")
    print(f"  floor: sqlite commit {samples / store:12,.0f} samples/s")
    print(f"  ratio to both floors together {(encode + store) / seconds:.2f}")
    drained = [collect(given.signals, work)]
    with scratch() as folder, Broker(folder / "broker") as broker:
        out = median(lambda: asyncio.run(publish(broker.url, given.signals, drained)))
        bare = median(lambda: asyncio.run(publish_floor(broker.url, bodies)))
    print(f"publish, acknowledged  {samples / out:12,.0f} samples/s ({len(bodies) / out:,.0f} messages/s)")
    print(f"  floor: bare publish  {samples / bare:12,.0f} samples/s")
    print(f"  ratio to the floor   {bare / out:.2f}")


def collect(signals: int, work: list[list[Reading]]) -> Drained:
    pipeline = Pipeline({k: Series(k + 1, p) for k, p in enumerate(plans(signals))}, PipelineConfig())
    for page in work:
        pipeline.take(page)
    return pipeline.drain()


if __name__ == "__main__":
    main()
