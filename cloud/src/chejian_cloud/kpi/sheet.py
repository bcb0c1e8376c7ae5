"""Every KPI of one window, from the stored terms: of a machine, and of a line or a workshop by sums."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any

from chejian_analytics.kpi import (
    INDICATORS,
    MISSING,
    Flag,
    InspectionTerms,
    Kpi,
    MissingKpi,
    OeeResult,
    Scope,
    StepTerms,
    line_oee,
    rollup,
)
from chejian_analytics.kpi.indicators import fall_off_ratio, mtbf, mttr
from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from chejian_cloud.calendar.service import WINDOW_KINDS
from chejian_cloud.db.app import KpiValue
from chejian_cloud.db.production import InspectionResult
from chejian_cloud.errors import InvalidValueError
from chejian_cloud.kpi.sheet_schemas import SheetKpi, SheetLine, SheetMachine, SheetOut
from chejian_cloud.kpi.stored import result_of
from chejian_cloud.registry.schemas import EquipmentOut
from chejian_cloud.registry.scope import Scope as Place
from chejian_cloud.registry.service import machines_of, require_equipment

_ELSEWHERE = {
    Scope.ORDER: "per_order",
    Scope.LINE: "per_line",
    Scope.CHARACTERISTIC: "per_characteristic",
    Scope.ENERGY: "per_meter",
}
_EXPLAINING = (
    *(Flag.NO_COUNTS, Flag.NO_QUALITY_COUNTS, Flag.NO_IDEAL_CYCLE, Flag.NO_PLANNED_TIME),
    *(Flag.NO_PRODUCTION_TIME, Flag.NOTHING_PRODUCED),
)
"""Flags that say why a ratio is undefined, the first of them first."""
_BY_COUNTS = frozenset({"effectiveness", "quality_ratio", "oee", "nee", "teep"})
"""KPIs that those flags leave undefined; others are undefined for want of a count or of what they divide by."""
_OF_COUNTING = _BY_COUNTS | {"scrap_ratio", "rework_ratio"}
"""KPIs that are summed over the machines that count: the time of one that does not would pass for time without output."""


@dataclass(frozen=True, slots=True)
class _Row:
    """A machine's stored result of the window."""

    result: OeeResult
    end: datetime
    provisional: bool
    computed_at: datetime


def sheet_of(session: Session, equipment_id: int, *, window: str, start: datetime) -> SheetOut:
    """Every KPI of a machine in one window.

    Raises:
        NotFoundError: when the equipment is not registered.
        InvalidValueError: for an unknown kind of window.
    """
    machines = [require_equipment(session, equipment_id)]
    return _sheet(session, machines, _rows(session, machines, window, start), window, start, lines=False)


def sheet_in(session: Session, place: Place, *, window: str, start: datetime) -> SheetOut:
    """Every KPI of a line or a workshop in one window, summed over its machines; each line at its bottleneck.

    Raises:
        NotFoundError: when the workshop or the line is not registered.
        InvalidValueError: for an unknown kind of window.
    """
    machines = machines_of(session, place)
    return _sheet(session, machines, _rows(session, machines, window, start), window, start, lines=True)


def sheet_of_days(session: Session, place: Place, *, window: str, start: datetime, end: datetime) -> SheetOut:
    """Every KPI of a line or a workshop over the days in [start, end), each machine's days summed first.

    Args:
        session: any.
        place: workshop or line.
        window: what the days are called together, e.g. "month".
        start: of the first day.
        end: of the last day.

    Raises:
        NotFoundError: when the workshop or the line is not registered.
    """
    machines = machines_of(session, place)
    return _sheet(session, machines, _days(session, machines, start, end), window, start, lines=True)


