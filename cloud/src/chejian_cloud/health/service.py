"""The ledger's identity and the completeness of data, for people."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from chejian_contract.ledger import Range, format_ranges, merge
from sqlalchemy import RowMapping
from sqlalchemy.orm import Session

from chejian_cloud.db.edition import detect_edition
from chejian_cloud.health import repository
from chejian_cloud.health.schemas import (
    DataHealthOut,
    DeadLetterOut,
    EquipmentCompleteness,
    HourOut,
    LedgerOut,
    NodeOut,
    WorkshopCompleteness,
)
from chejian_cloud.jsontypes import TimeRange, finite
from chejian_cloud.registry.repository import workshops
from chejian_cloud.registry.scope import EVERYTHING, Scope
from chejian_cloud.registry.service import machine_types, require_scope

NEWEST = 5
"""Dead letters shown of each node; the others are listed by `chejian-gateway deadletter`."""


def data_health(session: Session, scope: Scope = EVERYTHING, *, machines: bool = True) -> DataHealthOut:
    """Ledgers of all nodes, what waits, and (`machines`) the completeness of the last 24 hours of a scope."""
    now = datetime.now(UTC)
    marks, tasks = repository.waiting(session)
    letters = repository.dead_letters_by_node(session)
    newest: dict[int, list[RowMapping]] = defaultdict(list)
    for letter in repository.newest_dead_letters(
        session, [key for key in letters if key is not None], NEWEST
    ):
        newest[letter["node_id"]].append(letter)
    ledgers: dict[int, list[RowMapping]] = defaultdict(list)
    for ledger in repository.ledgers(session):
        ledgers[ledger["node_id"]].append(ledger)
    return DataHealthOut(
        time=now,
        store=detect_edition(session.connection()),
        nodes=[
            _node(row, ledgers[row["node_id"]], letters, newest[row["node_id"]])
            for row in repository.nodes(session)
        ],
        unassigned_dead_letters=letters.get(None, 0),
        marks=marks,
        waiting_diagnoses=tasks,
        equipment=completeness(session, scope, TimeRange(now - timedelta(hours=24), now)) if machines else [],
    )


def completeness(session: Session, scope: Scope, period: TimeRange) -> list[EquipmentCompleteness]:
    """Known part of the planned busy time of every machine, by hour and over the whole range.

    Raises:
        NotFoundError: when the workshop or the line of the scope is not registered.
    """
    require_scope(session, scope)
    machines = repository.machines(session, scope, machine_types())
    hours: dict[int, list[HourOut]] = {m.equipment_id: [] for m in machines}
    sums = dict.fromkeys(hours, (0, 0))
    for equipment_id, busy, missing, start, end, share, provisional in repository.hours(
        session, list(hours), period.start, period.end
    ):
        known, lacking = sums[equipment_id]
        sums[equipment_id] = (known + busy, lacking + missing)
        hours[equipment_id].append(_hour(start, end, finite(share), provisional))
    return [
        EquipmentCompleteness(
            equipment_id=e.equipment_id,
            code=e.code,
            name_zh=e.name_zh,
            name_en=e.name_en,
            completeness=_share(*sums[e.equipment_id]),
            hours=hours[e.equipment_id],
        )
        for e in machines
    ]


def workshop_completeness(session: Session, period: TimeRange) -> list[WorkshopCompleteness]:
    """Known part of the planned busy time of every workshop, by hour."""
    by_workshop: dict[int, list[HourOut]] = {}
    for row in repository.workshop_hours(session, period.start, period.end):
        share = _share(row.known_us, row.missing_us)
        hour = _hour(row.start, row.end, share, row.provisional)
        by_workshop.setdefault(row.workshop_id, []).append(hour)
    return [
        WorkshopCompleteness(**row, hours=by_workshop.get(row["workshop_id"], []))
        for row in workshops(session)
    ]


def _hour(start: datetime, end: datetime, completeness: float | None, provisional: bool) -> HourOut:
    return HourOut.known(
        {"start": start, "end": end, "completeness": completeness, "provisional": provisional}
    )


def _share(known: int, missing: int) -> float | None:
    return known / (known + missing) if known + missing else None


def _node(
    row: RowMapping,
    ledgers: Iterable[RowMapping],
    letters: Mapping[int | None, int],
    newest: Iterable[RowMapping],
) -> NodeOut:
    count = letters.get(row["node_id"], 0)
    return NodeOut(
        **{k: row[k] for k in NodeOut.model_fields if k in row},
        group=row["group_id"],
        node=row["edge_node"],
        has_ledger=row["ledger_id"] is not None,
        ledgers=[_ledger(x, row["ledger_id"]) for x in ledgers],
        dead_letters=count,
        newest_dead_letters=[DeadLetterOut.model_validate(dict(x)) for x in newest],
    )


def _ledger(row: RowMapping, current: int | None) -> LedgerOut:
    kinds = {kind: closed_ranges(row[kind]) for kind in ("stored", "dead", "lost")}
    counts = {kind: _count(ranges) for kind, ranges in kinds.items()}
    handled = merge(r for ranges in kinds.values() for r in ranges)
    produced = max(row["produced_batches"], handled[-1][1] if handled else 0)
    return LedgerOut.model_validate(
        {
            **row,
            **{f"{kind}_batches": count for kind, count in counts.items()},
            **{f"{kind}_ranges": format_ranges(ranges) for kind, ranges in kinds.items()},
            "ledger_id": str(row["ledger_id"]),
            "current": row["ledger_id"] == current,
            "produced_batches": produced,
            "in_flight_batches": produced - _count(handled),
            "balanced": sum(counts.values()) == _count(handled),
        }
    )


def closed_ranges(multirange: Iterable[Any]) -> list[Range]:
    """Closed ranges of a multirange, which PostgreSQL writes closed-open."""
    return merge((int(r.lower), int(r.upper) - 1) for r in multirange)


def _count(ranges: Iterable[Range]) -> int:
    return sum(hi - lo + 1 for lo, hi in ranges)
