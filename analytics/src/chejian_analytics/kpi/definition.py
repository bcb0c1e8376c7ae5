"""What a KPI is: its words, its clause, what it asks for, and how it is read off a record."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, TypeVar

from chejian_contract.signals import Role

HOUR_US = 3_600_000_000
"""Microseconds of an hour: the scale of KPIs told in hours or per hour."""

Record_contra = TypeVar("Record_contra", contravariant=True)


class Scope(StrEnum):
    """What one value of a KPI is about, and so which record it is read off."""

    WINDOW = "window"
    """Equipment in a window, or any sum of them: `OeeResult`."""
    ORDER = "order"
    """A production order on one or several equipment: `OrderResult`."""
    LINE = "line"
    """A step of a line beside its first step: `StepTerms`."""
    INSPECTION = "inspection"
    """Inspected parts: `InspectionTerms`."""
    CHARACTERISTIC = "characteristic"
    """Measured values of one characteristic: `Characteristic`."""
    ENERGY = "energy"
    """Energy and items of a window: `EnergyTerms`."""


class Trend(StrEnum):
    """Which way is better."""

    UP = "up"
    DOWN = "down"


@dataclass(frozen=True, slots=True, kw_only=True)
class Kpi(Generic[Record_contra]):
    """A key performance indicator: `numerator / denominator / scale`, divided once.

    Attributes:
        id: stable key in the database and the API; the file's name.
        name_zh: 中文名称.
        name_en: English name.
        unit: of the value; "1" is a ratio.
        clause: where the formula is fixed.
        confidence: "A" read in a source text ... "D" disputed; see docs/kpis.md.
        formula: the formula in the standard's symbols.
        formula_version: rises whenever the same inputs would give another number.
        inputs: roles of the signals that it needs.
        needs: what it needs besides signals, in words (order, ideal cycle, inspection ...).
        trend: which way is better.
        lower: least possible value.
        upper: greatest possible value; None: unbounded. A value above is shown as it is and flagged, never clamped.
        scope: which record `numerator` and `denominator` read.
        numerator: whole number below 2^63 in most cases; None where the value is undefined for want of counts.
        denominator: whole number > 0; 0 or None where the value is undefined.
        scale: parts of the numerator's unit in the value's.
        exact: the value itself where the quotient of `numerator` and `denominator` is rounded; None: the quotient.
        stored: whether the worker keeps it for every window; the others follow from the stored terms.
    """

    id: str
    name_zh: str
    name_en: str
    unit: str = "1"
    clause: str
    confidence: str = "A"
    formula: str
    formula_version: str = "1"
    inputs: tuple[Role, ...] = ()
    needs: tuple[str, ...] = ()
    trend: Trend = Trend.UP
    lower: float | None = 0.0
    upper: float | None = 1.0
    scope: Scope = Scope.WINDOW
    numerator: Callable[[Record_contra], int | None]
    denominator: Callable[[Record_contra], int | None]
    scale: int = 1
    exact: Callable[[Record_contra], float | None] | None = None
    stored: bool = False

    def function(self, record: Record_contra) -> float | None:
        """Value of a record; None where it is undefined."""
        return self.numbers(record)[0]

    def numbers(self, record: Record_contra) -> tuple[float | None, int | None, int | None]:
        """Value, numerator and denominator of a record; each None where it is undefined."""
        numerator, denominator = self.numerator(record), self.denominator(record)
        if self.exact is not None:
            return self.exact(record), numerator, denominator
        if numerator is None or not denominator:
            return None, numerator, denominator
        return numerator / (denominator * self.scale), numerator, denominator


@dataclass(frozen=True, slots=True, kw_only=True)
class MissingKpi:
    """A KPI of the standard that cannot be computed here, and what it would need.

    Attributes:
        id: its key.
        name_zh: 中文名称.
        name_en: English name.
        clause: where the formula is fixed.
        confidence: as in `Kpi`.
        formula: in the standard's symbols.
        needs: what is missing.
    """

    id: str
    name_zh: str
    name_en: str
    clause: str
    confidence: str = "A"
    formula: str
    needs: str
