"""Two gateways with the same batches at the same time: each batch gets exactly one owner."""

import random
import threading
from datetime import timedelta

import numpy as np
import psycopg
import pytest
from chejian_contract.sparkplug.datatypes import Code
from chejian_gateway import ledger, pgbinary
from chejian_gateway.nodes import Node, Series, SeriesTable
from chejian_gateway.pending import FOREIGN, Announcement, Batch, DeadLetter, Pending, Rows
from chejian_gateway.store import Edition, Partitions
from chejian_gateway.writer import Committed, Writer

NODES, BATCHES, ROWS = 8, 120, 5


@pytest.fixture
def plant(dsn: str) -> tuple[list[Node], SeriesTable]:
    nodes, table = [], SeriesTable()
    with psycopg.connect(dsn) as connection:
        for i in range(NODES):
            row = connection.execute(
                "INSERT INTO telemetry.node (group_id, edge_node, ledger_id) VALUES ('g', %s, %s) RETURNING node_id",
                (f"N{i}", i + 1),
            ).fetchone()
            assert row
            node = Node(("g", f"N{i}"), row[0], i + 1, slot=i)
            row = connection.execute(
                "INSERT INTO telemetry.device (node_id, name) VALUES (%s, 'M') RETURNING device_id", row
            ).fetchone()
            assert row
            row = connection.execute(
                "INSERT INTO telemetry.series (device_id, name, datatype) VALUES (%s, 'x', 10)"
                " RETURNING series_id, device_id",
                row,
            ).fetchone()
            assert row
            series = Series(row[0], row[1], "x", int(Code.DOUBLE))
            table.add(series)
            node.aliases[1] = series
            nodes.append(node)
        ledger.open_row(connection, [n.ledger_key for n in nodes])
    return nodes, table


def pending_of(wanted: list[tuple[Node, int]]) -> Pending:
    """A commit with these batches: five rows each, every seventh batch a dead letter."""
    pending = Pending()
    for node, number in wanted:
        letter = DeadLetter("t", b"p", "why", 0, ROWS, node.node_id, node.ledger_id, number)
        batch = Batch(node, node.ledger_id or 0, number, ROWS, None if number % 7 else letter)
        index = pending.add_batch(batch)
        if batch.dead is None:
            pending.add_rows(
                Rows(
                    np.arange(ROWS) * 1000 + number * 1_000_000,
                    np.full(ROWS, float(number)),
                    np.full(ROWS, node.aliases[1].series_id, np.int32),
                    np.full(ROWS, 192, np.int16),
                    np.full(ROWS, index, np.int32),
                )
            )
    return pending


def write_all(dsn: str, commits: list[Pending], table: SeriesTable, out: list[Committed]) -> None:
    with psycopg.connect(dsn, autocommit=True) as connection:
        pgbinary.register(connection)
        writer = Writer(connection, Partitions(Edition.PLAIN), table)
        for pending in commits:
            while True:
                try:
                    out.append(writer.commit(pending))
                    break
                except psycopg.errors.DeadlockDetected:
                    continue


def test_each_batch_is_stored_once(dsn: str, plant: tuple[list[Node], SeriesTable]) -> None:
    nodes, table = plant
    done: list[Committed] = []
    threads = []
    for seed in range(2):
        everything = [(node, number) for node in nodes for number in range(1, BATCHES + 1)]
        random.Random(seed).shuffle(everything)
        commits = [pending_of(everything[i : i + 40]) for i in range(0, len(everything), 40)]
        commits[3].announce(nodes[0].ledger_key, Announcement(BATCHES, BATCHES * ROWS, ((5, 6),)))
        threads.append(threading.Thread(target=write_all, args=(dsn, commits, table, done)))
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(d.batches for d in done) == NODES * BATCHES
    assert sum(d.doubles for d in done) == NODES * BATCHES
    with psycopg.connect(dsn, autocommit=True) as connection:
        counts = connection.execute(
            "SELECT series_id, value, count(*) FROM telemetry.sample GROUP BY 1, 2"
        ).fetchall()
        assert {c[2] for c in counts} == {ROWS}
        assert len(counts) == NODES * (BATCHES - BATCHES // 7)
        letters = connection.execute(
            "SELECT count(DISTINCT (node_id, batch)), count(*) FROM telemetry.dead_letter"
        )
        assert letters.fetchone() == (NODES * (BATCHES // 7), NODES * (BATCHES // 7))
        for entry in ledger.identity(connection):
            assert entry["stored_batches"] == BATCHES - BATCHES // 7
            assert entry["dead_batches"] == BATCHES // 7
            assert entry["lost_batches"] == 0  # 5 and 6 were declared lost and came nevertheless
            assert entry["in_flight_batches"] == 0
            assert entry["ranges"] == 1
            assert entry["rows_counted"] == entry["stored_samples"]
        dirty = connection.execute("SELECT device_id, lo, hi, gen FROM telemetry.dirty").fetchall()
        assert len(dirty) == NODES
        assert {str(d[1].time()) for d in dirty} == {"00:00:01"}
        assert {d[2] - d[1] for d in dirty} == {timedelta(seconds=BATCHES - 1, milliseconds=4)}


def test_commit_whose_answer_was_lost_is_not_written_twice(
    dsn: str, plant: tuple[list[Node], SeriesTable]
) -> None:
    nodes, table = plant
    pending = pending_of([(nodes[0], 1), (nodes[1], 1)])
    series = np.full(2, nodes[2].aliases[1].series_id, np.int32)
    times = np.array([5, 6]) * 1_000_000
    pending.add_rows(
        Rows(times, np.zeros(2), series, np.full(2, 192, np.int16), np.full(2, FOREIGN, np.int32))
    )
    with psycopg.connect(dsn, autocommit=True) as connection:
        pgbinary.register(connection)
        writer = Writer(connection, Partitions(Edition.PLAIN), table)
        assert writer.commit(pending).batches == 2
        again = writer.commit(pending)  # what a caller does that never heard of the COMMIT
        assert (again.batches, again.doubles, again.rows) == (0, 2, 0)
        assert again.handled[nodes[0].ledger_key] == [(1, 1)]
        counted = connection.execute("SELECT count(*) FROM telemetry.sample").fetchone()
        assert counted == (2 * ROWS + 2,)
