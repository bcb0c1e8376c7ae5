"""Reads conformance cases: plain JSON in `cases`, checked against `cases/case.schema.json`, into the engine's inputs."""

import json
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
from chejian_analytics.kpi import (
    EVERY_DAY,
    CalendarVersion,
    CounterSeries,
    DayException,
    IdealCycle,
    Loss,
    OeeInputs,
    ReasonSpan,
    Shift,
    ShiftCalendar,
    SpanException,
    SpanKind,
    TimeRules,
    Windows,
)
from chejian_contract.states import MachineState, OperationMode

FOLDER = Path(__file__).parent / "cases"
SCHEMA = FOLDER / "case.schema.json"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DAY_US = 86_400_000_000
_TYPES: Mapping[str, tuple[type, ...]] = {
    "object": (dict,),
    "array": (list,),
    "string": (str,),
    "number": (int, float),
    "integer": (int,),
    "null": (type(None),),
}


def names() -> list[str]:
    return sorted(p.stem for p in FOLDER.glob("*.json") if p != SCHEMA)


def read(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    return found


def problems(value: Any, schema: Mapping[str, Any], root: Mapping[str, Any], at: str = "") -> list[str]:
    """Where a value breaks a schema; knows the keywords that ours uses, and refuses others."""
    if "$ref" in schema:
        return problems(value, root["$defs"][schema["$ref"].rsplit("/", 1)[-1]], root, at)
    known = {"$schema", "$defs", "title", "description", "type", "properties", "required", "pattern", "enum"}
    known |= {"additionalProperties", "items", "minItems", "maxItems", "minimum", "maximum"}
    found = [f"{at}: schema keyword {key}" for key in set(schema) - known]
    types = schema.get("type", [])
    types = [types] if isinstance(types, str) else types
    if types and not any(isinstance(value, _TYPES[t]) for t in types):
        return [*found, f"{at}: {value!r} is no {types}"]
    if "enum" in schema and value not in schema["enum"]:
        found.append(f"{at}: {value!r} must be one of {schema['enum']}")
    if isinstance(value, str) and not re.search(schema.get("pattern", ""), value):
        found.append(f"{at}: {value!r} must match {schema['pattern']}")
    if isinstance(value, (int, float)):
        low, high = schema.get("minimum", value), schema.get("maximum", value)
        found += [] if low <= value <= high else [f"{at}: {value} must be {low} to {high}"]
    if isinstance(value, list):
        low, high = schema.get("minItems", 0), schema.get("maxItems", len(value))
        found += [] if low <= len(value) <= high else [f"{at}: {len(value)} items"]
        for i, item in enumerate(value):
            found += problems(item, schema.get("items", {}), root, f"{at}[{i}]")
    if isinstance(value, dict):
        found += [f"{at}: {key} is missing" for key in schema.get("required", []) if key not in value]
        for key, item in value.items():
            inner = schema.get("properties", {}).get(key, schema.get("additionalProperties", {}))
            found += (
                [f"{at}: {key} is unknown"] if inner is False else problems(item, inner, root, f"{at}.{key}")
            )
    return found


def us(text: str) -> int:
    """Microseconds since 1970 of an ISO time with offset."""
    return (datetime.fromisoformat(text) - _EPOCH) // timedelta(microseconds=1)


def calendar_of(case: Mapping[str, Any]) -> ShiftCalendar:
    given = case["calendar"]
    return ShiftCalendar(
        case["timezone"],
        tuple(
            CalendarVersion(
                date.fromisoformat(v["valid_from"]),
                tuple(
                    Shift(s["code"], s["start"], s["end"], tuple((a, b) for a, b in s.get("breaks", [])))
                    for s in v["shifts"]
                ),
                workdays=frozenset(v.get("workdays", EVERY_DAY)),
                holidays=v.get("holidays"),
                planned_stops=tuple((a, b) for a, b in v.get("planned_stops", [])),
            )
            for v in given["versions"]
        ),
        tuple(DayException(date.fromisoformat(d["day"]), tuple(d["shifts"])) for d in given.get("days", [])),
        tuple(
            SpanException(us(s["start"]), us(s["end"]), SpanKind(s["kind"])) for s in given.get("spans", [])
        ),
    )


def sorted_samples(samples: Sequence[Sequence[Any]]) -> tuple[list[int], list[Any]]:
    """Times and values in the order of time; the file has them in the order of arrival."""
    rows = sorted(((us(t), v) for t, v in samples), key=lambda row: row[0])
    return [t for t, _ in rows], [v for _, v in rows]


def inputs_of(case: Mapping[str, Any]) -> OeeInputs:
    """The engine's inputs, with calendar windows a day beyond the windows of the case."""
    first = min(us(w["start"]) for w in case["windows"]) - _DAY_US
    last = max(us(w["end"]) for w in case["windows"]) + _DAY_US
    calendar, rules = calendar_of(case), case.get("rules", {})
    times, states = sorted_samples(case["states"])
    mode_times, modes = sorted_samples(case.get("modes", []))
    product_times, products = sorted_samples(case.get("products", []))
    orders = case.get("orders")
    return OeeInputs(
        state_times_us=times,
        states=np.array([np.nan if s is None else int(MachineState[s]) for s in states], np.float64),
        hold_us=None if case["hold_s"] is None else round(case["hold_s"] * 1e6),
        produced=_counter(case, "produced"),
        good=_counter(case, "good"),
        scrap=_counter(case, "scrap"),
        rework=_counter(case, "rework"),
        product_times_us=product_times,
        products=products,
        ideal_cycles=[
            IdealCycle(c["product"], round(c["cycle_s"] * 1e6), us(c["valid_from"]))
            for c in case.get("ideal_cycles", [])
        ],
        scheduled=calendar.scheduled(first, last),
        planned_stops=calendar.planned_stops(first, last),
        planned_maintenance=calendar.planned_maintenance(first, last),
        mode_times_us=mode_times,
        modes=[int(OperationMode[m]) for m in modes],
        orders=None if orders is None else Windows.of([us(a) for a, _ in orders], [us(b) for _, b in orders]),
        reasons=[
            ReasonSpan(us(r["start"]), us(r["end"]), r["reason"], Loss(r["loss"]) if "loss" in r else None)
            for r in case.get("reasons", [])
        ],
        rules=TimeRules(round(rules.get("minor_stop_s", 0) * 1e6), round(rules.get("changeover_s", 0) * 1e6)),
    )


def _counter(case: Mapping[str, Any], name: str) -> CounterSeries | None:
    given = case.get("counters", {}).get(name)
    if given is None:
        return None
    times, values = sorted_samples(given["samples"])
    return CounterSeries(
        times,
        values,
        given.get("modulus"),
        [us(t) for t in given.get("replaced", [])],
        round(given.get("least_cycle_s", 0) * 1e6),
    )
