"""Registry, calendar, states, KPIs, diagnoses and marks."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0001_app"
down_revision: str | None = None
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "calendar",
        sa.Column("calendar_id", sa.Integer(), sa.Identity(always=True), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("timezone", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("calendar_id", name=op.f("pk_calendar")),
        sa.UniqueConstraint("code", name=op.f("uq_calendar_code")),
        schema="app",
    )
    op.create_table(
        "enterprise",
        sa.Column("enterprise_id", sa.Integer(), sa.Identity(always=True), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name_zh", sa.Text(), nullable=False),
        sa.Column("name_en", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("enterprise_id", name=op.f("pk_enterprise")),
        sa.UniqueConstraint("code", name=op.f("uq_enterprise_code")),
        schema="app",
    )
    op.create_table(
        "planned_stop",
        sa.Column("planned_stop_id", sa.Integer(), sa.Identity(always=True), nullable=False),
        sa.Column("calendar_id", sa.Integer(), nullable=False),
        sa.Column("name_zh", sa.Text(), nullable=False),
        sa.Column("name_en", sa.Text(), nullable=False),
        sa.Column("start", sa.Time(), nullable=False),
        sa.Column("end", sa.Time(), nullable=False),
        sa.ForeignKeyConstraint(
            ["calendar_id"], ["app.calendar.calendar_id"], name=op.f("fk_planned_stop_calendar_id")
        ),
        sa.PrimaryKeyConstraint("planned_stop_id", name=op.f("pk_planned_stop")),
        sa.UniqueConstraint(
            "calendar_id", "start", "end", name=op.f("uq_planned_stop_calendar_id_start_end")
        ),
        schema="app",
    )
    op.create_table(
        "product",
        sa.Column("product_id", sa.Integer(), sa.Identity(always=True), nullable=False),
        sa.Column("enterprise_id", sa.Integer(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name_zh", sa.Text(), nullable=False),
        sa.Column("name_en", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["enterprise_id"], ["app.enterprise.enterprise_id"], name=op.f("fk_product_enterprise_id")
        ),
        sa.PrimaryKeyConstraint("product_id", name=op.f("pk_product")),
        sa.UniqueConstraint("enterprise_id", "code", name=op.f("uq_product_enterprise_id_code")),
        schema="app",
    )
    op.create_table(
        "shift",
        sa.Column("shift_id", sa.Integer(), sa.Identity(always=True), nullable=False),
        sa.Column("calendar_id", sa.Integer(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name_zh", sa.Text(), nullable=False),
        sa.Column("name_en", sa.Text(), nullable=False),
        sa.Column("start", sa.Time(), nullable=False),
        sa.Column("end", sa.Time(), nullable=False),
        sa.ForeignKeyConstraint(
            ["calendar_id"], ["app.calendar.calendar_id"], name=op.f("fk_shift_calendar_id")
        ),
        sa.PrimaryKeyConstraint("shift_id", name=op.f("pk_shift")),
        sa.UniqueConstraint("calendar_id", "code", name=op.f("uq_shift_calendar_id_code")),
        schema="app",
    )
    op.create_table(
        "workshop",
        sa.Column("workshop_id", sa.Integer(), sa.Identity(always=True), nullable=False),
        sa.Column("enterprise_id", sa.Integer(), nullable=False),
        sa.Column("calendar_id", sa.Integer(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name_zh", sa.Text(), nullable=False),
        sa.Column("name_en", sa.Text(), nullable=False),
        sa.Column("timezone", sa.Text(), nullable=False),
        sa.Column("city_code", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["calendar_id"], ["app.calendar.calendar_id"], name=op.f("fk_workshop_calendar_id")
        ),
        sa.ForeignKeyConstraint(
            ["enterprise_id"], ["app.enterprise.enterprise_id"], name=op.f("fk_workshop_enterprise_id")
        ),
        sa.PrimaryKeyConstraint("workshop_id", name=op.f("pk_workshop")),
        sa.UniqueConstraint("enterprise_id", "code", name=op.f("uq_workshop_enterprise_id_code")),
        schema="app",
    )
    op.create_table(
        "line",
        sa.Column("line_id", sa.Integer(), sa.Identity(always=True), nullable=False),
        sa.Column("workshop_id", sa.Integer(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name_zh", sa.Text(), nullable=False),
        sa.Column("name_en", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["workshop_id"], ["app.workshop.workshop_id"], name=op.f("fk_line_workshop_id")
        ),
        sa.PrimaryKeyConstraint("line_id", name=op.f("pk_line")),
        sa.UniqueConstraint("workshop_id", "code", name=op.f("uq_line_workshop_id_code")),
        schema="app",
    )
    op.create_table(
        "equipment",
        sa.Column("equipment_id", sa.Integer(), sa.Identity(always=True), nullable=False),
        sa.Column("enterprise_id", sa.Integer(), nullable=False),
        sa.Column("workshop_id", sa.Integer(), nullable=False),
        sa.Column("line_id", sa.Integer(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name_zh", sa.Text(), nullable=False),
        sa.Column("name_en", sa.Text(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["enterprise_id"], ["app.enterprise.enterprise_id"], name=op.f("fk_equipment_enterprise_id")
        ),
        sa.ForeignKeyConstraint(["line_id"], ["app.line.line_id"], name=op.f("fk_equipment_line_id")),
        sa.ForeignKeyConstraint(
            ["workshop_id"], ["app.workshop.workshop_id"], name=op.f("fk_equipment_workshop_id")
        ),
        sa.PrimaryKeyConstraint("equipment_id", name=op.f("pk_equipment")),
        sa.UniqueConstraint("enterprise_id", "code", name=op.f("uq_equipment_enterprise_id_code")),
        schema="app",
    )
    op.create_table(
        "bearing",
        sa.Column("bearing_id", sa.Integer(), sa.Identity(always=True), nullable=False),
        sa.Column("equipment_id", sa.Integer(), nullable=False),
        sa.Column("position", sa.Text(), nullable=False),
        sa.Column("designation", sa.Text(), nullable=False),
        sa.Column("signal", sa.Text(), nullable=False),
        sa.Column("bpfo", sa.Double(), nullable=False),
        sa.Column("bpfi", sa.Double(), nullable=False),
        sa.Column("ftf", sa.Double(), nullable=False),
        sa.Column("bsf2", sa.Double(), nullable=False),
        sa.Column("mains_hz", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(
            ["equipment_id"], ["app.equipment.equipment_id"], name=op.f("fk_bearing_equipment_id")
        ),
        sa.PrimaryKeyConstraint("bearing_id", name=op.f("pk_bearing")),
        sa.UniqueConstraint("equipment_id", "position", name=op.f("uq_bearing_equipment_id_position")),
        sa.UniqueConstraint("equipment_id", "signal", name=op.f("uq_bearing_equipment_id_signal")),
        schema="app",
    )
    op.create_table(
        "diagnosis",
        sa.Column("diagnosis_id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("equipment_id", sa.Integer(), nullable=False),
        sa.Column("series_id", sa.Integer(), nullable=False),
        sa.Column("time", sa.DateTime(timezone=True), nullable=False),
        sa.Column("method", sa.Text(), nullable=False),
        sa.Column("method_version", sa.Text(), nullable=False),
        sa.Column("part", sa.Text(), nullable=True),
        sa.Column("confidence", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("score", sa.Double(), nullable=True),
        sa.Column("nominal_rpm", sa.Double(), nullable=True),
        sa.Column("bearing", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("evidence", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("computed_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["equipment_id"], ["app.equipment.equipment_id"], name=op.f("fk_diagnosis_equipment_id")
        ),
        sa.PrimaryKeyConstraint("diagnosis_id", name=op.f("pk_diagnosis")),
        sa.UniqueConstraint("series_id", "time", "method", name=op.f("uq_diagnosis_series_id_time_method")),
        schema="app",
    )
    op.create_index(
        "ix_diagnosis_newest",
        "diagnosis",
        ["equipment_id", sa.literal_column("time DESC")],
        unique=False,
        schema="app",
    )
    op.create_table(
        "diagnosis_task",
        sa.Column("series_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("time", sa.DateTime(timezone=True), nullable=False),
        sa.Column("equipment_id", sa.Integer(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["equipment_id"], ["app.equipment.equipment_id"], name=op.f("fk_diagnosis_task_equipment_id")
        ),
        sa.PrimaryKeyConstraint("series_id", "time", name=op.f("pk_diagnosis_task")),
        schema="app",
    )
    op.create_table(
        "dirty",
        sa.Column("equipment_id", sa.Integer(), nullable=False),
        sa.Column("hour", sa.DateTime(timezone=True), nullable=False),
        sa.Column("lo", sa.DateTime(timezone=True), nullable=False),
        sa.Column("hi", sa.DateTime(timezone=True), nullable=False),
        sa.Column("gen", sa.BigInteger(), server_default="1", nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["equipment_id"], ["app.equipment.equipment_id"], name=op.f("fk_dirty_equipment_id")
        ),
        sa.PrimaryKeyConstraint("equipment_id", "hour", name=op.f("pk_dirty")),
        schema="app",
    )
    op.create_table(
        "equipment_feed",
        sa.Column("equipment_feed_id", sa.Integer(), sa.Identity(always=True), nullable=False),
        sa.Column("equipment_id", sa.Integer(), nullable=False),
        sa.Column("group_id", sa.Text(), nullable=False),
        sa.Column("edge_node", sa.Text(), nullable=False),
        sa.Column("device", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["equipment_id"], ["app.equipment.equipment_id"], name=op.f("fk_equipment_feed_equipment_id")
        ),
        sa.PrimaryKeyConstraint("equipment_feed_id", name=op.f("pk_equipment_feed")),
        sa.UniqueConstraint(
            "group_id", "edge_node", "device", name=op.f("uq_equipment_feed_group_id_edge_node_device")
        ),
        schema="app",
    )
    op.create_index(
        op.f("ix_equipment_feed_equipment_id"), "equipment_feed", ["equipment_id"], unique=False, schema="app"
    )
    op.create_table(
        "ideal_cycle",
        sa.Column("ideal_cycle_id", sa.Integer(), sa.Identity(always=True), nullable=False),
        sa.Column("equipment_id", sa.Integer(), nullable=False),
        sa.Column("product_id", sa.Integer(), nullable=False),
        sa.Column("cycle_us", sa.BigInteger(), nullable=False),
        sa.Column("valid_from", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("cycle_us > 0", name=op.f("ck_ideal_cycle_positive")),
        sa.ForeignKeyConstraint(
            ["equipment_id"], ["app.equipment.equipment_id"], name=op.f("fk_ideal_cycle_equipment_id")
        ),
        sa.ForeignKeyConstraint(
            ["product_id"], ["app.product.product_id"], name=op.f("fk_ideal_cycle_product_id")
        ),
        sa.PrimaryKeyConstraint("ideal_cycle_id", name=op.f("pk_ideal_cycle")),
        sa.UniqueConstraint(
            "equipment_id",
            "product_id",
            "valid_from",
            name=op.f("uq_ideal_cycle_equipment_id_product_id_valid_from"),
        ),
        schema="app",
    )
    op.create_table(
        "kpi_revision",
        sa.Column("kpi_revision_id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("equipment_id", sa.Integer(), nullable=False),
        sa.Column("kpi", sa.Text(), nullable=False),
        sa.Column("window_kind", sa.Text(), nullable=False),
        sa.Column("start", sa.DateTime(timezone=True), nullable=False),
        sa.Column("end", sa.DateTime(timezone=True), nullable=False),
        sa.Column("old_value", sa.Double(), nullable=True),
        sa.Column("new_value", sa.Double(), nullable=True),
        sa.Column("old_inputs", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("new_inputs", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("old_computed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revised_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["equipment_id"], ["app.equipment.equipment_id"], name=op.f("fk_kpi_revision_equipment_id")
        ),
        sa.PrimaryKeyConstraint("kpi_revision_id", name=op.f("pk_kpi_revision")),
        schema="app",
    )
    op.create_index(
        "ix_kpi_revision_window",
        "kpi_revision",
        ["equipment_id", "window_kind", "start"],
        unique=False,
        schema="app",
    )
    op.create_table(
        "kpi_value",
        sa.Column("equipment_id", sa.Integer(), nullable=False),
        sa.Column("kpi", sa.Text(), nullable=False),
        sa.Column("window_kind", sa.Text(), nullable=False),
        sa.Column("start", sa.DateTime(timezone=True), nullable=False),
        sa.Column("end", sa.DateTime(timezone=True), nullable=False),
        sa.Column("value", sa.Double(), nullable=True),
        sa.Column("numerator", sa.Double(), nullable=True),
        sa.Column("denominator", sa.Double(), nullable=True),
        sa.Column("completeness", sa.Double(), nullable=True),
        sa.Column("flags", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("formula_version", sa.Text(), nullable=False),
        sa.Column("provisional", sa.Boolean(), nullable=False),
        sa.Column("inputs", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("computed_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("window_kind in ('hour', 'shift', 'day')", name=op.f("ck_kpi_value_window_kind")),
        sa.ForeignKeyConstraint(
            ["equipment_id"], ["app.equipment.equipment_id"], name=op.f("fk_kpi_value_equipment_id")
        ),
        sa.PrimaryKeyConstraint("equipment_id", "kpi", "window_kind", "start", name=op.f("pk_kpi_value")),
        schema="app",
    )
    op.create_table(
        "state_interval",
        sa.Column("equipment_id", sa.Integer(), nullable=False),
        sa.Column("start", sa.DateTime(timezone=True), nullable=False),
        sa.Column("end", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.SmallInteger(), nullable=False),
        sa.Column("category", sa.Text(), nullable=False),
        sa.CheckConstraint('start < "end"', name=op.f("ck_state_interval_forward")),
        sa.ForeignKeyConstraint(
            ["equipment_id"], ["app.equipment.equipment_id"], name=op.f("fk_state_interval_equipment_id")
        ),
        sa.PrimaryKeyConstraint("equipment_id", "start", name=op.f("pk_state_interval")),
        schema="app",
    )


def downgrade() -> None:
    op.drop_table("state_interval", schema="app")
    op.drop_table("kpi_value", schema="app")
    op.drop_index("ix_kpi_revision_window", table_name="kpi_revision", schema="app")
    op.drop_table("kpi_revision", schema="app")
    op.drop_table("ideal_cycle", schema="app")
    op.drop_index(op.f("ix_equipment_feed_equipment_id"), table_name="equipment_feed", schema="app")
    op.drop_table("equipment_feed", schema="app")
    op.drop_table("dirty", schema="app")
    op.drop_table("diagnosis_task", schema="app")
    op.drop_index("ix_diagnosis_newest", table_name="diagnosis", schema="app")
    op.drop_table("diagnosis", schema="app")
    op.drop_table("bearing", schema="app")
    op.drop_table("equipment", schema="app")
    op.drop_table("line", schema="app")
    op.drop_table("workshop", schema="app")
    op.drop_table("shift", schema="app")
    op.drop_table("product", schema="app")
    op.drop_table("planned_stop", schema="app")
    op.drop_table("enterprise", schema="app")
    op.drop_table("calendar", schema="app")
