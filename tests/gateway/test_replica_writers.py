"""What replicas write at the same time: one lock order, so that none waits in a circle; old identities claim nothing."""

import random
import threading
from collections.abc import Callable
from functools import partial

import numpy as np
import psycopg
import pytest
from chejian_contract.ledger import Range
from chejian_contract.sparkplug.datatypes import Code
from chejian_gateway import deaths, ledger, pgbinary, registry
from chejian_gateway.births import NodeBirth, Status
from chejian_gateway.database import Database
from chejian_gateway.nodes import Node, Series, SeriesTable
from chejian_gateway.pending import Announcement, Batch, Block, Pending, Rows
from chejian_gateway.store import Edition, Partitions
from chejian_gateway.writer import Writer
from psycopg import Connection

from tests.gateway.fake_edge import now_ms

NODES, NUMBERS, TEXTS, COMMITS = 4, 100, 50, 40


@pytest.fixture
def plant(dsn: str) -> tuple[list[Node], SeriesTable]:
    """Ledger nodes with numbers and texts, their series ids mixed over the nodes."""
    table = SeriesTable()
    with psycopg.connect(dsn, autocommit=True) as connection:
        nodes = [
            registry.node_born(
                connection, ("g", f"N{i}"), NodeBirth(0, i + 1, Status(0, 0, ()), "2"), now_ms(), now_ms()
            )
            for i in range(NODES)
        ]
        devices = [
            connection.execute(
                "INSERT INTO telemetry.device (node_id, name) VALUES (%s, 'M') RETURNING device_id",
                (n.node_id,),
            ).fetchall()[0][0]
            for n in nodes
        ]
        for k in range(NUMBERS + TEXTS):
            code = int(Code.DOUBLE if k % 3 else Code.STRING)
            for node, device in zip(nodes, devices, strict=True):
                row = connection.execute(
                    "INSERT INTO telemetry.series (device_id, name, datatype) VALUES (%s, %s, %s) RETURNING series_id",
                    (device, f"s{k}", code),
                ).fetchone()
                assert row
                series = Series(row[0], device, f"s{k}", code)
                table.add(series)
                node.aliases[k] = series
    return nodes, table


def commit_of(nodes: list[Node], number: int, rng: random.Random) -> Pending:
    """One batch of each node, in random order, with all its series."""
    pending = Pending()
    for node in rng.sample(nodes, len(nodes)):
        index = pending.add_batch(Batch(node, node.ledger_id or 0, number, len(node.aliases)))
        mixed = rng.sample(list(node.aliases.values()), len(node.aliases))
        for series in mixed:
            if series.datatype == Code.STRING:
                pending.add_text(Block(number * 1_000_000, series.series_id, 192, b"text", index))
        ids = np.array([s.series_id for s in mixed if s.datatype == Code.DOUBLE], np.int32)
        count = len(ids)
        pending.add_rows(
            Rows(
                np.full(count, number * 1_000_000, np.int64),
                np.ones(count),
                ids,
                np.full(count, 192, np.int16),
                np.full(count, index, np.int32),
            )
        )
    pending.announce(nodes[number % NODES].ledger_key, Announcement(number, 1, ()))
    return pending


class Replica:
    """The database side of one replica: its connection and its writer, made anew where the session breaks."""

    def __init__(self, dsn: str, table: SeriesTable) -> None:
        self._table = table
        self.database = Database(dsn, threading.Event(), self._connected)
        self.writer: Writer | None = None

    def _connected(self, connection: Connection) -> None:
        self.writer = Writer(connection, Partitions(Edition.PLAIN), self._table)

    def commit(self, pending: Pending) -> int:
        def work(_: Connection) -> int:
            assert self.writer is not None
            return self.writer.commit(pending).batches

        return self.database.run(work)


def die_and_be_born(connection: Connection, node: Node) -> None:
    deaths.node_died(connection, node, 0, now_ms())
    birth = NodeBirth(0, node.ledger_id, Status(1, 1, ()), "2")
    assert registry.node_born(connection, node.key, birth, now_ms(), now_ms()).node_id == node.node_id


