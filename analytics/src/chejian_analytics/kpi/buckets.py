"""Rollups of numeric series: what each minute and hour knows of a signal.

A reading holds from its sample to the next sample of its series, at most for the series' hold, and never beyond a
lapse (the death of the node that sent it). Everything is a pure function of the samples; sums run in the order of
time, so equal samples give equal bits, and an hour is the fold of its minutes in their order, never of the samples
directly.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from chejian_analytics.kernels.buckets import fill_buckets
from chejian_analytics.kpi.counts import counter
from chejian_analytics.kpi.windows import Windows

Int64 = NDArray[np.int64]
Float64 = NDArray[np.float64]
Bool = NDArray[np.bool_]
Number = TypeVar("Number", np.int64, np.float64)

FOREVER_US = int(np.iinfo(np.int64).max)
"""A hold without limit, and the end of a reading that no other follows [us]."""


@dataclass(frozen=True, slots=True, eq=False)
class SeriesSamples:
    """Samples of one series with what came before the first bucket.

    Attributes:
        times_us: int64, sorted, microseconds since 1970 UTC, shape (n,). The samples before the first bucket that can
            still hold in it belong in here, and a counter's last valid reading before it.
        values: float64, shape (n,); NaN where a sample came without a value.
        readable: whether the quality lets the value count (good or uncertain), shape (n,).
        good: whether the quality is good, shape (n,).
        hold_us: longest time that a reading holds [us]; None: until the next sample or lapse.
        lapses_us: int64, sorted: instants at which whatever is held ends, a sample of that very instant too.
        counts: whether it is a total-increasing counter, whose increments are wanted.
    """

    times_us: Int64
    values: Float64
    readable: Bool
    good: Bool
    hold_us: int | None
    lapses_us: Int64
    counts: bool


@dataclass(frozen=True, slots=True, eq=False)
class Buckets:
    """Rollups of some series, arrays of shape (series, buckets) unless told otherwise.

    Attributes:
        start_us: int64 start of each bucket [us since 1970], shape (buckets,).
        samples: int64, samples at times inside, of any quality.
        good: int64, those of good quality.
        known_us: int64, time for which a reading is known [us].
        minimum: float64, least value known in the bucket, one held from before included; NaN for none.
        maximum: float64, the greatest likewise.
        first_us: int64, time of the first known sample inside [us]; 0 for none, see `first`.
        first: float64, its value; NaN for none.
        last_us: int64, time of the last one [us].
        last: float64, its value.
        area: float64, integral of the value over the known time [unit x us], added in the order of time.
        increment: int64, counters: increments at times inside (`chejian_analytics.kpi.counts`); 0 for others.
        resets: int64, counters: resets at times inside.
    """

    start_us: Int64
    samples: Int64
    good: Int64
    known_us: Int64
    minimum: Float64
    maximum: Float64
    first_us: Int64
    first: Float64
    last_us: Int64
    last: Float64
    area: Float64
    increment: Int64
    resets: Int64

    def present(self) -> Bool:
        """Where there is something to tell: a sample or known time."""
        found: Bool = (self.samples > 0) | (self.known_us > 0)
        return found

    def mean(self) -> Float64:
        """Time-weighted mean over the known time [unit]; NaN where nothing is known."""
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.where(self.known_us > 0, self.area / self.known_us, np.nan)


def fill(series: Sequence[SeriesSamples], start_us: int, width_us: int, buckets: int) -> Buckets:
    """Rollups of adjoining buckets [start + i x width, start + (i + 1) x width).

    Args:
        series: any number.
        start_us: start of the first bucket, microseconds since 1970 UTC.
        width_us: width of each [us], > 0.
        buckets: how many, >= 1.

    Raises:
        ValueError: for an empty range, unsorted times or shapes that differ.
    """
    if width_us <= 0 or buckets <= 0:
        raise ValueError(f"buckets: width {width_us} us and number {buckets} must be > 0")
    shape = (len(series), buckets)
    counts = np.zeros((*shape, 3), np.int64)
    moments = np.zeros((*shape, 2), np.int64)
    numbers = np.full((*shape, 5), np.nan)
    numbers[:, :, 4] = 0.0
    if series:
        fill_buckets(*_flat(series), start_us, width_us, counts, moments, numbers)
    edges = start_us + width_us * np.arange(buckets + 1, dtype=np.int64)
    windows = Windows(edges[:-1], edges[1:])
    increments = [_increments(s, windows) for s in series]
    numbers += 0.0  # the bits of -0.0 would depend on whether a sum has one term or more
    return Buckets(
        start_us=edges[:-1],
        samples=counts[:, :, 0],
        good=counts[:, :, 1],
        known_us=counts[:, :, 2],
        minimum=numbers[:, :, 0],
        maximum=numbers[:, :, 1],
        first_us=moments[:, :, 0],
        first=numbers[:, :, 2],
        last_us=moments[:, :, 1],
        last=numbers[:, :, 3],
        area=numbers[:, :, 4],
        increment=np.array([i for i, _ in increments], np.int64).reshape(shape),
        resets=np.array([r for _, r in increments], np.int64).reshape(shape),
    )


def fold(fine: Buckets, each: int) -> Buckets:
    """Join every `each` adjoining buckets into one.

    Raises:
        ValueError: when their number is no multiple of `each`.
    """
    rows, count = fine.samples.shape
    if each < 1 or count % each:
        raise ValueError(f"buckets: {count} can't be joined by {each}")
    shape = (rows, count // each, each)

    def total(column: Int64) -> Int64:
        out: Int64 = column.reshape(shape).sum(axis=2)
        return out

    first = ~np.isnan(fine.first.reshape(shape))
    last = ~np.isnan(fine.last.reshape(shape))
    head = np.argmax(first, axis=2)
    tail = each - 1 - np.argmax(last[:, :, ::-1], axis=2)
    return Buckets(
        start_us=fine.start_us[::each],
        samples=total(fine.samples),
        good=total(fine.good),
        known_us=total(fine.known_us),
        minimum=np.fmin.reduce(fine.minimum.reshape(shape), axis=2),
        maximum=np.fmax.reduce(fine.maximum.reshape(shape), axis=2),
        first_us=_pick(fine.first_us.reshape(shape), head),
        first=_pick(fine.first.reshape(shape), head),
        last_us=_pick(fine.last_us.reshape(shape), tail),
        last=_pick(fine.last.reshape(shape), tail),
        area=fine.area.reshape(shape).cumsum(axis=2)[:, :, -1],  # one after the other; `sum` adds in pairs
        increment=total(fine.increment),
        resets=total(fine.resets),
    )


def _pick(column: NDArray[Number], index: NDArray[np.intp]) -> NDArray[Number]:
    return np.take_along_axis(column, index[:, :, None], axis=2)[:, :, 0]


def _flat(series: Sequence[SeriesSamples]) -> tuple[Int64, Int64, Float64, Bool, Bool, Int64]:
    """All series behind one another: row, times, values, known, good, until."""
    for i, s in enumerate(series):
        if not s.times_us.shape == s.values.shape == s.readable.shape == s.good.shape:
            raise ValueError(f"series[{i}]: times, values and qualities must have one shape")
        if (s.times_us[1:] < s.times_us[:-1]).any():
            raise ValueError(f"series[{i}]: times must be sorted")
    values = np.concatenate([s.values for s in series])
    return (
        np.repeat(np.arange(len(series)), [s.times_us.size for s in series]),
        np.concatenate([s.times_us for s in series]),
        values,
        np.concatenate([s.readable for s in series]) & np.isfinite(values),
        np.concatenate([s.good for s in series]),
        np.concatenate([_until(s) for s in series]),
    )


def _until(series: SeriesSamples) -> Int64:
    """End of what each sample holds [us]: the next sample, its hold, or the next lapse."""
    times = series.times_us
    until = np.append(times[1:], np.int64(FOREVER_US))[: times.size]
    if series.hold_us is not None:
        until = np.minimum(until, times + series.hold_us)
    if series.lapses_us.size:
        lapses = np.append(series.lapses_us, np.int64(FOREVER_US))
        until = np.minimum(until, lapses[np.searchsorted(series.lapses_us, times, side="left")])
    return until


def _increments(series: SeriesSamples, windows: Windows) -> tuple[Int64, Int64]:
    """Increments and number of resets in each window; zeros for what is no counter."""
    if not series.counts:
        zeros = np.zeros(len(windows), np.int64)
        return zeros, zeros
    counted = counter(series.times_us, np.where(series.readable, series.values, np.nan))
    resets = np.searchsorted(counted.reset_us, windows.end_us) - np.searchsorted(
        counted.reset_us, windows.start_us
    )
    return counted.increments(windows), resets.astype(np.int64)
