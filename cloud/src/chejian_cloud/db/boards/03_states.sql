-- Start of the state interval that holds at a moment, or the moment itself where none does.
CREATE FUNCTION boards.interval_at(p_equipment_id integer, p_moment timestamptz) RETURNS timestamptz
LANGUAGE sql STABLE AS $$
SELECT coalesce((SELECT s.start FROM app.state_interval s WHERE s.equipment_id = p_equipment_id AND s.start <= p_moment
                  ORDER BY s.start DESC LIMIT 1), p_moment)
$$;

-- What people said about machines in a range, laid over the intervals that it meets: each of those, cut where what was said
-- changes, with the newest reason of each piece. A reason without end holds until the machine next produces. For the
-- functions below, which choose the machines; a reader may not call it.
CREATE FUNCTION boards.explained(p_from timestamptz, p_to timestamptz, p_machines integer[])
RETURNS TABLE (equipment_id integer, whole timestamptz, at timestamptz, until timestamptz, code text, name_zh text, name_en text)
LANGUAGE sql STABLE AS $$
    WITH said AS MATERIALIZED (
         SELECT r.stop_reason_id, r.equipment_id, r.start, n.code, n.name_zh, n.name_en,
                coalesce(r."end", (SELECT greatest(s.start, r.start) FROM app.state_interval s
                                    WHERE s.equipment_id = r.equipment_id AND s.state = 1 AND s."end" > r.start
                                      AND s.start > r.start - interval '8 days'
                                    ORDER BY s.start LIMIT 1), 'infinity') AS "end"
           FROM app.stop_reason r
           JOIN app.stop_reason_change c ON c.change_id = r.change_id AND c.kind <> 'comment'
           LEFT JOIN app.reason n ON n.reason_id = r.reason_id
          WHERE r.equipment_id = ANY (p_machines) AND r.start < p_to AND (r."end" IS NULL OR r."end" > p_from)
            AND NOT EXISTS (SELECT FROM app.stop_reason_change u WHERE u.undoes = r.change_id)),
    met AS MATERIALIZED (
         SELECT d.*, greatest(s.start, p_from) AS whole, least(s."end", p_to) AS until
           FROM said d
          CROSS JOIN LATERAL (SELECT greatest(d.start, p_from) AS lo, least(d."end", p_to) AS hi,
                                     boards.interval_at(d.equipment_id, greatest(d.start, p_from)) AS since) c
          CROSS JOIN LATERAL (SELECT i.start, i."end" FROM app.state_interval i
                 WHERE i.equipment_id = d.equipment_id AND i.start >= c.since AND i.start < c.hi AND i."end" > c.lo OFFSET 0) s),
    edge AS (
         SELECT m.equipment_id, m.whole, m.until, m.whole AS at FROM met m
          UNION
         SELECT m.equipment_id, m.whole, m.until, x.at FROM met m CROSS JOIN LATERAL (VALUES (m.start), (m."end")) AS x(at)
          WHERE x.at > m.whole AND x.at < m.until),
    piece AS (
         SELECT g.equipment_id, g.whole, g.at,
                lead(g.at, 1, g.until) OVER (PARTITION BY g.equipment_id, g.whole ORDER BY g.at) AS until
           FROM edge g)
    SELECT DISTINCT ON (p.equipment_id, p.whole, p.at) p.equipment_id, p.whole, p.at, p.until, m.code, m.name_zh, m.name_en
      FROM piece p LEFT JOIN met m ON m.equipment_id = p.equipment_id AND m.whole = p.whole
       AND m.start <= p.at AND m."end" > p.at
     ORDER BY p.equipment_id, p.whole, p.at, m.stop_reason_id DESC NULLS LAST
$$;