def _sheet(
    session: Session,
    machines: Sequence[EquipmentOut],
    rows: Mapping[int, _Row],
    window: str,
    start: datetime,
    *,
    lines: bool,
) -> SheetOut:
    results = [row.result for row in rows.values()]
    total = rollup(results) if results else None
    counted = rollup(_counting(results)) if results else None
    uncounted = [
        m.code for m in machines if m.equipment_id in rows and not _counts(rows[m.equipment_id].result)
    ]
    stations = _stations(machines, rows)
    end = max((row.end for row in rows.values()), default=None)
    inspected = _inspected(session, list(rows), start, end) if end is not None else None
    return SheetOut(
        window=window,
        start=start,
        end=end,
        provisional=any(row.provisional for row in rows.values()),
        computed_at=max((row.computed_at for row in rows.values()), default=None),
        completeness=total.completeness if total else None,
        flags=list(counted.flags) if counted else [],
        uncounted=uncounted,
        terms=total.terms() if total else {},
        kpis=[_kpi(kpi, counted if kpi.id in _OF_COUNTING else total, inspected) for kpi in INDICATORS]
        + [_missing(kpi) for kpi in MISSING],
        lines=[_line(own) for own in stations.values()] if lines else [],
        machines=[_machine(m, rows.get(m.equipment_id), stations.get(m.line_id)) for m in machines],
    )


def _counts(result: OeeResult) -> bool:
    return Flag.NO_COUNTS not in result.flags


def _counting(results: Sequence[OeeResult]) -> list[OeeResult]:
    """Those of machines that count; all when none does, so that the flags say so."""
    return [r for r in results if _counts(r)] or list(results)


def _rows(
    session: Session, machines: Sequence[EquipmentOut], window: str, start: datetime
) -> dict[int, _Row]:
    if window not in WINDOW_KINDS:
        raise InvalidValueError("window", window, ", ".join(WINDOW_KINDS))
    statement = _stored(machines, window).where(KpiValue.start == start)
    return {row.equipment_id: _row(row) for row in session.scalars(statement)}


def _days(
    session: Session, machines: Sequence[EquipmentOut], start: datetime, end: datetime
) -> dict[int, _Row]:
    """The sum of each machine's days inside [start, end)."""
    statement = _stored(machines, "day").where(KpiValue.start >= start, KpiValue.end <= end)
    days: dict[int, list[_Row]] = {}
    for row in session.scalars(statement.order_by(KpiValue.equipment_id, KpiValue.start)):
        days.setdefault(row.equipment_id, []).append(_row(row))
    return {
        key: _Row(
            rollup([day.result for day in own]),
            own[-1].end,
            any(day.provisional for day in own),
            max(day.computed_at for day in own),
        )
        for key, own in days.items()
    }


def _stored(machines: Sequence[EquipmentOut], window: str) -> Select[KpiValue]:
    return select(KpiValue).where(
        KpiValue.equipment_id.in_([m.equipment_id for m in machines]),
        KpiValue.kpi == "oee",
        KpiValue.window_kind == window,
    )


def _row(stored: KpiValue) -> _Row:
    result = result_of(stored.inputs, stored.flags)
    return _Row(result, stored.end, stored.provisional, stored.computed_at)


def _inspected(session: Session, machines: Sequence[int], start: datetime, end: datetime) -> InspectionTerms:
    """Parts made in [start, end) that inspections looked at."""
    i = InspectionResult
    statement = select(
        func.coalesce(func.sum(i.inspected), 0), func.coalesce(func.sum(i.good_first_pass), 0)
    ).where(i.equipment_id.in_(machines), i.time >= start, i.time < end, i.withdrawn_at.is_(None))
    inspected, good = session.execute(statement).one()
    return InspectionTerms(int(inspected), int(good))


def _kpi(kpi: Kpi[Any], total: OeeResult | None, inspected: InspectionTerms | None) -> SheetKpi:
    numbers: dict[str, Any] = {"value": None, "numerator": None, "denominator": None}
    reason: str | None = None
    if kpi.scope in _ELSEWHERE:
        reason = _ELSEWHERE[kpi.scope]
    elif total is None or inspected is None:
        reason = "no_row"
    elif kpi.scope is Scope.INSPECTION:
        numbers = _numbers(kpi, inspected)
        reason = "no_inspections" if numbers["value"] is None else None
    else:
        numbers = _numbers(kpi, total) | {"completeness": total.completeness}
        reason = _reason(kpi, total) if numbers["value"] is None else None
    return SheetKpi.model_validate(
        _words(kpi)
        | numbers
        | {"formula_version": kpi.formula_version, "unit": kpi.unit, "scope": kpi.scope.value}
        | {"needs": "; ".join(kpi.needs), "reason": reason}
    )


