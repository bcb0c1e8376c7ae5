-- A commit does not write the last value of each series that it brings: an update costs more than the row itself. It marks
-- the devices, `settled_value` follows in the gateway's spare time, and the view `last_value` looks at `sample` for what
-- came since: it is exact at every moment. See docs/decisions and lastvalues.py.
ALTER TABLE telemetry.last_value RENAME TO settled_value;

-- Devices with numbers that `settled_value` may lack, all of them at `since` or later. Whoever stores numbers of a device
-- locks its mark until COMMIT, and so does whoever settles it.
CREATE TABLE telemetry.unsettled (
    device_id integer PRIMARY KEY REFERENCES telemetry.device,
    since     timestamptz NOT NULL,
    marked    timestamptz NOT NULL DEFAULT now()
) WITH (fillfactor = 50);

-- A value that a death made stale (quality 500) stays so until a newer one comes.
CREATE VIEW telemetry.last_value AS
SELECT s.series_id,
       coalesce(n.time, v.time) AS time,
       CASE WHEN n.time IS NULL THEN v.value ELSE n.value END AS value,
       CASE WHEN n.time IS NULL THEN v.text END AS text,
       coalesce(n.quality, v.quality) AS quality
FROM telemetry.series s
LEFT JOIN telemetry.settled_value v USING (series_id)
LEFT JOIN telemetry.unsettled u ON u.device_id = s.device_id
LEFT JOIN LATERAL (
    SELECT x.time, x.value, x.quality FROM telemetry.sample x
    WHERE x.series_id = s.series_id AND x.time >= u.since
      AND x.time >= coalesce(v.time + CASE WHEN v.quality = 500 THEN interval '1 microsecond' ELSE interval '0' END, u.since)
    ORDER BY x.time DESC LIMIT 1
) n ON true
WHERE coalesce(n.time, v.time) IS NOT NULL;
