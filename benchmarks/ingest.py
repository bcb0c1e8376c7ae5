"""Speed of the ingest, each figure beside its reference of the same run: ``python -m benchmarks.ingest``.

MQTT -> committed rows (real broker, real PostgreSQL with fsync, the ledger's window as flow control), the bare COPY
of the same rows into the same indexed, partitioned table, the decoding kernel beside protobuf's parser, and what
marks and the ledger add to a commit. The publisher is a process of its own on the same machine.
"""

import argparse
import json
import multiprocessing
import statistics
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import LiteralString
from urllib.parse import urlsplit

import numpy as np
import paho.mqtt.client as mqtt
import psycopg
from chejian.stack import Broker, EmbeddedPostgres
from chejian_contract.ledger import Ack, format_produced
from chejian_contract.sparkplug.datatypes import Code
from chejian_contract.sparkplug.payload import add_metric, parse_payload
from chejian_contract.sparkplug.sparkplug_b_pb2 import Payload
from chejian_gateway import ledger, pgbinary
from chejian_gateway.columns import decode
from chejian_gateway.config import GatewayConfig, MqttConfig
from chejian_gateway.engine import Engine
from chejian_gateway.intake import Intake
from chejian_gateway.kernels.warmup import warm_up
from chejian_gateway.migrate import migrate
from chejian_gateway.nodes import Node, SeriesTable
from chejian_gateway.pending import PG_EPOCH_MS, Batch, Pending, Rows
from chejian_gateway.store import Partitions, detect_edition
from chejian_gateway.subscriber import Subscriber
from chejian_gateway.writer import Writer
from paho.mqtt.enums import CallbackAPIVersion

NODES = 8
WINDOW = 200
SIGNALS = 500
COMMIT_ROWS = 10_000
COMMIT_NODES = 80
REPEAT = 15
LEDGER_ID = 1
WITHIN_S = 300.0


def birth_payloads(node: int) -> tuple[bytes, bytes]:
    """NBIRTH and DBIRTH of one node with `SIGNALS` doubles."""
    now = time.time_ns() // 1_000_000
    birth = Payload(timestamp=now, seq=0)
    add_metric(birth, Code.INT64, 0, time_ms=now, name="bdSeq")
    add_metric(birth, Code.INT64, LEDGER_ID + node, time_ms=now, name="Ledger/Id")
    add_metric(birth, Code.STRING, format_produced(0, 0), time_ms=now, name="Ledger/Produced")
    device = Payload(timestamp=now, seq=1)
    for i in range(SIGNALS):
        add_metric(device, Code.DOUBLE, None, time_ms=now, name=f"S/{i}", alias=i + 1)
    return birth.SerializeToString(), device.SerializeToString()


def batches(count: int, size: int, ledger_id: int = LEDGER_ID) -> list[bytes]:
    """Batches 1..count of one buffer, of `size` doubles, one value per signal and second."""
    base = time.time_ns() // 1_000_000 - 3_600_000
    out = []
    for number in range(1, count + 1):
        payload = Payload(timestamp=base, seq=number % 256)
        add_metric(payload, Code.INT64, ledger_id, time_ms=base, name="Ledger/Id")
        add_metric(payload, Code.INT64, number, time_ms=base, name="Ledger/Batch")
        for i in range(size):
            at = (number - 1) * size + i
            add_metric(
                payload, Code.DOUBLE, at * 0.5, time_ms=base + at // SIGNALS * 1000, alias=at % SIGNALS + 1
            )
        out.append(payload.SerializeToString())
    return out


class Publisher:
    """All nodes of the load over one connection, each within its window; `payloads` by node."""

    def __init__(self, url: str, group: str, payloads: Sequence[Sequence[bytes]]) -> None:
        self.group, self.payloads = group, payloads
        self.acknowledged, self.sent = [0] * NODES, [0] * NODES
        self.changed = threading.Event()
        self.client = mqtt.Client(CallbackAPIVersion.VERSION2)
        self.client.on_message = self._ack
        address = urlsplit(url)
        self.client.connect(address.hostname or "", address.port or 1883)
        self.client.subscribe(f"spBv1.0/{group}/NCMD/+", qos=1)
        self.client.loop_start()

    def _ack(self, _client: mqtt.Client, _data: object, message: mqtt.MQTTMessage) -> None:
        for metric in parse_payload(bytes(message.payload)).metrics:
            if metric.name == "Node Control/Ledger Stored":
                ack = Ack.parse(metric.string_value)
                node = ack.ledger_id - LEDGER_ID
                self.acknowledged[node] = max(self.acknowledged[node], ack.up_to)
                self.changed.set()

    def births(self) -> None:
        for node in range(NODES):
            birth, device = birth_payloads(node)
            self.client.publish(f"spBv1.0/{self.group}/NBIRTH/N{node}", birth)
            self.client.publish(f"spBv1.0/{self.group}/DBIRTH/N{node}/M", device)

    def run(self) -> None:
        total = len(self.payloads[0])
        resend_at = time.monotonic() + 5
        while min(self.acknowledged) < total:
            for node in range(NODES):
                topic = f"spBv1.0/{self.group}/DDATA/N{node}/M"
                end = min(self.acknowledged[node] + WINDOW, total)
                for number in range(self.sent[node], end):
                    self.client.publish(topic, self.payloads[node][number])
                self.sent[node] = max(self.sent[node], end)
            if self.changed.wait(0.05):
                resend_at = time.monotonic() + 5
            self.changed.clear()
            if time.monotonic() > resend_at:  # something was dropped on the way
                self.sent = list(self.acknowledged)
                resend_at = time.monotonic() + 5


