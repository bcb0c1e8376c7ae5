"""Readers of the boards, and the terms of OEE as columns: a board adds up a province's days without opening JSON."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0008_boards"
down_revision: str | None = "0007_access"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_TERMS = ("no_data_us", "apt_us", "ideal_us", "effective_us", "produced", "good")
_BUSY = " + ".join(
    f"((inputs ->> '{name}'::text))::bigint" for name in ("apt_us", "aust_us", "adet_us", "adot_us")
)


def _column(name: str, expression: str) -> str:
    return f"ADD COLUMN {name} bigint GENERATED ALWAYS AS ({expression}) STORED"


def upgrade() -> None:
    columns = [_column("busy_us", _BUSY)]
    columns += [_column(name, f"((inputs ->> '{name}'::text))::bigint") for name in _TERMS]
    op.execute(f"ALTER TABLE app.kpi_value {', '.join(columns)}")
    # Everything that sums of OEE need, so that the rows themselves are not read.
    op.create_index(
        "ix_kpi_value_oee",
        "kpi_value",
        ["equipment_id", "window_kind", "start"],
        schema="app",
        postgresql_include=["end", "busy_us", *_TERMS, "flags", "provisional", "kpi"],
        postgresql_where=sa.text("kpi = 'oee'"),
    )
    op.create_table(
        "board_reader",
        sa.Column("role_name", sa.Text(), nullable=False),
        sa.Column("enterprise_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["enterprise_id"], ["app.enterprise.enterprise_id"], name=op.f("fk_board_reader_enterprise_id")
        ),
        sa.PrimaryKeyConstraint("role_name", name=op.f("pk_board_reader")),
        schema="app",
    )


def downgrade() -> None:
    op.drop_table("board_reader", schema="app")
    op.drop_index("ix_kpi_value_oee", table_name="kpi_value", schema="app")
    for name in ("busy_us", *_TERMS):
        op.drop_column("kpi_value", name, schema="app")
