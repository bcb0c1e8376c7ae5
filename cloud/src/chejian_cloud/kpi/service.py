"""KPI definitions and values."""

from chejian_analytics.kpi import KPIS
from sqlalchemy.orm import Session

from chejian_cloud.calendar.service import WINDOW_KINDS
from chejian_cloud.errors import InvalidValueError
from chejian_cloud.jsontypes import TimeRange
from chejian_cloud.kpi import repository
from chejian_cloud.kpi.schemas import KpiOut, KpiRevisionOut, KpiValueOut
from chejian_cloud.registry.service import require_equipment

MAX_VALUES = 60_000
"""Values in one answer: five KPIs by hour over 400 days are 48,000."""


def definitions() -> list[KpiOut]:
    """All KPIs that the analytics know."""
    return [KpiOut.model_validate(kpi) for kpi in KPIS]


def values_of(
    session: Session, equipment_id: int, period: TimeRange, *, kpi: str | None, window: str | None
) -> list[KpiValueOut]:
    """Values whose window overlaps a range.

    Raises:
        NotFoundError: when the equipment is not registered.
        InvalidValueError: for an unknown KPI or window kind, or too many values.
    """
    _check("kpi", kpi, tuple(k.id for k in KPIS))
    _check("window", window, WINDOW_KINDS)
    require_equipment(session, equipment_id)
    rows = repository.values(
        session, equipment_id, kpi=kpi, window=window, lo=period.start, hi=period.end, limit=MAX_VALUES + 1
    )
    if len(rows) > MAX_VALUES:
        raise InvalidValueError("to", period.end.isoformat(), f"a range of at most {MAX_VALUES} values")
    return [KpiValueOut.model_validate(row) for row in rows]


def revisions_of(session: Session, equipment_id: int, period: TimeRange, limit: int) -> list[KpiRevisionOut]:
    """Changes of closed windows that overlap a range, newest first.

    Raises:
        NotFoundError: when the equipment is not registered.
    """
    require_equipment(session, equipment_id)
    rows = repository.revisions(session, equipment_id, period.start, period.end, limit)
    return [KpiRevisionOut.model_validate(row) for row in rows]


def _check(key: str, value: str | None, allowed: tuple[str, ...]) -> None:
    if value is not None and value not in allowed:
        raise InvalidValueError(key, value, ", ".join(allowed))
