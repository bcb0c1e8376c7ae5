-- Energy by window and meter, in the carrier's unit (a thousandth of it is what the register counts).
CREATE FUNCTION boards.energy(p_from timestamptz, p_to timestamptz, p_enterprise text, p_meter text[],
                              p_shift text[] DEFAULT NULL)
RETURNS TABLE (start timestamptz, "end" timestamptz, workshop text, line text, meter text, carrier text, unit text,
               amount double precision, register bigint, kgce double precision, output bigint,
               completeness double precision, factor jsonb, made_on_site boolean, top boolean, shift text,
               provisional boolean)
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_custom_plan AS $$
#variable_conflict use_column
DECLARE
    v_by_shift boolean := p_shift IS NOT NULL AND array_position(p_shift, NULL) IS NULL;
    v_kind text := CASE WHEN v_by_shift THEN 'shift' ELSE boards.grain(p_from, p_to) END;
BEGIN
    RETURN QUERY
    SELECT v.start, v."end", e.workshop, e.line, e.equipment, m.carrier,
           CASE m.carrier WHEN 'electricity' THEN 'kWh' WHEN 'steam' THEN 'kg'
                          WHEN 'fresh_water' THEN 't' WHEN 'softened_water' THEN 't' ELSE 'm3' END,
           v.amount / 1000.0::double precision, v.amount, v.kgce, v.output, v.completeness, v.factor, m.made_on_site,
           m.parent_id IS NULL, CASE WHEN v_by_shift THEN boards.shift_label(v.start, v."end", e.timezone) END,
           v.provisional
      FROM boards.equipment e JOIN app.meter m ON m.equipment_id = e.equipment_id
      JOIN app.energy_value v ON v.equipment_id = e.equipment_id AND v.window_kind = v_kind
       AND v.start > p_from - interval '25 hours' AND v.start < p_to AND v."end" > p_from
     WHERE e.enterprise = p_enterprise AND e.equipment = ANY (p_meter)
       AND (NOT v_by_shift OR boards.shift_label(v.start, v."end", e.timezone) = ANY (p_shift));
END $$;

-- The same energy split by the state of the meter's machine; state 0: no data.
CREATE FUNCTION boards.energy_states(p_from timestamptz, p_to timestamptz, p_enterprise text, p_meter text[])
RETURNS TABLE (start timestamptz, meter text, carrier text, state smallint, amount double precision, us bigint)
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_custom_plan AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    SELECT v.start, e.equipment, m.carrier, s.key::smallint, (s.value ->> 'amount')::bigint / 1000.0::double precision,
           (s.value ->> 'us')::bigint
      FROM boards.equipment e JOIN app.meter m ON m.equipment_id = e.equipment_id
      JOIN app.energy_value v ON v.equipment_id = e.equipment_id AND v.window_kind = boards.grain(p_from, p_to)
       AND v.start > p_from - interval '25 hours' AND v.start < p_to AND v."end" > p_from
     CROSS JOIN LATERAL jsonb_each(coalesce(v.shares -> 'state', '{}')) s
     WHERE e.enterprise = p_enterprise AND e.equipment = ANY (p_meter);
END $$;

-- What a meter of one machine was to take: the straight line of amount over output (least squares; the mean where output did not
-- vary) through its complete windows of the same kind in the 28 days before the range. band: twice the standard error of that
-- line's residuals. Fewer than 10 windows expect nothing. Open and incomplete windows are left out, so a range shorter than its
-- windows shows those of the two hours, or of shifts the day, before its end.
CREATE FUNCTION boards.energy_expected(p_from timestamptz, p_to timestamptz, p_enterprise text, p_meter text[],
                                       p_shift text[] DEFAULT NULL)
RETURNS TABLE (start timestamptz, meter text, carrier text, output bigint, amount double precision,
               expected double precision, band double precision, windows bigint)
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_custom_plan AS $$
#variable_conflict use_column
DECLARE
    v_by_shift boolean := p_shift IS NOT NULL AND array_position(p_shift, NULL) IS NULL;
    v_kind text := CASE WHEN v_by_shift THEN 'shift' ELSE boards.grain(p_from, p_to) END;
    v_since timestamptz := least(p_from, p_to - CASE v_kind WHEN 'hour' THEN interval '2 hours' WHEN 'shift' THEN interval '1 day'
                                                     ELSE interval '0' END);
BEGIN
    RETURN QUERY
    WITH seen AS MATERIALIZED (
         SELECT e.equipment, m.carrier, v.start, v.output, v.amount / 1000.0::double precision AS amount,
                v."end" > v_since AS asked
           FROM boards.equipment e JOIN app.meter m ON m.equipment_id = e.equipment_id
           JOIN app.energy_value v ON v.equipment_id = e.equipment_id AND v.window_kind = v_kind
            AND v.start > v_since - interval '28 days' AND v.start < p_to
          WHERE e.enterprise = p_enterprise AND e.equipment = ANY (p_meter)
            AND v.output IS NOT NULL AND v.completeness >= 0.95 AND NOT v.provisional
            AND (NOT v_by_shift OR boards.shift_label(v.start, v."end", e.timezone) = ANY (p_shift))),
    sums AS (
         SELECT s.equipment, count(*) AS n, avg(s.amount) AS mean, regr_sxx(s.amount, s.output) AS sxx,
                regr_syy(s.amount, s.output) AS syy, regr_sxy(s.amount, s.output) AS sxy, avg(s.output)::float8 AS middle
           FROM seen s WHERE NOT s.asked GROUP BY s.equipment HAVING count(*) >= 10),
    line AS (
         SELECT s.*, CASE WHEN s.sxx > 0 THEN s.sxy / s.sxx ELSE 0 END AS slope, CASE WHEN s.sxx > 0 THEN 2 ELSE 1 END AS terms
           FROM sums s)
    SELECT s.start, s.equipment, s.carrier, s.output, s.amount, l.mean + l.slope * (s.output - l.middle),
           2 * sqrt(greatest(l.syy - l.slope * l.sxy, 0) / (l.n - l.terms)), coalesce(l.n, 0)
      FROM seen s LEFT JOIN line l ON l.equipment = s.equipment WHERE s.asked;
END $$;
