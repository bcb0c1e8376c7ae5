"""The buffer's SQLite file: schema, opening, damage. One thread uses it; `chejian_edge.buffer` is what others call."""

import contextlib
import fcntl
import logging
import os
import secrets
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path

from chejian_edge.errors import BufferCorruptError, BufferFullError, EdgeError
from chejian_edge.salvage import salvage

_log = logging.getLogger(__name__)

SCHEMA_VERSION = 2
_SCHEMA = """
CREATE TABLE identity (
    one              INTEGER PRIMARY KEY CHECK (one = 1),
    ledger_id        INTEGER NOT NULL,             -- random, 63 bits
    last_number      INTEGER NOT NULL DEFAULT 0,   -- of the last batch = batches produced
    produced_samples INTEGER NOT NULL DEFAULT 0,
    acked_batches    INTEGER NOT NULL DEFAULT 0,
    acked_samples    INTEGER NOT NULL DEFAULT 0,
    lost_batches     INTEGER NOT NULL DEFAULT 0,
    lost_samples     INTEGER NOT NULL DEFAULT 0,
    bd_seq           INTEGER NOT NULL DEFAULT -1,
    opened_at        INTEGER,                      -- last_number at the first opening since the host last agreed
    opened_samples   INTEGER,                      -- produced_samples at the same moment
    clean            INTEGER NOT NULL DEFAULT 0    -- closed in order
);
CREATE TABLE batch (
    number     INTEGER PRIMARY KEY,
    device     TEXT NOT NULL,
    historical INTEGER NOT NULL,
    samples    INTEGER NOT NULL,
    size       INTEGER NOT NULL,
    created_ms INTEGER NOT NULL,
    crc        INTEGER,                            -- CRC-32 of the body (NULL in batches of format 1)
    acked_ms   INTEGER
);
CREATE INDEX batch_open ON batch (number) WHERE acked_ms IS NULL;
-- Apart from `batch`, so that an acknowledgement does not rewrite the metrics.
CREATE TABLE body (number INTEGER PRIMARY KEY, data BLOB NOT NULL);
CREATE TABLE lost (lo INTEGER PRIMARY KEY, hi INTEGER NOT NULL);
CREATE TABLE alias (
    alias       INTEGER PRIMARY KEY,
    device      TEXT NOT NULL,
    name        TEXT NOT NULL,
    datatype    TEXT NOT NULL,
    unit        TEXT NOT NULL,
    last_number INTEGER NOT NULL DEFAULT 0,        -- set at retirement: listed until this batch is acknowledged
    retired     INTEGER NOT NULL DEFAULT 0,
    UNIQUE (device, name, datatype, unit)
);
CREATE TABLE series (
    alias     INTEGER PRIMARY KEY,
    last_ms   INTEGER NOT NULL,
    source_ms INTEGER NOT NULL,
    value     TEXT NOT NULL,
    quality   INTEGER NOT NULL,
    ties      TEXT NOT NULL
);
CREATE TABLE source (name TEXT PRIMARY KEY, status TEXT NOT NULL);
"""


def new_ledger_id() -> int:
    """A random identity, 1 to 2^63 - 1."""
    return secrets.randbelow(2**63 - 1) + 1


class FileLock:
    """Keeps two agents off one buffer; the system releases it when the process dies."""

    def __init__(self, path: Path) -> None:
        self._path = path.with_name(path.name + ".lock")
        self._handle: int | None = None

    def take(self) -> None:
        """Lock.

        Raises:
            EdgeError: another process has the buffer.
        """
        handle = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(handle)
            raise EdgeError(f"{self._path}: another chejian-edge uses this buffer; stop it first") from error
        self._handle = handle

    def release(self) -> None:
        """Unlock."""
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None


