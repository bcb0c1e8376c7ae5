"""A province in the tables that boards read: any number of workshops and days, written by the server itself.

Terms add up, longer windows are the sums of their hours, and everything follows from the keys; the numbers are made up.
Of the KPIs only OEE is stored, which is what boards read; minutes and raw samples reach back as far as boards look at them.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import psycopg
from chejian_cloud.clock import to_us
from chejian_cloud.db.edition import Edition
from chejian_cloud.db.migrate import migrate as migrate_app
from chejian_cloud.db.rollups import RollupPartitions
from chejian_gateway.migrate import migrate as migrate_telemetry
from chejian_gateway.store import Partitions, day_of, detect_edition

_TO_2000_US = to_us(datetime(2000, 1, 1, tzinfo=UTC))


@dataclass(frozen=True, slots=True)
class Province:
    """How much to make.

    Attributes:
        workshops: number; ten of them to an enterprise (`e0`, `e1` ...), codes `W0`, `W1` ...
        machines: of each workshop, on half as many lines; codes `W0-M1` ...
        meters: of each workshop, one main meter with the others below it; codes `W0-E1` ...
        days: back to which windows, states and diagnoses reach.
        minutes: hours back to which rollups by the minute reach.
        raw: hours back to which raw samples reach.
        states: days back to which states reach; None: as far as windows.
    """

    workshops: int = 100
    machines: int = 10
    meters: int = 2
    days: int = 90
    minutes: int = 73
    raw: int = 3
    states: int | None = None


_REGISTRY = """
INSERT INTO app.calendar (code, timezone) VALUES ('c', 'Asia/Shanghai');
INSERT INTO app.shift (calendar_id, code, name_zh, name_en, start, "end")
SELECT calendar_id, x.code, x.zh, x.en, x.a::time, x.b::time FROM app.calendar,
       (VALUES ('A', '白班', 'Day', '08:00', '20:00'), ('B', '夜班', 'Night', '20:00', '08:00')) AS x(code, zh, en, a, b);
INSERT INTO app.enterprise (code, name_zh, name_en)
SELECT 'e' || i, '企业' || i, 'Enterprise ' || i FROM generate_series(0, (%(workshops)s - 1) / 10) i;
INSERT INTO app.workshop (enterprise_id, calendar_id, code, name_zh, name_en, timezone, city_code)
SELECT e.enterprise_id, 1, 'W' || i, '车间' || i, 'Workshop ' || i, 'Asia/Shanghai', (230100 + i %% 13 * 100)::text
  FROM generate_series(0, %(workshops)s - 1) i JOIN app.enterprise e ON e.code = 'e' || i / 10 ORDER BY i;
INSERT INTO app.line (workshop_id, code, name_zh, name_en)
SELECT w.workshop_id, 'L' || i, '产线' || i, 'Line ' || i
  FROM app.workshop w, generate_series(1, greatest(%(machines)s / 2, 1)) i ORDER BY 1, i;
INSERT INTO app.equipment (enterprise_id, workshop_id, line_id, code, name_zh, name_en, type, position)
SELECT w.enterprise_id, w.workshop_id, l.line_id, w.code || '-M' || i, '机床' || i, 'Machine ' || i,
       CASE WHEN i %% 5 = 1 THEN 'motor_test_stand' ELSE 'cnc_machining_centre' END, i
  FROM app.workshop w, generate_series(1, %(machines)s) i JOIN app.line l ON l.code = 'L' || (i + 1) / 2
 WHERE l.workshop_id = w.workshop_id ORDER BY w.workshop_id, i;
INSERT INTO app.equipment (enterprise_id, workshop_id, line_id, code, name_zh, name_en, type, position)
SELECT w.enterprise_id, w.workshop_id, l.line_id, w.code || '-E' || i, '电表' || i, 'Meter ' || i, 'electricity_meter', 0
  FROM app.workshop w, generate_series(1, %(meters)s) i JOIN app.line l ON l.code = 'L1'
 WHERE l.workshop_id = w.workshop_id ORDER BY w.workshop_id, i;
