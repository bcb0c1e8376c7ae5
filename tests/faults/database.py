"""A database that takes no writes for a time, and one that is put back from a backup."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import unquote, urlsplit

import psycopg
from psycopg import sql


@contextmanager
def read_only(dsn: str) -> Iterator[None]:
    """Sessions of a database may only read inside the block; those that are open are ended at both its ends."""
    _set_read_only(dsn, on=True)
    try:
        yield
    finally:
        _set_read_only(dsn, on=False)


def _set_read_only(dsn: str, *, on: bool) -> None:
    name = sql.Identifier(unquote(urlsplit(dsn).path.removeprefix("/")))
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute("SET default_transaction_read_only = off")
        word = sql.SQL(
            "SET default_transaction_read_only = on" if on else "RESET default_transaction_read_only"
        )
        connection.execute(sql.SQL("ALTER DATABASE {} {}").format(name, word))
        end_sessions(connection)


def end_sessions(connection: psycopg.Connection) -> int:
    """End all other sessions of a database; returns how many there were."""
    return connection.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'"
    ).rowcount


class ColdCopy:
    """A copy of the files of a stopped cluster.

    Args:
        cluster: folder of the cluster; its server must be down in `take` and in `put_back`.
        backup: where the copy goes.
    """

    def __init__(self, cluster: Path, backup: Path) -> None:
        self._cluster = cluster
        self._backup = backup

    def take(self) -> None:
        """Copy, with the owners of the files; an earlier copy is replaced."""
        shutil.rmtree(self._backup, ignore_errors=True)
        _copy(self._cluster, self._backup)

    def put_back(self) -> None:
        """The cluster is what it was when `take` was called."""
        if not self._backup.exists():
            raise FileNotFoundError(f"{self._backup}: take() has not been called")
        for entry in self._cluster.iterdir():
            shutil.rmtree(entry) if entry.is_dir() and not entry.is_symlink() else entry.unlink()
        _copy(self._backup, self._cluster)


def _copy(source: Path, target: Path) -> None:
    shutil.copytree(source, target, symlinks=True, dirs_exist_ok=True)
    for path in (source, *source.rglob("*")):
        shutil.chown(target / path.relative_to(source), path.lstat().st_uid, path.lstat().st_gid)
    shutil.copystat(source, target)
