"""Change points of a series: exact segmentation offline, run lengths online."""

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray


def pelt(values: NDArray[np.float64], penalty: float, least: int) -> NDArray[np.int64]:
    """Segmentation of least squared error plus penalty, by pruned exact search.

    PELT (Killick, Fearnhead & Eckley 2012, doi:10.1080/01621459.2012.737745), cost of a segment = squared distance from its mean.

    Args:
        values: shape (n,), finite; centre them first, sums of squares of large levels lose digits.
        penalty: for each change, in the unit of values**2, >= 0.
        least: shortest segment, >= 1.

    Returns:
        First index of each segment but the first one, ascending; empty when there is no change.

    Raises:
        ValueError: the shape, the penalty or the length is not allowed.
    """
    if values.ndim != 1:
        raise ValueError(f"values: shape {values.shape} given, (n,) allowed")
    if not penalty >= 0.0 or least < 1:
        raise ValueError(f"penalty, least: {penalty}, {least} given, >= 0 and >= 1 allowed")
    if not np.isfinite(values).all():
        raise ValueError("values: NaN or infinity given, finite values allowed")
    changes: NDArray[np.int64] = _pelt(values, penalty, least)
    return changes


@njit(cache=True, nogil=True)
def _pelt(values, penalty, least):
    n = values.size
    sums = np.zeros(n + 1)
    squares = np.zeros(n + 1)
    for i in range(n):
        sums[i + 1] = sums[i] + values[i]
        squares[i + 1] = squares[i] + values[i] * values[i]
    best = np.full(n + 1, np.inf)
    best[0] = -penalty
    before = np.zeros(n + 1, dtype=np.int64)
    candidates = np.zeros(n + 1, dtype=np.int64)
    expires = np.zeros(n + 1, dtype=np.int64)
    expires[0] = n + 1
    costs = np.zeros(n + 1)
    count = 1
    for end in range(least, n + 1):
        kept = 0
        for j in range(count):
            if expires[j] > end:
                candidates[kept] = candidates[j]
                expires[kept] = expires[j]
                kept += 1
        count = kept
        for j in range(count):
            start = candidates[j]
            total = sums[end] - sums[start]
            costs[j] = best[start] + squares[end] - squares[start] - total * total / (end - start)
            if costs[j] + penalty < best[end]:
                best[end] = costs[j] + penalty
                before[end] = start
        # A start that is worse without the penalty stays worse (section 3 of the paper), but only for ends whose last
        # segment may begin here.
        for j in range(count):
            if costs[j] > best[end]:
                expires[j] = min(expires[j], end + least)
        # The next end may begin its last segment here.
        start = end + 1 - least
        if start >= least:
            candidates[count] = start
            expires[count] = n + 1
            count += 1
    found = np.zeros(n + 1, dtype=np.int64)
    changes = 0
    end = n
    while before[end] > 0:
        end = before[end]
        found[changes] = end
        changes += 1
    return found[:changes][::-1].copy()


@njit(cache=True, nogil=True)
def run_length_step(value, hazard, length, log_weights, means, sums, counts, precisions):
    """One step of the online recursion, in place; returns the new number of run lengths.

    Args:
        value: new value.
        hazard: chance of a change before each value, 0 to 1.
        length: run lengths in use, the first `length` entries.
        log_weights: shape (m + 1,), logarithm of the weight of each run length.
        means: shape (m + 1,), posterior mean per run length; the prior stands at run length 0.
        sums: shape (m + 1,), posterior sum of squares (beta of the normal-gamma).
        counts: shape (m + 1,), alpha.
        precisions: shape (m + 1,), kappa.
    """
    most = log_weights.size - 1
    prior_mean, prior_sum, prior_count, prior_precision = means[0], sums[0], counts[0], precisions[0]
    change = -np.inf
    top = min(length, most)
    for r in range(length - 1, -1, -1):
        alpha, kappa, beta = counts[r], precisions[r], sums[r]
        scale = beta * (kappa + 1.0) / (alpha * kappa)
        gap = value - means[r]
        # Student's t with 2 alpha degrees of freedom.
        likelihood = (
            math.lgamma(alpha + 0.5)
            - math.lgamma(alpha)
            - 0.5 * math.log(2.0 * math.pi * alpha * scale)
            - (alpha + 0.5) * math.log1p(gap * gap / (2.0 * alpha * scale))
        )
        joint = log_weights[r] + likelihood
        change = _log_add(change, joint + math.log(hazard))
        target = r + 1
        if target <= top:
            log_weights[target] = joint + math.log1p(-hazard)
            means[target] = (kappa * means[r] + value) / (kappa + 1.0)
            sums[target] = beta + kappa * gap * gap / (2.0 * (kappa + 1.0))
            counts[target] = alpha + 0.5
            precisions[target] = kappa + 1.0
    log_weights[0] = change
    means[0], sums[0], counts[0], precisions[0] = prior_mean, prior_sum, prior_count, prior_precision
    new = top + 1
    total = -np.inf
    for r in range(new):
        total = _log_add(total, log_weights[r])
    for r in range(new):
        log_weights[r] -= total
    return new


@njit(cache=True, nogil=True)
def _log_add(a, b):
    high = max(a, b)
    if high == -np.inf:
        return high
    return high + math.log(math.exp(a - high) + math.exp(b - high))
