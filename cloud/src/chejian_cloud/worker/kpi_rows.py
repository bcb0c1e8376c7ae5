"""Rows of KPIs in the database: read window by window, written with what the KPIs of a window share sent once."""

import json
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any, LiteralString, NamedTuple

from chejian_analytics.kpi import KPIS, OeeResult
from psycopg.rows import tuple_row
from sqlalchemy.orm import Session

from chejian_cloud.db.engine import raw_connection
from chejian_cloud.db.literals import array_literal

Numbers = tuple[float | None, int | None, int | None]
"""Value, numerator and denominator."""


class WindowResult(NamedTuple):
    """Result of one window, from which all its KPIs follow."""

    kind: str
    start: datetime
    end: datetime
    result: OeeResult
    provisional: bool


class Changed(NamedTuple):
    """A window of which some KPIs are to be written.

    Attributes:
        window: its result.
        numbers: value, numerator and denominator of each of `KPIS`.
        chosen: sum of `2 ** i` over those of `KPIS` that are to be written.
    """

    window: WindowResult
    numbers: Sequence[Numbers]
    chosen: int


class Told(NamedTuple):
    """What a revision tells of a KPI before or after it."""

    value: float | None
    numerator: float | None
    denominator: float | None
    completeness: float | None
    flags: list[str]
    version: str
    inputs: dict[str, Any]

    def inputs_told(self) -> dict[str, Any]:
        """Everything but the value."""
        return {
            "numerator": self.numerator,
            "denominator": self.denominator,
            "completeness": self.completeness,
            "flags": self.flags,
            "formula_version": self.version,
            **self.inputs,
        }


class Head(NamedTuple):
    """What is stored of a window as a whole, in the order of `_HEADS`.

    Attributes:
        kind: of it.
        start: of it.
        end: of it.
        provisional: whether a KPI is.
        versions: KPIs with their formulas' versions, ids in order, with commas between.
        inputs: terms of its OEE as JSON; None without such a row.
        flags: of its OEE, with commas between; None without such a row.
    """

    kind: str
    start: datetime
    end: datetime
    provisional: bool
    versions: str
    inputs: str | None
    flags: str | None

    def terms(self) -> dict[str, Any]:
        """Terms of its OEE."""
        return {} if self.inputs is None else json.loads(self.inputs)


class Stored(NamedTuple):
    """A stored row, in the order of `_SELECT`."""

    kpi: str
    kind: str
    start: datetime
    end: datetime
    value: float | None
    numerator: float | None
    denominator: float | None
    completeness: float | None
    flags: list[str]
    version: str
    provisional: bool
    computed_at: datetime
    inputs: str | None

    def terms(self) -> dict[str, Any]:
        """Its inputs; only the row of OEE has some."""
        return {} if self.inputs is None else json.loads(self.inputs)

    def told(self) -> Told:
        """The same for a revision."""
        return Told(*self[4:10], self.terms())


