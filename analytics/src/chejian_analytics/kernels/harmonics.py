"""Harmonic kernels: score many candidate fundamentals against one line-level array.

A *level* is the natural logarithm of a spectrum's power over its background, never below 0; NaN marks a bin that
must not be counted (masked). Positions are given in bins per shaft order, so the same kernels serve every window.
"""

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

FULL_LEAD = math.log(4.0)
"""Lead over its rivals [nat] from which a line counts fully: power of a carrier over a 100 % modulation's sideband."""


def harmonic_sums(
    level: NDArray[np.float64],
    fundamental_bins: NDArray[np.float64],
    weights: NDArray[np.float64],
    cap: float,
) -> NDArray[np.float64]:
    """Weighted sum of the level at the first harmonics of each candidate.

    Between bins a parabola through the nearest three is read: the logarithm of a Hann window's main lobe is close to
    one, so that the sum peaks at the line itself and not at the nearest bin.

    Args:
        level: shape (n,), >= 0; NaN counts as 0.
        fundamental_bins: shape (m,), candidate fundamentals in bins, > 0.
        weights: shape (H,), of the multiples 1 .. H. Multiples beyond the last bin but one add 0.
        cap: most that one line may be worth before its weight, > 0.

    Returns:
        Shape (m,).

    Raises:
        ValueError: a shape or a range is wrong.
    """
    if level.ndim != 1 or fundamental_bins.ndim != 1 or weights.ndim != 1:
        raise ValueError(
            f"shapes {level.shape}, {fundamental_bins.shape}, {weights.shape} given, (n,), (m,), (H,) allowed"
        )
    found = _harmonic_sums(level, fundamental_bins, weights, cap)
    if not cap > 0.0 or found.size != fundamental_bins.size:
        raise ValueError(f"cap: {cap} given, > 0 allowed; fundamental_bins: every candidate must be > 0")
    return np.asarray(found)


def refined_fundamental(
    level: NDArray[np.float64], fundamental: float, harmonics: int, least_level: float, reach: float
) -> tuple[float, float]:
    """Fundamental from the peaks of its harmonics.

    Args:
        level: shape (n,), from a Hann window, >= 0.
        fundamental: where it is about [bins], > 0.
        harmonics: multiples looked at, >= 1.
        least_level: peaks below this are not counted [nat].
        reach: peaks further from their multiple are another's, relative.

    Returns:
        (fundamental [bins], weight): mean over the peaks, each weighing its level times its multiple squared, as the
        h-th multiple tells h times as much. (`fundamental`, 0) without any.

    Raises:
        ValueError: the shape or a range is wrong.
    """
    if level.ndim != 1 or not (fundamental > 0.0 and harmonics >= 1 and reach >= 0.0):
        raise ValueError(
            f"level: shape {level.shape}, fundamental {fundamental}, harmonics {harmonics}, reach {reach} given; "
            "(n,), > 0, >= 1, >= 0 allowed"
        )
    total, weight = _refined_fundamental(level, fundamental, harmonics, least_level, reach)
    return (total / weight, weight) if weight > 0.0 else (fundamental, 0.0)


def comb_bins(count: int, spacing: float, half_width: float) -> NDArray[np.bool_]:
    """Which bins lie within a comb's teeth.

    Args:
        count: number of bins, >= 0.
        spacing: distance of the teeth [bins], > 0; the first tooth stands at `spacing`.
        half_width: half-width of a tooth [bins], >= 0, edges included.

    Returns:
        Shape (count,).

    Raises:
        ValueError: an argument is out of range.
    """
    if not (count >= 0 and spacing > 0 and half_width >= 0):
        raise ValueError(
            f"count {count}, spacing {spacing}, half_width {half_width} given; >= 0, > 0, >= 0 allowed"
        )
    return np.asarray(_comb_bins(count, spacing, half_width))


