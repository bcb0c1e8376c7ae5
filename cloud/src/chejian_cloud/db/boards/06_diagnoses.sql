-- Diagnoses with the features of their window; confidence is the method's class, own_baseline: judged beside healthy windows of
-- the machine itself.
CREATE FUNCTION boards.diagnoses(p_from timestamptz, p_to timestamptz, p_enterprise text, p_equipment text[])
RETURNS TABLE ("time" timestamptz, workshop text, line text, equipment text, signal text, method text, method_version text,
               part text, confidence text, reason text, score double precision, rpm double precision,
               rms double precision, peak double precision, crest double precision, kurtosis double precision,
               own_baseline boolean)
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_custom_plan AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    SELECT d.time, e.workshop, e.line, e.equipment, s.name, d.method, d.method_version, d.part, d.confidence, d.reason,
           d.score, d.nominal_rpm, (d.evidence #>> '{features,rms}')::double precision,
           (d.evidence #>> '{features,peak}')::double precision, (d.evidence #>> '{features,crest}')::double precision,
           (d.evidence #>> '{features,kurtosis}')::double precision,
           d.baseline_id IS NOT NULL
      FROM boards.equipment e
      JOIN app.diagnosis d ON d.equipment_id = e.equipment_id AND d.time >= p_from AND d.time < p_to
      LEFT JOIN telemetry.series s ON s.series_id = d.series_id
     WHERE e.enterprise = p_enterprise AND e.equipment = ANY (p_equipment);
END $$;

-- What stored waveforms measured; zone A to D of ISO 10816-3 where the machine's group and support are registered.
CREATE FUNCTION boards.vibration(p_from timestamptz, p_to timestamptz, p_enterprise text, p_equipment text[])
RETURNS TABLE ("time" timestamptz, equipment text, signal text, velocity_mm_s double precision, zone text)
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_custom_plan AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    SELECT v.time, e.equipment, s.name, v.velocity_mm_s, v.zone
      FROM boards.equipment e
      JOIN app.vibration_window v ON v.equipment_id = e.equipment_id AND v.time >= p_from AND v.time < p_to
      LEFT JOIN telemetry.series s ON s.series_id = v.series_id
     WHERE e.enterprise = p_enterprise AND e.equipment = ANY (p_equipment);
END $$;

-- What engineers answered to diagnoses of the range: the newest answer of each, unless it was withdrawn.
CREATE FUNCTION boards.answers(p_from timestamptz, p_to timestamptz, p_enterprise text, p_equipment text[])
RETURNS TABLE ("time" timestamptz, equipment text, method text, part text, confidence text, answer text, found text,
               answered timestamptz)
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_custom_plan AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    SELECT d.time, e.equipment, d.method, x.part, x.confidence, x.answer, x.found, x.made_at
      FROM boards.equipment e
      JOIN app.diagnosis d ON d.equipment_id = e.equipment_id AND d.time >= p_from AND d.time < p_to
      JOIN LATERAL (SELECT l.* FROM app.diagnosis_label l WHERE l.diagnosis_id = d.diagnosis_id
                     ORDER BY l.label_id DESC LIMIT 1) x ON x.answer <> 'withdrawn'
     WHERE e.enterprise = p_enterprise AND e.equipment = ANY (p_equipment);
END $$;
