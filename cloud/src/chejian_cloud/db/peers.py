"""What an enterprise may know of others' assessments: quartiles of groups, and nothing that leads to a single one.

The functions run with the owner's rights and are made anew by `chejian_cloud.db.rows`. Nobody can search with them for another's
value: they take a form's id and no value, and compare approved totals only, the newest of each enterprise, without
the asker's. What keeps a member unknown:

- A group of fewer than five others is not told.
- A group is told as it was when the last whole batch of approvals was complete. A batch holds approvals of one enterprise more than
  the least number, so that what is told today and was told before differ by enough others, whoever asks.
- All industries together are not told where they differ from an industry that is told by too few others.
- Quartiles have two significant digits, so that they are nobody's exact total.
"""

from typing import Final

FUNCTIONS: Final = """
CREATE OR REPLACE FUNCTION app.assessment_released(standard text, version text, of_industry text, batch integer)
RETURNS TABLE (enterprise_id integer, event_id integer, total double precision)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = '' AS $$
DECLARE
    approval record;
    waiting integer[] := '{}';
    last_told integer := 0;
BEGIN
    FOR approval IN
        SELECT e.event_id, e.enterprise_id FROM app.assessment_event e JOIN app.assessment a USING (assessment_id)
         WHERE e.kind = 'approve' AND (a.standard_id, a.standard_version) = (standard, version)
           AND (of_industry IS NULL OR a.industry = of_industry)
         ORDER BY e.event_id
    LOOP
        IF approval.enterprise_id <> ALL (waiting) THEN
            waiting := waiting || approval.enterprise_id;
        END IF;
        IF cardinality(waiting) >= batch THEN
            last_told := approval.event_id;
            waiting := '{}';
        END IF;
    END LOOP;
    RETURN QUERY
        SELECT DISTINCT ON (e.enterprise_id) e.enterprise_id, e.event_id, s.total::double precision
          FROM app.assessment_event e JOIN app.assessment a USING (assessment_id)
          JOIN app.assessment_submission s ON (s.assessment_id, s.revision) = (e.assessment_id, e.revision)
         WHERE e.kind = 'approve' AND (a.standard_id, a.standard_version) = (standard, version) AND s.total IS NOT NULL
           AND (of_industry IS NULL OR a.industry = of_industry) AND e.event_id <= last_told
         ORDER BY e.enterprise_id, e.event_id DESC;
END $$;
REVOKE ALL ON FUNCTION app.assessment_released(text, text, text, integer) FROM PUBLIC;
CREATE OR REPLACE FUNCTION app.two_digits(value double precision) RETURNS double precision LANGUAGE sql IMMUTABLE
    RETURN CASE WHEN value = 0 THEN 0
                ELSE round(value::numeric, 1 - floor(log(abs(value)))::integer)::double precision END;
DROP FUNCTION IF EXISTS app.assessment_peers(integer, integer);
CREATE FUNCTION app.assessment_peers(asked integer, fewest integer)
RETURNS TABLE (of_group text, others bigint, lower double precision, median double precision, upper double precision,
               reason text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = '' AS $$
    WITH own AS (
         SELECT a.enterprise_id, a.standard_id, a.standard_version, a.industry, greatest(fewest, 5) AS least
           FROM app.assessment a
          WHERE a.assessment_id = asked
            AND (app.caller_sees_all() OR a.enterprise_id = ANY (app.caller_enterprises()))),
    industries AS (
         SELECT DISTINCT a.industry FROM own o JOIN app.assessment a
             ON (a.standard_id, a.standard_version) = (o.standard_id, o.standard_version)),
    told AS (
         SELECT i.industry, r.enterprise_id, r.event_id, r.total
           FROM own o CROSS JOIN (SELECT industry FROM industries UNION ALL SELECT NULL) i
           CROSS JOIN LATERAL app.assessment_released(o.standard_id, o.standard_version, i.industry, o.least + 1) r
          WHERE r.enterprise_id <> o.enterprise_id),
    enough AS (
         SELECT t.industry FROM told t CROSS JOIN own o
          WHERE t.industry IS NOT NULL GROUP BY t.industry, o.least HAVING count(*) >= o.least),
    apart AS (
         SELECT n.industry, count(DISTINCT d.enterprise_id) AS enterprises FROM enough n CROSS JOIN LATERAL (
             (SELECT t.enterprise_id, t.event_id FROM told t WHERE t.industry IS NULL
              EXCEPT SELECT t.enterprise_id, t.event_id FROM told t WHERE t.industry = n.industry)
             UNION ALL
             (SELECT t.enterprise_id, t.event_id FROM told t WHERE t.industry = n.industry
              EXCEPT SELECT t.enterprise_id, t.event_id FROM told t WHERE t.industry IS NULL)) d
          GROUP BY n.industry),
    groups AS (
         SELECT 1 AS place, 'industry' AS of_group, o.industry, o.least, false AS deducible FROM own o
         UNION ALL
         SELECT 2, 'province', NULL, o.least, EXISTS (SELECT FROM apart p WHERE p.enterprises < o.least) FROM own o),
    figures AS (
         SELECT g.place, g.of_group, g.least, g.deducible, count(t.total) AS others,
                percentile_cont(ARRAY[0.25, 0.5, 0.75]) WITHIN GROUP (ORDER BY t.total) AS quartiles
           FROM groups g LEFT JOIN told t ON t.industry IS NOT DISTINCT FROM g.industry
          GROUP BY g.place, g.of_group, g.least, g.deducible),
    judged AS (
         SELECT f.*, CASE WHEN f.others < f.least THEN 'few' WHEN f.deducible THEN 'deducible' ELSE '' END AS reason
           FROM figures f)
    SELECT j.of_group, CASE j.reason WHEN '' THEN j.others END,
           CASE j.reason WHEN '' THEN app.two_digits(j.quartiles[1]) END,
           CASE j.reason WHEN '' THEN app.two_digits(j.quartiles[2]) END,
           CASE j.reason WHEN '' THEN app.two_digits(j.quartiles[3]) END, j.reason
      FROM judged j ORDER BY j.place $$;
"""
