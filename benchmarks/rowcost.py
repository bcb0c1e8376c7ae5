"""What a row costs the database server, by order of rows and compression of its log: ``python -m benchmarks.rowcost``.

The floor of the ingest, taken apart: commits of 45,000 rows by binary COPY into a table with the index (series, time), rows as
they come from the nodes or sorted by series, with few series (several rows of each in a commit) or many. Printed is the
processor time of the server's session, which another load on the machine does not stretch, before a checkpoint and behind
one, when the first change of each page writes the whole page to the log; and the bytes logged.
"""

import argparse
import itertools
import json
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import psycopg
from chejian.stack import EmbeddedPostgres, ProcessSpec
from chejian_gateway import pgbinary
from chejian_gateway.pending import Rows

ROWS = 45_000
COMMITS = 40
BEHIND = 12
"""Commits behind the checkpoint."""
BASE_US = 9_500 * 86_400_000_000
TICKS = os.sysconf("SC_CLK_TCK")
TABLE = """
CREATE TABLE {0} (time timestamptz NOT NULL, value float8 NOT NULL, series_id integer NOT NULL, quality smallint NOT NULL);
CREATE INDEX ON {0} (series_id, time)
"""


class Server(EmbeddedPostgres):
    """With another compression of the log."""

    def __init__(self, folder: Path, compression: str) -> None:
        super().__init__(folder)
        self._compression = compression

    def process(self) -> ProcessSpec:
        """How to run it."""
        spec = super().process()
        argv = [*spec.argv, "-c", f"wal_compression={self._compression}"]
        return ProcessSpec(**{**vars(spec), "argv": argv})


def commit_of(number: int, series: int, *, by_series: bool) -> Rows:
    """Commit `number` of a stream in which each series has a value in turn."""
    at = np.arange(number * ROWS, (number + 1) * ROWS)
    rows = Rows(
        BASE_US + at // series * 1_000_000,
        at.astype(np.float64),
        (at % series + 1).astype(np.int32),
        np.full(ROWS, 192, np.int16),
        np.zeros(ROWS, np.int32),
    )
    return rows.by_series() if by_series else rows


class Session:
    """A database session and what it has used."""

    def __init__(self, connection: psycopg.Connection) -> None:
        self.connection = connection
        self._stat = Path(f"/proc/{connection.info.backend_pid}/stat")

    def seconds(self) -> float:
        """Processor time of the server's process so far [s]."""
        fields = self._stat.read_text().rpartition(") ")[2].split()
        return sum(map(int, fields[11:13])) / TICKS

    def logged(self) -> int:
        """Bytes of log so far, of all sessions."""
        query = "SELECT pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')::bigint"
        return int(self.connection.execute(query).fetchall()[0][0])

    def copy(self, table: str, rows: Rows) -> None:
        """One commit."""
        statement = pgbinary.COPY_SAMPLE.replace("telemetry.sample", table)
        with self.connection.cursor() as cursor, cursor.copy(statement.encode()) as copy:
            copy.write(pgbinary.copy_samples(rows))


def phases(session: Session, series: int, *, by_series: bool) -> Iterator[tuple[float, float]]:
    """Microseconds of processor time and bytes of log for each row: before the checkpoint, and behind it."""
    table = f"s{series}_{by_series}".lower()
    session.connection.execute(TABLE.format(table).encode())
    for first, count in ((0, COMMITS), (COMMITS, BEHIND)):
        session.connection.execute("CHECKPOINT")
        if not first:
            session.copy(table, commit_of(-1, series, by_series=by_series))
        used, logged = session.seconds(), session.logged()
        for number in range(first, first + count):
            session.copy(table, commit_of(number, series, by_series=by_series))
        rows = count * ROWS
        yield (session.seconds() - used) / rows * 1e6, (session.logged() - logged) / rows


def measure() -> list[dict[str, object]]:
    """One record for each combination."""
    return [record for compression in ("off", "pglz") for record in with_compression(compression)]


def with_compression(compression: str) -> Iterator[dict[str, object]]:
    """The records of one server."""
    with (
        tempfile.TemporaryDirectory(prefix="chejian-bench-") as folder,
        Server(Path(folder) / "pg", compression) as postgres,
        psycopg.connect(postgres.create_database("bench"), autocommit=True) as connection,
    ):
        session = Session(connection)
        for series, by_series in itertools.product((4_000, 100_000), (False, True)):
            before, behind = phases(session, series, by_series=by_series)
            yield {
                "compression": compression,
                "series": series,
                "order": "by series" if by_series else "as it comes",
                "us_per_row": before[0],
                "bytes_per_row": before[1],
                "us_per_row_behind_checkpoint": behind[0],
                "bytes_per_row_behind_checkpoint": behind[1],
            }


def main() -> None:
    """Parse the command line, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", action="store_true", help="print JSON only")
    arguments = parser.parse_args()
    found = measure()
    if arguments.json:
        print(json.dumps(found))
        return
    heads = ("log", "series", "rows", "us/row", "B/row", "us/row behind a checkpoint", "B/row")
    print("  ".join(f"{head:>11}" for head in heads))
    for record in found:
        cells = [f"{v:.2f}" if isinstance(v, float) else str(v) for v in record.values()]
        print("  ".join(f"{cell:>{max(11, len(h))}}" for cell, h in zip(cells, heads, strict=True)))


if __name__ == "__main__":
    main()
