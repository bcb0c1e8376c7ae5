"""Storing results: state intervals stay merged, equal KPI values stay untouched, changed closed ones leave a revision."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import delete, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from chejian_cloud.clock import from_us, to_us
from chejian_cloud.db.app import KpiRevision, KpiValue, StateInterval


class Interval(NamedTuple):
    """A run of one state and category, times in microseconds since 1970."""

    start_us: int
    end_us: int
    state: int
    category: str


@dataclass(frozen=True, slots=True, kw_only=True)
class KpiRow:
    """One KPI of one window; the columns of `KpiValue` without equipment and time of computation."""

    kpi: str
    window_kind: str
    start: datetime
    end: datetime
    value: float | None
    numerator: float | None
    denominator: float | None
    completeness: float | None
    flags: list[str]
    formula_version: str
    provisional: bool
    inputs: dict[str, Any]


_COLUMNS = tuple(KpiRow.__dataclass_fields__)
_KEY = ("equipment_id", "kpi", "window_kind", "start")


def merged(intervals: Sequence[Interval]) -> list[Interval]:
    """Join touching neighbours of equal state and category."""
    out: list[Interval] = []
    for interval in intervals:
        last = out[-1] if out else None
        if last and last.end_us == interval.start_us and last[2:] == interval[2:]:
            out[-1] = last._replace(end_us=interval.end_us)
        else:
            out.append(interval)
    return out


def store_intervals(
    session: Session, equipment_id: int, intervals: Sequence[Interval], start_us: int, end_us: int
) -> None:
    """Replace the equipment's intervals in [start_us, end_us); what sticks out on either side is kept and joined."""
    rows = session.scalars(
        select(StateInterval)
        .where(
            StateInterval.equipment_id == equipment_id,
            StateInterval.end >= from_us(start_us),
            StateInterval.start <= from_us(end_us),
        )
        .order_by(StateInterval.start)
    )
    old = [Interval(to_us(r.start), to_us(r.end), r.state, r.category) for r in rows]
    left = [i._replace(end_us=min(i.end_us, start_us)) for i in old if i.start_us < start_us]
    right = [i._replace(start_us=max(i.start_us, end_us)) for i in old if i.end_us > end_us]
    new = merged([*left, *intervals, *right])
    kept = {i.start_us for i in new}
    gone = [from_us(i.start_us) for i in old if i.start_us not in kept]
    if gone:
        session.execute(
            delete(StateInterval).where(
                StateInterval.equipment_id == equipment_id, StateInterval.start.in_(gone)
            )
        )
    if changed := [i for i in new if i not in set(old)]:
        statement = insert(StateInterval)
        session.execute(
            statement.on_conflict_do_update(
                index_elements=["equipment_id", "start"],
                set_={name: statement.excluded[name] for name in ("end", "state", "category")},
            ),
            [
                {
                    "equipment_id": equipment_id,
                    "start": from_us(i.start_us),
                    "end": from_us(i.end_us),
                    "state": i.state,
                    "category": i.category,
                }
                for i in changed
            ],
        )


def store_kpis(
    session: Session, equipment_id: int, kind: str, rows: Sequence[KpiRow], *, now: datetime, settle_us: int
) -> None:
    """Store the KPIs of adjoining windows of one kind.

    Equal rows stay as they are, time of computation included. Rows of windows that the calendar no longer has are
    deleted. A closed window's row that has stood for the settling time and changes leaves a revision; further changes
    within the settling time (the rest of a back-fill) go into the same revision.
    """
    if not rows:
        return
    stored = session.scalars(
        select(KpiValue).where(
            KpiValue.equipment_id == equipment_id,
            KpiValue.window_kind == kind,
            KpiValue.end > min(r.start for r in rows),
            KpiValue.start < max(r.end for r in rows),
        )
    ).all()
    old = {(r.kpi, r.start): r for r in stored}
    settle = timedelta(microseconds=settle_us)
    changed = []
    for row in rows:
        before = old.pop((row.kpi, row.start), None)
        if before is not None and all(getattr(before, name) == getattr(row, name) for name in _COLUMNS):
            continue
        if before is not None and not before.provisional and _number(before) != _number(row):
            _revise(session, before, row, now, settle)
        changed.append({"equipment_id": equipment_id, **asdict(row), "computed_at": now})
    _delete(session, old.values())
    session.expunge_all()
    if changed:
        statement = insert(KpiValue)
        names = [n for n in (*_COLUMNS, "computed_at") if n not in _KEY]
        session.execute(
            statement.on_conflict_do_update(
                index_elements=list(_KEY), set_={name: statement.excluded[name] for name in names}
            ),
            changed,
        )


def _number(row: KpiValue | KpiRow) -> tuple[object, ...]:
    return row.value, row.numerator, row.denominator, row.completeness


def _delete(session: Session, rows: Any) -> None:
    for row in rows:
        session.delete(row)
    session.flush()


def _revise(session: Session, before: KpiValue, row: KpiRow, now: datetime, settle: timedelta) -> None:
    new = {"new_value": row.value, "new_inputs": row.inputs, "revised_at": now}
    if max(before.computed_at, before.end) <= now - settle:
        session.add(
            KpiRevision(
                equipment_id=before.equipment_id,
                kpi=row.kpi,
                window_kind=row.window_kind,
                start=row.start,
                end=row.end,
                old_value=before.value,
                old_inputs=before.inputs,
                old_computed_at=before.computed_at,
                **new,
            )
        )
        session.flush()
        return
    session.execute(
        update(KpiRevision)
        .where(
            KpiRevision.equipment_id == before.equipment_id,
            KpiRevision.kpi == row.kpi,
            KpiRevision.window_kind == row.window_kind,
            KpiRevision.start == row.start,
            KpiRevision.revised_at > now - settle,
        )
        .values(**new)
    )