INSERT INTO app.meter (equipment_id, carrier, parent_id, interval_us, modulus, made_on_site)
SELECT m.equipment_id, 'electricity', p.equipment_id, 60000000, NULL, false
  FROM app.equipment m LEFT JOIN app.equipment p ON p.workshop_id = m.workshop_id AND p.code LIKE '%%-E1' AND p.code <> m.code
 WHERE m.type = 'electricity_meter' ORDER BY p.equipment_id NULLS FIRST;
INSERT INTO app.meter_machine (equipment_id, machine_id)
SELECT m.equipment_id, q.equipment_id FROM app.meter m JOIN app.equipment e USING (equipment_id)
  JOIN app.equipment q ON q.workshop_id = e.workshop_id AND q.code LIKE '%%-M1' WHERE m.parent_id IS NOT NULL;
INSERT INTO telemetry.node (group_id, edge_node, ledger_id, online, last_seen, born_at, contract_version)
SELECT e.code, w.code, 4711, w.workshop_id %% 10 <> 9, %(now)s - interval '3 seconds', %(now)s - interval '9 days', '1'
  FROM app.workshop w JOIN app.enterprise e USING (enterprise_id) ORDER BY w.workshop_id;
INSERT INTO telemetry.ledger (node_id, ledger_id, stored, dead, lost, stored_samples, produced_batches, produced_samples,
                              announced_at)
SELECT node_id, 4711, '{[1,90001)}', '{[90001,90003)}', '{[90003,90004)}', 900000, 90010, 900100, %(now)s
  FROM telemetry.node;
INSERT INTO telemetry.birth (node_id, device, kind, bd_seq, sent, received)
SELECT node_id, '', 'NBIRTH', 1, t, t FROM telemetry.node, generate_series(%(now)s - interval '9 days', %(now)s, '7 hours') t;
INSERT INTO telemetry.dead_letter (received, topic, node_id, ledger_id, batch, samples, reason, payload)
SELECT %(now)s - interval '5 minutes', 'spBv1.0/' || group_id || '/DDATA/' || edge_node, node_id, 4711, 90001, 6,
       'alias 77 is unknown', 'x' FROM telemetry.node;
INSERT INTO app.equipment_feed (equipment_id, group_id, edge_node, device)
SELECT q.equipment_id, e.code, w.code, q.code FROM app.equipment q JOIN app.workshop w USING (workshop_id)
  JOIN app.enterprise e ON e.enterprise_id = q.enterprise_id;
INSERT INTO telemetry.device (node_id, name, workshop, online)
SELECT n.node_id, f.device, f.edge_node, true FROM app.equipment_feed f
  JOIN telemetry.node n ON n.group_id = f.group_id AND n.edge_node = f.edge_node ORDER BY f.equipment_id;
INSERT INTO telemetry.series (device_id, name, datatype, unit, quantity, kind, role)
SELECT d.device_id, x.name, 10, x.unit, x.quantity, 'measurement', x.role FROM telemetry.device d,
       (VALUES ('Energy/ActivePower', 'kW', 'active_power', 'active_power'),
               ('Spindle/Speed', '1/min', 'rotational_speed', 'rotational_speed')) AS x(name, unit, quantity, role)
 WHERE x.role = 'active_power' OR d.name NOT LIKE '%%-E%%' ORDER BY 1, 2;
