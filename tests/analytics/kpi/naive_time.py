"""Oracle of the time model: one microsecond after the other, in plain Python, from the words of the definition."""

from collections.abc import Callable
from itertools import pairwise

import numpy as np
from chejian_analytics.kpi import Loss, OeeInputs, Windows
from chejian_contract.states import MachineState as S
from numpy.typing import ArrayLike

from tests.analytics.kpi.naive import state_at

MODE_TABLE = {
    2: {1: 2, 4: 2, 7: 2, 5: 2, 6: 2},
    3: {1: 8, 2: 8, 3: 8, 4: 8, 5: 8, 6: 8, 7: 8},
}
BASE = {
    0: Loss.NO_DATA,
    1: Loss.PRODUCTION,
    2: Loss.SETUP,
    3: Loss.FAULT,
    4: Loss.STOP,
    5: Loss.STARVED,
    6: Loss.BLOCKED,
    7: Loss.NO_ORDER,
    8: Loss.MAINTENANCE,
    9: Loss.NO_ORDER,
}
UNTOUCHABLE = {Loss.PRODUCTION, Loss.NO_DATA}


class Day:
    """One equipment, instant by instant."""

    def __init__(self, inputs: OeeInputs, start: int, end: int) -> None:
        self.inputs = inputs
        self.lo, self.hi = start - inputs.rules.margin_us, end + inputs.rules.margin_us
        self.state = {t: self._state(t) for t in range(self.lo, self.hi)}

    def _state(self, t: int) -> int:
        times, states = listed(self.inputs.state_times_us), listed(self.inputs.states)
        state = state_at(times, states, self.inputs.hold_us or 0, t)
        changes = zip(listed(self.inputs.mode_times_us), listed(self.inputs.modes), strict=True)
        modes = [m for at, m in changes if at <= t]
        return MODE_TABLE.get(modes[-1] if modes else 0, {}).get(state, state)

    def run_around(self, t: int, member: set[int]) -> tuple[int, int] | None:
        """The unbroken run of some states that contains an instant, as [a, b)."""
        if self.state[t] not in member:
            return None
        a = t
        while a > self.lo and self.state[a - 1] in member:
            a -= 1
        b = t + 1
        while b < self.hi and self.state[b] in member:
            b += 1
        return a, b

    def is_minor(self, t: int) -> bool:
        run = self.run_around(t, {S.FAULT, S.STOPPED})
        return run is not None and run[1] - run[0] <= self.inputs.rules.minor_stop_us

    def is_changeover(self, t: int) -> bool:
        run = self.run_around(t, {S.STOPPED, S.IDLE, S.STARVED, S.BLOCKED, S.SETUP})
        if run is None or run[1] - run[0] > self.inputs.rules.changeover_us:
            return False
        changes = list(zip(listed(self.inputs.product_times_us), self.inputs.products, strict=True))
        return any(
            run[0] <= at <= run[1] for (_, before), (at, after) in pairwise(changes) if before != after
        )

    def loss(self, t: int) -> Loss:
        if not inside(self.inputs.scheduled, t):
            return Loss.NOT_SCHEDULED
        if inside(self.inputs.planned_maintenance, t):
            return Loss.PLANNED_MAINTENANCE
        if inside(self.inputs.planned_stops, t):
            return Loss.PLANNED_STOP
        found = self._busy(t)
        if found in UNTOUCHABLE:
            return found
        reasons = [r for r in self.inputs.reasons if r.start_us <= t < r.end_us]
        return (reasons[-1].loss or found) if reasons else found

    def _busy(self, t: int) -> Loss:
        """Class in planned busy time, before reasons."""
        state = self.state[t]
        found = BASE[state]
        if self.inputs.orders is not None:
            if inside(self.inputs.orders, t):
                found = Loss.STOP if state in {S.IDLE, S.OFF} else found
            elif state in {S.FAULT, S.STOPPED, S.STARVED, S.BLOCKED}:
                found = Loss.NO_ORDER
        if found in {Loss.FAULT, Loss.STOP} and self.is_minor(t):
            found = Loss.MINOR_STOP
        if found in {Loss.STOP, Loss.NO_ORDER, Loss.STARVED, Loss.BLOCKED} and self.is_changeover(t):
            found = Loss.SETUP
        return found


def listed(values: ArrayLike) -> list[int]:
    return [int(v) for v in np.asarray(values).tolist()]


def inside(windows: Windows, t: int) -> bool:
    return any(a <= t < b for a, b in zip(windows.start_us, windows.end_us, strict=True))


def losses(inputs: OeeInputs, start: int, end: int) -> list[Loss]:
    """Class of each microsecond of a range."""
    day = Day(inputs, start, end)
    return [day.loss(t) for t in range(start, end)]


def events(inputs: OeeInputs, start: int, end: int) -> tuple[list[int], list[int], list[int]]:
    """Begins of failures, minor stops and set-ups."""
    day = Day(inputs, start, end)
    loss = {t: day.loss(t) for t in range(start - 1, end)}

    def begins(holds: Callable[[int], bool], also: Callable[[int], bool] = lambda _: False) -> list[int]:
        return [t for t in range(start, end) if holds(t) and not holds(t - 1) and not also(t - 1)]

    def overrun(t: int) -> bool:
        """Fault or maintenance while the calendar plans to stop: what goes on behind it is no new failure."""
        scheduled = inside(inputs.scheduled, t)
        stopped = inside(inputs.planned_stops, t) or inside(inputs.planned_maintenance, t)
        return scheduled and stopped and day.state[t] in {S.FAULT, S.MAINTENANCE} and not day.is_minor(t)

    def planned(t: int) -> bool:
        return loss[t] is Loss.PLANNED_STOP and inside(inputs.planned_stops, t)

    return (
        begins(
            lambda t: (
                loss[t] in {Loss.FAULT, Loss.MAINTENANCE}
                or (planned(t) and day.state[t] == S.FAULT and not day.is_minor(t))
            ),
            overrun,
        ),
        begins(lambda t: loss[t] is Loss.MINOR_STOP or (planned(t) and day.is_minor(t))),
        begins(lambda t: loss[t] is Loss.SETUP or (planned(t) and day.state[t] == S.SETUP)),
    )
