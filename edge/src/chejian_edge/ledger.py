"""The ledger of the buffer, in SQL: numbering, acknowledging, losing, renewing. Synchronous; see `chejian_edge.buffer`."""

import sqlite3
from collections.abc import Iterable, Sequence
from enum import Enum
from itertools import pairwise
from typing import NamedTuple

from chejian_contract.ledger import MAX_ACK_RANGES, Ack, Range, merge

from chejian_edge.batch import Closed
from chejian_edge.series import SeriesState
from chejian_edge.store import new_ledger_id, transaction

PURGE_ROWS = 500
"""Old acknowledged batches deleted in one transaction: some milliseconds of work."""


class Totals(NamedTuple):
    """The account of one identity: produced = acknowledged + lost + in flight, in batches and in samples."""

    ledger_id: int
    produced_batches: int
    produced_samples: int
    acknowledged_batches: int
    acknowledged_samples: int
    in_flight_batches: int
    in_flight_samples: int
    lost_batches: int
    lost_samples: int
    lost: tuple[Range, ...]
    oldest_unacknowledged_ms: int | None


class BatchInfo(NamedTuple):
    """A committed batch without its metrics."""

    number: int
    device: str
    historical: bool
    samples: int
    size: int
    created_ms: int


class StoredBatch(NamedTuple):
    """A committed batch with its metrics."""

    info: BatchInfo
    data: bytes


class AckResult(Enum):
    """What an acknowledgement meant."""

    TAKEN = "taken"
    FOREIGN = "foreign"
    AHEAD = "ahead"
    """The host has batches that this buffer never made: it was rolled back."""
    BEHIND = "behind"
    """The host has less than it had: it was rolled back, or the message is old."""


