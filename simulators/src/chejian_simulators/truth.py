"""The ground truth of a simulated plant, worked out from its changes in the plainest way.

Nothing here is shared with the analytics: what the platform computes is compared with this.
"""

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

from chejian_contract.states import MachineState

from chejian_simulators.assembly import STATE_CODES
from chejian_simulators.changes import Block
from chejian_simulators.machines.process import ANNOUNCE_MS
from chejian_simulators.model import MachinePast, OrderPast, PlantModel, Series
from chejian_simulators.plant import CalendarConfig
from chejian_simulators.shifts import Span, planned_stops, spans
from chejian_simulators.truth_energy import energy_of, faults_told, meters_of, shifts_of
from chejian_simulators.work import Outcome

HOUR_MS = 3_600_000

_ELEMENT = {
    MachineState.PRODUCING: "apt_us",
    MachineState.SETUP: "aust_us",
    MachineState.FAULT: "adet_us",
    MachineState.STOPPED: "adet_us",
    MachineState.STARVED: "adet_us",
    MachineState.BLOCKED: "adet_us",
    MachineState.MAINTENANCE: "adet_us",
    MachineState.IDLE: "adot_us",
    MachineState.OFF: "adot_us",
}
_COUNTERS = {"produced": "Counts/Produced", "good": "Counts/Good", "scrap": "Counts/Scrap"}
_REWORK = "Counts/Rework"

StateSpan = tuple[int, int, MachineState]


def truth_of(model: PlantModel, end_ms: int) -> dict[str, Any]:
    """The truth of [epoch, end): machines, meters and planted faults; README, "Truth file".

    Args:
        model: advanced exactly to `end_ms`.
        end_ms: end of what is told [ms since 1970 UTC].

    Raises:
        ValueError: when the model stands elsewhere.
    """
    if model.now_ms != end_ms:
        raise ValueError(f"the model stands at {model.now_ms} ms, the truth is asked for {end_ms} ms")
    return {
        "plant": model.plant.name,
        "seed": model.seed,
        "epoch_ms": model.epoch_ms,
        "end_ms": end_ms,
        "node": model.plant.node,
        "group": model.plant.group,
        "equipment": {code: _equipment(machine, model, end_ms) for code, machine in model.machines.items()},
        "meters": meters_of(model, end_ms),
        "faults": faults_told(model, end_ms),
    }


def write_truth(model: PlantModel, end_ms: int, path: Path) -> dict[str, Any]:
    """Write the truth as JSON and return it; the file is replaced in one step, so a reader sees the old one or the new one."""
    truth = truth_of(model, end_ms)
    text = json.dumps(truth, ensure_ascii=False, separators=(",", ":")) + "\n"
    draft = path.with_name(path.name + ".tmp")
    with draft.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
    return truth


def _equipment(machine: MachinePast, model: PlantModel, end: int) -> dict[str, Any]:
    states = _states(machine, end)
    counters = {**_COUNTERS, **({"rework": _REWORK} if _REWORK in machine.series else {})}
    counts = {name: _increments(machine.series.get(signal, Series())) for name, signal in counters.items()}
    products = machine.series.get("Order/Product", Series())

    def row(start: int, stop: int) -> dict[str, Any]:
        return _window(start, stop, states, counts, products, machine.config.products, model.plant.calendar)

    return {
        "type": machine.config.type,
        "states": [[a, b, int(state)] for a, b, state in states],
        "count_events": counts,
        "changes": {signal: series.told for signal, series in sorted(machine.series.items())},
        "hours": [row(a, b) for a, b in _hours(model.epoch_ms, end)],
        "shifts": [{"code": code, **row(a, b)} for code, a, b in shifts_of(model, end)],
        "waveforms": _waveforms(machine),
        "counts_by_product": _by_product(machine),
        "orders": _orders(machine, products, end),
        "energy": energy_of(machine, end),
    }


def _orders(machine: MachinePast, products: Series, end: int) -> list[dict[str, Any]]:
    """All orders that were begun; one without a piece so far has the product that is told, once it is told."""
    begun = {
        number: OrderPast(_product(end, products), start)
        for number, start in machine.begun_ms.items()
        if start + ANNOUNCE_MS < end
    }
    return [
        {
            "id": number,
            "product": order.product,
            "start_ms": order.start_ms,
            "end_ms": order.end_ms,
            "planned": order.planned,
            **_counts(order.counts),
        }
        for number, order in {**begun, **machine.orders}.items()
    ]


def _counts(counts: Mapping[Outcome, int]) -> dict[str, int]:
    return {"produced": sum(counts.values()), **{outcome.value: counts[outcome] for outcome in Outcome}}


def _by_product(machine: MachinePast) -> dict[str, dict[str, int]]:
    found: dict[str, dict[Outcome, int]] = {}
    for order in machine.orders.values():
        sums = found.setdefault(order.product, dict.fromkeys(Outcome, 0))
        for outcome, number in order.counts.items():
            sums[outcome] += number
    return {product: _counts(sums) for product, sums in found.items()}


def _states(machine: MachinePast, end: int) -> list[StateSpan]:
    meaning = {code: state for state, code in STATE_CODES[machine.config.type].items()}
    series = machine.series.get("State/MachineState", Series())
    edges = [*series.times, end]
    return [
        (a, b, meaning[int(str(code))]) for (a, b), code in zip(pairwise(edges), series.values, strict=True)
    ]


