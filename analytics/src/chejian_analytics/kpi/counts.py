"""Increments of total-increasing counters in half-open windows.

An increment belongs to the time of the sample that shows it. The first sample of a series is its baseline and counts
nothing. A decrease is a reset: the new value counts from 0, and the window is told. A counter that is known to wrap
at a modulus wraps when the increment read that way is below half the modulus; a larger fall is a reset.

Totals are read off at window edges only, so the samples are passed over once, to see whether any needs care.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from chejian_analytics.kernels.counts import survey
from chejian_analytics.kpi.timeline import as_times, check_sorted
from chejian_analytics.kpi.windows import Windows

Int64 = NDArray[np.int64]
Bool = NDArray[np.bool_]

_INT64_SPAN = 2.0**63
"""First float that int64 can't hold."""


@dataclass(frozen=True, slots=True, eq=False)
class Counter:
    """A counter's samples, ready to be read off; made by `counter`.

    Attributes:
        times_us: int64 sample times, sorted.
        values: int64 readings >= 0.
        fall_index: int64 index of each sample below the one before it.
        fall_total: int64, shape (falls + 1,): what resets and wraps up to each fall add to the plain difference.
        reset_us: int64 times of resets.
        invalid_us: int64 times of readings that were left out: negative or fractional.
    """

    times_us: Int64
    values: Int64
    fall_index: Int64
    fall_total: Int64
    reset_us: Int64
    invalid_us: Int64

    def total_before(self, times_us: Int64) -> Int64:
        """Sum of all increments at sample times < each time; int64, shape of `times_us`."""
        if self.values.size == 0:
            return np.zeros(np.shape(times_us), np.int64)
        last = np.maximum(np.searchsorted(self.times_us, times_us, side="left") - 1, 0)
        falls = np.searchsorted(self.fall_index, last, side="right")
        out: Int64 = self.values[last] - self.values[0] + self.fall_total[falls]
        return out

    def increments(self, windows: Windows) -> Int64:
        """Increments in each window, int64 >= 0, shape (len(windows),)."""
        return self.total_before(windows.end_us) - self.total_before(windows.start_us)

    def has_reset(self, windows: Windows) -> Bool:
        """Whether a reset was seen in each window."""
        return _any_within(self.reset_us, windows)

    def has_invalid(self, windows: Windows) -> Bool:
        """Whether a reading was left out in each window."""
        return _any_within(self.invalid_us, windows)


def counter(times_us: ArrayLike, values: ArrayLike, *, modulus: int | None = None) -> Counter:
    """Prepare a counter.

    Args:
        times_us: sorted sample times, microseconds since 1970 UTC, shape (n,); the last sample before the first
            window belongs in here, or that window's first increment is lost to the baseline.
        values: readings, shape (n,); integers, or floats where NaN stands for a value of bad quality (left out).
            Negative and fractional readings are left out and their times kept.
        modulus: value at which the counter starts again at 0, e.g. 65536; None for never.

    Raises:
        ValueError: for unsorted times, shapes that differ, or a modulus < 2.
    """
    times = as_times(times_us, "counter")
    raw = np.asarray(values)
    if raw.shape != times.shape:
        raise ValueError(f"counter: {times.size} times but values of shape {raw.shape}")
    if modulus is not None and modulus < 2:  # noqa: PLR2004 - a counter needs two values to count
        raise ValueError(f"counter: modulus {modulus} must be at least 2, or None")
    check = times
    times, clean, invalid = _whole(times, raw)
    unsorted, fall_count, negative = survey(times, clean) if times.size else (0, 0, 0)
    if unsorted or times.size < check.size:
        check_sorted(check, "counter")
    if negative:
        good = clean >= 0
        times, clean, invalid = times[good], clean[good], np.sort(np.append(invalid, times[~good]))
    falls = np.flatnonzero(clean[1:] < clean[:-1]) + 1 if fall_count else np.empty(0, np.int64)
    add = clean[falls - 1].copy()
    reset = np.ones(falls.size, np.bool_)
    if modulus is not None:
        reset = clean[falls] - clean[falls - 1] + modulus >= (modulus + 1) // 2
        reset |= clean[falls - 1] >= modulus
        add[~reset] = modulus
    fall_total = np.append(np.int64(0), np.cumsum(add))
    return Counter(times, clean, falls.astype(np.int64), fall_total, times[falls[reset]], invalid)


def _whole(times: Int64, raw: NDArray[Any]) -> tuple[Int64, Int64, Int64]:
    """Times and values of the readings that are whole numbers, and the times of those that are fractions."""
    if raw.size == 0:
        return times, np.empty(0, np.int64), times
    if raw.dtype.kind not in "iuf":
        raise ValueError(f"counter: values must be numbers, got {raw.dtype}")
    if raw.dtype.kind != "f":
        return times, np.ascontiguousarray(raw, dtype=np.int64), np.empty(0, np.int64)
    numbers = raw.astype(np.float64, copy=False)
    good = (numbers == np.floor(numbers)) & (np.abs(numbers) < _INT64_SPAN)
    if good.all():
        return times, numbers.astype(np.int64), np.empty(0, np.int64)
    return times[good], numbers[good].astype(np.int64), times[~good & ~np.isnan(numbers)]


def _any_within(times: Int64, windows: Windows) -> Bool:
    out: Bool = np.searchsorted(times, windows.end_us) > np.searchsorted(times, windows.start_us)
    return out
