"""Ways to make an indicator of an index comparable with its value of the base year.

The regional index publishes class values only; how indicators became class values could not be verified. So a normaliser
is chosen by the user, in the standard's file or at the call, and the choice stays with the result.
"""

import math
from collections.abc import Callable, Mapping
from fractions import Fraction

Normaliser = Callable[[Fraction, Fraction], Fraction]
"""Takes the value and that of the base year, both > 0, larger is better; gives points."""

_MICRO = 1_000_000
"""Points of the logarithm are rounded to millionths, so that they are the same number everywhere."""


def ratio(value: Fraction, base: Fraction) -> Fraction:
    """100 points at the base year's value, proportional to the value."""
    return 100 * value / base


def logarithmic(value: Fraction, base: Fraction) -> Fraction:
    """50·log2(1 + value / base): 50 points at the base year's value (from memory, disputed)."""
    return Fraction(round(50 * math.log2(1 + value / base) * _MICRO), _MICRO)


def points(value: Fraction, base: Fraction) -> Fraction:
    """The value itself: an indicator that is in points already."""
    del base
    return value


NORMALISERS: Mapping[str, Normaliser] = {"ratio": ratio, "logarithmic": logarithmic, "points": points}
"""Those that a file can name; another one is given at the call."""
