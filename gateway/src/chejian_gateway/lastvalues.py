"""Last values: the view `telemetry.last_value`, newest by source time, exact at every moment.

A commit only marks the devices whose numbers it stores (`mark`); the table behind the view follows from what is stored
(`settle`), so no crash, replica or restored backup can leave it wrong. States that are no samples are written at once:
values of births, and the staleness that a death brings.
"""

from collections.abc import Iterable, Sequence

import numpy as np
from chejian_contract.errors import PayloadError
from chejian_contract.sparkplug.datatypes import NUMERIC_CODES, TEXT_CODES, Code
from chejian_contract.sparkplug.payload import get_quality, get_value
from numpy.typing import NDArray
from psycopg import Connection, Cursor

from chejian_gateway.births import Signal
from chejian_gateway.nodes import Series
from chejian_gateway.pgbinary import Int4Array, TimeArray
from chejian_gateway.rows import Limits

REST_S = 10.0
"""[s] A mark is left alone so long: a series of 1 Hz then costs the table one update instead of ten."""
DEVICES = 8
"""Devices settled in one step: some ten milliseconds for 200 signals each, during which their commits wait."""

_MARK = """
INSERT INTO telemetry.unsettled AS u (device_id, since) SELECT * FROM unnest(%s::int[], %s::timestamptz[])
ON CONFLICT (device_id) DO UPDATE SET since = excluded.since WHERE excluded.since < u.since
"""
"""Locks the mark also where it is not changed."""
_DUE = """
SELECT device_id, since FROM telemetry.unsettled WHERE marked <= now() - make_interval(secs => %s)
ORDER BY marked LIMIT %s FOR UPDATE SKIP LOCKED
"""
_MARKS_OF = (
    "SELECT device_id, since FROM telemetry.unsettled WHERE device_id = ANY(%s) ORDER BY device_id FOR UPDATE"
)
_SETTLE = """
INSERT INTO telemetry.settled_value AS v (series_id, time, value, quality)
SELECT s.series_id, n.time, n.value, n.quality
FROM unnest(%(devices)s::int[], %(since)s::timestamptz[]) AS d(device_id, since)
JOIN telemetry.series s USING (device_id)
LEFT JOIN telemetry.settled_value o USING (series_id)
CROSS JOIN LATERAL (
    SELECT x.time, x.value, x.quality FROM telemetry.sample x
    WHERE x.series_id = s.series_id AND x.time >= d.since AND x.time >= coalesce(o.time, d.since) AND x.time >= %(lowest)s
    ORDER BY x.time DESC LIMIT 1
) n
WHERE o.time IS NULL OR n.time > o.time
   OR (n.time = o.time AND o.quality <> 500 AND (n.value, n.quality) IS DISTINCT FROM (o.value, o.quality))
ORDER BY s.series_id
ON CONFLICT (series_id) DO UPDATE SET time = excluded.time, value = excluded.value, quality = excluded.quality
WHERE excluded.time > v.time OR (excluded.time = v.time AND v.quality <> 500)
"""
"""`lowest` of all marks is there for the planner: it keeps old partitions out."""
_UPSERT = """
INSERT INTO telemetry.settled_value AS v (series_id, time, value, text, quality)
SELECT series_id, to_timestamp(time_ms / 1000.0), value, text, quality
FROM unnest(%s::int[], %s::bigint[], %s::float8[], %s::text[], %s::smallint[]) WITH ORDINALITY
     AS k(series_id, time_ms, value, text, quality, number)
ORDER BY number
ON CONFLICT (series_id) DO UPDATE SET time = excluded.time, value = excluded.value, text = excluded.text,
    quality = excluded.quality
WHERE excluded.time >= v.time
"""


