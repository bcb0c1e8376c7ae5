"""The view of last values: what is stored, at every moment, whoever stores, settles, dies or reads at the same time."""

import random
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import numpy as np
import psycopg
import pytest
from chejian_contract.sparkplug.datatypes import Code
from chejian_gateway import deaths, lastvalues, ledger, pgbinary
from chejian_gateway.database import Database
from chejian_gateway.nodes import Device, Node, Series, SeriesTable
from chejian_gateway.pending import Batch, Pending, Rows
from chejian_gateway.store import Edition, Partitions
from chejian_gateway.writer import Writer
from psycopg import Connection

from tests.gateway.conftest import StartGateway
from tests.gateway.fake_edge import FakeEdge, Sample, now_ms, wait_for

DEVICES, SIGNALS, COMMITS = 6, 12, 60
EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
SECOND_US = 1_000_000
TRUTH = """
SELECT series_id, time, value, quality FROM (
    SELECT DISTINCT ON (series_id) series_id, time, value, quality FROM telemetry.sample ORDER BY series_id, time DESC
) newest
"""
WRONG = f"""
WITH truth AS ({TRUTH}), told AS (SELECT series_id, time, value, quality FROM telemetry.last_value)
(TABLE truth EXCEPT TABLE told) UNION ALL (TABLE told EXCEPT TABLE truth)
"""
UNMARKED = f"""
WITH truth AS ({TRUTH})
SELECT series_id FROM truth t JOIN telemetry.series USING (series_id) LEFT JOIN telemetry.settled_value v USING (series_id)
WHERE (t.time, t.value) IS DISTINCT FROM (v.time, v.value) AND device_id NOT IN (SELECT device_id FROM telemetry.unsettled)
"""

Plant = tuple[Node, SeriesTable]
Rest = tuple[int, float, int]
"""Second, value, quality."""


@pytest.fixture
def plant(dsn: str) -> Plant:
    """One ledger node; signal k of device d has alias d * SIGNALS + k."""
    table = SeriesTable()
    with psycopg.connect(dsn, autocommit=True) as connection:
        row = connection.execute(
            "INSERT INTO telemetry.node (group_id, edge_node, ledger_id) VALUES ('g', 'N', 1) RETURNING node_id"
        ).fetchall()[0]
        node = Node(("g", "N"), row[0], 1)
        for d in range(DEVICES):
            row = connection.execute(
                "INSERT INTO telemetry.device (node_id, name) VALUES (%s, %s) RETURNING device_id",
                (node.node_id, f"D{d}"),
            ).fetchall()[0]
            node.devices[f"D{d}"] = Device(row[0], f"D{d}", online=True)
        for k in range(SIGNALS):  # series ids mixed over the devices
            for d, device in enumerate(node.devices.values()):
                row = connection.execute(
                    "INSERT INTO telemetry.series (device_id, name, datatype) VALUES (%s, %s, 10) RETURNING series_id",
                    (device.device_id, f"s{k}"),
                ).fetchall()[0]
                series = Series(row[0], device.device_id, f"s{k}", int(Code.DOUBLE))
                table.add(series)
                node.aliases[d * SIGNALS + k] = series
        ledger.open_row(connection, [node.ledger_key])
    return node, table


def session(dsn: str) -> Connection:
    """A connection as the gateway has it."""
    connection = psycopg.connect(dsn, autocommit=True)
    pgbinary.register(connection)
    return connection


def commit_of(node: Node, number: int, aliases: list[int], second: int) -> Pending:
    """Batch `number`: its number as the value of these signals at a second since 2000."""
    pending = Pending()
    index = pending.add_batch(Batch(node, 1, number, len(aliases)))
    count = len(aliases)
    pending.add_rows(
        Rows(
            np.full(count, second * SECOND_US, np.int64),
            np.full(count, float(number)),
            np.array([node.aliases[a].series_id for a in aliases], np.int32),
            np.full(count, 192, np.int16),
            np.full(count, index, np.int32),
        )
    )
    return pending


class Crowd:
    """Threads that write, settle and compare at the same time, each over a session of its own."""

    def __init__(self, dsn: str, plant: Plant) -> None:
        self._dsn, (self._node, self._table) = dsn, plant
        self.over = threading.Event()
        self.errors: list[BaseException] = []
        self.deadlocks = self.compared = 0

    def run(self, work: Callable[[int], None], number: int = 0) -> threading.Thread:
        """Start a thread; an error ends all of them."""

        def guarded() -> None:
            try:
                work(number)
            except BaseException as error:  # noqa: BLE001 - raised in the test's thread
                self.errors.append(error)
                self.over.set()

        thread = threading.Thread(target=guarded)
        thread.start()
        return thread

    def store(self, seed: int) -> None:
        """Commit live and late data over three days; writer 0 at even seconds, writer 1 at odd ones."""
        rng, writers = random.Random(seed), list[Writer]()
        database = Database(
            self._dsn,
            threading.Event(),
            lambda c: writers.append(Writer(c, Partitions(Edition.PLAIN), self._table)),
        )
        for number in range(seed + 1, 2 * COMMITS, 2):
            aliases = rng.sample(range(DEVICES * SIGNALS), rng.randint(1, DEVICES * SIGNALS))
            pending = commit_of(self._node, number, aliases, 2 * rng.randrange(130_000) + seed)
            database.run(lambda _, p=pending: writers[-1].commit(p))  # type: ignore[misc]
        self.deadlocks += database.deadlocks
        database.close()

    def settle(self, _: int) -> None:
        """Settle whatever is marked."""
        with session(self._dsn) as connection:
            while not self.over.is_set():
                lastvalues.settle_due(connection, 0.0, 2)

    def compare(self, _: int) -> None:
        """Compare the view with the rows, within one snapshot."""
        with session(self._dsn) as connection:
            while not self.over.is_set():
                with connection.transaction():
                    connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
                    assert connection.execute(WRONG).fetchall() == []
                    assert connection.execute(UNMARKED).fetchall() == []
                self.compared += 1


