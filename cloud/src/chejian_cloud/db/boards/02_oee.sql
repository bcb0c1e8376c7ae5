-- OEE by window. Boards add numerators and denominators and divide once; the mean of ratios is no OEE (ISO 22400-2:2014).
-- p_shift NULL, or holding NULL: hours or days, as the range is long; else the shift windows of these labels.
CREATE FUNCTION boards.oee(p_from timestamptz, p_to timestamptz, p_enterprise text, p_equipment text[],
                           p_shift text[] DEFAULT NULL)
RETURNS TABLE (start timestamptz, "end" timestamptz, workshop text, line text, equipment text, shift text,
               busy_us bigint, no_data_us bigint, apt_us bigint, ideal_us bigint, effective_us bigint, produced bigint,
               good bigint, no_counts boolean, no_quality boolean, no_ideal boolean, provisional boolean)
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_custom_plan AS $$
#variable_conflict use_column
DECLARE
    v_by_shift boolean := p_shift IS NOT NULL AND array_position(p_shift, NULL) IS NULL;
    v_kind text := CASE WHEN v_by_shift THEN 'shift' ELSE boards.grain(p_from, p_to) END;
BEGIN
    RETURN QUERY
    SELECT k.start, k."end", e.workshop, e.line, e.equipment,
           CASE WHEN v_by_shift THEN boards.shift_label(k.start, k."end", e.timezone) END,
           k.busy_us, k.no_data_us, k.apt_us, k.ideal_us, k.effective_us, k.produced, k.good,
           'no_counts' = ANY (k.flags), 'no_quality_counts' = ANY (k.flags), 'no_ideal_cycle' = ANY (k.flags),
           k.provisional
      FROM boards.equipment e
      JOIN app.kpi_value k ON k.equipment_id = e.equipment_id AND k.kpi = 'oee' AND k.window_kind = v_kind
       AND k.start > p_from - interval '25 hours' AND k.start < p_to AND k."end" > p_from
     WHERE e.enterprise = p_enterprise AND e.equipment = ANY (p_equipment)
       AND (NOT v_by_shift OR boards.shift_label(k.start, k."end", e.timezone) = ANY (p_shift));
END $$;

-- All terms of the same windows; heavier, since they are read out of JSON.
CREATE FUNCTION boards.terms(p_from timestamptz, p_to timestamptz, p_enterprise text, p_equipment text[],
                             p_shift text[] DEFAULT NULL)
RETURNS TABLE (start timestamptz, "end" timestamptz, workshop text, line text, equipment text, shift text,
               not_scheduled_us bigint, planned_stop_us bigint, no_data_us bigint, no_order_us bigint, fault_us bigint,
               maintenance_us bigint, stop_us bigint, minor_stop_us bigint, starved_us bigint, blocked_us bigint,
               setup_us bigint, speed_us bigint, quality_us bigint, effective_us bigint, apt_us bigint, failures bigint,
               minor_stops bigint, setups bigint, produced bigint, good bigint, scrap bigint, rework bigint)
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_custom_plan AS $$
#variable_conflict use_column
DECLARE
    v_by_shift boolean := p_shift IS NOT NULL AND array_position(p_shift, NULL) IS NULL;
    v_kind text := CASE WHEN v_by_shift THEN 'shift' ELSE boards.grain(p_from, p_to) END;
BEGIN
    RETURN QUERY
    SELECT k.start, k."end", e.workshop, e.line, e.equipment,
           CASE WHEN v_by_shift THEN boards.shift_label(k.start, k."end", e.timezone) END,
           t.not_scheduled_us, t.planned_stop_us, t.no_data_us, t.adot_us, t.fault_us, t.maintenance_us,
           t.adet_us - t.fault_us - t.maintenance_us - t.minor_stop_us - t.starved_us - t.blocked_us,
           t.minor_stop_us, t.starved_us, t.blocked_us, t.aust_us, t.apt_us - t.ideal_us, t.ideal_us - t.effective_us,
           t.effective_us, t.apt_us, t.failures, t.minor_stops, t.setups, t.produced, t.good, t.scrap, t.rework
      FROM boards.equipment e
      JOIN app.kpi_value k ON k.equipment_id = e.equipment_id AND k.kpi = 'oee' AND k.window_kind = v_kind
       AND k.start > p_from - interval '25 hours' AND k.start < p_to AND k."end" > p_from
     CROSS JOIN LATERAL jsonb_to_record(k.inputs) AS t(
           not_scheduled_us bigint, planned_stop_us bigint, no_data_us bigint, adot_us bigint, adet_us bigint,
           aust_us bigint, apt_us bigint, ideal_us bigint, effective_us bigint, fault_us bigint, minor_stop_us bigint,
           starved_us bigint, blocked_us bigint, maintenance_us bigint, failures bigint, minor_stops bigint, setups bigint,
           produced bigint, good bigint, scrap bigint, rework bigint)
     WHERE e.enterprise = p_enterprise AND e.equipment = ANY (p_equipment)
       AND (NOT v_by_shift OR boards.shift_label(k.start, k."end", e.timezone) = ANY (p_shift));
END $$;

-- Labels of the shifts that have been worked lately, for a variable.
CREATE FUNCTION boards.shifts(p_enterprise text, p_workshop text) RETURNS TABLE (shift text)
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_custom_plan AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    SELECT DISTINCT boards.shift_label(k.start, k."end", e.timezone)
      FROM (SELECT * FROM boards.equipment q WHERE q.enterprise = p_enterprise AND q.workshop = p_workshop AND NOT q.meter
             ORDER BY q.equipment LIMIT 20) e
      JOIN app.kpi_value k ON k.equipment_id = e.equipment_id AND k.kpi = 'oee' AND k.window_kind = 'shift'
       AND k.start > now() - interval '8 days' AND k.start < now()
     ORDER BY 1;
END $$;