INSERT INTO telemetry.settled_value (series_id, time, value, quality)
SELECT series_id, %(now)s - series_id %% 50 * interval '1 second', 12.5, 192 FROM telemetry.series;
"""
_HOURS = """
CREATE TEMP TABLE hours AS
SELECT equipment_id, start, x.*, x.apt_us / 90000000 AS produced, x.apt_us / 90000000 - h % 3 AS good, h
  FROM app.equipment e
 CROSS JOIN generate_series(%(first)s::timestamptz, %(now)s - interval '1 second', interval '1 hour') AS start
 CROSS JOIN LATERAL (SELECT abs(hashint8(e.equipment_id * 1000003 + extract(epoch FROM start)::bigint / 3600)) % 1000 AS h) r
 CROSS JOIN LATERAL (SELECT CASE WHEN h % 50 = 0 THEN 600000000::bigint ELSE 0 END AS no_data_us,
                            180000000::bigint AS planned_stop_us, h % 7 * 20000000::bigint AS aust_us,
                            h % 11 * 30000000::bigint AS fault_us, h % 5 * 10000000::bigint AS minor_stop_us,
                            h % 3 * 15000000::bigint AS starved_us, h % 2 * 40000000::bigint AS adot_us) t
 CROSS JOIN LATERAL (SELECT t.*, 3420000000 - t.no_data_us - t.aust_us - t.fault_us - t.minor_stop_us - t.starved_us
                            - t.adot_us AS apt_us) x
 WHERE e.type <> 'electricity_meter';
"""
_SHIFT = (
    "(date_trunc('day', (start AT TIME ZONE 'Asia/Shanghai') - interval '8 hours') + interval '8 hours'"
    " + CASE WHEN extract(hour FROM (start AT TIME ZONE 'Asia/Shanghai') - interval '8 hours') >= 12"
    " THEN interval '12 hours' ELSE interval '0' END) AT TIME ZONE 'Asia/Shanghai'"
)
_WINDOWS = {
    "hour": ("start", "1 hour"),
    "shift": (_SHIFT, "12 hours"),
    "day": ("date_trunc('day', start AT TIME ZONE 'Asia/Shanghai') AT TIME ZONE 'Asia/Shanghai'", "24 hours"),
}
_KPIS = """
INSERT INTO app.kpi_value (equipment_id, kpi, window_kind, start, "end", value, numerator, denominator, completeness, flags,
                           formula_version, provisional, inputs, computed_at)
SELECT equipment_id, 'oee', '{kind}', s, s + interval '{length}', effective / busy, effective, busy,
       busy / (busy + no_data), '{{}}', '1', s + interval '{length}' > %(now)s,
       jsonb_build_object('calendar_us', calendar, 'not_scheduled_us', 0, 'planned_stop_us', planned, 'no_data_us', no_data,
       'adot_us', adot, 'adet_us', fault + minor + starved, 'aust_us', aust, 'apt_us', apt, 'ideal_us', produced * 85000000,
       'effective_us', good * 85000000, 'produced', produced, 'good', good, 'scrap', produced - good, 'rework', NULL,
       'planned_maintenance_us', 0, 'fault_us', fault, 'minor_stop_us', minor, 'starved_us', starved, 'blocked_us', 0,
       'maintenance_us', 0, 'failures', failures, 'minor_stops', minor / 10000000, 'setups', aust / 20000000), %(now)s
  FROM (SELECT equipment_id, {start} AS s, count(*) * 3600000000 AS calendar, sum(planned_stop_us)::bigint AS planned,
               sum(no_data_us)::bigint AS no_data, sum(adot_us)::bigint AS adot, sum(fault_us)::bigint AS fault,
               sum(minor_stop_us)::bigint AS minor, sum(starved_us)::bigint AS starved, sum(aust_us)::bigint AS aust,
               sum(apt_us)::bigint AS apt, sum(produced)::bigint AS produced, sum(good)::bigint AS good,
               sum((fault_us > 0)::int)::bigint AS failures,
               (sum(good) * 85000000)::float8 AS effective,
               sum(apt_us + aust_us + fault_us + minor_stop_us + starved_us + adot_us)::float8 AS busy
          FROM hours GROUP BY 1, 2) x
 ORDER BY s, equipment_id
"""
_STATES = """
INSERT INTO app.state_interval (equipment_id, start, "end", state, category, loss)
SELECT equipment_id, start + x.a, start + x.b, x.state, x.category, x.loss FROM hours
 CROSS JOIN LATERAL (VALUES (interval '0', interval '31 minutes', 1, 'APT', 'production'),
        (interval '31 minutes', interval '34 minutes', CASE WHEN h %% 3 = 0 THEN 5 ELSE 3 END, 'ADET',
         CASE WHEN h %% 3 = 0 THEN 'starved' ELSE 'fault' END),
        (interval '34 minutes', interval '55 minutes', 1, 'APT', 'production'),
        (interval '55 minutes', interval '60 minutes', 4, 'ADET', CASE WHEN h %% 2 = 0 THEN 'stop' ELSE 'minor_stop' END)
       ) AS x(a, b, state, category, loss) WHERE start >= %(states)s ORDER BY start, equipment_id;
