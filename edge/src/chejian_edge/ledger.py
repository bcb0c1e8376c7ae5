"""The ledger of the buffer, in SQL: numbering, acknowledging, losing, renewing. Synchronous; see `chejian_edge.buffer`."""

import logging
import sqlite3
import zlib
from collections.abc import Iterable, Sequence
from enum import Enum
from typing import NamedTuple

from chejian_contract.ledger import Ack, Range, merge, overlap, subtract

from chejian_edge.batch import Closed
from chejian_edge.renewal import renew
from chejian_edge.series import SeriesState
from chejian_edge.store import transaction

_log = logging.getLogger(__name__)

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
    opened: tuple[int, int] | None
    """Last number and samples produced when the file was opened; None once the host has agreed."""

    def announced(self, *, gated: bool) -> "Announced":
        """What is told to the host: with the gate closed only what the file had when it was opened."""
        if self.opened is None or not gated:
            return Announced(self.ledger_id, self.produced_batches, self.produced_samples, self.lost)
        number, samples = self.opened
        lost = tuple((lo, min(hi, number)) for lo, hi in self.lost if lo <= number)
        return Announced(self.ledger_id, number, samples, lost)


class Announced(NamedTuple):
    """The account as it stands in NBIRTH and NDATA."""

    ledger_id: int
    batches: int
    samples: int
    lost: tuple[Range, ...]


class BatchInfo(NamedTuple):
    """A committed batch without its metrics."""

    number: int
    device: str
    historical: bool
    samples: int
    size: int
    created_ms: int


class StoredBatch(NamedTuple):
    """A committed batch with its metrics, and the identity under which it has its number."""

    ledger_id: int
    info: BatchInfo
    data: bytes


class AckResult(Enum):
    """What an acknowledgement meant.

    A file that was just opened may be an older copy of itself. Until the host has agreed (TAKEN, or what it misses has
    been opened again) nothing that was produced since the opening may be sent, and only numbers up to the last one at
    the opening are taken as ours.
    """

    TAKEN = "taken"
    FOREIGN = "foreign"
    AHEAD = "ahead"
    """The host has batches beyond what the file had when it was opened: it is an older copy."""
    BEHIND = "behind"
    """The host has less than it had: it was rolled back, or the message is old."""
    IMPOSSIBLE = "impossible"
    """The host agreed before and now has batches that were never made: forged, or a mistake; nothing of it is taken."""


