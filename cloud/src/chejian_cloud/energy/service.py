"""Meters, factors, and energy of one meter or machine."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from typing import Self

from chejian_analytics.energy import Carrier
from chejian_contract.states import MachineState
from sqlalchemy import RowMapping
from sqlalchemy.orm import Session

from chejian_cloud.calendar.service import WINDOW_KINDS
from chejian_cloud.db.energy import EnergyValue
from chejian_cloud.energy import repository
from chejian_cloud.energy.carriers import METER_TYPES, per_unit, register_unit, unit_of
from chejian_cloud.energy.factors import VALUE, stored_factors
from chejian_cloud.energy.figures import ShareSum, coal, label_sum, number, per
from chejian_cloud.energy.schemas import (
    EnergyValueOut,
    FactorOut,
    MeterOut,
    Reading,
    ShareOut,
    SharesOut,
    SharesWindow,
)
from chejian_cloud.errors import InvalidValueError
from chejian_cloud.jsontypes import MAX_RANGE, TimeRange
from chejian_cloud.registry.scope import Scope
from chejian_cloud.registry.service import require_equipment, require_scope
from chejian_cloud.worker.meters import meters_of

MAX_VALUES = 20_000
"""Values in one answer: 13 meters by hour over 62 days are 19,344."""
LONGEST_BY_HOUR = timedelta(days=62)
BY = {"states": "state", "products": "product", "orders": "order"}
_NO_DATA = "NO_DATA"


def longest(window: str) -> timedelta:
    """Longest range of one answer by kind of window.

    Raises:
        InvalidValueError: there is no such kind.
    """
    if window not in WINDOW_KINDS:
        raise InvalidValueError("window", window, ", ".join(WINDOW_KINDS))
    return LONGEST_BY_HOUR if window == "hour" else MAX_RANGE


def list_meters(session: Session, scope: Scope, carrier: str | None) -> list[MeterOut]:
    """Meters of a scope with their newest values.

    Raises:
        NotFoundError: when the workshop or line is not registered.
        InvalidValueError: for an unknown carrier.
    """
    _check_carrier(carrier)
    require_scope(session, scope)
    rows = [r for r in repository.meters(session, scope=scope) if carrier in {None, r["carrier"]}]
    roles = {role.value for kind in METER_TYPES.values() for role in (kind.total, kind.rate)}
    latest = {
        (row.equipment_id, row.role): Reading.model_validate(row)
        for row in repository.latest(session, [r["equipment_id"] for r in rows], roles)
    }
    return [_meter(row, latest) for row in rows]


def _meter(row: RowMapping, latest: Mapping[tuple[int, str], Reading]) -> MeterOut:
    kind = METER_TYPES[row["type"]]
    return MeterOut(
        **{name: row[name] for name in row if name not in {"interval_us", "machines"}},
        **asdict(Units.of(row)),
        machines=sorted(row["machines"]),
        interval_s=row["interval_us"] / 1_000_000,
        reading=latest.get((row["equipment_id"], kind.total.value)),
        rate=latest.get((row["equipment_id"], kind.rate.value)),
    )


@dataclass(frozen=True, slots=True)
class Units:
    """Of what a meter shows.

    Attributes:
        unit: of the carrier.
        register_unit: of the register.
        per_unit: register units in one unit.
    """

    unit: str
    register_unit: str
    per_unit: int

    @classmethod
    def of(cls, row: RowMapping) -> Self:
        """Units of a meter's row."""
        carrier = Carrier(row["carrier"])
        return cls(unit_of(carrier), register_unit(row["type"]), per_unit(row["type"], carrier))


def list_factors(session: Session) -> list[FactorOut]:
    """All factors, and which of them figures of today use."""
    today = datetime.now(UTC).date().isoformat()
    found = [stored_factors(session).find(carrier, today) for carrier in Carrier]
    used = {(origin, f.carrier.value, f.value.value, f.valid_from) for origin, f in filter(None, found)}
    return [
        FactorOut(
            **{
                name: getattr(f, name)
                for name in ("carrier", "unit", "value", "source", "confidence", "note", "origin")
            },
            kgce=str(f.kgce),
            valid_from=f.valid_from.isoformat(),
            valid_to=f.valid_to.isoformat() if f.valid_to else None,
            used=(f.origin, f.carrier, f.value, f.valid_from) in used and f.value == VALUE,
        )
        for f in repository.factors(session)
    ]


def energy_of(
    session: Session, equipment_id: int, window: str, carrier: str | None, period: TimeRange
) -> list[EnergyValueOut]:
    """Energy of a meter, or of the meters that count a machine alone.

    Raises:
        NotFoundError: when the equipment is not registered.
        InvalidValueError: for an unknown carrier or too many values.
    """
    meters = _meters_for(session, equipment_id, carrier)
    return [value_out(row, meters[row.equipment_id]) for row in values_of(session, meters, window, period)]


def values_of(
    session: Session, equipment_ids: Iterable[int], window: str, period: TimeRange
) -> Sequence[EnergyValue]:
    """Stored values of some meters, by start and meter.

    Raises:
        InvalidValueError: for too many of them.
    """
    rows = repository.values(
        session, list(equipment_ids), window=window, lo=period.start, hi=period.end, limit=MAX_VALUES + 1
    )
    if len(rows) > MAX_VALUES:
        raise InvalidValueError("to", period.end.isoformat(), f"a range of at most {MAX_VALUES} values")
    return rows


