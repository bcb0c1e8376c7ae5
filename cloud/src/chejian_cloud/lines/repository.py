"""Queries of lines."""

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import Row, select
from sqlalchemy.orm import Session

from chejian_cloud.db.app import LONGEST_WINDOW, KpiValue, Line, Product, Workshop
from chejian_cloud.db.energy import LineOutput


def counting(session: Session, line_id: int) -> set[int]:
    """Equipment that the registry names for a line's output; empty: none in particular."""
    return set(session.scalars(select(LineOutput.equipment_id).where(LineOutput.line_id == line_id)))


def products(session: Session, line_id: int, codes: Collection[str]) -> Sequence[Product]:
    """Registered products of the line's enterprise that have one of `codes`, by code."""
    statement = (
        select(Product)
        .join(Workshop, Workshop.enterprise_id == Product.enterprise_id)
        .join(Line, Line.workshop_id == Workshop.workshop_id)
        .where(Line.line_id == line_id, Product.code.in_(codes))
        .order_by(Product.code)
    )
    return session.scalars(statement).all()


def hours(
    session: Session, equipment_ids: Collection[int], lo: datetime, hi: datetime
) -> Sequence[Row[datetime, dict[str, int]]]:
    """Start, and terms of OEE of the hours of equipment that overlap [lo, hi)."""
    statement = select(KpiValue.start, KpiValue.inputs).where(
        KpiValue.equipment_id.in_(equipment_ids),
        KpiValue.kpi == "oee",
        KpiValue.window_kind == "hour",
        KpiValue.end > lo,
        KpiValue.start > lo - LONGEST_WINDOW,
        KpiValue.start < hi,
    )
    return session.execute(statement).all()
