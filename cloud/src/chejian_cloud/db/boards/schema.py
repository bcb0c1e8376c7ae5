"""Making schema `boards` from its SQL files; they hold no data, so an update drops and makes them."""

import hashlib
from importlib import resources

import psycopg
from sqlalchemy import Connection, text
from sqlalchemy.exc import ProgrammingError

from chejian_cloud.errors import MigrationError

GROUP = "chejian_boards"
"""Role without login that may read schema `boards`; every reader is a member."""
_EXISTS = text("SELECT true FROM pg_roles WHERE rolname = :role")
_RIGHTS = (
    "REVOKE ALL ON ALL FUNCTIONS IN SCHEMA boards FROM PUBLIC",
    f"GRANT USAGE ON SCHEMA boards TO {GROUP}",
    f"GRANT SELECT ON ALL TABLES IN SCHEMA boards TO {GROUP}",
    f"GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA boards TO {GROUP}",
)
_ROLE_LOCK = text("SELECT pg_advisory_xact_lock(hashtext('chejian role'))")
_INSUFFICIENT = "42501"
_TAKEN = ("42710", "23505")
"""SQLSTATE of a role that another database's migration made at the same moment."""


def sources() -> list[str]:
    """The SQL files, in their order."""
    folder = resources.files("chejian_cloud.db") / "boards"
    files = sorted((f for f in folder.iterdir() if f.name.endswith(".sql")), key=lambda f: f.name)
    return [f.read_text("utf-8") for f in files]


def digest() -> str:
    """What the schema's comment says when these files made it."""
    return "chejian boards " + hashlib.sha256("\0".join([*sources(), *_RIGHTS]).encode()).hexdigest()[:16]


def drop_boards(connection: Connection) -> None:
    """Drop the schema, so that a migration of `app` is not held by its views."""
    connection.execute(text("DROP SCHEMA IF EXISTS boards CASCADE"))


def make_boards(connection: Connection) -> bool:
    """Make the schema in the caller's transaction, unless these very files have made it.

    Returns:
        Whether it was made.

    Raises:
        MigrationError: when the role `GROUP` is missing and may not be made.
    """
    found = connection.scalar(text("SELECT obj_description(to_regnamespace('boards')::oid, 'pg_namespace')"))
    if found == digest():
        return False
    drop_boards(connection)
    _ensure_group(connection)
    connection.execute(text("CREATE SCHEMA boards"))
    driver = connection.connection.driver_connection
    if not isinstance(driver, psycopg.Connection):
        raise TypeError(f"the engine must run on psycopg 3, not on {type(driver).__name__}")
    for statements in (*sources(), *_RIGHTS, f"COMMENT ON SCHEMA boards IS '{digest()}'"):
        driver.execute(statements.encode())  # bytes: many statements at once, none of them with parameters
    return True


def _ensure_group(connection: Connection) -> None:
    """Roles belong to the whole server, so another database may have made it, even at this moment."""
    connection.execute(_ROLE_LOCK)
    if connection.scalar(_EXISTS, {"role": GROUP}):
        return
    try:
        with connection.begin_nested():
            connection.exec_driver_sql(f"CREATE ROLE {GROUP} NOLOGIN")
    except ProgrammingError as error:
        state = getattr(error.orig, "sqlstate", None)
        if state == _INSUFFICIENT:
            raise MigrationError(
                f"role {GROUP} is missing and this user may not make it; let an administrator run:"
                f" CREATE ROLE {GROUP} NOLOGIN"
            ) from error
        if state not in _TAKEN:
            raise