def _numbers(kpi: Kpi[Any], record: OeeResult | InspectionTerms) -> dict[str, Any]:
    return {
        "value": kpi.function(record),
        "numerator": kpi.numerator(record),
        "denominator": kpi.denominator(record),
    }


def _missing(kpi: MissingKpi) -> SheetKpi:
    nothing = dict.fromkeys(("value", "numerator", "denominator", "formula_version"))
    told = {"unit": "", "scope": "", "needs": kpi.needs, "reason": "not_delivered"}
    return SheetKpi.model_validate(_words(kpi) | nothing | told)


def _words(kpi: Kpi[Any] | MissingKpi) -> dict[str, Any]:
    return {name: getattr(kpi, name) for name in ("id", "name_zh", "name_en", "clause", "formula")}


def _reason(kpi: Kpi[Any], total: OeeResult) -> str:
    if kpi.id in _BY_COUNTS:
        told = next((flag.value for flag in _EXPLAINING if flag in total.flags), None)
        if told is not None:
            return told
    return "not_counted" if kpi.numerator(total) is None else "zero_denominator"


Stations = list[tuple[list[EquipmentOut], OeeResult]]
"""Machines side by side and the sum of their results, in the order of the flow."""


def _stations(machines: Sequence[EquipmentOut], rows: Mapping[int, _Row]) -> dict[int, Stations]:
    """The stations of each line that have rows."""
    out: dict[int, Stations] = {}
    known = [m for m in machines if m.equipment_id in rows]
    by_place = sorted(known, key=lambda m: (m.line_id, m.position, m.equipment_id))
    for (line, _), group in groupby(by_place, key=lambda m: (m.line_id, m.position)):
        own = list(group)
        out.setdefault(line, []).append((own, rollup([rows[m.equipment_id].result for m in own])))
    return out


def _line(every: Stations) -> SheetLine:
    """The line at its bottleneck; stations that do not count can't be judged, and its items leave at the last that does."""
    stations = [station for station in every if _counts(station[1])] or every
    found = line_oee([result for _, result in stations], machines=[len(own) for own, _ in stations])
    narrow = stations[found.bottleneck][0]
    return SheetLine(
        line_id=narrow[0].line_id,
        code=narrow[0].line,
        name_zh=narrow[0].line_name_zh,
        name_en=narrow[0].line_name_en,
        bottleneck=[m.code for m in narrow],
        oee=found.oee,
        availability=found.availability,
        effectiveness=found.effectiveness,
        quality_ratio=found.quality_ratio,
        starved_us=found.starved_us,
        blocked_us=found.blocked_us,
        completeness=found.completeness,
        flags=list(found.flags),
    )


def _machine(machine: EquipmentOut, row: _Row | None, stations: Stations | None) -> SheetMachine:
    result = row.result if row is not None else None
    first = stations[0][1].produced if stations else None
    names = ("oee", "availability", "effectiveness", "quality_ratio", "completeness")
    numbers = {name: getattr(result, name) if result else None for name in names}
    place = ("equipment_id", "code", "name_zh", "name_en", "line_id", "line", "position")
    return SheetMachine.model_validate(
        {name: getattr(machine, name) for name in place}
        | numbers
        | {
            "mtbf": mtbf.KPI.function(result) if result else None,
            "mttr": mttr.KPI.function(result) if result else None,
            "fall_off_ratio": fall_off_ratio.KPI.function(StepTerms(result.scrap, first)) if result else None,
            "flags": list(result.flags) if result else [],
        }
    )