def publish_all(
    url: str, group: str, count: int, size: int, gates: tuple[threading.Event, threading.Event]
) -> None:
    """Body of the publisher's process."""
    payloads = [batches(count, size, LEDGER_ID + node) for node in range(NODES)]
    publisher = Publisher(url, group, payloads)
    publisher.births()
    ready, go = gates
    ready.set()
    go.wait()
    publisher.run()
    publisher.client.disconnect()


def through_mqtt(dsn: str, url: str, rows: int, size: int) -> tuple[float, int]:
    """Committed rows per second from the first message to the last COMMIT, and the mean rows per commit."""
    count = max(1, rows // size // NODES)
    stop = threading.Event()
    config = GatewayConfig(dsn=dsn, mqtt=MqttConfig(url=url))
    intake = Intake(config.intake.max_messages, config.intake.max_bytes)
    subscriber = Subscriber(config.mqtt, config.host.id, intake)
    engine = Engine(config, intake, subscriber.publish, stop, reachable=lambda: subscriber.online)
    context = multiprocessing.get_context("spawn")
    ready, go = context.Event(), context.Event()
    process = context.Process(target=publish_all, args=(url, f"bench{size}", count, size, (ready, go)))
    with subscriber:
        worker = threading.Thread(target=engine.run)
        worker.start()
        until(lambda: engine.role is not None and engine.role.online)
        process.start()
        until(ready.is_set)
        until(lambda: len(engine.core.plant.nodes) == NODES)
        start = time.perf_counter()
        go.set()
        until(lambda: engine.core.committer.rows >= count * size * NODES)
        elapsed = time.perf_counter() - start
        process.join()
        stop.set()
        worker.join()
    committer = engine.core.committer
    return count * size * NODES / elapsed, committer.rows // committer.commits


def until(condition: Callable[[], bool]) -> None:
    """Wait for a condition, at most `WITHIN_S`."""
    deadline = time.monotonic() + WITHIN_S
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError
        threading.Event().wait(0.002)


def best_ns(work: Callable[[], object], items: int) -> float:
    """Nanoseconds per item, median of `REPEAT`."""
    times = []
    for _ in range(REPEAT):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return statistics.median(times) / items * 1e9


def decoding(size: int) -> tuple[float, float]:
    """Nanoseconds per metric: our kernel to columns, protobuf's bare parser."""
    payloads = batches(20_000 // size, size)
    metrics = len(payloads) * (size + 1)
    decode(payloads)
    return best_ns(lambda: decode(payloads), metrics), best_ns(
        lambda: [parse_payload(p) for p in payloads], metrics
    )


class Bare(Writer):
    """A writer of rows only."""

    def copy_only(self, rows: Rows) -> None:
        with self.connection.transaction(), self.connection.cursor() as cursor:
            stream(cursor, pgbinary.COPY_SAMPLE, pgbinary.copy_samples(rows))


def stream(cursor: psycopg.Cursor, statement: LiteralString, data: bytes) -> None:
    with cursor.copy(statement) as copy:
        copy.write(data)


def commit_of(nodes: Sequence[Node], series: SeriesTable, number: int, minute: int) -> Pending:
    """`COMMIT_ROWS` rows of `COMMIT_NODES` nodes, a batch each; every series once or more."""
    pending = Pending()
    size = COMMIT_ROWS // len(nodes)
    base = (time.time_ns() // 1000 - PG_EPOCH_MS * 1000) // 3_600_000_000 * 3_600_000_000 - 3_600_000_000
    for node in nodes:
        ids = np.resize(np.array([s.series_id for s in node.aliases.values()], np.int32), size)
        index = pending.add_batch(Batch(node, node.ledger_id or 0, number, size))
        times = base + minute * 1_000_000 + np.arange(size) // len(node.aliases) * 1000
        pending.add_rows(
            Rows(
                times,
                np.arange(size, dtype=np.float64),
                ids,
                np.full(size, 192, np.int16),
                np.full(size, index, np.int32),
            )
        )
    series.device[0] = 0
    return pending


def commits(dsn: str) -> dict[str, float]:
    """Milliseconds per commit, and the bare COPY of the same rows."""
    with psycopg.connect(dsn, autocommit=True) as connection:
        pgbinary.register(connection)
        nodes, table = plant(connection)
        partitions = Partitions(detect_edition(connection))
        partitions.ahead(connection, time.time_ns() // 1000 - PG_EPOCH_MS * 1000 - 86_400_000_000, 2)
        full, bare = Writer(connection, partitions, table), Bare(connection, partitions, table)
        times: dict[str, list[float]] = {"full": [], "copy": []}
        for i in range(2 * REPEAT):
            kind = ("copy", "full")[i % 2]
            pending = commit_of(nodes, table, i + 1, i)
            rows = Rows.join(pending.rows)
            start = time.perf_counter()
            if kind == "copy":
                bare.copy_only(rows)
            else:
                full.commit(pending)
            times[kind].append((time.perf_counter() - start) * 1000)
    return {kind: statistics.median(values) for kind, values in times.items()}


def plant(connection: psycopg.Connection) -> tuple[list[Node], SeriesTable]:
    """Nodes with ten series each, in database and memory."""
    from chejian_gateway.nodes import Series  # noqa: PLC0415 - only here

    nodes, table = [], SeriesTable()
    for i in range(COMMIT_NODES):
        node_id = connection.execute(
            "INSERT INTO telemetry.node (group_id, edge_node, ledger_id) VALUES ('commit', %s, 1) RETURNING node_id",
            (str(i),),
        ).fetchall()[0][0]
        device_id = connection.execute(
            "INSERT INTO telemetry.device (node_id, name) VALUES (%s, 'M') RETURNING device_id", (node_id,)
        ).fetchall()[0][0]
        node = Node(("commit", str(i)), node_id, 1, slot=i)
        for row in connection.execute(
            "INSERT INTO telemetry.series (device_id, name, datatype)"
            " SELECT %s, 's' || k, 10 FROM generate_series(1, 10) k RETURNING series_id, device_id, name, datatype",
            (device_id,),
        ).fetchall():
            series = Series(*row)
            node.aliases[len(node.aliases)] = series
            table.add(series)
        nodes.append(node)
    ledger.open_row(connection, [n.ledger_key for n in nodes])
    return nodes, table


def raw_copy(dsn: str, rows: int, per_commit: int) -> float:
    """Rows per second of bare COPY commits into the same table, the load's series and times."""
    base = (time.time_ns() // 1_000_000 - 3_600_000 - PG_EPOCH_MS) * 1000
    with psycopg.connect(dsn, autocommit=True) as connection:
        pgbinary.register(connection)
        partitions = Partitions(detect_edition(connection))
        partitions.ahead(connection, base, 1)
        bare = Bare(connection, partitions, SeriesTable())
        rows -= rows % per_commit
        start = time.perf_counter()
        for first in range(0, rows, per_commit):
            at = np.arange(first, first + per_commit)
            ids = (1_000_000 + at % (SIGNALS * NODES)).astype(np.int32)
            times = base + at // (SIGNALS * NODES) * 1_000_000
            quality = np.full(per_commit, 192, np.int16)
            bare.copy_only(Rows(times, at.astype(np.float64), ids, quality, np.zeros(per_commit, np.int32)))
        return rows / (time.perf_counter() - start)


def measure(rows: int) -> dict[str, float]:
    """All figures by name."""
    warm_up()
    out: dict[str, float] = {}
    for size in (500, 50):
        out[f"decode_ns_per_metric_{size}"], out[f"protobuf_parse_ns_per_metric_{size}"] = decoding(size)
    with tempfile.TemporaryDirectory(prefix="chejian-bench-") as folder:
        base = Path(folder)
        with EmbeddedPostgres(base / "pg") as postgres, Broker(base / "broker") as broker:
            dsn = postgres.create_database("bench")
            migrate(dsn)
            for size in (500, 50):
                rate, per_commit = through_mqtt(dsn, broker.url, rows, size)
                bare = raw_copy(dsn, rows, per_commit)
                out |= {
                    f"mqtt_rows_per_s_{size}": rate,
                    f"rows_per_commit_{size}": per_commit,
                    f"raw_copy_rows_per_s_{size}": bare,  # commits of the same size
                    f"ratio_to_raw_copy_{size}": rate / bare,
                }
            for kind, value in commits(dsn).items():
                out[f"commit_ms_{kind}"] = value
    out["ledger_and_marks_ms"] = out["commit_ms_full"] - out["commit_ms_copy"]
    return out


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=1_000_000, help="rows of each load (default 1,000,000)")
    parser.add_argument("--json", action="store_true", help="print JSON only")
    arguments = parser.parse_args()
    figures = measure(arguments.rows)
    if arguments.json:
        print(json.dumps(figures))
        return
    for name, value in figures.items():
        print(f"{name:<36}{value:>14,.2f}")


if __name__ == "__main__":
    main()