def best_fits(
    level: NDArray[np.float64],
    families: NDArray[np.float64],
    *,
    bins_per_order: float,
    near_integer: float,
    resolved_bins: float,
    least_lines: int,
) -> NDArray[np.float64]:
    """For each family the joint slip offset at which its harmonics stand out most, held against shaft rivals.

    For offset d the fundamental is ``f = order * (1 + d)``. The value of harmonic h is the level at ``h f``, or the
    weaker of its two sidebands ``h f -+ modulation`` where that is higher (or where ``h f`` is masked). The score is
    the mean of the first `counted` values that could be read, over at least `least_lines` of them.

    A fundamental within `near_integer` of a whole shaft order n may be mistaken for a sideband of shaft harmonics,
    ``m + c`` with one constant c for all m, as 2-pole motors, rubs and beats make them. A bearing line drifts away
    from its integer, ``h (f - n)``; a sideband does not. So for these families each line is held against its best rival:
    the lines at ``h n + j (f - n)``, j < h, where at least `resolved_bins` away, and, unless the family itself is
    modulated by the shaft, the weaker of the two neighbours ``h f -+ 1``. A line that is merely modulated by the shaft
    keeps four times the power of its sidebands (amplitude modulation by at most 100 %), so a lead of ln 4 keeps the
    value, no lead makes it 0, and in between it is scaled.

    Args:
        level: shape (n,), >= 0 or NaN = masked. Positions beyond the array count as masked.
        families: shape (m, 5), a row each: nominal fault order, > 0; sideband spacing in orders, 0 = none; number of harmonics
            that are read, >= 1; how many of them, the first that could be read, make the score, >= 1; largest offset,
            relative, 0 <= offset < 1.
        bins_per_order: bins per shaft order, > 0.
        near_integer: half-width in orders of the zone around whole orders where rivals count.
        resolved_bins: least distance in bins of a rival that can be told from the line.
        least_lines: least divisor of the mean, >= 1.

    Returns:
        Shape (m, 3 + H), H the most harmonics of any family: the best offset, its score, the best score of any offset
        before rivals, and the values at the best offset, NaN = could not be read. Offsets are tried from zero outwards,
        the last harmonic half a bin apart, below zero after above; the first of equals wins.

    Raises:
        ValueError: a shape or a range is wrong.
    """
    if level.ndim != 1 or families.ndim != 2 or families.shape[1] != 5:
        raise ValueError(f"shapes {level.shape} and {families.shape} given, (n,) and (m, 5) allowed")
    if not (bins_per_order > 0 and least_lines >= 1):
        raise ValueError(
            f"bins_per_order {bins_per_order}, least_lines {least_lines} given; > 0, >= 1 allowed"
        )
    found = _best_fits(level, families, bins_per_order, near_integer, resolved_bins, least_lines)
    if found.shape[0] != families.shape[0]:
        raise ValueError(
            f"families: {families.tolist()} given; order > 0, modulation >= 0, harmonics >= 1, counted >= 1, "
            "0 <= largest offset < 1 allowed"
        )
    return np.asarray(found)


def best_candidate(
    evidence: NDArray[np.float64], places: NDArray[np.float64], reach: float
) -> tuple[int, float]:
    """The candidate with most evidence, and its lead over the best one further away.

    Args:
        evidence: shape (n,), n >= 1.
        places: shape (n,), where each candidate stands.
        reach: candidates no further from the winner than this are the same peak.

    Returns:
        (index, lead); the first of equals wins, the lead is infinite where no candidate stands further away.

    Raises:
        ValueError: the shapes differ, are not (n,), or n is 0.
    """
    if evidence.ndim != 1 or evidence.shape != places.shape or evidence.size == 0:
        raise ValueError(f"shapes {evidence.shape} and {places.shape} given, (n,) twice with n >= 1 allowed")
    index, lead = _best_candidate(evidence, places, reach)
    return int(index), float(lead)


@njit(cache=True, nogil=True)
def _finite(value):
    return 0.0 if math.isnan(value) else value


@njit(cache=True, nogil=True)
def _harmonic_sums(level, fundamental_bins, weights, cap):
    """Empty where a candidate is not above 0."""
    out = np.zeros(fundamental_bins.size)
    for i in range(fundamental_bins.size):
        if not fundamental_bins[i] > 0.0:
            return np.empty(0)
        total = 0.0
        for h in range(weights.size):
            position = (h + 1) * fundamental_bins[i]
            middle = int(position + 0.5)
            if middle < 1:
                continue
            if middle + 1 >= level.size:
                break
            off = position - middle
            left = _finite(level[middle - 1])
            centre = _finite(level[middle])
            right = _finite(level[middle + 1])
            value = centre + 0.5 * off * (right - left) + 0.5 * off * off * (left - 2.0 * centre + right)
            total += weights[h] * min(max(value, 0.0), cap)
        out[i] = total
    return out


@njit(cache=True, nogil=True)
def _refined_fundamental(level, fundamental, harmonics, least_level, reach):
    total = 0.0
    weights = 0.0
    for h in range(1, harmonics + 1):
        middle = int(h * fundamental + 0.5)
        if middle < 2 or middle + 2 >= level.size:
            continue
        if level[middle - 1] > level[middle]:
            middle -= 1
        elif level[middle + 1] > level[middle]:
            middle += 1
        left = level[middle - 1]
        centre = level[middle]
        right = level[middle + 1]
        bend = left - 2.0 * centre + right
        if centre < least_level or left > centre or right > centre or bend >= 0.0:
            continue
        found = (middle + 0.5 * (left - right) / bend) / h
        if abs(found / fundamental - 1.0) <= reach:
            weight = centre * h * h
            total += weight * found
            weights += weight
    return total, weights


