"""Where the level of a series changed: PELT over a stored series, BOCPD value by value.

PELT answers with the segmentation of least squared error under the Bayesian information criterion; BOCPD (Adams & MacKay 2007,
arXiv:0710.3742) keeps the distribution over how long the present regime has lasted, with a normal-gamma prior.
"""

import math
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from chejian_analytics.kernels.change_points import pelt, run_length_step

LEAST_SEGMENT = 2
"""Shortest segment that has a scatter."""


def level_changes(values: NDArray[np.float64]) -> NDArray[np.int64]:
    """Changes of the level of a series (PELT, L2, BIC).

    The penalty is 2 ln(n) times the variance of the whole series: a change costs a place and a level. The variance counts
    the changes in, which is on the safe side: the stronger they are, the less a small one beside them counts.

    Args:
        values: shape (n,); NaN and infinity are taken as the mean.

    Returns:
        First index of each segment but the first one, ascending.

    Raises:
        ValueError: the shape is not (n,).
    """
    finite = np.isfinite(values)
    if int(finite.sum()) < 2 * LEAST_SEGMENT:
        return np.zeros(0, dtype=np.int64)
    deviation = float(values[finite].std())
    if deviation == 0.0:
        return np.zeros(0, dtype=np.int64)
    standard = np.where(finite, (values - values[finite].mean()) / deviation, 0.0)
    return pelt(standard, 2.0 * math.log(values.size), LEAST_SEGMENT)


@dataclass(frozen=True, slots=True)
class RunLengthPrior:
    """What is expected of a regime before anything was seen of it.

    Args:
        hazard: chance of a change before each value; 1 / hazard is the expected length of a regime.
        mean: expected level.
        precision: how many values that expectation is worth, > 0.
        shape: half as many values as the expected variance is worth, > 0.
        rate: shape times the expected variance, > 0.
        longest: run lengths beyond are dropped: they weigh nothing, or the regime is long.
    """

    hazard: float = 1.0 / 250.0
    mean: float = 0.0
    precision: float = 1.0
    shape: float = 1.0
    rate: float = 1.0
    longest: int = 1000

    def __post_init__(self) -> None:
        if not 0.0 < self.hazard < 1.0:
            raise ValueError(f"hazard: {self.hazard} given, 0 < hazard < 1 allowed")
        if min(self.precision, self.shape, self.rate) <= 0.0 or self.longest < 1:
            raise ValueError("precision, shape, rate > 0 and longest >= 1 allowed")


@dataclass(slots=True)
class RunLengths:
    """Distribution over the length of the present regime; `update` it with each value as it comes.

    Args:
        prior: what is expected.
    """

    prior: RunLengthPrior = field(default_factory=RunLengthPrior)
    _used: int = field(init=False, default=1)
    _state: NDArray[np.float64] = field(init=False)

    def __post_init__(self) -> None:
        self._state = np.zeros((5, self.prior.longest + 1))
        self._state[:, 0] = 0.0, self.prior.mean, self.prior.rate, self.prior.shape, self.prior.precision

    def update(self, value: float) -> int:
        """Take one value in.

        Args:
            value: finite; others are passed over.

        Returns:
            Most likely number of values since the last change.
        """
        if math.isfinite(value):
            self._used = run_length_step(value, self.prior.hazard, self._used, *self._state)
        return int(np.argmax(self._state[0, : self._used]))

    @property
    def probabilities(self) -> NDArray[np.float64]:
        """Weight of each run length from 0 on; they add up to 1."""
        return np.asarray(np.exp(self._state[0, : self._used]), dtype=np.float64)


def online_changes(values: NDArray[np.float64], prior: RunLengthPrior | None = None) -> NDArray[np.int64]:
    """Changes as BOCPD sees them at the end of a series: from the last most likely run back to the one before it.

    Args:
        values: shape (n,), standardised to the prior's level and scatter.
        prior: what is expected.

    Returns:
        First index of each regime but the first one, ascending.
    """
    lengths = RunLengths(prior or RunLengthPrior())
    runs = [lengths.update(float(value)) for value in values]
    found = []
    end = len(runs)
    while end > 0:
        start = end - runs[end - 1]
        if start <= 0 or start >= end:
            break
        found.append(start)
        end = start
    return np.array(found[::-1], dtype=np.int64)
