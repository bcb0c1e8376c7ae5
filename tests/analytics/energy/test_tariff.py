"""Tariffs: what is refused and where, and cost by band against a slow second reckoning."""

from collections import defaultdict
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from zoneinfo import ZoneInfo

import pytest
from chejian_analytics.energy import (
    Band,
    BandCost,
    EnergyPiece,
    Period,
    Season,
    Tariff,
    TariffError,
    TariffTable,
    cost_by_band,
    exact,
    has_one_band,
)
from hypothesis import given
from hypothesis import strategies as st

HERE = ZoneInfo("Asia/Shanghai")
HALF_US = 1_800_000_000
EVERY = tuple(range(1, 13))
DAY = date(2026, 1, 1)
PRICES = {Band.PEAK: Decimal("0.9750"), Band.FLAT: Decimal("0.65"), Band.VALLEY: Decimal("0.325")}
CLOCK = (
    Period("08:00", "11:30", Band.PEAK),
    Period("11:30", "17:00", Band.FLAT),
    Period("17:00", "22:00", Band.PEAK),
    Period("22:00", "08:00", Band.VALLEY),
)


def tariff(*periods: Period, prices: dict[Band, Decimal] = PRICES, valid_from: date = DAY) -> Tariff:
    return Tariff(valid_from, prices, (Season(EVERY, periods or CLOCK),))


def us(text: str) -> int:
    return round(datetime.fromisoformat(text).timestamp() * 1_000_000)


def halves(start: str, amounts: list[int | None]) -> list[EnergyPiece]:
    first = us(start)
    return [
        EnergyPiece(first + i * HALF_US, first + (i + 1) * HALF_US, amount, 0 if amount is None else HALF_US)
        for i, amount in enumerate(amounts)
    ]


@pytest.mark.parametrize(
    ("periods", "key", "value"),
    [
        ((Period("08:15", "20:00", Band.FLAT),), "seasons[0].periods[0].start", "08:15"),
        ((Period("08:00", "25:00", Band.FLAT),), "seasons[0].periods[0].end", "25:00"),
        ((Period("8:00", "20:00", Band.FLAT),), "seasons[0].periods[0].start", "8:00"),
        ((Period("08:00", "20:00", Band.FLAT),), "seasons[0].periods", "00:00-08:00"),
        ((Period("00:00", "12:30", Band.FLAT), Period("13:00", "24:00", Band.FLAT)), "seasons[0].periods", "12:30-13:00"),
        (
            (Period("00:00", "12:30", Band.FLAT), Period("12:00", "24:00", Band.FLAT)),
            "seasons[0].periods[1]",
            "12:00-24:00",
        ),
        ((), "seasons[0].periods", "00:00-24:00"),
    ],
)  # fmt: skip
def test_a_day_that_is_not_covered_once_in_half_hours_is_refused(
    periods: tuple[Period, ...], key: str, value: str
) -> None:
    with pytest.raises(TariffError) as told:
        Tariff(DAY, {Band.FLAT: Decimal(1)}, (Season(EVERY, periods),))
    assert (told.value.key, told.value.value) == (key, value)


def test_an_overlap_names_the_period_that_has_the_time_already() -> None:
    with pytest.raises(TariffError, match=r"periods\[1\].*periods\[0\] has 12:00 already"):
        tariff(Period("00:00", "12:30", Band.FLAT), Period("12:00", "24:00", Band.FLAT))


def test_months_and_prices_are_covered_once() -> None:
    one = (Period("00:00", "24:00", Band.FLAT),)
    price = {Band.FLAT: Decimal(1)}
    with pytest.raises(TariffError, match=r"seasons: \[12\]"):
        Tariff(DAY, price, (Season(EVERY[:11], one),))
    with pytest.raises(TariffError, match=r"seasons\[1\]\.months: 3"):
        Tariff(DAY, price, (Season(EVERY, one), Season((3,), one)))
    with pytest.raises(TariffError, match=r"prices\.valley: None.*a price"):
        tariff(prices={k: v for k, v in PRICES.items() if k is not Band.VALLEY})
    with pytest.raises(TariffError, match=r"prices\.sharp: '2'.*no period"):
        tariff(prices={**PRICES, Band.SHARP: Decimal(2)})
    with pytest.raises(TariffError, match=r"prices\.flat: '-1'"):
        Tariff(DAY, {Band.FLAT: Decimal(-1)})


def test_a_day_by_hand_in_local_time() -> None:
    pieces = halves("2026-03-02T07:30:00+08:00", [1000, 2000, 4000])
    told = cost_by_band(pieces, TariffTable([tariff()]), per_unit=1000, timezone=HERE)
    assert [(t.band, t.amount, t.cost) for t in told] == [
        (Band.PEAK, 6000, Fraction(585, 100)),
        (Band.VALLEY, 1000, Fraction(325, 1000)),
    ]


def test_what_is_not_known_is_told_and_not_priced() -> None:
    pieces = halves("2026-03-02T08:00:00+08:00", [None, 2000])
    (told,) = cost_by_band(pieces, TariffTable([tariff()]), per_unit=1000, timezone=HERE)
    assert (told.amount, told.elapsed_us, told.unknown_us, told.covered_us) == (2000, 2 * HALF_US, HALF_US, HALF_US)  # fmt: skip
    (none,) = cost_by_band(pieces[:1], TariffTable([tariff()]), per_unit=1000, timezone=HERE)
    assert (none.amount, none.unknown_us) == (0, HALF_US) == (0, none.elapsed_us)


