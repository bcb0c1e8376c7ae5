"""Rows of `app.rollup_1m` and `app.rollup_1h`: exact bits in and out by binary COPY, and only changed rows written."""

from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import numpy as np
import psycopg
from chejian_contract.signals import SignalKind
from numpy.typing import NDArray
from psycopg import sql

from chejian_cloud.clock import from_us, to_us
from chejian_cloud.db.edition import Edition

MINUTE_TABLE, HOUR_TABLE = "rollup_1m", "rollup_1h"
PARTITION_DAYS = {MINUTE_TABLE: 1, HOUR_TABLE: 28}
"""[d] Length of a partition or chunk: a province (100 workshops of 1,000 signals) writes up to 144 M minutes a day and
67 M hours in 28 days; a partition of either is one that can be dropped or compressed in one go."""

_NUMBERS = frozenset(range(1, 11))
"""Sparkplug data types Int8 to Double."""
_ROLLED = frozenset(
    {SignalKind.MEASUREMENT.value, SignalKind.TOTAL.value, SignalKind.TOTAL_INCREASING.value, ""}
)
"""Kinds that have rollups. States have none: `state_interval` tells them exactly. Foreign nodes may tell no kind."""

NO_TIME = 0
"""[us] `first_us` and `last_us` where there is no readable sample."""
NO_COUNT = -1
"""`increment` and `resets` of what is no counter."""

ROW = np.dtype(
    [
        ("series_id", "<i4"),
        ("bucket", "<i8"),
        ("first_time", "<i8"),
        ("last_time", "<i8"),
        ("known_us", "<i8"),
        ("increment", "<i8"),
        ("minimum", "<f8"),
        ("maximum", "<f8"),
        ("first", "<f8"),
        ("last", "<f8"),
        ("mean", "<f8"),
        ("samples", "<i4"),
        ("good", "<i4"),
        ("resets", "<i4"),
    ]
)
"""A row here: times in microseconds since 1970, NaN for an unknown number, `NO_TIME` and `NO_COUNT`."""
COLUMNS: tuple[str, ...] = ROW.names or ()
_TIMES = ("bucket", "first_time", "last_time")
_FLOATS = ("minimum", "maximum", "first", "last", "mean")
_COUNTS = ("increment", "resets")

_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
_EPOCH_2000_US = to_us(_EPOCH)
_SIGNATURE = b"PGCOPY\n\xff\r\n\0" + bytes(8)
_TRAILER = b"\xff\xff"
_LOCK = "hashtext('chejian rollup partitions')"

Rows = NDArray[np.void]


def has_hours(datatype: int, kind: str) -> bool:
    """Whether a series has rollups by the hour."""
    return datatype in _NUMBERS and kind in _ROLLED


def has_minutes(datatype: int, kind: str, role: str) -> bool:
    """Whether it has rollups by the minute too: what has a role, which is what boards and energy read.

    Others would take about as much room as their samples (benchmarks/rollups.py), and boards read those.
    """
    return has_hours(datatype, kind) and role != ""


def read_rows(connection: psycopg.Connection, table: str, series: list[int], lo_us: int, hi_us: int) -> Rows:
    """Stored rows of some series with buckets in [lo_us, hi_us); array of `ROW`.

    Args:
        connection: its transaction decides what is seen.
        table: one of `PARTITION_DAYS`.
        series: ids.
        lo_us: start [us since 1970].
        hi_us: end, excluded.
    """
    query = sql.SQL(
        "COPY (SELECT {} FROM {} WHERE series_id = ANY({}) AND bucket >= {} AND bucket < {}) TO STDOUT (FORMAT binary)"
    ).format(
        sql.SQL(", ").join(_never_null(name) for name in COLUMNS),
        sql.Identifier("app", table),
        sql.Literal(series),
        sql.Literal(from_us(lo_us)),
        sql.Literal(from_us(hi_us)),
    )
    with connection.cursor() as cursor, cursor.copy(query) as copy:
        data = b"".join(copy)
    stored = np.frombuffer(memoryview(data)[len(_SIGNATURE) : len(data) - len(_TRAILER)], _wire(()))
    out = np.empty(len(stored), ROW)
    for name in COLUMNS:
        out[name] = stored[name]
    for name in _TIMES:
        out[name] += _EPOCH_2000_US
    return canonical(out)


def write_changes(connection: psycopg.Connection, table: str, stored: Rows, rows: Rows) -> int:
    """Make `stored` into `rows`: delete what went or changed, add what is new or changed.

    Args:
        connection: in the transaction of the unit of work, which holds the equipment's lock.
        table: one of `PARTITION_DAYS`; its partitions must exist.
        stored: what `read_rows` found.
        rows: what the same buckets of the same series should be.

    Returns:
        Number of rows deleted and added.
    """
    if not len(stored):
        _copy(connection, table, canonical(rows))
        return len(rows)
    old, new = _by_bytes(stored), _by_bytes(canonical(rows))
    gone = stored[[i for bits, i in old.items() if bits not in new]]
    fresh = rows[[i for bits, i in new.items() if bits not in old]]
    if len(gone):
        query = sql.SQL(
            "DELETE FROM {} r USING unnest(%s::int[], %s::timestamptz[]) AS g(series_id, bucket)"
            " WHERE r.series_id = g.series_id AND r.bucket = g.bucket"
            " AND r.bucket >= %s AND r.bucket <= %s"  # lets the planner leave out the other partitions
        ).format(sql.Identifier("app", table))
        buckets = [from_us(b) for b in gone["bucket"].tolist()]
        connection.execute(query, (gone["series_id"].tolist(), buckets, min(buckets), max(buckets)))
    _copy(connection, table, canonical(fresh))
    return len(gone) + len(fresh)


