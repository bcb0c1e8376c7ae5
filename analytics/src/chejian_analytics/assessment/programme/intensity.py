"""单位工业增加值能耗: energy per unit of industrial value added at comparable prices, chained year by year.

Value added is chained from the official growth at comparable prices, never divided at current prices across years.
The basis of electricity (equal or equivalent value) is kept with each year, and years of different bases are refused.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise


class Basis(StrEnum):
    """How electricity and other secondary energy is counted."""

    EQUIVALENT = "equivalent"
    """当量值: heat content; usual in enterprise statistics."""
    EQUAL = "equal"
    """等价值: what was used to make it; usual in regional balances."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EnergyYear:
    """One year of one region, industry or workshop.

    Attributes:
        year: calendar year.
        energy: comprehensive energy consumption, any unit that stays the same (tce), > 0.
        growth: of value added over the year before at comparable prices, 0.05 for 5 %; not used in the first year.
        basis: of the energy.
    """

    year: int
    energy: float
    growth: float
    basis: Basis


@dataclass(frozen=True, slots=True, kw_only=True)
class IntensityPath:
    """Chained series; the first year is 1.

    Attributes:
        years: rising without gap, (n).
        basis: of the energy.
        value_added: at the first year's prices, relative to it, (n).
        intensity: energy per value added, relative to the first year, (n).
        yearly: change over the year before, -0.0667 for -6.67 %, (n - 1).
        total: change over the first year.
        mean: constant yearly change that gives the same total.
    """

    years: tuple[int, ...]
    basis: Basis
    value_added: tuple[float, ...]
    intensity: tuple[float, ...]
    yearly: tuple[float, ...]
    total: float
    mean: float


def intensity_change(energy_growth: float, value_added_growth: float) -> float:
    """Change of intensity in one year: (1 + gE) / (1 + gVA) - 1.

    Args:
        energy_growth: of energy, -0.02 for -2 %.
        value_added_growth: at comparable prices, above -1.

    Raises:
        ValueError: value added would vanish.
    """
    if value_added_growth <= -1:
        raise ValueError(f"value_added_growth {value_added_growth}; allowed: above -1")
    return (1 + energy_growth) / (1 + value_added_growth) - 1


def compound(changes: Iterable[float]) -> float:
    """Change over several years: the product of (1 + change), less 1; in the order given."""
    factor = 1.0
    for change in changes:
        factor *= 1 + change
    return factor - 1


def annual_rate(change: float, years: int) -> float:
    """Constant yearly change that compounds to a change over several years.

    Raises:
        ValueError: no years, or a change of -1 or below.
    """
    if years < 1 or change <= -1:
        raise ValueError(f"change {change} over {years} years; allowed: above -1 over 1 year or more")
    return float((1 + change) ** (1 / years)) - 1


def energy_cap(energy: float, growths: Sequence[float], target: float) -> float:
    """Most energy that still meets an intensity target: E0 · Π(1 + g) · (1 + target).

    Args:
        energy: of the base year.
        growths: of value added at comparable prices, one a year.
        target: change of intensity over all years, -0.18 for -18 %.
    """
    return energy * (1 + compound(growths)) * (1 + target)


def intensity(years: Iterable[EnergyYear]) -> IntensityPath:
    """Chain years.

    Args:
        years: in any order, without gap, two or more, all of one basis.

    Raises:
        ValueError: names the year and what is wrong.
    """
    ordered = sorted(years, key=lambda each: each.year)
    _check(ordered)
    value_added, path = [1.0], [1.0]
    yearly = []
    for before, after in pairwise(ordered):
        change = intensity_change(after.energy / before.energy - 1, after.growth)
        yearly.append(change)
        value_added.append(value_added[-1] * (1 + after.growth))
        path.append(path[-1] * (1 + change))
    total = compound(yearly)
    return IntensityPath(
        years=tuple(each.year for each in ordered),
        basis=ordered[0].basis,
        value_added=tuple(value_added),
        intensity=tuple(path),
        yearly=tuple(yearly),
        total=total,
        mean=annual_rate(total, len(yearly)),
    )


def _check(years: Sequence[EnergyYear]) -> None:
    if len(years) < 2:  # noqa: PLR2004 - a change takes two
        raise ValueError(f"{len(years)} years; allowed: two or more")
    for each in years:
        if not each.energy > 0:
            raise ValueError(f"{each.year}: energy {each.energy}; allowed: above 0")
        if each.basis is not years[0].basis:
            raise ValueError(
                f"{each.year}: basis {each.basis}, while {years[0].year} has {years[0].basis}; "
                "a change takes one basis"
            )
    for before, after in pairwise(years):
        if after.year != before.year + 1:
            raise ValueError(f"year {after.year} after {before.year}; allowed: years without gap, each once")
