"""The same time in the words of SEMI E10 (states) and E79 (productivity): the base is total time, not planned busy time.

E10's states and sums are read in OPC 40100-1 (A); which of our states is which is our proposal, as is SETUP: E10 itself
counts set-up as scheduled downtime, OPC 40001-1 C.3 as engineering (C), so it is a choice of the caller.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from chejian_contract.states import MachineState, TimeCategory
from numpy.typing import NDArray

from chejian_analytics.kpi.categories import CODE_OF, CategoryIntervals, code_totals
from chejian_analytics.kpi.oee import OeeTerms, ratio
from chejian_analytics.kpi.timemodel import TimeIntervals
from chejian_analytics.kpi.windows import Windows


class E10(StrEnum):
    """Basic states of SEMI E10, and missing data, which E10 does not know."""

    PRODUCTIVE = "PRD"
    STANDBY = "SBY"
    ENGINEERING = "ENG"
    SCHEDULED_DOWN = "SDT"
    UNSCHEDULED_DOWN = "UDT"
    NON_SCHEDULED = "NST"
    NO_DATA = "NO_DATA"


E10_STATES: tuple[E10, ...] = tuple(E10)

E10_OF_STATE: Mapping[MachineState, E10] = {
    MachineState.PRODUCING: E10.PRODUCTIVE,
    MachineState.SETUP: E10.SCHEDULED_DOWN,
    MachineState.FAULT: E10.UNSCHEDULED_DOWN,
    MachineState.STOPPED: E10.STANDBY,
    MachineState.STARVED: E10.STANDBY,
    MachineState.BLOCKED: E10.STANDBY,
    MachineState.IDLE: E10.STANDBY,
    MachineState.MAINTENANCE: E10.UNSCHEDULED_DOWN,
    MachineState.OFF: E10.STANDBY,
}
"""State inside planned busy time; planned stops are SDT and time outside the shifts NST whatever the state."""


def e10_totals(
    intervals: CategoryIntervals | TimeIntervals, windows: Windows, *, setup: E10 = E10.SCHEDULED_DOWN
) -> NDArray[np.int64]:
    """Time of each state in each window [us].

    Args:
        intervals: state and category; rows of the stored state intervals will do.
        windows: inside the range of the intervals.
        setup: what set-up counts as: SCHEDULED_DOWN (E10) or ENGINEERING (OPC 40001-1 C.3).

    Returns:
        int64 of shape (len(windows), len(E10_STATES)); each row sums to the window's length exactly.
    """
    table = np.full((int(max(MachineState)) + 1, len(CODE_OF)), E10_STATES.index(E10.NO_DATA), np.int8)
    for state, found in E10_OF_STATE.items():
        table[state] = E10_STATES.index(setup if state is MachineState.SETUP else found)
    # A reason may move a stop into set-up; the category tells.
    table[:, CODE_OF[TimeCategory.SETUP]] = E10_STATES.index(setup)
    table[:, CODE_OF[TimeCategory.PLANNED_DOWN]] = E10_STATES.index(E10.SCHEDULED_DOWN)
    table[:, CODE_OF[TimeCategory.NOT_SCHEDULED]] = E10_STATES.index(E10.NON_SCHEDULED)
    table[:, CODE_OF[TimeCategory.NO_DATA]] = E10_STATES.index(E10.NO_DATA)
    code = table[intervals.state, intervals.category]
    return code_totals(intervals.start_us, intervals.end_us, code, len(E10_STATES), windows)


@dataclass(frozen=True, slots=True)
class E10Summary:
    """Sums and ratios of SEMI E10 and E79 over a window; ratios are None where undefined. E79's formulas: (C).

    Attributes:
        total_us: total time without missing data.
        operations_us: uptime and downtime.
        uptime_us: productive, standby and engineering time.
        downtime_us: scheduled and unscheduled downtime.
        manufacturing_us: productive and standby time.
        operational_uptime: uptime / operations time.
        operational_utilization: productive time / operations time.
        availability_efficiency: E79, uptime / total time.
        operational_efficiency: E79, productive time / uptime.
        rate_efficiency: E79, theoretical time of the items / productive time; not clamped.
        quality_efficiency: E79, theoretical time of the good items / of all items.
        oee: E79, theoretical time of the good items / total time.
    """

    total_us: int
    operations_us: int
    uptime_us: int
    downtime_us: int
    manufacturing_us: int
    operational_uptime: float | None
    operational_utilization: float | None
    availability_efficiency: float | None
    operational_efficiency: float | None
    rate_efficiency: float | None
    quality_efficiency: float | None
    oee: float | None


def e10_summary(times_us: Mapping[E10, int], terms: OeeTerms) -> E10Summary:
    """Sums and ratios from the time of each state (a row of `e10_totals`) and the counts of the same window."""
    manufacturing = times_us[E10.PRODUCTIVE] + times_us[E10.STANDBY]
    uptime = manufacturing + times_us[E10.ENGINEERING]
    downtime = times_us[E10.SCHEDULED_DOWN] + times_us[E10.UNSCHEDULED_DOWN]
    operations = uptime + downtime
    total = operations + times_us[E10.NON_SCHEDULED]
    return E10Summary(
        total_us=total,
        operations_us=operations,
        uptime_us=uptime,
        downtime_us=downtime,
        manufacturing_us=manufacturing,
        operational_uptime=ratio(uptime, operations),
        operational_utilization=ratio(times_us[E10.PRODUCTIVE], operations),
        availability_efficiency=ratio(uptime, total),
        operational_efficiency=ratio(times_us[E10.PRODUCTIVE], uptime),
        rate_efficiency=ratio(terms.ideal_us, times_us[E10.PRODUCTIVE]),
        quality_efficiency=ratio(terms.effective_us, terms.ideal_us),
        oee=ratio(terms.effective_us, total),
    )
