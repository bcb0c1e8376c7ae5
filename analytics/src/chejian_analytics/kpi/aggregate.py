"""OEE of many windows of one equipment at once, from its samples, calendar and ideal cycles."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Any

import numpy as np
from chejian_contract.states import TimeCategory
from numpy.typing import NDArray

from chejian_analytics.kpi.categories import CODE_OF
from chejian_analytics.kpi.counts import Counter
from chejian_analytics.kpi.ideal import UNKNOWN_US, PriSteps, pri_steps
from chejian_analytics.kpi.inputs import Correction, OeeInputs
from chejian_analytics.kpi.losses import CATEGORY_CODES, LOSS_CODE, Loss
from chejian_analytics.kpi.oee import Flag, OeeResult, OeeTerms, oee
from chejian_analytics.kpi.timemodel import loss_totals, time_intervals
from chejian_analytics.kpi.windows import Windows

Int64 = NDArray[np.int64]
Bool = NDArray[np.bool_]

_COUNTERS = ("produced", "good", "scrap", "rework")


@dataclass(frozen=True, slots=True, eq=False)
class _Counts:
    """Per window: items, PRI-weighted items [us], items without PRI; and the time of the first reading."""

    items: Int64
    weighted_us: Int64
    unweighted: Int64
    first_us: int


def window_oee(inputs: OeeInputs, windows: Windows) -> list[OeeResult]:
    """OEE of each window (hours, shifts, days: one call each, as windows must not overlap).

    Raises:
        ValueError: for unsorted times or shapes that differ.
    """
    if len(windows) == 0:
        return []
    times = _time_elements(inputs, windows)
    counts, flags = _count_elements(inputs, windows)
    length = windows.end_us - windows.start_us
    columns: dict[str, list[Any]] = {
        name: column.tolist() for name, column in {"calendar_us": length, **times, **counts}.items()
    }
    return [
        oee(
            OeeTerms(**{name: column[i] for name, column in columns.items()}),
            [flag for flag, where in flags.items() if where[i]],
        )
        for i in range(len(windows))
    ]


_TIME_OF_CATEGORY = {
    "not_scheduled_us": TimeCategory.NOT_SCHEDULED,
    "planned_stop_us": TimeCategory.PLANNED_DOWN,
    "no_data_us": TimeCategory.NO_DATA,
    "adot_us": TimeCategory.DOWN,
    "adet_us": TimeCategory.DELAY,
    "aust_us": TimeCategory.SETUP,
    "apt_us": TimeCategory.PRODUCTION,
}
_CATEGORIES_OF_LOSSES = np.stack(
    [CODE_OF[category] == CATEGORY_CODES for category in _TIME_OF_CATEGORY.values()], axis=1
).astype(np.int64)
"""1 where the time of a class (row) is in that of a category (column)."""
_TIME_OF_LOSS = {
    "planned_maintenance_us": Loss.PLANNED_MAINTENANCE,
    "fault_us": Loss.FAULT,
    "minor_stop_us": Loss.MINOR_STOP,
    "starved_us": Loss.STARVED,
    "blocked_us": Loss.BLOCKED,
    "maintenance_us": Loss.MAINTENANCE,
}


def _time_elements(inputs: OeeInputs, windows: Windows) -> dict[str, Int64]:
    intervals = time_intervals(inputs, int(windows.start_us[0]), int(windows.end_us[-1]))
    totals = loss_totals(intervals, windows)
    of_category = dict(zip(_TIME_OF_CATEGORY, (totals @ _CATEGORIES_OF_LOSSES).T, strict=True))
    of_loss = {name: totals[:, LOSS_CODE[loss]] for name, loss in _TIME_OF_LOSS.items()}
    events = {
        "failures": _within(intervals.failures_us, windows),
        "minor_stops": _within(intervals.minor_stops_us, windows),
        "setups": _within(intervals.setups_us, windows),
    }
    return of_category | of_loss | events


def _within(times_us: Int64, windows: Windows) -> Int64:
    """How many times lie in each window."""
    found: Int64 = np.searchsorted(times_us, windows.end_us) - np.searchsorted(times_us, windows.start_us)
    return found


def _count_elements(inputs: OeeInputs, windows: Windows) -> tuple[dict[str, NDArray[Any]], dict[Flag, Bool]]:
    pri = pri_steps(inputs.product_times_us, inputs.products, inputs.ideal_cycles)
    counters = {name: s.counter() for name in _COUNTERS if (s := getattr(inputs, name)) is not None}
    counts = {name: _in_windows(c, pri, windows) for name, c in counters.items()}
    rework = counts.get("rework")
    produced, good, scrap = _complete(counts.get("produced"), counts.get("good"), counts.get("scrap"), rework)
    moved = _moved(inputs.corrections, pri, windows)
    if moved is not None and good is not None:
        good = _sum(_sum(good, moved.scrap, -1), moved.rework, -1)
    ideal = produced.weighted_us if produced else np.zeros(len(windows), np.int64)
    elements = {
        "produced": _known_items(produced, windows),
        "good": _known_items(good, windows),
        "scrap": _known_items(scrap, windows),
        "rework": _known_items(rework, windows),
        "ideal_us": ideal,
        "effective_us": good.weighted_us if good else ideal,
    }
    if moved is not None:
        elements["scrap"] = _with_moved(scrap, moved.scrap, moved.some, windows)
        elements["rework"] = _with_moved(rework, moved.rework, moved.some, windows)
    return elements, _flags(counters, produced, good, windows)


def _known_items(counts: _Counts | None, windows: Windows) -> NDArray[Any]:
    """Items as Python integers; None in windows that end before the first reading."""
    if counts is None:
        return np.full(len(windows), None, object)
    items: NDArray[Any] = counts.items.astype(object)
    items[windows.end_us <= counts.first_us] = None
    return items


def _in_windows(counted: Counter, pri: PriSteps, windows: Windows) -> _Counts:
    """Cut the windows at the steps of PRI, so that each piece has one ideal cycle, and sum the pieces."""
    edges = np.unique(np.concatenate([windows.start_us, windows.end_us, pri.start_us]))
    items = np.diff(counted.total_before(edges))
    cycle = pri.at(edges[:-1])
    columns = np.stack([items, items * cycle, np.where(cycle == UNKNOWN_US, items, 0)])
    before = np.concatenate([np.zeros((3, 1), np.int64), columns.cumsum(axis=1)], axis=1)
    inside = (
        before[:, np.searchsorted(edges, windows.end_us)]
        - before[:, np.searchsorted(edges, windows.start_us)]
    )
    return _Counts(inside[0], inside[1], inside[2], _first_us(counted))


def _first_us(counted: Counter) -> int:
    """Time of the first reading [us]; the end of time for none."""
    return int(counted.times_us[0]) if counted.times_us.size else int(np.iinfo(np.int64).max)


def _complete(
    produced: _Counts | None, good: _Counts | None, scrap: _Counts | None, rework: _Counts | None
) -> tuple[_Counts | None, _Counts | None, _Counts | None]:
    """Derive the one count that is missing from the others (PQ = GQ + SQ + RQ; rework that is not counted is none)."""
    if produced is None and good and scrap:
        produced = _sum(_sum(good, scrap, 1), rework, 1)
    elif good is None and produced and scrap:
        good = _sum(_sum(produced, scrap, -1), rework, -1)
    elif scrap is None and produced and good:
        scrap = _sum(_sum(produced, good, -1), rework, -1)
    return produced, good, scrap


@dataclass(frozen=True, slots=True, eq=False)
class _Moved:
    """Items that inspections moved in each window, and whether they moved any there."""

    scrap: _Counts
    rework: _Counts
    some: Bool


def _moved(corrections: Sequence[Correction], pri: PriSteps, windows: Windows) -> _Moved | None:
    """What inspections moved in each window; None without any."""
    if not corrections:
        return None
    times = np.array([c.time_us for c in corrections], np.int64)
    cycle = pri.at(times)
    at = np.searchsorted(windows.start_us, times, side="right") - 1
    inside = (at >= 0) & (times < windows.end_us[np.maximum(at, 0)])
    some = np.zeros(len(windows), np.bool_)
    some[at[inside]] = True
    scrap, rework = (
        _placed(np.array([getattr(c, name) for c in corrections], np.int64), cycle, at, inside, len(windows))
        for name in ("scrap", "rework")
    )
    return _Moved(scrap, rework, some)


def _placed(items: Int64, cycle: Int64, at: Int64, inside: Bool, windows: int) -> _Counts:
    columns = np.zeros((3, windows), np.int64)
    for column, values in zip(columns, (items, items * cycle, items * (cycle == UNKNOWN_US)), strict=True):
        np.add.at(column, at[inside], values[inside])
    return _Counts(columns[0], columns[1], columns[2], int(np.iinfo(np.int64).max))


def _with_moved(counts: _Counts | None, moved: _Counts, some: Bool, windows: Windows) -> NDArray[np.object_]:
    """Items with those that inspections added; without a counter, known only where an inspection moved some."""
    if counts is not None:
        return _known_items(_sum(counts, moved, 1), windows)
    items: NDArray[np.object_] = moved.items.astype(object)
    items[~some] = None
    return items


def _sum(a: _Counts, b: _Counts | None, sign: int) -> _Counts:
    if b is None:
        return a
    return _Counts(
        a.items + sign * b.items,
        a.weighted_us + sign * b.weighted_us,
        a.unweighted + sign * b.unweighted,
        min(a.first_us, b.first_us),
    )


def _flags(
    counters: dict[str, Counter], produced: _Counts | None, good: _Counts | None, windows: Windows
) -> dict[Flag, Bool]:
    never = np.zeros(len(windows), np.bool_)
    always = ~never
    late, partial = always, never
    if produced is not None:
        first = max(_first_us(c) for c in counters.values())
        late = windows.end_us <= first
        partial = ~late & (windows.start_us < first)
    return {
        Flag.NO_COUNTS: late,
        Flag.COUNTS_PARTIAL: partial,
        Flag.NO_QUALITY_COUNTS: never if good else always,
        Flag.NO_IDEAL_CYCLE: (produced.unweighted if produced else never) > 0,
        Flag.COUNTER_RESET: reduce(np.logical_or, (c.has_reset(windows) for c in counters.values()), never),
        Flag.INVALID_COUNT: reduce(np.logical_or, (c.has_invalid(windows) for c in counters.values()), never),
        Flag.IMPLAUSIBLE_COUNT: reduce(
            np.logical_or, (c.has_implausible(windows) for c in counters.values()), never
        ),
    }
