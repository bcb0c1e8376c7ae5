"""Arithmetic of energy figures: exact fractions, one rounding at the end."""

from collections.abc import Iterable, Mapping
from fractions import Fraction
from functools import lru_cache
from typing import Any, Final

from chejian_cloud.db.energy import EnergyValue

_FACTORS: Final = 1024
"""Factors that are remembered as fractions: reading one takes longer than all else of a sum, and a plant has few."""


def coal(row: EnergyValue, amount: int) -> Fraction | None:
    """Standard coal [kgce] of an amount of a row's window, by the factor frozen into the row; None without one."""
    if row.factor is None:
        return None
    return amount * _per_register_unit(row.factor["kgce"], row.factor["per_unit"])


@lru_cache(_FACTORS)
def _per_register_unit(kgce: str, per_unit: int | str) -> Fraction:
    return Fraction(kgce) / int(per_unit)


def total(parts: Iterable[Fraction | None]) -> Fraction | None:
    """Sum; None when a part is not known."""
    known = list(parts)
    return sum((p for p in known if p is not None), Fraction(0)) if None not in known else None


def number(value: Fraction | None) -> float | None:
    """Rounded once."""
    return None if value is None else float(value)


def per(value: Fraction | None, output: int | None) -> float | None:
    """Quotient, rounded once; None without a value or (positive) output."""
    return float(value / output) if value is not None and output is not None and output > 0 else None


def label_sum(rows: Iterable[EnergyValue], by: str) -> dict[str, "ShareSum"]:
    """Shares of several windows of one meter, by label."""
    out: dict[str, ShareSum] = {}
    for row in rows:
        for label, share in row.shares.get(by, {}).items():
            out.setdefault(label, ShareSum()).add(row, share)
    return out


class ShareSum:
    """Energy of one label over windows.

    Attributes:
        amount: register units.
        us: time [us].
        output: good items; None where they are not counted.
        kgce: standard coal; None when a window has no factor.
    """

    def __init__(self) -> None:
        self.amount = 0
        self.us = 0
        self.output: int | None = None
        self.kgce: Fraction | None = Fraction(0)

    def add(self, row: EnergyValue, share: Mapping[str, Any]) -> None:
        """Add the share of one window."""
        self.amount += int(share["amount"])
        self.us += int(share["us"])
        if row.output is not None and "output" in share:
            self.output = (self.output or 0) + int(share["output"])
        self.kgce = total([self.kgce, coal(row, int(share["amount"]))])
