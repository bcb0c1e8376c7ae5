"""One pass over a counter's samples that tells whether they need any care at all.

Compiled, because plain numpy needs a pass with a temporary array for each question (measured: benchmarks/kpi_aggregate.py).
"""

import numpy as np
from numba import njit
from numpy.typing import NDArray

from chejian_analytics.kernels.prefetch import prefetch

_INT64_SPAN = 2.0**63
"""First float that int64 can't hold."""

_CHUNK = 256
"""Samples looked at together; only a chunk with something in it that needs care is walked again."""
_AHEAD = 1024
"""Samples by which memory is asked for ahead of its use."""


@njit(cache=True, nogil=True)
def survey(
    times_us: NDArray[np.int64], values: NDArray[np.int64], falls: NDArray[np.int64]
) -> tuple[int, int, int]:
    """Count what is out of the ordinary; branch-free within chunks, so that it runs at the speed of memory.

    Args:
        times_us: sample times [us], shape (n,); or empty, then the times are not looked at.
        values: readings, shape (n,).
        falls: filled with the index of each reading below the one ahead of it, as far as there is room.

    Returns:
        How many times are before the one ahead of them, how many readings are below the one ahead of them, how many
        readings are negative.
    """
    unsorted = 0
    count = 0
    n = len(values)
    negative = 1 if n > 0 and values[0] < 0 else 0
    timed = len(times_us) == n
    start = 0
    while start < n - 1:
        m = min(_CHUNK, n - 1 - start)
        for k in range(start + _AHEAD, start + _AHEAD + _CHUNK, 8):
            prefetch(values, k)
        value = values[start : start + m]
        next_value = values[start + 1 : start + 1 + m]
        sign = 0
        for i in range(m):
            sign |= (next_value[i] - value[i]) | next_value[i]
        if timed:
            for k in range(start + _AHEAD, start + _AHEAD + _CHUNK, 8):
                prefetch(times_us, k)
            time = times_us[start : start + m]
            next_time = times_us[start + 1 : start + 1 + m]
            falling = 0
            for i in range(m):
                falling |= next_time[i] - time[i]
            if falling < 0:
                for i in range(m):
                    unsorted += next_time[i] < time[i]
        if sign < 0:
            for i in range(m):
                negative += next_value[i] < 0
                if next_value[i] < value[i]:
                    if count < len(falls):
                        falls[count] = start + i + 1
                    count += 1
        start += m
    return unsorted, count, negative


@njit(cache=True, nogil=True)
def whole_numbers(values: NDArray[np.float64], out: NDArray[np.int64]) -> int:
    """Write readings as whole numbers and return how many are none.

    Args:
        values: readings, shape (n,).
        out: filled with the readings; 0 for NaN, fractions and what int64 can't hold. Shape (n,).
    """
    wrong = 0
    for i in range(len(values)):
        value = values[i]
        good = value == np.floor(value) and -_INT64_SPAN < value < _INT64_SPAN
        wrong += not good
        out[i] = np.int64(value) if good else 0
    return wrong