WITH c AS (INSERT INTO app.stop_reason_change (equipment_id, kind, user_name)
           SELECT DISTINCT equipment_id, 'assign', 'operator' FROM hours RETURNING change_id, equipment_id)
INSERT INTO app.stop_reason (change_id, equipment_id, start, "end", reason_id, comment)
SELECT c.change_id, h.equipment_id, h.start + interval '31 minutes', h.start + interval '34 minutes',
       (SELECT reason_id FROM app.reason WHERE parent_id IS NOT NULL ORDER BY reason_id OFFSET h.h %% 5 LIMIT 1), ''
  FROM hours h JOIN c USING (equipment_id) WHERE h.h %% 20 = 1;
"""
_ENERGY = """
INSERT INTO app.energy_value (equipment_id, window_kind, start, "end", amount, covered_us, output, completeness, kgce,
                              factor, shares, flags, formula_version, provisional, computed_at)
SELECT m.equipment_id, '{kind}', s, s + interval '{length}', amount, extract(epoch FROM interval '{length}') * 1000000,
       CASE WHEN m.parent_id IS NULL THEN NULL ELSE n * 38 END, 1.0, amount * 0.0001229,
       '{{"value": "equivalent", "kgce": "0.1229", "unit": "kWh", "per_unit": 1000, "source": "GB/T 2589-2020",
         "valid_from": "2009-01-01", "valid_to": null, "confidence": "A", "origin": "chejian"}}',
       CASE WHEN m.parent_id IS NULL THEN '{{}}'::jsonb ELSE jsonb_build_object('state', jsonb_build_object(
            '1', jsonb_build_object('amount', amount * 8 / 10, 'us', n * 3000000000),
            '4', jsonb_build_object('amount', amount - amount * 8 / 10, 'us', n * 600000000))) END,
       '{{}}', '1', s + interval '{length}' > %(now)s, %(now)s
  FROM app.meter m
 CROSS JOIN (SELECT s, count(*) AS n FROM (SELECT {start} AS s FROM (SELECT DISTINCT start FROM hours) h) y GROUP BY s) x
 CROSS JOIN LATERAL (SELECT n * (70000 + abs(hashint8(m.equipment_id * 7919 + extract(epoch FROM s)::bigint)) %% 9000) AS amount) a
 ORDER BY s, m.equipment_id
"""
_ROLLUPS = """
INSERT INTO app.{table} (series_id, bucket, first_time, last_time, known_us, minimum, maximum, first, last, mean, samples, good)
SELECT s.series_id, b, b, b + interval '{length}' - interval '1 second', 60000000, v - 3, v + 3, v - 1, v + 1, v, {samples},
       {samples} - (s.series_id + extract(epoch FROM b)::bigint / 3600) %% 2
  FROM telemetry.series s
 CROSS JOIN generate_series(%(from)s::timestamptz, %(now)s - interval '{length}', interval '{length}') AS b
 CROSS JOIN LATERAL (SELECT CASE s.role WHEN 'active_power' THEN 15 ELSE 1480 END
                            + abs(hashint8(s.series_id * 31 + extract(epoch FROM b)::bigint)) %% 100 / 25.0 AS v) x
 ORDER BY b, s.series_id
"""
_SAMPLES = """
INSERT INTO telemetry.sample (time, value, series_id, quality)
SELECT t, CASE s.role WHEN 'active_power' THEN 15 ELSE 1480 END + abs(hashint8(s.series_id + extract(epoch FROM t)::bigint)) %% 100 / 25.0,
       s.series_id, 192
  FROM generate_series(%(from)s::timestamptz, %(now)s, interval '30 seconds') t CROSS JOIN telemetry.series s
