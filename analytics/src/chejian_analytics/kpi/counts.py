"""Increments of total-increasing counters in half-open windows.

An increment belongs to the time of the sample that shows it. The first sample of a series is its baseline and counts
nothing. A decrease is a reset: the new value counts from 0, and the window is told. A counter that is known to wrap
at a modulus wraps when the increment read that way is below half the modulus; a larger fall is a reset. The first
reading after a known replacement of the counter is a new baseline and counts nothing, and so is one that shows a rise
faster than the equipment can work.

Totals are read off at window edges only, so the samples are passed over once, to see whether any needs care.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from chejian_analytics.kernels.counts import survey, whole_numbers
from chejian_analytics.kpi.timeline import as_times, check_sorted
from chejian_analytics.kpi.windows import Windows

Int64 = NDArray[np.int64]
Bool = NDArray[np.bool_]

_INT64_SPAN = 2.0**63
"""First float that int64 can't hold."""

_NONE = np.empty(0, np.int64)
"""No index, no time."""

_NOTHING = np.zeros(1, np.int64)
"""`Counter.fall_total` without falls."""

_FALLS = 1024
"""Falls of a counter that one pass keeps; with more a second pass finds them."""


@dataclass(frozen=True, slots=True, eq=False)
class Counter:
    """A counter's samples, ready to be read off; made by `counter`.

    Attributes:
        times_us: int64 sample times, sorted.
        values: int64 readings >= 0.
        fall_index: int64 index of each sample whose increment is not the plain difference.
        fall_total: int64, shape (steps + 1,): what resets, wraps and baselines up to each add to the plain difference.
        reset_us: int64 times of resets.
        invalid_us: int64 times of readings that were left out: negative or fractional.
        implausible_us: int64 times of rises that were not counted.
    """

    times_us: Int64
    values: Int64
    fall_index: Int64
    fall_total: Int64
    reset_us: Int64
    invalid_us: Int64
    implausible_us: Int64

    def total_before(self, times_us: Int64) -> Int64:
        """Sum of all increments at sample times < each time; int64, shape of `times_us`."""
        if self.values.size == 0:
            return np.zeros(np.shape(times_us), np.int64)
        last = np.maximum(self.times_us.searchsorted(times_us, side="left") - 1, 0)
        out: Int64 = self.values[last] - self.values[0]
        if self.fall_index.size:
            out += self.fall_total[self.fall_index.searchsorted(last, side="right")]
        return out

    def increments(self, windows: Windows) -> Int64:
        """Increments in each window, int64 >= 0, shape (len(windows),)."""
        edges = self.total_before(np.concatenate([windows.start_us, windows.end_us]))
        return edges[len(windows) :] - edges[: len(windows)]

    def has_reset(self, windows: Windows) -> Bool:
        """Whether a reset was seen in each window."""
        return _any_within(self.reset_us, windows)

    def has_invalid(self, windows: Windows) -> Bool:
        """Whether a reading was left out in each window."""
        return _any_within(self.invalid_us, windows)

    def has_implausible(self, windows: Windows) -> Bool:
        """Whether a rise was not counted in each window."""
        return _any_within(self.implausible_us, windows)


