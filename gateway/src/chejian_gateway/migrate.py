"""Migrations of schema `telemetry`: `schema/NNNN_*.sql`, each once, in order, under one advisory lock."""

import logging
import re
from dataclasses import dataclass
from importlib import resources

import psycopg
from psycopg import Connection, sql

from chejian_gateway.errors import SchemaError
from chejian_gateway.store import Edition, detect_edition, prepare_tables

_log = logging.getLogger(__name__)

LOCK = "hashtext('chejian migrate')"
"""Key of the advisory lock that all of Chejian's migrations share."""
_FILE = re.compile(r"(\d{4})_[a-z0-9_]+\.sql")
_PARTITIONED = " PARTITION BY RANGE (time)"
_TABLE = """
CREATE SCHEMA IF NOT EXISTS telemetry;
CREATE TABLE IF NOT EXISTS telemetry.migration (
    number  integer PRIMARY KEY,
    name    text NOT NULL,
    applied timestamptz NOT NULL DEFAULT now()
);
"""


@dataclass(frozen=True, slots=True)
class Migration:
    """One file: its number, name and SQL text."""

    number: int
    name: str
    text: str


def migrations() -> list[Migration]:
    """Those that ship with this version, in order."""
    found = []
    for entry in resources.files("chejian_gateway").joinpath("schema").iterdir():
        match = _FILE.fullmatch(entry.name)
        if match:
            found.append(Migration(int(match[1]), entry.name, entry.read_text("utf-8")))
    return sorted(found, key=lambda m: m.number)


def migrate(dsn: str) -> list[str]:
    """Bring the database up to date; safe to call again and at the same time from elsewhere.

    Returns:
        names of the files applied now.

    Raises:
        SchemaError: when the database was migrated by a newer version.
    """
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute(f"SELECT pg_advisory_lock({LOCK})")
        try:
            return _migrate(connection)
        finally:
            connection.execute(f"SELECT pg_advisory_unlock({LOCK})")


def _migrate(connection: Connection) -> list[str]:
    edition = detect_edition(connection)
    applied = []
    with connection.transaction():
        connection.execute(_TABLE)
        done = {row[0] for row in connection.execute("SELECT number FROM telemetry.migration")}
        known = {m.number for m in migrations()}
        if done - known:
            raise SchemaError(
                f"migration {max(done - known)} of schema telemetry is unknown: update chejian-gateway"
            )
        for migration in migrations():
            if migration.number not in done:
                _apply(connection, migration, edition)
                applied.append(migration.name)
        prepare_tables(connection, edition)
    for name in applied:
        _log.info("applied %s on %s", name, edition.value)
    return applied


def _apply(connection: Connection, migration: Migration, edition: Edition) -> None:
    text = migration.text if edition is Edition.PLAIN else migration.text.replace(_PARTITIONED, "")
    connection.execute(sql.SQL(text))
    connection.execute(
        "INSERT INTO telemetry.migration (number, name) VALUES (%s, %s)", (migration.number, migration.name)
    )


def check(connection: Connection) -> None:
    """Make sure that the schema is the one that this version writes.

    Raises:
        SchemaError: says which command to run.
    """
    found = connection.execute("SELECT to_regclass('telemetry.migration')").fetchone()
    present = found is not None and found[0] is not None
    query = "SELECT number FROM telemetry.migration ORDER BY number"
    done = [row[0] for row in connection.execute(query)] if present else []
    wanted = [m.number for m in migrations()]
    if done != wanted:
        raise SchemaError(
            f"schema telemetry has migrations {done}, this version needs {wanted}: run `chejian-gateway migrate`"
        )
