"""Cost of a workshop's energy: its hours as they are stored, by band of the tariff that holds.

An hour in which the band changes is told by halves from the meters' readings; where these do not give the stored amount of
the hour (they are gone, or too far apart), it is not known which half used it, and the hour is told as unknown.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from fractions import Fraction
from typing import Final
from zoneinfo import ZoneInfo

from chejian_analytics.energy import BandCost, EnergyPiece, cost_by_band, exact, has_one_band
from sqlalchemy.orm import Session

from chejian_cloud.clock import from_us, hour_floor, to_us
from chejian_cloud.db.app import Workshop
from chejian_cloud.energy import repository
from chejian_cloud.energy.cost_schemas import CarrierCost, CostBand, CostOut
from chejian_cloud.energy.figures import per
from chejian_cloud.energy.halves import HALF_US, Half, halves_of
from chejian_cloud.energy.repository import HourRow
from chejian_cloud.energy.service import Units
from chejian_cloud.energy.sums import Tree, output_machines, trees_of_scope
from chejian_cloud.energy.tariffs import CURRENCY, Prices, prices_of
from chejian_cloud.errors import InvalidValueError, NotFoundError
from chejian_cloud.jsontypes import TimeRange
from chejian_cloud.registry.scope import Scope

LONGEST: Final = timedelta(days=31)
_HOUR_US: Final = 2 * HALF_US


@dataclass(frozen=True, slots=True)
class _Known:
    """What is stored of the hours of a range.

    Attributes:
        starts: of the hours [us since 1970].
        now_us: the present.
        rows: by start and meter.
        place: time zone of the workshop.
        output: good items.
    """

    starts: Sequence[int]
    now_us: int
    rows: Mapping[int, Mapping[int, HourRow]]
    place: ZoneInfo
    output: int | None

    def end(self, start: int) -> int:
        """End of what has passed of an hour."""
        return min(start + _HOUR_US, self.now_us)


def cost_of_workshop(session: Session, workshop_id: int, period: TimeRange, now: datetime) -> CostOut:
    """Cost of a workshop's energy in the hours that overlap a range, up to the present.

    Raises:
        NotFoundError: when the workshop is not registered.
        InvalidValueError: the range has not begun.
    """
    workshop = session.get(Workshop, workshop_id)
    if workshop is None:
        raise NotFoundError("workshop", "workshop_id", workshop_id)
    if period.start >= now:
        raise InvalidValueError("from", period.start.isoformat(), f"a time before now ({now.isoformat()})")
    end_us = min(to_us(period.end), to_us(now))
    starts = range(hour_floor(to_us(period.start)), end_us, _HOUR_US)
    lo, hi = from_us(starts[0]), from_us(starts[-1] + _HOUR_US)
    scope = Scope(workshop_id=workshop_id)
    trees = trees_of_scope(session, scope)
    rows: dict[int, dict[int, HourRow]] = {}
    for row in repository.hours(session, {m for tree in trees for m in tree.summed}, lo, hi):
        rows.setdefault(to_us(row.start), {})[row.equipment_id] = row
    machines = output_machines(session, scope)
    output = repository.good_items(session, [m.equipment_id for m in machines], lo, hi)
    known = _Known(starts, to_us(now), rows, ZoneInfo(workshop.timezone), output)
    prices = prices_of(session, workshop.enterprise_id)
    return CostOut(
        start=lo,
        end=min(hi, now),
        provisional=hi > now,
        output=output,
        output_machines=[m.code for m in machines],
        carriers=[_carrier(session, t, prices.get(t.row["carrier"], Prices()), known) for t in trees],
    )


def _carrier(session: Session, tree: Tree, prices: Prices, known: _Known) -> CarrierCost:
    unit = Units.of(tree.row)
    pieces = _pieces(session, tree, prices, known)
    found = cost_by_band(pieces, prices.table, per_unit=unit.per_unit, timezone=known.place)
    priced = [band for band in found if band.cost is not None]
    cost = sum((b.cost for b in priced if b.cost is not None), Fraction(0)) if priced else None
    value = Fraction(sum(b.amount for b in priced), unit.per_unit)
    days = list(dict.fromkeys(b.tariff.valid_from for b in found if b.tariff is not None))
    elapsed = sum(b.elapsed_us for b in found)
    amount = sum(b.amount for b in found)
    return CarrierCost(
        carrier=tree.row["carrier"],
        unit=unit.unit,
        register_unit=unit.register_unit,
        currency=CURRENCY,
        meters=list(tree.codes),
        amount=amount,
        value=amount / unit.per_unit,
        cost=_text(cost),
        mean_price=float(cost / value) if cost is not None and value > 0 else None,
        cost_per_item=per(cost, known.output),
        unpriced=sum(b.amount for b in found if b.cost is None) / unit.per_unit,
        unknown_hours=sum(b.unknown_us for b in found) / _HOUR_US,
        completeness=sum(b.covered_us for b in found) / elapsed,
        tariffs=[day.isoformat() for day in days],
        remarks=[prices.remarks[day] for day in days],
        bands=[_band(band, unit.per_unit, cost) for band in found],
    )


def _band(band: BandCost, per_unit: int, total: Fraction | None) -> CostBand:
    price = None if band.tariff is None or band.band is None else band.tariff.prices[band.band]
    return CostBand(
        valid_from=None if band.tariff is None else band.tariff.valid_from.isoformat(),
        band=None if band.band is None else band.band.value,
        price=None if price is None else format(price, "f"),
        amount=band.amount,
        value=band.amount / per_unit,
        cost=_text(band.cost),
        share=float(band.cost / total) if band.cost is not None and total else None,
        hours=band.elapsed_us / _HOUR_US,
        unknown_hours=band.unknown_us / _HOUR_US,
        completeness=band.covered_us / band.elapsed_us,
    )


def _text(money: Fraction | None) -> str | None:
    return None if money is None else format(exact(money), "f")


def _pieces(session: Session, tree: Tree, prices: Prices, known: _Known) -> Iterator[EnergyPiece]:
    """Hours, and halves of those in which the band changes."""
    split = [s for s in known.starts if not has_one_band(s, known.end(s), prices.table, known.place)]
    halves = halves_of(session, tree.summed, split)
    divided = set(split)
    for start in known.starts:
        rows = known.rows.get(start, {})
        if start in divided:
            yield from _two(tree, start, known.end(start), rows, halves)
        else:
            yield _piece(start, known.end(start), _sum(tree, {m: row.amount for m, row in rows.items()}),
                         [rows[m].covered_us if m in rows else 0 for m in tree.summed])  # fmt: skip


def _two(
    tree: Tree,
    start: int,
    end: int,
    rows: Mapping[int, HourRow],
    halves: Mapping[tuple[int, int], Half],
) -> Iterator[EnergyPiece]:
    """Both halves of an hour; each meter's second half is what its first one leaves of the stored hour."""
    known = {m: half for m in rows if (half := halves.get((m, start))) and _fits(half, rows[m])}
    first = _sum(tree, {m: half.first for m, half in known.items()})
    second = _sum(tree, {m: rows[m].amount - half.first for m, half in known.items()})
    before = [known[m].covered_us if m in known else 0 for m in tree.summed]
    after = [rows[m].covered_us - known[m].covered_us if m in known else 0 for m in tree.summed]
    yield _piece(start, start + HALF_US, first, before)
    yield _piece(start + HALF_US, end, second, after)


def _fits(half: Half, row: HourRow) -> bool:
    """Whether the readings tell what is stored; of an open hour, whether they cover its first half."""
    return half.covered_us == HALF_US if row.provisional else half.whole == row.amount


def _piece(start: int, end: int, amount: int | None, covered: Sequence[int]) -> EnergyPiece:
    return EnergyPiece(start, end, amount, min(min(covered, default=0), end - start))


def _sum(tree: Tree, amounts: Mapping[int, int]) -> int | None:
    """What the top meters show less the sub-meters that stand elsewhere; None when one is not known."""
    if not tree.summed <= amounts.keys():
        return None
    return sum(amounts[m] for m in tree.tops) - sum(amounts[m] for m in tree.elsewhere)
