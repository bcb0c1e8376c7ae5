"""One transaction per commit: rows first, then marks and last texts, dead letters, and the claim last.

Nothing is locked before the rows are copied: two gateways that lock first halve each other (463,000 against
868,000 rows/s measured). Rows are copied series by series: neighbours in the index cost the server less, and whoever
reads a series finds its rows on fewer pages.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import LiteralString

import numpy as np
import psycopg
from psycopg import Connection, Cursor

from chejian_gateway import deadletter, lastvalues, ledger
from chejian_gateway.errors import ShortClaimError
from chejian_gateway.kernels.summary import touched
from chejian_gateway.ledger import Handled
from chejian_gateway.nodes import SeriesTable
from chejian_gateway.pending import Block, Pending, Rows
from chejian_gateway.pgbinary import (
    COPY_SAMPLE,
    COPY_TEXT,
    COPY_WAVEFORM,
    Int2Array,
    Int4Array,
    TimeArray,
    copy_samples,
    copy_texts,
    copy_waveforms,
)
from chejian_gateway.store import DAY_US, Partitions, day_of

_LAST_TEXT = """
INSERT INTO telemetry.settled_value AS v (series_id, time, text, quality)
SELECT * FROM unnest(%s::int[], %s::timestamptz[], %s::text[], %s::smallint[])
ON CONFLICT (series_id) DO UPDATE SET time = excluded.time, value = NULL, text = excluded.text, quality = excluded.quality
WHERE excluded.time >= v.time
"""
_DIRTY = """
INSERT INTO telemetry.dirty AS d (device_id, hour, lo, hi)
SELECT * FROM unnest(%s::int[], %s::timestamptz[], %s::timestamptz[], %s::timestamptz[])
ON CONFLICT (device_id, hour) DO UPDATE
SET gen = d.gen + 1, lo = least(d.lo, excluded.lo), hi = greatest(d.hi, excluded.hi)
"""


@dataclass(slots=True)
class Committed:
    """What a commit did.

    Attributes:
        handled: for each ledger row all that is handled now.
        rows: rows written.
        batches: batches claimed.
        doubles: batches dropped because they were handled before.
        dirty: whether marks were made.
        letters: dead letters written.
        short: claims that came back short.
        stale: of `doubles` those whose buffer has another identity now.
    """

    handled: Handled = field(default_factory=dict)
    rows: int = 0
    batches: int = 0
    doubles: int = 0
    dirty: bool = False
    letters: int = 0
    short: int = 0
    stale: int = 0


class Writer:
    """Writes `Pending` to the database.

    Args:
        connection: in autocommit mode, with `pgbinary.register` done.
        partitions: of that database.
        series: attributes of all series that rows may name.
    """

    def __init__(self, connection: Connection, partitions: Partitions, series: SeriesTable) -> None:
        self.connection = connection
        self._partitions = partitions
        self._series = series

    def commit(self, pending: Pending, *, former: bool = False) -> Committed:
        """Store everything of `pending` that is not stored yet, exactly once; `former` as of `ledger.claim`.

        Raises:
            psycopg.Error: nothing of it is stored, unless the connection broke during COMMIT itself; calling again with
                the same `pending` finds out and stores nothing twice.
        """
        origin, doubles, short, stale = pending, 0, 0, 0
        known: Handled = {}
        if self._landed(origin):
            pending = pending.only(range(len(pending.batches)), rest=False)
        while True:
            self._make_partitions(pending)
            try:
                done = self._transaction(pending, origin, former=former)
            except ShortClaimError:
                part, more, old = self._without_doubles(pending)
                short, stale = short + 1, stale + old
                doubles += len(pending.batches) - len(part.batches)
                known |= more
                pending = part
            else:
                done.doubles, done.short, done.stale = doubles, short, stale
                done.handled = known | done.handled
                return done

    def _landed(self, pending: Pending) -> bool:
        """Whether an earlier attempt was committed though its answer never came; asked only where no ledger tells."""
        if pending.xid is None:
            return False
        row = self.connection.execute("SELECT pg_xact_status(%s::xid8)", (pending.xid,)).fetchone()
        if row is not None and row[0] == "in progress":
            raise psycopg.OperationalError("the session of an earlier attempt has not ended yet")
        return row is not None and row[0] == "committed"

    def _without_doubles(self, pending: Pending) -> tuple[Pending, Handled, int]:
        keys = {(b.node.node_id, b.ledger_id) for b in pending.batches} | set(pending.announcements)
        with self.connection.transaction():
            ledger.open_row(self.connection, keys)
            claimed, everything = ledger.handled(self.connection, keys)
        old = sum(claimed.get((b.node.node_id, b.ledger_id)) is ledger.EVERYTHING for b in pending.batches)
        return pending.only(ledger.fresh(pending, claimed), rest=True), everything, old

    def _transaction(self, pending: Pending, origin: Pending, *, former: bool) -> Committed:
        rows = Rows.join(pending.rows).by_series()
        with self.connection.transaction(), self.connection.cursor() as cursor:
            if pending.has_foreign:
                row = cursor.execute("SELECT pg_current_xact_id()::text").fetchone()
                origin.xid = row[0] if row else None
            _copy(cursor, rows, pending)
            dirty = self._mark(cursor, rows, pending)
            letters = [*pending.dead, *(b.dead for b in pending.batches if b.dead)]
            deadletter.insert(cursor, letters)
            handled = ledger.claim(self.connection, pending, former=former)
        return Committed(handled, pending.count, len(pending.batches), 0, dirty, len(letters))

    def _make_partitions(self, pending: Pending) -> None:
        for rows in pending.rows:
            days = range(day_of(int(rows.time_us.min())), day_of(int(rows.time_us.max())) + 1)
            if len(days) > 2:  # noqa: PLR2004 - wider than around midnight: only the days that occur
                self._partitions.ensure(
                    self.connection, "sample", map(int, np.unique(rows.time_us // DAY_US))
                )
            else:
                self._partitions.ensure(self.connection, "sample", days)
        for table, blocks in (("text_sample", pending.texts), ("waveform", pending.waveforms)):
            self._partitions.ensure(self.connection, table, {day_of(b.time_us) for b in blocks})

    def _mark(self, cursor: Cursor, rows: Rows, pending: Pending) -> bool:
        """Mark devices whose last values are to be settled, write last texts, mark what the worker is to compute again.

        In this order, which births and deaths keep too.
        """
        blocks = (*pending.texts, *pending.waveforms)
        series = np.concatenate((rows.series, np.array([b.series for b in blocks], np.int32)))
        time_us = np.concatenate((rows.time_us, np.array([b.time_us for b in blocks], np.int64)))
        if not len(series):
            return False
        device, hour, lo, hi = touched(self._series.device[series], time_us)
        if len(rows):
            lastvalues.mark(cursor, device, lo)
        _last_texts(cursor, pending)
        cursor.execute(_DIRTY, (Int4Array(device), TimeArray(hour), TimeArray(lo), TimeArray(hi)))
        return True


def _last_texts(cursor: Cursor, pending: Pending) -> None:
    """Write the newest text of each series, and of waveforms the time; both are rare beside numbers."""
    texts = _newest_blocks(pending.texts) + [replace(b, data=None) for b in _newest_blocks(pending.waveforms)]
    texts.sort(key=lambda b: b.series)
    if texts:
        cursor.execute(
            _LAST_TEXT,
            (
                Int4Array(np.array([b.series for b in texts])),
                TimeArray(np.array([b.time_us for b in texts])),
                [None if b.data is None else b.data.decode() for b in texts],
                Int2Array(np.array([b.quality for b in texts])),
            ),
        )


def _newest_blocks(blocks: Sequence[Block]) -> list[Block]:
    last: dict[int, Block] = {}
    for block in blocks:
        if block.series not in last or block.time_us >= last[block.series].time_us:
            last[block.series] = block
    return [last[series] for series in sorted(last)]


def _copy(cursor: Cursor, rows: Rows, pending: Pending) -> None:
    if len(rows):
        _stream(cursor, COPY_SAMPLE, copy_samples(rows))
    if pending.texts:
        _stream(cursor, COPY_TEXT, copy_texts(pending.texts))
    if pending.waveforms:
        _stream(cursor, COPY_WAVEFORM, copy_waveforms(pending.waveforms))


def _stream(cursor: Cursor, statement: LiteralString, data: bytes) -> None:
    with cursor.copy(statement) as copy:
        copy.write(data)
