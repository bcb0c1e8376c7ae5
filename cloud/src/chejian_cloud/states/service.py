"""State intervals, cut to the range that was asked for."""

from chejian_contract.states import MachineState
from sqlalchemy.orm import Session

from chejian_cloud.errors import InvalidValueError
from chejian_cloud.jsontypes import TimeRange
from chejian_cloud.registry.service import require_equipment
from chejian_cloud.states import repository
from chejian_cloud.states.schemas import StateOut

MAX_INTERVALS = 50_000
"""Intervals in one answer, about 5 MB of JSON."""
NO_DATA = "NO_DATA"


def state_name(state: int) -> str:
    """Name of a state number; "NO_DATA" for 0."""
    return MachineState(state).name if state else NO_DATA


def states_of(session: Session, equipment_id: int, period: TimeRange) -> list[StateOut]:
    """Intervals that overlap a range, cut to it; contiguous over what is known.

    Raises:
        NotFoundError: when the equipment is not registered.
        InvalidValueError: when the range holds more than `MAX_INTERVALS`.
    """
    require_equipment(session, equipment_id)
    rows = repository.intervals(session, equipment_id, period.start, period.end, MAX_INTERVALS + 1)
    if len(rows) > MAX_INTERVALS:
        raise InvalidValueError("to", period.end.isoformat(), f"a range of at most {MAX_INTERVALS} intervals")
    return [
        StateOut(
            start=max(row.start, period.start),
            end=min(row.end, period.end),
            state=row.state,
            state_name=state_name(row.state),
            category=row.category,
        )
        for row in rows
    ]
