"""A measured figure: a quotient of whole numbers with its window, its completeness and where it came from."""

from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import ArrayLike, NDArray


@dataclass(frozen=True, slots=True)
class Window:
    """A span of time, the end left out.

    Attributes:
        start_us: microseconds since 1970 UTC.
        end_us: same; above `start_us`.
    """

    start_us: int
    end_us: int

    def __post_init__(self) -> None:
        """Refuse an empty span."""
        if not self.start_us < self.end_us:
            raise ValueError(f"window: end {self.end_us} must be above start {self.start_us}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Indicator:
    """A figure computed from registry and stream.

    Attributes:
        id: one of `INDICATORS`, or of a KPI's trend.
        window: in which the stream was looked at.
        numerator: whole number.
        denominator: whole number >= 0; 0: the figure is undefined.
        known: how much of what the figure needs is there, in the unit of `expected`.
        expected: how much there would be; 0: nothing was expected.
        unit: of what numerator and denominator count.
    """

    id: str
    window: Window
    numerator: int
    denominator: int
    known: int
    expected: int
    unit: str

    @property
    def value(self) -> Fraction | None:
        """The figure; None where it is undefined or nothing is known."""
        return Fraction(self.numerator, self.denominator) if self.denominator > 0 and self.known > 0 else None

    @property
    def completeness(self) -> Fraction:
        """Known / expected, 0 to 1; 0 where nothing was expected."""
        return Fraction(self.known, self.expected) if self.expected > 0 else Fraction(0)


Flags = NDArray[np.int8]
"""Facts of the registry, (n): 1 yes, 0 no, -1 not known."""
Counts = NDArray[np.int64]
"""Whole numbers >= 0, (n)."""


def flags(values: ArrayLike) -> Flags:
    """Facts as int8.

    Raises:
        ValueError: other values than 1, 0 and -1, or not one-dimensional.
    """
    found = np.asarray(values)
    if found.ndim != 1 or not np.isin(found, (-1, 0, 1)).all():
        raise ValueError("facts are one-dimensional and 1 (yes), 0 (no) or -1 (not known)")
    return found.astype(np.int8)


def counts(values: ArrayLike) -> Counts:
    """Counts as int64.

    Raises:
        ValueError: below 0, no whole numbers, or not one-dimensional.
    """
    found = np.asarray(values)
    whole = np.issubdtype(found.dtype, np.integer) or found.size == 0
    if found.ndim != 1 or not whole or (found < 0).any():
        raise ValueError("counts are one-dimensional whole numbers, not below 0")
    return found.astype(np.int64)