-- States in time, cut to the range and where what people said about them changes. Most intervals have no reason, so only
-- those that meet one are cut. p_losses: only these classes of time; p_least: only intervals of at least this length.
CREATE FUNCTION boards.states(p_from timestamptz, p_to timestamptz, p_enterprise text, p_equipment text[],
                              p_losses text[] DEFAULT NULL, p_least interval DEFAULT '0')
RETURNS TABLE (workshop text, line text, equipment text, start timestamptz, "end" timestamptz, state smallint,
               category text, loss text, reason text, reason_zh text, reason_en text)
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_custom_plan AS $$
#variable_conflict use_column
DECLARE
    v_machines integer[] := ARRAY(SELECT e.equipment_id FROM boards.equipment e
                                   WHERE e.enterprise = p_enterprise AND e.equipment = ANY (p_equipment));
BEGIN
    RETURN QUERY
    WITH machine AS MATERIALIZED (
         SELECT e.equipment_id, e.workshop, e.line, e.equipment, boards.interval_at(e.equipment_id, p_from) AS since
           FROM boards.equipment e WHERE e.equipment_id = ANY (v_machines)),
    found AS MATERIALIZED (
         SELECT m.*, greatest(i.start, p_from) AS start, least(i."end", p_to) AS "end", i.state, i.category, i.loss
           FROM machine m
          CROSS JOIN LATERAL (SELECT s.* FROM app.state_interval s
                 WHERE s.equipment_id = m.equipment_id AND s.start >= m.since AND s.start < p_to AND s."end" > p_from
                   AND (p_losses IS NULL OR s.loss = ANY (p_losses)) AND s."end" - s.start >= p_least OFFSET 0) i)
    SELECT f.workshop, f.line, f.equipment, coalesce(x.at, f.start), coalesce(x.until, f."end"), f.state, f.category, f.loss,
           CASE WHEN v.open THEN x.code END, CASE WHEN v.open THEN x.name_zh END, CASE WHEN v.open THEN x.name_en END
      FROM found f
      LEFT JOIN boards.explained(p_from, p_to, v_machines) x ON x.equipment_id = f.equipment_id AND x.whole = f.start
     CROSS JOIN LATERAL (SELECT f.loss NOT IN ('production', 'no_data', 'not_scheduled', 'planned_stop') AS open) v;
END $$;

-- Classes of time that are stops: what a Pareto chart counts; the calendar's own stops left out.
CREATE FUNCTION boards.stopped() RETURNS text[] LANGUAGE sql IMMUTABLE AS $$
SELECT '{no_order,fault,stop,minor_stop,starved,blocked,maintenance,setup,planned_maintenance}'::text[]
$$;

-- Stops with their reasons.
CREATE FUNCTION boards.stops(p_from timestamptz, p_to timestamptz, p_enterprise text, p_equipment text[],
                             p_least interval DEFAULT '0')
RETURNS TABLE (workshop text, line text, equipment text, start timestamptz, "end" timestamptz, us bigint, state smallint,
               loss text, reason text, reason_zh text, reason_en text)
LANGUAGE sql STABLE AS $$
SELECT s.workshop, s.line, s.equipment, s.start, s."end", (extract(epoch FROM s."end" - s.start) * 1000000)::bigint,
       s.state, s.loss, s.reason, s.reason_zh, s.reason_en
  FROM boards.states(p_from, p_to, p_enterprise, p_equipment, boards.stopped(), p_least) s
$$;

-- Time and number of the same stops by state and reason, for ranges with too many of them to hand each one over.
CREATE FUNCTION boards.downtime(p_from timestamptz, p_to timestamptz, p_enterprise text, p_equipment text[])
RETURNS TABLE (state smallint, reason text, reason_zh text, reason_en text, us bigint, stops bigint)
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_custom_plan AS $$
#variable_conflict use_column
DECLARE
    v_machines integer[] := ARRAY(SELECT e.equipment_id FROM boards.equipment e
                                   WHERE e.enterprise = p_enterprise AND e.equipment = ANY (p_equipment));