"""
_DIAGNOSES = """
INSERT INTO app.diagnosis (equipment_id, series_id, time, method, method_version, part, confidence, score, nominal_rpm,
                           bearing, evidence, computed_at)
SELECT s.equipment_id, s.series_id, t, 'bearing_envelope', '2', CASE WHEN h > 950 THEN 'outer_race' END,
       CASE WHEN h > 950 THEN 'confirmed' WHEN h < 20 THEN 'cannot_tell' ELSE 'none' END, h / 300.0, 1480, '{{}}'::jsonb,
       jsonb_build_object('features', jsonb_build_object('rms', 0.1 + h / 1e4, 'peak', 0.5 + h / 1e3, 'crest', 4.0,
                                                         'kurtosis', 3.0 + h / 500.0)), t
  FROM (SELECT e.equipment_id, min(x.series_id) AS series_id FROM app.equipment e
          JOIN app.equipment_feed f USING (equipment_id) JOIN telemetry.node n ON n.group_id = f.group_id AND n.edge_node = f.edge_node
          JOIN telemetry.device d ON d.node_id = n.node_id AND d.name = f.device
          JOIN telemetry.series x ON x.device_id = d.device_id WHERE e.type = 'motor_test_stand' GROUP BY 1) s
 CROSS JOIN generate_series(%(first)s::timestamptz, %(now)s - interval '5 minutes', interval '4 hours') t
 CROSS JOIN LATERAL (SELECT abs(hashint8(s.series_id * 97 + extract(epoch FROM t)::bigint)) %% 1000 AS h) y
 UNION ALL
SELECT e.equipment_id, -e.equipment_id, %(now)s - interval '4 minutes', 'bearing_envelope', '2', 'inner_race', 'probable', 2.4, 1480, '{{}}'::jsonb,
       '{{"features": {{"rms": 0.2, "peak": 1.1, "crest": 5.5, "kurtosis": 4.2}}}}'::jsonb, %(now)s
  FROM app.equipment e WHERE e.type = 'motor_test_stand'
"""
_VIBRATION = """
INSERT INTO app.vibration_window (series_id, time, equipment_id, chain, nominal_rpm, bearing, shaft_hz, velocity_mm_s, zone, rms, peak,
                                  kurtosis, parts, orders, envelope, velocity)
SELECT d.series_id, d.time, d.equipment_id, 'made up', d.nominal_rpm, '{}', 24.7, 1 + h / 400.0,
       CASE WHEN h < 160 THEN 'A' WHEN h < 720 THEN 'B' ELSE 'C' END, 0.1, 0.5, 3.0, '{}', '{}',
       decode(repeat('40', 1000), 'hex'), decode(repeat('30', 1000), 'hex')
  FROM app.diagnosis d
 CROSS JOIN LATERAL (SELECT abs(hashint8(d.series_id * 89 + extract(epoch FROM d.time)::bigint)) % 1000 AS h) x;
INSERT INTO app.diagnosis_label (diagnosis_id, answer, found, comment, part, confidence, method_version, baseline, user_name)
SELECT diagnosis_id, CASE WHEN diagnosis_id % 4 = 0 THEN 'rejected' ELSE 'confirmed' END,
       CASE WHEN diagnosis_id % 4 = 0 THEN 'inner_race' END, '', part, confidence, method_version, '', 'engineer'
  FROM app.diagnosis WHERE part IS NOT NULL;
"""
_PROGRAMME = """
INSERT INTO app.programme_entry (enterprise_id, workshop_id, kind, code, name_zh, name_en, city_code, sector, industry, status, changed_by)
SELECT enterprise_id, workshop_id, 'workshop', code, name_zh, name_en, city_code, 'equipment',
       CASE WHEN workshop_id % 3 = 0 THEN 'process' ELSE 'discrete' END,
       (ARRAY['planned', 'building', 'running', 'recognised'])[workshop_id % 4 + 1], 'office' FROM app.workshop;
