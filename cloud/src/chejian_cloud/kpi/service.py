"""KPI definitions and values."""

import json
from datetime import datetime
from typing import Any

from chejian_analytics.kpi import KPIS
from sqlalchemy import Row
from sqlalchemy.orm import Session

from chejian_cloud.calendar.service import WINDOW_KINDS
from chejian_cloud.errors import InvalidValueError
from chejian_cloud.jsontypes import TimeRange, finite
from chejian_cloud.kpi import repository
from chejian_cloud.kpi.asof import values_as_of
from chejian_cloud.kpi.schemas import EquipmentKpis, KpiOut, KpiRevisionOut, KpiValueOut
from chejian_cloud.paging import Part
from chejian_cloud.registry.scope import Scope
from chejian_cloud.registry.service import machines_of, require_equipment

MAX_VALUES = 60_000
"""Values in one answer: five KPIs by hour over 400 days are 48,000."""


def definitions() -> list[KpiOut]:
    """All KPIs that the analytics know."""
    return [KpiOut.model_validate(kpi) for kpi in KPIS]


def values_of(
    session: Session,
    equipment_id: int,
    period: TimeRange,
    *,
    kpi: str | None,
    window: str | None,
    as_of: datetime | None = None,
) -> list[KpiValueOut]:
    """Values whose window overlaps a range, as they are now or as they were believed at a time.

    Raises:
        NotFoundError: when the equipment is not registered.
        InvalidValueError: for an unknown KPI or window kind, or too many values.
    """
    _check_names(kpi, window)
    require_equipment(session, equipment_id)
    return _values(session, [equipment_id], period, kpi, window, as_of)[equipment_id]


def values_in(
    session: Session,
    scope: Scope,
    period: TimeRange,
    *,
    kpi: str | None,
    window: str | None,
    as_of: datetime | None = None,
) -> list[EquipmentKpis]:
    """Values of all machines of a scope whose window overlaps a range.

    Raises:
        NotFoundError: when the workshop or the line is not registered.
        InvalidValueError: for an unknown KPI or window kind, or too many values.
    """
    _check_names(kpi, window)
    machines = machines_of(session, scope)
    values = _values(session, [m.equipment_id for m in machines], period, kpi, window, as_of)
    return [
        EquipmentKpis(equipment_id=m.equipment_id, code=m.code, values=values[m.equipment_id])
        for m in machines
    ]


def _values(
    session: Session,
    equipment_ids: list[int],
    period: TimeRange,
    kpi: str | None,
    window: str | None,
    as_of: datetime | None,
) -> dict[int, list[KpiValueOut]]:
    asked: dict[str, Any] = {"kpi": kpi, "window": window, "lo": period.start, "hi": period.end}
    if as_of is None:
        rows = repository.values(session, equipment_ids, limit=MAX_VALUES + 1, **asked)
        found = [_told(row) for row in rows]
    else:
        found = values_as_of(session, equipment_ids, as_of, limit=MAX_VALUES + 1, **asked)
    if len(found) > MAX_VALUES:
        raise InvalidValueError("to", period.end.isoformat(), f"a range of at most {MAX_VALUES} values")
    out: dict[int, list[KpiValueOut]] = {equipment_id: [] for equipment_id in equipment_ids}
    for equipment_id, value in found:
        out[equipment_id].append(value)
    return out


def _told(row: Row[*tuple[Any, ...]]) -> tuple[int, KpiValueOut]:
    equipment_id, kpi, window, start, end, value, numerator, denominator, completeness, *others = row
    flags, formula_version, provisional, inputs, computed_at = others
    return equipment_id, KpiValueOut.known(
        {
            "kpi": kpi,
            "window": window,
            "start": start,
            "end": end,
            "value": finite(value),
            "numerator": finite(numerator),
            "denominator": finite(denominator),
            "completeness": finite(completeness),
            "flags": flags or [],
            "formula_version": formula_version,
            "provisional": provisional,
            "inputs": json.loads(inputs) if inputs else {},
            "computed_at": computed_at,
        }
    )


def revisions_of(session: Session, equipment_id: int, period: TimeRange, part: Part) -> list[KpiRevisionOut]:
    """Changes of closed windows that overlap a range, newest first.

    Raises:
        NotFoundError: when the equipment is not registered.
    """
    require_equipment(session, equipment_id)
    rows = repository.revisions(session, equipment_id, period.start, period.end, part)
    return [KpiRevisionOut.model_validate(row) for row in rows]


def _check_names(kpi: str | None, window: str | None) -> None:
    _check("kpi", kpi, tuple(k.id for k in KPIS))
    _check("window", window, WINDOW_KINDS)


def _check(key: str, value: str | None, allowed: tuple[str, ...]) -> None:
    if value is not None and value not in allowed:
        raise InvalidValueError(key, value, ", ".join(allowed))
