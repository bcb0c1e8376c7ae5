-- What a database holds, a line for each table: name, rows, sum of the rows' hashes. The sum does not ask for an order. Equal
-- lines: equal rows (to the chance of 64 bits). Between servers of the same major version. Sequences are left out: they
-- belong to no snapshot, and a restored one stands at or behind its table's newest row.
SET timezone = 'UTC';
SET extra_float_digits = 1;
SELECT format('SELECT %L, count(*), coalesce(sum(hashtextextended(t::text, 0)::numeric), 0) FROM %I.%I t',
              n.nspname || '.' || c.relname, n.nspname, c.relname)
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
 WHERE n.nspname IN ('telemetry', 'app') AND c.relkind IN ('r', 'p') AND NOT c.relispartition
 ORDER BY n.nspname, c.relname \gexec
