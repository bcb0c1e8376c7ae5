"""Public holidays with adjusted working days (调休): one data file per country and year, each with its source."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from importlib.resources import files
from typing import Any


@dataclass(frozen=True, slots=True)
class Holiday:
    """A holiday of one or several days.

    Attributes:
        name_zh: 中文名称.
        name_en: English name.
        first: first day.
        last: last day, included.
    """

    name_zh: str
    name_en: str
    first: date
    last: date


@dataclass(frozen=True, slots=True)
class HolidayYear:
    """Holidays of a country and year as published.

    Attributes:
        country: ISO 3166-1 code.
        year: calendar year.
        source: the notice.
        confidence: "A" read at the source ... "D" guess, see docs/kpis.md.
        holidays: by first day.
        days_off: every day off.
        workdays: weekend days that are working days.
    """

    country: str
    year: int
    source: str
    confidence: str
    holidays: tuple[Holiday, ...]
    days_off: frozenset[date]
    workdays: frozenset[date]


def holiday_year(country: str, year: int) -> HolidayYear | None:
    """Holidays of a year; None when no file is there (add `<country>-<year>.toml`, nothing else)."""
    return _years().get((country, year))


def known_years(country: str) -> tuple[int, ...]:
    """Years with a file, rising."""
    return tuple(sorted(year for code, year in _years() if code == country))


@cache
def _years() -> Mapping[tuple[str, int], HolidayYear]:
    found = {}
    for entry in files(__name__).iterdir():
        if entry.name.endswith(".toml"):
            table = read_year(tomllib.loads(entry.read_text(encoding="utf-8")), entry.name)
            found[table.country, table.year] = table
    return found


def read_year(table: Mapping[str, Any], name: str) -> HolidayYear:
    """Check and read the content of a file.

    Args:
        table: the parsed file.
        name: of the file, for error texts.

    Raises:
        ValueError: names file, key, value and what is allowed.
    """
    keys = {"country", "year", "source", "confidence", "workdays", "holiday"}
    if set(table) != keys:
        raise ValueError(
            f"{name}: keys {sorted(set(table) ^ keys)} are missing or unknown; allowed: {sorted(keys)}"
        )
    holidays = tuple(Holiday(**entry) for entry in table["holiday"])
    for holiday in holidays:
        if holiday.last < holiday.first:
            raise ValueError(
                f"{name}: holiday {holiday.name_zh}: last {holiday.last} is before first {holiday.first}"
            )
    days_off = frozenset(
        h.first + timedelta(days=i) for h in holidays for i in range((h.last - h.first).days + 1)
    )
    workdays = frozenset(table["workdays"])
    for day in sorted(workdays):
        if day in days_off or day.isoweekday() not in {6, 7}:
            raise ValueError(f"{name}: workdays: {day} must be a Saturday or Sunday that is no holiday")
    return HolidayYear(
        table["country"],
        table["year"],
        table["source"],
        table["confidence"],
        holidays,
        days_off,
        workdays,
    )
