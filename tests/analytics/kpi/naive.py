"""Oracles: the same definitions microsecond by microsecond or sample by sample, in plain Python.

They are slow on purpose and share no code with `chejian_analytics.kpi`.
"""

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

STATE_OF_BUSY_TIME = {
    1: "apt",
    2: "aust",
    3: "adet",
    4: "adet",
    5: "adet",
    6: "adet",
    7: "adot",
    8: "adet",
    9: "adot",
}
Span = tuple[int, int]


def plain(kernel: Any) -> Any:
    """A kernel as Python runs it; with NUMBA_DISABLE_JIT=1 it is that already."""
    return getattr(kernel, "py_func", kernel)


def state_at(times: Sequence[int], states: Sequence[int], hold: int, t: int) -> int:
    """State at an instant: that of the last sample at or before it, if it is no older than the hold."""
    before = [(time, state) for time, state in zip(times, states, strict=True) if time <= t]
    if not before:
        return 0
    time, state = before[-1]
    return state if hold <= 0 or t < time + hold else 0


def within(t: int, spans: Sequence[Span]) -> bool:
    return any(a <= t < b for a, b in spans)


def durations(
    times: Sequence[int],
    states: Sequence[int],
    hold: int,
    window: Span,
    scheduled: Sequence[Span],
    stops: Sequence[Span],
) -> dict[str, int]:
    """Microseconds of each category in a window."""
    out = dict.fromkeys(("not_scheduled", "planned_stop", "no_data", "adot", "adet", "aust", "apt"), 0)
    for t in range(*window):
        if not within(t, scheduled):
            category = "not_scheduled"
        elif within(t, stops):
            category = "planned_stop"
        else:
            category = STATE_OF_BUSY_TIME.get(state_at(times, states, hold, t), "no_data")
        out[category] += 1
    return out


def increments(
    times: Sequence[int], values: Sequence[int], modulus: int | None = None
) -> tuple[list[Span], list[int]]:
    """(time, increment) of each sample behind the first, and the times of resets."""
    out, resets = [], []
    for i in range(1, len(values)):
        step = values[i] - values[i - 1]
        if step < 0:
            wrapped = step + (modulus or 0)
            if modulus and values[i - 1] < modulus and 2 * wrapped < modulus:
                step = wrapped
            else:
                step = values[i]
                resets.append(times[i])
        out.append((times[i], step))
    return out, resets


def pri_at(t: int, changes: Sequence[tuple[int, str]], cycles: Sequence[tuple[str, int, int]]) -> int:
    """PRI of the product that ran up to an instant; `cycles` are (product, pri, valid from), each product's in order."""
    running = [p for at, p in changes if at < t]
    for product in (running[-1] if running else "", ""):
        valid = [pri for p, pri, since in cycles if p == product and since <= t]
        if valid:
            return valid[-1]
    return 0


def oee_product(availability: Fraction, effectiveness: Fraction, quality: Fraction) -> Fraction:
    return availability * effectiveness * quality
