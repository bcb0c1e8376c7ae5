"""Queries of the facts that indicators are computed from. Each is kept, as it stands, with the evidence that it gave.

`:enterprise_id` bounds all of them, `:workshop_id` (or NULL) narrows; the window is [:start, :end), in whole hours. Figures of
the stream come from hourly rollups, so that the query is quick and can be asked again while the rollups are kept.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

_OF = """e.enterprise_id = :enterprise_id
   AND (CAST(:workshop_id AS integer) IS NULL OR e.workshop_id = :workshop_id)"""
_SERIES = """app.equipment_feed f
  JOIN telemetry.node n ON n.group_id = f.group_id AND n.edge_node = f.edge_node
  JOIN telemetry.device d ON d.node_id = n.node_id AND d.name = f.device
  JOIN telemetry.series s ON s.device_id = d.device_id"""
_MACHINES = "NOT EXISTS (SELECT FROM app.meter m WHERE m.equipment_id = e.equipment_id)"

_STATES = """COALESCE((SELECT extract(epoch FROM sum(least(x."end", :end) - greatest(x.start, :start))) * 1000000
                   FROM app.state_interval x WHERE x.equipment_id = e.equipment_id AND x.state <> 0
                    AND x.start < :end AND x."end" > :start), 0)"""

EQUIPMENT = f"""
SELECT e.equipment_id, e.code, e.workshop_id, fact.has_interface,
       EXISTS (SELECT FROM app.equipment_feed f WHERE f.equipment_id = e.equipment_id) AS configured,
       greatest(COALESCE(c.covered_us, 0), {_STATES})::bigint AS covered_us
  FROM app.equipment e
  LEFT JOIN app.equipment_fact fact ON fact.equipment_id = e.equipment_id
  LEFT JOIN LATERAL (SELECT max(r.covered_us) AS covered_us
               FROM {_SERIES}
              CROSS JOIN LATERAL (SELECT sum(x.known_us) AS covered_us FROM scoped.rollup_1h_by_series x
                      WHERE x.series_id = s.series_id AND x.bucket >= :start AND x.bucket < :end) r
              WHERE f.equipment_id = e.equipment_id) c ON true
 WHERE {_OF} AND {_MACHINES}
 ORDER BY e.equipment_id
"""  # noqa: S608 - our own parts
"""Machines: has it a digital interface, is it configured here, and the most time that one of its signals, or its
state, covers."""

POINTS = f"""
SELECT e.equipment_id, e.code, e.type, s.name, s.series_id,
       EXISTS (SELECT FROM app.equipment_feed x WHERE x.equipment_id = e.equipment_id) AS configured,
       COALESCE(r.samples, q.samples, t.samples, w.samples, 0)::bigint AS samples
  FROM app.equipment e
  LEFT JOIN ({_SERIES}) ON f.equipment_id = e.equipment_id AND NOT s.retired
  LEFT JOIN LATERAL (SELECT sum(x.samples) AS samples FROM scoped.rollup_1h_by_series x
                      WHERE x.series_id = s.series_id AND x.bucket >= :start AND x.bucket < :end) r ON true
  LEFT JOIN LATERAL (SELECT 1 AS samples FROM telemetry.sample x WHERE s.kind = 'state'
                        AND x.series_id = s.series_id AND x.time >= :start AND x.time < :end LIMIT 1) q ON true
  LEFT JOIN LATERAL (SELECT 1 AS samples FROM telemetry.text_sample x WHERE r.samples IS NULL
                        AND x.series_id = s.series_id AND x.time >= :start AND x.time < :end LIMIT 1) t ON true
  LEFT JOIN LATERAL (SELECT 1 AS samples FROM telemetry.waveform x WHERE r.samples IS NULL
                        AND x.series_id = s.series_id AND x.time >= :start AND x.time < :end LIMIT 1) w ON true
 WHERE {_OF} AND {_MACHINES}
 ORDER BY e.equipment_id, s.name, s.series_id
"""  # noqa: S608 - our own parts
"""Signals of machines with what arrived: samples of numbers, and 1 where a state, text or
waveform did (they have no rollups)."""

QUALITY = f"""
SELECT e.equipment_id, e.code, s.name, s.series_id, s.kind = 'state' AND s.role <> 'machine_state' AS untimed,
       COALESCE(r.samples, q.samples, 0)::bigint AS samples, COALESCE(r.good, q.good, 0)::bigint AS good,
       COALESCE(r.covered_us, CASE WHEN s.role = 'machine_state' THEN {_STATES} END, 0)::bigint AS covered_us
  FROM app.equipment e
  JOIN ({_SERIES}) ON f.equipment_id = e.equipment_id AND NOT s.retired
  LEFT JOIN LATERAL (SELECT sum(x.samples) AS samples, sum(x.good) AS good, sum(x.known_us) AS covered_us
                       FROM scoped.rollup_1h_by_series x
                      WHERE x.series_id = s.series_id AND x.bucket >= :start AND x.bucket < :end) r ON true
  LEFT JOIN LATERAL (SELECT count(*) AS samples, count(*) FILTER (WHERE x.quality = 192) AS good
                       FROM telemetry.sample x WHERE s.kind = 'state'
                        AND x.series_id = s.series_id AND x.time >= :start AND x.time < :end) q ON true
 WHERE {_OF} AND s.kind NOT IN ('event', 'waveform')
 ORDER BY e.equipment_id, s.name, s.series_id
