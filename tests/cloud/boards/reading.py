"""Reading as Grafana does: a session of a reader's own role."""

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

import psycopg
from chejian_cloud.db.boards import GROUP, make_reader
from chejian_cloud.db.boards.readers import role_of
from psycopg import sql
from psycopg.rows import dict_row

PASSWORD = "of-a-test-reader"


class Readers:
    """Readers of one database; roles belong to the server, so they carry the database's name."""

    def __init__(self, dsn: str) -> None:
        self.dsn = dsn
        self.roles: list[str] = []

    def make(self, enterprise: str | None) -> str:
        """Make the reader of an organisation (None: of all) and return its role."""
        suffix = urlsplit(self.dsn).path.removeprefix("/")
        role = f"{role_of(enterprise)}_{suffix}".replace(f"{GROUP}_{GROUP}", GROUP)
        make_reader(self.dsn, enterprise, PASSWORD, role=role)
        self.roles.append(role)
        return role

    def drop(self) -> None:
        with psycopg.connect(self.dsn, autocommit=True) as connection:
            for role in set(self.roles):
                connection.execute(sql.SQL("DROP ROLE IF EXISTS {}").format(sql.Identifier(role)))

    def connect(self, role: str) -> psycopg.Connection[dict[str, Any]]:
        """A session in which `session_user` is the role, with the settings that its login would bring."""
        connection = psycopg.connect(self.dsn, row_factory=dict_row)
        with psycopg.connect(self.dsn) as admin:
            found = admin.execute(
                "SELECT unnest(setconfig) FROM pg_db_role_setting s JOIN pg_roles r ON r.oid = s.setrole"
                " WHERE r.rolname = %s",
                (role,),
            ).fetchall()
        connection.execute(sql.SQL("SET SESSION AUTHORIZATION {}").format(sql.Identifier(role)))
        for (setting,) in found:
            name, value = setting.split("=", 1)
            connection.execute("SELECT set_config(%s, %s, false)", (name, value))
        connection.commit()
        return connection

    def read(self, role: str, query: str, values: Sequence[object] = ()) -> list[dict[str, Any]]:
        """Rows of one statement."""
        with self.connect(role) as connection:
            return connection.execute(query, values).fetchall()
