"""HTTP routes of data health."""

from datetime import timedelta

from fastapi import APIRouter

from chejian_cloud.db.engine import ReadSession
from chejian_cloud.health import service
from chejian_cloud.health.schemas import DataHealthOut, EquipmentCompleteness
from chejian_cloud.jsontypes import From, To, time_range

router = APIRouter(tags=["data health"])

DEFAULT = timedelta(hours=24)
LONGEST = timedelta(days=31)


@router.get("/data-health")
def get_data_health(session: ReadSession) -> DataHealthOut:
    """Ledger of every node: produced = stored + dead letters + lost + in flight; completeness of the last 24 hours."""
    return service.data_health(session)


@router.get("/completeness")
def get_completeness(session: ReadSession, start: From = None, end: To = None) -> list[EquipmentCompleteness]:
    """Completeness of every equipment by hour (default: the last 24 hours)."""
    return service.completeness(session, time_range(start, end, default=DEFAULT, longest=LONGEST))
