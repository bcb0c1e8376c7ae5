"""Tool wear from the spindle's power, per operation, at equal feed and speed.

A worn edge rubs instead of cutting, so in metal the power of the same operation rises. Power depends on feed and speed more than on
wear, so only samples at the operation's own feed and speed are compared, and only with the same operation's baseline.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

LEAST_SAMPLES = 20
"""Cutting samples of an operation from which its median is worth comparing."""

SAME = 0.05
"""Relative difference of feed and of speed that still counts as equal."""

RISE = 0.10
"""[nat] Rise of the power, in the median over operations, that is called wear: material and blank vary by less."""

LEAST_OPERATIONS = 3
"""A single operation is as well a harder blank."""


@dataclass(frozen=True, slots=True)
class OperationPower:
    """Spindle power of one operation.

    Args:
        operation: its name.
        feed: feed rate of its samples, in the machine's unit.
        speed: spindle speed, in the machine's unit.
        power: median power while cutting, in the machine's unit.
        samples: number of samples behind it.
    """

    operation: str
    feed: float
    speed: float
    power: float
    samples: int


def operation_powers(
    operations: NDArray[np.str_],
    feed: NDArray[np.float64],
    speed: NDArray[np.float64],
    power: NDArray[np.float64],
) -> tuple[OperationPower, ...]:
    """Median spindle power of each operation, at the feed and speed that it has most of the time it turns.

    Args:
        operations: shape (n,), name of the operation at each sample.
        feed: shape (n,), feed rate.
        speed: shape (n,), spindle speed, 0 at rest.
        power: shape (n,), spindle power.

    Returns:
        By name; operations with less than `LEAST_SAMPLES` cutting samples are left out.
    """
    found = []
    turns = (np.abs(speed) > 0.0) & np.isfinite(feed) & np.isfinite(power)
    for name in sorted(set(operations.tolist())):
        own = turns & (operations == name)
        if not own.any():
            continue
        usual_feed, usual_speed = float(np.median(feed[own])), float(np.median(speed[own]))
        cut = own & near(feed, usual_feed) & near(speed, usual_speed)
        if int(cut.sum()) >= LEAST_SAMPLES:
            level = float(np.median(power[cut]))
            found.append(OperationPower(name, usual_feed, usual_speed, level, int(cut.sum())))
    return tuple(found)


def near(values: NDArray[np.float64], wanted: float) -> NDArray[np.bool_]:
    """Which values equal `wanted` within `SAME`."""
    return np.abs(values - wanted) <= SAME * abs(wanted)


@dataclass(frozen=True, slots=True)
class ToolVerdict:
    """Wear of a tool.

    Args:
        worn: True or False; None when too few operations can be compared.
        rise: median over operations of ln(power / baseline) [nat]; 0 without any.
        operations: rise of each operation that could be compared [nat].
    """

    worn: bool | None
    rise: float
    operations: tuple[tuple[str, float], ...]


def judge_tool(
    now: tuple[OperationPower, ...], sharp: tuple[OperationPower, ...], limit: float = RISE
) -> ToolVerdict:
    """Compare operations with those of a sharp tool.

    Args:
        now: of the tool in question.
        sharp: of a tool that people vouch for, same programme and material.
        limit: rise that is called wear [nat].

    Returns:
        The verdict. Operations at another feed or speed than the sharp tool's are not compared.
    """
    before = {entry.operation: entry for entry in sharp}
    rises = []
    for entry in now:
        base = before.get(entry.operation)
        if base is None or min(base.power, entry.power) <= 0.0:
            continue
        if near(np.array([entry.feed]), base.feed)[0] and near(np.array([entry.speed]), base.speed)[0]:
            rises.append((entry.operation, math.log(entry.power / base.power)))
    rise = float(np.median([value for _, value in rises])) if rises else 0.0
    return ToolVerdict(rise >= limit if len(rises) >= LEAST_OPERATIONS else None, rise, tuple(rises))
