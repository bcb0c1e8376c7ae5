"""A plain plant: channels that are told when they left their deadband, with faults planted by a formula."""

from collections.abc import Callable, Sequence

import numpy as np
from chejian_analytics.diagnosis.process import Channel, ProcessBaseline, ProcessWindow, freeze_process
from chejian_analytics.diagnosis.process.channels import ChannelRole
from numpy.typing import NDArray

HOUR_US = 3_600_000_000
STEP_US = 30_000_000
Fault = Callable[[NDArray[np.float64], NDArray[np.float64]], NDArray[np.float64]]
"""What the sensor shows: of hours since the start and of the true values."""


def told(
    name: str,
    hours: float,
    level: float,
    scatter: float,
    *,
    seed: int,
    fault: Fault | None = None,
    deadband: float | None = None,
    role: ChannelRole = "measurement",
    high: float = np.inf,
    twin: str = "",
) -> Channel:
    """A channel of `hours` from time 0 on; a deadband of half the scatter unless told otherwise."""
    times = np.arange(0, round(hours * HOUR_US), STEP_US, dtype=np.int64)
    true = level + scatter * np.random.default_rng(seed).normal(size=times.size)
    shown = true if fault is None else fault(times / HOUR_US, true)
    band = scatter / 2 if deadband is None else deadband
    keep, last = [], np.inf
    for i, value in enumerate(shown):
        if not abs(value - last) <= band:  # NaN is told too
            keep.append(i)
            last = value
    return Channel(name, times[keep], shown[keep], role, high=high, twin=twin)


def window(
    channels: Sequence[Channel],
    hours: float,
    start: float = 0.0,
    running: Sequence[tuple[float, float]] | None = None,
) -> ProcessWindow:
    """A window from `start` [h] to `hours`; it runs all the time unless told otherwise."""
    spans = running or [(0.0, hours)]
    return ProcessWindow(
        round(start * HOUR_US),
        round(hours * HOUR_US),
        tuple(channels),
        tuple((round(a * HOUR_US), round(b * HOUR_US)) for a, b in spans),
    )


def after(hour: float, change: Fault) -> Fault:
    """A fault that begins at an hour; `change` gets the hours since then."""

    def shown(hours: NDArray[np.float64], values: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.where(hours >= hour, change(hours - hour, values), values)

    return shown


def baseline_of(channels: Sequence[Channel], hours: float) -> ProcessBaseline:
    """Frozen from the first `hours`."""
    return freeze_process([window(channels, hours)], "sound-1")
