"""Prices of an energy carrier by time of use (峰谷分时电价), as dated data, and every check of them."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Final

HALF_HOURS: Final = 48
"""Steps of a day by the wall's clock."""
_MONTHS: Final = range(1, 13)
_STEP_MIN: Final = 30
_CLOCK: Final = re.compile(r"([01]\d|2[0-3]):([0-5]\d)|24:00")


class Band(StrEnum):
    """Bands of price: 尖峰, 高峰, 平段, 低谷, 深谷."""

    SHARP = "sharp"
    PEAK = "peak"
    FLAT = "flat"
    VALLEY = "valley"
    DEEP_VALLEY = "deep_valley"


class TariffError(ValueError):
    """A tariff is wrong; names the place, what stands there, and what is allowed."""

    def __init__(self, key: str, value: object, allowed: str) -> None:
        self.key, self.value, self.allowed = key, value, allowed
        super().__init__(f"{key}: {value!r} is wrong; allowed: {allowed}")


@dataclass(frozen=True, slots=True)
class Period:
    """A part of each day by the wall's clock.

    Attributes:
        start: "HH:MM", on the hour or half hour.
        end: likewise; not after the start: on the next day. "24:00" is the day's end; both the same: the whole day.
        band: that holds.
    """

    start: str
    end: str
    band: Band


@dataclass(frozen=True, slots=True)
class Season:
    """Months that share their periods; 1 to 12."""

    months: tuple[int, ...]
    periods: tuple[Period, ...]


@dataclass(frozen=True, slots=True)
class Tariff:
    """Prices from a local day on, until the next tariff.

    Attributes:
        valid_from: first local day.
        prices: per unit of the carrier, of each band that a season uses, and of no other.
        seasons: together each month once; none: the band `FLAT` at all times.
        bands: for each month the bands of its 48 half hours; follows from the seasons.

    Raises:
        TariffError: months or days are not covered exactly once, a time is no half hour, or a price is missing.
    """

    valid_from: date
    prices: Mapping[Band, Decimal]
    seasons: tuple[Season, ...] = ()
    bands: Mapping[int, tuple[Band, ...]] = field(init=False)

    def __post_init__(self) -> None:
        bands = _by_month(self.seasons) if self.seasons else dict.fromkeys(_MONTHS, (Band.FLAT,) * HALF_HOURS)
        used = {band for row in bands.values() for band in row}
        for band in used ^ set(self.prices):
            given = str(self.prices[band]) if band in self.prices else None
            raise TariffError(f"prices.{band}", given, "a price" if band in used else "no price: no period")
        for band, price in self.prices.items():
            if not (price.is_finite() and price >= 0):
                raise TariffError(f"prices.{band}", str(price), "0 or more")
        object.__setattr__(self, "bands", bands)


class TariffTable:
    """Tariffs of one carrier; each holds until the next one.

    Args:
        tariffs: in any order; no two from the same day.
    """

    def __init__(self, tariffs: Iterable[Tariff]) -> None:
        self.tariffs = sorted(tariffs, key=lambda t: t.valid_from)

    def on(self, day: date) -> Tariff | None:
        """The tariff in force on a local day; None: there is none yet."""
        return next((t for t in reversed(self.tariffs) if t.valid_from <= day), None)


def _by_month(seasons: Sequence[Season]) -> dict[int, tuple[Band, ...]]:
    out: dict[int, tuple[Band, ...]] = {}
    for i, season in enumerate(seasons):
        day = _day(f"seasons[{i}]", season.periods)
        for month in season.months:
            if month not in _MONTHS or month in out:
                allowed = "months 1 to 12, each in one season"
                raise TariffError(f"seasons[{i}].months", month, allowed)
            out[month] = day
    if missing := [m for m in _MONTHS if m not in out]:
        raise TariffError("seasons", missing, "every month in one season; these are in none")
    return out


def _day(place: str, periods: Sequence[Period]) -> tuple[Band, ...]:
    """Bands of the 48 half hours."""
    holder: dict[int, int] = {}
    for i, period in enumerate(periods):
        key = f"{place}.periods[{i}]"
        start, end = _step(f"{key}.start", period.start) % HALF_HOURS, _step(f"{key}.end", period.end)
        length = (end - start - 1) % HALF_HOURS + 1
        for step in ((start + n) % HALF_HOURS for n in range(length)):
            if step in holder:
                told = f"{period.start}-{period.end}"
                raise TariffError(
                    key, told, f"no overlap; periods[{holder[step]}] has {_clock(step)} already"
                )
            holder[step] = i
    if missing := [step for step in range(HALF_HOURS) if step not in holder]:
        gap = _first_run(missing)
        raise TariffError(f"{place}.periods", gap, "periods that cover the day; this time has none")
    return tuple(periods[holder[step]].band for step in range(HALF_HOURS))


def _step(key: str, clock: str) -> int:
    """Half hours since midnight, 0 to 48."""
    if _CLOCK.fullmatch(clock):
        hours, minutes = map(int, clock.split(":"))
        if minutes % _STEP_MIN == 0:
            return hours * 2 + minutes // _STEP_MIN
    raise TariffError(key, clock, "a time on the hour or half hour, as 08:00 or 08:30")


def _clock(step: int) -> str:
    return f"{step // 2:02}:{step % 2 * _STEP_MIN:02}"


def _first_run(steps: Sequence[int]) -> str:
    end = steps[0]
    while end in steps:
        end += 1
    return f"{_clock(steps[0])}-{_clock(end)}"
