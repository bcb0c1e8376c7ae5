"""The life-cycle file of an equipment: all that is known about it, in one answer."""

from collections.abc import Iterable
from datetime import date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from chejian_cloud.clock import utc_now
from chejian_cloud.db.lifecycle import FittedPart
from chejian_cloud.lifecycle import repository
from chejian_cloud.lifecycle.commissioning import commissioning_of
from chejian_cloud.lifecycle.hours import RunTime, Span, first_known, run_times
from chejian_cloud.lifecycle.orders import MOST_OPEN, told
from chejian_cloud.lifecycle.parts import MOST_FITTED
from chejian_cloud.lifecycle.schemas import (
    CommissioningOut,
    LifeCycleOut,
    MachineHours,
    NamedDiagnosis,
    PartHours,
    PartOut,
    RunHours,
)
from chejian_cloud.paging import Part
from chejian_cloud.registry.service import require_equipment

REMOVED, CLOSED, NAMED = 50, 20, 20
"""How many parts that were taken out, closed orders and diagnoses the file tells; the rest is told by pages elsewhere."""
_DAY: Final = timedelta(days=1)


def life_cycle_of(session: Session, equipment_id: int, now: datetime | None = None) -> LifeCycleOut:
    """All that is known about an equipment.

    Raises:
        NotFoundError: when it is not registered.
    """
    now = now or utc_now()
    equipment = require_equipment(session, equipment_id)
    commissioning = commissioning_of(session, equipment_id)
    zone = ZoneInfo(equipment.timezone)
    since, until = _service(session, equipment_id, commissioning, zone, now)
    fitted = repository.fitted(session, equipment_id, MOST_FITTED)
    removed = repository.removed(session, equipment_id, REMOVED)
    spans = [Span(since or until, until), *(_span(part, until) for part in (*fitted, *removed))]
    whole, *of_parts = run_times(session, equipment_id, spans)
    parts = _with_hours((*fitted, *removed), of_parts)
    open_orders = repository.orders(session, equipment_id, repository.OPEN, Part(MOST_OPEN))
    closed_orders = repository.orders(session, equipment_id, repository.CLOSED, Part(CLOSED))
    orders = told(session, [*open_orders, *closed_orders])
    return LifeCycleOut(
        equipment_id=equipment_id,
        commissioning=commissioning,
        run_hours=None
        if since is None
        else MachineHours(
            **RunHours.model_validate(whole).model_dump(),
            since=since,
            until=until,
            from_commissioning=commissioning.commissioned_on is not None,
        ),
        parts=parts[: len(fitted)],
        removed_parts=parts[len(fitted) :],
        open_orders=orders[: len(open_orders)],
        closed_orders=orders[len(open_orders) :],
        diagnoses=[
            NamedDiagnosis.model_validate(row) for row in repository.named(session, equipment_id, NAMED)
        ],
    )


def _service(
    session: Session, equipment_id: int, told: CommissioningOut, zone: ZoneInfo, now: datetime
) -> tuple[datetime | None, datetime]:
    """From when to when run hours count; the begin is None where neither a day nor any data tells it."""
    begin, end = told.commissioned_on, told.decommissioned_on
    since = first_known(session, equipment_id) if begin is None else _midnight(begin, zone)
    return since, now if end is None else min(now, _midnight(end + _DAY, zone))


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(), zone)


def _span(part: FittedPart, until: datetime) -> Span:
    return Span(part.fitted_at, until if part.removed_at is None else min(part.removed_at, until))


def _with_hours(parts: Iterable[FittedPart], times: Iterable[RunTime]) -> list[PartHours]:
    return [
        PartHours(**PartOut.model_validate(part).model_dump(), hours=RunHours.model_validate(ran))
        for part, ran in zip(parts, times, strict=True)
    ]