Window = tuple[str, datetime]
"""Kind and start of a window."""
_MICROSECOND = timedelta(microseconds=1)
Key = tuple[str, str, datetime]
"""KPI, kind and start of a window."""
LONGEST = {"hour": timedelta(hours=1), "shift": timedelta(hours=25), "day": timedelta(hours=25)}
"""Longest window of each kind: a local day with a clock change has 25 hours."""
_HEADS = """
SELECT k.window_kind, k.start, max(k."end"), bool_or(k.provisional),
       string_agg(k.kpi || ' ' || k.formula_version, ',' ORDER BY k.kpi COLLATE "C"),
       max(k.inputs::text) FILTER (WHERE k.kpi = 'oee'),
       max(array_to_string(k.flags, ',')) FILTER (WHERE k.kpi = 'oee')
  FROM unnest(%(kpis)s::text[]) AS q(kpi)
 CROSS JOIN unnest(%(kinds)s::text[], %(since)s::timestamptz[], %(los)s::timestamptz[],
                   %(his)s::timestamptz[]) AS r(kind, since, lo, hi)
  JOIN app.kpi_value k ON k.equipment_id = %(equipment_id)s AND k.kpi = q.kpi AND k.window_kind = r.kind
   AND k.start > r.since AND k.start < r.hi AND k."end" > r.lo
 GROUP BY k.window_kind, k.start
"""
_SELECT = """
SELECT k.kpi, k.window_kind, k.start, k."end", k.value, k.numerator, k.denominator, k.completeness, k.flags,
       k.formula_version, k.provisional, k.computed_at, CASE WHEN k.kpi = 'oee' THEN k.inputs::text END
  FROM unnest(%(kpis)s::text[]) AS q(kpi)
 CROSS JOIN unnest(%(kinds)s::text[], %(starts)s::timestamptz[]) AS r(kind, start)
  JOIN app.kpi_value k ON k.equipment_id = %(equipment_id)s AND k.kpi = q.kpi AND k.window_kind = r.kind
   AND k.start = r.start
"""
_DELETE = """
DELETE FROM app.kpi_value k USING unnest(%(kinds)s::text[], %(starts)s::timestamptz[]) AS r(kind, start)
 WHERE k.equipment_id = %(equipment_id)s AND k.window_kind = r.kind AND k.start = r.start
"""
_NUMBERS = ("value", "numerator", "denominator")
_NAMES = [f"{name}_{i}" for i in range(len(KPIS)) for name in _NUMBERS]
_OF_KPI = ",\n".join(
    f"({kpi.id!r}, {kpi.formula_version!r}, n.chosen & {2**i}, "
    + ", ".join(f"n.{name}_{i}" for name in _NUMBERS)
    + (", n.inputs)" if kpi.id == "oee" else ", '{}'::jsonb)")
    for i, kpi in enumerate(KPIS)
)
_UPSERT = f"""
INSERT INTO app.kpi_value (equipment_id, kpi, window_kind, start, "end", value, numerator, denominator, completeness,
                           flags, formula_version, provisional, inputs, computed_at, known_since)
SELECT %s, q.kpi, n.kind, n.start, n."end", q.value, q.numerator, q.denominator, n.completeness,
       string_to_array(n.flags, ','), q.version, n.provisional, q.inputs, %s, %s
  FROM ROWS FROM (
       unnest(%s::text[], %s::timestamptz[], %s::timestamptz[], %s::float8[], %s::text[], %s::bool[], %s::int[]
              {", %s::float8[]" * len(_NAMES)}),
       jsonb_array_elements(%s::jsonb))
    AS n(kind, start, "end", completeness, flags, provisional, chosen, {", ".join(_NAMES)}, inputs)
 CROSS JOIN LATERAL (VALUES {_OF_KPI}) AS q(kpi, version, chosen, value, numerator, denominator, inputs)
 WHERE q.chosen <> 0
ON CONFLICT (equipment_id, kpi, window_kind, start) DO UPDATE
   SET "end" = excluded."end", value = excluded.value, numerator = excluded.numerator,
       denominator = excluded.denominator, completeness = excluded.completeness, flags = excluded.flags,
       formula_version = excluded.formula_version, provisional = excluded.provisional, inputs = excluded.inputs,
       computed_at = excluded.computed_at
"""  # noqa: S608 - the text put in are ids and versions of the registry
"""A window by a row: what its KPIs share goes to the server once."""
_KPIS = array_literal(sorted(kpi.id for kpi in KPIS))


def read_heads(
    session: Session,
    equipment_id: int,
    found: Sequence[WindowResult],
    span: tuple[datetime, datetime],
    floor: datetime,
) -> dict[Window, Head]:
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
    return {(row[0], row[1]): Head(*row) for row in _fetched(session, _HEADS, values)}


def _fetched(session: Session, query: LiteralString, values: dict[str, Any]) -> list[tuple[Any, ...]]:
    with raw_connection(session).cursor(binary=True, row_factory=tuple_row) as cursor:
        return cursor.execute(query, values).fetchall()


def read_rows(session: Session, equipment_id: int, windows: Sequence[Window]) -> dict[Key, Stored]:
    """Stored rows of some windows, by KPI, kind and start."""
    if not windows:
        return {}
    values = {"equipment_id": equipment_id, "kpis": _KPIS, **_columns(windows)}
    found = map(Stored._make, _fetched(session, _SELECT, values))
    return {(row.kpi, row.kind, row.start): row for row in found}


def delete_rows(session: Session, equipment_id: int, windows: Sequence[Window]) -> None:
    """Delete all KPIs of some windows."""
    with raw_connection(session).cursor() as cursor:
        cursor.execute(_DELETE, {"equipment_id": equipment_id, **_columns(windows)})


def _columns(windows: Sequence[Window]) -> dict[str, str]:
    return {
        "kinds": array_literal(kind for kind, _ in windows),
        "starts": array_literal(start for _, start in windows),
    }


def write_rows(session: Session, equipment_id: int, changed: Sequence[Changed], now: datetime) -> None:
    """Write the chosen KPIs of some windows, computed at `now`."""
    if not changed:
        return
    windows = [c.window for c in changed]
    columns: list[Iterable[Any]] = [
        [w.kind for w in windows],
        [w.start for w in windows],
        [w.end for w in windows],
        [w.result.completeness for w in windows],
        [",".join(w.result.flags) for w in windows],
        [w.provisional for w in windows],
        [c.chosen for c in changed],
    ]
    columns += [[c.numbers[i][k] for c in changed] for i in range(len(KPIS)) for k in range(len(_NUMBERS))]
    with raw_connection(session).cursor() as cursor:
        inputs = json.dumps([w.result.terms() for w in windows])
        cursor.execute(_UPSERT, [equipment_id, now, now, *map(array_literal, columns), inputs])
