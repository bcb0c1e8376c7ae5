"""Migrations of schema `app`: alembic scripts in `migrations/`, under an advisory lock; then schemas `jobs` and `boards`."""

import logging
from importlib import resources

from alembic import command
from alembic.config import Config
from alembic.util import CommandError
from psycopg.errors import DeadlockDetected
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from chejian_cloud.db.boards import drop_boards, make_boards
from chejian_cloud.db.engine import make_engine
from chejian_cloud.db.revision import current, head
from chejian_cloud.db.rows import secure
from chejian_cloud.energy.factors import sync_shipped
from chejian_cloud.errors import MigrationError
from chejian_cloud.jobs.schema import migrate_jobs
from chejian_cloud.reasons.tree import add_missing

log = logging.getLogger(__name__)

MIGRATION_LOCK = "chejian migrate"
"""Name of the advisory lock (hashed by the server) that all of Chejian's migrations share."""
VERSION_TABLE = "alembic_version"
_ATTEMPTS = 5


def _config(connection: Connection | None = None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(resources.files("chejian_cloud.db") / "migrations"))
    config.set_main_option("path_separator", "os")
    if connection is not None:
        config.attributes["connection"] = connection
    return config


def migrate(dsn: str) -> tuple[str | None, str]:
    """Bring schema `app` to the newest revision, add what ships with it, and make schema `boards`, all or nothing.

    Returns:
        The revision before and after.

    Raises:
        MigrationError: when the database is of a newer version than this code.
    """
    engine = make_engine(dsn, application="chejian-cloud migrate")
    try:
        before, after, boards, reasons = _until_undisturbed(engine)
    except CommandError as error:
        raise MigrationError(
            f"schema app is at a revision that this version does not know ({error}); install the newer version"
        ) from error
    finally:
        engine.dispose()
    if after is None:
        raise MigrationError("the migration wrote no revision")
    log.info("schema app: %s -> %s", before or "empty", after)
    if boards:
        log.info("schema boards made")
    if reasons:
        log.info("%d standard stop reasons added", reasons)
    return before, after


def _until_undisturbed(engine: Engine) -> tuple[str | None, str | None, bool, int]:
    """`_migrated`, again where a version that runs beside it locked the same tables the other way round."""
    for left in reversed(range(_ATTEMPTS)):
        try:
            with engine.begin() as connection:
                return _migrated(connection)
        except OperationalError as error:
            if not (left and isinstance(error.orig, DeadlockDetected)):
                raise
            log.warning("a running version was in the way; migrating once more: %s", error.orig)
    raise AssertionError("the last attempt returns or raises")


def _migrated(connection: Connection) -> tuple[str | None, str | None, bool, int]:
    connection.execute(text("SELECT pg_advisory_xact_lock(hashtext(:lock))"), {"lock": MIGRATION_LOCK})
    connection.execute(text("CREATE SCHEMA IF NOT EXISTS app"))
    before = current(connection)
    if before != head():
        drop_boards(connection)  # its views would hold what a revision changes
    command.upgrade(_config(connection), "head")
    with Session(connection, join_transaction_mode="create_savepoint") as session, session.begin():
        sync_shipped(session)
        reasons = add_missing(session)
    migrate_jobs(connection)
    secure(connection)
    return before, current(connection), make_boards(connection), reasons