@njit(cache=True, nogil=True)
def _comb_bins(count, spacing, half_width):
    out = np.zeros(count, dtype=np.bool_)
    tooth = 1
    while tooth * spacing - half_width <= count - 1:
        first = max(math.ceil(tooth * spacing - half_width), 0)
        last = min(math.floor(tooth * spacing + half_width), count - 1)
        for i in range(first, last + 1):
            out[i] = True
        tooth += 1
    return out


@njit(cache=True, nogil=True)
def _at(level, position):
    index = math.floor(position + 0.5)
    if index < 0 or index >= level.size:
        return np.nan
    return level[index]


@njit(cache=True, nogil=True)
def _own(level, per_order, line, modulation):
    main = _at(level, line * per_order)
    if modulation == 0.0:
        return main
    below = _at(level, (line - modulation) * per_order)
    above = _at(level, (line + modulation) * per_order)
    if math.isnan(below) or math.isnan(above):
        return main
    side = min(below, above)
    if math.isnan(main) or side > main:
        return side
    return main


@njit(cache=True, nogil=True)
def _rival(level, per_order, fundamental, h, shaft_modulated, resolved_bins):
    integer = math.floor(fundamental + 0.5)
    drift = fundamental - integer
    best = 0.0
    for j in range(1, h):
        if (h - j) * abs(drift) * per_order >= resolved_bins:
            value = _at(level, (h * integer + j * drift) * per_order)
            best = max(best, value)
    if not shaft_modulated:
        below = _at(level, (h * fundamental - 1.0) * per_order)
        above = _at(level, (h * fundamental + 1.0) * per_order)
        weaker = min(below, above)
        if not math.isnan(below) and not math.isnan(above) and weaker > best:
            best = weaker
    return best


@njit(cache=True, nogil=True)
def _best_candidate(evidence, places, reach):
    best = 0
    for i in range(1, evidence.size):
        if evidence[i] > evidence[best]:
            best = i
    rival = -np.inf
    for i in range(evidence.size):
        if abs(places[i] - places[best]) > reach:
            rival = max(rival, evidence[i])
    return best, evidence[best] - rival


@njit(cache=True, nogil=True)
def _possible(family):
    order, modulation, harmonics, counted, slip = family[0], family[1], family[2], family[3], family[4]
    return order > 0.0 and modulation >= 0.0 and harmonics >= 1.0 and counted >= 1.0 and 0.0 <= slip < 1.0


@njit(cache=True, nogil=True)
def _best_fits(level, families, per_order, near_integer, resolved_bins, least_lines):
    """Of shape (0, 3) where a family is out of range."""
    width = 0
    for f in range(families.shape[0]):
        if not _possible(families[f]):
            return np.empty((0, 3))
        width = max(width, int(families[f, 2]))
    out = np.full((families.shape[0], 3 + width), np.nan)
    values = np.empty(width)
    for f in range(families.shape[0]):
        order = families[f, 0]
        modulation = families[f, 1]
        harmonics = int(families[f, 2])
        counted = int(families[f, 3])
        slip = families[f, 4]
        near = abs(order - math.floor(order + 0.5)) <= near_integer and order > 0.5
        steps = max(math.ceil(2.0 * order * harmonics * per_order * slip), 1)
        best = -1.0
        best_own = 0.0
        for i in range(2 * steps + 1):
            offset = (i + 1) // 2 / steps * slip
            if i > 0 and i % 2 == 0:
                offset = -offset
            fundamental = order * (1.0 + offset)
            total = 0.0
            total_own = 0.0
            readable = 0
            for h in range(1, harmonics + 1):
                value = _own(level, per_order, h * fundamental, modulation)
                own = value
                if near and not math.isnan(value):
                    lead = value - _rival(level, per_order, fundamental, h, modulation == 1.0, resolved_bins)
                    value *= min(max(lead / FULL_LEAD, 0.0), 1.0)
                if not math.isnan(value) and readable < counted:
                    readable += 1
                    total_own += own
                    total += value
                values[h - 1] = value
            divisor = max(readable, least_lines)
            best_own = max(best_own, total_own / divisor)
            if total / divisor > best:
                best = total / divisor
                out[f, 0] = offset
                # Element by element: a slice assignment takes longer to compile than all the rest.
                for h in range(harmonics):
                    out[f, 3 + h] = values[h]
        out[f, 1] = best
        out[f, 2] = best_own
    return out
