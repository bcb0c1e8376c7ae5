"""A database put back from a backup while edges run: the gap fills by itself, and births after the backup come back."""

import asyncio
import time
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest
from chejian_gateway import proof
from psycopg import sql

from tests.fixtures.fix_postgres import DatabaseServer
from tests.gateway.conftest import StartGateway
from tests.gateway.real_edge import RealEdge, real_edge

LOAD, SPEED = "Spindle/Load", "Spindle/Speed"
WITHIN_S = 45.0
ROWS = "SELECT count(*) FROM telemetry.sample"


async def until(condition: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + WITHIN_S
    while not condition():
        assert time.monotonic() < deadline, f"not within {WITHIN_S} s: {what}"
        await asyncio.sleep(0.02)


async def drained(edges: Sequence[RealEdge]) -> None:
    try:
        await until(lambda: not any(e.buffer.totals.in_flight_batches for e in edges), "all is acknowledged")
    except AssertionError as error:
        raise AssertionError(f"{error}: {[e.buffer.totals for e in edges]}") from error


class Backup:
    """Copies a database and puts the copy in its place, as an administrator does under a running gateway."""

    def __init__(self, server: DatabaseServer, dsn: str) -> None:
        self._admin = server.admin
        self._name = urlsplit(dsn).path.removeprefix("/")
        self._copy, self._gone = f"{self._name}_backup", f"{self._name}_gone"

    def _run(self, statement: str, *names: str) -> None:
        with psycopg.connect(self._admin, autocommit=True) as connection:
            connection.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))

    def _close(self, name: str) -> None:
        """Let nobody in, and end the sessions."""
        self._run("ALTER DATABASE {} ALLOW_CONNECTIONS false", name)
        with psycopg.connect(self._admin, autocommit=True) as connection:
            connection.execute(
                "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = %s", (name,)
            )

    def take(self) -> None:
        self._close(self._name)
        self._run("CREATE DATABASE {} TEMPLATE {}", self._copy, self._name)
        self._run("ALTER DATABASE {} ALLOW_CONNECTIONS true", self._name)

    def put_back(self) -> None:
        self._close(self._name)
        self._run("ALTER DATABASE {} RENAME TO {}", self._name, self._gone)
        self._run("ALTER DATABASE {} RENAME TO {}", self._copy, self._name)

    def drop(self) -> None:
        self._run("DROP DATABASE IF EXISTS {} WITH (FORCE)", self._gone)
        self._run("DROP DATABASE IF EXISTS {} WITH (FORCE)", self._copy)


def new_buffer(folder: Path, name: str) -> None:
    """The edge's disk is replaced."""
    for path in folder.glob(f"{name}.sqlite*"):
        path.unlink()


def rows(dsn: str) -> int:
    with psycopg.connect(dsn) as connection:
        return int(connection.execute(ROWS).fetchall()[0][0])


def accounts(dsn: str) -> dict[tuple[str, bool], tuple[int, int, int]]:
    """Produced batches, produced samples and stored samples by node and whether the buffer is in use; all adds up."""
    with psycopg.connect(dsn, autocommit=True) as connection:
        found = proof.verify(connection)
    assert found.faults == []
    assert sum(int(str(r["duplicates"])) for r in found.rows) == 0
    return {
        (str(a["node"]), bool(a["current"])): (
            int(str(a["produced_batches"])),
            int(str(a["produced_samples"])),
            int(str(a["stored_samples"])),
        )
        for a in found.accounts
    }


@pytest.mark.long
async def test_the_gap_fills_by_itself_and_later_births_come_back(
    dsn: str,
    mqtt_url: str,
    postgres_server: DatabaseServer,
    start_gateway: StartGateway,
    tmp_path: Path,
    record_property: Callable[[str, object], None],
) -> None:
    backup, group = Backup(postgres_server, dsn), "restore"
    gateway = start_gateway()
    before_backup: dict[str, tuple[int, int]] = {}
    async with AsyncExitStack() as stack:
        stack.callback(backup.drop)
        async with (
            real_edge(tmp_path, mqtt_url, group, "A", {"D1": [LOAD]}) as a,
            real_edge(tmp_path, mqtt_url, group, "B", {"D1": [LOAD]}) as b,
        ):
            for edge in (a, b):
                await edge.produce(60)
            await drained((a, b))
            before_backup = {"A": a.produced, "B": b.produced}
        await asyncio.to_thread(backup.take)
        at_backup = rows(dsn)
        assert at_backup == 60 * 4 * 2
        new_buffer(tmp_path, "B")  # and A gets a new signal and a new device, and C is new
        a = await stack.enter_async_context(
            real_edge(tmp_path, mqtt_url, group, "A", {"D1": [LOAD, SPEED], "D2": [LOAD]})
        )
        b = await stack.enter_async_context(real_edge(tmp_path, mqtt_url, group, "B", {"D1": [LOAD]}))
        c = await stack.enter_async_context(real_edge(tmp_path, mqtt_url, group, "C", {"D1": [LOAD]}))
        edges = {"A": a, "B": b, "C": c}
        for edge in edges.values():
            await edge.produce(90)
        await drained(tuple(edges.values()))
        at_loss = rows(dsn)
        assert at_loss == at_backup + 3 * 90 * 4
        await asyncio.to_thread(backup.put_back)
        assert rows(dsn) == at_backup
        total = at_loss
        while rows(dsn) < at_loss:  # the plant goes on
            for edge in edges.values():
                await edge.produce(1)
                total += 4
            assert total < at_loss + 4 * 3 * 300, f"{rows(dsn)} of {total} rows are back"
            await asyncio.sleep(0.2)
        await drained(tuple(edges.values()))
        await until(lambda: gateway.engine.core.database.up, "the gateway has its database")
        produced = {name: edge.produced for name, edge in edges.items()}
        await until(
            lambda: all(accounts(dsn)[n, True][0] == p[0] for n, p in produced.items()), "totals are told"
        )
        assert gateway.engine.core.rebirths.asked > 0
    record_property("rows", f"{at_backup} at the backup, {at_loss} at the loss, {total} in the end")
    found = accounts(dsn)
    for name, (batches, samples) in produced.items():
        assert found[name, True] == (batches, samples, samples)
    assert found["B", False] == (*before_backup["B"], before_backup["B"][1])
    assert rows(dsn) == total == sum(s for _, s in produced.values()) + before_backup["B"][1]
    with psycopg.connect(dsn) as connection:
        series = connection.execute(
            "SELECT edge_node, d.name, s.name, count(*) > 0 FROM telemetry.node JOIN telemetry.device d USING (node_id)"
            " JOIN telemetry.series s USING (device_id) JOIN telemetry.sample USING (series_id) GROUP BY 1, 2, 3 ORDER BY 1, 2, 3"
        ).fetchall()
    assert series == [
        ("A", "D1", LOAD, True),
        ("A", "D1", SPEED, True),
        ("A", "D2", LOAD, True),
        ("B", "D1", LOAD, True),
        ("C", "D1", LOAD, True),
    ]