INSERT INTO app.programme_milestone (programme_entry_id, kind, enterprise_id, due_on, reached_on)
SELECT programme_entry_id, 'recognised', enterprise_id, %(now)s::date - 40 + programme_entry_id * 7 % 60,
       CASE WHEN status = 'recognised' THEN %(now)s::date - 30 + programme_entry_id % 20 END FROM app.programme_entry;
INSERT INTO app.assessment (enterprise_id, workshop_id, standard_id, standard_version, standard_digest, industry, not_applicable,
                            window_start, window_end, state, due_on, created_by)
SELECT enterprise_id, workshop_id, 'made-up', '1', '', industry, '{}', %(now)s - interval '30 days', %(now)s,
       CASE WHEN programme_entry_id % 5 = 0 THEN 'draft' ELSE 'approved' END, %(now)s::date - 3, 'office'
  FROM app.programme_entry;
INSERT INTO app.assessment_submission (assessment_id, revision, enterprise_id, submitted_at, submitted_by, content, sha256, total, level,
                                       level_number, answered, measured, attached, declared, contradictions)
SELECT assessment_id, 1, enterprise_id, %(now)s - assessment_id * interval '1 day', 'engineer', '', '', 40 + assessment_id * 13 % 50,
       'L' || assessment_id % 4 + 1, assessment_id % 4 + 1, 1, 0.4, 0.3, 0.3, 0 FROM app.assessment WHERE state = 'approved';
"""


def fill(dsn: str, province: Province, now: datetime) -> None:
    """Migrate an empty database and store the province as it would stand at `now` (aware, UTC)."""
    migrate_telemetry(dsn)
    migrate_app(dsn)
    store(dsn, province, now)


def store(dsn: str, province: Province, now: datetime) -> None:
    """Store the province in a migrated database that is empty; of an earlier version, what its tables take."""
    first = (now - timedelta(days=province.days)).replace(hour=16, minute=0, second=0, microsecond=0)
    values: dict[str, object] = {
        "now": now,
        "first": first,
        "workshops": province.workshops,
        "machines": province.machines,
        "meters": province.meters,
    }
    with psycopg.connect(dsn, cursor_factory=psycopg.ClientCursor) as connection:
        connection.execute("SET timezone = 'UTC'")
        edition = detect_edition(connection)
        connection.commit()
        minutes = (now - timedelta(hours=province.minutes)).replace(second=0, microsecond=0)
        raw = now - timedelta(hours=province.raw)
        days = range(day_of(to_us(raw) - _TO_2000_US), day_of(to_us(now) - _TO_2000_US) + 1)
        connection.autocommit = True
        Partitions(edition).ensure(connection, "sample", days)
        connection.autocommit = False
        connection.execute(_REGISTRY, values)
        connection.execute(_HOURS.replace("%", "%%").replace("%%(", "%("), values)
        for kind, (start, length) in _WINDOWS.items():
            connection.execute(_KPIS.format(kind=kind, start=start, length=length), values)
            connection.execute(_ENERGY.format(kind=kind, start=start, length=length), values)
        states = first if province.states is None else now - timedelta(days=province.states)
        connection.execute(_STATES, {**values, "states": states})
        connection.execute(_DIAGNOSES.replace("{{", "{").replace("}}", "}"), values)
        connection.execute(_VIBRATION)
        if connection.execute("SELECT to_regclass('app.programme_entry')").fetchone() != (None,):
            connection.execute(_PROGRAMME.replace("%", "%%").replace("%%(", "%("), values)
        partitions = RollupPartitions(Edition(edition.value))
        for table, since, length, samples in (
            ("rollup_1h", first, "1 hour", 120),
            ("rollup_1m", minutes, "1 minute", 2),
        ):
            partitions.ensure(connection, table, to_us(since), to_us(now))
            query = _ROLLUPS.format(table=table, length=length, samples=samples)
            connection.execute(query, {**values, "from": since})
        connection.execute(_SAMPLES, {**values, "from": raw})
        connection.commit()
        connection.autocommit = True
        connection.execute("VACUUM app.kpi_value")  # as autovacuum would: sums then read the index alone
        connection.execute("ANALYZE")
