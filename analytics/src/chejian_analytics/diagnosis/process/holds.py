"""How a channel is told in running time: its changes, how long it stands still, how far single values stick out."""

import numpy as np
from numpy.typing import NDArray

from chejian_analytics.diagnosis.process.channels import Channel, ProcessWindow

NEIGHBOURS = 5
"""Values, the judged one in the middle, whose median it is compared with."""


def settled(channel: Channel, window: ProcessWindow) -> NDArray[np.bool_]:
    """Which of the channel's samples lie in steady running of the window; shape (n,)."""
    return _runs(channel, window) >= 0


def _runs(channel: Channel, window: ProcessWindow) -> NDArray[np.int64]:
    """In which stretch of steady running each sample lies, -1 for none; shape (n,)."""
    times = channel.times_us
    runs = np.full(times.size, -1, dtype=np.int64)
    for number, (a, b) in enumerate(window.running):
        first = max(a + window.settling_us, window.start_us)
        runs[(times >= first) & (times < min(b, window.end_us))] = number
    return runs


def changes_in(channel: Channel, window: ProcessWindow) -> tuple[NDArray[np.float64], int]:
    """Changes of the value in steady running, and how long that was [us]."""
    inside = settled(channel, window)
    steps = np.diff(channel.values, prepend=np.nan)[inside]
    spans = ((max(a + window.settling_us, window.start_us), min(b, window.end_us)) for a, b in window.running)
    return steps[np.isfinite(steps) & (steps != 0.0)], sum(max(b - a, 0) for a, b in spans)


def longest_hold_us(channel: Channel, window: ProcessWindow) -> tuple[int, int]:
    """Longest steady running time without a change, and that up to the window's end [us]."""
    moved = np.diff(channel.values, prepend=np.nan)
    changed = channel.times_us[~(moved == 0.0)]
    longest = last = 0
    for a, b in window.running:
        first, end = max(a + window.settling_us, window.start_us), min(b, window.end_us)
        if end <= first:
            continue
        before = int(np.searchsorted(changed, a, side="left"))
        inside = changed[before : int(np.searchsorted(changed, end, side="left"))]
        if inside.size:  # a change while it settles counts as one too
            last = 0
        edges = np.concatenate([[first], np.maximum(inside, first), [end]])
        gaps = np.diff(edges)
        longest = max(longest, last + int(gaps[0]), int(gaps.max()))
        last = int(gaps[-1]) if inside.size else last + int(gaps[0])
    return longest, last


def sticking_out(
    channel: Channel, window: ProcessWindow, *, over_stops: bool = True
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Times of steady values [us since 1970 UTC] and their differences from the median of `NEIGHBOURS`; shape (m,) each.

    m = 0 below that number of values.

    Args:
        channel: the channel.
        window: that it belongs to.
        over_stops: also values whose neighbours lie beyond a stop. Such a value need not have come back: a load that was on
            for the last seconds before a stop looks like a spike between the idle values around it.
    """
    runs = _runs(channel, window)
    told = (runs >= 0) & np.isfinite(channel.values)
    values, runs = channel.values[told], runs[told]
    if values.size < NEIGHBOURS:
        return np.zeros(0, np.int64), np.zeros(0)
    views = np.lib.stride_tricks.sliding_window_view(values, NEIGHBOURS)
    inner = slice(NEIGHBOURS // 2, values.size - NEIGHBOURS // 2)
    whole = (runs[: 1 - NEIGHBOURS] == runs[NEIGHBOURS - 1 :]) | over_stops
    times, apart = channel.times_us[told][inner], np.abs(values[inner] - np.median(views, axis=1))
    return times[whole], apart[whole]


def spike_scale(channel: Channel, window: ProcessWindow) -> float:
    """Largest difference of `sticking_out`, over stops too, 0 without values."""
    _, found = sticking_out(channel, window)
    return float(found.max()) if found.size else 0.0
