"""The queries behind the overviews.

OFFSET 0 lets the server look up one row behind the security barrier of requests; a plain join's condition does not reach there.
"""

from collections.abc import Collection, Sequence

from sqlalchemy import Connection, RowMapping, text

from chejian_cloud.registry.scope import EVERYTHING, Scope

_OVERVIEW = text("""
  WITH inside AS MATERIALIZED (
       SELECT e.equipment_id, e.code, e.name_zh, e.name_en, e.type, e.position,
              e.workshop_id, w.code AS workshop, e.line_id, l.code AS line
         FROM app.equipment e
         JOIN app.workshop w USING (workshop_id)
         JOIN app.line l USING (line_id)
        WHERE e.type = ANY(:types)
          AND (:everything OR e.workshop_id = ANY(:workshops) OR e.line_id = ANY(:lines))),
       feeds AS MATERIALIZED (
       SELECT g.equipment_id, n.node_id, n.online, g.device
         FROM inside e
         JOIN app.equipment_feed g USING (equipment_id)
         JOIN telemetry.node n ON n.group_id = g.group_id AND n.edge_node = g.edge_node),
       fed AS (
       SELECT g.equipment_id, bool_or(g.online AND v.online) AS online
         FROM feeds g
        CROSS JOIN LATERAL (SELECT x.online FROM telemetry.device x
                             WHERE x.node_id = g.node_id AND x.name = g.device OFFSET 0) v
        GROUP BY g.equipment_id)
SELECT e.*, COALESCE(f.online, false) AS online,
       s.start AS state_start, s."end" AS state_end, s.state, s.category,
       k.start AS shift_start, k."end" AS shift_end, k.provisional, k.busy_us, k.flags, k.inputs,
       d.diagnosis_id, d.time AS diagnosis_time, d.part, d.confidence, d.score
  FROM inside e
  LEFT JOIN fed f USING (equipment_id)
  LEFT JOIN LATERAL (
       SELECT * FROM app.state_interval i WHERE i.equipment_id = e.equipment_id ORDER BY i.start DESC LIMIT 1) s ON true
  LEFT JOIN LATERAL (
       SELECT * FROM app.kpi_value o
        WHERE o.equipment_id = e.equipment_id AND o.kpi = 'oee' AND o.window_kind = 'shift' AND o.start <= now()
        ORDER BY o.start DESC LIMIT 1) k ON true
  LEFT JOIN LATERAL (
       SELECT * FROM app.diagnosis x WHERE x.equipment_id = e.equipment_id
        ORDER BY x.time DESC, x.part IS NULL, x.method, x.diagnosis_id DESC LIMIT 1) d ON true
 ORDER BY e.workshop, e.line, e.position, e.code
""")


def overview(
    connection: Connection, types: Collection[str], scopes: Collection[Scope]
) -> Sequence[RowMapping]:
    """One row for each equipment of `types` in one of `scopes`: newest state interval, OEE of the shift and diagnosis.

    A scope of workshop and line is read as the workshop's.
    """
    values = {
        "types": list(types),
        "everything": EVERYTHING in scopes,
        "workshops": [s.workshop_id for s in scopes if s.workshop_id is not None],
        "lines": [s.line_id for s in scopes if s.workshop_id is None and s.line_id is not None],
    }
    return connection.execute(_OVERVIEW, values).mappings().all()


def workshops(connection: Connection) -> Sequence[RowMapping]:
    """Id and code of every workshop, by enterprise and code."""
    statement = text("SELECT workshop_id, code FROM app.workshop ORDER BY enterprise_id, code")
    return connection.execute(statement).mappings().all()
