"""Prices of energy carriers in the registry seed file, and every check of them that needs no database."""

from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal, InvalidOperation

from chejian_analytics.energy import Band, Carrier, Period, Season, Tariff, TariffError
from chejian_contract.config import ConfigValueError

_EVERY_MONTH = tuple(range(1, 13))


@dataclass(frozen=True, slots=True, kw_only=True)
class PeriodSeed:
    """`[[tariff.season.period]]`; local times "HH:MM" in half hours, an end not after the start is on the next day."""

    start: str
    end: str
    band: Band


@dataclass(frozen=True, slots=True, kw_only=True)
class SeasonSeed:
    """`[[tariff.season]]`; months, all of them unless given, that share their periods."""

    months: tuple[int, ...] = _EVERY_MONTH
    period: tuple[PeriodSeed, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class TariffSeed:
    """`[[tariff]]`; what a carrier costs an enterprise from `valid_from` (a TOML date) on.

    Attributes:
        enterprise: its code.
        carrier: energy carrier; only electricity has seasons.
        valid_from: first local day.
        prices: CNY per unit of the carrier by band, as text, so that they are exact; without seasons only "flat".
        season: together they have each month once.
        remark: where the prices come from.
    """

    enterprise: str
    carrier: Carrier
    valid_from: object
    prices: dict[str, str] = field(default_factory=dict)
    season: tuple[SeasonSeed, ...] = ()
    remark: str = ""

    def __post_init__(self) -> None:
        if not isinstance(self.valid_from, date) or isinstance(self.valid_from, datetime):
            raise ConfigValueError("valid_from", self.valid_from, "a date, e.g. 2026-01-01")
        if self.season and self.carrier is not Carrier.ELECTRICITY:
            raise ConfigValueError("season", len(self.season), f"none: {self.carrier} has one price, flat")
        seasons = tuple(
            Season(s.months, tuple(Period(p.start, p.end, p.band) for p in s.period)) for s in self.season
        )
        try:
            Tariff(self.valid_from, self.exact_prices, seasons)
        except TariffError as error:
            key = error.key.replace("seasons", "season").replace("periods", "period")
            raise ConfigValueError(key, error.value, error.allowed) from error

    @property
    def exact_prices(self) -> dict[Band, Decimal]:
        """Prices as the decimals that the file shows."""
        out = {}
        for band, price in self.prices.items():
            if band not in set(Band):
                raise ConfigValueError(f"prices.{band}", price, f"a price of {', '.join(Band)}")
            try:
                out[Band(band)] = Decimal(price)
            except InvalidOperation as error:
                raise ConfigValueError(f"prices.{band}", price, 'decimal text, e.g. "0.6500"') from error
        return out

    @property
    def seasons(self) -> list[dict[str, object]]:
        """As the database keeps them."""
        return [
            {
                "months": list(season.months),
                "periods": [{"start": p.start, "end": p.end, "band": p.band.value} for p in season.period],
            }
            for season in self.season
        ]
