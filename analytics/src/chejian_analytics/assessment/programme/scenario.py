"""What if: paths of energy and value added, of counts, and of sectors with different growth."""

from collections.abc import Sequence
from dataclasses import dataclass

from chejian_analytics.assessment.programme.intensity import (
    annual_rate,
    compound,
    energy_cap,
    intensity_change,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class IntensityScenario:
    """Outcome of a path of energy and value added.

    Attributes:
        yearly: change of intensity each year.
        total: over all years.
        met: whether the target is reached.
        energy: of the last year, in the unit of the base year's.
        cap: most energy that would meet the target with this value added.
        saving: energy above the cap; negative: room left.
        needed_rate: constant yearly change of energy that ends at the cap.
    """

    yearly: tuple[float, ...]
    total: float
    met: bool
    energy: float
    cap: float
    saving: float
    needed_rate: float


def intensity_scenario(
    energy: float, energy_growths: Sequence[float], value_added_growths: Sequence[float], target: float
) -> IntensityScenario:
    """A path of years against an intensity target.

    Args:
        energy: of the base year, > 0.
        energy_growths: of energy, one a year.
        value_added_growths: at comparable prices, one a year, as many.
        target: change of intensity over all years, -0.18 for -18 %, above -1.

    Raises:
        ValueError: names the argument and what is allowed.
    """
    if not energy > 0 or target <= -1:
        raise ValueError(f"energy {energy}, target {target}; allowed: above 0, above -1")
    if not energy_growths or len(energy_growths) != len(value_added_growths):
        raise ValueError(
            f"{len(energy_growths)} growths of energy and {len(value_added_growths)} of value added; "
            "allowed: as many, at least one"
        )
    pairs = zip(energy_growths, value_added_growths, strict=True)
    yearly = tuple(intensity_change(ge, gva) for ge, gva in pairs)
    total = compound(yearly)
    last = energy * (1 + compound(energy_growths))
    cap = energy_cap(energy, value_added_growths, target)
    return IntensityScenario(
        yearly=yearly,
        total=total,
        met=last <= cap,
        energy=last,
        cap=cap,
        saving=last - cap,
        needed_rate=annual_rate(cap / energy - 1, len(yearly)),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class CountScenario:
    """Outcome of a pace of counts.

    Attributes:
        reached: count on the due day, not rounded.
        met: whether the target is reached.
        needed: pace a year that reaches it; 0 where it is reached already.
        years: after which this pace reaches it; None: never.
    """

    reached: float
    met: bool
    needed: float
    years: float | None


def count_scenario(now: float, target: float, years: float, pace: float) -> CountScenario:
    """A pace against a count, such as 100 workshops.

    Args:
        now: count today.
        target: to be reached.
        years: left, > 0.
        pace: additions a year.

    Raises:
        ValueError: no time is left.
    """
    if not years > 0:
        raise ValueError(f"years {years}; allowed: above 0")
    left = max(target - now, 0.0)
    reached = now + pace * years
    after = 0.0 if left == 0 else left / pace if pace > 0 else None
    return CountScenario(reached=reached, met=reached >= target, needed=left / years, years=after)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sector:
    """A sector of a scenario.

    Attributes:
        id: of the sector.
        energy: of the base year, > 0, same unit for all.
        value_added: of the base year, > 0, same unit for all.
        growth: of value added over the whole period at comparable prices.
        saving: change of the sector's own intensity over the whole period, -0.1 for -10 %.
    """

    id: str
    energy: float
    value_added: float
    growth: float
    saving: float


@dataclass(frozen=True, slots=True, kw_only=True)
class SectorScenario:
    """What sectors come to together; (1 + efficiency)(1 + structure) = 1 + total.

    Attributes:
        total: change of intensity of all.
        efficiency: what the sectors' own savings do at their new weights.
        structure: what different growth alone does.
        energy: of all at the end.
        growth: of value added of all.
    """

    total: float
    efficiency: float
    structure: float
    energy: float
    growth: float


def sector_scenario(sectors: Sequence[Sector]) -> SectorScenario:
    """Sectors with own growth and own saving.

    Args:
        sectors: at least one.

    Raises:
        ValueError: names the sector and what is allowed.
    """
    if not sectors:
        raise ValueError("no sectors; allowed: at least one")
    for each in sectors:
        if not (each.energy > 0 and each.value_added > 0 and each.growth > -1 and each.saving > -1):
            raise ValueError(f"{each.id}: energy, value added, growth, saving must be above 0, 0, -1, -1")
    energy = sum(each.energy for each in sectors)
    value_added = sum(each.value_added for each in sectors)
    grown = sum(each.value_added * (1 + each.growth) for each in sectors)
    unsaved = sum(each.energy * (1 + each.growth) for each in sectors)
    saved = sum(each.energy * (1 + each.growth) * (1 + each.saving) for each in sectors)
    structure = (unsaved / grown) / (energy / value_added) - 1
    efficiency = saved / unsaved - 1
    return SectorScenario(
        total=(1 + structure) * (1 + efficiency) - 1,
        efficiency=efficiency,
        structure=structure,
        energy=saved,
        growth=grown / value_added - 1,
    )
