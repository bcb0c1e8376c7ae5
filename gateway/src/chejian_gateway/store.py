"""The three big tables on what the server offers: daily partitions on plain PostgreSQL, hypertables on TimescaleDB."""

import logging
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from psycopg import Connection, sql

_log = logging.getLogger(__name__)

TABLES = ("sample", "text_sample", "waveform")
DAY_US = 86_400_000_000
_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
_PARTITION_LOCK = "hashtext('chejian partitions')"


class Edition(StrEnum):
    """What the database server can do."""

    PLAIN = "postgresql"
    APACHE = "timescaledb-apache"
    COMMUNITY = "timescaledb-community"


def detect_edition(connection: Connection) -> Edition:
    """Look for the extension `timescaledb` in this database and for its licence."""
    row = connection.execute(
        "SELECT current_setting('timescaledb.license', true) FROM pg_extension WHERE extname = 'timescaledb'"
    ).fetchone()
    if row is None:
        return Edition.PLAIN
    return Edition.COMMUNITY if row[0] == "timescale" else Edition.APACHE


def prepare_tables(connection: Connection, edition: Edition) -> None:
    """Make hypertables where there are such, and the index (series_id, time) on each table; idempotent."""
    for table in TABLES:
        name = sql.Identifier("telemetry", table)
        if edition is not Edition.PLAIN:
            connection.execute(
                "SELECT create_hypertable(%s::regclass, 'time', chunk_time_interval => interval '1 day',"
                " create_default_indexes => false, if_not_exists => true)",
                (f"telemetry.{table}",),
            )
        connection.execute(
            sql.SQL("CREATE INDEX IF NOT EXISTS {} ON {} (series_id, time)").format(
                sql.Identifier(f"{table}_series_time"), name
            )
        )


def day_of(time_us: int) -> int:
    """Days since 2000-01-01 UTC of a time in microseconds since then."""
    return time_us // DAY_US


class Partitions:
    """Makes the daily partitions that rows need; does nothing on TimescaleDB.

    Args:
        edition: of the server.
    """

    def __init__(self, edition: Edition) -> None:
        self._edition = edition
        self._known: dict[str, set[int]] = {table: set() for table in TABLES}

    def ensure(self, connection: Connection, table: str, days: Iterable[int]) -> None:
        """Make missing partitions of `table` in a transaction of their own, before the rows come.

        Args:
            connection: not inside a transaction.
            table: one of `TABLES`.
            days: as of `day_of`.
        """
        missing = set(days) - self._known[table] if self._edition is Edition.PLAIN else set()
        for day in sorted(missing):
            with connection.transaction():
                connection.execute(f"SELECT pg_advisory_xact_lock({_PARTITION_LOCK})")
                _create(connection, table, day)
            self._known[table].add(day)

    def ahead(self, connection: Connection, now_us: int, days: int) -> None:
        """Keep partitions of today and the next `days` ready."""
        today = day_of(now_us)
        for table in TABLES:
            self.ensure(connection, table, range(today, today + days + 1))


def _create(connection: Connection, table: str, day: int) -> None:
    """Made beside its parent and then attached: that blocks neither readers nor writers of other days."""
    start = _EPOCH + timedelta(days=day)
    name = f"{table}_{start:%Y%m%d}"
    row = connection.execute("SELECT to_regclass(%s)", (f"telemetry.{name}",)).fetchone()
    if row is not None and row[0] is not None:
        return
    parent, child = sql.Identifier("telemetry", table), sql.Identifier("telemetry", name)
    low, high = sql.Literal(start.isoformat()), sql.Literal((start + timedelta(days=1)).isoformat())
    connection.execute(
        sql.SQL("CREATE TABLE {} (LIKE {} INCLUDING DEFAULTS INCLUDING INDEXES INCLUDING STORAGE)").format(
            child, parent
        )
    )
    connection.execute(
        sql.SQL("ALTER TABLE {} ATTACH PARTITION {} FOR VALUES FROM ({}) TO ({})").format(
            parent, child, low, high
        )
    )
    _log.info("partition telemetry.%s made", name)
