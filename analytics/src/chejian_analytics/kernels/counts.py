"""One pass over a counter's samples that tells whether they need any care at all.

Compiled, because plain numpy needs three passes with temporary arrays (measured: benchmarks/kpi_oee.py).
"""

import numpy as np
from numba import njit
from numpy.typing import NDArray


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
    for i in range(1, len(values)):
        unsorted += times_us[i] < times_us[i - 1]
        falls += values[i] < values[i - 1]
        negative += values[i] < 0
    return unsorted, falls, negative