def _increments(series: Series) -> list[int]:
    """Times at which a counter rose; a reset to 0 is no piece."""
    steps = zip(pairwise(series.values), series.times[1:], strict=True) if series.times else ()
    return [time_ms for (before, after), time_ms in steps if int(str(after)) > int(str(before))]


def _hours(start: int, end: int) -> Iterator[Span]:
    """Clock hours (UTC) of [start, end), the first and the last one cut."""
    while start < end:
        stop = min(start // HOUR_MS * HOUR_MS + HOUR_MS, end)
        yield start, stop
        start = stop


def _window(
    start: int,
    end: int,
    states: Sequence[StateSpan],
    counts: Mapping[str, Sequence[int]],
    products: Series,
    ideal: Mapping[str, float],
    calendar: CalendarConfig,
) -> dict[str, Any]:
    """What happened in [start, end); of what lies outside the states nothing is known."""
    scheduled = _scheduled(calendar, start, end)
    stops = _clip(_until(planned_stops(calendar, start), end), start, end)
    busy = _minus(scheduled, stops)
    row = dict.fromkeys(("apt_us", "aust_us", "adet_us", "adot_us"), 0)
    for a, b, state in states:
        for c, d in busy:
            row[_ELEMENT[state]] += max(0, min(b, d) - max(a, c)) * 1000
    made = {name: [t for t in times if start <= t < end] for name, times in counts.items()}
    produced, good = len(made["produced"]), len(made["good"])
    ideal_us = sum(_ideal_us(t, products, ideal) for t in made["produced"])
    known_busy = sum(row.values())
    in_shift, in_work = (sum(b - a for a, b in spans_) for spans_ in (scheduled, busy))
    return {
        "start_ms": start,
        "end_ms": end,
        "calendar_us": (end - start) * 1000,
        "not_scheduled_us": (end - start - in_shift) * 1000,
        "planned_stop_us": (in_shift - in_work) * 1000,
        **row,
        "no_data_us": in_work * 1000 - known_busy,
        "produced": produced,
        "good": good,
        "scrap": len(made["scrap"]),
        **({"rework": len(made["rework"])} if "rework" in made else {}),
        "by_product": _made_by_product(made, products),
        "ideal_us": ideal_us,
        "availability": _ratio(row["apt_us"], known_busy),
        "effectiveness": _ratio(ideal_us, row["apt_us"]),
        "quality_ratio": _ratio(good, produced),
        "oee": _ratio(sum(_ideal_us(t, products, ideal) for t in made["good"]), known_busy),
    }


def _made_by_product(made: Mapping[str, Sequence[int]], products: Series) -> dict[str, dict[str, int]]:
    found: dict[str, dict[str, int]] = {}
    for name, times in made.items():
        for time_ms in times:
            counts = found.setdefault(_product(time_ms, products), dict.fromkeys(made, 0))
            counts[name] += 1
    return found


def _product(time_ms: int, products: Series) -> str:
    """Product that was in work at a count."""
    return str(products.values[products.index_at(time_ms) - 1])


def _ideal_us(time_ms: int, products: Series, ideal: Mapping[str, float]) -> int:
    """Ideal cycle time of the product that was in work at a count [us]."""
    return round(ideal[_product(time_ms, products)] * 1_000_000)


def _ratio(numerator: int, denominator: int) -> float | None:
    return numerator / denominator if denominator else None


def _scheduled(calendar: CalendarConfig, start: int, end: int) -> list[Span]:
    """Time inside shifts; shifts that overlap count once."""
    found: list[Span] = []
    for shift in calendar.shift:
        own = _clip(_until(spans(shift, calendar.timezone, start), end), start, end)
        found += _minus(own, found)
    return sorted(found)


def _until(source: Iterator[Span], end: int) -> Iterator[Span]:
    for span in source:
        if span[0] >= end:
            return
        yield span


def _clip(source: Iterator[Span], start: int, end: int) -> list[Span]:
    return [(max(a, start), min(b, end)) for a, b in source if a < end and b > start]


def _minus(spans_: Sequence[Span], holes: Sequence[Span]) -> list[Span]:
    left = list(spans_)
    for c, d in holes:
        left = [part for a, b in left for part in ((a, min(b, c)), (max(a, d), b)) if part[0] < part[1]]
    return left


def _waveforms(machine: MachinePast) -> list[dict[str, Any]]:
    found = []
    serials = machine.series.get("Motor/SerialNumber", Series())
    series = machine.series.get("Vibration/DriveEnd", Series())
    for time_ms, block in zip(series.times, series.values, strict=True):
        found.append(
            {
                "time_ms": time_ms,
                "serial": serials.values[serials.index_at(time_ms) - 1],
                **_block(block),
            }
        )
    return found


def _block(block: object) -> dict[str, Any]:
    if isinstance(block, int | float | str) or block is None:
        raise TypeError(f"{block!r} is no waveform")
    wave: Block = block  # type: ignore[assignment]  # what is no scalar is a block, see changes.Value
    return {
        "sample_rate": wave.sample_rate,
        "count": wave.count,
        "rpm": wave.rpm,
        "part": wave.part,
        "grade": wave.grade,
        "source": wave.source,
    }
