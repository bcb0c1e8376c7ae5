"""Storing results: state intervals stay merged, equal KPI values stay untouched, changed closed ones leave a revision."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, LiteralString, NamedTuple

from chejian_analytics.kpi import KPIS, OeeResult
from psycopg.rows import dict_row
from sqlalchemy import text
from sqlalchemy.orm import Session

from chejian_cloud.clock import from_us, to_us
from chejian_cloud.db.engine import raw_connection
from chejian_cloud.db.literals import array_literal
from chejian_cloud.worker.revisions import Change, Revisions


class Interval(NamedTuple):
    """A run of one state and class of time, times in microseconds since 1970."""

    start_us: int
    end_us: int
    state: int
    category: str
    loss: str


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


class WindowResult(NamedTuple):
    """Result of one window, from which all its KPIs follow."""

    kind: str
    start: datetime
    end: datetime
    result: OeeResult
    provisional: bool


Window = tuple[str, datetime]
"""Kind and start of a window."""
_COLUMNS = tuple(KpiRow.__dataclass_fields__)
_MICROSECOND = timedelta(microseconds=1)
_WINDOW = ("kpi", "window_kind", "start", "end")
REMOVED = {"removed": True}
"""New inputs of a revision whose window the calendar no longer has."""
Key = tuple[str, str, datetime]
"""KPI, kind and start of a window."""
LONGEST = {"hour": timedelta(hours=1), "shift": timedelta(hours=25), "day": timedelta(hours=25)}
"""Longest window of each kind: a local day with a clock change has 25 hours."""

Row = dict[str, Any]
"""A stored row by column."""
_HEADS = """
SELECT k.window_kind, k.start, max(k."end") AS "end", bool_or(k.provisional) AS provisional,
       string_agg(k.kpi || ' ' || k.formula_version, ',' ORDER BY k.kpi COLLATE "C") AS versions,
       max(k.inputs::text) FILTER (WHERE k.kpi = 'oee')::jsonb AS inputs,
       max(array_to_string(k.flags, ',')) FILTER (WHERE k.kpi = 'oee') AS flags
  FROM unnest(%(kpis)s::text[]) AS q(kpi)
 CROSS JOIN unnest(%(kinds)s::text[], %(since)s::timestamptz[], %(los)s::timestamptz[],
                   %(his)s::timestamptz[]) AS r(kind, since, lo, hi)
  JOIN app.kpi_value k ON k.equipment_id = %(equipment_id)s AND k.kpi = q.kpi AND k.window_kind = r.kind
   AND k.start > r.since AND k.start < r.hi AND k."end" > r.lo
 GROUP BY k.window_kind, k.start
"""
_SELECT = """
SELECT k.kpi, k.window_kind, k.start, k."end", k.value, k.numerator, k.denominator, k.completeness, k.flags,
       k.formula_version, k.provisional, k.computed_at, CASE WHEN k.kpi = 'oee' THEN k.inputs END AS inputs
  FROM unnest(%(kpis)s::text[]) AS q(kpi)
 CROSS JOIN unnest(%(kinds)s::text[], %(starts)s::timestamptz[]) AS r(kind, start)
  JOIN app.kpi_value k ON k.equipment_id = %(equipment_id)s AND k.kpi = q.kpi AND k.window_kind = r.kind
   AND k.start = r.start
"""
"""Only the row of OEE has inputs."""
_INTERVALS = text("""
SELECT start, "end", state, category, loss FROM app.state_interval
 WHERE equipment_id = :equipment_id AND start <= :hi AND start >= COALESCE(
       (SELECT max(b.start) FROM app.state_interval b WHERE b.equipment_id = :equipment_id AND b.start < :lo), :lo)
   AND "end" >= :lo
 ORDER BY start
""")
_DELETE_INTERVALS = text("""
DELETE FROM app.state_interval WHERE equipment_id = :equipment_id AND start = ANY(:starts)
""")
_UPSERT_INTERVALS = """
INSERT INTO app.state_interval (equipment_id, start, "end", state, category, loss)
SELECT %s, n.start, n."end", n.state, n.category, n.loss
  FROM unnest(%s::timestamptz[], %s::timestamptz[], %s::smallint[], %s::text[], %s::text[])
    AS n(start, "end", state, category, loss)
ON CONFLICT (equipment_id, start) DO UPDATE
   SET "end" = excluded."end", state = excluded.state, category = excluded.category, loss = excluded.loss
"""
_DELETE = """
DELETE FROM app.kpi_value k USING unnest(%(kinds)s::text[], %(starts)s::timestamptz[]) AS r(kind, start)
 WHERE k.equipment_id = %(equipment_id)s AND k.window_kind = r.kind AND k.start = r.start
