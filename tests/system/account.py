"""What a stopped chain has to show: each node's account, and the figures that two chains can be compared by."""

import hashlib
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import psycopg
from chejian_contract.ledger import merge, subtract
from chejian_gateway.ranges import count, from_multirange

from tests.system import workshop

_LEDGER = """
SELECT edge_node, l.ledger_id, stored::text, dead::text, lost::text, stored_samples, dead_samples
  FROM telemetry.ledger l JOIN telemetry.node n USING (node_id) WHERE group_id = %s ORDER BY edge_node, l.ledger_id
"""
_NAMED = """
SELECT edge_node, device.name AS device, series.name AS signal, t.time, t.value::text AS value, t.quality
  FROM telemetry.{table} t JOIN telemetry.series USING (series_id) JOIN telemetry.device USING (device_id)
  JOIN telemetry.node USING (node_id) WHERE edge_node = %s
"""
_TABLES = ("sample", "text_sample")
_KPIS = """
SELECT code, kpi, window_kind, start, "end", value, numerator, denominator, completeness, flags, formula_version,
       provisional, inputs
  FROM app.kpi_value JOIN app.equipment USING (equipment_id) WHERE "end" <= %s ORDER BY code, kpi, window_kind, start
"""
_STATES = """
SELECT code, start, least("end", %(until)s) AS "end", state, category
  FROM app.state_interval JOIN app.equipment USING (equipment_id) WHERE start < %(until)s ORDER BY code, start
"""
ROLLUPS = ("rollup_1m", "rollup_1h")


class Account:
    """One side of a comparison, read from a database that nobody writes any more.

    Args:
        dsn: of the database.
        until: figures of windows that ended by then; state intervals are cut there.
    """

    def __init__(self, dsn: str, until: datetime) -> None:
        with psycopg.connect(dsn, autocommit=True) as connection:
            connection.execute("SET timezone = 'UTC'")
            self.ledger = _ledger(connection)
            self.samples = {node: _samples(connection, node) for node in workshop.NODES}
            self.figures = {
                "kpi_value": connection.execute(_KPIS, [until]).fetchall(),
                "state_interval": connection.execute(_STATES, {"until": until}).fetchall(),
                **_rollups(connection, until),
            }

    def check(self, node: str, edge: Mapping[str, Any]) -> None:
        """The account of a node's present buffer, by the edge's status and by the database, is closed.

        Args:
            node: its name.
            edge: `chejian-edge status --json`.
        """
        entry = self.ledger[node, edge["ledger_id"]]
        handled = merge((*entry["stored"], *entry["dead"], *entry["lost"]))
        batches = sum(count(entry[kind]) for kind in ("stored", "dead", "lost"))
        assert edge["in_flight_batches"] == 0, node
        assert batches == edge["produced_batches"], (
            f"{node}: {batches} batches, produced {edge['produced_batches']}"
        )
        assert handled == [(1, batches)], f"{node}: {len(handled)} ranges"
        self._check_samples(node, entry, edge)
        stored = sum(e["stored_samples"] for (name, _), e in self.ledger.items() if name == node)
        assert self.samples[node]["rows"] == stored, f"{node}: {self.samples[node]}, stored {stored}"

    @staticmethod
    def _check_samples(node: str, entry: Mapping[str, Any], edge: Mapping[str, Any]) -> None:
        """Samples add up, too. An edge whose disk was damaged may have declared batches lost that were stored before."""
        told = [(lo, hi) for lo, hi in edge["lost"]]
        saved = subtract(told, entry["lost"])
        assert not subtract(entry["lost"], told), (
            f"{node}: lost without a declaration {entry['lost']}, {told}"
        )
        assert not subtract(saved, merge((*entry["stored"], *entry["dead"]))), (
            f"{node}: neither stored nor lost"
        )
        samples = entry["stored_samples"] + entry["dead_samples"] + edge["lost_samples"]
        words = f"{node}: {samples} samples stored or lost, produced {edge['produced_samples']}"
        assert samples == edge["produced_samples"] if not saved else samples > edge["produced_samples"], words

    def doubles(self, node: str) -> int:
        """Rows of a node that have the series and the time of another."""
        return int(self.samples[node]["rows"] - self.samples[node]["distinct"])


