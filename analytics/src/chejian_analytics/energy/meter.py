"""A meter's total over time, from readings of its register.

A reading tells the total up to its stamp. Between two readings the total is taken to rise evenly, in whole units
rounded down, so the amounts of adjoining windows always add up to the difference of the readings. Where readings are further
apart than `max_gap_us` the amount between them is still exact but its place in time is a guess: that time is not
complete.

A fall of the register is a rollover where the register's modulus is known and the step is plausible, a replacement where
one is on file, and else a reset: what the new register shows counts from 0, which is the least that can have been used.
"""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import ArrayLike, NDArray

from chejian_analytics.kpi.counts import Counter, counter
from chejian_analytics.kpi.timeline import as_times
from chejian_analytics.kpi.windows import Windows

Int64 = NDArray[np.int64]
Bool = NDArray[np.bool_]

_MS = 1000
"""[us] Interpolation works in milliseconds, the resolution of source times: the products then fit int64."""

_JITTER_US = 1_000_000
"""[us] by which two stamps of a meter's records may be closer than its interval."""


class MeterFlag(StrEnum):
    """What a person should know about an amount."""

    RESET = "meter_reset"
    ROLLOVER = "meter_rollover"
    REPLACED = "meter_replaced"
    GAP = "meter_gap"


@dataclass(frozen=True, slots=True)
class Replacement:
    """A meter was exchanged.

    Attributes:
        time_us: when; readings at or after it are the new meter's.
        closing: last reading of the old meter [register unit]; None: its last sample counts.
        opening: first reading of the new meter; None: its first sample counts.
    """

    time_us: int
    closing: int | None = None
    opening: int | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Meter:
    """Readings as a total that never falls; made by `meter`.

    Attributes:
        times_us: int64, strictly rising.
        totals: int64 >= 0, total since the first reading, in the register's unit.
        reset_us, rollover_us, replaced_us: int64 times at which that was seen.
        max_gap_us: longest distance of two readings between which the time counts as covered.
    """

    times_us: Int64
    totals: Int64
    reset_us: Int64
    rollover_us: Int64
    replaced_us: Int64
    max_gap_us: int

    def total_at(self, times_us: ArrayLike) -> Int64:
        """Total up to each time; int64. Before the first reading 0, behind the last one the last total."""
        at = np.atleast_1d(np.asarray(times_us, dtype=np.int64))
        if self.times_us.size == 0:
            return np.zeros(at.shape, np.int64)
        i = np.clip(np.searchsorted(self.times_us, at, side="right") - 1, 0, self.times_us.size - 1)
        j = np.minimum(i + 1, self.times_us.size - 1)
        span = np.maximum((self.times_us[j] - self.times_us[i]) // _MS, 1)
        passed = np.clip((at - self.times_us[i]) // _MS, 0, span)
        out: Int64 = self.totals[i] + _scaled(self.totals[j] - self.totals[i], passed, span)
        return out

    def covered(self) -> Windows:
        """Time between readings that are no further apart than `max_gap_us`."""
        if self.times_us.size < 2:  # noqa: PLR2004 - a span has two ends
            return Windows.none()
        near = np.diff(self.times_us) <= self.max_gap_us
        return Windows.union_of(self.times_us[:-1][near], self.times_us[1:][near])


def _scaled(rise: Int64, passed: Int64, span: Int64) -> Int64:
    """Whole part of rise * passed / span without overflow: large rises or gaps of years go through Python's integers."""
    whole, rest = rise // span, rise % span
    safe = span < 2**31
    small: Int64 = np.where(safe, rest, 0) * np.where(safe, passed, 0) // span
    out: Int64 = whole * passed + small
    for k in np.flatnonzero(~safe):
        out[k] += int(rest[k]) * int(passed[k]) // int(span[k])
    return out


def meter(
    times_us: ArrayLike,
    readings: ArrayLike,
    *,
    max_gap_us: int,
    modulus: int | None = None,
    replacements: Sequence[Replacement] = (),
) -> Meter:
    """Prepare a meter.

    Args:
        times_us: stamps of the readings, sorted, microseconds since 1970 UTC, shape (n,); of equal stamps the last
            reading counts. The last reading before and the first after the windows of interest belong in here.
        readings: register values, whole numbers >= 0 in the register's unit, or floats with NaN for bad quality.
        max_gap_us: see `Meter`; > 0.
        modulus: value at which the register starts again at 0; None for never.
        replacements: exchanges of the meter, in order of time.

    Raises:
        ValueError: for unsorted times or replacements, shapes that differ, a wrong modulus or gap.
    """
    if max_gap_us <= 0:
        raise ValueError(f"meter: max_gap_us {max_gap_us} must be above 0")
    times = as_times(times_us, "meter")
    values = np.asarray(readings)
    if values.shape != times.shape:
        raise ValueError(f"meter: {times.size} times but readings of shape {values.shape}")
    cuts = [r.time_us for r in replacements]
    if cuts != sorted(set(cuts)):
        raise ValueError("meter: replacements must be in order of time, one at a time")
    edges = [0, *np.searchsorted(times, cuts, side="left").tolist(), times.size]
    parts = [counter(times[a:b], values[a:b], modulus=modulus) for a, b in itertools.pairwise(edges)]
    return _joined(parts, replacements, max_gap_us)


def without_repeats(
    times_us: ArrayLike, readings: ArrayLike, *, interval_us: int
) -> tuple[Int64, NDArray[np.float64]]:
    """Drop the heartbeats that an edge puts between two readings of a meter.

    A heartbeat repeats the last reading, so it would say that nothing was used up to it and everything behind it. Dropped
    is what repeats the reading before it and is followed by another value sooner than the interval, less a second (or
    a tenth, if that is shorter) for clocks that jitter: a meter that is read each interval can't have shown both. What is
    dropped depends on readings that are less than an interval away only.

    Args:
        times_us: sorted, int64 [us], shape (n,).
        readings: register values, NaN for bad quality; shape (n,).
        interval_us: distance of real readings [us], > 0.

    Returns:
        Times and values of the readings that are left; no reading (NaN, a fraction, below 0) is left.
    """
    times, values = np.asarray(times_us, np.int64), np.asarray(readings, np.float64)
    known = (values >= 0) & (values == np.floor(values))
    times, values = times[known], values[known]
    repeats = np.append(False, values[1:] == values[:-1])[: values.size]
    changes = np.append(times[~repeats], np.iinfo(np.int64).max)
    following = changes[np.searchsorted(changes, times, side="right").clip(max=changes.size - 1)]
    kept = ~(repeats & (following - times < interval_us - min(interval_us // 10, _JITTER_US)))
    return times[kept], values[kept]


def _joined(parts: Sequence[Counter], replacements: Sequence[Replacement], max_gap_us: int) -> Meter:
    times: list[Int64] = []
    totals: list[Int64] = []
    rollovers: list[Int64] = []
    base = 0
    for part, swap, following in zip(parts, (None, *replacements), (*replacements, None), strict=True):
        if part.times_us.size:
            own = part.values - part.values[0] + _added(part)
            if swap is not None and swap.opening is not None:
                base += max(int(part.values[0]) - swap.opening, 0)
            times.append(part.times_us)
            totals.append(base + own)
            rollovers.append(np.setdiff1d(part.times_us[part.fall_index], part.reset_us))
            base += int(own[-1])
            if following is not None and following.closing is not None:
                base += max(following.closing - int(part.values[-1]), 0)
    joined_times = np.concatenate([np.empty(0, np.int64), *times])
    joined = np.concatenate([np.empty(0, np.int64), *totals])
    last = np.append(joined_times[1:] != joined_times[:-1], True)[: joined_times.size]
    return Meter(
        joined_times[last],
        joined[last],
        np.concatenate([np.empty(0, np.int64), *(p.reset_us for p in parts)]),
        np.concatenate([np.empty(0, np.int64), *rollovers]),
        np.array([r.time_us for r in replacements], np.int64),
        max_gap_us,
    )


def _added(part: Counter) -> Int64:
    falls = np.searchsorted(part.fall_index, np.arange(part.values.size), side="right")
    out: Int64 = part.fall_total[falls]
    return out


@dataclass(frozen=True, slots=True, eq=False)
class Consumption:
    """Amounts of windows.

    Attributes:
        amount: int64 >= 0 in the register's unit, shape (n,).
        covered_us: int64, time of each window between readings that are near enough.
        elapsed_us: int64, length of each window.
        flags: per window, see `MeterFlag`.
    """

    amount: Int64
    covered_us: Int64
    elapsed_us: Int64
    flags: tuple[tuple[MeterFlag, ...], ...]

    @property
    def completeness(self) -> NDArray[np.float64]:
        """Covered share of each window, 0 to 1."""
        out: NDArray[np.float64] = self.covered_us / self.elapsed_us
        return out


def consumption(of: Meter, windows: Windows) -> Consumption:
    """Amount used in each window.

    Args:
        of: the meter.
        windows: sorted, disjoint, half-open [us].
    """
    amount = of.total_at(windows.end_us) - of.total_at(windows.start_us)
    covered = of.covered()
    inside = _time_before(covered, windows.end_us) - _time_before(covered, windows.start_us)
    elapsed = windows.end_us - windows.start_us
    seen = {
        MeterFlag.RESET: _within(of.reset_us, windows),
        MeterFlag.ROLLOVER: _within(of.rollover_us, windows),
        MeterFlag.REPLACED: _within(of.replaced_us, windows),
        MeterFlag.GAP: inside < elapsed,
    }
    flags = tuple(tuple(f for f, mask in seen.items() if mask[i]) for i in range(len(windows)))
    return Consumption(amount, inside, elapsed, flags)


def _time_before(windows: Windows, times_us: Int64) -> Int64:
    """Time inside some windows before each time [us]."""
    if len(windows) == 0:
        return np.zeros(times_us.shape, np.int64)
    length = windows.end_us - windows.start_us
    before = np.append(np.int64(0), length.cumsum())
    i = np.searchsorted(windows.start_us, times_us, side="right") - 1
    inside = np.clip(times_us - windows.start_us[np.maximum(i, 0)], 0, length[np.maximum(i, 0)])
    out: Int64 = np.where(i >= 0, before[np.maximum(i, 0)] + inside, 0)
    return out


def _within(times: Int64, windows: Windows) -> Bool:
    """A change shows in the reading at its time, which belongs to the window that ends there or contains it."""
    out: Bool = np.searchsorted(times, windows.end_us, side="right") > np.searchsorted(
        times, windows.start_us, side="right"
    )
    return out
