"""State runs in one pass over the samples: order check, hold limit and merging together.

Compiled, because plain numpy needs a pass and a temporary array for each of these (measured: benchmarks/kpi_aggregate.py).
"""

import numpy as np
from numba import njit
from numpy.typing import NDArray

from chejian_analytics.kernels.prefetch import prefetch

_CHUNK = 256
"""Samples looked at together; a multiple of 32, the states in a line of cache."""
_AHEAD = 1024
"""Samples by which memory is asked for ahead of its use."""


@njit(cache=True, nogil=True)
def held_runs(
    times_us: NDArray[np.int64],
    states: NDArray[np.int16] | NDArray[np.int64] | NDArray[np.float64],
    start_us: int,
    end_us: int,
    hold_us: int,
    top: int,
    run_starts: NDArray[np.int64],
    run_states: NDArray[np.int16],
) -> int:
    """Write the runs of equal state within [start_us, end_us) and return how many there are.

    Nearly all samples repeat the state of the one before them. So chunks of samples are first checked as a whole, in loops
    without branches: do the times rise, is no gap longer than the hold, where does the state differ from the sample
    before? Only those samples are then looked at; a chunk with a gap or equal times is walked sample by sample.

    Args:
        times_us: sample times [us], shape (n,).
        states: state numbers, shape (n,); what is no whole number in 1..top counts as 0.
        start_us: begin of the range [us].
        end_us: end of the range [us], > start_us.
        hold_us: longest time that a value holds [us], > 0, at most 2^62.
        top: largest state number.
        run_starts: filled with the start of each run; 2 n + 2 are room for all.
        run_states: filled with the state of each run, as many.

    Returns:
        The number of runs, or one more than there is room for when it does not suffice; when the times are not sorted,
        minus the index of the first that falls.
    """
    count = 0
    last = -1
    n = len(times_us)
    room = len(run_starts)
    if n == 0 or times_us[0] > start_us:
        run_starts[0] = start_us
        run_states[0] = 0
        count = 1
        last = 0
    differs = np.zeros(_CHUNK, np.uint8)
    words = differs.view(np.uint64)
    i = 0
    while i < n:
        if count + 2 * _CHUNK > room and room < 2 * n + 2:
            return room + 1
        m = min(_CHUNK, n - 1 - i)
        for k in range(i + _AHEAD, i + _AHEAD + _CHUNK, 8):
            prefetch(times_us, k)
        for k in range(i + _AHEAD, i + _AHEAD + _CHUNK, 64 // states.itemsize):
            prefetch(states, k)
        sign = -1 if m == 0 or times_us[i + 1] <= start_us else 0
        if sign == 0:
            now = times_us[i : i + m]
            then = times_us[i + 1 : i + 1 + m]
            for k in range(m):
                step = then[k] - now[k]
                sign |= (step - 1) | (hold_us - step)  # negative for 0 >= step and for step > hold
        if sign >= 0:
            here = states[i : i + m]
            there = states[i + 1 : i + 1 + m]
            differs[0] = (
                1  # the open run may be of another state than the sample before: after a gap, or a clipped start
            )
            for k in range(m - 1):
                differs[k + 1] = there[k] != here[k]
            differs[m:] = 0
            for w in range((m + 7) // 8):
                if words[w] == 0:
                    continue
                for k in range(8 * w, 8 * w + 8):
                    if not differs[k] or times_us[i + k] >= end_us:
                        continue
                    raw = states[i + k]
                    state = int(raw) if 1 <= raw <= top and raw == np.floor(raw) else 0
                    if state != last:
                        run_starts[count] = max(times_us[i + k], start_us)
                        run_states[count] = state
                        count += 1
                        last = state
            i += m
            continue
        stop = min(i + _CHUNK, n)
        while i < stop:
            time = times_us[i]
            following = times_us[i + 1] if i + 1 < n else max(end_us, time)
            if following < time:
                return -(i + 1)
            raw = states[i]
            held = following - time <= hold_us
            i += 1
            if held and raw == last:
                continue
            begin = max(time, start_us)
            until = min(following, end_us)
            if until <= begin:
                continue
            state = int(raw) if 1 <= raw <= top and raw == np.floor(raw) else 0
            lapse = until if held else min(until, time + hold_us)
            if lapse > begin and state != last:
                run_starts[count] = begin
                run_states[count] = state
                count += 1
                last = state
            if lapse < until and last != 0:
                run_starts[count] = max(lapse, begin)
                run_states[count] = 0
                count += 1
                last = 0
    return count
