"""Comprehensive energy consumption and energy per unit of product (GB/T 2589-2020, 7)."""

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction

from chejian_analytics.energy.factors import Carrier, FactorTable, Value


@dataclass(frozen=True, slots=True)
class EnergyTotals:
    """Amount of one carrier over a window.

    Attributes:
        carrier: which.
        amount: whole register units.
        per_unit: register units in one unit of the carrier, e.g. 1000 Wh in a kWh.
    """

    carrier: Carrier
    amount: int
    per_unit: int = 1


@dataclass(frozen=True, slots=True)
class Intensity:
    """Energy, and energy per unit.

    Attributes:
        kgce: comprehensive energy consumption E = sum(E_i * k_i) [kgce].
        units: output in pieces (or another whole unit).
        kgce_per_unit: E / units; None without output.
        per_unit: for each carrier its amount per unit [carrier unit]; None without output.
        value: which electricity value was used.
        sources: of the factors, in order, without repeats.
    """

    kgce: float
    units: int
    kgce_per_unit: float | None
    per_unit: dict[Carrier, float | None]
    value: Value
    sources: tuple[str, ...]


def intensity(
    totals: Iterable[EnergyTotals],
    units: int,
    *,
    factors: FactorTable,
    on: str,
    value: Value = Value.EQUIVALENT,
) -> Intensity:
    """Add up carriers and divide by output; exact up to the one rounding to float at the end.

    Args:
        totals: carriers; a medium that the site makes from energy already counted must be left out (GB/T 2589-2020, 5).
        units: output >= 0.
        factors: dated conversion factors.
        on: ISO date (of the window's start) whose factors apply.
        value: 当量 (heat content) or 等价 (what it took to make it).

    Raises:
        KeyError: a factor is missing; the text names carrier, date and value.
        ValueError: for a negative output.
    """
    if units < 0:
        raise ValueError(f"output of {units} units is negative")
    energy, sources, per_unit = Fraction(0), [], {}
    for total in totals:
        factor = factors.find(total.carrier, on=on, value=value)
        amount = Fraction(total.amount, total.per_unit)
        energy += amount * Fraction(factor.kgce)
        sources.append(factor.source)
        per_unit[total.carrier] = float(amount / units) if units else None
    each = float(energy / units) if units else None
    return Intensity(float(energy), units, each, per_unit, value, tuple(dict.fromkeys(sources)))
