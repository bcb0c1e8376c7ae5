"""From samples of the machine state to contiguous state intervals."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from chejian_contract.states import MachineState
from numpy.typing import ArrayLike, NDArray

from chejian_analytics.kernels.intervals import held_runs

Int64 = NDArray[np.int64]
Int16 = NDArray[np.int16]

NO_DATA_STATE = 0
"""State number of "no data"; deliberately no `MachineState`."""

_TOP_STATE = int(max(MachineState))
_FOREVER_US = 2**62
"""Longer than any difference of two times [us]: 146,000 years."""

_RUNS = 8192
"""Runs that room is made for at first; more are rare, and then there is room for the most that are possible."""


@dataclass(frozen=True, slots=True, eq=False)
class Intervals:
    """Contiguous half-open intervals, no two neighbours of equal state.

    Attributes:
        start_us: int64, rising, microseconds since 1970 UTC.
        end_us: int64; `end_us[i] == start_us[i + 1]`.
        state: int16 `MachineState` numbers, 0 = no data.
    """

    start_us: Int64
    end_us: Int64
    state: Int16

    def __len__(self) -> int:
        return len(self.start_us)


def as_times(times_us: ArrayLike, what: str) -> Int64:
    """Return `times_us` as contiguous int64, not yet checked for order.

    Args:
        times_us: one-dimensional whole numbers, microseconds since 1970 UTC.
        what: name of the series, for the error text.

    Raises:
        ValueError: for another shape or type.
    """
    times = np.asarray(times_us)
    if times.size == 0:
        return np.empty(0, np.int64)
    if times.ndim != 1 or times.dtype.kind not in "iu":
        raise ValueError(
            f"{what}: times must be a 1-d array of whole microseconds, got {times.dtype} {times.shape}"
        )
    return np.ascontiguousarray(times, dtype=np.int64)


def check_sorted(times_us: Int64, what: str) -> None:
    """Check that times do not fall.

    Raises:
        ValueError: names the first time that is before the one ahead of it.
    """
    falls = np.flatnonzero(times_us[1:] < times_us[:-1])
    if falls.size:
        i = int(falls[0]) + 1
        raise ValueError(
            f"{what}: times must be sorted; times[{i}] = {times_us[i]} is before"
            f" times[{i - 1}] = {times_us[i - 1]}"
        )


def _as_states(states: ArrayLike) -> NDArray[Any]:
    """States in one of the three types that the kernel is compiled for: int16, int64, float64."""
    raw = np.ascontiguousarray(states)
    if raw.size == 0:
        return np.empty(0, np.int16)
    if raw.dtype.kind not in "iuf":
        raise ValueError(f"state series: states must be numbers, got {raw.dtype}")
    if raw.dtype == np.int16:
        return raw
    return raw.astype(np.float64 if raw.dtype.kind == "f" else np.int64, copy=False)


def state_intervals(
    times_us: ArrayLike, states: ArrayLike, *, start_us: int, end_us: int, hold_us: int | None
) -> Intervals:
    """Intervals of equal state that cover [start_us, end_us) exactly.

    A value holds from its sample to the next sample of the series, but no longer than `hold_us`; what is left is no
    data (state 0), and so is everything before the first sample. Samples before `start_us` decide the state at
    the start. Of several samples at one time the last one holds.

    Args:
        times_us: sample times, sorted, microseconds since 1970 UTC; shape (n,).
        states: `MachineState` numbers, integers or floats, shape (n,); 0 and NaN are samples of bad quality, and any
            other number that is no state counts as no data too.
        start_us: begin of the range.
        end_us: end of the range, later than `start_us`.
        hold_us: longest time that a value holds [us]; None or <= 0: until the next sample.

    Raises:
        ValueError: for unsorted times, shapes that differ, or an empty range.
    """
    times, values = as_times(times_us, "state series"), _as_states(states)
    if times.shape != values.shape:
        raise ValueError(f"state series: {times.size} times but {values.size} states")
    if end_us <= start_us:
        raise ValueError(f"range [{start_us}, {end_us}) is empty")
    hold = min(hold_us, _FOREVER_US) if hold_us is not None and hold_us > 0 else _FOREVER_US
    most = 2 * times.size + 2  # each sample opens at most its own run and one of no data
    for capacity in (min(_RUNS, most), most):
        starts, runs = np.empty(capacity, np.int64), np.empty(capacity, np.int16)
        count = held_runs(times, values, start_us, end_us, hold, _TOP_STATE, starts, runs)
        if count <= capacity:
            break
    if count < 0:
        check_sorted(times, "state series")
    begin, end = starts[:count].copy(), np.empty(count, np.int64)
    end[:-1], end[-1] = begin[1:], end_us
    return Intervals(begin, end, runs[:count].copy())
