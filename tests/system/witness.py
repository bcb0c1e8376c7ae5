"""An edge whose buffer deletes nothing unseen: `witness.py FOLDER run ...` is `chejian-edge run ...`.

Each batch that leaves the buffer is first put into FOLDER/<ledger id>.sqlite, on a disk that has room. A buffer on a full
disk may drop what was acknowledged a moment ago; the reference needs it nevertheless.
"""

import sqlite3
import sys
from pathlib import Path
from typing import Any
from unittest.mock import patch

from chejian_edge.cli import main
from chejian_edge.store import open_store

_TABLES = ("batch", "body")


class Witness:
    """Takes what a buffer deletes.

    Args:
        folder: for one file per identity, with the buffer's tables `batch` and `body`.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._columns: dict[str, list[str]] = {}
        self._files: dict[int, sqlite3.Connection] = {}

    def open_store(self, path: Path) -> sqlite3.Connection:
        """As the edge does; triggers of this connection tell what it deletes."""
        db = open_store(path)
        db.create_function("seen", -1, self._seen)
        for table in _TABLES:
            columns = [row[1] for row in db.execute(f"PRAGMA table_info({table})")]
            self._columns[table] = columns
            values = ", ".join(f"old.{name}" for name in columns)
            db.execute(
                f"CREATE TEMP TRIGGER see_{table} BEFORE DELETE ON main.{table}"
                f" BEGIN SELECT seen('{table}', (SELECT ledger_id FROM identity), {values}); END"
            )
        return db

    def _seen(self, table: str, ledger_id: int, *row: Any) -> None:
        """What was deleted first under a number counts: a buffer that went back in time drops others under it."""
        if ledger_id not in self._files:
            self._files[ledger_id] = self._open(ledger_id)
        marks = ", ".join("?" * len(row))
        self._files[ledger_id].execute(f"INSERT OR IGNORE INTO {table} VALUES ({marks})", row)

    def _open(self, ledger_id: int) -> sqlite3.Connection:
        file = sqlite3.connect(
            self._folder / f"{ledger_id}.sqlite", isolation_level=None, check_same_thread=False
        )
        file.execute("PRAGMA journal_mode = WAL")
        file.execute("PRAGMA synchronous = OFF")  # processes are killed, the machine is not
        for table, columns in self._columns.items():
            names = ", ".join(columns[1:])
            file.execute(f"CREATE TABLE IF NOT EXISTS {table} ({columns[0]} INTEGER PRIMARY KEY, {names})")
        return file


if __name__ == "__main__":
    witness = Witness(Path(sys.argv.pop(1)))
    with patch("chejian_edge.buffer.open_store", witness.open_store):
        sys.exit(main())
