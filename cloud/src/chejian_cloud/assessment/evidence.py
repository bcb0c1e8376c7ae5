"""Indicators of an enterprise or workshop in a window, computed from what the registry says and what really arrived."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from fractions import Fraction
from typing import Any

from chejian_analytics.assessment import INDICATORS, Indicator, Month, Trend, Window, trend
from chejian_analytics.assessment import evidence as engine
from chejian_contract.templates import equipment_types
from sqlalchemy import text
from sqlalchemy.orm import Session

from chejian_cloud.assessment import facts
from chejian_cloud.assessment.facts import Place
from chejian_cloud.clock import from_us, hour_floor, to_us

WINDOW = timedelta(days=30)
"""What a new form looks back on; project default."""
TREND = timedelta(days=366)
"""Months that trends look back on; project default."""
_MONTHS = 3
"""Of the baseline, and of the recent window; fewer where there are fewer than twice as many."""
TREND_NAMES: Mapping[str, tuple[str, str, str, str]] = {
    "oee_trend": (
        "设备综合效率（近期）",
        "OEE, recent months",
        "有效时间 / 计划运行时间",
        "effective time / planned busy time",
    ),
    "energy_trend": (
        "单位合格品电耗（近期）",
        "electricity per good item, recent months",
        "有电表设备的用电量（Wh） / 合格品数",
        "Wh / good items of metered machines",
    ),
}
_UNITS = {"oee_trend": "us", "energy_trend": "Wh per item"}

_PLAN_ONCE = text("SET LOCAL plan_cache_mode = force_generic_plan")
"""The queries join many tables behind policies: to plan them takes as long as to run them, and no plan depends on whose they are."""

Rows = Sequence[dict[str, Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """An indicator with what it was made of.

    Attributes:
        indicator: the figure.
        query: SQL with its parameters.
        links: addresses of pages that show what it was made of.
        detail: the facts, by machine, point or month; numbers are whole, other values texts.
        trend: how the months moved, for trends that have enough of them.
    """

    indicator: Indicator
    query: str
    links: tuple[str, ...] = ()
    detail: tuple[Mapping[str, Any], ...] = field(default=())
    trend: Trend | None = None


def place_at(now: datetime, enterprise_id: int, workshop_id: int | None) -> Place:
    """The last 30 days up to the last whole hour, and a year for trends."""
    end = from_us(hour_floor(to_us(now)))
    return Place(
        enterprise_id=enterprise_id,
        workshop_id=workshop_id,
        start=end - WINDOW,
        end=end,
        since=end - TREND,
    )


def measure_all(session: Session, place: Place) -> list[Evidence]:
    """Every indicator of a place, by id; one without a value is there, too, and says how little is known."""
    window = Window(to_us(place.start), to_us(place.end))
    session.execute(_PLAN_ONCE)
    machines = facts.ask(session, facts.EQUIPMENT, place)
    found = [
        *_shares(place, window, machines),
        _collection(place, window, facts.ask(session, facts.POINTS, place)),
        _quality(place, window, facts.ask(session, facts.QUALITY, place)),
        _processes(place, window, facts.ask(session, facts.KEY_PROCESSES, place)),
        *_meters(place, window, facts.ask(session, facts.METERING, place)),
        *_inspections(place, window, facts.ask(session, facts.ORDERS, place)),
        _trend("oee_trend", place, facts.OEE_MONTHS, facts.ask(session, facts.OEE_MONTHS, place)),
        _trend("energy_trend", place, facts.ENERGY_MONTHS, facts.ask(session, facts.ENERGY_MONTHS, place)),
    ]
    return sorted(found, key=lambda each: each.indicator.id)


def names_of(indicator: str) -> tuple[str, str, str, str]:
    """中文名称, English name, 算法 and formula of an indicator."""
    if indicator in TREND_NAMES:
        return TREND_NAMES[indicator]
    known = INDICATORS[indicator]
    return known.name_zh, known.name_en, known.formula_zh, known.formula_en


def flag(value: bool | None) -> int:
    """A fact of the registry as the engine takes it."""
    return -1 if value is None else int(value)


def _interface(row: Mapping[str, Any]) -> int:
    """Equipment that feeds the platform has an interface, whatever nobody wrote down."""
    return 1 if row["configured"] else flag(row["has_interface"])


def _shares(place: Place, window: Window, rows: Rows) -> list[Evidence]:
    interface = [_interface(row) for row in rows]
    configured = [int(row["configured"]) for row in rows]
    digital = [min(a, b) for a, b in zip(interface, configured, strict=True)]
    covered = [row["covered_us"] for row in rows]
    return [
        _evidence(
            place, facts.EQUIPMENT, rows, engine.digital_equipment_share(window, interface, configured)
        ),
        _evidence(place, facts.EQUIPMENT, rows, engine.networked_equipment_share(window, digital, covered)),
    ]


def required_points(rows: Rows) -> list[dict[str, Any]]:
    """The points that equipment types list, with what arrived; other signals of a machine are not required.

    Equipment without a feed tells nothing of how its points are collected: not known.
    """
    types = equipment_types()
    arrived: dict[tuple[int, str], int] = {}
    machines: dict[int, tuple[str, str, bool]] = {}
    for row in rows:
        machines[row["equipment_id"]] = (row["code"], row["type"], row["configured"])
        key = row["equipment_id"], row["name"]
        arrived[key] = arrived.get(key, 0) + row["samples"]
    return [
        {
            "equipment_id": machine,
            "code": code,
            "point": signal,
            "automatic": int((machine, signal) in arrived) if fed else -1,
            "samples": arrived.get((machine, signal), 0),
        }
        for machine, (code, kind, fed) in machines.items()
        if kind in types
        for signal in sorted(types[kind].signals)
    ]


def _collection(place: Place, window: Window, rows: Rows) -> Evidence:
    points = required_points(rows)
    figure = engine.automatic_collection_share(
        window, [p["automatic"] for p in points], [p["samples"] for p in points]
    )
    return _evidence(place, facts.POINTS, points, figure)


def _quality(place: Place, window: Window, rows: Rows) -> Evidence:
    due = window.end_us - window.start_us
    figure = engine.data_quality(
        window,
        [row["good"] for row in rows],
        [row["samples"] - row["good"] for row in rows],
        [0] * len(rows),
        [0 if row["untimed"] else min(row["covered_us"], due) for row in rows],
        [0 if row["untimed"] else due for row in rows],
    )
    return _evidence(place, facts.QUALITY, rows, figure)


def _processes(place: Place, window: Window, rows: Rows) -> Evidence:
    figure = engine.key_process_nc_share(window, [flag(row["controlled"]) for row in rows])
    return _evidence(place, facts.KEY_PROCESSES, rows, figure)


def _meters(place: Place, window: Window, rows: Rows) -> list[Evidence]:
    found = []
    for meter_class in engine.METER_CLASSES:
        points = [row for row in rows if row["meter_class"] == meter_class]
        fitted, readings = [flag(p["fitted"]) for p in points], [p["readings"] for p in points]
        figure = engine.meter_fitting(window, meter_class, fitted, readings)
        found.append(_evidence(place, facts.METERING, points, figure))
    return found


def _ended(rows: Rows) -> tuple[list[int], list[int]]:
    return [row["ended"] for row in rows], [row["inspections"] for row in rows]


def _inspections(place: Place, window: Window, rows: Rows) -> list[Evidence]:
    by_machine: dict[int, dict[str, Any]] = {}
    for row in rows:
        names = {"equipment_id": row["equipment_id"], "code": row["code"]}
        machine = by_machine.setdefault(row["equipment_id"], {**names, "ended": 0, "inspections": 0})
        machine["ended"] += row["ended"]
        machine["inspections"] += row["inspections"]
    machines = list(by_machine.values())
    return [
        _evidence(place, facts.ORDERS, rows, engine.inspected_order_share(window, *_ended(rows))),
        _evidence(place, facts.ORDERS, machines, engine.inspected_equipment_share(window, *_ended(machines))),
    ]


def _trend(name: str, place: Place, query: str, rows: Rows) -> Evidence:
    """The recent months as the figure; with two months or more, how they moved since the baseline."""
    months = [
        Month(
            window=Window(to_us(row["start"]), to_us(row["end"])),
            numerator=row["numerator"],
            denominator=row["denominator"],
            covered_us=row["covered_us"],
            due_us=row["due_us"],
        )
        for row in rows
    ]
    each = min(_MONTHS, len(months) // 2)
    moved = trend(name, _UNITS[name], months, baseline=each, recent=each) if each else None
    figure = moved.recent if moved else _only(name, place, months)
    return _evidence(place, query, rows, figure, moved)


def _only(name: str, place: Place, months: Sequence[Month]) -> Indicator:
    return Indicator(
        id=name,
        window=months[0].window if months else Window(to_us(place.start), to_us(place.end)),
        numerator=sum(m.numerator for m in months),
        denominator=sum(m.denominator for m in months),
        known=sum(m.covered_us for m in months),
        expected=sum(m.due_us for m in months),
        unit=_UNITS[name],
    )


def _evidence(
    place: Place,
    query: str,
    rows: Sequence[Mapping[str, Any]],
    indicator: Indicator,
    moved: Trend | None = None,
) -> Evidence:
    parameters = json.dumps(place.parameters, default=lambda moment: moment.isoformat())
    return Evidence(
        indicator=indicator,
        query=f"{query.strip()}\n-- {parameters}",
        links=tuple(dict.fromkeys(filter(None, (_page(row) for row in rows)))),
        detail=tuple({key: _plain(value) for key, value in row.items()} for row in rows),
        trend=moved,
    )


def _page(row: Mapping[str, Any]) -> str:
    if row.get("equipment_id"):
        return f"/equipment/{row['equipment_id']}"
    return f"/workshops/{row['workshop_id']}" if row.get("workshop_id") else ""


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value


def moved_words(moved: Trend) -> dict[str, Any]:
    """A trend as exact texts and whole numbers, for what is frozen and shown."""
    text: Callable[[Fraction | None], str | None] = lambda value: None if value is None else str(value)  # noqa: E731 - one line
    return {
        "baseline": text(moved.baseline.value),
        "recent": text(moved.recent.value),
        "difference": text(moved.difference),
        "relative": text(moved.relative),
        "rising": moved.rising,
        "falling": moved.falling,
        "direction": moved.direction,
    }
