"""OEE of many windows of one equipment at once, from its samples, calendar and ideal cycles."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from chejian_contract.states import TimeCategory
from numpy.typing import ArrayLike, NDArray

from chejian_analytics.kpi.categories import CODE_OF, category_totals, overlay
from chejian_analytics.kpi.counts import Counter, counter
from chejian_analytics.kpi.ideal import UNKNOWN_US, IdealCycle, PriSteps, pri_steps
from chejian_analytics.kpi.oee import Flag, OeeResult, OeeTerms, oee
from chejian_analytics.kpi.timeline import state_intervals
from chejian_analytics.kpi.windows import Windows

Int64 = NDArray[np.int64]
Bool = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class CounterSeries:
    """Samples of a total-increasing counter; see `chejian_analytics.kpi.counts.counter`."""

    times_us: ArrayLike
    values: ArrayLike
    modulus: int | None = None


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class OeeInputs:
    """What the OEE of one equipment is made of. Times are sorted microseconds since 1970 UTC.

    Of every series the last sample before the first window belongs in here: it decides what holds at the start.

    Attributes:
        state_times_us: sample times of the role machine_state.
        states: `MachineState` numbers; 0 or NaN for bad quality.
        hold_us: longest time that a state holds without a new sample [us]; None: until the next sample.
        produced: role produced_count; None when the equipment has none (then good + scrap is produced).
        good: role good_count; None when it has none (then produced - scrap is good).
        scrap: role scrap_count; None when it has none (then produced - good is scrap).
        product_times_us: times of product changes (role product).
        products: product code from each change on; an increment belongs to the product that ran up to its
            time, so one at the very instant of a change is still the earlier product's.
        ideal_cycles: of this equipment.
        scheduled: shifts, generated for at least the span of the windows.
        planned_stops: planned stops over the same span.
    """

    state_times_us: ArrayLike
    states: ArrayLike
    hold_us: int | None
    produced: CounterSeries | None
    good: CounterSeries | None
    scrap: CounterSeries | None
    product_times_us: ArrayLike
    products: Sequence[str]
    ideal_cycles: Sequence[IdealCycle]
    scheduled: Windows
    planned_stops: Windows


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


def _time_elements(inputs: OeeInputs, windows: Windows) -> dict[str, Int64]:
    intervals = state_intervals(
        inputs.state_times_us,
        inputs.states,
        start_us=int(windows.start_us[0]),
        end_us=int(windows.end_us[-1]),
        hold_us=inputs.hold_us,
    )
    totals = category_totals(overlay(intervals, inputs.scheduled, inputs.planned_stops), windows)
    column = {
        "not_scheduled_us": TimeCategory.NOT_SCHEDULED,
        "planned_stop_us": TimeCategory.PLANNED_DOWN,
        "no_data_us": TimeCategory.NO_DATA,
        "adot_us": TimeCategory.DOWN,
        "adet_us": TimeCategory.DELAY,
        "aust_us": TimeCategory.SETUP,
        "apt_us": TimeCategory.PRODUCTION,
    }
    return {name: totals[:, CODE_OF[category]] for name, category in column.items()}


def _count_elements(inputs: OeeInputs, windows: Windows) -> tuple[dict[str, NDArray[Any]], dict[Flag, Bool]]:
    pri = pri_steps(inputs.product_times_us, inputs.products, inputs.ideal_cycles)
    given = {"produced": inputs.produced, "good": inputs.good, "scrap": inputs.scrap}
    counters = {
        name: counter(s.times_us, s.values, modulus=s.modulus) for name, s in given.items() if s is not None
    }
    counts = {name: _in_windows(c, pri, windows) for name, c in counters.items()}
    produced, good, scrap = _complete(counts.get("produced"), counts.get("good"), counts.get("scrap"))
    ideal = produced.weighted_us if produced else np.zeros(len(windows), np.int64)
    elements = {
        "produced": _known_items(produced, windows),
        "good": _known_items(good, windows),
        "scrap": _known_items(scrap, windows),
        "ideal_us": ideal,
        "effective_us": good.weighted_us if good else ideal,
    }
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
    produced: _Counts | None, good: _Counts | None, scrap: _Counts | None
) -> tuple[_Counts | None, _Counts | None, _Counts | None]:
    """Derive the one count that is missing from the other two (PQ = GQ + SQ)."""
    if produced is None and good and scrap:
        produced = _sum(good, scrap, 1)
    elif good is None and produced and scrap:
        good = _sum(produced, scrap, -1)
    elif scrap is None and produced and good:
        scrap = _sum(produced, good, -1)
    return produced, good, scrap


def _sum(a: _Counts, b: _Counts, sign: int) -> _Counts:
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
        Flag.COUNTER_RESET: np.any([never, *(c.has_reset(windows) for c in counters.values())], axis=0),
        Flag.INVALID_COUNT: np.any([never, *(c.has_invalid(windows) for c in counters.values())], axis=0),
    }
