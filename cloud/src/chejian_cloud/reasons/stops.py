"""Stops with their reasons: state intervals of standing machines, cut where what people said changes."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial

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
from chejian_cloud.reasons.journal import Line, Said, fold, read_lines
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
SELECT a.number, min(found.time)
  FROM unnest(CAST(:numbers AS integer[]), CAST(:series AS integer[]), CAST(:after AS timestamptz[])) AS a(number, id, after)
 CROSS JOIN LATERAL (SELECT p.time FROM telemetry.sample p
                      WHERE p.series_id = a.id AND p.time >= a.after AND p.time >= :first AND p.value = ANY(:states)
                        AND p.quality = ANY(:readable)
                      ORDER BY p.time LIMIT 1) found
 GROUP BY a.number
""")
"""Bounded by the first of the times besides, which rules out partitions before anything is read."""
_STATE_SERIES = text("""
SELECT g.equipment_id, s.series_id FROM app.equipment_feed g -- OFFSET 0: see `chejian_cloud.worker.setup`
 CROSS JOIN LATERAL (SELECT x.node_id FROM telemetry.node x
                      WHERE x.group_id = g.group_id AND x.edge_node = g.edge_node OFFSET 0) n
 CROSS JOIN LATERAL (SELECT x.device_id FROM telemetry.device x
                      WHERE x.node_id = n.node_id AND x.name = g.device OFFSET 0) v
 CROSS JOIN LATERAL (SELECT x.series_id FROM telemetry.series x
                      WHERE x.device_id = v.device_id AND x.role = :role OFFSET 0) s
 WHERE g.equipment_id = ANY(:equipment_ids)
""")
_READABLE = [int(Quality.GOOD), int(Quality.UNCERTAIN)]
FOREVER_US = 2**62
"""End of a reason that no production has ended [us]."""


StateSeries = Callable[[Collection[int]], Mapping[int, Sequence[int]]]
"""From ids of machines to those of the series of their states; asked only about machines with a reason without end."""


@dataclass(frozen=True, slots=True)
class Journal:
    """What people said about one machine in some time.

    Attributes:
        lines: that hold, in the order of the journal.
        ends_us: start of each line without end -> when the machine produces again [us].
    """

    lines: Sequence[Line] = ()
    ends_us: Mapping[int, int] = field(default_factory=dict)

    def said(self, lo_us: int, hi_us: int) -> list[Said]:
        """What holds of [lo, hi), which lies in the journal's time."""
        return fold(self.lines, lo_us, hi_us, self.ends_us.__getitem__)


def produces_again_us(session: Session, asked: Sequence[tuple[Sequence[int], int]]) -> list[int]:
    """Times of the first sample at or after a time that says "producing"; `FOREVER_US` for none.

    Args:
        session: any.
        asked: ids of the series of a machine's state, and a time [us since 1970], of each.
    """
    rows = [(number, key, after) for number, (series, after) in enumerate(asked) for key in series]
    out = [FOREVER_US] * len(asked)
    if not rows:
        return out
    values = {
        "numbers": [number for number, _, _ in rows],
        "series": [key for _, key, _ in rows],
        "after": [from_us(after) for _, _, after in rows],
        "first": from_us(min(after for _, _, after in rows)),
        "states": list(PRODUCING),
        "readable": _READABLE,
    }
    for number, time in session.execute(_PRODUCES, values):
        out[number] = to_us(time)
    return out


def journals(
    session: Session, equipment_ids: Collection[int], lo_us: int, hi_us: int, state_series: StateSeries
) -> dict[int, Journal]:
    """What people said about [lo, hi) of some machines."""
    lines = read_lines(session, equipment_ids, lo_us, hi_us)
    starts = [(key, x.start_us) for key, own in lines.items() for x in own if x.end_us is None]
    series = state_series({key for key, _ in starts}) if starts else {}
    ends = produces_again_us(session, [(series.get(key, ()), start) for key, start in starts])
    by_machine: dict[int, dict[int, int]] = {}
    for (key, start), end in zip(starts, ends, strict=True):
        by_machine.setdefault(key, {})[start] = end
    return {key: Journal(lines.get(key, ()), by_machine.get(key, {})) for key in equipment_ids}


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
    if unexplained:
        rows = [row for row in rows if row["end"] - row["start"] >= minor]
    lo, hi = to_us(period.start), to_us(period.end)
    standing = list(dict.fromkeys(row["equipment_id"] for row in rows))
    said = {
        key: own.said(lo, hi)
        for key, own in journals(session, standing, lo, hi, partial(_state_series, session)).items()
    }
    out = [stop for row in rows for stop in _cut(row, said[row["equipment_id"]], lo, hi, minor)]
    return [stop for stop in out if stop.needs_reason or not unexplained]


def _state_series(session: Session, equipment_ids: Collection[int]) -> dict[int, list[int]]:
    values = {"equipment_ids": list(equipment_ids), "role": Role.MACHINE_STATE.value}
    out: dict[int, list[int]] = {}
    for equipment_id, series_id in session.execute(_STATE_SERIES, values):
        out.setdefault(equipment_id, []).append(series_id)
    return out


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
    return StopOut.known(
        {
            "equipment_id": row["equipment_id"],
            "start": from_us(start),
            "end": from_us(end),
            "state": state,
            "state_name": state_name(state),
            "category": row["category"],
            "reason": said.reason if said is not None else None,
            "comment": said.comment if said is not None else "",
            "user_name": said.user_name if said is not None else "",
            "change_id": said.change_id if said is not None else None,
            "needs_reason": long and not explained and not planned and state in UNEXPLAINED,
        }
    )