def test_writers_births_deaths_and_signs_of_life_at_once(
    dsn: str, plant: tuple[list[Node], SeriesTable]
) -> None:
    nodes, table = plant
    replicas = [Replica(dsn, table) for _ in range(4)]
    claimed: list[int] = []
    errors: list[BaseException] = []

    def store(replica: Replica, seed: int) -> None:
        rng = random.Random(seed)
        numbers = rng.sample(range(1, COMMITS + 1), COMMITS)
        claimed.extend(replica.commit(commit_of(nodes, n, rng)) for n in numbers)

    def live(replica: Replica, seed: int) -> None:
        rng = random.Random(seed)
        for _ in range(COMMITS):
            for node in rng.sample(nodes, NODES):
                replica.database.run(partial(die_and_be_born, node=node))
            signs = [Node(n.key, n.node_id, seen_ms=now_ms()) for n in rng.sample(nodes, NODES)]
            replica.database.run(partial(registry.touch, nodes=signs))

    def guarded(work: Callable[[Replica, int], None], replica: Replica, seed: int) -> None:
        try:
            work(replica, seed)
        except BaseException as error:  # noqa: BLE001 - raised in the test's thread
            errors.append(error)

    threads = [
        threading.Thread(target=guarded, args=(work, replica, seed))
        for seed, (work, replica) in enumerate(zip((store, store, live, live), replicas, strict=True))
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert sum(r.database.deadlocks for r in replicas) == 0
    assert sum(claimed) == NODES * COMMITS  # each once, though both tried all
    with psycopg.connect(dsn, autocommit=True) as connection:
        doubled = "SELECT series_id, time FROM telemetry.{} GROUP BY 1, 2 HAVING count(*) > 1"
        assert [connection.execute(doubled.format(t)).fetchall() for t in ("sample", "text_sample")] == [
            [],
            [],
        ]
        entries = ledger.identity(connection)
        assert {e["stored_batches"] for e in entries} == {COMMITS}
        assert {e["rows_counted"] for e in entries} == {COMMITS * (NUMBERS + TEXTS)}
    for replica in replicas:
        replica.database.close()


def test_a_deadlock_is_done_again_and_counted(dsn: str, plant: tuple[list[Node], SeriesTable]) -> None:
    """Somebody with another lock order, for example a person at a prompt, costs a retry and no row."""
    nodes, table = plant
    replica = Replica(dsn, table)
    assert replica.commit(commit_of(nodes, 1, random.Random(1))) == NODES
    device = next(s.device_id for s in nodes[0].aliases.values() if s.datatype == Code.DOUBLE)
    done: list[int] = []
    thread = threading.Thread(
        target=lambda: done.append(replica.commit(commit_of(nodes, 2, random.Random(2))))
    )
    with psycopg.connect(dsn) as other:
        other.execute("SET deadlock_timeout = '10s'")  # so that the replica is the one that is rolled back
        other.execute("SELECT 1 FROM telemetry.ledger WHERE node_id = %s FOR UPDATE", (nodes[0].node_id,))
        thread.start()
        wait = "SELECT count(*) FROM pg_locks WHERE NOT granted"
        while other.execute(wait).fetchone() == (0,):
            pass
        other.execute("SELECT 1 FROM telemetry.unsettled WHERE device_id = %s FOR UPDATE", (device,))
    thread.join()
    assert done == [NODES]
    assert replica.database.deadlocks == 1
    replica.database.close()


@pytest.mark.parametrize("lost", [(), ((3, 3),)])
def test_an_old_identity_claims_nothing_after_the_birth_of_the_next(
    dsn: str, plant: tuple[list[Node], SeriesTable], lost: tuple[Range, ...]
) -> None:
    """A replica holds messages of the old buffer while another enters the new one's birth."""
    nodes, table = plant
    replica = Replica(dsn, table)
    rng = random.Random(3)
    assert replica.commit(commit_of(nodes, 1, rng)) == NODES
    held = commit_of(nodes, 2, rng)
    held.announce(nodes[0].ledger_key, Announcement(3, 1, lost))
    with psycopg.connect(dsn, autocommit=True) as connection:
        pgbinary.register(connection)
        birth = NodeBirth(0, 1_000, Status(0, 0, ()), "2")
        born = registry.node_born(connection, nodes[0].key, birth, now_ms(), now_ms())
        assert (born.ledger_id, sorted(born.former), born.handled) == (1_000, [1], [])
        assert replica.writer is not None
        done = replica.writer.commit(held)
        assert (done.batches, done.doubles, done.stale, done.short) == (NODES - 1, 1, 1, 1)
        assert connection.execute(
            "SELECT stored::text, superseded FROM telemetry.ledger WHERE node_id = %s ORDER BY ledger_id",
            (nodes[0].node_id,),
        ).fetchall() == [("{[1,2)}", True), ("{}", False)]
        back = registry.node_born(
            connection, nodes[0].key, NodeBirth(0, 1, Status(0, 0, ()), "2"), now_ms(), now_ms()
        )
        assert (back.ledger_id, sorted(back.former)) == (1, [1_000])
        assert replica.commit(commit_of(nodes, 3, rng)) == NODES
    replica.database.close()