"""  # noqa: S608 - our own parts
"""Signals of numbers, meters included: samples, good ones, and time covered. States have no rollups: their samples are
counted, and the time of machine states is that of the known intervals; of other states none is asked for."""

KEY_PROCESSES = """
SELECT e.key_process_id, e.code, e.workshop_id, e.equipment_id, e.controlled
  FROM app.key_process e
 WHERE e.enterprise_id = :enterprise_id AND (CAST(:workshop_id AS integer) IS NULL OR e.workshop_id = :workshop_id)
 ORDER BY e.key_process_id
"""
"""Key processes as the registry tells them."""

METERING = f"""
SELECT e.metering_point_id, e.code, e.meter_class, e.equipment_id, e.fitted,
       COALESCE((SELECT sum(r.samples) FROM {_SERIES}
                  CROSS JOIN LATERAL (SELECT sum(x.samples) AS samples FROM scoped.rollup_1h_by_series x
                          WHERE x.series_id = s.series_id AND x.bucket >= :start AND x.bucket < :end) r
                  WHERE f.equipment_id = e.equipment_id AND s.kind = 'total_increasing'), 0)::bigint AS readings
  FROM app.metering_point e
 WHERE {_OF} ORDER BY e.metering_point_id
"""  # noqa: S608 - our own parts
"""Metering points that are required, and readings of their meters' registers."""

ORDERS = f"""
SELECT o.order_id, o.code AS order_code, e.equipment_id, e.code, (o.ended_at IS NOT NULL)::integer AS ended,
       i.results::bigint AS inspections
  FROM app.production_order o JOIN app.equipment e USING (equipment_id)
 CROSS JOIN LATERAL (SELECT count(*) AS results FROM app.inspection_result x WHERE x.equipment_id = o.equipment_id
                        AND x.order_code = o.code AND x.withdrawn_at IS NULL) i
 WHERE {_OF} AND COALESCE(o.ended_at, o.planned_end) > :start AND COALESCE(o.ended_at, o.planned_end) <= :end
 ORDER BY o.order_id
"""  # noqa: S608 - our own parts
"""Orders that ended in the window, or, where no end is recorded, were planned to; with the inspection results that
name the order at its machine."""

_MONTH = "date_trunc('month', {start} AT TIME ZONE 'Asia/Shanghai')"
_MONTHS = """
SELECT m.month AT TIME ZONE 'Asia/Shanghai' AS start, (m.month + interval '1 month') AT TIME ZONE 'Asia/Shanghai' AS "end",
       sum(m.numerator)::bigint AS numerator, sum(m.denominator)::bigint AS denominator,
       sum(m.covered_us)::bigint AS covered_us, sum(m.due_us)::bigint AS due_us
  FROM ({rows}) m GROUP BY m.month ORDER BY m.month
"""
OEE_MONTHS = _MONTHS.format(
    rows=f"""
    SELECT {_MONTH.format(start="k.start")} AS month, k.effective_us AS numerator, k.busy_us AS denominator,
           k.busy_us AS covered_us, k.busy_us + k.no_data_us AS due_us
      FROM app.kpi_value k JOIN app.equipment e USING (equipment_id)
     WHERE k.kpi = 'oee' AND k.window_kind = 'day' AND k.start >= :since AND k."end" <= :end AND NOT k.provisional
       AND k.effective_us IS NOT NULL AND {_OF}"""  # noqa: S608 - our own parts
)
"""OEE by month: effective time / planned busy time [us], sums of the machines' days (ISO 22400-2:2014)."""
ENERGY_MONTHS = _MONTHS.format(
    rows=f"""
    SELECT {_MONTH.format(start="v.start")} AS month, v.amount AS numerator, v.output AS denominator, v.covered_us,
           (extract(epoch FROM v."end" - v.start) * 1000000)::bigint AS due_us
      FROM app.energy_value v JOIN app.meter m USING (equipment_id) JOIN app.equipment e USING (equipment_id)
     WHERE m.carrier = 'electricity' AND v.window_kind = 'day' AND v.start >= :since AND v."end" <= :end
       AND NOT v.provisional AND v.output IS NOT NULL AND {_OF}"""  # noqa: S608 - our own parts
)
"""Electricity of one good item by month [Wh / item]: days of meters that count one machine, which counts its items."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Whose facts, and of when.

    Attributes:
        enterprise_id: whose.
        workshop_id: only this workshop; None: all of them.
        start: of the window, a whole hour.
        end: of the window (excluded), a whole hour.
        since: start of the months of trends.
    """

    enterprise_id: int
    workshop_id: int | None
    start: datetime
    end: datetime
    since: datetime

    @property
    def parameters(self) -> dict[str, Any]:
        """As the queries take them."""
        return {name: getattr(self, name) for name in Place.__slots__}


def ask(session: Session, query: str, place: Place) -> list[dict[str, Any]]:
    """Rows of one of the queries above."""
    return [dict(row) for row in session.execute(text(query), place.parameters).mappings()]
