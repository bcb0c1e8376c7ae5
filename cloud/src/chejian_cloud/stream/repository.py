"""The one query behind the overview."""

from collections.abc import Sequence

from sqlalchemy import Connection, RowMapping, text

_OVERVIEW = text("""
SELECT e.equipment_id, e.code, e.name_zh, e.name_en, e.type, w.code AS workshop, l.code AS line,
       COALESCE(f.online, false) AS online,
       s.start AS state_start, s."end" AS state_end, s.state, s.category,
       k.start AS shift_start, k."end" AS shift_end, k.provisional, k.completeness, k.flags, k.inputs, k.ratios,
       d.diagnosis_id, d.time AS diagnosis_time, d.part, d.confidence, d.score
  FROM app.equipment e
  JOIN app.workshop w USING (workshop_id)
  JOIN app.line l USING (line_id)
  LEFT JOIN LATERAL (
       SELECT bool_or(v.online AND n.online) AS online
         FROM app.equipment_feed g
         JOIN telemetry.node n ON n.group_id = g.group_id AND n.edge_node = g.edge_node
         JOIN telemetry.device v ON v.node_id = n.node_id AND v.name = g.device
        WHERE g.equipment_id = e.equipment_id) f ON true
  LEFT JOIN LATERAL (
       SELECT * FROM app.state_interval i WHERE i.equipment_id = e.equipment_id ORDER BY i.start DESC LIMIT 1) s ON true
  LEFT JOIN LATERAL (
       SELECT o.*, (SELECT jsonb_object_agg(r.kpi, r.value) FROM app.kpi_value r
                     WHERE r.equipment_id = o.equipment_id AND r.window_kind = 'shift' AND r.start = o.start) AS ratios
         FROM app.kpi_value o
        WHERE o.equipment_id = e.equipment_id AND o.kpi = 'oee' AND o.window_kind = 'shift' AND o.start <= now()
        ORDER BY o.start DESC LIMIT 1) k ON true
  LEFT JOIN LATERAL (
       SELECT * FROM app.diagnosis x WHERE x.equipment_id = e.equipment_id
        ORDER BY x.time DESC, x.diagnosis_id DESC LIMIT 1) d ON true
 ORDER BY w.code, l.code, e.code
""")


def overview(connection: Connection) -> Sequence[RowMapping]:
    """One row for each equipment: its newest state interval, shift KPIs and diagnosis."""
    return connection.execute(_OVERVIEW).mappings().all()