class Ledger:
    """The account on an open store.

    Args:
        db: from `open_store`.
        max_bytes: of stored batches.
    """

    def __init__(self, db: sqlite3.Connection, *, max_bytes: int) -> None:
        self._db = db
        self._max_bytes = max_bytes
        self._bytes: int = db.execute("SELECT coalesce(sum(size), 0) FROM batch").fetchone()[0]

    def totals(self) -> Totals:
        """The account now; in flight is what is neither acknowledged nor lost (`read_totals` counts the rows)."""
        return _totals(self._db, count=False)

    def commit(
        self, batches: Sequence[Closed], states: Iterable[SeriesState], now_ms: int
    ) -> list[BatchInfo]:
        """Number the batches and make them durable, with the states of their series; drop the oldest beyond the limit.

        Raises:
            sqlite3.Error: nothing was committed.
        """
        before = self._bytes
        try:
            with transaction(self._db):
                first = self._db.execute("SELECT last_number FROM identity").fetchone()[0] + 1
                infos = [
                    BatchInfo(first + i, b.device, b.historical, b.samples, len(b.data), now_ms)
                    for i, b in enumerate(batches)
                ]
                self._insert(infos, batches, states)
                self._bytes += sum(info.size for info in infos)
                if self._bytes > self._max_bytes:
                    self._make_room()
        except BaseException:
            self._bytes = before
            raise
        return infos

    def _insert(
        self, infos: list[BatchInfo], batches: Sequence[Closed], states: Iterable[SeriesState]
    ) -> None:
        self._db.executemany(
            "INSERT INTO batch (number, device, historical, samples, size, created_ms) VALUES (?, ?, ?, ?, ?, ?)",
            infos,
        )
        self._db.executemany(
            "INSERT INTO body VALUES (?, ?)",
            [(info.number, batch.data) for info, batch in zip(infos, batches, strict=True)],
        )
        self._db.executemany("INSERT OR REPLACE INTO series VALUES (?, ?, ?, ?, ?, ?)", states)
        self._db.execute(
            "UPDATE identity SET last_number = last_number + ?, produced_samples = produced_samples + ?",
            (len(infos), sum(info.samples for info in infos)),
        )

    def _make_room(self) -> None:
        """Delete the oldest acknowledged batches, then declare the oldest others lost; within a transaction."""
        for acked in (True, False):
            condition = "IS NOT NULL" if acked else "IS NULL"
            rows = self._db.execute(
                f"SELECT number, size, samples FROM batch WHERE acked_ms {condition} ORDER BY number"  # noqa: S608 - one of two constants
            )
            gone = []
            for row in rows:
                if self._bytes <= self._max_bytes:
                    break
                gone.append(row)
                self._bytes -= row[1]
            rows.close()
            self._delete([row[0] for row in gone])
            if gone and not acked:
                self._declare_lost([row[0] for row in gone], sum(row[2] for row in gone))

    def _delete(self, numbers: Iterable[int]) -> None:
        keys = [(n,) for n in numbers]
        self._db.executemany("DELETE FROM batch WHERE number = ?", keys)
        self._db.executemany("DELETE FROM body WHERE number = ?", keys)

    def _declare_lost(self, numbers: list[int], samples: int) -> None:
        known = self._db.execute("SELECT lo, hi FROM lost").fetchall()
        ranges = merge([*known, *((n, n) for n in numbers)])
        self._db.execute("DELETE FROM lost")
        self._db.executemany("INSERT INTO lost VALUES (?, ?)", ranges)
        self._db.execute(
            "UPDATE identity SET lost_batches = lost_batches + ?, lost_samples = lost_samples + ?",
            (len(numbers), samples),
        )

    def purge(self, before_ms: int) -> int:
        """Delete acknowledged batches acknowledged before `before_ms`, some at a time; returns how many."""
        rows = self._db.execute(
            "SELECT number, size FROM batch WHERE acked_ms < ? ORDER BY number LIMIT ?",
            (before_ms, PURGE_ROWS),
        ).fetchall()
        if rows:
            with transaction(self._db):
                self._delete(row[0] for row in rows)
            self._bytes -= sum(row[1] for row in rows)
        return len(rows)

    def acknowledge(self, ack: Ack, now_ms: int) -> AckResult:
        """Take what the host has handled."""
        ledger_id, last = self._db.execute("SELECT ledger_id, last_number FROM identity").fetchone()
        if ack.ledger_id != ledger_id:
            return AckResult.FOREIGN
        if max(ack.up_to, ack.ranges[-1][1] if ack.ranges else 0) > last:
            return AckResult.AHEAD
        with transaction(self._db):
            for lo, hi in _handled(ack):
                self._mark(lo, hi, now_ms)
            self._db.execute("UPDATE identity SET opened_at = NULL")
        return AckResult.BEHIND if self._missing(ack) else AckResult.TAKEN

    def _mark(self, lo: int, hi: int, now_ms: int) -> None:
        batches, samples = self._db.execute(
            "SELECT count(*), coalesce(sum(samples), 0) FROM batch WHERE acked_ms IS NULL AND number BETWEEN ? AND ?",
            (lo, hi),
        ).fetchone()
        if batches:
            self._db.execute(
                "UPDATE batch SET acked_ms = ? WHERE acked_ms IS NULL AND number BETWEEN ? AND ?",
                (now_ms, lo, hi),
            )
            self._count_acked(batches, samples)

    def _count_acked(self, batches: int, samples: int) -> None:
        self._db.execute(
            "UPDATE identity SET acked_batches = acked_batches + ?, acked_samples = acked_samples + ?",
            (batches, samples),
        )

    def _missing(self, ack: Ack) -> bool:
        """Whether a batch that was acknowledged before is not in the host's first gap now."""
        gap_end = ack.ranges[0][0] if ack.ranges else 2**63 - 1
        row = self._db.execute(
            "SELECT 1 FROM batch WHERE acked_ms IS NOT NULL AND number > ? AND number < ? LIMIT 1",
            (ack.up_to, gap_end),
        ).fetchone()
        return row is not None

    def host_rolled_back(self, ack: Ack) -> int:
        """Open again what the host no longer has, as far as it is kept here; returns how many batches."""
        gaps = _gaps(ack)
        opened = 0
        with transaction(self._db):
            for lo, hi in gaps:
                batches, samples = self._db.execute(
                    "SELECT count(*), coalesce(sum(samples), 0) FROM batch"
                    " WHERE acked_ms IS NOT NULL AND number BETWEEN ? AND ?",
                    (lo, hi),
                ).fetchone()
                self._db.execute("UPDATE batch SET acked_ms = NULL WHERE number BETWEEN ? AND ?", (lo, hi))
                self._count_acked(-batches, -samples)
                opened += batches
        return opened

    def published(self, numbers: Sequence[int], now_ms: int) -> None:
        """Without a ledger host: what was published while the primary host was online is done."""
        with transaction(self._db):
            for number in numbers:
                self._mark(number, number, now_ms)

    def renew(self, ack: Ack | None) -> int:
        """Begin a new identity: number what is open again from 1.

        Args:
            ack: the host's account of the old identity. Batches that were in the file when it was opened and that the
                host has are stored; younger ones share only their number with what the host has.

        Returns:
            the new ledger id.
        """
        ledger_id = new_ledger_id()
        with transaction(self._db):
            opened_at = self._db.execute("SELECT opened_at FROM identity").fetchone()[0] or 0
            self._db.execute(
                "DELETE FROM body WHERE number IN (SELECT number FROM batch WHERE acked_ms IS NOT NULL)"
            )
            self._db.execute("DELETE FROM batch WHERE acked_ms IS NOT NULL")
            for lo, hi in _handled(ack) if ack else ():
                for table in ("body", "batch"):
                    self._db.execute(
                        f"DELETE FROM {table} WHERE number BETWEEN ? AND ?",  # noqa: S608 - one of two constants
                        (lo, min(hi, opened_at)),
                    )
            rows = self._db.execute("SELECT number, samples, size FROM batch ORDER BY number").fetchall()
            pairs = [(i + 1, row[0]) for i, row in enumerate(rows)]
            for table in ("body", "batch"):
                self._db.executemany(f"UPDATE {table} SET number = ? WHERE number = ?", pairs)  # noqa: S608 - same
            self._db.execute("DELETE FROM lost")
            self._db.execute(
                "UPDATE identity SET ledger_id = ?, last_number = ?, produced_samples = ?, acked_batches = 0,"
                " acked_samples = 0, lost_batches = 0, lost_samples = 0, opened_at = NULL",
                (ledger_id, len(rows), sum(row[1] for row in rows)),
            )
        self._bytes = sum(row[2] for row in rows)
        return ledger_id

    def open_after(self, number: int, limit: int) -> list[BatchInfo]:
        """Unacknowledged batches behind `number`, oldest first."""
        rows = self._db.execute(
            "SELECT number, device, historical, samples, size, created_ms FROM batch"
            " WHERE acked_ms IS NULL AND number > ? ORDER BY number LIMIT ?",
            (number, limit),
        )
        return [BatchInfo(r[0], r[1], bool(r[2]), *r[3:]) for r in rows]

    def load(self, numbers: Iterable[int]) -> list[StoredBatch]:
        """Unacknowledged batches with their metrics, in the order asked for; missing ones are left out."""
        out = []
        for number in numbers:
            row = self._db.execute(
                "SELECT b.number, device, historical, samples, size, created_ms, data FROM batch b JOIN body USING (number)"
                " WHERE b.number = ? AND acked_ms IS NULL",
                (number,),
            ).fetchone()
            if row:
                out.append(StoredBatch(BatchInfo(row[0], row[1], bool(row[2]), *row[3:6]), row[6]))
        return out


