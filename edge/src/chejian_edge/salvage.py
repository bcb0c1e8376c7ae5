"""A damaged buffer file: what can be read of it goes into a new one.

The new file keeps the identity when identity, aliases, declared losses and series states can be read completely. Then
batches are as they were; those that can't be read, or whose checksum is wrong, are declared lost, and the gate finds out
what a torn log took away. Without the identity nobody could say which batches the host has, so none is taken over; but
aliases and series states are, as far as they go, so that sources with history do not deliver everything again.
"""

import sqlite3
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from chejian_contract.errors import PayloadError
from chejian_contract.ledger import Range, merge, subtract
from chejian_contract.sparkplug.payload import parse_payload

Row = tuple[Any, ...]

_WHOLE = ("identity", "alias", "lost", "series")
"""Tables that must be complete for the identity to be kept."""


@dataclass
class Salvage:
    """What came out.

    Attributes:
        identity: whether the identity was kept.
        batches: taken over.
        lost: unacknowledged batches that could not be read, declared lost.
    """

    identity: bool = False
    batches: int = 0
    lost: int = 0


@dataclass
class _Found:
    tables: dict[str, list[Row]] = field(default_factory=dict)
    columns: dict[str, str] = field(default_factory=dict)
    batches: dict[int, Row] = field(default_factory=dict)
    bodies: dict[int, bytes] = field(default_factory=dict)
    doubtful: list[Range] = field(default_factory=list)


def salvage(damaged: Path, db: sqlite3.Connection) -> Salvage:
    """Copy what can be read of `damaged` into the fresh store `db`, within a transaction of the caller."""
    old = sqlite3.connect(damaged, isolation_level=None)
    try:
        old.execute(
            "PRAGMA writable_schema = ON"
        )  # only then SQLite opens a file that is shorter than its header says
        found = _read(old)
    except sqlite3.DatabaseError:
        return Salvage()
    finally:
        old.close()
    for table, rows in found.tables.items():
        if table != "identity" and rows:
            marks = ", ".join("?" * len(rows[0]))
            db.executemany(f"INSERT INTO {table} ({found.columns[table]}) VALUES ({marks})", rows)  # noqa: S608 - names of our schema
    if set(_WHOLE) - found.tables.keys():
        db.execute("DELETE FROM lost")
        db.execute("UPDATE alias SET last_number = 0")
        return Salvage()
    columns = found.columns["identity"]
    marks = ", ".join("?" * len(found.tables["identity"][0]))
    db.execute("DELETE FROM identity")
    db.execute(f"INSERT INTO identity ({columns}) VALUES ({marks})", found.tables["identity"][0])  # noqa: S608 - same
    return _batches(db, found)


def _read(old: sqlite3.Connection) -> _Found:
    found = _Found()
    for table in _WHOLE:
        names = [row[1] for row in old.execute(f"PRAGMA table_info({table})")]
        found.columns[table] = ", ".join(names)
        try:
            rows = old.execute(f"SELECT {found.columns[table]} FROM {table}").fetchall()  # noqa: S608 - same
        except sqlite3.DatabaseError:
            continue
        if table != "identity" or len(rows) == 1:
            found.tables[table] = rows
    if "identity" in found.tables:
        last = old.execute("SELECT last_number FROM identity").fetchone()[0]
        _read_batches(old, found, int(last))
    return found


def _read_batches(old: sqlite3.Connection, found: _Found, last: int) -> None:
    known = [row[1] for row in old.execute("PRAGMA table_info(batch)")]
    crc = "crc" if "crc" in known else "NULL"  # format 1 had none
    columns = f"number, device, historical, samples, size, created_ms, {crc}, acked_ms"

    def batch(lo: int, hi: int) -> list[Row]:
        return old.execute(
            f"SELECT {columns} FROM batch NOT INDEXED WHERE number BETWEEN ? AND ?",  # noqa: S608 - one of two constants
            (lo, hi),
        ).fetchall()

    def body(lo: int, hi: int) -> list[Row]:
        return old.execute("SELECT number, data FROM body WHERE number BETWEEN ? AND ?", (lo, hi)).fetchall()

    rows, unread = _readable(batch, last)
    found.batches = {row[0]: row for row in rows}
    found.doubtful = unread
    bodies, _ = _readable(body, last)
    found.bodies = dict(bodies)


