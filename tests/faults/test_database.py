"""A database that may only be read, and one that goes back to its backup."""

from pathlib import Path

import psycopg
import pytest
from chejian.stack import EmbeddedPostgres

from tests.faults.database import ColdCopy, end_sessions, read_only


def test_read_only_ends_sessions_and_refuses_writes(database: str) -> None:
    with psycopg.connect(database, autocommit=True) as before:
        before.execute("CREATE TABLE t AS SELECT 1 AS n")
        with read_only(database):
            with pytest.raises(psycopg.OperationalError):
                before.execute("SELECT 1")
            with (
                psycopg.connect(database, autocommit=True) as inside,
                pytest.raises(psycopg.errors.ReadOnlySqlTransaction),
            ):
                inside.execute("INSERT INTO t VALUES (2)")
    with psycopg.connect(database, autocommit=True) as after:
        after.execute("INSERT INTO t VALUES (3)")
        assert after.execute("SELECT n FROM t ORDER BY n").fetchall() == [(1,), (3,)]


def test_only_the_sessions_of_one_database_are_ended(database: str, make_database: object) -> None:
    assert callable(make_database)
    other = make_database()
    with (
        psycopg.connect(other, autocommit=True) as spared,
        psycopg.connect(database, autocommit=True) as mine,
        psycopg.connect(database, autocommit=True) as ended,
    ):
        assert end_sessions(mine) == 1
        assert spared.execute("SELECT 1").fetchone() == (1,)
        with pytest.raises(psycopg.OperationalError):
            ended.execute("SELECT 1")


def test_a_cold_copy_takes_the_cluster_back(tmp_path: Path) -> None:
    folder = tmp_path / "pg"
    copy = ColdCopy(folder / "cluster", tmp_path / "backup")
    with pytest.raises(FileNotFoundError, match="take"):
        copy.put_back()
    for number in (1, 2):
        with EmbeddedPostgres(folder) as server, psycopg.connect(server.dsn(), autocommit=True) as connection:
            connection.execute("CREATE TABLE IF NOT EXISTS t (n int)")
            connection.execute("INSERT INTO t VALUES (%s)", [number])
        if number == 1:
            copy.take()
    copy.put_back()
    with EmbeddedPostgres(folder) as server, psycopg.connect(server.dsn()) as connection:
        assert connection.execute("SELECT n FROM t").fetchall() == [(1,)]
