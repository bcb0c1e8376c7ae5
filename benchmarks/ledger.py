"""What the ledger and the dirty marks cost: ``python -m benchmarks.ledger``.

The same commit of 10,000 rows, 500 samples a message, 20 nodes, is written with and without its parts, one variant
after the other in changing order on one embedded PostgreSQL (fsync on): bare COPY, COPY with the claim, and the whole commit
with the marks for worker and last values. Two views of a part: the time of its statement inside whole commits (steady), and the
difference between commits with and without it in the same round (holds what it costs elsewhere, in COMMIT above all;
noisy). Then what settling the last values costs in the gateway's spare time, every series having a newer one. Medians; sizes
are fixed; under a minute.
"""

import argparse
import json
import statistics
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import psycopg
from chejian.stack import EmbeddedPostgres
from chejian_gateway import lastvalues, ledger, pgbinary
from chejian_gateway.kernels.warmup import warm_up
from chejian_gateway.migrate import migrate
from chejian_gateway.nodes import Node, Series, SeriesTable
from chejian_gateway.pending import PG_EPOCH_MS, Batch, Pending, Rows
from chejian_gateway.store import Partitions, detect_edition
from chejian_gateway.writer import Writer

ROWS = 10_000
MESSAGE = 500
NODES = ROWS // MESSAGE
ROUNDS = 100
SETTLE_ROUNDS = 9
WARM_ROUNDS = 4
"""First rounds are not counted: partitions, caches and the first index pages are made then."""
BASE_US = 1_768_435_200_000_000 - PG_EPOCH_MS * 1000
"""2026-01-15 00:00 UTC: every run writes the same rows."""
SECOND_US = 1_000_000

VARIANTS: dict[str, tuple[str, ...]] = {
    "copy": ("copy",),
    "claim": ("copy", "claim"),
    "commit": ("copy", "marks", "claim"),
}
Times = dict[str, list[float]]


class PartWriter(Writer):
    """Writes commits with some of their parts; with all of them it does what `Writer.commit` does."""

    def store(self, pending: Pending, parts: Sequence[str]) -> dict[str, float]:
        """Write; returns the milliseconds of each part, of COMMIT and of all."""
        rows = Rows.join(pending.rows)
        marks = [time.perf_counter()]
        with self.connection.transaction(), self.connection.cursor() as cursor:
            work: dict[str, Callable[[], object]] = {
                "copy": lambda: stream(cursor, rows),
                "marks": lambda: self._mark(cursor, rows, pending),
                "claim": lambda: ledger.claim(self.connection, pending),
            }
            for part in parts:
                work[part]()
                marks.append(time.perf_counter())
        marks.append(time.perf_counter())
        steps = zip((*parts, "COMMIT"), marks, marks[1:], strict=False)
        return {name: (b - a) * 1000 for name, a, b in steps} | {"all": (marks[-1] - marks[0]) * 1000}


def stream(cursor: psycopg.Cursor, rows: Rows) -> None:
    """COPY the rows."""
    with cursor.copy(pgbinary.COPY_SAMPLE) as copy:
        copy.write(pgbinary.copy_samples(rows))


def plant(connection: psycopg.Connection) -> tuple[list[Node], SeriesTable]:
    """`NODES` nodes of one device with `MESSAGE` series each, in database and memory."""
    nodes, table = [], SeriesTable()
    for i in range(NODES):
        node_id, device_id = connection.execute(
            "WITH n AS (INSERT INTO telemetry.node (group_id, edge_node, ledger_id) VALUES ('bench', %s, 1)"
            " RETURNING node_id) INSERT INTO telemetry.device (node_id, name) SELECT node_id, 'M' FROM n"
            " RETURNING node_id, device_id",
            (f"N{i}",),
        ).fetchall()[0]
        node = Node(("bench", f"N{i}"), node_id, 1, slot=i)
        for row in connection.execute(
            "INSERT INTO telemetry.series (device_id, name, datatype)"
            " SELECT %s, 's' || k, 10 FROM generate_series(1, %s) k RETURNING series_id, device_id, name, datatype",
            (device_id, MESSAGE),
        ).fetchall():
            series = Series(*row)
            node.aliases[len(node.aliases) + 1] = series
            table.add(series)
        nodes.append(node)
    ledger.open_row(connection, [n.ledger_key for n in nodes])
    return nodes, table


