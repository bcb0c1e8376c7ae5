"""A full disk, and a file that has grown: how the buffer goes on when it can't grow, and how it shrinks again.

SQLite needs room even to delete: changed pages go to the log first. So a reserve file is kept beside the buffer. When
the disk is full it is given up, the log is emptied into the file, and the oldest batches are dropped (acknowledged ones
first, then others, which are declared lost) until enough pages within the file are free. From then on the buffer lives
within the size that it has, until the reserve can be made again.
"""

import logging
import os
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from chejian_edge.ledger import Ledger

T = TypeVar("T")

_log = logging.getLogger(__name__)

RESERVE_BYTES = 8 * 2**20
"""Twice SQLite's log at its usual longest (1000 pages of 4 KiB)."""
GIVE_WAY_SHARE = 0.1
"""Share of the stored bytes that is dropped at once on a full disk."""
ENOUGH_FREE = 2.0
"""So many times the reserve has to be free on the disk before the buffer grows again."""
IDLE_BYTES = 16 * 2**20
"""Free room within the file that is kept: growing again costs more than keeping it."""
STEP_PAGES = 256
"""Pages given back in one step, 1 MiB: some milliseconds."""


class Relief:
    """Used in the buffer's thread only.

    Args:
        path: of the buffer's file.
    """

    def __init__(self, path: Path) -> None:
        self._reserve = path.with_name(path.name + ".reserve")
        self._db: sqlite3.Connection | None = None
        self._ledger: Ledger | None = None
        self._short = False

    @property
    def short(self) -> bool:
        """Whether the disk was full, and the buffer still lives within the size that it had then."""
        return self._short

    def serve(self, db: sqlite3.Connection, ledger: Ledger) -> None:
        """Take an open store."""
        self._db, self._ledger, self._short = db, ledger, False
        self._keep_reserve()

    def end(self) -> None:
        """The store is about to be closed."""
        self._db = self._ledger = None
        self._reserve.unlink(missing_ok=True)

    def with_room(self, call: Callable[[], T]) -> T:
        """Make the call; on a full disk make room and try once more.

        Raises:
            sqlite3.Error: as the call does.
        """
        try:
            return call()
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_FULL or self._db is None or self._ledger is None:
                raise
            self._make_room(self._db, self._ledger)
            return call()

    def _make_room(self, db: sqlite3.Connection, ledger: Ledger) -> None:
        if not self._short:
            _log.error("the disk of the buffer is full; the buffer goes on within its present size")
        self._short = True
        self._reserve.unlink(missing_ok=True)
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        if _pragma(db, "freelist_count") * _pragma(db, "page_size") < RESERVE_BYTES // 4:
            dropped, lost = ledger.give_way(GIVE_WAY_SHARE)
            _log.warning(
                "the buffer dropped %d acknowledged batches, and %d others that are declared lost",
                dropped,
                lost,
            )
            db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        ledger.stay_within()

    def give_back(self) -> int:
        """Some free pages back to the disk, or the limit of a full disk lifted; 0 when there is nothing to do."""
        if self._db is None or self._ledger is None:
            return 0
        if self._short:
            self._look_for_room(self._ledger)
            return 0
        free = _pragma(self._db, "freelist_count") * _pragma(self._db, "page_size")
        if free <= IDLE_BYTES or not _pragma(self._db, "auto_vacuum"):
            return 0
        self._db.executescript(
            f"PRAGMA incremental_vacuum({STEP_PAGES})"
        )  # execute() would free one page only
        return 1

    def _look_for_room(self, ledger: Ledger) -> None:
        disk = os.statvfs(self._reserve.parent)
        if disk.f_bavail * disk.f_frsize >= ENOUGH_FREE * RESERVE_BYTES and self._keep_reserve():
            self._short = False
            ledger.grow_again()
            _log.info("the disk of the buffer has room again")

    def _keep_reserve(self) -> bool:
        try:
            handle = os.open(self._reserve, os.O_RDWR | os.O_CREAT, 0o600)
            try:
                os.posix_fallocate(handle, 0, RESERVE_BYTES)
            finally:
                os.close(handle)
        except OSError as error:
            self._reserve.unlink(missing_ok=True)
            if not self._short:
                _log.warning("no reserve for a full disk beside the buffer: %s", error)
            return False
        return True


def _pragma(db: sqlite3.Connection, name: str) -> int:
    return int(db.execute(f"PRAGMA {name}").fetchone()[0])
