"""Energy of many meters or workshops in one answer, for pages that show them together."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from sqlalchemy import RowMapping
from sqlalchemy.orm import Session

from chejian_cloud.clock import utc_now
from chejian_cloud.db.energy import EnergyValue
from chejian_cloud.energy import repository, service, sums
from chejian_cloud.energy.schemas import EnergyValueOut, SharesOut, WorkshopEnergy
from chejian_cloud.jsontypes import TimeRange
from chejian_cloud.registry.scope import Scope
from chejian_cloud.registry.service import require_scope

_INSTANT = timedelta(microseconds=1)


def values_in(session: Session, scope: Scope, window: str, period: TimeRange) -> list[EnergyValueOut]:
    """What all meters of a scope show in the windows that overlap a range, by start and meter.

    Raises:
        NotFoundError: when the workshop or the line is not registered.
        InvalidValueError: for too many values.
    """
    meters = _meters(session, scope)
    return [
        service.value_out(row, meters[row.equipment_id])
        for row in service.values_of(session, meters, window, period)
    ]


def shares_in(session: Session, scope: Scope, by: str, window: str, period: TimeRange) -> list[SharesOut]:
    """Energy by machine state, product or order, of all meters of a scope that count exactly one machine.

    Raises:
        NotFoundError: when the workshop or the line is not registered.
        InvalidValueError: for an unknown `by` or too many values.
    """
    service.check_by(by)
    single = {i: row for i, row in _meters(session, scope).items() if len(row["machines"]) == 1}
    rows: dict[int, list[EnergyValue]] = {}
    for row in service.values_of(session, single, window, period):
        rows.setdefault(row.equipment_id, []).append(row)
    return [service.shares_out(session, row, by, window, rows.get(i, [])) for i, row in single.items()]


def running_shifts(session: Session, now: datetime | None = None) -> list[WorkshopEnergy]:
    """Energy of the running shift of every workshop that has a meter; from two statements, however many there are."""
    now = now or utc_now()
    meters = {row["equipment_id"]: row for row in repository.meters(session)}
    inside: dict[int, dict[int, RowMapping]] = {}
    below: defaultdict[int, list[RowMapping]] = defaultdict(list)
    for equipment_id, row in meters.items():
        inside.setdefault(row["workshop_id"], {})[equipment_id] = row
        parent = meters.get(row["parent_id"])
        if parent is not None:
            below[parent["workshop_id"]].append(row)
    values = service.values_of(session, meters, "shift", TimeRange(now, now + _INSTANT))
    found = {value.equipment_id: value for value in values}
    return [
        told
        for workshop_id, own in inside.items()
        if (told := _workshop(workshop_id, own, below[workshop_id], found)) is not None
    ]


def _workshop(
    workshop_id: int,
    own: Mapping[int, RowMapping],
    below: Sequence[RowMapping],
    found: Mapping[int, EnergyValue],
) -> WorkshopEnergy | None:
    values = {i: found[i] for i in own if i in found}
    if not values:
        return None
    start = max(row.start for row in values.values())
    values = {i: row for i, row in values.items() if row.start == start}
    carriers, kgce = sums.carriers_of(own, below, {**found, **values})
    first = next(iter(values.values()))
    return WorkshopEnergy(
        workshop_id=workshop_id,
        start=start,
        end=first.end,
        provisional=any(row.provisional for row in values.values()),
        kgce=kgce,
        carriers=carriers,
    )


def _meters(session: Session, scope: Scope) -> dict[int, RowMapping]:
    require_scope(session, scope)
    return {row["equipment_id"]: row for row in repository.meters(session, scope=scope)}
