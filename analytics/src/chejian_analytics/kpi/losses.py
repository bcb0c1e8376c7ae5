"""Where each microsecond of the calendar goes, finer than the ISO 22400-2 time categories.

Each class belongs to one category (`CATEGORY_OF_LOSS`), so the classes of a category sum to it, and all of them sum to
the calendar. Table `LOSS_OF_STATE` says what a state costs inside planned busy time; the calendar, orders, reasons and
the rules for short stops and changeovers change that (`chejian_analytics.kpi.timemodel`).
"""

from collections.abc import Mapping
from enum import StrEnum

import numpy as np
from chejian_contract.states import MachineState, TimeCategory
from numpy.typing import NDArray

from chejian_analytics.kpi.categories import CODE_OF


class Loss(StrEnum):
    """Class of time. `PRODUCTION` is none by itself: speed and quality losses are taken off it by counts."""

    NOT_SCHEDULED = "not_scheduled"
    """Outside the shifts."""
    PLANNED_STOP = "planned_stop"
    """Meals, meetings, no demand by plan."""
    PLANNED_MAINTENANCE = "planned_maintenance"
    """Planned maintenance: by the calendar, a work order or a reason."""
    NO_DATA = "no_data"
    """Planned busy time of which nothing is known; in no other class, never idle."""
    NO_ORDER = "no_order"
    """Available, but not running with orders (ADOT)."""
    FAULT = "fault"
    """Stopped by a malfunction (ADET)."""
    STOP = "stop"
    """Stopped without a malfunction, longer than a minor stop (ADET)."""
    MINOR_STOP = "minor_stop"
    """An interruption up to the threshold (ADET)."""
    STARVED = "starved"
    """Waits for material (ADET, cause upstream)."""
    BLOCKED = "blocked"
    """Waits for room (ADET, cause downstream)."""
    MAINTENANCE = "maintenance"
    """Maintenance that nobody planned: corrective (ADET)."""
    SETUP = "setup"
    """Set-up and changeover (AUST)."""
    PRODUCTION = "production"
    """Production (APT)."""


LOSSES: tuple[Loss, ...] = tuple(Loss)
"""Loss of each loss code (`TimeIntervals.loss`, columns of `loss_totals`)."""

LOSS_CODE: dict[Loss, int] = {loss: i for i, loss in enumerate(LOSSES)}
"""Code of each loss."""

CATEGORY_OF_LOSS: Mapping[Loss, TimeCategory] = {
    Loss.NOT_SCHEDULED: TimeCategory.NOT_SCHEDULED,
    Loss.PLANNED_STOP: TimeCategory.PLANNED_DOWN,
    Loss.PLANNED_MAINTENANCE: TimeCategory.PLANNED_DOWN,
    Loss.NO_DATA: TimeCategory.NO_DATA,
    Loss.NO_ORDER: TimeCategory.DOWN,
    Loss.FAULT: TimeCategory.DELAY,
    Loss.STOP: TimeCategory.DELAY,
    Loss.MINOR_STOP: TimeCategory.DELAY,
    Loss.STARVED: TimeCategory.DELAY,
    Loss.BLOCKED: TimeCategory.DELAY,
    Loss.MAINTENANCE: TimeCategory.DELAY,
    Loss.SETUP: TimeCategory.SETUP,
    Loss.PRODUCTION: TimeCategory.PRODUCTION,
}
"""ISO 22400-2:2014 time category of each class."""

LOSS_OF_STATE: Mapping[MachineState, Loss] = {
    MachineState.PRODUCING: Loss.PRODUCTION,
    MachineState.SETUP: Loss.SETUP,
    MachineState.FAULT: Loss.FAULT,
    MachineState.STOPPED: Loss.STOP,
    MachineState.STARVED: Loss.STARVED,
    MachineState.BLOCKED: Loss.BLOCKED,
    MachineState.IDLE: Loss.NO_ORDER,
    MachineState.MAINTENANCE: Loss.MAINTENANCE,
    MachineState.OFF: Loss.NO_ORDER,
}
"""Class of a state in planned busy time when no orders are known; its category is `STATE_CATEGORY`."""

LOSS_IN_ORDER: Mapping[MachineState, Loss] = {MachineState.IDLE: Loss.STOP, MachineState.OFF: Loss.STOP}
"""What differs while an order is in work: not running then is a delay (OPC 40001-1 C.2: ADET)."""

LOSS_WITHOUT_ORDER: Mapping[MachineState, Loss] = {
    MachineState.FAULT: Loss.NO_ORDER,
    MachineState.STOPPED: Loss.NO_ORDER,
    MachineState.STARVED: Loss.NO_ORDER,
    MachineState.BLOCKED: Loss.NO_ORDER,
}
"""What differs where orders are known and none is in work (OPC 40001-1 C.2: ADOT)."""

REASON_LOSSES = frozenset(
    {Loss.PLANNED_STOP, Loss.PLANNED_MAINTENANCE, Loss.NO_ORDER, Loss.FAULT, Loss.STOP}
    | {Loss.STARVED, Loss.BLOCKED, Loss.MAINTENANCE, Loss.SETUP}
)
"""Classes that a stop reason may give; nobody can declare production, missing data or unscheduled time away."""

CATEGORY_CODES: NDArray[np.int8] = np.array([CODE_OF[CATEGORY_OF_LOSS[loss]] for loss in LOSSES], np.int8)
"""Category code of each loss code."""


def state_table(*changes: Mapping[MachineState, Loss]) -> NDArray[np.int8]:
    """Loss code of each state number; 0 is no data. Later tables win over `LOSS_OF_STATE`."""
    table = np.full(int(max(MachineState)) + 1, LOSS_CODE[Loss.NO_DATA], np.int8)
    for rules in (LOSS_OF_STATE, *changes):
        for state, loss in rules.items():
            table[state] = LOSS_CODE[loss]
    return table
