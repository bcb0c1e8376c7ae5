"""Queries of state intervals."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Row, select
from sqlalchemy.orm import Session

from chejian_cloud.db.app import StateInterval

_I = StateInterval.__table__.c


def intervals(
    session: Session, equipment_ids: Sequence[int], lo: datetime, hi: datetime, limit: int
) -> Sequence[Row[int, datetime, datetime, int, str]]:
    """Equipment, start, end, state and category of the intervals of equipment that overlap [lo, hi), by equipment and start; at most `limit`."""
    statement = (
        select(_I.equipment_id, _I.start, _I.end, _I.state, _I.category)
        .where(_I.equipment_id.in_(equipment_ids), _I.end > lo, _I.start < hi)
        .order_by(_I.equipment_id, _I.start)
        .limit(limit)
    )
    return session.execute(statement).all()
