"""OEE and energy over months: a baseline, the recent window, the change between them and whether months really moved."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

from chejian_analytics.assessment.indicators import Indicator, Window

_SIGNIFICANT = 0.05
"""Probability below which a run of months counts as a trend; convention."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Month:
    """Sums of one month; quotients are made of sums, never of quotients.

    Attributes:
        window: of the month.
        numerator: e.g. OEE's numerator, or energy in the meter's unit.
        denominator: e.g. planned busy time in microseconds, or items.
        covered_us: microseconds with data.
        due_us: microseconds for which data was due.
    """

    window: Window
    numerator: int
    denominator: int
    covered_us: int
    due_us: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Trend:
    """How a quotient moved.

    Attributes:
        baseline: over the first months.
        recent: over the last months.
        difference: recent - baseline; None where one of them is undefined.
        relative: difference / baseline; None where that is undefined.
        rising: pairs of months of which the later one is higher.
        falling: pairs of months of which the later one is lower.
        probability: that months without trend show as clear a one (Mann-Kendall, normal approximation with ties), 0 to 1.
    """

    baseline: Indicator
    recent: Indicator
    difference: Fraction | None
    relative: Fraction | None
    rising: int
    falling: int
    probability: float

    @property
    def direction(self) -> int:
        """1 where the months rise, -1 where they fall, 0 where neither can be told from chance."""
        if self.probability >= _SIGNIFICANT:
            return 0
        return 1 if self.rising > self.falling else -1


def trend(name: str, unit: str, months: Sequence[Month], *, baseline: int, recent: int) -> Trend:
    """Trend of a quotient over months.

    Args:
        name: id of the indicators, such as "oee".
        unit: of numerator and denominator.
        months: without overlap, in any order; those without a denominator only lower the completeness.
        baseline: number of first months that make the baseline, from 1.
        recent: number of last months, from 1; with the baseline at most all.

    Raises:
        ValueError: months overlap, or there are too few.
    """
    ordered = sorted(months, key=lambda month: month.window.start_us)
    for before, after in pairwise(ordered):
        if before.window.end_us > after.window.start_us:
            raise ValueError(f"months overlap at {after.window.start_us}")
    if baseline < 1 or recent < 1 or baseline + recent > len(ordered):
        raise ValueError(
            f"{len(ordered)} months are too few for a baseline of {baseline} and a recent window of {recent}"
        )
    first, last = _sum(name, unit, ordered[:baseline]), _sum(name, unit, ordered[-recent:])
    base, now = first.value, last.value
    difference = None if base is None or now is None else now - base
    values = [Fraction(m.numerator, m.denominator) for m in ordered if m.denominator > 0]
    rising, falling, probability = mann_kendall(values)
    return Trend(
        baseline=first,
        recent=last,
        difference=difference,
        relative=None if difference is None or not base else difference / base,
        rising=rising,
        falling=falling,
        probability=probability,
    )


def _sum(name: str, unit: str, months: Sequence[Month]) -> Indicator:
    return Indicator(
        id=name,
        window=Window(months[0].window.start_us, months[-1].window.end_us),
        numerator=sum(month.numerator for month in months),
        denominator=sum(month.denominator for month in months),
        known=sum(month.covered_us for month in months),
        expected=sum(month.due_us for month in months),
        unit=unit,
    )


def mann_kendall(values: Sequence[Fraction]) -> tuple[int, int, float]:
    """Pairs that rise, pairs that fall, and the two-sided probability of such a difference by chance.

    Args:
        values: in the order of time.

    Returns:
        With fewer than two values, or all equal, the probability is 1. Ties and continuity are corrected for
        (Kendall, Rank Correlation Methods, 1975).
    """
    rising = falling = 0
    for i, earlier in enumerate(values):
        for later in values[i + 1 :]:
            rising += later > earlier
            falling += later < earlier
    n = len(values)
    ties = [list(values).count(each) for each in set(values)]
    variance = (n * (n - 1) * (2 * n + 5) - sum(t * (t - 1) * (2 * t + 5) for t in ties)) / 18
    score = rising - falling
    if variance <= 0 or score == 0:
        return rising, falling, 1.0
    return rising, falling, math.erfc((abs(score) - 1) / math.sqrt(2 * variance))
