"""Revision of schema `app` that this code needs and that a database has; read without the machinery of migrations."""

from functools import cache
from importlib import resources

from sqlalchemy import Connection, text

from chejian_cloud.errors import MigrationError


@cache
def head() -> str:
    """Revision that this version of the code needs: the newest script, which is named `m<revision>.py`.

    Raises:
        MigrationError: when the package holds no scripts.
    """
    scripts = resources.files("chejian_cloud.db") / "migrations" / "versions"
    revisions = sorted(
        file.name.removeprefix("m").removesuffix(".py")
        for file in scripts.iterdir()
        if file.name.startswith("m") and file.name.endswith(".py")
    )
    if not revisions:
        raise MigrationError("the package holds no migration scripts; install it again")
    return revisions[-1]


def current(connection: Connection) -> str | None:
    """Revision of the database, None before the first migration."""
    if connection.scalar(text("SELECT to_regclass('app.alembic_version')")) is None:
        return None
    revision: str | None = connection.scalar(text("SELECT version_num FROM app.alembic_version"))
    return revision