def _handled(ack: Ack) -> list[Range]:
    return ([(1, ack.up_to)] if ack.up_to else []) + list(ack.ranges)


def _gaps(ack: Ack) -> list[Range]:
    """What the host says it has not: between its ranges, and behind them when their list was not cut."""
    handled = _handled(ack)
    gaps = [(a[1] + 1, b[0] - 1) for a, b in pairwise(handled)]
    if not handled:
        return [(1, 2**63 - 1)]
    if handled[0][0] > 1:
        gaps.insert(0, (1, handled[0][0] - 1))
    if len(ack.ranges) < MAX_ACK_RANGES:
        gaps.append((handled[-1][1] + 1, 2**63 - 1))
    return gaps


def read_totals(db: sqlite3.Connection) -> Totals:
    """The account of a store, also of one opened read-only; what is in flight is counted row by row."""
    return _totals(db, count=True)


def _totals(db: sqlite3.Connection, *, count: bool) -> Totals:
    row = db.execute(
        "SELECT ledger_id, last_number, produced_samples, acked_batches, acked_samples, lost_batches, lost_samples"
        " FROM identity"
    ).fetchone()
    flight = (row[1] - row[3] - row[5], row[2] - row[4] - row[6])
    if count:
        flight = db.execute(
            "SELECT count(*), coalesce(sum(samples), 0) FROM batch WHERE acked_ms IS NULL"
        ).fetchone()
    oldest = db.execute(
        "SELECT created_ms FROM batch WHERE acked_ms IS NULL ORDER BY number LIMIT 1"
    ).fetchone()
    lost = tuple((lo, hi) for lo, hi in db.execute("SELECT lo, hi FROM lost ORDER BY lo"))
    first_ms = oldest[0] if oldest else None
    return Totals(
        row[0], row[1], row[2], row[3], row[4], flight[0], flight[1], row[5], row[6], lost, first_ms
    )
