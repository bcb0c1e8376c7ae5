"""Matrix profile: distance of every subsequence of a series to its nearest other one."""

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

FLAT = 1e-10
"""Standard deviation, relative to the series' own, below which a subsequence has no shape."""


def matrix_profile(values: NDArray[np.float64], length: int) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Z-normalised distance of each subsequence to the nearest one that does not overlap it by more than three quarters.

    By diagonals of the distance matrix with running covariances (SCRIMP, Zhu et al. 2018,
    doi:10.1109/ICDM.2018.00099): n^2 / 2 steps, memory of n.

    Args:
        values: shape (n,), finite.
        length: of a subsequence, 3 <= length <= n / 2.

    Returns:
        Distances [0, 2 sqrt(length)], shape (n - length + 1,), and where the nearest one begins (-1: none). Of two
        subsequences without a shape the distance is 0, of one with and one without sqrt(length).

    Raises:
        ValueError: the length is not allowed, or a value is not finite.
    """
    if values.ndim != 1 or not 3 <= length <= values.size // 2:
        raise ValueError(f"length: {length} given, 3 <= length <= {values.size // 2} allowed")
    if not np.isfinite(values).all():
        raise ValueError("values: NaN or infinity given, finite values allowed")
    deviation = float(values.std())
    standard = np.zeros(values.size) if deviation == 0.0 else (values - values.mean()) / deviation
    distances, nearest = _profile(standard, length)
    return distances, nearest


@njit(cache=True, nogil=True)
def _profile(values, length):
    count = values.size - length + 1
    means = np.empty(count)
    scales = np.empty(count)
    for i in range(count):
        total = 0.0
        for k in range(i, i + length):
            total += values[k]
        means[i] = total / length
        squares = 0.0
        for k in range(i, i + length):
            squares += (values[k] - means[i]) ** 2
        scales[i] = math.sqrt(squares / length)
    best = np.full(count, -np.inf)
    nearest = np.full(count, -1, dtype=np.int64)
    exclusion = (length + 3) // 4
    for lag in range(exclusion + 1, count):
        covariance = 0.0
        for k in range(length):
            covariance += (values[k] - means[0]) * (values[k + lag] - means[lag])
        for i in range(count - lag):
            j = i + lag
            if i > 0:
                # Change of a sum of products about the means when both windows move on by one.
                entering = (values[i + length - 1] - means[i - 1]) * (values[j + length - 1] - means[j])
                leaving = (values[i - 1] - means[i - 1]) * (values[j - 1] - means[j])
                covariance += entering - leaving
            if scales[i] < FLAT or scales[j] < FLAT:
                correlation = 1.0 if scales[i] < FLAT and scales[j] < FLAT else 0.5
            else:
                correlation = covariance / (length * scales[i] * scales[j])
            if correlation > best[i]:
                best[i] = correlation
                nearest[i] = j
            if correlation > best[j]:
                best[j] = correlation
                nearest[j] = i
    distances = np.full(count, np.inf)
    for i in range(count):
        if nearest[i] >= 0:
            distances[i] = math.sqrt(max(0.0, 2.0 * length * (1.0 - best[i])))
    return distances, nearest