"""
_UPSERT = """
INSERT INTO app.kpi_value (equipment_id, kpi, window_kind, start, "end", value, numerator, denominator, completeness,
                           flags, formula_version, provisional, inputs, computed_at, known_since)
SELECT %s, n.kpi, n.kind, n.start, n."end", n.value, n.numerator, n.denominator, n.completeness,
       string_to_array(n.flags, ','), n.version, n.provisional, n.inputs::jsonb, %s, %s
  FROM unnest(%s::text[], %s::text[], %s::timestamptz[], %s::timestamptz[], %s::float8[], %s::float8[], %s::float8[],
              %s::float8[], %s::text[], %s::text[], %s::bool[], %s::text[])
    AS n(kpi, kind, start, "end", value, numerator, denominator, completeness, flags, version, provisional, inputs)
ON CONFLICT (equipment_id, kpi, window_kind, start) DO UPDATE
   SET "end" = excluded."end", value = excluded.value, numerator = excluded.numerator,
       denominator = excluded.denominator, completeness = excluded.completeness, flags = excluded.flags,
       formula_version = excluded.formula_version, provisional = excluded.provisional, inputs = excluded.inputs,
       computed_at = excluded.computed_at
"""
_KPIS = array_literal(sorted(kpi.id for kpi in KPIS))
_VERSIONS = ",".join(f"{kpi.id} {kpi.formula_version}" for kpi in sorted(KPIS, key=lambda k: k.id))
"""What the KPIs of a window were computed with when nothing is missing."""


def merged(intervals: Sequence[Interval]) -> list[Interval]:
    """Join touching neighbours of equal state and class."""
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
    span = {"equipment_id": equipment_id, "lo": from_us(start_us), "hi": from_us(end_us)}
    rows = session.execute(_INTERVALS, span)
    old = [Interval(to_us(r.start), to_us(r.end), r.state, r.category, r.loss) for r in rows]
    left = [i._replace(end_us=min(i.end_us, start_us)) for i in old if i.start_us < start_us]
    right = [i._replace(start_us=max(i.start_us, end_us)) for i in old if i.end_us > end_us]
    new = merged([*left, *intervals, *right])
    kept = {i.start_us for i in new}
    if gone := [from_us(i.start_us) for i in old if i.start_us not in kept]:
        session.execute(_DELETE_INTERVALS, {"equipment_id": equipment_id, "starts": gone})
    known = set(old)
    if changed := [i for i in new if i not in known]:
        columns: list[list[Any]] = [
            [from_us(i.start_us) for i in changed],
            [from_us(i.end_us) for i in changed],
            [i.state for i in changed],
            [i.category for i in changed],
            [i.loss for i in changed],
        ]
        with raw_connection(session).cursor() as cursor:
            cursor.execute(_UPSERT_INTERVALS, [equipment_id, *map(array_literal, columns)])


def store_kpis(
    session: Session,
    equipment_id: int,
    found: Sequence[WindowResult],
    revisions: Revisions,
    now: datetime,
    *,
    span: tuple[datetime, datetime],
    floor: datetime,
) -> None:
    """Store the KPIs of windows that adjoin within each kind.

    All KPIs of a window follow from its terms and flags, so a window whose terms, flags and formulas are those that are
    stored is left as it is, time of computation included; so is each equal row of the others. Windows that the calendar
    no longer has are deleted, and leave a revision when they had ended. What an ended window's change leaves behind is
    decided by `revisions`.

    Args:
        session: of the unit's transaction.
        equipment_id: of the equipment.
        found: windows of all kinds that overlap `span` and do not begin before `floor`.
        revisions: told of changes of ended windows.
        now: the present.
        span: range that was computed.
        floor: windows that begin earlier stay as they are.
    """
    heads = _heads(session, equipment_id, found, span, floor)
    fresh = [w for w in found if not _is_stored(heads.get((w.kind, w.start)), w)]
    gone = heads.keys() - {(w.kind, w.start) for w in found}
    wanted = [*((w.kind, w.start) for w in fresh if (w.kind, w.start) in heads), *sorted(gone)]
    old = _stored(session, equipment_id, wanted)
    changed = []
    for row in (row for window in fresh for row in _rows(window)):
        before = old.pop((row.kpi, row.window_kind, row.start), None)
        if before is not None and all(before[name] == getattr(row, name) for name in _COLUMNS):
            continue
        if before is not None and not before["provisional"]:
            _revise(revisions, equipment_id, before, row)
        changed.append(row)
    for before in old.values():
        if not before["provisional"]:
            _revise(revisions, equipment_id, before, None)
    if gone:
        _delete(session, equipment_id, sorted(gone))
    _upsert(session, equipment_id, changed, now)


def _rows(window: WindowResult) -> Iterator[KpiRow]:
    result = window.result
    flags = list(result.flags)
    for kpi in KPIS:
        yield KpiRow(
            kpi=kpi.id,
            window_kind=window.kind,
            start=window.start,
            end=window.end,
            value=kpi.function(result),
            numerator=kpi.numerator(result),
            denominator=kpi.denominator(result),
            completeness=result.completeness,
            flags=flags,
            formula_version=kpi.formula_version,
            provisional=window.provisional,
            inputs=result.terms() if kpi.id == "oee" else {},
        )


def _heads(
    session: Session,
    equipment_id: int,
    found: Sequence[WindowResult],
    span: tuple[datetime, datetime],
    floor: datetime,
) -> dict[Window, Row]:
    """What is stored of the windows that overlap the span or those of `found`, by kind and start."""
    ranges = dict.fromkeys(LONGEST, span)  # a kind without windows now may have had some here
    for window in found:
        lo, hi = ranges[window.kind]
        ranges[window.kind] = (min(lo, window.start), max(hi, window.end))
    values = {
        "equipment_id": equipment_id,
        "kpis": _KPIS,
        "kinds": array_literal(ranges),
        "since": array_literal(
            max(lo - LONGEST[kind], floor - _MICROSECOND) for kind, (lo, _) in ranges.items()
        ),
        "los": array_literal(lo for lo, _ in ranges.values()),
        "his": array_literal(hi for _, hi in ranges.values()),
    }
    return {(row["window_kind"], row["start"]): row for row in _fetched(session, _HEADS, values)}


def _fetched(session: Session, query: LiteralString, values: dict[str, Any]) -> list[Row]:
    with raw_connection(session).cursor(binary=True, row_factory=dict_row) as cursor:
        return cursor.execute(query, values).fetchall()


def _is_stored(head: Row | None, window: WindowResult) -> bool:
    return (
        head is not None
        and head["versions"] == _VERSIONS
        and (head["end"], head["provisional"]) == (window.end, window.provisional)
        and head["flags"] == ",".join(window.result.flags)
        and head["inputs"] == window.result.terms()
    )


def _stored(session: Session, equipment_id: int, windows: Sequence[Window]) -> dict[Key, Row]:
    """Stored rows of some windows, by KPI, kind and start."""
    if not windows:
        return {}
    values = {"equipment_id": equipment_id, "kpis": _KPIS, **_columns(windows)}
    found = _fetched(session, _SELECT, values)
    for row in found:
        row["inputs"] = row["inputs"] or {}
    return {(row["kpi"], row["window_kind"], row["start"]): row for row in found}


def _delete(session: Session, equipment_id: int, windows: Sequence[Window]) -> None:
    with raw_connection(session).cursor() as cursor:
        cursor.execute(_DELETE, {"equipment_id": equipment_id, **_columns(windows)})


def _columns(windows: Sequence[Window]) -> dict[str, str]:
    return {
        "kinds": array_literal(kind for kind, _ in windows),
        "starts": array_literal(start for _, start in windows),
    }


def _upsert(session: Session, equipment_id: int, rows: Sequence[KpiRow], now: datetime) -> None:
    if not rows:
        return
    columns: list[list[Any]] = [
        [row.kpi for row in rows],
        [row.window_kind for row in rows],
        [row.start for row in rows],
        [row.end for row in rows],
        [row.value for row in rows],
        [_float(row.numerator) for row in rows],
        [_float(row.denominator) for row in rows],
        [row.completeness for row in rows],
        [",".join(row.flags) for row in rows],
        [row.formula_version for row in rows],
        [row.provisional for row in rows],
        [json.dumps(row.inputs) if row.inputs else "{}" for row in rows],
    ]
    with raw_connection(session).cursor() as cursor:
        cursor.execute(_UPSERT, [equipment_id, now, now, *map(array_literal, columns)])


def _float(value: float | None) -> float | None:
    return None if value is None else float(value)


def _revise(revisions: Revisions, equipment_id: int, before: Row, row: KpiRow | None) -> None:
    """Tell `revisions` of another number, or of a window that is no more; flags and loss times alone revise nothing."""
    numbers = ("numerator", "denominator", "completeness")
    if row is not None and all(before[name] == getattr(row, name) for name in ("value", *numbers)):
        return
    told = (*numbers, "flags", "formula_version")
    new = REMOVED if row is None else {name: getattr(row, name) for name in told} | row.inputs
    revisions.note(
        Change(
            {"equipment_id": equipment_id, **{name: before[name] for name in _WINDOW}},
            {
                "old_value": before["value"],
                "old_inputs": json.dumps({name: before[name] for name in told} | before["inputs"]),
            },
            {"new_value": None if row is None else row.value, "new_inputs": json.dumps(new)},
            before["computed_at"],
        )
    )
