"""Rollups by minute and hour on the best that the server offers, and the worker's progress with each equipment."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from chejian_cloud.db.edition import Edition, detect_edition
from chejian_cloud.db.rollups import PARTITION_DAYS

revision: str = "0002_rollups"
down_revision: str | None = "0001_app"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    edition = detect_edition(op.get_bind())
    for table, days in PARTITION_DAYS.items():
        _rollup(table, days, edition)
    op.create_table(
        "work_progress",
        sa.Column("equipment_id", sa.Integer(), nullable=False),
        sa.Column("rolled_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("late_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("late_last", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["equipment_id"], ["app.equipment.equipment_id"], name=op.f("fk_work_progress_equipment_id")
        ),
        sa.PrimaryKeyConstraint("equipment_id", name=op.f("pk_work_progress")),
        schema="app",
        postgresql_with={"fillfactor": 50},
    )
    # Rows of running windows are renewed in place every few seconds.
    op.execute("ALTER TABLE app.kpi_value SET (fillfactor = 70)")
    op.execute("ALTER TABLE app.state_interval SET (fillfactor = 70)")


def _rollup(table: str, days: int, edition: Edition) -> None:
    partitioned = "RANGE (bucket)" if edition is Edition.PLAIN else None
    op.create_table(
        table,
        sa.Column("bucket", sa.DateTime(timezone=True), nullable=False),
        sa.Column("first_time", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_time", sa.DateTime(timezone=True), nullable=True),
        sa.Column("known_us", sa.BigInteger(), nullable=False),
        sa.Column("increment", sa.BigInteger(), nullable=True),
        sa.Column("minimum", sa.Double(), nullable=True),
        sa.Column("maximum", sa.Double(), nullable=True),
        sa.Column("first", sa.Double(), nullable=True),
        sa.Column("last", sa.Double(), nullable=True),
        sa.Column("mean", sa.Double(), nullable=True),
        sa.Column("series_id", sa.Integer(), nullable=False),
        sa.Column("samples", sa.Integer(), nullable=False),
        sa.Column("good", sa.Integer(), nullable=False),
        sa.Column("resets", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("series_id", "bucket", name=op.f(f"pk_{table}")),
        schema="app",
        postgresql_partition_by=partitioned,
    )
    if edition is not Edition.PLAIN:
        op.get_bind().execute(
            sa.text(
                "SELECT create_hypertable(CAST(:name AS regclass), 'bucket', create_default_indexes => false,"
                " chunk_time_interval => make_interval(days => :days))"
            ),
            {"name": f"app.{table}", "days": days},
        )


def downgrade() -> None:
    op.drop_table("work_progress", schema="app")
    for table in PARTITION_DAYS:
        op.drop_table(table, schema="app")
    op.execute("ALTER TABLE app.kpi_value RESET (fillfactor)")
    op.execute("ALTER TABLE app.state_interval RESET (fillfactor)")
