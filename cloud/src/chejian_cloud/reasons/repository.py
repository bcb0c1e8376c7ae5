"""Queries of reasons and their journal."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import RowMapping, select, text
from sqlalchemy.orm import Session

from chejian_cloud.db.production import StopReasonChange
from chejian_cloud.paging import Part

_JOURNAL = text("""
SELECT c.change_id, c.kind, c.undoes, c.user_name, c.made_at,
       (SELECT u.change_id FROM app.stop_reason_change u WHERE u.undoes = c.change_id) AS undone_by,
       COALESCE((SELECT json_agg(json_build_object('start', r.start, 'end', r."end", 'reason', n.code, 'comment', r.comment)
                                 ORDER BY r.stop_reason_id)
                   FROM app.stop_reason r LEFT JOIN app.reason n USING (reason_id)
                  WHERE r.change_id = c.change_id), '[]') AS pieces
  FROM app.stop_reason_change c
 WHERE c.equipment_id = :equipment_id AND (CAST(:last AS bigint) IS NULL OR c.change_id < :last)
   AND EXISTS (SELECT FROM app.stop_reason r WHERE r.change_id = COALESCE(c.undoes, c.change_id)
                  AND r.equipment_id = :equipment_id AND r.start < :hi AND (r."end" IS NULL OR r."end" > :lo))
 ORDER BY c.change_id DESC LIMIT :limit
""")
_INTERVALS = text("""
SELECT i.equipment_id, i.start, i."end", i.state, i.category FROM app.state_interval i
 WHERE i.equipment_id = ANY(:equipment) AND i.start < :hi AND i."end" > :lo AND i.state = ANY(:states)
   AND i.category = ANY(:categories)
 ORDER BY i.equipment_id, i.start
""")
_NEWEST = text("""
SELECT c.change_id FROM app.stop_reason_change c
 WHERE c.equipment_id = :equipment_id AND c.kind <> 'undo'
   AND NOT EXISTS (SELECT FROM app.stop_reason_change u WHERE u.undoes = c.change_id)
 ORDER BY c.change_id DESC LIMIT 1
""")
_SPAN = text("""
SELECT min(start) AS lo, CASE WHEN bool_or("end" IS NULL) THEN NULL ELSE max("end") END AS hi
  FROM app.stop_reason WHERE change_id = :change_id
""")


def journal(
    session: Session, equipment_id: int, lo: datetime, hi: datetime, part: Part
) -> Sequence[RowMapping]:
    """Lines about [lo, hi), newest first, undone ones and undoings too."""
    last = part.after[0] if part.after else None
    values = {"equipment_id": equipment_id, "lo": lo, "hi": hi, "last": last, "limit": part.limit}
    return session.execute(_JOURNAL, values).mappings().all()


def intervals(
    session: Session,
    equipment: Sequence[int],
    lo: datetime,
    hi: datetime,
    *,
    states: Sequence[int],
    categories: Sequence[str],
) -> Sequence[RowMapping]:
    """State intervals of some states and categories that overlap [lo, hi), by equipment and start."""
    values = {
        "equipment": list(equipment),
        "lo": lo,
        "hi": hi,
        "states": list(states),
        "categories": list(categories),
    }
    return session.execute(_INTERVALS, values).mappings().all()


def change(session: Session, equipment_id: int, change_id: int) -> StopReasonChange | None:
    """A change of this equipment's journal."""
    statement = select(StopReasonChange).filter_by(equipment_id=equipment_id, change_id=change_id)
    return session.scalars(statement).one_or_none()


def newest_change(session: Session, equipment_id: int) -> int | None:
    """Id of the newest change that is not undone."""
    found: int | None = session.scalar(_NEWEST, {"equipment_id": equipment_id})
    return found


def is_undone(session: Session, change_id: int) -> bool:
    """Whether a change has been taken back."""
    statement = select(StopReasonChange.change_id).filter_by(undoes=change_id)
    return session.scalar(statement) is not None


def span(session: Session, change_id: int) -> tuple[datetime, datetime | None]:
    """Start and end of what a change is about; no end: one of its lines is open."""
    row = session.execute(_SPAN, {"change_id": change_id}).one()
    return row.lo, row.hi
