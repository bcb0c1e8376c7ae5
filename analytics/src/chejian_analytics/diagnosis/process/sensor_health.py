"""Faults of a sensor that its own values tell: silent, stuck, out of range, noisy, with spikes.

What is usual is learned: how often a channel is told, how long it stands still, how far its values scatter. A channel that was
rarely told while sound is not judged for being stuck.
"""

from collections.abc import Callable
from functools import partial

import numpy as np
from numpy.typing import NDArray

from chejian_analytics.diagnosis.machine import Indicator
from chejian_analytics.diagnosis.process.baseline import ChannelBaseline, ProcessBaseline
from chejian_analytics.diagnosis.process.channels import GRID_US, Blocks, Channel, ProcessWindow
from chejian_analytics.diagnosis.process.holds import longest_hold_us, sticking_out
from chejian_analytics.diagnosis.process.verdicts import ProcessDiagnosis, ProcessFault
from chejian_analytics.diagnosis.verdict import Confidence, Evidence

METHOD = "sensor_health"
VERSION = "2"

SILENT_US = 600_000_000
"""[us] Silence in running time that is a fault: longer than a device needs to start again."""

OUTSIDE_US = 120_000_000
"""[us] Time outside the sensor's range that is no single bad value."""

EXPECTED_MISSES = 14.0
"""Changes expected in the time without one: exp(-14) is less than 1 in 10^6 (Poisson)."""

HOLD_FACTOR = 8.0
"""Over the longest standstill while sound: behind a deadband long ones are more frequent than by chance."""

NOISE_FACTOR = 2.0
"""Over the widest block of the baseline, in the median of the last `NOISY_BLOCKS`."""

NOISY_BLOCKS = 6
"""Blocks: an hour."""

SPIKE_FACTOR = 5.0
"""Over what stuck out most while sound."""

LEAST_SPIKES = 3
"""Single values that stick out so far."""

TOGETHER_US = GRID_US
"""[us] How near in time another sensor must stick out for a spike to be the process's, such as a load that is switched."""

TOGETHER_FACTOR = 0.8
"""Over what that other sensor stuck out most while sound: Gaussian noise gets so far in 1 of 100 values."""

_Check = Callable[[Channel, ProcessWindow, Blocks, ChannelBaseline | None], tuple[float, float, float]]


def diagnose_health(
    channel: Channel, window: ProcessWindow, blocks: Blocks, baseline: ProcessBaseline | None
) -> ProcessDiagnosis:
    """What is wrong with a sensor, if anything; the first of silent, out of range, stuck, noisy, spikes that holds.

    Args:
        channel: the channel.
        window: that it belongs to.
        blocks: of the whole window.
        baseline: of the equipment; without one only silence and range can be judged.

    Returns:
        The verdict. ``none`` names what was not evaluated in its counter-evidence.
    """
    known = baseline.of(channel.name) if baseline else None
    checks: tuple[tuple[ProcessFault, _Check], ...] = (
        ("silent_sensor", _silence),
        ("sensor_out_of_range", _outside),
        ("stuck_sensor", _stuck),
        ("noisy_sensor", _noise),
        ("sensor_spikes", partial(_spikes, baseline=baseline)),
    )
    measured = [(fault, *check(channel, window, blocks, known)) for fault, check in checks]
    named = next(((fault, score, since) for fault, score, _, since in measured if score >= 1.0), None)
    part, score, since = named or (None, max((m[1] for m in measured), default=0.0), -1.0)
    open_checks = [fault for fault, score, *_ in measured if score < 0.0]
    confidence: Confidence = "none" if part is None else "confirmed" if score >= 2.0 else "probable"  # noqa: PLR2004
    return ProcessDiagnosis(
        METHOD,
        VERSION,
        channel.name,
        part,
        confidence,
        max(score, 0.0),
        int(since) if since >= 0 else None,
        tuple(Indicator(fault, value, 0.0) for fault, score, value, _ in measured if score >= 0.0),
        (),
        tuple(Evidence(f"not_evaluated_{fault}", 0.0) for fault in open_checks),
        None,
        baseline.version if baseline else "",
        None,
    )


# Each check: score (1 = claim, -1 = not evaluated), what was measured, since when [us], -1 = unknown.
_OPEN = (-1.0, 0.0, -1.0)