def test_exact_at_every_moment_and_settled_at_the_end(dsn: str, plant: Plant) -> None:
    crowd = Crowd(dsn, plant)
    others = [crowd.run(work) for work in (crowd.settle, crowd.settle, crowd.compare)]
    for writer in [crowd.run(crowd.store, seed) for seed in (0, 1)]:
        writer.join()
    wait_for(lambda: crowd.compared > 1 or bool(crowd.errors), "compared while it was written")
    crowd.over.set()
    for thread in others:
        thread.join()
    assert (crowd.errors, crowd.deadlocks) == ([], 0)
    with session(dsn) as connection:
        while lastvalues.settle_due(connection, 0.0):
            pass
        assert connection.execute("SELECT count(*) FROM telemetry.unsettled").fetchone() == (0,)
        assert connection.execute(WRONG).fetchall() == []
        count = connection.execute("SELECT count(*) FROM telemetry.settled_value").fetchone()
        assert count == (DEVICES * SIGNALS,)


def shown(connection: Connection, node: Node, alias: int = 0) -> Rest:
    """What the view says of a signal."""
    time, value, quality = connection.execute(
        "SELECT time, value, quality FROM telemetry.last_value WHERE series_id = %s",
        (node.aliases[alias].series_id,),
    ).fetchall()[0]
    return (time - EPOCH) // timedelta(seconds=1), value, quality


@pytest.mark.parametrize("settled", [False, True])
def test_a_death_makes_stale_what_was_stored_before_it(dsn: str, plant: Plant, *, settled: bool) -> None:
    node, table = plant
    with session(dsn) as connection:
        writer = Writer(connection, Partitions(Edition.PLAIN), table)

        def store(number: int, second: int) -> Rest:
            writer.commit(commit_of(node, number, [0], second))
            if settled:
                assert lastvalues.settle_due(connection, 0.0) == 1
            return shown(connection, node)

        assert store(1, 50) == (50, 1.0, 192)
        assert store(2, 100) == (100, 2.0, 192)
        deaths.device_died(connection, node, node.devices["D0"], now_ms(), now_ms())
        assert shown(connection, node) == (100, 2.0, 500)
        assert store(3, 90) == (100, 2.0, 500), "late data do not make it live again"
        assert store(4, 101) == (101, 4.0, 192)


def test_a_mark_that_somebody_holds_is_left_alone_and_waited_for_where_it_must_be(
    dsn: str, plant: Plant
) -> None:
    node, table = plant
    device = node.devices["D0"].device_id
    with session(dsn) as storing, session(dsn) as other:
        Writer(storing, Partitions(Edition.PLAIN), table).commit(commit_of(node, 1, [0, SIGNALS], 50))
        assert lastvalues.settle_due(other, 3_600.0) == 0, "a young mark is left alone"
        with storing.transaction():
            storing.execute("SELECT 1 FROM telemetry.unsettled WHERE device_id = %s FOR UPDATE", (device,))
            assert lastvalues.settle_due(other, 0.0) == 1, "the other device's"
            waiting = threading.Thread(target=lastvalues.settle, args=(other, [device]))
            waiting.start()
            blocked = "SELECT count(*) FROM pg_locks WHERE NOT granted"
            wait_for(lambda: storing.execute(blocked).fetchone() != (0,), "it waits")
            storing.execute(
                "INSERT INTO telemetry.sample VALUES ('2000-01-01 00:02Z', 7, %s, 192)",
                (node.aliases[0].series_id,),
            )
        waiting.join()
        query = "SELECT value FROM telemetry.settled_value WHERE series_id = %s"
        found = other.execute(query, (node.aliases[0].series_id,)).fetchall()
        assert found == [(7.0,)], "it saw what was committed while it waited"


def test_a_running_gateway_settles(
    start_gateway: StartGateway,
    mqtt_url: str,
    database_rows: Callable[..., list[tuple[object, ...]]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(lastvalues, "REST_S", 0.0)
    gateway = start_gateway()
    with FakeEdge(mqtt_url, "settle", "N1") as edge:
        edge.node_birth()
        edge.device_birth("M1", {1: ("x", Code.DOUBLE)})
        edge.batch("M1", 1, [Sample(1, 5.0, now_ms())])
        query = "SELECT value FROM telemetry.settled_value"
        wait_for(lambda: database_rows(query) == [(5.0,)], "settled")
        wait_for(lambda: database_rows("SELECT 1 FROM telemetry.unsettled") == [], "no mark left")
        wait_for(lambda: gateway.engine.core.committer.settled == 1, "counted")