def mark(cursor: Cursor, device: NDArray[np.int64], lo: NDArray[np.int64]) -> None:
    """Mark devices whose numbers a commit stores, in its transaction and before it writes last values itself.

    Args:
        cursor: in the transaction, behind COPY.
        device: device ids, ascending, some of them repeated.
        lo: lowest source time of each [us since 2000-01-01 UTC].
    """
    first = np.flatnonzero(np.diff(device, prepend=-1))
    if len(first):
        cursor.execute(_MARK, (Int4Array(device[first]), TimeArray(np.minimum.reduceat(lo, first))))


def settle_due(connection: Connection, rest: float, most: int = DEVICES) -> int:
    """Bring the table up to date for the devices that have been marked longest; returns how many.

    Marks that another transaction holds are left to the next time: nobody waits.

    Args:
        connection: not inside a transaction.
        rest: marks younger than this are left alone [s]; see `REST_S`.
        most: devices.
    """
    with connection.transaction():
        return _settle(connection, connection.execute(_DUE, (rest, most)).fetchall())


def settle(connection: Connection, devices: Sequence[int]) -> None:
    """Bring the table up to date for these devices; waits for the commits that are storing numbers of them.

    Args:
        connection: inside a transaction or not.
        devices: device ids.
    """
    with connection.transaction():
        _settle(connection, connection.execute(_MARKS_OF, (list(devices),)).fetchall())


def _settle(connection: Connection, marks: Sequence[tuple[int, object]]) -> int:
    """With the marks locked; a statement of its own, so that it sees what was committed before that."""
    if marks:
        devices, since = [row[0] for row in marks], [row[1] for row in marks]
        values = {"devices": devices, "since": since, "lowest": min(since)}  # type: ignore[type-var]  # datetimes
        connection.execute(_SETTLE, values, prepare=False)
        connection.execute("DELETE FROM telemetry.unsettled WHERE device_id = ANY(%s)", (devices,))
    return len(marks)


def from_birth(connection: Connection, pairs: Iterable[tuple[Signal, Series]], limits: Limits) -> None:
    """Enter the present values of a ledger node's birth; they are state, never samples.

    Numbers before texts, each by series, as everywhere: so no two transactions wait for each other.
    """
    rows = {}
    for signal, series in pairs:
        metric = signal.metric
        if metric.is_null or not limits.oldest_ms <= metric.timestamp <= limits.newest_ms:
            continue
        number, text = _value(signal)
        if number is not None or text is not None:
            quality = int(get_quality(metric))
            rows[series.series_id] = (series.series_id, metric.timestamp, number, text, quality)
    if rows:
        ordered = sorted(rows.values(), key=lambda row: (row[2] is None, row[0]))
        connection.execute(_UPSERT, [list(column) for column in zip(*ordered, strict=True)])


def repeated(connection: Connection, pairs: Iterable[tuple[Signal, Series]], limits: Limits) -> set[int]:
    """Series of a foreign node's birth whose value, with its time, is the last one stored: a rebirth tells it again.

    Their quality is taken from the birth, as they are not stale any more.
    """
    numbered = {one.series_id: (signal, one) for signal, one in pairs}
    settle(connection, sorted({one.device_id for _, one in numbered.values()}))
    rows = connection.execute(
        "SELECT series_id, (extract(epoch FROM time) * 1000)::bigint, value, text FROM telemetry.last_value"
        " WHERE series_id = ANY(%s)",
        (list(numbered),),
    ).fetchall()
    same = {
        series_id
        for series_id, time_ms, number, text in rows
        if time_ms == numbered[series_id][0].metric.timestamp
        and (number, text) == _value(numbered[series_id][0])
    }
    from_birth(connection, (numbered[i] for i in sorted(same)), limits)
    return same


def _value(signal: Signal) -> tuple[float | None, str | None]:
    code = Code(signal.code)
    try:
        value = get_value(signal.metric, code)
    except PayloadError:
        return None, None  # a birth's value is only shown until the first sample; the series itself is fine
    if code in TEXT_CODES and isinstance(value, str) and "\0" not in value:
        return None, value
    if (code in NUMERIC_CODES or code is Code.DATETIME) and isinstance(value, int | float):
        return float(value), None
    return None, None
