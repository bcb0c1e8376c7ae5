"""Readers: login roles that see one organisation (or all) through schema `boards`, and nothing else."""

import re
from dataclasses import dataclass

import psycopg
from psycopg import sql

from chejian_cloud.db.boards.schema import GROUP
from chejian_cloud.db.engine import connect
from chejian_cloud.errors import InvalidValueError

TIMEOUT = "15s"
"""A board's statement is ended after this; the slowest takes a tenth of a second (benchmarks/boards.py)."""
CONNECTIONS = 20
"""Open at once per reader; Grafana's datasource keeps as many."""
LEAST_PASSWORD = 12
"""Characters."""
_SETTINGS = {
    "statement_timeout": TIMEOUT,
    "idle_in_transaction_session_timeout": "60s",
    "default_transaction_read_only": "on",
    "search_path": "boards",
    "timezone": "UTC",
    "jit": "off",
    "work_mem": "32MB",
}
_MAP = """
INSERT INTO app.board_reader (role_name, enterprise_id) VALUES (%s, %s)
ON CONFLICT (role_name) DO UPDATE SET enterprise_id = excluded.enterprise_id
"""
_MORE_RIGHTS = """
SELECT rolsuper OR rolcreaterole OR rolcreatedb OR rolreplication OR rolbypassrls FROM pg_roles WHERE rolname = %s
"""


@dataclass(frozen=True, slots=True)
class Reader:
    """A login role of the server.

    Attributes:
        role: its name.
        enterprise: code of the organisation that it sees; None: all.
    """

    role: str
    enterprise: str | None


def role_of(enterprise: str | None) -> str:
    """Name of an organisation's reader: letters, digits and _ of its code; PostgreSQL cuts names at 63 bytes."""
    if enterprise is None:
        return f"{GROUP}_all"
    return f"{GROUP}_{re.sub(r'[^a-z0-9]', '_', enterprise.lower())}"


def make_reader(dsn: str, enterprise: str | None, password: str, *, role: str | None = None) -> Reader:
    """Make or renew the reader of an organisation; its password becomes the given one.

    Args:
        dsn: of a user that may make roles.
        enterprise: code; None: a reader of all organisations, for a province's office.
        password: at least `LEAST_PASSWORD` characters.
        role: name of the role; None: `role_of`.

    Raises:
        InvalidValueError: for an unknown enterprise, a short password, or a role that is no reader of ours.
    """
    if len(password) < LEAST_PASSWORD:
        raise InvalidValueError("password", "...", f"at least {LEAST_PASSWORD} characters")
    name = role or role_of(enterprise)
    if not re.fullmatch(rf"{GROUP}_[a-z0-9_]{{1,48}}", name):
        raise InvalidValueError("role", name, f"{GROUP}_ and up to 48 of a-z, 0-9 and _")
    with connect(dsn, application="chejian-cloud board-reader") as connection:
        key = None if enterprise is None else _key(connection, enterprise)
        _role(connection, name, password)
        connection.execute(_MAP, (name, key))
    return Reader(name, enterprise)


def _key(connection: psycopg.Connection, enterprise: str) -> int:
    row = connection.execute(
        "SELECT enterprise_id FROM app.enterprise WHERE code = %s", (enterprise,)
    ).fetchone()
    if row is None:
        raise InvalidValueError("enterprise", enterprise, "the code of a registered enterprise")
    return int(row[0])


def _role(connection: psycopg.Connection, name: str, password: str) -> None:
    connection.execute("SELECT pg_advisory_xact_lock(hashtext('chejian role'))")
    role = sql.Identifier(name)
    told = connection.execute(_MORE_RIGHTS, (name,)).fetchone()
    if told is not None and told[0]:
        raise InvalidValueError(
            "role", name, "a role that is no superuser and may make neither roles nor databases"
        )
    # Only a superuser may so much as name these rights of a role that is there.
    fresh = sql.SQL("NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS" if told is None else "")
    connection.execute(
        sql.SQL("{} ROLE {} WITH {} LOGIN CONNECTION LIMIT {} PASSWORD {}").format(
            sql.SQL("CREATE" if told is None else "ALTER"), role, fresh, CONNECTIONS, sql.Literal(password)
        )
    )
    connection.execute(sql.SQL("GRANT {} TO {}").format(sql.Identifier(GROUP), role))
    for key, value in _SETTINGS.items():
        connection.execute(
            sql.SQL("ALTER ROLE {} SET {} = {}").format(role, sql.Identifier(key), sql.Literal(value))
        )
