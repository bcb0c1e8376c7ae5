"""The time model: states, modes, orders, calendar and reasons of one equipment as classified intervals.

Order of decision, each a pure function of time (ISO 22400-2:2014; OPC 40001-1 C.2 for orders):

1. The mode changes the state (`chejian_contract.states.STATE_UNDER_MODE`).
2. The state gives the class, with or without an order in work (`chejian_analytics.kpi.losses`); without data: NO_DATA.
3. Runs of stops up to a threshold become minor stops, stops at a change of product set-up (`TimeRules`).
4. A stop reason changes the class of known time in which nothing is produced.
5. The calendar wins: outside the shifts NOT_SCHEDULED, inside planned stops PLANNED_STOP or PLANNED_MAINTENANCE, with or
   without data.

Classes are told from at most `TimeRules.margin_us` around an instant, so equal samples give equal intervals whatever
range is computed.
"""

from dataclasses import dataclass
from functools import cache

import numpy as np
from chejian_contract.states import STATE_UNDER_MODE, MachineState, TimeCategory
from numpy.typing import NDArray

from chejian_analytics.kpi.categories import CATEGORIES, CODE_OF, CategoryIntervals, code_totals
from chejian_analytics.kpi.inputs import OeeInputs
from chejian_analytics.kpi.losses import (
    CATEGORY_CODES,
    LOSS_CODE,
    LOSS_IN_ORDER,
    LOSS_WITHOUT_ORDER,
    LOSSES,
    Loss,
    state_table,
)
from chejian_analytics.kpi.timeline import Intervals, as_times, check_sorted, state_intervals
from chejian_analytics.kpi.windows import Windows

Int64 = NDArray[np.int64]
Int32 = NDArray[np.int32]
Int16 = NDArray[np.int16]
Int8 = NDArray[np.int8]
Bool = NDArray[np.bool_]

NO_REASON = -1
"""Index of "no reason was given"."""

_BY_STATE = state_table()
_IN_ORDER = state_table(LOSS_IN_ORDER)
_WITHOUT_ORDER = state_table(LOSS_WITHOUT_ORDER)
_SHORT = np.isin(np.arange(int(max(MachineState)) + 1), [MachineState.FAULT, MachineState.STOPPED])
"""States whose short runs are minor stops."""
_WAITING = np.isin(
    np.arange(int(max(MachineState)) + 1),
    [MachineState.STOPPED, MachineState.IDLE, MachineState.STARVED, MachineState.BLOCKED, MachineState.SETUP],
)
"""States that a changeover may consist of."""
_OPEN_TO_REASONS = np.isin(
    np.arange(len(CATEGORIES)),
    [CODE_OF[c] for c in (TimeCategory.DELAY, TimeCategory.DOWN, TimeCategory.SETUP)],
)
"""Categories that a stop reason may change."""


@dataclass(frozen=True, slots=True, eq=False)
class TimeIntervals:
    """Contiguous half-open intervals, no two neighbours of equal state, class and reason.

    Attributes:
        start_us: int64, rising, microseconds since 1970 UTC.
        end_us: int64; `end_us[i] == start_us[i + 1]`.
        state: int16 `MachineState` numbers after the mode, 0 = no data.
        loss: int8 index into `LOSSES`.
        reason: int32 index into the reasons that were given, `NO_REASON` for none.
        failures_us: int64 begins of failures: of FAULT or unplanned maintenance in scheduled time, minor stops left out.
            Planned stops do not cut one, planned maintenance that takes longer is none; one that outlives the shift
            begins again with the next.
        minor_stops_us: int64 begins of minor stops, likewise.
        setups_us: int64 begins of set-ups, likewise.
    """

    start_us: Int64
    end_us: Int64
    state: Int16
    loss: Int8
    reason: Int32
    failures_us: Int64
    minor_stops_us: Int64
    setups_us: Int64

    def __len__(self) -> int:
        return len(self.start_us)

    @property
    def category(self) -> Int8:
        """int8 index into `CATEGORIES` of each interval."""
        found: Int8 = CATEGORY_CODES[self.loss]
        return found

    def names(self) -> list[str]:
        """Text of each interval's category, e.g. "APT"."""
        return [CATEGORIES[c].value for c in self.category.tolist()]

    def losses(self) -> list[Loss]:
        """Class of each interval."""
        return [LOSSES[code] for code in self.loss.tolist()]

    def categories(self) -> CategoryIntervals:
        """The same time by state and category only, neighbours joined."""
        opens = _opens(self.state, self.category)
        start = self.start_us[opens]
        return CategoryIntervals(
            start, np.append(start[1:], self.end_us[-1]), self.state[opens], self.category[opens]
        )


