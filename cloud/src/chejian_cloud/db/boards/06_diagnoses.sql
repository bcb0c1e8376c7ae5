-- Diagnoses with the features of their window; confidence is the method's class.
CREATE FUNCTION boards.diagnoses(p_from timestamptz, p_to timestamptz, p_enterprise text, p_equipment text[])
RETURNS TABLE ("time" timestamptz, workshop text, line text, equipment text, signal text, method text, method_version text,
               part text, confidence text, reason text, score double precision, rpm double precision,
               rms double precision, peak double precision, crest double precision, kurtosis double precision)
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_custom_plan AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    SELECT d.time, e.workshop, e.line, e.equipment, s.name, d.method, d.method_version, d.part, d.confidence, d.reason,
           d.score, d.nominal_rpm, (d.evidence #>> '{features,rms}')::double precision,
           (d.evidence #>> '{features,peak}')::double precision, (d.evidence #>> '{features,crest}')::double precision,
           (d.evidence #>> '{features,kurtosis}')::double precision
      FROM boards.equipment e
      JOIN app.diagnosis d ON d.equipment_id = e.equipment_id AND d.time >= p_from AND d.time < p_to
      LEFT JOIN telemetry.series s ON s.series_id = d.series_id
     WHERE e.enterprise = p_enterprise AND e.equipment = ANY (p_equipment);
END $$;