def commit_of(nodes: Sequence[Node], number: int, second: int) -> Pending:
    """Batch `number` of each node: one value of each series, `second` seconds after the base."""
    pending = Pending()
    for node in nodes:
        ids = np.fromiter((s.series_id for s in node.aliases.values()), np.int32, MESSAGE)
        index = pending.add_batch(Batch(node, 1, number, MESSAGE))
        pending.add_rows(
            Rows(
                np.full(MESSAGE, BASE_US + second * SECOND_US),
                np.arange(MESSAGE, dtype=np.float64),
                ids,
                np.full(MESSAGE, 192, np.int16),
                np.full(MESSAGE, index, np.int32),
            )
        )
    return pending


def rounds(dsn: str) -> tuple[dict[str, Times], float]:
    """By variant and part the milliseconds of each counted round; and those of settling."""
    times: dict[str, Times] = {name: defaultdict(list) for name in VARIANTS}
    with psycopg.connect(dsn, autocommit=True) as connection:
        pgbinary.register(connection)
        nodes, table = plant(connection)
        partitions = Partitions(detect_edition(connection))
        partitions.ensure(connection, "sample", [BASE_US // 86_400_000_000])
        writer = PartWriter(connection, partitions, table)
        names, second, claimed = list(VARIANTS), 0, 0
        for turn in range(WARM_ROUNDS + ROUNDS):
            for k in range(len(names)):
                name = names[(turn + k) % len(names)]
                second += 1
                claimed += "claim" in VARIANTS[name]  # what is claimed stays one range
                took = writer.store(commit_of(nodes, claimed, second), VARIANTS[name])
                for part, value in took.items() if turn >= WARM_ROUNDS else ():
                    times[name][part].append(value)
        return times, settling(connection, writer, nodes, second + 1)


def settling(connection: psycopg.Connection, writer: Writer, nodes: Sequence[Node], start: int) -> float:
    """Median milliseconds of settling all `ROWS` last values; `start`: the first second and batch that are free."""
    took = []
    for turn in range(SETTLE_ROUNDS):
        writer.commit(commit_of(nodes, start + turn, start + turn))
        begin = time.perf_counter()
        while lastvalues.settle_due(connection, 0.0):
            pass
        took.append((time.perf_counter() - begin) * 1000)
    return statistics.median(took[1:])  # the first one inserts


def figures(times: dict[str, Times]) -> dict[str, float]:
    """Medians by name [ms], and the ratios."""
    bare, whole = (times[name]["all"] for name in ("copy", "commit"))
    out = {"bare_copy_ms": statistics.median(bare), "commit_ms": statistics.median(whole)}
    for part in (*VARIANTS["commit"], "COMMIT"):
        out[f"{part}_ms"] = statistics.median(times["commit"][part])
    out["claim+marks_difference_ms"] = statistics.median(a - b for a, b in zip(whole, bare, strict=True))
    out["claim+marks_percent_of_commit"] = 100 * (out["claim_ms"] + out["marks_ms"]) / out["commit_ms"]
    out["commit_to_bare_copy"] = out["commit_ms"] / out["bare_copy_ms"]
    return out


def measure() -> dict[str, float]:
    """All figures by name, on a database server of its own."""
    warm_up()
    with (
        tempfile.TemporaryDirectory(prefix="chejian-bench-") as folder,
        EmbeddedPostgres(Path(folder) / "pg") as postgres,
    ):
        dsn = postgres.create_database("bench")
        migrate(dsn)
        times, settled = rounds(dsn)
        return figures(times) | {"settle_ms": settled}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", action="store_true", help="print JSON only")
    arguments = parser.parse_args()
    found = measure()
    if arguments.json:
        print(json.dumps(found))
        return
    total, bare = found["commit_ms"], found["bare_copy_ms"]
    print(f"commit of {ROWS:,} rows, {MESSAGE} samples a message, {NODES} nodes; medians of {ROUNDS} rounds")
    print(f"{'':<36}{'ms':>9}{'% of the commit':>17}{'to bare COPY':>14}")
    for label, value in (
        ("whole commit", total),
        ("  COPY", found["copy_ms"]),
        ("  marks for worker and last values", found["marks_ms"]),
        ("  claim in the ledger", found["claim_ms"]),
        ("  COMMIT", found["COMMIT_ms"]),
        ("ledger and marks", found["claim_ms"] + found["marks_ms"]),
        ("  as difference, with and without", found["claim+marks_difference_ms"]),
        ("bare COPY and COMMIT", bare),
        (f"settling {ROWS:,} last values", found["settle_ms"]),
    ):
        print(f"{label:<36}{value:>9.2f}{100 * value / total:>16.1f}%{value / bare:>14.3f}")


if __name__ == "__main__":
    main()
