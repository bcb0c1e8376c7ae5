"""HTTP routes of data health."""

from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Query

from chejian_cloud.db.engine import ReadSession
from chejian_cloud.health import service
from chejian_cloud.health.schemas import DataHealthOut, EquipmentCompleteness, WorkshopCompleteness
from chejian_cloud.jsontypes import From, To, time_range
from chejian_cloud.registry.scope import InScope

router = APIRouter(tags=["data health"])

DEFAULT = timedelta(hours=24)
LONGEST = timedelta(days=31)


@router.get("/data-health")
def get_data_health(
    session: ReadSession,
    scope: InScope,
    machines: Annotated[bool, Query(description="With the completeness of every machine.")] = True,
) -> DataHealthOut:
    """Ledger of every node: produced = stored + dead letters + lost + in flight.

    Completeness of the last 24 hours is that of the machines of the scope.
    """
    return service.data_health(session, scope, machines=machines)


@router.get("/workshop-completeness")
def get_workshop_completeness(
    session: ReadSession, start: From = None, end: To = None
) -> list[WorkshopCompleteness]:
    """Completeness of every workshop by hour (default: the last 24 hours): times of its machines added, then divided."""
    return service.workshop_completeness(session, time_range(start, end, default=DEFAULT, longest=LONGEST))


@router.get("/completeness")
def get_completeness(
    session: ReadSession, scope: InScope, start: From = None, end: To = None
) -> list[EquipmentCompleteness]:
    """Completeness of every machine by hour (default: the last 24 hours)."""
    return service.completeness(session, scope, time_range(start, end, default=DEFAULT, longest=LONGEST))
