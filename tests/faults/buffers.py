"""A torn buffer: the SQLite file of an edge that is down, damaged as a lying disk damages it."""

import sqlite3
from pathlib import Path

PAGE = 4096
"""SQLite's default page size [bytes]."""
_FRAME = PAGE + 24
_WAL_HEADER = 32


def cut_wal(path: Path, *, keep: float) -> int:
    """Cut the write-ahead log to a share of its frames: the last commits never reached the disk.

    The file stays whole and goes back in time. Returns the number of frames cut off; 0 where there is no log (an edge
    that was closed in order has none).
    """
    wal = path.with_name(path.name + "-wal")
    if not wal.exists() or wal.stat().st_size <= _WAL_HEADER:
        return 0
    frames = (wal.stat().st_size - _WAL_HEADER) // _FRAME
    kept = int(frames * keep)
    with wal.open("r+b") as file:
        file.truncate(_WAL_HEADER + kept * _FRAME)
    path.with_name(path.name + "-shm").unlink(missing_ok=True)
    return frames - kept


def spoil_page(path: Path, *, table: str = "body") -> int:
    """Overwrite the root page of a table with garbage; returns the number of the page.

    A spoilt `body` costs the metrics of the batches, a spoilt `series` the identity.

    The log is moved into the file before, or it would heal the page.
    """
    database = sqlite3.connect(path, isolation_level=None)
    try:
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        page: int = database.execute("SELECT rootpage FROM sqlite_schema WHERE name = ?", [table]).fetchone()[
            0
        ]
        database.execute("UPDATE identity SET clean = 0")
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    finally:
        database.close()
    with path.open("r+b") as file:
        file.seek((page - 1) * PAGE)
        file.write(b"\xa5" * PAGE)
    return page
