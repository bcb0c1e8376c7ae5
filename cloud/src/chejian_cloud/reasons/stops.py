"""Stops with their reasons: state intervals of standing machines, cut where what people said changes."""

from collections.abc import Iterator, Sequence
from datetime import timedelta

from chejian_contract.samples import Quality
from chejian_contract.signals import Role
from chejian_contract.states import STATE_CATEGORY, MachineState, TimeCategory
from sqlalchemy import RowMapping, text
from sqlalchemy.orm import Session

from chejian_cloud.clock import from_us, to_us
from chejian_cloud.errors import InvalidValueError
from chejian_cloud.jsontypes import TimeRange
from chejian_cloud.paging import Part
from chejian_cloud.reasons import repository
from chejian_cloud.reasons.journal import Said, fold, read_lines
from chejian_cloud.reasons.schemas import StopOut
from chejian_cloud.registry.repository import equipment as registered
from chejian_cloud.registry.service import require_equipment
from chejian_cloud.states.service import state_name

PRODUCING = tuple(int(s) for s, c in STATE_CATEGORY.items() if c is TimeCategory.PRODUCTION)
"""States that end a reason without end."""
STOPS = tuple(int(s) for s, c in STATE_CATEGORY.items() if c is not TimeCategory.PRODUCTION)
"""States in which a machine stands or is set up."""
UNEXPLAINED = frozenset(
    int(s)
    for s in (
        MachineState.FAULT,
        MachineState.STOPPED,
        MachineState.IDLE,
        MachineState.MAINTENANCE,
        MachineState.OFF,
    )
)
"""States that say that a machine stands and not why; setup, starved and blocked explain themselves."""
CATEGORIES = tuple(
    c.value for c in (TimeCategory.SETUP, TimeCategory.DELAY, TimeCategory.DOWN, TimeCategory.PLANNED_DOWN)
)
MAX_STOPS = 20_000
"""Stops in one answer, about 6 MB of JSON."""

_PRODUCES = text("""
SELECT min(found.time) FROM unnest(CAST(:series AS integer[])) AS s(id)
 CROSS JOIN LATERAL (SELECT p.time FROM telemetry.sample p
                      WHERE p.series_id = s.id AND p.time >= :after AND p.value = ANY(:states)
                        AND p.quality = ANY(:readable)
                      ORDER BY p.time LIMIT 1) found
""")
_STATE_SERIES = text("""
SELECT s.series_id FROM app.equipment_feed g
  JOIN telemetry.node n ON n.group_id = g.group_id AND n.edge_node = g.edge_node
  JOIN telemetry.device v ON v.node_id = n.node_id AND v.name = g.device
  JOIN telemetry.series s ON s.device_id = v.device_id
 WHERE g.equipment_id = :equipment_id AND s.role = :role
""")
_READABLE = [int(Quality.GOOD), int(Quality.UNCERTAIN)]
FOREVER_US = 2**62
"""End of a reason that no production has ended [us]."""


def produces_again_us(session: Session, series: Sequence[int], after_us: int) -> int:
    """Time of the first sample at or after a time that says "producing"; `FOREVER_US` for none.

    Args:
        session: any.
        series: ids of the machine's state.
        after_us: [us since 1970].
    """
    values = {
        "series": list(series),
        "after": from_us(after_us),
        "states": list(PRODUCING),
        "readable": _READABLE,
    }
    found = session.scalar(_PRODUCES, values)
    return to_us(found) if found is not None else FOREVER_US


def said_of(session: Session, equipment_id: int, lo_us: int, hi_us: int, series: Sequence[int]) -> list[Said]:
    """What people said about [lo, hi) of a machine whose state is in `series`."""
    lines = read_lines(session, equipment_id, lo_us, hi_us)
    return fold(lines, lo_us, hi_us, lambda start: produces_again_us(session, series, start))


