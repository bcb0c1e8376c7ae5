"""Filter clogging: the pressure drop at equal flow creeps up, and with it the day on which the filter must be changed.

The pressure drop of a dust cake at constant flow is proportional to the dust that it holds (Darcy; VDI 3677-1), so
the trend is a straight line in the pressure drop itself. A fall back is a changed or blown-out filter: only what came
after it is judged.
"""

import math

import numpy as np
from numpy.typing import NDArray

from chejian_analytics.diagnosis.machine import Indicator
from chejian_analytics.diagnosis.process.baseline import ChannelBaseline, ProcessBaseline
from chejian_analytics.diagnosis.process.channels import Blocks, Channel, ProcessWindow
from chejian_analytics.diagnosis.process.departures import RECENT, departure_of, effective, trend
from chejian_analytics.diagnosis.process.verdicts import Forecast, ProcessDiagnosis, Reason
from chejian_analytics.diagnosis.trend import LEAST_POINTS, remaining_life
from chejian_analytics.diagnosis.verdict import Confidence, Evidence

METHOD = "filter_pressure_drop"
VERSION = "1"

PROBABLE_GROWTH, CONFIRMED_GROWTH = 0.10, 0.25
"""Relative growth of the pressure drop over the clean filter: beyond what a sensor's class of 1 % explains, and plainly."""

LIMIT_GROWTH = 2.0
"""Without a declared limit the filter counts as full at twice the clean pressure drop."""

FLOW_POWER = 2.0
"""Turbulent: the pressure drop goes with the square of the flow."""

FALL = 0.10
"""A fall by this share of the level within two blocks is a changed filter."""

HOUR_US = 3_600_000_000


def diagnose_filter(
    channel: Channel, window: ProcessWindow, blocks: Blocks, baseline: ProcessBaseline | None
) -> ProcessDiagnosis:
    """Whether a filter clogs.

    Args:
        channel: a pressure drop; its `high`, when finite, is the limit.
        window: that it belongs to; a channel of role ``flow`` in it corrects for the flow.
        blocks: of the whole window.
        baseline: of the equipment with a clean filter, None before there is one.

    Returns:
        ``filter_clogging`` when the pressure drop rose by `PROBABLE_GROWTH`, significantly, and goes on rising.
    """
    version = baseline.version if baseline else ""
    known = baseline.of(channel.name) if baseline else None
    if baseline is None or known is None:
        return _open(channel.name, version, "channel_unknown_to_baseline" if baseline else "no_baseline")
    flow = next((c.name for c in window.channels if c.role == "flow" and baseline.of(c.name)), None)
    times, drops = _at_equal_flow(channel.name, flow, blocks, baseline)
    first = after_last_fall(drops)
    times, drops = times[first:], drops[first:]
    if drops.size < RECENT:
        return _open(channel.name, version, "too_few_blocks")
    level = float(np.median(drops[-RECENT:]))
    growth = level / known.level - 1.0
    onset = _onset(drops, known)
    moving, slope = trend(times[onset:], drops[onset:])
    shift = (level - known.level) / effective(known)
    claimed = growth >= PROBABLE_GROWTH and shift >= RECENT and moving and slope > 0.0
    others = _moved(channel.name, window, blocks, baseline)
    confidence: Confidence = "none"
    if claimed:
        confidence = "confirmed" if growth >= CONFIRMED_GROWTH and not others else "probable"
    limit = channel.high if math.isfinite(channel.high) else LIMIT_GROWTH * known.level
    cases = (
        ("no_flow_channel", 0.0, flow is None),
        ("other_channels_moved", float(len(others)), bool(others)),
        ("limit_is_twice_clean", limit, not math.isfinite(channel.high)),
    )
    return ProcessDiagnosis(
        METHOD,
        VERSION,
        channel.name,
        "filter_clogging" if claimed else None,
        confidence,
        max(growth, 0.0) / PROBABLE_GROWTH,
        int(times[onset]) if claimed else None,
        (
            Indicator("pressure_drop", level, math.log(max(level / known.level, 1e-9))),
            Indicator("per_hour", slope, 0.0),
            Indicator("clean_pressure_drop", known.level, 0.0),
        ),
        (),
        tuple(Evidence(code, value) for code, value, holds in cases if holds) if claimed else (),
        forecast(times[onset:], drops[onset:], limit) if claimed else None,
        version,
        None,
    )


def _at_equal_flow(
    name: str, flow: str | None, blocks: Blocks, baseline: ProcessBaseline
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Block levels brought to the baseline's flow."""
    if flow is None:
        return blocks.of(name)
    usual = baseline.of(flow)
    flows = blocks.levels[:, blocks.names.index(flow)]
    drops = blocks.levels[:, blocks.names.index(name)]
    # Below half of the usual flow the correction exceeds 4 and amplifies what the sensor does not know.
    readable = np.isfinite(drops) & (flows > 0.5 * (usual.level if usual else 0.0))
    factor = (usual.level / flows[readable]) ** FLOW_POWER if usual else 1.0
    return blocks.times_us[readable], drops[readable] * factor


def after_last_fall(drops: NDArray[np.float64]) -> int:
    """Index of the first block after the last lasting fall by `FALL`, 0 without one."""
    last = 0
    for i in range(RECENT, drops.size - RECENT + 1):
        before, after = np.median(drops[i - RECENT : i]), np.median(drops[i : i + RECENT])
        if after < (1.0 - FALL) * before and drops[i] < drops[i - 1]:
            last = i
    return last


def _onset(drops: NDArray[np.float64], known: ChannelBaseline) -> int:
    """First block from which all three-block medians stay above the baseline's level by a deviation, at most the last 5."""
    quiet = known.level + effective(known)
    last = 0
    for i in range(drops.size - RECENT + 1):
        if np.median(drops[i : i + RECENT]) <= quiet:
            last = i
    return min(last, max(drops.size - LEAST_POINTS, 0))


def _moved(name: str, window: ProcessWindow, blocks: Blocks, baseline: ProcessBaseline) -> list[str]:
    """Other channels that left their baselines too."""
    found = []
    for other in window.channels:
        known = baseline.of(other.name)
        if other.name == name or known is None or not known.often_told:
            continue
        departure = departure_of(other.name, blocks, known)
        if departure is not None and departure.claimed:
            found.append(other.name)
    return found


def forecast(times_us: NDArray[np.int64], drops: NDArray[np.float64], limit: float) -> Forecast | None:
    """When the limit is reached; from medians of clock hours, as neighbouring blocks resemble each other.

    Returns:
        The forecast; None when it cannot be told within a factor of 10, or the limit is reached already.
    """
    hours, first = np.unique(times_us // HOUR_US, return_index=True)
    levels = np.array([np.median(part) for part in np.split(drops, first[1:])])
    if levels[-1] >= limit:
        return None
    life = remaining_life(hours.astype(np.float64), levels, limit)
    if life is None:
        return None
    now = int(hours[-1]) * HOUR_US + HOUR_US // 2  # a median stands for the middle of its hour
    best, low, high = (now + round(value * HOUR_US) for value in (life.best, life.low, life.high))
    return Forecast(limit, best, low, high)


def _open(name: str, version: str, reason: Reason) -> ProcessDiagnosis:
    return ProcessDiagnosis(
        METHOD, VERSION, name, None, "cannot_tell", 0.0, None, (), (), (), None, version, reason
    )
