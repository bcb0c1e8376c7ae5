"""The witness of the fault tests sees every batch that a buffer deletes."""

import sqlite3
from contextlib import closing
from pathlib import Path

from chejian_edge.ledger import Ledger
from chejian_edge.renewal import renew
from chejian_edge.store import transaction

from tests.system.witness import Witness

_BATCHES = "SELECT number, data, acked_ms FROM batch JOIN body USING (number) ORDER BY number"


def _fill(db: sqlite3.Connection, numbers: range) -> None:
    for n in numbers:
        db.execute("INSERT INTO batch VALUES (?, 'CNC-01', 0, 1, 4, 1000, NULL, ?)", (n, 2000 + n))
        db.execute("INSERT INTO body VALUES (?, ?)", (n, b"%04d" % n))
    db.execute("UPDATE identity SET last_number = ?", (numbers[-1],))


def _seen(folder: Path, ledger_id: int) -> list[tuple[int, bytes, int]]:
    with closing(sqlite3.connect(folder / f"{ledger_id}.sqlite")) as file:
        return file.execute(_BATCHES).fetchall()


def test_what_gives_way_and_what_an_old_identity_leaves_behind_is_seen(tmp_path: Path) -> None:
    db = Witness(tmp_path / "seen").open_store(tmp_path / "buffer.sqlite")
    with closing(db):
        _fill(db, range(1, 11))
        first = db.execute("SELECT ledger_id FROM identity").fetchone()[0]
        everything = db.execute(_BATCHES).fetchall()
        dropped, _ = Ledger(db, max_bytes=1000).give_way(0.3)
        assert _seen(tmp_path / "seen", first) == everything[:dropped]
        assert 0 < dropped < 10
        with transaction(db):
            renew(db)
        assert _seen(tmp_path / "seen", first) == everything


def test_the_first_batch_under_a_number_counts(tmp_path: Path) -> None:
    db = Witness(tmp_path / "seen").open_store(tmp_path / "buffer.sqlite")
    with closing(db):
        ledger_id = db.execute("SELECT ledger_id FROM identity").fetchone()[0]
        _fill(db, range(1, 2))
        db.execute("DELETE FROM body")
        db.execute("DELETE FROM batch")
        db.execute("INSERT INTO body VALUES (1, 'another')")
        db.execute("DELETE FROM body")
        assert _seen(tmp_path / "seen", ledger_id) == [(1, b"0001", 2001)]
