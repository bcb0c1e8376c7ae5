"""What the report asks the database; plain SQL under one connection, ordered, nothing summed as float."""

import time
from collections.abc import Sequence
from typing import Any

import psycopg
from chejian_contract.samples import Quality
from psycopg.rows import dict_row

Row = dict[str, Any]

_STATES = """
SELECT (extract(epoch FROM start) * 1000)::bigint AS a, (extract(epoch FROM "end") * 1000)::bigint AS b, state
FROM app.state_interval JOIN app.equipment USING (equipment_id)
WHERE code = %s ORDER BY start
"""
_WINDOWS = """
SELECT (extract(epoch FROM start) * 1000)::bigint AS start_ms, (extract(epoch FROM "end") * 1000)::bigint AS end_ms,
       kpi, value, completeness, provisional, flags, inputs
FROM app.kpi_value JOIN app.equipment USING (equipment_id)
WHERE code = %s AND window_kind = %s AND kpi = ANY(%s) ORDER BY start
"""
_ENERGY = """
SELECT (extract(epoch FROM start) * 1000)::bigint AS start_ms, window_kind,
       amount, covered_us, output, completeness, kgce, shares, flags, provisional
FROM app.energy_value JOIN app.equipment USING (equipment_id)
WHERE code = %s ORDER BY start
"""
_READINGS = """
SELECT count(*) AS n FROM telemetry.sample
JOIN telemetry.series USING (series_id) JOIN telemetry.device USING (device_id) JOIN telemetry.node USING (node_id)
WHERE group_id = %s AND edge_node = %s AND device.name = %s AND role = %s AND quality <> ALL(%s)
  AND time BETWEEN to_timestamp(%s::float8 / 1000) AND to_timestamp(%s::float8 / 1000)
"""
_KNOWN = """
SELECT (extract(epoch FROM bucket) * 1000)::bigint AS start_ms, known_us FROM app.rollup_1h
JOIN telemetry.series s USING (series_id) JOIN telemetry.device USING (device_id) JOIN telemetry.node USING (node_id)
WHERE group_id = %s AND edge_node = %s AND device.name = %s AND s.name = %s ORDER BY bucket
"""
_DIAGNOSES = """
SELECT (extract(epoch FROM time) * 1000)::bigint AS time_ms, part, confidence, score
FROM app.diagnosis JOIN app.equipment USING (equipment_id)
WHERE code = %s AND method = %s ORDER BY time
"""
_NAMED = """
SELECT (extract(epoch FROM d.time) * 1000)::bigint AS time_ms, d.part, d.confidence, s.name AS signal
FROM app.diagnosis d JOIN app.equipment USING (equipment_id) JOIN telemetry.series s USING (series_id)
WHERE code = %s AND d.method <> 'bearing_envelope' AND d.part IS NOT NULL ORDER BY d.time
"""
_ROWS = """
SELECT coalesce(sum(a.rows), 0)::bigint AS rows, coalesce(sum(a.rows - a.repeated), 0)::bigint AS distinct_rows
FROM unnest(%(ids)s::integer[]) AS s(series_id), LATERAL (
    SELECT count(*) AS rows, count(*) FILTER (WHERE time = before) AS repeated
    FROM (SELECT time, lag(time) OVER (ORDER BY time) AS before
          FROM telemetry.{table} WHERE series_id = s.series_id) AS b) AS a
"""
"""One series at a time along its index: a DISTINCT over all rows of a week takes many minutes."""
_SERIES = """
SELECT series_id FROM telemetry.series JOIN telemetry.device USING (device_id) JOIN telemetry.node USING (node_id)
WHERE group_id = %s AND edge_node = %s
"""
_COUNTS = """
WITH own AS (
    SELECT series_id, role FROM telemetry.series
    JOIN telemetry.device USING (device_id) JOIN telemetry.node USING (node_id)
    WHERE group_id = %s AND edge_node = %s AND device.name = %s
), readings AS (
    SELECT role, time, value::bigint AS value,
           lag(value::bigint) OVER (PARTITION BY series_id ORDER BY time) AS before
    FROM telemetry.sample JOIN own USING (series_id)
    WHERE role = ANY(%s) AND quality <> ALL(%s)
), steps AS (
    SELECT role, time, CASE WHEN value >= before THEN value - before ELSE value END AS made
    FROM readings WHERE value <> before
)
SELECT role, product.value AS product, sum(made)::bigint AS made
FROM steps LEFT JOIN LATERAL (
    SELECT value FROM telemetry.text_sample t JOIN own USING (series_id)
    WHERE own.role = 'product' AND t.time <= steps.time ORDER BY t.time DESC LIMIT 1
) AS product ON true
GROUP BY role, product.value HAVING sum(made) > 0 ORDER BY role, product
"""
_LAST = """
SELECT (extract(epoch FROM max(last_value.time)) * 1000)::bigint AS t FROM telemetry.last_value
JOIN telemetry.series USING (series_id) JOIN telemetry.device USING (device_id) JOIN telemetry.node USING (node_id)
WHERE group_id = %s AND edge_node = %s AND device.name = %s AND role = %s
"""
_UNCLOSED = """
SELECT count(*) AS n FROM (
    SELECT "end" FROM app.kpi_value WHERE provisional UNION ALL SELECT "end" FROM app.energy_value WHERE provisional
) w WHERE w."end" <= to_timestamp(%s::float8 / 1000)
"""
_UNDIAGNOSED = """
SELECT (SELECT count(*) FROM app.diagnosis_task WHERE time <= now()) + count(*) AS n FROM telemetry.waveform w
WHERE NOT EXISTS (SELECT FROM app.diagnosis d WHERE d.series_id = w.series_id AND d.time = w.time)
  AND NOT EXISTS (SELECT FROM app.diagnosis_task d WHERE d.series_id = w.series_id AND d.time = w.time)
"""

