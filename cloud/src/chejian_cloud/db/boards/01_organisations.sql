-- Who may read what. A reader is a login role of PostgreSQL; `app.board_reader` names its organisation, and no row means
-- nothing. All that boards show goes through `boards.equipment` or the other views of this file: they filter by the
-- session's own role, which SET ROLE does not change. security_barrier: a reader's own conditions run after that filter.
CREATE FUNCTION boards.organisations() RETURNS integer[]
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
SELECT coalesce(array_agg(DISTINCT e.enterprise_id), '{}')
  FROM app.board_reader r JOIN app.enterprise e ON r.enterprise_id IS NULL OR r.enterprise_id = e.enterprise_id
 WHERE r.role_name = session_user
$$;

CREATE VIEW boards.enterprise WITH (security_barrier) AS
SELECT e.enterprise_id, e.code AS enterprise, e.name_zh, e.name_en
  FROM app.enterprise e
 WHERE e.enterprise_id = ANY ((SELECT boards.organisations())::integer[]);

CREATE VIEW boards.workshop WITH (security_barrier) AS
SELECT w.workshop_id, e.code AS enterprise, w.code AS workshop, w.name_zh, w.name_en, w.city_code, w.timezone
  FROM app.workshop w JOIN app.enterprise e USING (enterprise_id)
 WHERE e.enterprise_id = ANY ((SELECT boards.organisations())::integer[]);

CREATE VIEW boards.line WITH (security_barrier) AS
SELECT l.line_id, e.code AS enterprise, w.code AS workshop, l.code AS line, l.name_zh, l.name_en
  FROM app.line l JOIN app.workshop w USING (workshop_id) JOIN app.enterprise e USING (enterprise_id)
 WHERE e.enterprise_id = ANY ((SELECT boards.organisations())::integer[]);

CREATE VIEW boards.equipment WITH (security_barrier) AS
SELECT q.equipment_id, e.code AS enterprise, w.code AS workshop, l.code AS line, q.code AS equipment, q.name_zh, q.name_en,
       q.type, q.position, w.timezone, m.equipment_id IS NOT NULL AS meter, q.workshop_id
  FROM app.equipment q
  JOIN app.line l USING (line_id)
  JOIN app.workshop w ON w.workshop_id = q.workshop_id
  JOIN app.enterprise e ON e.enterprise_id = q.enterprise_id
  LEFT JOIN app.meter m ON m.equipment_id = q.equipment_id
 WHERE e.enterprise_id = ANY ((SELECT boards.organisations())::integer[]);

-- What a range is shown by: hours and raw samples in short ranges, whole days and hours of rollups in long ones. Immutable,
-- so that the planner knows the answer before it looks at partitions.
CREATE FUNCTION boards.grain(p_from timestamptz, p_to timestamptz) RETURNS text
LANGUAGE sql IMMUTABLE AS $$ SELECT CASE WHEN p_to - p_from <= interval '3 days' THEN 'hour' ELSE 'day' END $$;

CREATE FUNCTION boards.resolution(p_from timestamptz, p_to timestamptz) RETURNS text
LANGUAGE sql IMMUTABLE AS $$
SELECT CASE WHEN p_to - p_from <= interval '2 hours' THEN 'raw'
            WHEN p_to - p_from <= interval '3 days' THEN '1m' ELSE '1h' END
$$;

-- Shift windows are called by their local times, which every version of a calendar has.
CREATE FUNCTION boards.shift_label(p_start timestamptz, p_end timestamptz, p_timezone text) RETURNS text
LANGUAGE sql STABLE AS $$
SELECT to_char(p_start AT TIME ZONE p_timezone, 'HH24:MI') || '-' || to_char(p_end AT TIME ZONE p_timezone, 'HH24:MI')
$$;
