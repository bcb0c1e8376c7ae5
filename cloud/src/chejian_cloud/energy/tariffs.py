"""Tariffs of an enterprise: prices of its energy carriers by time of use, each from a local day on."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Annotated, Final, Literal

from chejian_analytics.energy import Band, Carrier, Period, Season, Tariff, TariffError, TariffTable
from pydantic import Field, StringConstraints
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from chejian_cloud.conditional import Seen
from chejian_cloud.db.app import Enterprise
from chejian_cloud.db.energy import EnergyTariff
from chejian_cloud.energy.carriers import unit_of
from chejian_cloud.errors import InvalidValueError, NotFoundError
from chejian_cloud.jsontypes import Moment, Out
from chejian_cloud.marks import lock_registry
from chejian_cloud.paging import Part
from chejian_cloud.reasons.schemas import Comment, In, UserName

CURRENCY: Final = "CNY"
_A_PRICE = "Decimal text: at most six digits before and after the point."
_CLOCK_TEXT = "By the wall's clock of each workshop, on the hour or half hour."

Price = Annotated[str, StringConstraints(pattern=r"^[0-9]{1,6}(\.[0-9]{1,6})?$"), Field(examples=["0.6500"])]
ClockText = Annotated[str, StringConstraints(pattern=r"^[0-9]{2}:[0-9]{2}$")]


class PeriodIn(In):
    """A part of each day; an end not after the start is on the next day."""

    start: ClockText = Field(examples=["08:00"], description=_CLOCK_TEXT)
    end: ClockText = Field(examples=["11:30"], description=_CLOCK_TEXT + " 24:00 is the day's end.")
    band: Band = Field(examples=["peak"])


class SeasonIn(In):
    """Months that share their periods, which cover the day exactly once."""

    months: list[Annotated[int, Field(ge=1, le=12)]] = Field(
        default=list(range(1, 13)), min_length=1, max_length=12, examples=[[6, 7, 8]]
    )
    periods: list[PeriodIn] = Field(min_length=1, max_length=48)


class TariffIn(In):
    """Prices of a carrier from a day on."""

    currency: Literal["CNY"] = "CNY"
    prices: dict[Band, Price] = Field(
        min_length=1,
        max_length=len(Band),
        examples=[{"peak": "0.9750", "flat": "0.6500", "valley": "0.3250"}],
        description="Per unit of the carrier, of the bands that periods use. " + _A_PRICE,
    )
    seasons: list[SeasonIn] = Field(
        default=[],
        max_length=12,
        description="Electricity only; together they have each month once. Empty: one price, `flat`.",
    )
    remark: Comment = Field(default="", examples=["示例电价, 非官方公布"])
    user_name: UserName


class PeriodOut(Out):
    """A part of each day and its band."""

    start: str = Field(examples=["08:00"])
    end: str = Field(examples=["11:30"])
    band: str = Field(
        examples=["peak"], description="sharp 尖峰, peak 高峰, flat 平段, valley 低谷, deep_valley 深谷"
    )


class SeasonOut(Out):
    """Months that share their periods."""

    months: list[int] = Field(examples=[[6, 7, 8]])
    periods: list[PeriodOut]


class TariffOut(Out):
    """Prices of a carrier of an enterprise, from a local day until the next tariff of it."""

    enterprise: str = Field(examples=["hlj-demo"])
    carrier: str = Field(examples=["electricity"])
    valid_from: str = Field(examples=["2026-01-01"])
    currency: str = Field(examples=["CNY"])
    unit: str = Field(examples=["kWh"])
    prices: dict[str, str] = Field(
        examples=[{"peak": "0.9750", "flat": "0.6500", "valley": "0.3250"}], description=_A_PRICE
    )
    seasons: list[SeasonOut] = Field(description="Empty: one price, `flat`, at all times.")
    remark: str
    changed_by: str = Field(examples=["王工"])
    changed_at: Moment


def list_tariffs(
    session: Session, enterprise: str | None, carrier: Carrier | None, part: Part
) -> list[TariffOut]:
    """Tariffs by enterprise, carrier and day."""
    day = func.to_char(EnergyTariff.valid_from, "YYYY-MM-DD")
    statement = select(EnergyTariff, Enterprise.code).join(
        Enterprise, Enterprise.enterprise_id == EnergyTariff.enterprise_id
    )
    if enterprise is not None:
        statement = statement.where(Enterprise.code == enterprise)
    if carrier is not None:
        statement = statement.where(EnergyTariff.carrier == carrier.value)
    rows = session.execute(part.of(statement, Enterprise.code, EnergyTariff.carrier, day))
    return [_told(row, code) for row, code in rows]


def describe(session: Session, enterprise: str, carrier: Carrier, valid_from: date) -> TariffOut:
    """One tariff.

    Raises:
        NotFoundError: there is none.
    """
    row = _find(session, enterprise, carrier, valid_from)
    if row is None:
        raise _missing(valid_from)
    return _told(row, enterprise)


def put(
    session: Session, enterprise: str, carrier: Carrier, valid_from: date, body: TariffIn, seen: Seen
) -> None:
    """Store prices from a day on; those of the same day are replaced.

    Raises:
        NotFoundError: there is no such enterprise.
        ChangedSinceError: they are not what the editor has seen.
        InvalidValueError: periods, months and prices don't fit; names the place and what is allowed.
    """
    seasons = [season.model_dump(mode="json") for season in body.seasons]
    _check(carrier, valid_from, {band: Decimal(price) for band, price in body.prices.items()}, seasons)
    lock_registry(session)
    owner = session.scalars(select(Enterprise).filter_by(code=enterprise)).one_or_none()
    if owner is None:
        raise NotFoundError("enterprise", "enterprise", enterprise)
    row = _find(session, enterprise, carrier, valid_from)
    before = row
    seen.check(lambda: None if before is None else _told(before, enterprise))
    if row is None:
        row = EnergyTariff(enterprise_id=owner.enterprise_id, carrier=carrier.value, valid_from=valid_from)
        session.add(row)
    row.currency, row.unit = body.currency, unit_of(carrier)
    for band in Band:
        price = body.prices.get(band)
        setattr(row, band.value, None if price is None else Decimal(price))
    row.seasons, row.remark = seasons, body.remark
    row.changed_by, row.changed_at = body.user_name, datetime.now(UTC)


def delete(session: Session, enterprise: str, carrier: Carrier, valid_from: date, seen: Seen) -> None:
    """Take prices out; those before hold on.

    Raises:
        NotFoundError: there are none from this day.
        ChangedSinceError: they are not what the editor has seen.
    """
    lock_registry(session)
    row = _find(session, enterprise, carrier, valid_from)
    if row is None:
        raise _missing(valid_from)
    found = row
    seen.check(lambda: _told(found, enterprise))
    session.delete(row)


@dataclass(frozen=True, slots=True)
class Prices:
    """Tariffs of one carrier of an enterprise.

    Attributes:
        table: each holds until the next one.
        remarks: by first day.
    """

    table: TariffTable = field(default_factory=lambda: TariffTable(()))
    remarks: Mapping[date, str] = field(default_factory=dict)


def prices_of(session: Session, enterprise_id: int) -> dict[str, Prices]:
    """Tariffs of an enterprise by carrier."""
    carriers: dict[str, list[EnergyTariff]] = {}
    for row in session.scalars(select(EnergyTariff).filter_by(enterprise_id=enterprise_id)):
        carriers.setdefault(row.carrier, []).append(row)
    return {
        carrier: Prices(TariffTable(map(_tariff, rows)), {row.valid_from: row.remark for row in rows})
        for carrier, rows in carriers.items()
    }


def _check(
    carrier: Carrier, valid_from: date, prices: Mapping[Band, Decimal], seasons: list[dict[str, object]]
) -> None:
    if seasons and carrier is not Carrier.ELECTRICITY:
        raise InvalidValueError("seasons", len(seasons), f"none: {carrier.value} has one price, flat")
    try:
        Tariff(valid_from, prices, _seasons(seasons))
    except TariffError as error:
        raise InvalidValueError(error.key, error.value, error.allowed) from error


def _tariff(row: EnergyTariff) -> Tariff:
    prices = {band: getattr(row, band.value) for band in Band}
    known = {band: price for band, price in prices.items() if price is not None}
    return Tariff(row.valid_from, known, _seasons(row.seasons))


def _seasons(stored: list[dict[str, object]]) -> tuple[Season, ...]:
    read = [SeasonIn.model_validate(season) for season in stored]
    return tuple(
        Season(tuple(s.months), tuple(Period(p.start, p.end, p.band) for p in s.periods)) for s in read
    )


def _told(row: EnergyTariff, enterprise: str) -> TariffOut:
    prices = {band.value: getattr(row, band.value) for band in Band}
    return TariffOut(
        enterprise=enterprise,
        prices={band: format(price, "f") for band, price in prices.items() if price is not None},
        seasons=[SeasonOut.model_validate(season) for season in row.seasons],
        valid_from=row.valid_from.isoformat(),
        **{name: getattr(row, name) for name in _PLAIN},
    )


_PLAIN: Final = ("carrier", "currency", "unit", "remark", "changed_by", "changed_at")


def _find(session: Session, enterprise: str, carrier: Carrier, valid_from: date) -> EnergyTariff | None:
    statement = (
        select(EnergyTariff)
        .join(Enterprise, Enterprise.enterprise_id == EnergyTariff.enterprise_id)
        .where(Enterprise.code == enterprise)
        .where(EnergyTariff.carrier == carrier.value, EnergyTariff.valid_from == valid_from)
    )
    return session.scalars(statement).one_or_none()


def _missing(valid_from: date) -> NotFoundError:
    return NotFoundError("tariff", "valid_from", valid_from.isoformat())
