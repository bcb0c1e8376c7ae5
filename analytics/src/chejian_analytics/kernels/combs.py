"""Comb kernel: the strongest harmonic series in a level array, whatever its fundamental.

Levels are as in `harmonics`: ln(power / background), >= 0, NaN = masked.
"""

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray


def strongest_comb(
    level: NDArray[np.float64],
    *,
    bins_per_order: float,
    ranges: NDArray[np.float64],
    step: float,
    harmonics: int,
    counted: int,
    least_lines: int,
    first_line: float,
    excluded: NDArray[np.float64],
) -> tuple[float, float]:
    """Fundamental whose first harmonics have the highest mean level.

    Args:
        level: shape (n,), >= 0 or NaN = masked.
        bins_per_order: bins per shaft order, > 0.
        ranges: shape (r, 2): from the first fundamental of each, > 0, in steps up to no more than its second [orders].
        step: distance of the fundamentals tried [orders], > 0.
        harmonics: multiples looked at, >= 1; those beyond the array do not count.
        counted: the mean is over the first `counted` of them that are not masked, >= 1.
        least_lines: least divisor of the mean, >= 1.
        first_line: least level of the fundamental itself [nat]. A series without its first line is that of a multiple;
            where the first line is masked, what masked it explains the series.
        excluded: shape (m, 2), closed intervals of fundamentals that are not tried [orders].

    Returns:
        (fundamental [orders], its mean level [nat]); (0, 0) when none could be tried. The first of equals wins.

    Raises:
        ValueError: a shape or a range is wrong.
    """
    pairs = ranges.ndim == excluded.ndim == 2 and ranges.shape[1] == excluded.shape[1] == 2
    if level.ndim != 1 or not pairs:
        raise ValueError(
            f"shapes {level.shape}, {ranges.shape} and {excluded.shape} given, (n,), (r, 2) and (m, 2) allowed"
        )
    if not (bins_per_order > 0 and step > 0 and min(harmonics, counted, least_lines) >= 1):
        raise ValueError(
            f"bins_per_order {bins_per_order}, step {step}, harmonics {harmonics}, "
            f"counted {counted}, least_lines {least_lines} given; > 0, > 0, >= 1, >= 1, >= 1 allowed"
        )
    order, score = _strongest_comb(
        level, bins_per_order, ranges, step, harmonics, counted, least_lines, first_line, excluded
    )
    if order < 0.0:
        raise ValueError(f"ranges: {ranges.tolist()} given, first fundamentals > 0 allowed")
    return float(order), float(score)


@njit(cache=True, nogil=True)
def _strongest_comb(
    level, bins_per_order, ranges, step, harmonics, counted, least_lines, first_line, excluded
):
    best = 0.0
    best_order = 0.0
    for r in range(ranges.shape[0]):
        lowest = ranges[r, 0]
        if not lowest > 0.0:
            return -1.0, 0.0
        count = math.floor((ranges[r, 1] - lowest) / step) + 1
        for i in range(count):
            order = lowest + i * step
            first = int(order * bins_per_order + 0.5)
            # Negated, so that a masked line (NaN) is skipped too.
            if first >= level.size or not level[first] >= first_line:
                continue
            skipped = False
            for j in range(excluded.shape[0]):
                if excluded[j, 0] <= order <= excluded[j, 1]:
                    skipped = True
                    break
            if skipped:
                continue
            total = 0.0
            readable = 0
            for h in range(1, harmonics + 1):
                index = int(h * order * bins_per_order + 0.5)
                if index >= level.size:
                    break
                value = level[index]
                if not math.isnan(value):
                    total += value
                    readable += 1
                    if readable == counted:
                        break
            score = total / max(readable, least_lines)
            if score > best:
                best = score
                best_order = order
    return best_order, best
