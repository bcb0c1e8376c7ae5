"""Alembic's environment: runs inside the connection (and transaction) that `chejian_cloud.db.migrate` gives."""

from alembic import context
from chejian_cloud.db.tables import METADATA

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=METADATA,
    version_table="alembic_version",
    version_table_schema="app",
    include_schemas=True,
    include_name=lambda name, kind, _parents: kind != "schema" or name == "app",
)
context.run_migrations()
