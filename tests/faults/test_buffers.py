"""Torn buffers: what the edge finds when it opens them again."""

import asyncio
import os
import sqlite3
import subprocess
import sys
from pathlib import Path

from chejian_edge.buffer import Buffer
from chejian_edge.config import BufferConfig
from chejian_edge.status import read_status

from tests.faults.buffers import cut_wal, spoil_page

WRITER = """
import os, sqlite3, sys
from pathlib import Path
from chejian_edge.store import open_store
db = open_store(Path(sys.argv[1]))
for number in range(1, 101):
    db.execute("BEGIN")
    db.execute("INSERT INTO batch (number, device, historical, samples, size, created_ms) VALUES (?, 'M1', 0, 1, 9, 1)",
               [number])
    db.execute("INSERT INTO body VALUES (?, ?)", [number, bytes(9)])
    db.execute("UPDATE identity SET last_number = ?, produced_samples = ?", [number, number])
    db.execute("COMMIT")
os.kill(os.getpid(), 9)
"""


def written(folder: Path) -> Path:
    """A buffer with 100 batches whose process was killed."""
    path = folder / "buffer.sqlite"
    done = subprocess.run([sys.executable, "-c", WRITER, path], check=False)
    assert done.returncode == -9
    return path


async def opened(path: Path) -> tuple[int, int]:
    """Identity and last number that an edge finds."""
    async with Buffer(BufferConfig(path)) as buffer:
        return buffer.totals.ledger_id, buffer.totals.produced_batches


def identity(path: Path) -> tuple[int, int]:
    database = sqlite3.connect(path)
    try:
        ledger_id, last = database.execute("SELECT ledger_id, last_number FROM identity").fetchone()
        return ledger_id, last
    finally:
        database.close()


def test_a_cut_log_takes_the_buffer_back_in_time(tmp_path: Path) -> None:
    path = written(tmp_path)
    aside = tmp_path / "aside"
    for tail in ("", "-wal"):
        os.link(path.with_name(path.name + tail), aside.with_name(aside.name + tail))
    assert cut_wal(path, keep=0.5) > 100
    ledger_id, last = asyncio.run(opened(path))
    assert 0 < last < 100
    assert ledger_id > 0
    assert cut_wal(path, keep=0.5) == 0  # closed in order: no log is left


def test_spoilt_metrics_are_declared_lost(tmp_path: Path) -> None:
    path = written(tmp_path)
    before = identity(path)
    assert spoil_page(path, table="body") > 1
    assert asyncio.run(opened(path)) == before
    status = read_status(path)
    assert status["lost"] == [[1, 100]]
    assert status["in_flight_batches"] == 0
    assert len(list(tmp_path.glob("buffer.sqlite.damaged-*"))) >= 1


def test_spoilt_states_end_an_identity(tmp_path: Path) -> None:
    path = written(tmp_path)
    before, _ = identity(path)
    assert spoil_page(path, table="series") > 1
    ledger_id, number = asyncio.run(opened(path))
    assert ledger_id != before
    assert number == 0
