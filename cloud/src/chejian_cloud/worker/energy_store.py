"""Storing what meters show: equal rows stay untouched, changed ended windows leave a revision like KPIs do."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg.types.json import Jsonb
from sqlalchemy import RowMapping, text

from chejian_cloud.db.engine import raw_connection
from chejian_cloud.worker.kpi_rows import LONGEST
from chejian_cloud.worker.meters import MeterReader
from chejian_cloud.worker.revisions import Change, Revisions

ENERGY = "energy"
"""Name of the KPI in `kpi_revision`; its value is in the carrier's unit."""
FORMULA_VERSION = "1"
NO_FACTOR = "no_factor"
"""Flag: no conversion factor holds at the window's start."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EnergyRow:
    """What a meter shows of one window; the columns of `EnergyValue` without equipment and time of computation."""

    window_kind: str
    start: datetime
    end: datetime
    amount: int
    covered_us: int
    output: int | None
    completeness: float
    kgce: float | None
    factor: dict[str, Any] | None
    shares: dict[str, Any]
    flags: list[str]
    formula_version: str
    provisional: bool


_COLUMNS = tuple(EnergyRow.__dataclass_fields__)
_TOLD = ("amount", "covered_us", "output", "completeness", "kgce", "shares")
"""Columns whose change in an ended window is a revision."""
_OF_ROW = ", ".join(f'v."{name}"' for name in (*_COLUMNS, "computed_at"))
_SELECT = text(f"""
SELECT {_OF_ROW} FROM unnest(CAST(:kinds AS text[]), CAST(:since AS timestamptz[]), CAST(:los AS timestamptz[]),
                       CAST(:his AS timestamptz[])) AS r(kind, since, lo, hi)
  JOIN app.energy_value v ON v.equipment_id = :equipment_id AND v.window_kind = r.kind
   AND v.start > r.since AND v.start < r.hi AND v."end" > r.lo
""")  # noqa: S608 - names of our own
_DELETE = text("""
DELETE FROM app.energy_value WHERE equipment_id = :equipment_id AND window_kind = :window_kind AND start = :start
""")
_UPSERT = """
INSERT INTO app.energy_value (equipment_id, window_kind, start, "end", amount, covered_us, output, completeness, kgce,
                              factor, shares, flags, formula_version, provisional, computed_at)
VALUES (%(equipment_id)s, %(window_kind)s, %(start)s, %(end)s, %(amount)s, %(covered_us)s, %(output)s,
        %(completeness)s, %(kgce)s, %(factor)s, %(shares)s, %(flags)s, %(formula_version)s, %(provisional)s,
        %(computed_at)s)
ON CONFLICT (equipment_id, window_kind, start) DO UPDATE
   SET "end" = excluded."end", amount = excluded.amount, covered_us = excluded.covered_us, output = excluded.output,
       completeness = excluded.completeness, kgce = excluded.kgce, factor = excluded.factor, shares = excluded.shares,
       flags = excluded.flags, formula_version = excluded.formula_version, provisional = excluded.provisional,
       computed_at = excluded.computed_at
"""


def store_energy(reader: MeterReader, rows: Sequence[EnergyRow], revisions: Revisions, now: datetime) -> None:
    """Store rows of windows that adjoin within each kind.

    Equal rows stay as they are, time of computation included. Rows of windows that the calendar no longer has are
    deleted. What an ended window's change leaves behind is decided by `revisions`.
    """
    session, equipment_id = reader.own.session, reader.setup.equipment_id
    old = _stored(reader, rows)
    changed = []
    for row in rows:
        before = old.pop((row.window_kind, row.start), None)
        if before is not None and all(before[name] == getattr(row, name) for name in _COLUMNS):
            continue
        if before is not None and not before["provisional"]:
            _revise(reader, before, row, revisions)
        values = {name: getattr(row, name) for name in _COLUMNS} | {
            "factor": None if row.factor is None else Jsonb(row.factor),
            "shares": Jsonb(row.shares),
        }
        changed.append({"equipment_id": equipment_id, **values, "computed_at": now})
    for kind, start in old:
        session.execute(_DELETE, {"equipment_id": equipment_id, "window_kind": kind, "start": start})
    if changed:
        with raw_connection(session).cursor() as cursor:
            cursor.executemany(_UPSERT, changed)


def _stored(reader: MeterReader, rows: Sequence[EnergyRow]) -> dict[tuple[str, datetime], RowMapping]:
    """What is stored of the windows that overlap those of `rows`, by kind and start."""
    ranges: dict[str, tuple[datetime, datetime]] = {}
    for row in rows:
        lo, hi = ranges.get(row.window_kind, (row.start, row.end))
        ranges[row.window_kind] = (min(lo, row.start), max(hi, row.end))
    values = {
        "equipment_id": reader.setup.equipment_id,
        "kinds": list(ranges),
        "since": [lo - LONGEST[kind] for kind, (lo, _) in ranges.items()],
        "los": [lo for lo, _ in ranges.values()],
        "his": [hi for _, hi in ranges.values()],
    }
    found = reader.own.session.execute(_SELECT, values).mappings()
    return {(row["window_kind"], row["start"]): row for row in found}


def _revise(reader: MeterReader, before: RowMapping, row: EnergyRow, revisions: Revisions) -> None:
    """Tell `revisions` of other numbers; flags alone revise nothing."""
    old = {name: before[name] for name in _TOLD}
    new = {name: getattr(row, name) for name in _TOLD}
    if old == new:
        return
    revisions.note(
        Change(
            reader.setup.equipment_id,
            ENERGY,
            row.window_kind,
            row.start,
            row.end,
            before["amount"] / reader.per_unit,
            row.amount / reader.per_unit,
            before["computed_at"],
            old,
            new,
        )
    )
