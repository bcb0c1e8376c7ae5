-- States in time, cut to the range and where what people said about them changes. A reason without end holds until the
-- machine next produces. Most intervals have no reason, so only those that meet one are cut.
CREATE FUNCTION boards.states(p_from timestamptz, p_to timestamptz, p_enterprise text, p_equipment text[])
RETURNS TABLE (workshop text, line text, equipment text, start timestamptz, "end" timestamptz, state smallint,
               category text, loss text, reason text, reason_zh text, reason_en text)
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_custom_plan AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    WITH machine AS MATERIALIZED (
         SELECT e.equipment_id, e.workshop, e.line, e.equipment FROM boards.equipment e
          WHERE e.enterprise = p_enterprise AND e.equipment = ANY (p_equipment)),
    found AS MATERIALIZED (
         SELECT m.equipment_id, m.workshop, m.line, m.equipment, greatest(i.start, p_from) AS start,
                least(i."end", p_to) AS "end", i.state, i.category, i.loss
           FROM machine m
          CROSS JOIN LATERAL (SELECT s.* FROM app.state_interval s
                 WHERE s.equipment_id = m.equipment_id AND s.start < p_to AND s."end" > p_from
                   AND s.start >= coalesce((SELECT max(b.start) FROM app.state_interval b
                                             WHERE b.equipment_id = m.equipment_id AND b.start <= p_from), p_from)) i),
    said AS MATERIALIZED (
         SELECT r.stop_reason_id, r.equipment_id, r.start, n.code, n.name_zh, n.name_en,
                coalesce(r."end", (SELECT greatest(s.start, r.start) FROM app.state_interval s
                                    WHERE s.equipment_id = r.equipment_id AND s.state = 1 AND s."end" > r.start
                                      AND s.start > r.start - interval '8 days'
                                    ORDER BY s.start LIMIT 1), 'infinity') AS "end"
           FROM machine m
           JOIN app.stop_reason r ON r.equipment_id = m.equipment_id AND r.start < p_to
            AND (r."end" IS NULL OR r."end" > p_from)
           JOIN app.stop_reason_change c ON c.change_id = r.change_id AND c.kind <> 'comment'
           LEFT JOIN app.reason n ON n.reason_id = r.reason_id
          WHERE NOT EXISTS (SELECT FROM app.stop_reason_change u WHERE u.undoes = r.change_id)),
    touched AS MATERIALIZED (
         SELECT DISTINCT f.equipment_id, f.start FROM said d
           JOIN found f ON f.equipment_id = d.equipment_id AND f.start < d."end" AND f."end" > d.start),
    edge AS (
         SELECT f.equipment_id, f.start AS whole, f.start AS at FROM found f JOIN touched USING (equipment_id, start)
          UNION
         SELECT f.equipment_id, f.start, x.at FROM found f JOIN touched USING (equipment_id, start)
           JOIN said d ON d.equipment_id = f.equipment_id
          CROSS JOIN LATERAL (VALUES (d.start), (d."end")) AS x(at)
          WHERE x.at > f.start AND x.at < f."end"),
    piece AS (
         SELECT g.equipment_id, g.whole, g.at, lead(g.at) OVER (PARTITION BY g.equipment_id, g.whole ORDER BY g.at) AS until
           FROM edge g)
    SELECT f.workshop, f.line, f.equipment, f.start, f."end", f.state, f.category, f.loss,
           NULL::text, NULL::text, NULL::text
      FROM found f LEFT JOIN touched t USING (equipment_id, start)
     WHERE t.equipment_id IS NULL
     UNION ALL
    SELECT f.workshop, f.line, f.equipment, p.at, coalesce(p.until, f."end"), f.state, f.category, f.loss,
           w.code, w.name_zh, w.name_en
      FROM piece p JOIN found f ON f.equipment_id = p.equipment_id AND f.start = p.whole
      LEFT JOIN LATERAL (SELECT d.code, d.name_zh, d.name_en FROM said d
                          WHERE d.equipment_id = p.equipment_id AND d.start <= p.at AND d."end" > p.at
                          ORDER BY d.stop_reason_id DESC LIMIT 1) w
        ON f.loss NOT IN ('production', 'no_data', 'not_scheduled', 'planned_stop');
END $$;

-- Time by reason, or by class of time where nobody gave one: what a Pareto chart counts; the calendar's own stops left out.
CREATE FUNCTION boards.stops(p_from timestamptz, p_to timestamptz, p_enterprise text, p_equipment text[])
RETURNS TABLE (workshop text, line text, equipment text, start timestamptz, "end" timestamptz, us bigint, state smallint,
               loss text, reason text, reason_zh text, reason_en text)
LANGUAGE sql STABLE AS $$
SELECT s.workshop, s.line, s.equipment, s.start, s."end", (extract(epoch FROM s."end" - s.start) * 1000000)::bigint,
       s.state, s.loss, s.reason, s.reason_zh, s.reason_en
  FROM boards.states(p_from, p_to, p_enterprise, p_equipment) s
 WHERE s.loss IN ('no_order', 'fault', 'stop', 'minor_stop', 'starved', 'blocked', 'maintenance', 'setup',
                  'planned_maintenance')
$$;