def time_intervals(inputs: OeeInputs, start_us: int, end_us: int) -> TimeIntervals:
    """Classified intervals that cover [start_us, end_us) exactly.

    Args:
        inputs: of the equipment; samples and calendar reach `inputs.rules.margin_us` beyond the range.
        start_us: begin of the range, microseconds since 1970 UTC.
        end_us: end of the range, later than `start_us`.

    Raises:
        ValueError: for unsorted times, shapes that differ, or an empty range.
    """
    if end_us <= start_us:
        raise ValueError(f"range [{start_us}, {end_us}) is empty")
    margin = inputs.rules.margin_us
    states = under_modes(
        state_intervals(
            inputs.state_times_us,
            inputs.states,
            start_us=start_us - margin,
            end_us=end_us + margin,
            hold_us=inputs.hold_us,
        ),
        inputs,
    )
    minor, changeover = _minor_stops(states, inputs), _changeovers(states, inputs)
    start = _pieces(states, inputs, start_us, end_us)
    i = np.searchsorted(states.start_us, start, side="right") - 1
    state, minor, changeover = states.state[i], minor[i], changeover[i]
    loss = _losses(start, state, inputs)
    loss[minor & _is(loss, Loss.FAULT, Loss.STOP)] = LOSS_CODE[Loss.MINOR_STOP]
    loss[changeover & _is(loss, Loss.STOP, Loss.NO_ORDER, Loss.STARVED, Loss.BLOCKED)] = LOSS_CODE[Loss.SETUP]
    reason = _apply_reasons(start, loss, inputs)
    stop, planned = _apply_calendar(start, loss, reason, inputs)
    down = (state == MachineState.FAULT) | (state == MachineState.MAINTENANCE)
    failing = _is(loss, Loss.FAULT, Loss.MAINTENANCE) | (stop & (state == MachineState.FAULT) & ~minor)
    short = _is(loss, Loss.MINOR_STOP) | (stop & minor)
    setup = _is(loss, Loss.SETUP) | (stop & (state == MachineState.SETUP))
    events = (
        _begins(start, which, held, start_us, end_us)
        for which, held in ((failing, failing | (planned & down & ~minor)), (short, short), (setup, setup))
    )
    return _cut(start, state, loss, reason, start_us, end_us, *events)


def loss_totals(intervals: TimeIntervals, windows: Windows) -> Int64:
    """Time of each class in each window [us].

    Returns:
        int64 of shape (len(windows), len(LOSSES)); each row sums to the window's length exactly.

    Raises:
        ValueError: when a window reaches outside the range of `intervals`.
    """
    return code_totals(intervals.start_us, intervals.end_us, intervals.loss, len(LOSSES), windows)


def under_modes(states: Intervals, inputs: OeeInputs) -> Intervals:
    """Change states by the operation mode that holds (`STATE_UNDER_MODE`); before the first sample there is none.

    Raises:
        ValueError: for unsorted times or shapes that differ.
    """
    times = as_times(inputs.mode_times_us, "operation mode")
    check_sorted(times, "operation mode")
    modes = np.asarray(inputs.modes)
    if modes.shape != times.shape:
        raise ValueError(f"operation mode: {times.size} times but modes of shape {modes.shape}")
    if times.size == 0:
        return states
    first, last = states.start_us[0], states.end_us[-1]
    start = np.union1d(states.start_us, times[(times > first) & (times < last)])
    held = np.searchsorted(times, start, side="right") - 1
    mode = np.where(held >= 0, modes[np.maximum(held, 0)], 0)
    state = states.state[np.searchsorted(states.start_us, start, side="right") - 1].copy()
    for number, changes in STATE_UNDER_MODE.items():
        table = np.arange(int(max(MachineState)) + 1, dtype=np.int16)
        table[[int(s) for s in changes]] = [int(s) for s in changes.values()]
        where = mode == int(number)
        state[where] = table[state[where]]
    opens = _opens(state)
    return Intervals(start[opens], np.append(start[opens][1:], last), state[opens])


def _runs(states: Intervals, member: Bool) -> tuple[Int64, Int64, Int64]:
    """Unbroken runs of some states: first and last interval, and the index of the run of each interval (-1: none)."""
    inside = member[states.state]
    edge = np.diff(np.concatenate([[0], inside.astype(np.int8), [0]]))
    first, behind = np.flatnonzero(edge == 1), np.flatnonzero(edge == -1)
    run = np.cumsum(edge[:-1] == 1) - 1
    return first, behind - 1, np.where(inside, run, -1)


def _minor_stops(states: Intervals, inputs: OeeInputs) -> Bool:
    limit = inputs.rules.minor_stop_us
    if limit == 0 or not _SHORT[states.state].any():
        return np.zeros(len(states), np.bool_)
    first, last, run = _runs(states, _SHORT)
    short = states.end_us[last] - states.start_us[first] <= limit
    found: Bool = (run >= 0) & short[run]
    return found


def _changeovers(states: Intervals, inputs: OeeInputs) -> Bool:
    limit = inputs.rules.changeover_us
    changes = _product_changes(inputs)
    if limit == 0 or changes.size == 0 or not _WAITING[states.state].any():
        return np.zeros(len(states), np.bool_)
    first, last, run = _runs(states, _WAITING)
    begin, end = states.start_us[first], states.end_us[last]
    touched = np.searchsorted(changes, end, side="right") > np.searchsorted(changes, begin, side="left")
    touched &= end - begin <= limit
    found: Bool = (run >= 0) & touched[run]
    return found