_RETURN_WITHIN_S = 60.0
"""Seconds that a killed server may take to be back."""
_RETRY_S = 0.2

COUNTERS = ("produced_count", "good_count", "scrap_count")
UNREADABLE = tuple(int(q) for q in Quality if q not in (Quality.GOOD, Quality.UNCERTAIN))
"""Qualities whose value does not count."""
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

    def windows(self, code: str, kind: str, kpis: Sequence[str]) -> dict[int, Row]:
        """KPIs of an equipment's windows by start [ms]: the inputs of OEE, and "values" by KPI."""
        out: dict[int, Row] = {}
        for row in self._all(_WINDOWS, code, kind, list(kpis)):
            window = out.setdefault(row["start_ms"], {"values": {}})
            window["values"][row["kpi"]] = row["value"]
            if row["kpi"] == "oee":
                window |= row
        return {start: window for start, window in out.items() if "inputs" in window}

    def diagnoses(self, code: str, method: str = "bearing_envelope") -> dict[int, Row]:
        """Diagnoses of a method by time of the waveform [ms]."""
        return {r["time_ms"]: r for r in self._all(_DIAGNOSES, code, method)}

    def named(self, code: str) -> list[Row]:
        """What other methods than the bearing's name, with signal and time [ms], oldest first."""
        return self._all(_NAMED, code)

    def rows(self, group: str, node: str) -> dict[str, tuple[int, int]]:
        """Per sample table: (rows, distinct (series, time)) of a node."""
        ids = [r["series_id"] for r in self._all(_SERIES, group, node)]
        out = {}
        for table in TABLES:
            row = self._all(_ROWS.format(table=table), ids=ids)[0]
            out[table] = (row["rows"], row["distinct_rows"])
        return out

    def energy(self, code: str) -> dict[str, dict[int, Row]]:
        """Energy of a meter by kind of window and start [ms]."""
        out: dict[str, dict[int, Row]] = {}
        for row in self._all(_ENERGY, code):
            out.setdefault(row["window_kind"], {})[row["start_ms"]] = row
        return out

    def readings(self, group: str, node: str, device: str, role: str, span_ms: tuple[int, int]) -> int:
        """Readable samples of a device's signal from the first to the last millisecond of a span."""
        rows = self._all(_READINGS, group, node, device, role, list(UNREADABLE), *span_ms)
        return int(rows[0]["n"])

    def known(self, group: str, node: str, device: str, signal: str) -> dict[int, int]:
        """Known time [us] of a signal by hour [ms], from the rollups."""
        rows = self._all(_KNOWN, group, node, device, signal)
        return {row["start_ms"]: row["known_us"] for row in rows}

    def counts(self, group: str, node: str, device: str) -> dict[str, dict[str, int]]:
        """All increments of a device's counters in the samples, by role and by the product that was in work."""
        out: dict[str, dict[str, int]] = {}
        for row in self._all(_COUNTS, group, node, device, list(COUNTERS), list(UNREADABLE)):
            out.setdefault(row["role"], {})[row["product"]] = row["made"]
        return out

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

    def unclosed(self, until_ms: int) -> int:
        """Windows that ended by a time [ms] and that the worker has not closed yet."""
        return int(self._all(_UNCLOSED, until_ms)[0]["n"])

    def undiagnosed(self) -> int:
        """Stored waveforms without a diagnosis, or that wait for a new one."""
        return int(self._all(_UNDIAGNOSED)[0]["n"])

    def stored_samples(self) -> int:
        """Samples that the ledgers count as stored."""
        return int(self._all("SELECT coalesce(sum(stored_samples), 0) AS n FROM telemetry.ledger")[0]["n"])
