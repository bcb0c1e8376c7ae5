"""Schema `jobs`: the task library's own tables, made and brought up to date with its scripts."""

from importlib import resources
from importlib.resources.abc import Traversable
from typing import Final

from sqlalchemy import Connection, text

from chejian_cloud.errors import MigrationError

SCHEMA: Final = "jobs"
_DONE: Final = "CREATE TABLE IF NOT EXISTS jobs.chejian_migration (name TEXT PRIMARY KEY, done_at timestamptz DEFAULT now())"


def migrate_jobs(connection: Connection) -> int:
    """Bring schema `jobs` to what the installed library needs, in the transaction of `connection`.

    Returns:
        How many scripts ran; 1 for an empty database, which gets the whole schema at once.

    Raises:
        MigrationError: scripts ran that the installed library does not know: it is older than the database.
    """
    connection.exec_driver_sql(f"CREATE SCHEMA IF NOT EXISTS {SCHEMA}")
    connection.exec_driver_sql(_DONE)
    scripts = {script.name: script for script in _scripts()}
    done = set(connection.scalars(text("SELECT name FROM jobs.chejian_migration")))
    if unknown := done - set(scripts):
        raise MigrationError(
            f"schema jobs is newer than this version's task library (it has {max(unknown)}); install the newer version"
        )
    missing = [name for name in sorted(scripts) if name not in done]
    chosen = [_whole()] if not done else [scripts[name] for name in missing]
    connection.exec_driver_sql(f"SET LOCAL search_path = {SCHEMA}")
    for script in chosen:
        _run(connection, script)
    connection.exec_driver_sql("RESET search_path")
    for name in missing:
        connection.execute(text("INSERT INTO jobs.chejian_migration (name) VALUES (:name)"), {"name": name})
    return len(chosen)


def _whole() -> Traversable:
    return resources.files("procrastinate.sql") / "schema.sql"


def _scripts() -> list[Traversable]:
    folder = resources.files("procrastinate.sql") / "migrations"
    return [entry for entry in folder.iterdir() if entry.name.endswith(".sql")]


def _run(connection: Connection, script: Traversable) -> None:
    """A script holds several statements and percent signs, which a driver takes only without parameters."""
    driver = connection.connection.driver_connection
    if driver is None:
        raise MigrationError("the connection to the database is gone")
    driver.execute(script.read_text("utf-8"))