def _product_changes(inputs: OeeInputs) -> Int64:
    """Times at which the product became another one; the first product is no change."""
    times = as_times(inputs.product_times_us, "product changes")
    products = inputs.products
    if len(products) != times.size:
        raise ValueError(f"product changes: {times.size} times but {len(products)} products")
    return times[[i for i in range(1, len(products)) if products[i] != products[i - 1]]]


def _pieces(states: Intervals, inputs: OeeInputs, start_us: int, end_us: int) -> Int64:
    """Starts of the pieces within which nothing changes: edges of states, calendar, orders and reasons."""
    sets = [inputs.scheduled, inputs.planned_stops, inputs.planned_maintenance]
    sets += [inputs.orders] if inputs.orders is not None else []
    edges = [edge for windows in sets for edge in (windows.start_us, windows.end_us)]
    reasons = [edge for span in inputs.reasons for edge in (span.start_us, span.end_us)]
    found = np.concatenate([*edges, np.array([*reasons, start_us, end_us], np.int64)])
    first, last = states.start_us[0], states.end_us[-1]
    return np.union1d(states.start_us, found[(found > first) & (found < last)])


def _losses(start: Int64, state: Int16, inputs: OeeInputs) -> Int8:
    if inputs.orders is None:
        return _BY_STATE[state]
    found: Int8 = np.where(inputs.orders.contains(start), _IN_ORDER[state], _WITHOUT_ORDER[state])
    return found


def _apply_reasons(start: Int64, loss: Int8, inputs: OeeInputs) -> Int32:
    """Change the classes by the stop reasons, in place; returns the reason of each piece."""
    reason = np.full(len(start), NO_REASON, np.int32)
    open_to_reasons = _OPEN_TO_REASONS[CATEGORY_CODES[loss]]
    given = loss.copy()
    for i, span in enumerate(inputs.reasons):
        lo, hi = np.searchsorted(start, [span.start_us, span.end_us])
        where = lo + np.flatnonzero(open_to_reasons[lo:hi])
        reason[where] = i
        loss[where] = given[where] if span.loss is None else LOSS_CODE[span.loss]
    return reason


def _apply_calendar(start: Int64, loss: Int8, reason: Int32, inputs: OeeInputs) -> tuple[Bool, Bool]:
    """Change the classes by the calendar, in place; returns where its planned stops hold, and these with maintenance."""
    scheduled = inputs.scheduled.contains(start)
    stop = inputs.planned_stops.contains(start) & scheduled
    maintenance = inputs.planned_maintenance.contains(start) & scheduled
    loss[stop] = LOSS_CODE[Loss.PLANNED_STOP]
    loss[maintenance] = LOSS_CODE[Loss.PLANNED_MAINTENANCE]
    loss[~scheduled] = LOSS_CODE[Loss.NOT_SCHEDULED]
    planned = stop | maintenance
    reason[planned | ~scheduled] = NO_REASON
    return planned & ~maintenance, planned


def _begins(start: Int64, which: Bool, held: Bool, start_us: int, end_us: int) -> Int64:
    """Times in [start_us, end_us) at which `which` begins where `held` did not hold just before."""
    begins: Int64 = start[which & ~np.append(False, held[:-1])]
    inside: Int64 = begins[(begins >= start_us) & (begins < end_us)]
    return inside


def _cut(
    start: Int64,
    state: Int16,
    loss: Int8,
    reason: Int32,
    start_us: int,
    end_us: int,
    failures: Int64,
    minor: Int64,
    setups: Int64,
) -> TimeIntervals:
    """The pieces of [start_us, end_us), equal neighbours joined; both ends are edges of pieces."""
    lo, hi = np.searchsorted(start, [start_us, end_us])
    start, state, loss, reason = start[lo:hi], state[lo:hi], loss[lo:hi], reason[lo:hi]
    opens = _opens(state, loss, reason)
    begin = start[opens]
    return TimeIntervals(
        begin,
        np.append(begin[1:], np.int64(end_us)),
        state[opens],
        loss[opens],
        reason[opens],
        failures,
        minor,
        setups,
    )


def _opens(*columns: NDArray[np.generic]) -> Bool:
    """Where a piece differs from the one before it in some column."""
    differs = [column[1:] != column[:-1] for column in columns]
    return np.append(True, np.logical_or.reduce(differs))


def _is(loss: Int8, *which: Loss) -> Bool:
    found: Bool = _members(which)[loss]
    return found


@cache
def _members(which: tuple[Loss, ...]) -> Bool:
    """Whether each class is one of some: looked up, it takes a tenth of `np.isin` on the few pieces of an order."""
    return np.isin(np.arange(len(LOSSES)), [LOSS_CODE[loss] for loss in which])
