"""Cost of energy by band of a tariff: whole register units times exact prices, nothing rounded."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache
from zoneinfo import ZoneInfo

from chejian_analytics.energy.tariff import Band, Tariff, TariffTable

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_STEP_US = 900_000_000
"""Offsets of time zones are multiples of it."""
_REMEMBERED = 8192
"""Times whose place on the wall's clock is remembered: a month has 2976 steps, which each carrier asks for twice."""


@dataclass(frozen=True, slots=True)
class EnergyPiece:
    """What a meter, or a sum of meters, shows of [start_us, end_us) [us since 1970].

    Attributes:
        start_us: start.
        end_us: end; one band holds up to it.
        amount: register units; None: not known.
        covered_us: time of it with readings [us].
    """

    start_us: int
    end_us: int
    amount: int | None
    covered_us: int


@dataclass(frozen=True, slots=True)
class BandCost:
    """Energy and cost of one band of one tariff.

    Attributes:
        tariff: whose price holds; None: none is registered of that time.
        band: None without a tariff.
        amount: register units of the pieces that are known.
        cost: of them, in the tariff's currency, exact; None without a tariff.
        elapsed_us: time of all pieces [us].
        covered_us: of it with readings.
        unknown_us: of it in pieces whose amount is not known: neither in `amount` nor in `cost`.
    """

    tariff: Tariff | None
    band: Band | None
    amount: int
    cost: Fraction | None
    elapsed_us: int
    covered_us: int
    unknown_us: int


def cost_by_band(
    pieces: Iterable[EnergyPiece], tariffs: TariffTable, *, per_unit: int, timezone: ZoneInfo
) -> list[BandCost]:
    """Energy and cost by tariff and band; the amounts of all of them add up to those of the known pieces.

    Args:
        pieces: disjoint; of a half hour of the wall's clock or less, or longer where the band stays the same.
        tariffs: of the carrier.
        per_unit: register units in one unit of the carrier, which prices are of.
        timezone: whose wall's clock and days the tariffs mean.

    Returns:
        In order of the tariffs' days, without a tariff first, then of `Band`; what no piece lies in is left out.

    Raises:
        ValueError: the band changes inside a piece.
    """
    found: dict[tuple[date, int], _Sum] = {}
    order = {band: i for i, band in enumerate(Band)}
    for piece in pieces:
        tariff, band = _one_band(piece, tariffs, timezone)
        key = (tariff.valid_from, order[band]) if tariff is not None and band is not None else (date.min, -1)
        found.setdefault(key, _Sum(tariff, band)).add(piece)
    return [total.told(per_unit) for _, total in sorted(found.items())]


def has_one_band(start_us: int, end_us: int, tariffs: TariffTable, timezone: ZoneInfo) -> bool:
    """Whether one band of one tariff (or no tariff) holds in all of [start_us, end_us) [us since 1970]."""
    tariff, band = _band_at(start_us, tariffs, timezone)
    later = range(start_us - start_us % _STEP_US + _STEP_US, end_us, _STEP_US)
    found = (_band_at(at, tariffs, timezone) for at in later)
    return all(other is tariff and held is band for other, held in found)


@dataclass(slots=True)
class _Sum:
    tariff: Tariff | None
    band: Band | None
    amount: int = 0
    elapsed_us: int = 0
    covered_us: int = 0
    unknown_us: int = 0

    def add(self, piece: EnergyPiece) -> None:
        length = piece.end_us - piece.start_us
        self.elapsed_us += length
        self.covered_us += piece.covered_us
        if piece.amount is None:
            self.unknown_us += length
        else:
            self.amount += piece.amount

    def told(self, per_unit: int) -> BandCost:
        cost = None
        if self.tariff is not None and self.band is not None:
            cost = Fraction(self.amount, per_unit) * Fraction(self.tariff.prices[self.band])
        times = (self.elapsed_us, self.covered_us, self.unknown_us)
        return BandCost(self.tariff, self.band, self.amount, cost, *times)


def _one_band(
    piece: EnergyPiece, tariffs: TariffTable, timezone: ZoneInfo
) -> tuple[Tariff | None, Band | None]:
    if piece.end_us <= piece.start_us:
        raise ValueError(f"a piece ends at {piece.end_us}, not after its start {piece.start_us}")
    if not has_one_band(piece.start_us, piece.end_us, tariffs, timezone):
        raise ValueError(f"the band changes inside the piece [{piece.start_us}, {piece.end_us})")
    return _band_at(piece.start_us, tariffs, timezone)


def _band_at(at_us: int, tariffs: TariffTable, timezone: ZoneInfo) -> tuple[Tariff | None, Band | None]:
    day, step = _local(at_us, timezone)
    tariff = tariffs.on(day)
    return (None, None) if tariff is None else (tariff, tariff.bands[day.month][step])


@lru_cache(_REMEMBERED)
def _local(at_us: int, timezone: ZoneInfo) -> tuple[date, int]:
    """Day and half hour by the wall's clock."""
    local = (_EPOCH + timedelta(microseconds=at_us)).astimezone(timezone)
    return local.date(), local.hour * 2 + local.minute // 30


def exact(value: Fraction) -> Decimal:
    """A fraction as the decimal that it is.

    Raises:
        ValueError: it has no end as a decimal.
    """
    rest, digits = value.denominator, 0
    while rest % 10 == 0 or rest % 2 == 0 or rest % 5 == 0:
        rest = rest // 10 if rest % 10 == 0 else rest // 2 if rest % 2 == 0 else rest // 5
        digits += 1
    if rest != 1:
        raise ValueError(f"{value} has no end as a decimal")
    return Decimal(f"{value.numerator * 10**digits // value.denominator}e-{digits}")
