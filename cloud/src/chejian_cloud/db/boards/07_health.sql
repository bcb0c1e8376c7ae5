-- Edge nodes with the balance of their buffers: produced = stored + dead letters + declared lost + waiting.
CREATE FUNCTION boards.nodes(p_enterprise text)
RETURNS TABLE (node text, online boolean, last_seen timestamptz, age_s double precision, born_at timestamptz,
               contract_version text, sequence_gaps bigint, rebirths bigint, produced bigint, stored bigint, dead bigint,
               lost bigint, waiting bigint, dead_letters bigint)
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_custom_plan AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    SELECT n.edge_node, n.online, n.last_seen, extract(epoch FROM now() - n.last_seen)::double precision, n.born_at,
           n.contract_version, n.sequence_gaps, n.rebirths_asked, l.produced_batches, c.stored, c.dead, c.lost,
           greatest(l.produced_batches - c.stored - c.dead - c.lost, 0),
           (SELECT count(*) FROM telemetry.dead_letter x WHERE x.node_id = n.node_id
               AND x.received > now() - interval '30 days')
      FROM boards.enterprise e
      JOIN telemetry.node n ON n.group_id = e.enterprise
      LEFT JOIN telemetry.ledger l ON l.node_id = n.node_id AND l.ledger_id = n.ledger_id
      LEFT JOIN LATERAL (
           SELECT (SELECT coalesce(sum(upper(r) - lower(r)), 0) FROM unnest(l.stored) r)::bigint AS stored,
                  (SELECT coalesce(sum(upper(r) - lower(r)), 0) FROM unnest(l.dead) r)::bigint AS dead,
                  (SELECT coalesce(sum(upper(r) - lower(r)), 0) FROM unnest(l.lost) r)::bigint AS lost
            WHERE l.node_id IS NOT NULL) c ON true
     WHERE e.enterprise = p_enterprise;
END $$;

-- Newest value of each piece of equipment, and how old it is.
CREATE FUNCTION boards.freshness(p_enterprise text, p_equipment text[])
RETURNS TABLE (workshop text, line text, equipment text, node text, online boolean, newest timestamptz,
               age_s double precision)
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_custom_plan SET enable_seqscan = off AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    SELECT e.workshop, e.line, e.equipment, n.edge_node, n.online AND d.online, max(v.time),
           extract(epoch FROM now() - max(v.time))::double precision
      FROM boards.equipment e
      JOIN app.equipment_feed f ON f.equipment_id = e.equipment_id
      JOIN telemetry.node n ON n.group_id = f.group_id AND n.edge_node = f.edge_node
      JOIN telemetry.device d ON d.node_id = n.node_id AND d.name = f.device
      JOIN telemetry.series s ON s.device_id = d.device_id
      JOIN LATERAL (SELECT w.time FROM telemetry.last_value w WHERE w.series_id = s.series_id) v ON true
     WHERE e.enterprise = p_enterprise AND e.equipment = ANY (p_equipment)
     GROUP BY e.workshop, e.line, e.equipment, n.edge_node, n.online, d.online;
END $$;

CREATE FUNCTION boards.dead_letters(p_from timestamptz, p_to timestamptz, p_enterprise text)
RETURNS TABLE ("time" timestamptz, node text, topic text, samples integer, reason text)
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_custom_plan AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    SELECT x.received, n.edge_node, x.topic, x.samples, x.reason
      FROM boards.enterprise e
      JOIN telemetry.node n ON n.group_id = e.enterprise
      JOIN telemetry.dead_letter x ON x.node_id = n.node_id AND x.received >= p_from AND x.received < p_to
     WHERE e.enterprise = p_enterprise;
END $$;

-- Births and deaths of nodes and devices; behind_s: the gateway's clock less the edge's, which holds the way of the message.
CREATE FUNCTION boards.births(p_from timestamptz, p_to timestamptz, p_enterprise text)
RETURNS TABLE ("time" timestamptz, node text, device text, kind text, behind_s double precision)
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_custom_plan AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    SELECT b.received, n.edge_node, b.device, b.kind, extract(epoch FROM b.received - b.sent)::double precision
      FROM boards.enterprise e
      JOIN telemetry.node n ON n.group_id = e.enterprise
      JOIN telemetry.birth b ON b.node_id = n.node_id AND b.received >= p_from AND b.received < p_to
     WHERE e.enterprise = p_enterprise;
END $$;

-- What the worker has still to compute for the reader's equipment.
CREATE FUNCTION boards.backlog(p_enterprise text)
RETURNS TABLE (kind text, marks bigint, oldest timestamptz)
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_custom_plan AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    SELECT 'samples'::text, count(*), min(d.lo)
      FROM telemetry.dirty d JOIN telemetry.device v USING (device_id) JOIN telemetry.node n USING (node_id)
      JOIN boards.enterprise e ON e.enterprise = n.group_id WHERE e.enterprise = p_enterprise
     UNION ALL
    SELECT 'edits', count(*), min(d.lo)
      FROM app.dirty d JOIN boards.equipment e USING (equipment_id) WHERE e.enterprise = p_enterprise
     UNION ALL
    SELECT 'waveforms', count(*), min(d.time)
      FROM app.diagnosis_task d JOIN boards.equipment e USING (equipment_id) WHERE e.enterprise = p_enterprise;
END $$;
