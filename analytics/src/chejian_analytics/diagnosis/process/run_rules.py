"""Rules for points on a control chart: Western Electric 1 to 4 and Nelson 1 to 8.

Each rule alone alarms falsely about once in 370 points or less often; all eight together about once in 90. So Western Electric 1 to 4
is the default. Sources: Western Electric, Statistical Quality Control Handbook, 1956; Nelson 1984 (doi:10.1080/00224065.1984.11978921).
"""

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

_Rule = Callable[[NDArray[np.float64]], NDArray[np.bool_]]
Flags = NDArray[np.bool_]


def _windows(flags: Flags, length: int, least: int) -> Flags:
    """Whether at least `least` of the last `length` hold and the newest one does; shape (n,)."""
    sums = np.concatenate([np.zeros(length, dtype=np.int64), np.cumsum(flags)])
    counts = sums[length:] - sums[:-length]
    return np.asarray((counts >= least) & flags)


def _same_side(z: NDArray[np.float64], length: int, least: int, beyond: float) -> Flags:
    return _windows(z > beyond, length, least) | _windows(z < -beyond, length, least)


def _steady(z: NDArray[np.float64], length: int) -> Flags:
    """`length` points in a row, each above the one before, or each below."""
    steps = np.diff(z, prepend=np.nan)
    return _windows(steps > 0, length - 1, length - 1) | _windows(steps < 0, length - 1, length - 1)


def _alternating(z: NDArray[np.float64], length: int) -> Flags:
    steps = np.sign(np.diff(z, prepend=np.nan))
    turns = np.concatenate([[False], steps[1:] * steps[:-1] < 0]) if z.size else np.zeros(0, dtype=np.bool_)
    return _windows(turns, length - 2, length - 2)


WESTERN_ELECTRIC: Mapping[int, _Rule] = {
    1: lambda z: np.abs(z) > 3.0,  # noqa: PLR2004 - the rule
    2: lambda z: _same_side(z, 3, 2, 2.0),
    3: lambda z: _same_side(z, 5, 4, 1.0),
    4: lambda z: _same_side(z, 8, 8, 0.0),
}
"""Beyond 3; 2 of 3 beyond 2; 4 of 5 beyond 1; 8 on one side."""

NELSON: Mapping[int, _Rule] = {
    1: lambda z: np.abs(z) > 3.0,  # noqa: PLR2004 - the rule
    2: lambda z: _same_side(z, 9, 9, 0.0),
    3: lambda z: _steady(z, 6),
    4: lambda z: _alternating(z, 14),
    5: lambda z: _same_side(z, 3, 2, 2.0),
    6: lambda z: _same_side(z, 5, 4, 1.0),
    7: lambda z: _windows(np.abs(z) < 1.0, 15, 15),
    8: lambda z: _windows(np.abs(z) > 1.0, 8, 8),
}
"""Beyond 3; 9 on one side; 6 rising or falling; 14 alternating; 2 of 3 beyond 2; 4 of 5 beyond 1; 15 within 1; 8 beyond 1."""


def violations(
    standard: NDArray[np.float64], rules: Mapping[int, _Rule] = WESTERN_ELECTRIC
) -> dict[int, tuple[int, ...]]:
    """Points at which a rule is broken.

    Args:
        standard: shape (n,), values in standard errors from the centre.
        rules: the set.

    Returns:
        By rule, the points that complete its pattern; rules that hold everywhere are left out.
    """
    found = {number: tuple(np.flatnonzero(rule(standard)).tolist()) for number, rule in rules.items()}
    return {number: points for number, points in found.items() if points}
