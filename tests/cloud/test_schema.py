"""Definitions in code against real databases."""

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from chejian_cloud.db import telemetry
from chejian_cloud.db.engine import make_engine
from chejian_cloud.db.migrate import migrate
from chejian_cloud.db.revision import current, head
from chejian_cloud.db.tables import METADATA
from chejian_cloud.errors import MigrationError
from sqlalchemy import MetaData, inspect, text


def test_telemetry_tables_are_those_of_the_gateway(dsn: str) -> None:
    engine = make_engine(dsn, application="test")
    found = MetaData(schema="telemetry")
    found.reflect(engine, views=True)
    views = {f"telemetry.{name}" for name in inspect(engine).get_view_names("telemetry")}
    assert views == {"telemetry.last_value"}
    for name, table in telemetry.METADATA.tables.items():
        own = {c.name: (str(c.type), c.nullable or name in views) for c in table.columns}
        theirs = {
            c.name: (str(c.type.as_generic() if "RANGE" not in str(c.type) else c.type), c.nullable)
            for c in found.tables[name].columns
        }
        assert {k: (_plain(t), n) for k, (t, n) in own.items()} == {
            k: (_plain(t), n) for k, (t, n) in theirs.items()
        }
    engine.dispose()


def _plain(kind: str) -> str:
    return {"DOUBLE": "FLOAT", "DOUBLE_PRECISION": "FLOAT", "BLOB": "BYTEA"}.get(kind, kind)


def test_migrations_give_the_models(dsn: str) -> None:
    engine = make_engine(dsn, application="test")
    with engine.connect() as connection:
        options = {
            "include_schemas": True,
            "include_name": lambda name, kind, _parents: kind != "schema" or name == "app",
            "version_table_schema": "app",
        }
        context = MigrationContext.configure(connection, opts=options)
        assert compare_metadata(context, METADATA) == []
        assert current(connection) == head()
    engine.dispose()


def test_migrating_again_changes_nothing_and_a_newer_schema_is_refused(dsn: str) -> None:
    assert migrate(dsn) == (head(), head())
    engine = make_engine(dsn, application="test")
    with engine.begin() as connection:
        connection.execute(text("UPDATE app.alembic_version SET version_num = '9999_future'"))
    with pytest.raises(MigrationError, match="install the newer version"):
        migrate(dsn)
    engine.dispose()
