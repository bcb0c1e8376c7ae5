"""Marks of `app.dirty`: what registry, calendar and ideal-cycle edits, and people, want computed anew."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.orm import Session

CHANNEL = "chejian_dirty"
"""Notification channel that wakes the worker; a hint only, the marks are the truth."""

REGISTRY_LOCK = "chejian.registry"
"""Name of the advisory lock (hashed by the server) between registry edits and the deletion of unmapped marks."""

_MARK = text("""
INSERT INTO app.dirty AS d (equipment_id, hour, lo, hi, reason, samples)
SELECT e.equipment_id, h.hour, h.hour, h.hour + interval '1 hour', :reason, :samples
  FROM app.equipment e
  CROSS JOIN LATERAL (
       SELECT min(first) AS first FROM (
              SELECT (SELECT p.time FROM telemetry.sample p WHERE p.series_id = s.series_id ORDER BY p.time LIMIT 1) AS first
                FROM app.equipment_feed g
                JOIN telemetry.node n ON n.group_id = g.group_id AND n.edge_node = g.edge_node
                JOIN telemetry.device v ON v.node_id = n.node_id AND v.name = g.device
                JOIN telemetry.series s ON s.device_id = v.device_id
               WHERE g.equipment_id = e.equipment_id
              UNION ALL
              SELECT (SELECT w.time FROM telemetry.waveform w WHERE w.series_id = s.series_id ORDER BY w.time LIMIT 1)
                FROM app.equipment_feed g
                JOIN telemetry.node n ON n.group_id = g.group_id AND n.edge_node = g.edge_node
                JOIN telemetry.device v ON v.node_id = n.node_id AND v.name = g.device
                JOIN telemetry.series s ON s.device_id = v.device_id
               WHERE g.equipment_id = e.equipment_id
              UNION ALL
              SELECT min(i.start) FROM app.state_interval i WHERE i.equipment_id = e.equipment_id) known) x
  CROSS JOIN LATERAL generate_series(
       date_trunc('hour', greatest(x.first, CAST(:lo AS timestamptz))),
       least(CAST(:hi AS timestamptz), now()), interval '1 hour') AS h(hour)
 WHERE x.first IS NOT NULL AND (CAST(:code AS text) IS NULL OR e.code = :code)
   AND (CAST(:equipment_ids AS integer[]) IS NULL OR e.equipment_id = ANY(:equipment_ids))
 ORDER BY e.equipment_id, h.hour
ON CONFLICT (equipment_id, hour) DO UPDATE
   SET lo = least(d.lo, excluded.lo), hi = greatest(d.hi, excluded.hi), gen = d.gen + 1, reason = excluded.reason,
       samples = d.samples OR excluded.samples
""")


def mark(
    session: Session,
    *,
    reason: str,
    lo: datetime | None = None,
    hi: datetime | None = None,
    code: str | None = None,
    equipment_ids: Sequence[int] | None = None,
    samples: bool = True,
) -> int:
    """Mark the hours of known data that overlap [lo, hi] for recomputation, and wake the worker.

    For every edit that changes what samples mean: calendar, ideal cycle, registry, conversion factor, stop reason.
    Call it in the transaction of the edit. Hours beyond raw retention are refused by the worker.

    Args:
        session: its transaction holds the marks; the worker sees them after the commit.
        reason: for people, kept with the mark.
        lo: start; None: the first known sample of each equipment.
        hi: end; None: now.
        code: only equipment of this code; None: all.
        equipment_ids: only these; None: all.
        samples: whether the edit changes which samples belong to the equipment, so that rollups and diagnoses are
            touched too; a fact about them (a reason, an order, a shift) changes states and KPIs only.

    Returns:
        Number of marked hours over all equipment.
    """
    values = {
        "reason": reason,
        "lo": lo,
        "hi": hi,
        "code": code,
        "equipment_ids": _ids(equipment_ids),
        "samples": samples,
    }
    count: int = session.execute(_MARK, values).rowcount  # type: ignore[attr-defined] # a cursor result
    session.execute(text(f"NOTIFY {CHANNEL}"))
    return count


def _ids(equipment_ids: Sequence[int] | None) -> list[int] | None:
    return None if equipment_ids is None else list(equipment_ids)


def lock_registry(session: Session) -> None:
    """Until the transaction's end, let nobody else edit the registry or delete marks of unmapped devices.

    Without it, a mark could be deleted as unmapped after the edit that maps its device has looked for samples.
    """
    session.execute(text("SELECT pg_advisory_xact_lock(hashtext(:lock))"), {"lock": REGISTRY_LOCK})
