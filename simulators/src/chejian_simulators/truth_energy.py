"""The truth about energy, meters and planted faults."""

from collections.abc import Iterator, Mapping
from typing import Any

from chejian_simulators.energy import COUNTER_UNIT, HOUR_MS, PER_COUNT, Amounts, Carrier
from chejian_simulators.meters import Meter, Records, SteelMeter
from chejian_simulators.model import MachinePast, PlantModel
from chejian_simulators.shifts import spans

_THOUSAND = 1000


def energy_of(machine: MachinePast, end_ms: int) -> dict[str, Any]:
    """What a machine drew of each carrier, in thousandths of the counter's unit (mWh, mg, mL), rounded down.

    Args:
        machine: advanced to `end_ms`.
        end_ms: end of what is told.
    """
    consumption = machine.consumption
    consumption.advance(end_ms)
    by_state: dict[str, Amounts] = {}
    by_order: dict[str, Amounts] = {}
    hours: dict[int, tuple[dict[str, Amounts], dict[str, Amounts]]] = {}
    for (hour, state, order), amounts in consumption.parts.items():
        name = str(int(state))
        states, orders = hours.setdefault(hour, ({}, {}))
        for sums in (
            by_state.setdefault(name, {}),
            by_order.setdefault(order, {}),
            states.setdefault(name, {}),
            orders.setdefault(order, {}),
        ):
            for carrier, amount in amounts.items():
                sums[carrier] = sums.get(carrier, 0) + amount
    return {
        carrier.value: {
            "unit": "m" + COUNTER_UNIT[carrier],
            "total": _milli(carrier, total),
            "by_state": _column(by_state, carrier),
            "by_order": _column(by_order, carrier),
            "hours": [
                {
                    "start_ms": hour,
                    "by_state": _column(states, carrier),
                    "by_order": _column(orders, carrier),
                }
                for hour, (states, orders) in hours.items()
            ],
        }
        for carrier, total in consumption.total.items()
    }


def _column(rows: Mapping[str, Amounts], carrier: Carrier) -> dict[str, int]:
    return {name: _milli(carrier, amounts[carrier]) for name, amounts in rows.items() if carrier in amounts}


def _milli(carrier: Carrier, integral: int) -> int:
    return integral // (PER_COUNT[carrier] // _THOUSAND)


def meters_of(model: PlantModel, end_ms: int) -> dict[str, Any]:
    """What every meter recorded before `end_ms`, and what passed it in each clock hour and shift."""
    return {code: _meter(meter, model, end_ms) for code, meter in model.metering.meters.items()}


def _meter(meter: Meter, model: PlantModel, end_ms: int) -> dict[str, Any]:
    records, config = meter.records, meter.config
    ends = [[records.times[i], records.counters[i]] for i in (0, -1)] if len(records) else [None, None]
    told: dict[str, Any] = {
        "carrier": config.carrier.value,
        "unit": COUNTER_UNIT[config.carrier],
        "unit_id": config.unit_id,
        "line": config.line,
        "parent": config.parent or None,
        "children": [child.config.code for child in meter.children],
        "machines": list(config.machines),
        "interval_ms": round(config.interval * 1000),
        "modulus": config.modulus or 2**64,
        "records": len(records),
        "first": ends[0],
        "last": ends[1],
        "total": records.totals[-1] - records.totals[0] if len(records) else 0,
        "resets_ms": meter.resets_ms,
        "rollovers_ms": meter.rollovers_ms,
        "hours": [_window(records, a, b) for a, b in _hours(model.epoch_ms, end_ms)],
        "shifts": [{"code": code, **_window(records, a, b)} for code, a, b in shifts_of(model, end_ms)],
    }
    if isinstance(meter, SteelMeter):
        told["replay"] = {
            "rows": len(meter.year.rows_wh),
            "midnight_rows": meter.year.midnight_rows,
            "start_ms": meter.year.start_ms,
            "end_ms": meter.year.end_ms,
            "total": sum(meter.year.rows_wh),
        }
    return told


def _window(records: Records, start_ms: int, end_ms: int) -> dict[str, Any]:
    """What the records say about [start, end); complete when there is a record at both ends."""
    before, after = records.total_at(start_ms), records.total_at(end_ms)
    first = records.totals[0] if len(records) else 0
    return {
        "start_ms": start_ms,
        "end_ms": end_ms,
        "amount": (first if after is None else after) - (first if before is None else before),
        "complete": records.has(start_ms) and records.has(end_ms),
    }


def _hours(start_ms: int, end_ms: int) -> Iterator[tuple[int, int]]:
    """Whole clock hours (UTC) that overlap [start, end)."""
    hour = start_ms // HOUR_MS * HOUR_MS
    while hour < end_ms:
        yield hour, hour + HOUR_MS
        hour += HOUR_MS


def shifts_of(model: PlantModel, end_ms: int) -> list[tuple[str, int, int]]:
    """Code, start and end of the whole shifts that overlap [epoch, end), by their start."""
    calendar = model.plant.calendar
    found = []
    for shift in calendar.shift:
        for start, end in spans(shift, calendar.timezone, model.epoch_ms):
            if start >= end_ms:
                break
            found.append((shift.code, start, end))
    return sorted(found, key=lambda s: s[1:])


def faults_told(model: PlantModel, end_ms: int) -> list[dict[str, Any]]:
    """The planted faults; `onset_ms` is null for a rollover that has not come by `end_ms`."""
    return [_fault(model, number, end_ms) for number in range(len(model.faults))]


def _fault(model: PlantModel, number: int, end_ms: int) -> dict[str, Any]:
    fault = model.faults[number]
    config = fault.config
    onset: int | None = fault.onset_ms
    meter = model.metering.meters.get(config.equipment)
    if meter is not None and config.kind == "meter_rollover":
        onset = meter.rollovers_ms[0] if meter.rollovers_ms else None
    elif meter is not None and config.kind == "counter_reset":
        onset = next((t for t in meter.resets_ms if t >= fault.onset_ms), onset)
    told: dict[str, Any] = {
        "kind": config.kind,
        "equipment": config.equipment,
        "signal": config.signal or None,
        "onset_ms": onset,
        "end_ms": fault.end_ms if config.lasts else None,
        "reached": onset is not None and onset < end_ms,
    }
    if config.part:
        told["part"] = config.part
    if config.per_hour:
        told["per_hour"] = config.per_hour
    if config.product:
        machine = model.machines[config.equipment].config
        registered = machine.products[config.product]
        told |= {
            "product": config.product,
            "registered_s": registered,
            "real_s": registered * config.factor,
        }
    return told