def canonical(rows: Rows) -> Rows:
    """The same rows with one pattern of bits for "no number"."""
    for name in _FLOATS:
        column = rows[name]
        column[np.isnan(column)] = np.nan
    return rows


def _by_bytes(rows: Rows) -> dict[bytes, int]:
    return {bits: i for i, bits in enumerate(rows.view(f"V{ROW.itemsize}").reshape(-1).tolist())}


def _never_null(name: str) -> sql.Composable:
    column = sql.Identifier(name)
    if name in _FLOATS:
        return sql.SQL("COALESCE({}, 'NaN') AS {}").format(column, column)
    if name in _COUNTS:
        return sql.SQL("COALESCE({}, -1) AS {}").format(column, column)
    if name in _TIMES:
        return sql.SQL("COALESCE({}, to_timestamp(0)) AS {}").format(column, column)
    return column


@cache
def _wire(nulls: tuple[str, ...]) -> np.dtype[np.void]:
    """A row of binary COPY in which some columns are NULL: number of fields, then size and value of each."""
    fields: list[Any] = [("fields", ">i2")]
    for name in COLUMNS:
        fields.append((f"{name} size", ">i4"))
        if name not in nulls:
            fields.append((name, ROW[name].newbyteorder(">")))
    return np.dtype(fields)


def _copy(connection: psycopg.Connection, table: str, rows: Rows) -> None:
    if not len(rows):
        return
    query = sql.SQL("COPY {} ({}) FROM STDIN (FORMAT binary)").format(
        sql.Identifier("app", table), sql.SQL(", ").join(map(sql.Identifier, COLUMNS))
    )
    with connection.cursor() as cursor, cursor.copy(query) as copy:
        copy.write(_SIGNATURE)
        for block in _blocks(rows):
            copy.write(block)
        copy.write(_TRAILER)


def _blocks(rows: Rows) -> list[bytes]:
    """Rows in the wire's form, those with the same NULLs together."""
    absent = {name: np.isnan(rows[name]) for name in _FLOATS}
    absent |= {name: rows[name] == NO_COUNT for name in _COUNTS}
    absent |= {"first_time": absent["first"], "last_time": absent["last"]}
    names = tuple(absent)
    patterns = np.zeros(len(rows), np.int64)
    for bit, name in enumerate(names):
        patterns |= absent[name].astype(np.int64) << bit
    return [
        _encoded(rows[patterns == pattern], tuple(n for bit, n in enumerate(names) if pattern >> bit & 1))
        for pattern in np.flatnonzero(np.bincount(patterns)).tolist()
    ]


def _encoded(rows: Rows, nulls: tuple[str, ...]) -> bytes:
    wire = np.empty(len(rows), _wire(nulls))
    wire["fields"] = len(COLUMNS)
    for name in COLUMNS:
        wire[f"{name} size"] = -1 if name in nulls else ROW[name].itemsize
        if name not in nulls:
            wire[name] = rows[name] - _EPOCH_2000_US if name in _TIMES else rows[name]
    return wire.tobytes()


class RollupPartitions:
    """Makes the partitions that rows need, in the transaction that writes them; does nothing on TimescaleDB.

    Args:
        edition: of the server.
    """

    def __init__(self, edition: Edition) -> None:
        self._edition = edition
        self._seen: set[tuple[str, int]] = set()

    def ensure(self, connection: psycopg.Connection, table: str, lo_us: int, hi_us: int) -> None:
        """Make the missing partitions of [lo_us, hi_us)."""
        if self._edition is not Edition.PLAIN or hi_us <= lo_us:
            return
        width = PARTITION_DAYS[table] * 86_400_000_000
        first, last = (lo_us - _EPOCH_2000_US) // width, (hi_us - 1 - _EPOCH_2000_US) // width
        for number in range(first, last + 1):
            if (table, number) not in self._seen and _create(connection, table, number):
                self._seen.add((table, number))


def _create(connection: psycopg.Connection, table: str, number: int) -> bool:
    """Make one partition; whether it was there already (one just made can still be rolled back).

    Made beside its parent and then attached, which blocks neither readers nor writers of the others.
    """
    start = _EPOCH + timedelta(days=number * PARTITION_DAYS[table])
    end = start + timedelta(days=PARTITION_DAYS[table])
    name = f"{table}_{start:%Y%m%d}"
    if _exists(connection, name):
        return True
    connection.execute(f"SELECT pg_advisory_xact_lock({_LOCK})")
    if _exists(connection, name):
        return True
    parent, child = sql.Identifier("app", table), sql.Identifier("app", name)
    connection.execute(
        sql.SQL("CREATE TABLE {} (LIKE {} INCLUDING DEFAULTS INCLUDING INDEXES INCLUDING STORAGE)").format(
            child, parent
        )
    )
    connection.execute(
        sql.SQL("ALTER TABLE {} ATTACH PARTITION {} FOR VALUES FROM ({}) TO ({})").format(
            parent, child, sql.Literal(start.isoformat()), sql.Literal(end.isoformat())
        )
    )
    return False


def _exists(connection: psycopg.Connection, name: str) -> bool:
    row = connection.execute("SELECT to_regclass(%s)", (f"app.{name}",)).fetchone()
    return row is not None and row[0] is not None