def _meters_for(session: Session, equipment_id: int, carrier: str | None) -> dict[int, RowMapping]:
    """The meters that tell an equipment's energy, by id."""
    _check_carrier(carrier)
    equipment = require_equipment(session, equipment_id)
    ids: Sequence[int] = [equipment_id]
    if equipment.type not in METER_TYPES:
        ids = meters_of(session, equipment_id)
    rows = repository.meters(session, equipment_ids=ids)
    return {row["equipment_id"]: row for row in rows if carrier in {None, row["carrier"]}}


def _check_carrier(carrier: str | None) -> None:
    if carrier is not None and carrier not in set(Carrier):
        raise InvalidValueError("carrier", carrier, ", ".join(Carrier))


def value_out(row: EnergyValue, meter: RowMapping) -> EnergyValueOut:
    """A stored value of a meter as it is told."""
    unit = Units.of(meter)
    value = Fraction(row.amount, unit.per_unit)
    names = ("amount", "output", "kgce", "factor", "completeness", "flags", "provisional", "computed_at")
    return EnergyValueOut(
        **{name: getattr(row, name) for name in (*names, "start", "end", "formula_version", "equipment_id")},
        meter=meter["code"],
        carrier=meter["carrier"],
        unit=unit.unit,
        register_unit=unit.register_unit,
        window=row.window_kind,
        value=float(value),
        per_unit=per(value, row.output),
        kgce_per_unit=per(coal(row, row.amount), row.output),
    )


def shares_of(
    session: Session, equipment_id: int, by: str, window: str, carrier: str | None, period: TimeRange
) -> list[SharesOut]:
    """Energy by machine state, product or order, for each meter that tells the equipment's.

    Raises:
        NotFoundError: when the equipment is not registered.
        InvalidValueError: for an unknown `by` or carrier, a meter that does not count exactly one machine, or too many
            values.
    """
    check_by(by)
    meters = _meters_for(session, equipment_id, carrier)
    for meter in meters.values():
        if len(meter["machines"]) != 1:
            told = ", ".join(sorted(meter["machines"])) or "none"
            raise InvalidValueError(
                "equipment_id", equipment_id, f"a meter of one machine; this counts {told}"
            )
    rows = values_of(session, meters, window, period)
    return [
        shares_out(session, meter, by, window, [r for r in rows if r.equipment_id == meter_id])
        for meter_id, meter in meters.items()
    ]


def check_by(by: str) -> None:
    """Check what energy is to be shared out by.

    Raises:
        InvalidValueError: it is none of `BY`.
    """
    if by not in BY:
        raise InvalidValueError("by", by, ", ".join(BY))


def shares_out(
    session: Session, meter: RowMapping, by: str, window: str, rows: Sequence[EnergyValue]
) -> SharesOut:
    """Shares of a meter that counts one machine, over its `rows`, earliest first."""
    key, unit = BY[by], Units.of(meter)
    scale, amount = unit.per_unit, sum(row.amount for row in rows)
    totals = label_sum(rows, key)
    if key == "order" and (orders := [label for label in totals if label]):
        days = label_sum(repository.days_of_orders(session, meter["equipment_id"], orders), key)
        totals |= {order: days[order] for order in orders if order in days}
    return SharesOut(
        equipment_id=meter["equipment_id"],
        meter=meter["code"],
        machine=meter["machines"][0],
        carrier=meter["carrier"],
        unit=unit.unit,
        register_unit=unit.register_unit,
        by=by,
        window=window,
        start=rows[0].start if rows else None,
        end=rows[-1].end if rows else None,
        amount=amount,
        value=amount / scale,
        completeness=min((row.completeness for row in rows), default=None),
        provisional=any(row.provisional for row in rows),
        shares=_share_list(totals, key, amount, scale),
        windows=[
            SharesWindow(
                start=row.start,
                end=row.end,
                provisional=row.provisional,
                completeness=row.completeness,
                shares=_share_list(label_sum([row], key), key, row.amount, scale),
            )
            for row in rows
        ],
    )


def _share_list(sums: Mapping[str, ShareSum], key: str, amount: int, scale: int) -> list[ShareOut]:
    found = [_share(label, share, key, amount, scale) for label, share in sums.items()]
    return sorted(found, key=lambda s: (-s.amount, s.label))


def _share(label: str, share: ShareSum, key: str, amount: int, scale: int) -> ShareOut:
    value = Fraction(share.amount, scale)
    return ShareOut(
        label=label,
        name=_state_name(label) if key == "state" else None,
        amount=share.amount,
        value=float(value),
        part=share.amount / amount if amount else None,
        seconds=share.us / 1_000_000,
        output=share.output,
        per_unit=per(value, share.output),
        kgce=number(share.kgce),
        kgce_per_unit=per(share.kgce, share.output),
    )


def _state_name(label: str) -> str:
    return _NO_DATA if label == "0" else MachineState(int(label)).name
