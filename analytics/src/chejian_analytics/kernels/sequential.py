"""Sequential tests: values one after the other, in order of time."""

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray


class Cusum(NamedTuple):
    """Cumulated departures at each value, upwards and downwards.

    Args:
        up: shape (n,), >= 0.
        down: shape (n,), >= 0.
        up_since: shape (n,), first value of the excursion upwards that lasts; where there is none, the value itself.
        down_since: shape (n,), the same downwards.
    """

    up: NDArray[np.float64]
    down: NDArray[np.float64]
    up_since: NDArray[np.int64]
    down_since: NDArray[np.int64]


def cusum(values: NDArray[np.float64], slack: float) -> Cusum:
    """Tabular CUSUM (Page 1954, doi:10.1093/biomet/41.1-2.100), both sides.

    Args:
        values: shape (n,), standardised, finite.
        slack: taken off each value; half of the shift that is looked for.

    Returns:
        See `Cusum`.

    Raises:
        ValueError: the shape is not (n,), or the slack is negative.
    """
    if values.ndim != 1:
        raise ValueError(f"values: shape {values.shape} given, (n,) allowed")
    if not slack >= 0.0:
        raise ValueError(f"slack: {slack} given, >= 0 allowed")
    return Cusum(*_cusum(values, slack))


@njit(cache=True, nogil=True)
def _cusum(values, slack):
    n = values.size
    up = np.empty(n)
    down = np.empty(n)
    up_since = np.empty(n, dtype=np.int64)
    down_since = np.empty(n, dtype=np.int64)
    high = 0.0
    low = 0.0
    high_since = 0
    low_since = 0
    for i in range(n):
        if high <= 0.0:
            high_since = i
        if low <= 0.0:
            low_since = i
        high = max(0.0, high + values[i] - slack)
        low = max(0.0, low - values[i] - slack)
        up[i] = high
        down[i] = low
        up_since[i] = high_since
        down_since[i] = low_since
    return up, down, up_since, down_since
