"""Samples as numpy arrays, by COPY in binary: exact bits, and no Python object per value."""

from collections.abc import Sequence
from typing import LiteralString, NamedTuple

import numpy as np
import psycopg
from chejian_contract.samples import Quality
from numpy.typing import NDArray
from psycopg import sql
from psycopg.rows import tuple_row

from chejian_cloud.clock import from_us

_EPOCH_2000_US = 946_684_800_000_000
"""PostgreSQL counts microseconds from 2000-01-01; this is that instant in microseconds since 1970."""
_HEADER = 19
"""Bytes of the binary COPY header: signature 11, flags 4, extension length 4."""
_TRAILER = 2
"""Bytes of the end mark: a field count of -1."""
_ROW = np.dtype(
    [
        ("fields", ">i2"),
        ("time_size", ">i4"),
        ("time", ">i8"),
        ("value_size", ">i4"),
        ("value", ">f8"),
        ("quality_size", ">i4"),
        ("quality", ">i2"),
        ("series_size", ">i4"),
        ("series", ">i4"),
    ]
)
"""Row of (timestamptz, float8, int2, int4), none of them NULL."""

_RANGE = """
COPY (SELECT time, value, quality, series_id FROM telemetry.sample
       WHERE series_id = ANY({series}) AND time >= {lo} AND time < {hi}
       ORDER BY time, series_id, value LIMIT {limit})
  TO STDOUT (FORMAT binary)
"""
_BY_SERIES = """
SELECT series_id, string_agg(timestamptz_send(time) || float8send(value) || int2send(quality), ''::bytea)
  FROM telemetry.sample WHERE series_id = ANY(%s) AND time >= %s AND time < %s GROUP BY series_id
"""
"""One value per series: COPY hands each row to Python by itself, which takes several times as long as reading it. Not sorted
there: that takes the server as long again, and rows mostly come in the order of time anyway, which `_in_order` sees at once."""
_BY_SPAN = """
SELECT a.number, a.id, p.packed
  FROM unnest(%(numbers)s::integer[], %(series)s::integer[], %(lo)s::timestamptz[], %(hi)s::timestamptz[]) AS a(number, id, lo, hi)
 CROSS JOIN LATERAL (
       SELECT string_agg(timestamptz_send(time) || float8send(value) || int2send(quality), ''::bytea) AS packed
         FROM telemetry.sample WHERE series_id = a.id AND time >= a.lo AND time < a.hi
          AND time >= %(first)s AND time < %(last)s) p
 WHERE p.packed IS NOT NULL
"""
"""Bounded by the first and last of the times besides, which rules out partitions before anything is read."""
_PACKED = np.dtype([("time", ">i8"), ("value", ">f8"), ("quality", ">i2")])


class Samples(NamedTuple):
    """Samples sorted by time.

    Attributes:
        times_us: int64, microseconds since 1970 UTC, shape (n,).
        values: float64, NaN where a sample came without a value, shape (n,).
        quality: int16 numbers of `chejian_contract.samples.Quality`, shape (n,).
    """

    times_us: NDArray[np.int64]
    values: NDArray[np.float64]
    quality: NDArray[np.int16]

    def readable(self) -> NDArray[np.bool_]:
        """Whether the quality lets each value count: good or uncertain."""
        readable: NDArray[np.bool_] = (self.quality == Quality.GOOD) | (self.quality == Quality.UNCERTAIN)
        return readable

    def usable(self) -> NDArray[np.float64]:
        """Values with NaN in place of those of bad or stale quality."""
        return np.where(self.readable(), self.values, np.nan)


NOTHING = Samples(np.empty(0, np.int64), np.empty(0, np.float64), np.empty(0, np.int16))
"""No samples."""


def read_samples(
    connection: psycopg.Connection, series: list[int], lo_us: int, hi_us: int, *, limit: int | None = None
) -> Samples:
    """Samples of some series in [lo_us, hi_us), sorted by time; equal times by series and value.

    Args:
        connection: in any state; its transaction decides what is seen.
        series: ids; none gives no samples.
        lo_us: start [us since 1970].
        hi_us: end, excluded.
        limit: at most so many, the earliest ones; None for all.
    """
    rows = _copied(connection, _RANGE, series, lo_us, hi_us, limit)
    return _samples(rows)


def read_by_series(
    connection: psycopg.Connection, series: list[int], lo_us: int, hi_us: int
) -> dict[int, Samples]:
    """Samples in [lo_us, hi_us) of each series, sorted by time; equal times by value and quality. Series without any are left out.

    Args:
        connection: in any state; its transaction decides what is seen.
        series: ids; none gives no samples.
        lo_us: start [us since 1970].
        hi_us: end, excluded.
    """
    if not series or hi_us <= lo_us:
        return {}
    with connection.cursor(binary=True, row_factory=tuple_row) as cursor:
        found = cursor.execute(_BY_SERIES, [series, from_us(lo_us), from_us(hi_us)]).fetchall()
    return {key: _in_order(_samples(np.frombuffer(packed, dtype=_PACKED))) for key, packed in found}


def read_spans(
    connection: psycopg.Connection, spans: Sequence[tuple[Sequence[int], int, int]]
) -> list[dict[int, Samples]]:
    """`read_by_series` of many spans at once.

    Args:
        connection: in any state; its transaction decides what is seen.
        spans: ids of series, lo and hi [us since 1970] of each.
    """
    out: list[dict[int, Samples]] = [{} for _ in spans]
    rows = [(number, key, lo, hi) for number, (series, lo, hi) in enumerate(spans) for key in series]
    if not rows:
        return out
    values = {
        "numbers": [number for number, _, _, _ in rows],
        "series": [key for _, key, _, _ in rows],
        "lo": [from_us(lo) for _, _, lo, _ in rows],
        "hi": [from_us(hi) for _, _, _, hi in rows],
        "first": from_us(min(lo for _, _, lo, _ in rows)),
        "last": from_us(max(hi for _, _, _, hi in rows)),
    }
    with connection.cursor(binary=True, row_factory=tuple_row) as cursor:
        for number, key, packed in cursor.execute(_BY_SPAN, values):
            out[number][key] = _in_order(_samples(np.frombuffer(packed, dtype=_PACKED)))
    return out


def _copied(
    connection: psycopg.Connection,
    query: LiteralString,
    series: list[int],
    lo_us: int,
    hi_us: int,
    limit: int | None,
) -> NDArray[np.void]:
    if not series or hi_us <= lo_us:
        return np.empty(0, _ROW)
    values = {"series": series, "lo": from_us(lo_us), "hi": from_us(hi_us), "limit": limit}
    statement = sql.SQL(query).format(**{name: sql.Literal(value) for name, value in values.items()})
    with connection.cursor() as cursor, cursor.copy(statement) as copy:
        blocks = b"".join(copy)
    return np.frombuffer(memoryview(blocks)[_HEADER : len(blocks) - _TRAILER], dtype=_ROW)


def _samples(rows: NDArray[np.void]) -> Samples:
    return Samples(
        rows["time"].astype(np.int64) + _EPOCH_2000_US,
        rows["value"].astype(np.float64),
        rows["quality"].astype(np.int16),
    )


def _in_order(samples: Samples) -> Samples:
    """The same sorted by time, value (NaN last) and quality."""
    times = samples.times_us
    if (times[1:] > times[:-1]).all():
        return samples
    order = np.lexsort((samples.quality, samples.values, times))
    return Samples(times[order], samples.values[order], samples.quality[order])
