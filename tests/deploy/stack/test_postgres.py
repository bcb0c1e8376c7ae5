"""The embedded PostgreSQL server, for real."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psycopg
import pytest
import sqlalchemy
from chejian.stack import EmbeddedPostgres, InUseError, StackError
from chejian.stack.postgres import MAJOR

OWNER = """
import sys, time
from pathlib import Path
from chejian.stack import EmbeddedPostgres
with EmbeddedPostgres(Path(sys.argv[1])) as server:
    server.create_database("plant")
    print(server.dsn("plant"), flush=True)
    time.sleep(600)
"""


def setting(url: str, name: str) -> str:
    with psycopg.connect(url) as connection:
        row = connection.execute("SELECT current_setting(%s)", [name]).fetchone()
    assert row is not None
    return str(row[0])


def test_settings_and_reuse(tmp_path: Path) -> None:
    """The settings that decide the ingest rate and the safety are there, and data outlives the server."""
    with EmbeddedPostgres(tmp_path / "pg", tcp_port=0) as server:
        url = server.create_database("plant")
        assert server.create_database("plant") == url
        with psycopg.connect(url) as connection:
            connection.execute("CREATE TABLE t (name text)")
            connection.execute("INSERT INTO t VALUES ('车间')")
        assert setting(url, "max_wal_size") == "4GB"
        assert setting(url, "shared_buffers") == "512MB"
        assert (setting(url, "fsync"), setting(url, "synchronous_commit")) == ("on", "on")
        assert setting(url, "TimeZone") == "UTC"
        assert setting(url, "server_encoding") == "UTF8"
        assert setting(url, "wal_compression") == "off"
    with EmbeddedPostgres(tmp_path / "pg") as server, psycopg.connect(server.dsn("plant")) as connection:
        assert connection.execute("SELECT name FROM t").fetchall() == [("车间",)]


def test_tcp_needs_the_password(tmp_path: Path) -> None:
    with EmbeddedPostgres(tmp_path / "pg", tcp_port=0, durable=False) as server:
        url = server.dsn(tcp=True)
        psycopg.connect(url).close()
        with pytest.raises(psycopg.OperationalError, match="password"):
            psycopg.connect(url.replace(server.password, "guess"))
        assert (tmp_path / "pg" / "password").stat().st_mode & 0o077 == 0
    with pytest.raises(StackError, match="socket only"):
        EmbeddedPostgres(tmp_path / "other").dsn(tcp=True)


def test_url_suits_sqlalchemy(database: str) -> None:
    engine = sqlalchemy.create_engine(database.replace("postgresql:", "postgresql+psycopg:"))
    with engine.connect() as connection:
        assert connection.execute(sqlalchemy.text("SELECT 40 + 2")).scalar() == 42
    engine.dispose()


def test_databases_of_two_tests_are_apart(make_database: object) -> None:
    assert callable(make_database)
    first, second = make_database(), make_database()
    with psycopg.connect(first) as connection:
        connection.execute("CREATE TABLE mine (x int)")
    with psycopg.connect(second) as connection:
        assert connection.execute("SELECT to_regclass('mine')").fetchone() == (None,)


def test_deep_folder_gets_a_short_socket_path(tmp_path: Path) -> None:
    """A socket's path has room for about a hundred bytes; a factory's folder may be longer, and Chinese."""
    deep = tmp_path / ("数字化车间" * 8) / "pg"
    with EmbeddedPostgres(deep, durable=False) as server:
        assert not server.socket_dir.is_relative_to(deep)
        assert setting(server.dsn(), "server_encoding") == "UTF8"


def test_folder_closed_to_others(tmp_path: Path) -> None:
    """Below a folder like /root, which the server's user may not enter and whose permissions are not ours to change."""
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    with EmbeddedPostgres(closed / "pg", durable=False) as server:
        assert setting(server.create_database("plant"), "server_encoding") == "UTF8"
    assert closed.stat().st_mode & 0o777 == 0o700


def test_folder_has_one_owner(tmp_path: Path) -> None:
    with (
        EmbeddedPostgres(tmp_path / "pg", durable=False),
        pytest.raises(InUseError, match=f"in use by process {os.getpid()}"),
        EmbeddedPostgres(tmp_path / "pg"),
    ):
        raise AssertionError("two servers over one folder")


def test_other_version_is_refused(tmp_path: Path) -> None:
    (tmp_path / "pg" / "cluster").mkdir(parents=True)
    (tmp_path / "pg" / "cluster" / "PG_VERSION").write_text("15\n")
    with pytest.raises(StackError, match=f"PostgreSQL 15, the embedded server is version {MAJOR}"):
        EmbeddedPostgres(tmp_path / "pg").prepare()


def test_killed_owner_loses_nothing_committed(tmp_path: Path) -> None:
    """SIGKILL of the owner: the server ends by itself, the next one starts over its data."""
    owner = subprocess.Popen(
        [sys.executable, "-c", OWNER, str(tmp_path / "pg")], stdout=subprocess.PIPE, text=True
    )
    try:
        assert owner.stdout is not None
        url = owner.stdout.readline().strip()
        with psycopg.connect(url) as connection:
            connection.execute("CREATE TABLE t AS SELECT generate_series(1, 1000) AS n")
    finally:
        owner.kill()
        owner.communicate()
    with EmbeddedPostgres(tmp_path / "pg") as server, psycopg.connect(server.dsn("plant")) as connection:
        assert connection.execute("SELECT count(*), sum(n) FROM t").fetchone() == (1000, 500500)


def test_killed_server_recovers(tmp_path: Path) -> None:
    """SIGKILL of server and owner at once (power loss): a stale lock file is no obstacle."""
    server = EmbeddedPostgres(tmp_path / "pg")
    with server:
        with psycopg.connect(server.create_database("plant")) as connection:
            connection.execute("CREATE TABLE t AS SELECT 7 AS n")
        pid = int((tmp_path / "pg" / "cluster" / "postmaster.pid").read_text().splitlines()[0])
        os.kill(pid, signal.SIGKILL)
        deadline = time.monotonic() + 10
        while server.ready():
            assert time.monotonic() < deadline
    assert (tmp_path / "pg" / "cluster" / "postmaster.pid").exists()
    with EmbeddedPostgres(tmp_path / "pg") as again, psycopg.connect(again.dsn("plant")) as connection:
        assert connection.execute("SELECT n FROM t").fetchall() == [(7,)]
