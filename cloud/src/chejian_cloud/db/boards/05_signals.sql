-- A signal by its role: raw samples in ranges of hours, minutes in ranges of days, hours beyond. Raw samples are read only
-- here, series by series through their index, and only of the reader's own equipment. Value: of minutes and hours the mean
-- weighed by time; of counters what they rose by.
CREATE FUNCTION boards.signal(p_from timestamptz, p_to timestamptz, p_enterprise text, p_equipment text[], p_role text)
RETURNS TABLE ("time" timestamptz, equipment text, signal text, unit text, value double precision,
               minimum double precision, maximum double precision)
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_custom_plan SET enable_seqscan = off AS $$
#variable_conflict use_column
DECLARE
    v_series record;
BEGIN
    FOR v_series IN
        SELECT s.series_id, e.equipment, s.name, s.unit, s.kind FROM boards.equipment e
          JOIN app.equipment_feed f ON f.equipment_id = e.equipment_id
          JOIN telemetry.node n ON n.group_id = f.group_id AND n.edge_node = f.edge_node
          JOIN telemetry.device d ON d.node_id = n.node_id AND d.name = f.device
          JOIN telemetry.series s ON s.device_id = d.device_id AND s.role = p_role
         WHERE e.enterprise = p_enterprise AND e.equipment = ANY (p_equipment)
         ORDER BY e.equipment, s.name, s.series_id
    LOOP
        IF boards.resolution(p_from, p_to) = 'raw' THEN
            RETURN QUERY SELECT x.time, v_series.equipment::text, v_series.name::text, v_series.unit::text, x.value, x.value, x.value
              FROM telemetry.sample x
             WHERE x.series_id = v_series.series_id AND x.time >= p_from AND x.time < p_to
               AND x.quality IN (64, 192) AND x.value = x.value AND x.value <> 'NaN' ORDER BY x.time;
        ELSIF boards.resolution(p_from, p_to) = '1m' THEN
            RETURN QUERY SELECT x.bucket, v_series.equipment::text, v_series.name::text, v_series.unit::text,
                   CASE WHEN v_series.kind = 'total_increasing' THEN x.increment ELSE x.mean END, x.minimum, x.maximum
              FROM app.rollup_1m x
             WHERE x.series_id = v_series.series_id AND x.bucket >= p_from AND x.bucket < p_to ORDER BY x.bucket;
        ELSE
            RETURN QUERY SELECT x.bucket, v_series.equipment::text, v_series.name::text, v_series.unit::text,
                   CASE WHEN v_series.kind = 'total_increasing' THEN x.increment ELSE x.mean END, x.minimum, x.maximum
              FROM app.rollup_1h x
             WHERE x.series_id = v_series.series_id AND x.bucket >= p_from AND x.bucket < p_to ORDER BY x.bucket;
        END IF;
    END LOOP;
END $$;

-- Samples and readable ones by hour, from the rollups: quality of what came. A short range shows the last ended hour.
CREATE FUNCTION boards.sample_quality(p_from timestamptz, p_to timestamptz, p_enterprise text, p_equipment text[])
RETURNS TABLE (hour timestamptz, equipment text, samples bigint, good bigint)
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_custom_plan AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    SELECT x.bucket, e.equipment, sum(x.samples), sum(x.good)
      FROM boards.equipment e
      JOIN app.equipment_feed f ON f.equipment_id = e.equipment_id
      JOIN telemetry.node n ON n.group_id = f.group_id AND n.edge_node = f.edge_node
      JOIN telemetry.device d ON d.node_id = n.node_id AND d.name = f.device
      JOIN telemetry.series s ON s.device_id = d.device_id
      JOIN app.rollup_1h x ON x.series_id = s.series_id AND x.bucket < p_to
       AND x.bucket >= least(date_trunc('hour', p_from), date_trunc('hour', p_to) - interval '1 hour')
     WHERE e.enterprise = p_enterprise AND e.equipment = ANY (p_equipment)
     GROUP BY 1, 2;
END $$;
