"""What the report asks the database; plain SQL under one connection, ordered, nothing summed as float."""

import time
from typing import Any

import psycopg
from psycopg.rows import dict_row

Row = dict[str, Any]

_STATES = """
SELECT (extract(epoch FROM start) * 1000)::bigint AS a, (extract(epoch FROM "end") * 1000)::bigint AS b, state
FROM app.state_interval JOIN app.equipment USING (equipment_id)
WHERE code = %s ORDER BY start
"""
_HOURS = """
SELECT (extract(epoch FROM start) * 1000)::bigint AS start_ms, (extract(epoch FROM "end") * 1000)::bigint AS end_ms,
       value, completeness, provisional, inputs
FROM app.kpi_value JOIN app.equipment USING (equipment_id)
WHERE code = %s AND kpi = 'oee' AND window_kind = 'hour' ORDER BY start
"""
_DIAGNOSES = """
SELECT (extract(epoch FROM time) * 1000)::bigint AS time_ms, part, confidence, score
FROM app.diagnosis JOIN app.equipment USING (equipment_id)
WHERE code = %s ORDER BY time
"""
_ROWS = """
SELECT (SELECT count(*) FROM telemetry.{table} t WHERE t.series_id = ANY(%(ids)s)) AS rows,
       (SELECT count(*) FROM (SELECT DISTINCT series_id, time FROM telemetry.{table} t
                              WHERE t.series_id = ANY(%(ids)s)) d) AS distinct_rows
"""
_SERIES = """
SELECT series_id FROM telemetry.series JOIN telemetry.device USING (device_id) JOIN telemetry.node USING (node_id)
WHERE group_id = %s AND edge_node = %s
"""
_COUNTERS = """
SELECT role, first.value::bigint AS first, last_value.value::bigint AS last
FROM telemetry.last_value JOIN telemetry.series s USING (series_id)
JOIN telemetry.device USING (device_id) JOIN telemetry.node USING (node_id)
CROSS JOIN LATERAL (
    SELECT value FROM telemetry.sample WHERE sample.series_id = s.series_id ORDER BY sample.time LIMIT 1
) AS first
WHERE group_id = %s AND edge_node = %s AND device.name = %s AND role = ANY(%s)
"""
_LAST = """
SELECT (extract(epoch FROM max(last_value.time)) * 1000)::bigint AS t FROM telemetry.last_value
JOIN telemetry.series USING (series_id) JOIN telemetry.device USING (device_id) JOIN telemetry.node USING (node_id)
WHERE group_id = %s AND edge_node = %s AND device.name = %s AND role = %s
"""
_UNDIAGNOSED = """
SELECT count(*) AS n FROM telemetry.waveform w
WHERE NOT EXISTS (SELECT FROM app.diagnosis d WHERE d.series_id = w.series_id AND d.time = w.time)
"""

_RETURN_WITHIN_S = 60.0
"""Seconds that a killed server may take to be back."""
_RETRY_S = 0.2

TABLES = ("sample", "text_sample", "waveform")


class Database:
    """Read access for the report and for the demo's progress."""

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn
        self._connection = self._connect()

    def _connect(self) -> psycopg.Connection[Row]:
        return psycopg.connect(self._dsn, row_factory=dict_row, autocommit=True)

    def close(self) -> None:
        """Give the connection back."""
        self._connection.close()

    def _all(self, query: str, *args: object, **named: object) -> list[Row]:
        """Run a query; a server that restarts is waited for, since every query here only reads.

        Raises:
            psycopg.OperationalError: the server did not come back in time.
        """
        deadline = time.monotonic() + _RETURN_WITHIN_S
        while True:
            try:
                if self._connection.closed:
                    self._connection = self._connect()
                return self._connection.execute(query.encode(), named or args).fetchall()
            except psycopg.OperationalError:
                self._connection.close()
                if time.monotonic() > deadline:
                    raise
                time.sleep(_RETRY_S)

    def states(self, code: str) -> list[tuple[int, int, int]]:
        """State intervals of an equipment: (from [ms], to [ms], state; 0 = no data)."""
        return [(r["a"], r["b"], r["state"]) for r in self._all(_STATES, code)]

    def hours(self, code: str) -> dict[int, Row]:
        """OEE rows of the hour windows by start [ms]."""
        return {r["start_ms"]: r for r in self._all(_HOURS, code)}

    def diagnoses(self, code: str) -> dict[int, Row]:
        """Diagnoses by time of the waveform [ms]."""
        return {r["time_ms"]: r for r in self._all(_DIAGNOSES, code)}

    def rows(self, group: str, node: str) -> dict[str, tuple[int, int]]:
        """Per sample table: (rows, distinct (series, time)) of a node."""
        ids = [r["series_id"] for r in self._all(_SERIES, group, node)]
        out = {}
        for table in TABLES:
            row = self._all(_ROWS.format(table=table), ids=ids)[0]
            out[table] = (row["rows"], row["distinct_rows"])
        return out

    def counters(self, group: str, node: str, device: str) -> dict[str, int]:
        """What the counters of a device counted from their first stored value to their last, by role."""
        roles = ["produced_count", "good_count", "scrap_count"]
        return {r["role"]: r["last"] - r["first"] for r in self._all(_COUNTERS, group, node, device, roles)}

    def last_time(self, group: str, node: str, device: str, role: str) -> int:
        """Source time [ms] of the last value of a device's signal; 0 for none."""
        rows = self._all(_LAST, group, node, device, role)
        return int(rows[0]["t"] or 0)

    def count(self, table: str) -> int:
        """Rows of a small table."""
        return int(self._all(f"SELECT count(*) AS n FROM {table}")[0]["n"])  # noqa: S608 - names are ours

    def marks(self, *, closed_before_ms: int | None = None) -> int:
        """Dirty marks that wait for the worker; of hours before a time [ms] only, where one is given."""
        if closed_before_ms is None:
            return self.count("telemetry.dirty") + self.count("app.dirty")
        query = "SELECT count(*) AS n FROM telemetry.dirty WHERE hour < to_timestamp(%s::float8 / 1000)"
        return int(self._all(query, closed_before_ms)[0]["n"]) + self.count("app.dirty")

    def undiagnosed(self) -> int:
        """Stored waveforms without a diagnosis."""
        return int(self._all(_UNDIAGNOSED)[0]["n"])

    def stored_samples(self) -> int:
        """Samples that the ledgers count as stored."""
        return int(self._all("SELECT coalesce(sum(stored_samples), 0) AS n FROM telemetry.ledger")[0]["n"])