def _silence(
    channel: Channel, window: ProcessWindow, _b: Blocks, _k: ChannelBaseline | None
) -> tuple[float, float, float]:
    instants = window.instants(0)
    silent = ~np.isfinite(channel.at(instants))
    # Before the first value nothing was promised.
    silent &= instants >= (channel.times_us[0] if channel.times_us.size else window.end_us)
    last = instants.size - int(np.argmin(silent[::-1])) if silent.size and not silent.all() else 0
    spent = (instants.size - last) * GRID_US
    return spent / SILENT_US, spent / 6e7, float(instants[last]) if spent else -1.0


def _outside(
    channel: Channel, window: ProcessWindow, _b: Blocks, _k: ChannelBaseline | None
) -> tuple[float, float, float]:
    high = np.inf if channel.role == "filter_pressure_drop" else channel.high
    instants = window.instants(0)
    values = channel.at(instants)
    outside = (values < channel.low) | (values > high)
    spent = int(outside.sum()) * GRID_US
    since = float(instants[int(np.argmax(outside))]) if spent else -1.0
    return spent / OUTSIDE_US, spent / 6e7, since


def _stuck(
    channel: Channel, window: ProcessWindow, _b: Blocks, known: ChannelBaseline | None
) -> tuple[float, float, float]:
    if known is None or not known.often_told:
        return _OPEN
    _, hold_us = longest_hold_us(channel, window)
    least_us = max(HOLD_FACTOR * known.longest_hold_us, EXPECTED_MISSES * known.running_us / known.changes)
    held = channel.times_us[channel.times_us < window.end_us]
    return hold_us / least_us, hold_us / 6e7, float(held[-1]) if held.size else -1.0


def _noise(
    channel: Channel, _w: ProcessWindow, blocks: Blocks, known: ChannelBaseline | None
) -> tuple[float, float, float]:
    scatter = blocks.scatter[:, blocks.names.index(channel.name)]
    rows = np.flatnonzero(np.isfinite(scatter))[-NOISY_BLOCKS:]
    if known is None or not known.often_told or rows.size < NOISY_BLOCKS or known.widest_scatter == 0.0:
        return _OPEN
    ratio = float(np.median(scatter[rows])) / (known.widest_scatter * _growth(channel, blocks, known))
    return ratio / NOISE_FACTOR, ratio, float(blocks.times_us[rows[0]])


def _spikes(
    channel: Channel,
    window: ProcessWindow,
    blocks: Blocks,
    known: ChannelBaseline | None,
    *,
    baseline: ProcessBaseline | None,
) -> tuple[float, float, float]:
    if known is None or baseline is None or not known.often_told or known.spike == 0.0:
        return _OPEN
    limit = SPIKE_FACTOR * known.spike * _growth(channel, blocks, known)
    own = _spike_times(channel, window, limit, over_stops=False)
    for other in window.channels:
        base = baseline.of(other.name)
        if own.size and other.name != channel.name and base is not None and base.spike > 0.0:
            limit = TOGETHER_FACTOR * base.spike * _growth(other, blocks, base)
            own = own[~_near(own, _spike_times(other, window, limit))]
    return own.size / LEAST_SPIKES, float(own.size), -1.0


def _spike_times(
    channel: Channel, window: ProcessWindow, limit: float, *, over_stops: bool = True
) -> NDArray[np.int64]:
    times, found = sticking_out(channel, window, over_stops=over_stops)
    return times[found > limit]


def _near(times_us: NDArray[np.int64], others_us: NDArray[np.int64]) -> NDArray[np.bool_]:
    first = np.searchsorted(others_us, times_us - TOGETHER_US, side="left")
    return first < np.searchsorted(others_us, times_us + TOGETHER_US, side="right")


def _growth(channel: Channel, blocks: Blocks, known: ChannelBaseline) -> float:
    """How much wider a sound sensor scatters than while the baseline was made: turbulence grows with a pressure drop."""
    _, levels = blocks.of(channel.name)
    if channel.role != "filter_pressure_drop" or known.level <= 0.0 or levels.size == 0:
        return 1.0
    return max(float(levels.max()) / known.level, 1.0)
