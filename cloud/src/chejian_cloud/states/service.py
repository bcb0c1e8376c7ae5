"""State intervals, cut to the range that was asked for."""

from functools import cache

from chejian_contract.states import MachineState
from sqlalchemy.orm import Session

from chejian_cloud.errors import InvalidValueError
from chejian_cloud.jsontypes import TimeRange
from chejian_cloud.registry.scope import Scope
from chejian_cloud.registry.service import machines_of, require_equipment
from chejian_cloud.states import repository
from chejian_cloud.states.schemas import EquipmentStates, StateOut

MAX_INTERVALS = 50_000
"""Intervals in one answer, about 5 MB of JSON."""
NO_DATA = "NO_DATA"


@cache
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
    return _cut(session, [equipment_id], period)[equipment_id]


def states_in(session: Session, scope: Scope, period: TimeRange) -> list[EquipmentStates]:
    """Intervals of all machines of a scope that overlap a range, cut to it.

    Raises:
        NotFoundError: when the workshop or the line is not registered.
        InvalidValueError: when the range holds more than `MAX_INTERVALS`.
    """
    machines = machines_of(session, scope)
    states = _cut(session, [m.equipment_id for m in machines], period)
    return [
        EquipmentStates(equipment_id=m.equipment_id, code=m.code, intervals=states[m.equipment_id])
        for m in machines
    ]


def _cut(session: Session, equipment_ids: list[int], period: TimeRange) -> dict[int, list[StateOut]]:
    rows = repository.intervals(session, equipment_ids, period.start, period.end, MAX_INTERVALS + 1)
    if len(rows) > MAX_INTERVALS:
        raise InvalidValueError("to", period.end.isoformat(), f"a range of at most {MAX_INTERVALS} intervals")
    out: dict[int, list[StateOut]] = {equipment_id: [] for equipment_id in equipment_ids}
    for equipment_id, start, end, state, category in rows:
        out[equipment_id].append(
            StateOut.known(
                {
                    "start": max(start, period.start),
                    "end": min(end, period.end),
                    "state": state,
                    "state_name": state_name(state),
                    "category": category,
                }
            )
        )
    return out
