-- A buffer that made itself a new identity has renumbered what was open: nothing more may be claimed under the old one,
-- also not by a replica that has not heard of it yet.
ALTER TABLE telemetry.ledger ADD COLUMN superseded boolean NOT NULL DEFAULT false;
UPDATE telemetry.ledger l SET superseded = true
FROM telemetry.node n WHERE n.node_id = l.node_id AND n.ledger_id IS DISTINCT FROM l.ledger_id;