def test_time_before_the_first_tariff_has_energy_and_no_cost() -> None:
    pieces = halves("2025-12-31T23:30:00+08:00", [5, 7])
    told = cost_by_band(pieces, TariffTable([tariff()]), per_unit=1, timezone=HERE)
    assert [(t.tariff and t.tariff.valid_from, t.band, t.amount, t.cost) for t in told] == [
        (None, None, 5, None),
        (DAY, Band.VALLEY, 7, 7 * Fraction("0.325")),
    ]


def test_seasons_hold_in_their_months_and_one_price_always() -> None:
    summer = (Period("00:00", "24:00", Band.SHARP),)
    prices = {**PRICES, Band.SHARP: Decimal("1.2")}
    both = Tariff(DAY, prices, (Season((7,), summer), Season(tuple(m for m in EVERY if m != 7), CLOCK)))
    pieces = halves("2026-06-30T23:30:00+08:00", [10, 20])
    told = cost_by_band(pieces, TariffTable([both]), per_unit=1, timezone=HERE)
    assert {t.band: t.amount for t in told} == {Band.VALLEY: 10, Band.SHARP: 20}
    water = TariffTable([Tariff(DAY, {Band.FLAT: Decimal("3.5")})])
    (flat,) = cost_by_band(pieces, water, per_unit=1000, timezone=HERE)
    assert (flat.band, flat.cost) == (Band.FLAT, Fraction(105, 1000))


def test_a_piece_with_two_bands_is_refused_and_one_band_may_be_long() -> None:
    table = TariffTable([tariff()])
    start = us("2026-03-02T11:00:00+08:00")
    assert not has_one_band(start, start + 2 * HALF_US, table, HERE)
    with pytest.raises(ValueError, match="the band changes inside"):
        cost_by_band([EnergyPiece(start, start + 2 * HALF_US, 1, 0)], table, per_unit=1, timezone=HERE)
    with pytest.raises(ValueError, match="not after its start"):
        cost_by_band([EnergyPiece(start, start, 1, 0)], table, per_unit=1, timezone=HERE)
    assert has_one_band(start + HALF_US, start + 12 * HALF_US, table, HERE)


@given(st.integers(-(10**9), 10**9), st.integers(0, 9), st.integers(0, 9))
def test_exact_decimals(number: int, twos: int, fives: int) -> None:
    value = Fraction(number, 2**twos * 5**fives)
    assert Fraction(exact(value)) == value


def test_what_has_no_end_as_a_decimal_is_refused() -> None:
    with pytest.raises(ValueError, match="1/3"):
        exact(Fraction(1, 3))


@st.composite
def clocks(draw: st.DrawFn) -> tuple[Period, ...]:
    cuts = sorted(draw(st.sets(st.integers(0, 47), min_size=1, max_size=8)))
    names = [f"{c // 2:02}:{c % 2 * 30:02}" for c in cuts]
    bands = draw(st.lists(st.sampled_from(Band), min_size=len(cuts), max_size=len(cuts)))
    around = [*names[1:], names[0]]
    return tuple(Period(a, b, band) for a, b, band in zip(names, around, bands, strict=True))


def priced(periods: tuple[Period, ...], valid_from: date, cents: int) -> Tariff:
    prices = {p.band: Decimal(cents + 7 * len(p.band)) / 1000 for p in periods}
    return Tariff(valid_from, prices, (Season(EVERY, periods),))


def naive(pieces: list[EnergyPiece], tariffs: list[Tariff], per_unit: int) -> dict[object, list[Fraction]]:
    """Minute after minute of the wall's clock, each with its own part of the piece."""
    out: dict[object, list[Fraction]] = defaultdict(lambda: [Fraction(0)] * 4)
    for piece in pieces:
        minutes = (piece.end_us - piece.start_us) // 60_000_000
        for minute in range(minutes):
            at = datetime.fromtimestamp(piece.start_us / 1e6, UTC) + timedelta(minutes=minute, hours=8)
            own = [t for t in tariffs if t.valid_from <= at.date()]
            key: object = None
            price = Fraction(0)
            if own:
                latest = max(own, key=lambda t: t.valid_from)
                clock = at.strftime("%H:%M")
                (season,) = latest.seasons
                (period,) = (p for p in season.periods if _inside(p, clock))
                key, price = (latest.valid_from, period.band), Fraction(latest.prices[period.band])
            amount = Fraction(piece.amount or 0, minutes)
            unknown = Fraction(piece.amount is None)
            row = (amount, amount / per_unit * price, Fraction(1), unknown)
            out[key] = [a + b for a, b in zip(out[key], row, strict=True)]
    return out


def _inside(period: Period, clock: str) -> bool:
    if period.start < period.end:
        return period.start <= clock < period.end
    return clock >= period.start or clock < period.end


@given(
    clocks(),
    clocks(),
    st.lists(st.none() | st.integers(-50, 10**9), min_size=1, max_size=120),
    st.sampled_from([1, 1000]),
)
def test_cost_is_that_of_each_minute_and_bands_add_up(
    first: tuple[Period, ...], second: tuple[Period, ...], amounts: list[int | None], per_unit: int
) -> None:
    tariffs = [priced(first, DAY, 300), priced(second, date(2026, 1, 2), 500)]
    pieces = halves("2025-12-31T20:00:00+08:00", amounts)
    told = cost_by_band(pieces, TariffTable(reversed(tariffs)), per_unit=per_unit, timezone=HERE)
    expected = naive(pieces, tariffs, per_unit)
    found = {_key(t): [t.amount, t.cost or 0, t.elapsed_us // 60_000_000, t.unknown_us // 60_000_000] for t in told}  # fmt: skip
    assert found == expected
    assert sum(t.amount for t in told) == sum(a for a in amounts if a is not None)
    assert sum(t.elapsed_us for t in told) == len(amounts) * HALF_US


def _key(told: BandCost) -> object:
    return None if told.tariff is None else (told.tariff.valid_from, told.band)
