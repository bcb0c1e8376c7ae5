"""One pass over a counter's samples that tells whether they need any care at all.

Compiled, because plain numpy needs a pass with a temporary array for each question (measured: benchmarks/kpi_aggregate.py).
"""

import numpy as np
from numba import njit
from numpy.typing import NDArray

_INT64_SPAN = 2.0**63
"""First float that int64 can't hold."""


@njit(cache=True, nogil=True)
def survey(times_us: NDArray[np.int64], values: NDArray[np.int64]) -> tuple[int, int, int]:
    """Count what is out of the ordinary; branch-free, so that it runs at the speed of memory.

    Args:
        times_us: sample times [us], shape (n,), n >= 1.
        values: readings, shape (n,).

    Returns:
        How many times are before the one ahead of them, how many readings are below the one ahead of them, how many
        readings are negative.
    """
    unsorted = 0
    falls = 0
    negative = 1 if values[0] < 0 else 0
    time, next_time = times_us[:-1], times_us[1:]
    value, next_value = values[:-1], values[1:]
    for i in range(len(time)):
        unsorted += next_time[i] < time[i]
        falls += next_value[i] < value[i]
        negative += next_value[i] < 0
    return unsorted, falls, negative


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
