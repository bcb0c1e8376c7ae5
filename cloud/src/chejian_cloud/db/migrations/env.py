"""Alembic's environment: runs inside the connection (and transaction) that `chejian_cloud.db.migrate` gives."""

import chejian_cloud.db.regions  # noqa: F401 - their tables are part of the schema
from alembic import context
from chejian_cloud.db import (  # noqa: F401 - their tables are part of the schema
    access,
    assessment,
    diagnosis,
    energy,
    lifecycle,
    production,
    programme,
    reporting,
    runs,
)
from chejian_cloud.db.app import Base

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    version_table="alembic_version",
    version_table_schema="app",
    include_schemas=True,
    include_name=lambda name, kind, _parents: kind != "schema" or name == "app",
)
context.run_migrations()
