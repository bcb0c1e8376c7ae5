"""Conversion factors to standard coal as dated data with source and confidence (GB/T 2589-2020, Annexes A and B)."""

import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from pathlib import Path
from typing import TypeVar

E = TypeVar("E", bound=StrEnum)

_DATA = Path(__file__).with_name("factors.toml")
_KEYS = {"carrier", "unit", "value", "kgce", "valid_from", "valid_to", "source", "confidence", "note"}
_OPTIONAL = {"valid_to", "note"}
_CONFIDENCE = ("A", "B", "C")


class Carrier(StrEnum):
    """Energy carriers and energy-consuming media (能源 / 耗能工质)."""

    ELECTRICITY = "electricity"
    HEAT = "heat"
    STEAM = "steam"
    NATURAL_GAS = "natural_gas"
    FRESH_WATER = "fresh_water"
    SOFTENED_WATER = "softened_water"
    COMPRESSED_AIR = "compressed_air"
    NITROGEN = "nitrogen"
    OXYGEN = "oxygen"
    RAW_COAL = "raw_coal"
    DIESEL = "diesel"
    LPG = "lpg"


class Value(StrEnum):
    """当量值 counts the heat content, 等价值 what was used to make it; they differ for secondary energy only."""

    EQUIVALENT = "equivalent"
    EQUAL = "equal"


@dataclass(frozen=True, slots=True)
class Factor:
    """One factor.

    Attributes:
        carrier: of what.
        unit: one of this gives `kgce`.
        value: equivalent or equal; factors of primary energy are entered as both.
        kgce: kilograms of standard coal (29,307.6 kJ each) for one unit, as tabulated.
        valid_from: first day.
        valid_to: first day on which it no longer holds; None: still in force.
        source: document and annex.
        confidence: A seen in two sources, B in one or recomputed, C to be verified.
        note: for people.
    """

    carrier: Carrier
    unit: str
    value: Value
    kgce: Decimal
    valid_from: date
    valid_to: date | None
    source: str
    confidence: str
    note: str = ""

    def holds(self, day: date) -> bool:
        """Whether it is in force on a day."""
        return self.valid_from <= day and (self.valid_to is None or day < self.valid_to)


class FactorTable:
    """Factors, one at most for each carrier, value and day.

    Args:
        factors: in any order.

    Raises:
        ValueError: two of them hold on the same day.
    """

    def __init__(self, factors: Iterable[Factor]) -> None:
        self.factors = sorted(factors, key=lambda f: (f.carrier, f.value, f.valid_from))
        for a, b in zip(self.factors, self.factors[1:], strict=False):
            same = (a.carrier, a.value) == (b.carrier, b.value)
            if same and (a.valid_to is None or b.valid_from < a.valid_to):
                raise ValueError(f"{a.carrier} ({a.value}): two factors hold on {b.valid_from}")

    def find(self, carrier: Carrier, *, on: str | date, value: Value = Value.EQUIVALENT) -> Factor:
        """The factor in force.

        Raises:
            KeyError: there is none; the text names carrier, value and day.
        """
        day = on if isinstance(on, date) else date.fromisoformat(on)
        for factor in self.factors:
            if (factor.carrier, factor.value) == (carrier, value) and factor.holds(day):
                return factor
        raise KeyError(f"no {value} factor for {carrier} on {day}: give one with its source")


def load_factors(path: Path = _DATA) -> FactorTable:
    """Read factors from a TOML file of `[[factor]]` tables.

    Raises:
        ValueError: names file, entry, key, value and what is allowed.
    """
    entries = tomllib.loads(path.read_text("utf-8"), parse_float=Decimal).get("factor", [])
    table = [factor for i, entry in enumerate(entries) for factor in _factors(path, i, entry)]
    return FactorTable(table)


def _factors(path: Path, index: int, entry: dict[str, object]) -> list[Factor]:
    where = f"{path.name}: factor[{index}]"
    if wrong := sorted((set(entry) - _KEYS) | (_KEYS - _OPTIONAL - set(entry))):
        raise ValueError(f"{where}: unknown or missing keys {wrong}; allowed are {sorted(_KEYS)}")
    values = tuple(Value) if entry["value"] == "both" else (_one(Value, where, "value", entry["value"]),)
    return [
        Factor(
            carrier=_one(Carrier, where, "carrier", entry["carrier"]),
            unit=str(entry["unit"]),
            value=value,
            kgce=_positive(where, entry["kgce"]),
            valid_from=_day(where, "valid_from", entry["valid_from"]),
            valid_to=_day(where, "valid_to", entry["valid_to"]) if "valid_to" in entry else None,
            source=str(entry["source"]),
            confidence=_confidence(where, entry["confidence"]),
            note=str(entry.get("note", "")),
        )
        for value in values
    ]


def _one(kind: type[E], where: str, key: str, value: object) -> E:
    try:
        return kind(str(value))
    except ValueError as error:
        raise ValueError(f"{where}: {key} {value!r}; allowed: {', '.join(kind)}") from error


def _positive(where: str, value: object) -> Decimal:
    try:
        number = Decimal(str(value))
    except InvalidOperation as error:
        raise ValueError(f"{where}: kgce {value!r} is no number") from error
    if not (number.is_finite() and number > 0):
        raise ValueError(f"{where}: kgce {value!r} must be above 0")
    return number


def _day(where: str, key: str, value: object) -> date:
    if not isinstance(value, date):
        raise ValueError(f"{where}: {key} {value!r} must be a date like 2021-04-01")  # noqa: TRY004 - wrong data
    return value


def _confidence(where: str, value: object) -> str:
    if value not in _CONFIDENCE:
        raise ValueError(f"{where}: confidence {value!r}; allowed: {', '.join(_CONFIDENCE)}")
    return str(value)
