"""Queries of state intervals."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from chejian_cloud.db.app import StateInterval


def intervals(
    session: Session, equipment_id: int, lo: datetime, hi: datetime, limit: int
) -> Sequence[StateInterval]:
    """Intervals that overlap [lo, hi), by start; at most `limit`."""
    statement = (
        select(StateInterval)
        .where(StateInterval.equipment_id == equipment_id, StateInterval.end > lo, StateInterval.start < hi)
        .order_by(StateInterval.start)
        .limit(limit)
    )
    return session.scalars(statement).all()
