"""Storing state intervals: they stay merged, and what has not changed stays untouched."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from sqlalchemy import text
from sqlalchemy.orm import Session

from chejian_cloud.clock import from_us, to_us
from chejian_cloud.db.engine import raw_connection
from chejian_cloud.db.literals import array_literal


class Interval(NamedTuple):
    """A run of one state and class of time, times in microseconds since 1970."""

    start_us: int
    end_us: int
    state: int
    category: str
    loss: str


_INTERVALS = text("""
SELECT start, "end", state, category, loss FROM app.state_interval
 WHERE equipment_id = :equipment_id AND start <= :hi AND start >= COALESCE(
       (SELECT max(b.start) FROM app.state_interval b WHERE b.equipment_id = :equipment_id AND b.start < :lo), :lo)
   AND "end" >= :lo
 ORDER BY start
""")
_DELETE_INTERVALS = text("""
DELETE FROM app.state_interval WHERE equipment_id = :equipment_id AND start = ANY(:starts)
""")
_UPSERT_INTERVALS = """
INSERT INTO app.state_interval (equipment_id, start, "end", state, category, loss)
SELECT %s, n.start, n."end", n.state, n.category, n.loss
  FROM unnest(%s::timestamptz[], %s::timestamptz[], %s::smallint[], %s::text[], %s::text[])
    AS n(start, "end", state, category, loss)
ON CONFLICT (equipment_id, start) DO UPDATE
   SET "end" = excluded."end", state = excluded.state, category = excluded.category, loss = excluded.loss
"""


def merged(intervals: Sequence[Interval]) -> list[Interval]:
    """Join touching neighbours of equal state and class."""
    out: list[Interval] = []
    for interval in intervals:
        last = out[-1] if out else None
        if last and last.end_us == interval.start_us and last[2:] == interval[2:]:
            out[-1] = last._replace(end_us=interval.end_us)
        else:
            out.append(interval)
    return out


def store_intervals(
    session: Session, equipment_id: int, intervals: Sequence[Interval], start_us: int, end_us: int
) -> None:
    """Replace the equipment's intervals in [start_us, end_us); what sticks out on either side is kept and joined."""
    span = {"equipment_id": equipment_id, "lo": from_us(start_us), "hi": from_us(end_us)}
    rows = session.execute(_INTERVALS, span)
    old = [Interval(to_us(r.start), to_us(r.end), r.state, r.category, r.loss) for r in rows]
    left = [i._replace(end_us=min(i.end_us, start_us)) for i in old if i.start_us < start_us]
    right = [i._replace(start_us=max(i.start_us, end_us)) for i in old if i.end_us > end_us]
    new = merged([*left, *intervals, *right])
    kept = {i.start_us for i in new}
    if gone := [from_us(i.start_us) for i in old if i.start_us not in kept]:
        session.execute(_DELETE_INTERVALS, {"equipment_id": equipment_id, "starts": gone})
    known = set(old)
    if changed := [i for i in new if i not in known]:
        columns: list[list[Any]] = [
            [from_us(i.start_us) for i in changed],
            [from_us(i.end_us) for i in changed],
            [i.state for i in changed],
            [i.category for i in changed],
            [i.loss for i in changed],
        ]
        with raw_connection(session).cursor() as cursor:
            cursor.execute(_UPSERT_INTERVALS, [equipment_id, *map(array_literal, columns)])