def stops_of(
    session: Session, equipment_id: int, period: TimeRange, *, minor: timedelta, unexplained: bool
) -> list[StopOut]:
    """Stops of a machine that overlap a range, cut to it.

    Args:
        session: any.
        equipment_id: of the machine.
        period: the range.
        minor: stops shorter than this need no reason.
        unexplained: only those that need one.

    Raises:
        NotFoundError: when the equipment is not registered.
        InvalidValueError: when the range holds more than `MAX_STOPS`.
    """
    require_equipment(session, equipment_id)
    return _stops(session, [equipment_id], period, minor, unexplained=unexplained)


def stops_in(
    session: Session, equipment: Sequence[int], period: TimeRange, *, minor: timedelta
) -> list[StopOut]:
    """Stops of some machines that overlap a range, cut to it.

    Raises:
        InvalidValueError: when the range holds more than `MAX_STOPS`.
    """
    return _stops(session, equipment, period, minor, unexplained=False)


def needs_reason(
    session: Session, period: TimeRange, *, minor: timedelta, workshop: str | None, limit: int
) -> list[StopOut]:
    """Stops of all machines that need a reason, the longest first."""
    equipment = [row["equipment_id"] for row in registered(session, workshop=workshop, part=Part(100_000))]
    found = _stops(session, equipment, period, minor, unexplained=True)
    return sorted(found, key=lambda s: (s.start - s.end, s.equipment_id, s.start))[:limit]


def _stops(
    session: Session, equipment: Sequence[int], period: TimeRange, minor: timedelta, *, unexplained: bool
) -> list[StopOut]:
    states = sorted(UNEXPLAINED) if unexplained else STOPS
    rows = repository.intervals(
        session, equipment, period.start, period.end, states=states, categories=CATEGORIES
    )
    if len(rows) > MAX_STOPS:
        raise InvalidValueError("to", period.end.isoformat(), f"a range of at most {MAX_STOPS} stops")
    by_equipment: dict[int, list[RowMapping]] = {}
    for row in rows:
        by_equipment.setdefault(row["equipment_id"], []).append(row)
    lo, hi = to_us(period.start), to_us(period.end)
    out: list[StopOut] = []
    for equipment_id, own in by_equipment.items():
        series = session.scalars(
            _STATE_SERIES, {"equipment_id": equipment_id, "role": Role.MACHINE_STATE.value}
        ).all()
        said = said_of(session, equipment_id, lo, hi, series)
        for row in own:
            out += _cut(row, said, lo, hi, minor)
    return [stop for stop in out if stop.needs_reason or not unexplained]


def _cut(row: RowMapping, said: Sequence[Said], lo: int, hi: int, minor: timedelta) -> Iterator[StopOut]:
    whole = row["end"] - row["start"]
    start, end = max(to_us(row["start"]), lo), min(to_us(row["end"]), hi)
    at = start
    for piece in said:
        if piece.end_us <= at or piece.start_us >= end:
            continue
        if piece.start_us > at:
            yield _stop(row, at, piece.start_us, None, whole >= minor)
        yield _stop(row, max(at, piece.start_us), min(end, piece.end_us), piece, whole >= minor)
        at = min(end, piece.end_us)
    if at < end:
        yield _stop(row, at, end, None, whole >= minor)


def _stop(row: RowMapping, start: int, end: int, said: Said | None, long: bool) -> StopOut:
    explained = said is not None and said.reason is not None
    state: int = row["state"]
    planned = row["category"] == TimeCategory.PLANNED_DOWN.value
    return StopOut(
        equipment_id=row["equipment_id"],
        start=from_us(start),
        end=from_us(end),
        state=state,
        state_name=state_name(state),
        category=row["category"],
        reason=said.reason if said is not None else None,
        comment=said.comment if said is not None else "",
        user_name=said.user_name if said is not None else "",
        change_id=said.change_id if said is not None else None,
        needs_reason=long and not explained and not planned and state in UNEXPLAINED,
    )
