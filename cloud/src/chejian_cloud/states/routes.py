"""HTTP routes of state intervals."""

from datetime import timedelta

from fastapi import APIRouter

from chejian_cloud.db.engine import ReadSession
from chejian_cloud.jsontypes import From, To, time_range
from chejian_cloud.registry.routes import EquipmentId
from chejian_cloud.states import service
from chejian_cloud.states.schemas import StateOut

router = APIRouter(tags=["states"])

DEFAULT = timedelta(hours=24)


@router.get("/equipment/{equipment_id}/states")
def get_states(
    session: ReadSession, equipment_id: EquipmentId, start: From = None, end: To = None
) -> list[StateOut]:
    """State intervals of a range (default: the last 24 hours), cut to it."""
    return service.states_of(session, equipment_id, time_range(start, end, default=DEFAULT))
