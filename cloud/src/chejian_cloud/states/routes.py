"""HTTP routes of state intervals."""

from datetime import timedelta

from fastapi import APIRouter

from chejian_cloud.db.engine import ReadSession
from chejian_cloud.jsontypes import From, To, time_range
from chejian_cloud.registry.routes import EquipmentId
from chejian_cloud.registry.scope import InScope
from chejian_cloud.states import service
from chejian_cloud.states.schemas import EquipmentStates, StateOut

router = APIRouter(tags=["states"])

DEFAULT = timedelta(hours=24)
LONGEST = timedelta(days=31)
"""Of many machines at once."""


@router.get("/equipment/{equipment_id}/states")
def get_states(
    session: ReadSession, equipment_id: EquipmentId, start: From = None, end: To = None
) -> list[StateOut]:
    """State intervals of a range (default: the last 24 hours), cut to it."""
    return service.states_of(session, equipment_id, time_range(start, end, default=DEFAULT))


@router.get("/states")
def get_states_in(
    session: ReadSession, scope: InScope, start: From = None, end: To = None
) -> list[EquipmentStates]:
    """State intervals of all machines of a workshop or a line (default: the last 24 hours), cut to the range."""
    return service.states_in(session, scope, time_range(start, end, default=DEFAULT, longest=LONGEST))