BEGIN
    RETURN QUERY
    WITH machine AS MATERIALIZED (
         SELECT m.equipment_id, boards.interval_at(m.equipment_id, p_from) AS since FROM unnest(v_machines) AS m(equipment_id))
    SELECT f.state, x.code, x.name_zh, x.name_en,
           (extract(epoch FROM sum(coalesce(x.until, f."end") - coalesce(x.at, f.start))) * 1000000)::bigint, count(*)
      FROM machine m
     CROSS JOIN LATERAL (SELECT s.equipment_id, s.state, greatest(s.start, p_from) AS start, least(s."end", p_to) AS "end"
              FROM app.state_interval s
             WHERE s.equipment_id = m.equipment_id AND s.start >= m.since AND s.start < p_to AND s."end" > p_from
               AND s.loss = ANY (boards.stopped()) OFFSET 0) f
      LEFT JOIN boards.explained(p_from, p_to, v_machines) x ON x.equipment_id = f.equipment_id AND x.whole = f.start
     GROUP BY f.state, x.code, x.name_zh, x.name_en;
END $$;

-- Hours in each state.
CREATE FUNCTION boards.state_hours(p_from timestamptz, p_to timestamptz, p_enterprise text, p_equipment text[])
RETURNS TABLE (equipment text, state smallint, hours double precision)
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_custom_plan AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    SELECT e.equipment, i.state, (sum(extract(epoch FROM i.length)) / 3600)::float8
      FROM (SELECT q.*, boards.interval_at(q.equipment_id, p_from) AS since FROM boards.equipment q
             WHERE q.enterprise = p_enterprise AND q.equipment = ANY (p_equipment)) e
     CROSS JOIN LATERAL (SELECT s.state, sum(least(s."end", p_to) - greatest(s.start, p_from)) AS length
              FROM app.state_interval s
             WHERE s.equipment_id = e.equipment_id AND s.start >= e.since AND s.start < p_to AND s."end" > p_from
             GROUP BY s.state OFFSET 0) i
     GROUP BY e.equipment_id, e.equipment, i.state;
END $$;

-- What a timeline draws: every interval of up to three days; of longer ranges, which hold more intervals than a screen has
-- points, the state at 600 moments.
CREATE FUNCTION boards.timeline(p_from timestamptz, p_to timestamptz, p_enterprise text, p_equipment text[])
RETURNS TABLE ("time" timestamptz, equipment text, state smallint)
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_custom_plan AS $$
#variable_conflict use_column
DECLARE
    v_step interval := (p_to - p_from) / 600;
    v_seconds double precision := extract(epoch FROM (p_to - p_from) / 600);
    v_each boolean := p_to - p_from <= interval '3 days';
BEGIN
    RETURN QUERY
    SELECT CASE WHEN v_each THEN x.lo ELSE p_from + k * v_step END, x.equipment, x.state
      FROM (SELECT e.equipment, i.state, i.lo,
                   CASE WHEN v_each THEN 0 ELSE ceil(extract(epoch FROM i.lo - p_from)::float8 / v_seconds)::integer END AS first,
                   CASE WHEN v_each THEN 0 ELSE ceil(extract(epoch FROM i.hi - p_from)::float8 / v_seconds)::integer - 1
                    END AS last
              FROM (SELECT q.*, boards.interval_at(q.equipment_id, p_from) AS since FROM boards.equipment q
                     WHERE q.enterprise = p_enterprise AND q.equipment = ANY (p_equipment)) e
             CROSS JOIN LATERAL (SELECT s.state, greatest(s.start, p_from) AS lo, least(s."end", p_to) AS hi
                      FROM app.state_interval s
                     WHERE s.equipment_id = e.equipment_id AND s.start >= e.since AND s.start < p_to AND s."end" > p_from
                    OFFSET 0) i) x
     CROSS JOIN LATERAL generate_series(x.first, x.last) AS k
     WHERE x.first <= x.last;
END $$;