def counter(
    times_us: ArrayLike,
    values: ArrayLike,
    *,
    modulus: int | None = None,
    replaced_us: ArrayLike = (),
    least_cycle_us: int = 0,
    in_order: bool = False,
) -> Counter:
    """Prepare a counter.

    Args:
        times_us: sorted sample times, microseconds since 1970 UTC, shape (n,); the last sample before the first
            window belongs in here, or that window's first increment is lost to the baseline.
        values: readings, shape (n,); integers, or floats where NaN stands for a value of bad quality (left out).
            Negative and fractional readings are left out and their times kept.
        modulus: value at which the counter starts again at 0, e.g. 65536; None for never.
        replaced_us: sorted times at which the counter was replaced or set by hand; the first reading at or after each
            is a new baseline, higher or lower.
        least_cycle_us: shortest time that one item can take [us]; a rise by n items within less than (n - 1) of them
            is not counted. 0: no bound.
        in_order: the caller knows that the times are sorted, e.g. because the states of the same rows were read; they
            are not checked again.

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
    falls = np.empty(_FALLS, np.int64)
    looked_at = _NONE if in_order else times
    unsorted, fall_count, negative = survey(looked_at, clean, falls) if times.size else (0, 0, 0)
    if unsorted or (times.size < check.size and not in_order):
        check_sorted(check, "counter")
    if negative:
        good = clean >= 0
        times, clean, invalid = times[good], clean[good], np.sort(np.append(invalid, times[~good]))
    if negative or fall_count > falls.size:
        falls = np.flatnonzero(clean[1:] < clean[:-1]) + 1
    else:
        falls = falls[:fall_count]
    replaced = np.asarray(replaced_us)
    baselines = _baselines(times, as_times(replaced, "counter replacements")) if replaced.size else _NONE
    if not (falls.size or baselines.size or least_cycle_us > 0):
        return Counter(times, clean, _NONE, _NOTHING, _NONE, invalid, _NONE)
    steps = np.union1d(falls, baselines) if baselines.size else falls
    add, reset = _corrections(clean, steps, modulus)
    if least_cycle_us > 0:
        steps, add, reset, implausible = _bounded(times, clean, (steps, add, reset), least_cycle_us)
    else:
        implausible = _NONE
    if baselines.size or implausible.size:
        new = np.isin(steps, np.union1d(baselines, implausible))
        add[new], reset[new] = clean[steps[new] - 1] - clean[steps[new]], False
        implausible = np.setdiff1d(implausible, baselines)
    total = np.concatenate([_NOTHING, add.cumsum()])
    return Counter(times, clean, steps, total, times[steps[reset]], invalid, times[implausible])


def _baselines(times: Int64, replaced: Int64) -> Int64:
    """Index of the first reading at or after each replacement that has a reading before it."""
    found = np.unique(np.searchsorted(times, replaced, side="left"))
    return found[(found > 0) & (found < times.size)]


def _corrections(clean: Int64, steps: Int64, modulus: int | None) -> tuple[Int64, Bool]:
    """What each step adds to the plain difference if it is a fall, and whether it is a reset then."""
    before, after = clean[steps - 1], clean[steps]
    falls = after < before
    add, reset = np.where(falls, before, 0), falls.copy()
    if modulus is not None:
        wraps = falls & (after - before + modulus < (modulus + 1) // 2) & (before < modulus)
        reset &= ~wraps
        add[wraps] = modulus
    return add, reset


def _bounded(
    times: Int64, clean: Int64, known: tuple[Int64, Int64, Bool], least_cycle_us: int
) -> tuple[Int64, Int64, Bool, Int64]:
    """Add the rises that are too fast to the known steps; returns them and the index of each such rise."""
    steps, add, reset = known
    increment = np.diff(clean)
    increment[steps - 1] += add
    # One item may be in work when the first reading is taken, so n items need n - 1 cycles;
    fast = np.flatnonzero(increment - 1 > np.diff(times) // least_cycle_us) + 1
    every = np.union1d(steps, fast)
    place = np.searchsorted(every, steps)
    more, resets = np.zeros(every.size, np.int64), np.zeros(every.size, np.bool_)
    more[place], resets[place] = add, reset
    return every, more, resets, fast


def _whole(times: Int64, raw: NDArray[Any]) -> tuple[Int64, Int64, Int64]:
    """Times and values of the readings that are whole numbers, and the times of those that are fractions."""
    if raw.size == 0:
        return times, np.empty(0, np.int64), times
    if raw.dtype.kind not in "iuf":
        raise ValueError(f"counter: values must be numbers, got {raw.dtype}")
    if raw.dtype.kind != "f":
        return times, np.ascontiguousarray(raw, dtype=np.int64), _NONE
    numbers = np.ascontiguousarray(raw, dtype=np.float64)
    clean = np.empty(numbers.size, np.int64)
    if whole_numbers(numbers, clean) == 0:
        return times, clean, _NONE
    good = (numbers == np.floor(numbers)) & (np.abs(numbers) < _INT64_SPAN)
    return times[good], clean[good], times[~good & ~np.isnan(numbers)]


def _any_within(times: Int64, windows: Windows) -> Bool:
    out: Bool = np.searchsorted(times, windows.end_us) > np.searchsorted(times, windows.start_us)
    return out
