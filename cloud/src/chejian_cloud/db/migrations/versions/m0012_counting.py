"""Planned scrap of orders, inspected parts, and what is known about counters."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0012_counting"
down_revision: str | None = "0011_programme"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.add_column(
        "production_order", sa.Column("planned_scrap", sa.BigInteger(), nullable=True), schema="app"
    )
    op.create_check_constraint(
        op.f("ck_production_order_planned_scrap"), "production_order", "planned_scrap >= 0", schema="app"
    )
    for name in ("inspected", "good_first_pass"):
        column = sa.Column(name, sa.BigInteger(), server_default="0", nullable=False)
        op.add_column("inspection_result", column, schema="app")
    op.create_check_constraint(
        op.f("ck_inspection_result_inspected"),
        "inspection_result",
        "good_first_pass BETWEEN 0 AND inspected",
        schema="app",
    )
    op.create_table(
        "counter_rule",
        sa.Column("equipment_id", sa.Integer(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("modulus", sa.BigInteger(), nullable=True),
        sa.Column("least_cycle_us", sa.BigInteger(), server_default="0", nullable=False),
        sa.CheckConstraint("modulus > 1", name=op.f("ck_counter_rule_modulus")),
        sa.CheckConstraint("least_cycle_us >= 0", name=op.f("ck_counter_rule_least_cycle")),
        sa.ForeignKeyConstraint(
            ["equipment_id"], ["app.equipment.equipment_id"], name=op.f("fk_counter_rule_equipment_id")
        ),
        sa.PrimaryKeyConstraint("equipment_id", "role", name=op.f("pk_counter_rule")),
        schema="app",
    )
    op.create_table(
        "counter_replacement",
        sa.Column("counter_replacement_id", sa.Integer(), sa.Identity(always=True), nullable=False),
        sa.Column("equipment_id", sa.Integer(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("time", _TIME, nullable=False),
        sa.Column("user_name", sa.Text(), nullable=False),
        sa.Column("comment", sa.Text(), nullable=False),
        sa.Column("made_at", _TIME, server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["equipment_id"],
            ["app.equipment.equipment_id"],
            name=op.f("fk_counter_replacement_equipment_id"),
        ),
        sa.PrimaryKeyConstraint("counter_replacement_id", name=op.f("pk_counter_replacement")),
        sa.UniqueConstraint(
            "equipment_id", "role", "time", name=op.f("uq_counter_replacement_equipment_id_role_time")
        ),
        schema="app",
    )


def downgrade() -> None:
    op.drop_table("counter_replacement", schema="app")
    op.drop_table("counter_rule", schema="app")
    op.drop_constraint(op.f("ck_inspection_result_inspected"), "inspection_result", schema="app")
    for name in ("good_first_pass", "inspected"):
        op.drop_column("inspection_result", name, schema="app")
    op.drop_constraint(op.f("ck_production_order_planned_scrap"), "production_order", schema="app")
    op.drop_column("production_order", "planned_scrap", schema="app")
