"""Queries of KPI values."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, select
from sqlalchemy.orm import Session

from chejian_cloud.db.app import LONGEST_WINDOW, KpiRevision, KpiValue
from chejian_cloud.paging import Part

_TOLD = tuple(column for column in KpiValue.__table__.columns if column.computed is None)
"""Columns of a value; the computed ones are for sums over many."""


def values(
    session: Session,
    equipment_ids: Sequence[int],
    *,
    kpi: str | None,
    window: str | None,
    lo: datetime,
    hi: datetime,
    limit: int,
) -> Sequence[Row[Any]]:
    """Values of equipment whose window overlaps [lo, hi), by equipment, kind, start and KPI; at most `limit`."""
    statement = (
        select(*_TOLD)
        .where(
            KpiValue.equipment_id.in_(equipment_ids),
            KpiValue.end > lo,
            KpiValue.start > lo - LONGEST_WINDOW,
            KpiValue.start < hi,
        )
        .order_by(KpiValue.equipment_id, KpiValue.window_kind, KpiValue.start, KpiValue.kpi)
        .limit(limit)
    )
    if kpi is not None:
        statement = statement.where(KpiValue.kpi == kpi)
    if window is not None:
        statement = statement.where(KpiValue.window_kind == window)
    return session.execute(statement).all()


def revisions(
    session: Session, equipment_id: int, lo: datetime, hi: datetime, part: Part
) -> Sequence[KpiRevision]:
    """Revisions of windows that overlap [lo, hi), newest first."""
    r = KpiRevision
    statement = select(r).where(r.equipment_id == equipment_id, r.end > lo, r.start < hi)
    return session.scalars(part.of(statement, r.revised_at, r.kpi_revision_id, descending=True)).all()
