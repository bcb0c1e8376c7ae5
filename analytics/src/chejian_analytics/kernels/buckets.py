"""Samples into buckets of equal width, many series in one pass; sums run in the order of time, so that they repeat.

Compiled, because plain numpy needs a sort and a temporary array for each column (measured: benchmarks/rollups.py).
"""

import numpy as np
from numba import njit
from numpy.typing import NDArray


@njit(cache=True, nogil=True)
def fill_buckets(
    row: NDArray[np.int64],
    times_us: NDArray[np.int64],
    values: NDArray[np.float64],
    known: NDArray[np.bool_],
    good: NDArray[np.bool_],
    until_us: NDArray[np.int64],
    start_us: int,
    width_us: int,
    counts: NDArray[np.int64],
    moments: NDArray[np.int64],
    numbers: NDArray[np.float64],
) -> None:
    """Add samples to the buckets of their series.

    Args:
        row: index of each sample's series, rising; shape (n,).
        times_us: sample times [us], rising within a series; shape (n,).
        values: readings, shape (n,); used where `known`.
        known: whether the reading is a finite number of readable quality, shape (n,).
        good: whether its quality is good, shape (n,).
        until_us: end of the time for which the reading holds [us], shape (n,).
        start_us: start of the first bucket [us].
        width_us: width of a bucket [us].
        counts: shape (rows, buckets, 3), zeros; gets samples, good samples, known time [us].
        moments: shape (rows, buckets, 2); gets the times of the first and last known sample [us].
        numbers: shape (rows, buckets, 5), NaN but the last, which is 0; gets least and greatest known value (held
            ones too), first and last known sample's value, integral of the value over the known time [unit x us].
    """
    buckets = counts.shape[1]
    end_us = start_us + buckets * width_us
    for i in range(len(times_us)):
        r = row[i]
        time = times_us[i]
        value = values[i]
        if start_us <= time < end_us:
            b = (time - start_us) // width_us
            counts[r, b, 0] += 1
            if good[i]:
                counts[r, b, 1] += 1
            if known[i]:
                if np.isnan(numbers[r, b, 2]):
                    moments[r, b, 0] = time
                    numbers[r, b, 2] = value
                moments[r, b, 1] = time
                numbers[r, b, 3] = value
                if not numbers[r, b, 0] <= value:
                    numbers[r, b, 0] = value
                if not numbers[r, b, 1] >= value:
                    numbers[r, b, 1] = value
        if not known[i]:
            continue
        at = max(time, start_us)
        until = min(until_us[i], end_us)
        while at < until:
            b = (at - start_us) // width_us
            piece = min(until, start_us + (b + 1) * width_us)
            counts[r, b, 2] += piece - at
            numbers[r, b, 4] += value * np.float64(piece - at)
            if not numbers[r, b, 0] <= value:
                numbers[r, b, 0] = value
            if not numbers[r, b, 1] >= value:
                numbers[r, b, 1] = value
            at = piece
