"""Where each microsecond of the calendar goes: state intervals under a work calendar (ISO 22400-2:2014).

The calendar decides first: outside the scheduled windows time is NOT_SCHEDULED, inside a planned stop PLANNED_DOWN,
with or without data. What is left is planned busy time, and only there the state matters: without data it is
NO_DATA, else the state's category (`chejian_contract.states.STATE_CATEGORY`). So missing data never turns into idle
time, and lowers completeness only where it hides something that a KPI needs.
"""

from dataclasses import dataclass

import numpy as np
from chejian_contract.states import STATE_CATEGORY, TimeCategory
from numpy.typing import NDArray

from chejian_analytics.kpi.timeline import Intervals
from chejian_analytics.kpi.windows import Windows

Int64 = NDArray[np.int64]

CATEGORIES: tuple[TimeCategory, ...] = tuple(TimeCategory)
"""Category of each category code (`CategoryIntervals.category`, columns of `category_totals`)."""

CODE_OF: dict[TimeCategory, int] = {c: i for i, c in enumerate(CATEGORIES)}
"""Category code of each category."""

_CODE_OF_STATE = np.full(int(max(STATE_CATEGORY)) + 1, CODE_OF[TimeCategory.NO_DATA], np.int8)
for _state, _category in STATE_CATEGORY.items():
    _CODE_OF_STATE[_state] = CODE_OF[_category]


@dataclass(frozen=True, slots=True, eq=False)
class CategoryIntervals:
    """Contiguous half-open intervals, no two neighbours of equal state and category.

    Attributes:
        start_us: int64, rising, microseconds since 1970 UTC.
        end_us: int64; `end_us[i] == start_us[i + 1]`.
        state: int16 `MachineState` numbers, 0 = no data.
        category: int8 index into `CATEGORIES`.
    """

    start_us: Int64
    end_us: Int64
    state: NDArray[np.int16]
    category: NDArray[np.int8]

    def __len__(self) -> int:
        return len(self.start_us)

    def names(self) -> list[str]:
        """Text of each category, e.g. "APT"."""
        return [CATEGORIES[c].value for c in self.category.tolist()]


def overlay(intervals: Intervals, scheduled: Windows, planned_stops: Windows) -> CategoryIntervals:
    """Cut state intervals at the calendar's edges and name the category of each piece.

    Args:
        intervals: contiguous, at least one; see `state_intervals`.
        scheduled: shifts, generated for at least the range of `intervals` (what lies outside is NOT_SCHEDULED).
        planned_stops: meals, planned maintenance; count only inside `scheduled`.
    """
    first, last = intervals.start_us[0], intervals.end_us[-1]
    edges = np.concatenate(
        [scheduled.start_us, scheduled.end_us, planned_stops.start_us, planned_stops.end_us]
    )
    start = np.union1d(intervals.start_us, edges[(edges > first) & (edges < last)])
    state = intervals.state[np.searchsorted(intervals.start_us, start, side="right") - 1]
    category = _CODE_OF_STATE[state]
    category[planned_stops.contains(start)] = CODE_OF[TimeCategory.PLANNED_DOWN]
    category[~scheduled.contains(start)] = CODE_OF[TimeCategory.NOT_SCHEDULED]
    opens = np.append(True, (state[1:] != state[:-1]) | (category[1:] != category[:-1]))
    begin = start[opens]
    return CategoryIntervals(begin, np.append(begin[1:], last), state[opens], category[opens])


def category_totals(intervals: CategoryIntervals, windows: Windows) -> Int64:
    """Time of each category in each window [us].

    Returns:
        int64 of shape (len(windows), len(CATEGORIES)); each row sums to the window's length exactly.

    Raises:
        ValueError: when a window reaches outside the range of `intervals`.
    """
    return code_totals(intervals.start_us, intervals.end_us, intervals.category, len(CATEGORIES), windows)


def code_totals(
    start_us: Int64, end_us: Int64, code: NDArray[np.int8], codes: int, windows: Windows
) -> Int64:
    """Time of each code in each window [us], for contiguous intervals.

    Args:
        start_us: start of each interval, rising, shape (n,), n >= 1.
        end_us: end of each, the next one's start.
        code: 0 .. codes - 1 of each.
        codes: how many codes there are.
        windows: inside the range of the intervals.

    Returns:
        int64 of shape (len(windows), codes); each row sums to the window's length exactly.

    Raises:
        ValueError: when a window reaches outside the range of the intervals.
    """
    if len(windows) == 0:
        return np.zeros((0, codes), np.int64)
    if windows.start_us[0] < start_us[0] or windows.end_us[-1] > end_us[-1]:
        raise ValueError(
            f"windows [{windows.start_us[0]}, {windows.end_us[-1]}) reach outside the intervals"
            f" [{start_us[0]}, {end_us[-1]})"
        )
    share = np.zeros((len(start_us) + 1, codes), np.int64)
    share[np.arange(1, len(start_us) + 1), code] = end_us - start_us
    before = share.cumsum(axis=0)

    def elapsed(times_us: Int64) -> Int64:
        """Time of each code from the start of the intervals up to each time [us]."""
        i = np.searchsorted(start_us, times_us, side="right") - 1
        out: Int64 = before[i]  # an index array copies
        out[np.arange(len(i)), code[i]] += times_us - start_us[i]
        return out

    return elapsed(windows.end_us) - elapsed(windows.start_us)
