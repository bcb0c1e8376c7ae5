"""What a commit tells beside its rows: the time ranges that they touch."""

import numpy as np
from numba import njit
from numpy import int64
from numpy.typing import NDArray

HOUR_US = 3_600_000_000


@njit(nogil=True, cache=True)
def runs(device, time_us):
    """Consecutive rows of one device and hour: arrays (device, hour start, lowest time, highest time) [us]."""
    out = np.empty((4, len(device)), np.int64)
    count = 0
    for i in range(len(device)):
        hour = time_us[i] // HOUR_US * HOUR_US
        if count and out[0, count - 1] == device[i] and out[1, count - 1] == hour:
            out[2, count - 1] = min(out[2, count - 1], time_us[i])
            out[3, count - 1] = max(out[3, count - 1], time_us[i])
        else:
            out[0, count] = int64(device[i])
            out[1, count] = hour
            out[2, count] = time_us[i]
            out[3, count] = time_us[i]
            count += 1
    return out[:, :count]


def touched(device: NDArray[np.int32], time_us: NDArray[np.int64]) -> NDArray[np.int64]:
    """Each touched (device, hour) once, sorted: rows (device, hour start, lowest, highest time) [us]."""
    parts = runs(device, time_us)
    if parts.shape[1] == 0:
        return np.empty((4, 0), np.int64)
    order = np.lexsort((parts[1], parts[0]))
    parts = parts[:, order]
    first = np.ones(parts.shape[1], np.bool_)
    first[1:] = (parts[0, 1:] != parts[0, :-1]) | (parts[1, 1:] != parts[1, :-1])
    at = np.flatnonzero(first)
    return np.stack(
        (parts[0, at], parts[1, at], np.minimum.reduceat(parts[2], at), np.maximum.reduceat(parts[3], at))
    )