def open_store(path: Path) -> sqlite3.Connection:
    """Open the file, make it when missing; a damaged one is moved aside and a new one made of what can be read of it.

    A file that was not closed in order is checked page by page first.

    Raises:
        BufferFullError: it can't be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        return _open(path)
    except BufferCorruptError as error:
        return _rebuild(path, error)


def _rebuild(path: Path, error: BufferCorruptError) -> sqlite3.Connection:
    aside = _move_aside(path)
    try:
        with store_errors(path):
            db = _open(path)
            with transaction(db):
                found = salvage(aside, db)
                _note_opening(db)
    except BaseException:
        _log.exception("buffer %s is damaged (%s); moved to %s, which can't be read", path, error, aside)
        raise
    if found.identity:
        _log.error(
            "buffer %s is damaged (%s); moved to %s. A new file goes on under the same identity with %d batches; %d "
            "unacknowledged ones could not be read and are declared lost",
            path,
            error,
            aside,
            found.batches,
            found.lost,
        )
    else:
        _log.error(
            "buffer %s is damaged (%s); moved to %s. A new buffer with a new identity begins; batches that were not yet "
            "acknowledged are in the old file only",
            path,
            error,
            aside,
        )
    return db


def _open(path: Path) -> sqlite3.Connection:
    fresh = not path.exists()
    with store_errors(path):
        db = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=10)
        try:
            if fresh:
                db.execute("PRAGMA auto_vacuum = INCREMENTAL")  # has to come before the first page
            db.execute("PRAGMA journal_mode = WAL")
            db.execute("PRAGMA synchronous = FULL")  # a commit survives power loss
            db.execute("PRAGMA cache_size = -16384")  # 16 MiB
            if fresh or not _has_schema(db):
                _make_schema(db)
            _check(db, path)
            _note_opening(db)
        except BaseException:
            db.close()
            raise
    return db


def _note_opening(db: sqlite3.Connection) -> None:
    """Close the gate, or keep it closed: numbers above `opened_at` wait for the host's word."""
    db.execute(
        "UPDATE identity SET clean = 0, opened_at = coalesce(opened_at, last_number),"
        " opened_samples = coalesce(opened_samples, produced_samples)"
    )


def _has_schema(db: sqlite3.Connection) -> bool:
    return bool(db.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0])


def _make_schema(db: sqlite3.Connection) -> None:
    with transaction(db):
        for statement in _SCHEMA.split(";"):
            db.execute(statement)
        db.execute("INSERT INTO identity (one, ledger_id) VALUES (1, ?)", (new_ledger_id(),))
        db.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")


def _check(db: sqlite3.Connection, path: Path) -> None:
    version = db.execute("PRAGMA user_version").fetchone()[0]
    if version == 1:
        _from_version_1(db)
    elif version != SCHEMA_VERSION:
        raise EdgeError(f"buffer {path} has format {version}; this program reads {SCHEMA_VERSION}")
    row = db.execute("SELECT clean FROM identity").fetchone()
    if row is None:
        raise BufferCorruptError("it has no identity")
    if not row[0]:
        verdict = db.execute("PRAGMA quick_check(1)").fetchone()[0]
        if verdict != "ok":
            raise BufferCorruptError(verdict)


def _from_version_1(db: sqlite3.Connection) -> None:
    """Format 1 knew no gate: all its batches may have been sent, so the present moment counts as its opening."""
    with transaction(db):
        db.execute("ALTER TABLE identity ADD COLUMN opened_samples INTEGER")
        db.execute("ALTER TABLE batch ADD COLUMN crc INTEGER")
        db.execute("UPDATE identity SET opened_at = NULL")
        db.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")


def _move_aside(path: Path) -> Path:
    stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
    aside = path.with_name(f"{path.name}.damaged-{stamp}-{secrets.token_hex(2)}")
    for tail in ("", "-wal", "-shm"):
        part = path.with_name(path.name + tail)
        if part.exists():
            part.rename(aside.with_name(aside.name + tail))
    return aside


@contextlib.contextmanager
def store_errors(path: Path) -> Iterator[None]:
    """Turn SQLite's errors into ours.

    Raises:
        BufferFullError: full disk, no right to write, I/O error: the transaction did not happen.
        BufferCorruptError: damaged file.
    """
    try:
        yield
    except sqlite3.OperationalError as error:
        if "malformed" in str(error):
            raise BufferCorruptError(str(error)) from error
        raise BufferFullError(
            f"buffer {path} can't be written: {error}; free the disk or its rights"
        ) from error
    except sqlite3.DatabaseError as error:
        raise BufferCorruptError(str(error)) from error


@contextlib.contextmanager
def transaction(db: sqlite3.Connection) -> Iterator[None]:
    """One durable transaction: all of it or nothing."""
    db.execute("BEGIN IMMEDIATE")
    try:
        yield
        db.execute("COMMIT")
    except BaseException:
        if db.in_transaction:
            db.execute("ROLLBACK")
        raise


def close_store(db: sqlite3.Connection) -> None:
    """Close in order: the next opening needs no check."""
    try:
        db.execute("UPDATE identity SET clean = 1")
    finally:
        db.close()