def _ledger(connection: psycopg.Connection) -> dict[tuple[str, int], dict[str, Any]]:
    return {
        (node, ledger_id): {
            **{k: list(from_multirange(t)) for k, t in (("stored", stored), ("dead", dead), ("lost", lost))},
            "stored_samples": stored_samples,
            "dead_samples": dead_samples,
        }
        for node, ledger_id, stored, dead, lost, stored_samples, dead_samples in connection.execute(
            _LEDGER, [workshop.GROUP]
        )
    }


def _samples(connection: psycopg.Connection, node: str) -> dict[str, Any]:
    """Rows, distinct (series, time), and a digest of all values in order."""
    digest, rows, distinct = hashlib.sha256(), 0, 0
    for table in _TABLES:
        named = _NAMED.format(table=table)
        query = f"SELECT * FROM ({named}) x ORDER BY device, signal, time, value, quality"
        last = None
        with (
            connection.transaction(),
            connection.cursor(name="all") as cursor,
        ):  # a cursor of the server: millions
            cursor.itersize = 20_000
            for row in cursor.execute(query.encode(), [node]):
                digest.update(repr(row).encode())
                rows += 1
                distinct += row[1:4] != last
                last = row[1:4]
    return {"rows": rows, "distinct": distinct, "digest": digest.hexdigest()}


def _rollups(connection: psycopg.Connection, until: datetime) -> dict[str, list[Any]]:
    """Rows of the rollup tables, named by signal instead of by the database's own numbers."""
    found = {}
    for table in ROLLUPS:
        columns = [
            row[0]
            for row in connection.execute(
                "SELECT column_name FROM information_schema.columns WHERE table_schema = 'app' AND table_name = %s"
                " AND column_name NOT IN ('series_id', 'computed_at') ORDER BY ordinal_position",
                [table],
            )
        ]
        if not columns:
            continue
        names = ", ".join(f'r."{c}"' for c in columns)
        moment = next(c for c in columns if c in ("time", "start", "minute", "hour", "bucket"))
        query = (
            f"SELECT device.name, series.name, {names} FROM app.{table} r JOIN telemetry.series USING (series_id)"
            f' JOIN telemetry.device USING (device_id) WHERE r."{moment}" < %s ORDER BY 1, 2, r."{moment}"'
        )
        found[table] = connection.execute(query.encode(), [until]).fetchall()
    return found


def doubled_rows(connection: psycopg.Connection) -> int:
    """Rows that have the series and the time of another, over all tables."""
    tables = " UNION ALL ".join(
        f"SELECT count(*) - count(DISTINCT (series_id, time)) AS n FROM telemetry.{table}"
        for table in ("sample", "text_sample", "waveform")
    )
    row = connection.execute(f"SELECT sum(n) FROM ({tables}) t".encode()).fetchone()
    assert row is not None
    return int(row[0])


def differences(one: Account, other: Account) -> list[str]:
    """Where two accounts differ, bit for bit; the first rows of each kind."""
    found = []
    for name in sorted({*one.figures, *other.figures}):
        left, right = (a.figures.get(name, []) for a in (one, other))
        if left == right:
            continue
        here, there = ({repr(r) for r in rows} for rows in (left, right))
        found.append(f"{name}: {len(left)} and {len(right)} rows")
        found += [f"  only here:  {r}" for r in sorted(here - there)[:5]]
        found += [f"  only there: {r}" for r in sorted(there - here)[:5]]
    found += [
        f"samples of {node}: {one.samples[node]} and {other.samples[node]}"
        for node in one.samples
        if one.samples[node] != other.samples[node]
    ]
    return found
