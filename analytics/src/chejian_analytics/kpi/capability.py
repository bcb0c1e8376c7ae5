"""Capability of machines and processes: short- and long-term deviation against the tolerance (ISO 22400-2:2014).

The short-term deviation s is that of one run (Cm, Cmk). The long-term deviation is the mean of the deviations of rational
subgroups over the bias factor c4 (Cp, Cpk). With one tolerance limit only the k-index is defined. Sums run in the order of
measurement in one thread, so equal values give equal bits.
"""

import math

import numpy as np

from chejian_analytics.kpi.records import Characteristic

MIN_VALUES = 2
"""Fewer values have no deviation. Standards ask for about 50 in a run; the number of values is shown beside."""


def short_term(characteristic: Characteristic) -> tuple[float, float] | None:
    """Mean and sample standard deviation of all values; None for fewer than two or no scatter."""
    values = characteristic.readable()
    if values.size < MIN_VALUES:
        return None
    mean, deviation = float(values.mean()), float(values.std(ddof=1))
    return (mean, deviation) if deviation > 0 else None


def long_term(characteristic: Characteristic) -> tuple[float, float] | None:
    """Grand mean and s-bar / c4 of whole subgroups; None without a whole subgroup or scatter."""
    values = characteristic.readable()
    groups = values.size // characteristic.subgroup
    if groups == 0:
        return None
    table = values[: groups * characteristic.subgroup].reshape(groups, characteristic.subgroup)
    deviation = float(table.std(axis=1, ddof=1).mean()) / c4(characteristic.subgroup)
    return (float(table.mean()), deviation) if deviation > 0 else None


def c4(size: int) -> float:
    """Bias factor of the sample standard deviation of normal values, sqrt(2 / (n - 1)) Gamma(n / 2) / Gamma((n - 1) / 2)."""
    return math.sqrt(2 / (size - 1)) * math.exp(math.lgamma(size / 2) - math.lgamma((size - 1) / 2))


def potential(characteristic: Characteristic, spread: tuple[float, float] | None) -> float | None:
    """(USL - LSL) / 6 deviations; None with one limit only."""
    if spread is None or characteristic.lower_limit is None or characteristic.upper_limit is None:
        return None
    return (characteristic.upper_limit - characteristic.lower_limit) / (6 * spread[1])


def critical(characteristic: Characteristic, spread: tuple[float, float] | None) -> float | None:
    """Least distance of the mean to a limit / 3 deviations; negative when the mean lies outside."""
    if spread is None:
        return None
    mean, deviation = spread
    distances = [
        characteristic.upper_limit - mean if characteristic.upper_limit is not None else np.inf,
        mean - characteristic.lower_limit if characteristic.lower_limit is not None else np.inf,
    ]
    return float(min(distances)) / (3 * deviation)