class Ledger:
    """The account on an open store.

    Args:
        db: from `open_store`.
        max_bytes: of stored batches.
    """

    def __init__(self, db: sqlite3.Connection, *, max_bytes: int) -> None:
        self._db = db
        self._max_bytes = self._limit_bytes = max_bytes
        self._bytes = _stored_bytes(db)

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
                if self._bytes > self._limit_bytes:
                    self._make_room(self._limit_bytes)
        except BaseException:
            self._bytes = before
            raise
        return infos

    def _insert(
        self, infos: list[BatchInfo], batches: Sequence[Closed], states: Iterable[SeriesState]
    ) -> None:
        self._db.executemany(
            "INSERT INTO batch (number, device, historical, samples, size, created_ms, crc) VALUES (?, ?, ?, ?, ?, ?, ?)",
            [(*info, zlib.crc32(batch.data)) for info, batch in zip(infos, batches, strict=True)],
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

    def give_way(self, share: float) -> tuple[int, int]:
        """Drop the oldest `share` of the stored bytes; returns how many acknowledged batches and how many others."""
        before = self._bytes
        try:
            with transaction(self._db):
                return self._make_room(round(self._bytes * (1 - share)))
        except BaseException:
            self._bytes = before
            raise

    def stay_within(self) -> None:
        """The present size is the limit from now on."""
        self._limit_bytes = min(self._max_bytes, self._bytes)

    def grow_again(self) -> None:
        """The configured limit counts again."""
        self._limit_bytes = self._max_bytes

    def _make_room(self, limit: int) -> tuple[int, int]:
        """Delete the oldest acknowledged batches, then declare the oldest others lost; within a transaction.

        Returns:
            how many acknowledged batches, how many others.
        """
        counts = []
        for acked in (True, False):
            condition = "IS NOT NULL" if acked else "IS NULL"
            rows = self._db.execute(
                f"SELECT number, size, samples FROM batch WHERE acked_ms {condition} ORDER BY number"  # noqa: S608 - one of two constants
            )
            gone = []
            for row in rows:
                if self._bytes <= limit:
                    break
                gone.append(row)
                self._bytes -= row[1]
            rows.close()
            self._delete([row[0] for row in gone])
            if gone and not acked:
                self._declare_lost([(row[0], row[0]) for row in gone], sum(row[2] for row in gone))
            counts.append(len(gone))
        return counts[0], counts[1]

    def _delete(self, numbers: Iterable[int]) -> None:
        keys = [(n,) for n in numbers]
        self._db.executemany("DELETE FROM batch WHERE number = ?", keys)
        self._db.executemany("DELETE FROM body WHERE number = ?", keys)

    def _declare_lost(self, gone: list[Range], samples: int) -> None:
        known = self._db.execute("SELECT lo, hi FROM lost").fetchall()
        self._db.execute("DELETE FROM lost")
        self._db.executemany("INSERT INTO lost VALUES (?, ?)", merge([*known, *gone]))
        self._db.execute(
            "UPDATE identity SET lost_batches = lost_batches + ?, lost_samples = lost_samples + ?",
            (sum(hi - lo + 1 for lo, hi in gone), samples),
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
        """Take what the host has handled, as far as this file had it when it was opened (see `AckResult`)."""
        ledger_id, last, opened_at = self._db.execute(
            "SELECT ledger_id, last_number, opened_at FROM identity"
        ).fetchone()
        if ack.ledger_id != ledger_id:
            return AckResult.FOREIGN
        if opened_at is None and ack.highest > last:
            return AckResult.IMPOSSIBLE
        limit = last if opened_at is None else opened_at
        with transaction(self._db):
            for lo, hi in ack.handled:
                if lo <= limit:
                    self._mark(lo, min(hi, limit), now_ms)
            if ack.highest > limit:
                return AckResult.AHEAD
            if self._missed(ack, limit):
                return AckResult.BEHIND
            if opened_at is not None:
                self._agree()
        return AckResult.TAKEN

    def _agree(self) -> None:
        """The host knows nothing that this file does not know: its numbers may be used."""
        self._db.execute("UPDATE identity SET opened_at = NULL, opened_samples = NULL")

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

    def _limit(self) -> int:
        """The last number that host and file may have in common."""
        row = self._db.execute("SELECT coalesce(opened_at, last_number) FROM identity").fetchone()
        return int(row[0])

    def misses(self, ack: Ack) -> bool:
        """Whether the host misses what it had acknowledged; `ack` has been taken before."""
        return self._missed(ack, self._limit())

    def _missed(self, ack: Ack, limit: int) -> bool:
        lost = self._db.execute("SELECT lo, hi FROM lost").fetchall()
        if not ack.cut:  # plain counting: what is handled and not lost is acknowledged here
            handled = [(lo, min(hi, limit)) for lo, hi in ack.handled if lo <= limit]
            told = sum(hi - lo + 1 for lo, hi in handled) - overlap(handled, lost)
            acked = self._db.execute("SELECT acked_batches FROM identity").fetchone()[0]
            return bool(acked > told)
        gap = (ack.up_to + 1, min(ack.ranges[0][0] - 1, limit))
        still = self._db.execute(
            "SELECT count(*) FROM batch WHERE acked_ms IS NULL AND number BETWEEN ? AND ?", gap
        ).fetchone()[0]
        return bool(gap[1] - gap[0] + 1 - overlap([gap], lost) > still)

    def host_rolled_back(self, ack: Ack) -> int:
        """Open again what the host no longer has, and declare lost what is not kept here any more.

        Of batches whose retention was over, only the numbers are known: their samples stay counted as acknowledged.

        Returns:
            how many batches are open again.
        """
        limit = self._limit()
        opened = 0
        with transaction(self._db):
            for lo, hi in _gaps(ack, limit):
                batches, samples = self._db.execute(
                    "SELECT count(*), coalesce(sum(samples), 0) FROM batch"
                    " WHERE acked_ms IS NOT NULL AND number BETWEEN ? AND ?",
                    (lo, hi),
                ).fetchone()
                self._db.execute("UPDATE batch SET acked_ms = NULL WHERE number BETWEEN ? AND ?", (lo, hi))
                self._count_acked(-batches, -samples)
                opened += batches
                self._declare_purged(lo, hi)
            if ack.highest <= limit:
                self._agree()
        return opened

    def _declare_purged(self, lo: int, hi: int) -> None:
        kept = self._db.execute(
            "SELECT min(number), max(number) FROM (SELECT number, number - row_number() OVER (ORDER BY number) AS run"
            " FROM batch WHERE number BETWEEN ? AND ?) GROUP BY run",
            (lo, hi),
        ).fetchall()
        lost = self._db.execute("SELECT lo, hi FROM lost").fetchall()
        gone = subtract([(lo, hi)], [*kept, *lost])
        if gone:
            self._count_acked(-sum(b - a + 1 for a, b in gone), 0)
            self._declare_lost(gone, 0)

    def published(self, numbers: Sequence[int], now_ms: int) -> None:
        """Without a ledger host: what was published while the primary host was online is done."""
        with transaction(self._db):
            for number in numbers:
                self._mark(number, number, now_ms)

    def renew(self) -> int:
        """Begin a new identity, see `chejian_edge.renewal`; returns it."""
        with transaction(self._db):
            ledger_id = renew(self._db)
        self._bytes = _stored_bytes(self._db)
        return ledger_id

    def open_after(self, number: int, limit: int) -> list[BatchInfo]:
        """Unacknowledged batches behind `number`, oldest first."""
        rows = self._db.execute(
            "SELECT number, device, historical, samples, size, created_ms FROM batch"
            " WHERE acked_ms IS NULL AND number > ? ORDER BY number LIMIT ?",
            (number, limit),
        )
        return [BatchInfo(r[0], r[1], bool(r[2]), *r[3:]) for r in rows]

    def owes(self, device: str) -> bool:
        """Whether a batch of a device is not acknowledged."""
        row = self._db.execute(
            "SELECT EXISTS (SELECT 1 FROM batch WHERE acked_ms IS NULL AND device = ?)", (device,)
        ).fetchone()
        return bool(row[0])

    def load(self, numbers: Iterable[int]) -> list[StoredBatch]:
        """Unacknowledged batches with their metrics, in the order asked for; missing ones are left out.

        One whose metrics are not what was committed is declared lost.
        """
        ledger_id = self._db.execute("SELECT ledger_id FROM identity").fetchone()[0]
        out = []
        for number in numbers:
            row = self._db.execute(
                "SELECT b.number, device, historical, samples, size, created_ms, crc, data"
                " FROM batch b JOIN body USING (number) WHERE b.number = ? AND acked_ms IS NULL",
                (number,),
            ).fetchone()
            if row is None:
                continue
            info, crc, data = BatchInfo(row[0], row[1], bool(row[2]), *row[3:6]), row[6], row[7]
            if crc is None or crc == zlib.crc32(data):
                out.append(StoredBatch(ledger_id, info, data))
            else:
                self._give_up(info)
        return out

    def _give_up(self, info: BatchInfo) -> None:
        _log.error("batch %d of %s was changed on the disk; it is declared lost", info.number, info.device)
        with transaction(self._db):
            self._delete([info.number])
            self._declare_lost([(info.number, info.number)], info.samples)
        self._bytes -= info.size


def _gaps(ack: Ack, limit: int) -> list[Range]:
    """What the host says it has not: below its ranges, and behind them when their list was not cut."""
    end = min(ack.highest, limit) if ack.cut else limit
    return subtract([(1, end)] if end else [], ack.handled)


def _stored_bytes(db: sqlite3.Connection) -> int:
    return int(db.execute("SELECT coalesce(sum(size), 0) FROM batch").fetchone()[0])


def read_totals(db: sqlite3.Connection) -> Totals:
    """The account of a store, also of one opened read-only; what is in flight is counted row by row."""
    return _totals(db, count=True)


def _totals(db: sqlite3.Connection, *, count: bool) -> Totals:
    row = db.execute(
        "SELECT ledger_id, last_number, produced_samples, acked_batches, acked_samples, lost_batches, lost_samples,"
        " opened_at, opened_samples FROM identity"
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
    opened = None if row[7] is None else (row[7], row[8])
    return Totals(
        row[0], row[1], row[2], row[3], row[4], flight[0], flight[1], row[5], row[6], lost, first_ms, opened
    )
