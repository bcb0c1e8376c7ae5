"""Windows that outlive raw retention: the newest, those that a verdict, an answer, an order or a request names, and those of baselines.

The gateway drops whole days of raw data. Before that, the windows that something links to are copied; what nothing links to
any more is deleted here, so the copies stay few: nothing that a verdict, an answer or a baseline names is ever lost.
"""

from datetime import datetime, timedelta

from sqlalchemy import text
from sqlalchemy.orm import Session

AHEAD = timedelta(days=2)
"""So long before raw retention ends a window is copied; a worker may be away that long."""
AT_ONCE = 20
"""Windows of one transaction: about 10 MB of 122,000 values each."""

_WANTED = """
   (EXISTS (SELECT FROM app.diagnosis d
             WHERE d.series_id = v.series_id AND d.time = v.time
               AND (d.part IS NOT NULL OR d.confidence = 'impulsive_unassigned'
                    OR EXISTS (SELECT FROM app.diagnosis_label l WHERE l.diagnosis_id = d.diagnosis_id)
                    OR EXISTS (SELECT FROM app.maintenance_order o WHERE o.diagnosis_id = d.diagnosis_id)))
    OR EXISTS (SELECT FROM telemetry.waveform_request q WHERE q.series_id = v.series_id AND q.time = v.time)
    OR EXISTS (SELECT FROM app.diagnosis_task k WHERE k.series_id = v.series_id AND k.time = v.time)
    OR (v.series_id, (extract(epoch FROM v.time) * 1000000)::bigint) IN (
        SELECT (p ->> 0)::int, (p ->> 1)::bigint
          FROM app.diagnosis_baseline b CROSS JOIN LATERAL jsonb_array_elements(b.windows) AS p)
    OR NOT EXISTS (SELECT FROM app.vibration_window n
                    WHERE n.series_id = v.series_id AND n.time > v.time ORDER BY n.time OFFSET :newest - 1 LIMIT 1))
"""
_KEEP = text(f"""
INSERT INTO app.kept_window (series_id, time, equipment_id, sample_rate, data)
SELECT v.series_id, v.time, v.equipment_id, w.sample_rate, w.data
  FROM app.vibration_window v
  JOIN telemetry.waveform w ON w.series_id = v.series_id AND w.time = v.time
 WHERE w.time < :edge
   AND NOT EXISTS (SELECT FROM app.kept_window k WHERE k.series_id = v.series_id AND k.time = v.time)
   AND {_WANTED}
 ORDER BY v.time, v.series_id LIMIT :most
ON CONFLICT DO NOTHING RETURNING 1
""")  # noqa: S608 - the text put in is the constant above
_DROP = text(f"DELETE FROM app.kept_window v WHERE NOT {_WANTED}")  # noqa: S608 - the text put in is the constant above


def keep_windows(session: Session, now: datetime, raw_retention: timedelta, newest: int) -> int:
    """Copy windows that raw retention will soon remove, and delete copies that nothing links to any more.

    Args:
        session: in a transaction.
        now: the present.
        raw_retention: how long the gateway keeps raw data.
        newest: of each series so many windows are kept whatever they say, >= 1.

    Returns:
        How many were copied; `AT_ONCE`: there may be more.
    """
    values = {"newest": newest, "edge": now - raw_retention + AHEAD, "most": AT_ONCE}
    copied = len(session.execute(_KEEP, values).all())
    if copied < AT_ONCE:
        session.execute(_DROP, {"newest": newest})
    return copied
