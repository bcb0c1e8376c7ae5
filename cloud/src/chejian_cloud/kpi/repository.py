"""Queries of KPI values."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, Text, cast, func, select, text
from sqlalchemy.orm import Session

from chejian_cloud.db.app import LONGEST_WINDOW, KpiRevision, KpiValue
from chejian_cloud.paging import Part

_V = KpiValue.__table__.c
_NUMBERS = (_V.value, _V.numerator, _V.denominator, _V.completeness)
_TOLD: tuple[ColumnElement[Any], ...] = (
    *(_V.equipment_id, _V.kpi, _V.window_kind, _V.start, _V.end, *_NUMBERS),
    func.nullif(_V.flags, text("'{}'")),
    *(_V.formula_version, _V.provisional),
    cast(func.nullif(_V.inputs, text("'{}'")), Text),
    _V.computed_at,
)
"""What is told of a value. Most have no flags and no inputs: as NULL they need no parsing."""


def values(
    session: Session,
    equipment_ids: Sequence[int],
    *,
    kpi: str | None,
    window: str | None,
    lo: datetime,
    hi: datetime,
    limit: int,
) -> Sequence[Row[*tuple[Any, ...]]]:
    """Values of equipment whose window overlaps [lo, hi), by equipment, kind, start and KPI; at most `limit`.

    The columns are the equipment and the fields of `KpiValueOut`; flags and inputs (JSON text) are None where there are none.
    """
    statement = (
        select(*_TOLD)
        .where(
            _V.equipment_id.in_(equipment_ids),
            _V.end > lo,
            _V.start > lo - LONGEST_WINDOW,
            _V.start < hi,
        )
        .order_by(_V.equipment_id, _V.window_kind, _V.start, _V.kpi)
        .limit(limit)
    )
    if kpi is not None:
        statement = statement.where(_V.kpi == kpi)
    if window is not None:
        statement = statement.where(_V.window_kind == window)
    return session.execute(statement).all()


def revisions(
    session: Session, equipment_id: int, lo: datetime, hi: datetime, part: Part
) -> Sequence[KpiRevision]:
    """Revisions of windows that overlap [lo, hi), newest first."""
    r = KpiRevision
    statement = select(r).where(r.equipment_id == equipment_id, r.end > lo, r.start < hi)
    return session.scalars(part.of(statement, r.revised_at, r.kpi_revision_id, descending=True)).all()
