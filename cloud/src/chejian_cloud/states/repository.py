"""Queries of state intervals."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from chejian_cloud.db.app import StateInterval


def intervals(
    session: Session, equipment_ids: Sequence[int], lo: datetime, hi: datetime, limit: int
) -> Sequence[StateInterval]:
    """Intervals of equipment that overlap [lo, hi), by equipment and start; at most `limit`."""
    statement = (
        select(StateInterval)
        .where(
            StateInterval.equipment_id.in_(equipment_ids), StateInterval.end > lo, StateInterval.start < hi
        )
        .order_by(StateInterval.equipment_id, StateInterval.start)
        .limit(limit)
    )
    return session.scalars(statement).all()