def _readable(read: Callable[[int, int], list[Row]], last: int) -> tuple[list[Row], list[Range]]:
    """All rows that can be read, and the ranges of numbers that can't: halves of halves until they can."""
    rows: list[Row] = []
    unread: list[Range] = []
    work = [(lo, min(lo + 1023, last)) for lo in range(1, last + 1, 1024)]
    while work:
        lo, hi = work.pop()
        try:
            rows += read(lo, hi)
        except sqlite3.DatabaseError:
            if lo == hi:
                unread.append((lo, hi))
            else:
                middle = (lo + hi) // 2
                work += [(lo, middle), (middle + 1, hi)]
    return rows, merge(unread)


def _batches(db: sqlite3.Connection, found: _Found) -> Salvage:
    devices = {row[0]: row[1] for row in db.execute("SELECT alias, device FROM alias")}
    gone: list[Range] = list(found.doubtful)
    for number in sorted(found.batches.keys() | found.bodies.keys()):
        row, data = found.batches.get(number), found.bodies.get(number)
        if row is None and data is not None:
            row = _rebuilt(number, data, devices)
        if row is not None and data is not None and (row[6] is None or zlib.crc32(data) == row[6]):
            db.execute(
                "INSERT INTO batch (number, device, historical, samples, size, created_ms, crc, acked_ms)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                row,
            )
            db.execute("INSERT INTO body VALUES (?, ?)", (number, data))
        elif row is None or row[7] is None:
            gone.append((number, number))
    numbers = [(n, n) for (n,) in db.execute("SELECT number FROM batch")]
    return Salvage(True, len(numbers), _declare(db, numbers, subtract(gone, numbers)))


def _rebuilt(number: int, data: bytes, devices: dict[int, str]) -> Row | None:
    """The row of a batch from its metrics; as nobody knows whether it was acknowledged, it is offered again."""
    try:
        metrics = parse_payload(data).metrics
    except PayloadError:
        return None
    named = {devices.get(m.alias) for m in metrics}
    if len(named) != 1 or None in named:
        return None
    historical = all(m.is_historical for m in metrics)
    return (
        number,
        named.pop(),
        historical,
        len(metrics),
        len(data),
        metrics[-1].timestamp,
        zlib.crc32(data),
        None,
    )


def _declare(db: sqlite3.Connection, kept: list[Range], gone: list[Range]) -> int:
    """Declare what is gone lost, and set the account right; returns how many batches in flight were not read.

    Of an unreadable row nobody knows whether it was acknowledged. Its number is declared in any case: the host keeps as
    stored what it has. The samples are those in flight that no readable batch holds.
    """
    last, flight, samples = db.execute(
        "SELECT last_number, last_number - acked_batches - lost_batches,"
        " produced_samples - acked_samples - lost_samples FROM identity"
    ).fetchone()
    still, still_samples = db.execute(
        "SELECT count(*), coalesce(sum(samples), 0) FROM batch WHERE acked_ms IS NULL"
    ).fetchone()
    known = [(lo, hi) for lo, hi in db.execute("SELECT lo, hi FROM lost")]
    ranges = merge([*known, *gone])
    nameless = flight - still - (_count(ranges) - _count(known))
    if nameless > 0:  # vanished without a trace; the lowest absent numbers are those whose retention was over
        ranges = merge([*ranges, *_highest(subtract([(1, last)], [*kept, *ranges]), nameless)])
    db.execute("DELETE FROM lost")
    db.executemany("INSERT INTO lost VALUES (?, ?)", ranges)
    db.execute(
        "UPDATE identity SET lost_batches = ?, acked_batches = last_number - ? - ?,"
        " lost_samples = lost_samples + ?, acked_samples = produced_samples - (lost_samples + ?) - ?",
        (
            _count(ranges),
            _count(ranges),
            still,
            *2 * (max(samples - still_samples, 0),),
            still_samples,
        ),
    )
    return max(int(flight) - int(still), 0)


def _count(ranges: list[Range]) -> int:
    return sum(hi - lo + 1 for lo, hi in ranges)


def _highest(ranges: list[Range], count: int) -> list[Range]:
    """The `count` highest numbers."""
    out = []
    for lo, hi in reversed(ranges):
        if count <= 0:
            break
        out.append((max(lo, hi - count + 1), hi))
        count -= out[-1][1] - out[-1][0] + 1
    return out
