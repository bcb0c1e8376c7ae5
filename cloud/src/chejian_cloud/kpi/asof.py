"""What was believed at a time: values of ended windows as they stood then, from the revisions.

A revision is written when a settled value changes (`worker.revisions`), so a value counts as believed from the first
computation of its window on; what a window showed while it was open or settled is not kept.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import RowMapping, text
from sqlalchemy.orm import Session

from chejian_cloud.kpi.schemas import KpiValueOut

_VALUES = text("""
WITH later AS (
     SELECT DISTINCT ON (equipment_id, kpi, window_kind, start)
            equipment_id, kpi, window_kind, start, "end", old_value, old_inputs, old_computed_at
       FROM app.kpi_revision
      WHERE equipment_id = ANY(:equipment) AND revised_at > :as_of AND "end" > :lo AND start < :hi AND "end" <= :as_of
        AND (CAST(:kpi AS text) IS NULL OR kpi = :kpi) AND (CAST(:kind AS text) IS NULL OR window_kind = :kind)
      ORDER BY equipment_id, kpi, window_kind, start, revised_at, kpi_revision_id),
     present AS (
     SELECT * FROM app.kpi_value
      WHERE equipment_id = ANY(:equipment) AND "end" > :lo AND start < :hi AND "end" <= :as_of
        AND (CAST(:kpi AS text) IS NULL OR kpi = :kpi) AND (CAST(:kind AS text) IS NULL OR window_kind = :kind))
SELECT equipment_id, kpi, window_kind, COALESCE(l.start, p.start) AS start, COALESCE(l."end", p."end") AS "end",
       l.start IS NOT NULL AS revised, l.old_value, l.old_inputs,
       CASE WHEN l.start IS NULL THEN p.computed_at ELSE l.old_computed_at END AS computed_at,
       p.value, p.numerator, p.denominator, p.completeness, p.flags, p.formula_version, p.inputs
  FROM later l FULL JOIN present p USING (equipment_id, kpi, window_kind, start)
 WHERE LEAST(l.old_computed_at, p.known_since, p.computed_at) <= :as_of
 ORDER BY equipment_id, window_kind, start, kpi LIMIT :limit
""")
_APART = ("numerator", "denominator", "completeness", "flags", "formula_version")


def values_as_of(
    session: Session,
    equipment_ids: Sequence[int],
    as_of: datetime,
    *,
    kpi: str | None,
    window: str | None,
    lo: datetime,
    hi: datetime,
    limit: int,
) -> list[tuple[int, KpiValueOut]]:
    """Equipment and value of windows that overlap [lo, hi) and had ended by `as_of`, as they stood then.

    Args:
        session: any.
        equipment_ids: whose.
        as_of: the time of belief.
        kpi: only this one; None: all.
        window: only this kind; None: all.
        lo: start.
        hi: end, excluded.
        limit: at most so many.
    """
    values = {
        "equipment": list(equipment_ids),
        "as_of": as_of,
        "kpi": kpi,
        "kind": window,
        "lo": lo,
        "hi": hi,
        "limit": limit,
    }
    return [(row["equipment_id"], _value(row)) for row in session.execute(_VALUES, values).mappings()]


def _value(row: RowMapping) -> KpiValueOut:
    told: dict[str, Any] = dict(row)
    if row["revised"]:
        old = dict(row["old_inputs"])
        apart = {name: old.pop(name, None) for name in _APART}
        told |= apart | {"value": row["old_value"], "inputs": old}
        told["flags"] = apart["flags"] or []
        told["formula_version"] = apart["formula_version"] or ""
    return KpiValueOut.model_validate(told | {"provisional": False})
