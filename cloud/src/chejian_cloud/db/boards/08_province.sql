-- One row per workshop and day: sums of its machines, and what its main meters burnt, of all organisations of the reader.
CREATE FUNCTION boards.workshop_days(p_from timestamptz, p_to timestamptz, p_enterprise text[])
RETURNS TABLE (day timestamptz, enterprise text, workshop text, name_zh text, name_en text, city_code text,
               machines bigint, busy_us bigint, no_data_us bigint, apt_us bigint, ideal_us bigint, effective_us bigint,
               produced bigint, good bigint, no_counts boolean, no_quality boolean, no_ideal boolean)
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_custom_plan AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    WITH machine AS MATERIALIZED (
         SELECT e.equipment_id, e.workshop_id FROM boards.equipment e
          WHERE e.enterprise = ANY (p_enterprise) AND NOT e.meter),
    total AS (
         SELECT m.workshop_id, k.start, count(*) AS machines, sum(k.busy_us)::bigint AS busy_us,
                sum(k.no_data_us)::bigint AS no_data_us, sum(k.apt_us)::bigint AS apt_us,
                sum(k.ideal_us)::bigint AS ideal_us, sum(k.effective_us)::bigint AS effective_us,
                sum(k.produced)::bigint AS produced, sum(k.good)::bigint AS good,
                bool_and('no_counts' = ANY (k.flags)) AS no_counts,
                bool_or('no_quality_counts' = ANY (k.flags)) AS no_quality,
                bool_or('no_ideal_cycle' = ANY (k.flags)) AS no_ideal
           FROM machine m JOIN app.kpi_value k ON k.equipment_id = m.equipment_id
          WHERE k.kpi = 'oee' AND k.window_kind = 'day'
            AND k.start > p_from - interval '25 hours' AND k.start < p_to AND k."end" > p_from
          GROUP BY m.workshop_id, k.start)
    SELECT t.start, w.enterprise, w.workshop, w.name_zh, w.name_en, w.city_code, t.machines, t.busy_us, t.no_data_us,
           t.apt_us, t.ideal_us, t.effective_us, t.produced, t.good, t.no_counts, t.no_quality, t.no_ideal
      FROM total t JOIN boards.workshop w USING (workshop_id);
END $$;

CREATE FUNCTION boards.workshop_energy(p_from timestamptz, p_to timestamptz, p_enterprise text[])
RETURNS TABLE (day timestamptz, enterprise text, workshop text, kgce double precision, unknown bigint)
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_custom_plan AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    SELECT v.start, e.enterprise, e.workshop, sum(v.kgce ORDER BY e.equipment_id), count(*) FILTER (WHERE v.kgce IS NULL)
      FROM boards.equipment e
      JOIN app.meter m ON m.equipment_id = e.equipment_id AND m.parent_id IS NULL AND NOT m.made_on_site
      JOIN app.energy_value v ON v.equipment_id = e.equipment_id AND v.window_kind = 'day'
       AND v.start > p_from - interval '25 hours' AND v.start < p_to AND v."end" > p_from
     WHERE e.enterprise = ANY (p_enterprise)
     GROUP BY 1, 2, 3;
END $$;

-- Workshops with what is known of them now: the newest sign of life of their edges.
CREATE FUNCTION boards.workshops(p_enterprise text[])
RETURNS TABLE (enterprise text, workshop text, name_zh text, name_en text, city_code text, lines bigint, machines bigint,
               edges bigint, online bigint, last_seen timestamptz, age_s double precision)
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_custom_plan AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    SELECT w.enterprise, w.workshop, w.name_zh, w.name_en, w.city_code,
           (SELECT count(*) FROM app.line l WHERE l.workshop_id = w.workshop_id), q.machines, n.edges, n.online,
           n.last_seen, extract(epoch FROM now() - n.last_seen)::double precision
      FROM boards.workshop w
      LEFT JOIN (SELECT workshop_id, count(*) FILTER (WHERE NOT meter) AS machines FROM boards.equipment GROUP BY 1) q
        USING (workshop_id)
      LEFT JOIN (SELECT x.workshop_id, count(*) AS edges, count(*) FILTER (WHERE x.online) AS online,
                        max(x.last_seen) AS last_seen
                   FROM (SELECT DISTINCT e.workshop_id, t.node_id, t.online, t.last_seen FROM boards.equipment e
                           JOIN app.equipment_feed f ON f.equipment_id = e.equipment_id
                           JOIN telemetry.node t ON t.group_id = f.group_id AND t.edge_node = f.edge_node) x
                  GROUP BY 1) n USING (workshop_id)
     WHERE w.enterprise = ANY (p_enterprise);
END $$;

-- The programme's entries with their milestones; an entry without any has one row.
CREATE FUNCTION boards.programme(p_enterprise text[])
RETURNS TABLE (enterprise text, kind text, code text, name_zh text, name_en text, city_code text, industry text,
               status text, milestone text, due_on date, reached_on date)
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_custom_plan AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    SELECT e.enterprise, p.kind, p.code, p.name_zh, p.name_en, p.city_code, p.industry, p.status, m.kind, m.due_on,
           m.reached_on
      FROM boards.enterprise e
      JOIN app.programme_entry p ON p.enterprise_id = e.enterprise_id
      LEFT JOIN app.programme_milestone m ON m.programme_entry_id = p.programme_entry_id
     WHERE e.enterprise = ANY (p_enterprise);
END $$;

-- Assessments with their newest submission, if there is one.
CREATE FUNCTION boards.assessments(p_enterprise text[])
RETURNS TABLE (enterprise text, workshop text, standard text, industry text, state text, due_on date,
               submitted_at timestamptz, total double precision, level text, level_number integer)
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_custom_plan AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    SELECT e.enterprise, w.code, a.standard_id, a.industry, a.state, a.due_on, s.submitted_at, s.total::double precision,
           s.level, s.level_number
      FROM boards.enterprise e
      JOIN app.assessment a ON a.enterprise_id = e.enterprise_id
      LEFT JOIN app.workshop w ON w.workshop_id = a.workshop_id
      LEFT JOIN LATERAL (SELECT x.* FROM app.assessment_submission x WHERE x.assessment_id = a.assessment_id
                          ORDER BY x.revision DESC LIMIT 1) s ON true
     WHERE e.enterprise = ANY (p_enterprise);
END $$;
