"""The small table of last values: newest by source time wins."""

from collections.abc import Iterable

from chejian_contract.errors import PayloadError
from chejian_contract.sparkplug.datatypes import NUMERIC_CODES, TEXT_CODES, Code
from chejian_contract.sparkplug.payload import get_quality, get_value
from psycopg import Connection

from chejian_gateway.births import Signal
from chejian_gateway.nodes import Series
from chejian_gateway.rows import Limits

_UPSERT = """
INSERT INTO telemetry.last_value AS v (series_id, time, value, text, quality)
VALUES (%s, to_timestamp(%s / 1000.0), %s, %s, %s)
ON CONFLICT (series_id) DO UPDATE SET time = excluded.time, value = excluded.value, text = excluded.text,
    quality = excluded.quality
WHERE excluded.time >= v.time
"""


def from_birth(connection: Connection, pairs: Iterable[tuple[Signal, Series]], limits: Limits) -> None:
    """Enter the present values of a ledger node's birth; they are state, never samples.

    In the order of `Writer`, numbers before texts, each by series: so no two transactions wait for each other.
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
        with connection.cursor() as cursor:
            cursor.executemany(
                _UPSERT, [rows[i] for i in sorted(rows, key=lambda i: (rows[i][2] is None, i))]
            )


def repeated(connection: Connection, pairs: Iterable[tuple[Signal, Series]], limits: Limits) -> set[int]:
    """Series of a foreign node's birth whose value, with its time, is the last one stored: a rebirth tells it again.

    Their quality is taken from the birth, as they are not stale any more.
    """
    numbered = {one.series_id: (signal, one) for signal, one in pairs}
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
