"""Conversion factors in the database: those that ship with this version, and the site's own, which win."""

from dataclasses import dataclass
from typing import Any

from chejian_analytics.energy import Carrier, Factor, FactorTable, Value, load_factors
from sqlalchemy import select
from sqlalchemy.orm import Session

from chejian_cloud.db.energy import EnergyFactor, Meter
from chejian_cloud.marks import mark

VALUE = Value.EQUIVALENT
"""Value that results are computed with: 当量值, as enterprises report it (GB/T 2589-2020)."""
SHIPPED, SITE = "chejian", "site"
_COLUMNS = ("unit", "kgce", "valid_to", "source", "confidence", "note")


@dataclass(frozen=True, slots=True)
class Factors:
    """Factors of both origins.

    Attributes:
        site: the site's own; where one holds, it wins.
        shipped: those of this version.
    """

    site: FactorTable
    shipped: FactorTable

    def find(self, carrier: Carrier, day: str, value: Value = VALUE) -> tuple[str, Factor] | None:
        """Origin and factor in force on a day (ISO date); None when there is none."""
        for origin, table in ((SITE, self.site), (SHIPPED, self.shipped)):
            try:
                return origin, table.find(carrier, on=day, value=value)
            except KeyError:
                continue
        return None


def stored_factors(session: Session) -> Factors:
    """Read all factors.

    Raises:
        ValueError: two of one origin hold on the same day.
    """
    rows = session.scalars(select(EnergyFactor)).all()
    site, shipped = (FactorTable(_factor(r) for r in rows if r.origin == o) for o in (SITE, SHIPPED))
    return Factors(site, shipped)


def _factor(row: EnergyFactor) -> Factor:
    return Factor(
        carrier=Carrier(row.carrier),
        unit=row.unit,
        value=Value(row.value),
        kgce=row.kgce,
        valid_from=row.valid_from,
        valid_to=row.valid_to,
        source=row.source,
        confidence=row.confidence,
        note=row.note,
    )


def sync_shipped(session: Session) -> int:
    """Make the shipped factors in the database those of this version, and mark the meters of changed carriers.

    Returns:
        Number of factors added, changed or removed.
    """
    old = {_key(r): r for r in session.scalars(select(EnergyFactor).filter_by(origin=SHIPPED))}
    carriers: list[str] = []
    for factor in load_factors().factors:
        row = old.pop(_key(factor), None)
        wanted: dict[str, Any] = {name: getattr(factor, name) for name in _COLUMNS}
        if row is None:
            key = {"carrier": factor.carrier.value, "value": factor.value.value}
            session.add(EnergyFactor(origin=SHIPPED, **key, valid_from=factor.valid_from, **wanted))
            carriers.append(factor.carrier.value)
        elif any(getattr(row, name) != value for name, value in wanted.items()):
            for name, value in wanted.items():
                setattr(row, name, value)
            carriers.append(row.carrier)
    for row in old.values():
        session.delete(row)
        carriers.append(row.carrier)
    session.flush()
    meters = session.scalars(select(Meter.equipment_id).where(Meter.carrier.in_(carriers))).all()
    if meters:
        mark(session, reason="conversion factors of this version", equipment_ids=meters)
    return len(carriers)


def _key(row: EnergyFactor | Factor) -> tuple[str, str, object]:
    return str(row.carrier), str(row.value), row.valid_from
