"""Decimation for charts: minimum and maximum of each time bucket, so that no spike is lost."""

import numpy as np
from numpy.typing import NDArray

Int64 = NDArray[np.int64]


def min_max(
    times_us: Int64, values: NDArray[np.float64], start_us: int, end_us: int, max_points: int
) -> Int64:
    """Indices of the samples to draw, rising.

    The range is cut into `max_points // 2` equal buckets; of each the first smallest and the first largest value stay. A
    bucket without a finite value keeps its first sample, so that a gap stays a gap.

    Args:
        times_us: sorted, in [start_us, end_us), shape (n,).
        values: NaN for no value, shape (n,).
        start_us: begin of the range.
        end_us: end of the range, later than `start_us`.
        max_points: 2 or more; with n <= max_points all samples stay.
    """
    n = times_us.size
    if n <= max_points:
        return np.arange(n)
    buckets = max_points // 2
    width = -(-(end_us - start_us) // buckets)
    bucket = (times_us - start_us) // width
    first = np.flatnonzero(np.append(True, bucket[1:] != bucket[:-1]))
    order_low = np.lexsort((np.where(np.isnan(values), np.inf, values), bucket))
    order_high = np.lexsort((np.where(np.isnan(values), np.inf, -values), bucket))
    return np.unique(np.concatenate([order_low[first], order_high[first]]))
