"""Reasons of stops, production orders, inspection results, dated calendars, recomputations; classes of time."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0005_production"
down_revision: str | None = "0004_flow"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_TIME = sa.DateTime(timezone=True)
_JSON = postgresql.JSONB(astext_type=sa.Text())
_JOURNAL = ("stop_reason_change", "stop_reason")
_KEEP = """
CREATE FUNCTION app.keep_journal() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'app.% only grows; undo a line by a new one', TG_TABLE_NAME;
END $$
"""
_COMPUTE_ANEW = """
INSERT INTO app.dirty (equipment_id, hour, lo, hi, reason, samples)
SELECT k.equipment_id, h, h, h + interval '1 hour', 'new formulas', false
  FROM (SELECT equipment_id, date_trunc('hour', min(start), 'UTC') AS lo, max("end") AS hi
          FROM app.state_interval GROUP BY equipment_id) k
 CROSS JOIN LATERAL generate_series(k.lo, k.hi, interval '1 hour') AS h
ON CONFLICT (equipment_id, hour) DO UPDATE SET gen = app.dirty.gen + 1, lo = excluded.lo, hi = excluded.hi
"""
"""Classes of time and further KPIs of what was computed before this revision; the worker refuses what is too old."""


def upgrade() -> None:
    op.create_table(
        "reason",
        sa.Column("reason_id", sa.Integer(), sa.Identity(always=True), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("parent_id", sa.Integer(), nullable=True),
        sa.Column("name_zh", sa.Text(), nullable=False),
        sa.Column("name_en", sa.Text(), nullable=False),
        sa.Column("loss", sa.Text(), nullable=True),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("active", sa.Boolean(), server_default="true", nullable=False),
        sa.ForeignKeyConstraint(["parent_id"], ["app.reason.reason_id"], name=op.f("fk_reason_parent_id")),
        sa.PrimaryKeyConstraint("reason_id", name=op.f("pk_reason")),
        sa.UniqueConstraint("code", name=op.f("uq_reason_code")),
        schema="app",
    )
    op.create_table(
        "recompute_run",
        sa.Column("run_id", sa.Integer(), sa.Identity(always=True), nullable=False),
        sa.Column("lo", _TIME, nullable=False),
        sa.Column("hi", _TIME, nullable=False),
        sa.Column("code", sa.Text(), nullable=True),
        sa.Column("asked_at", _TIME, server_default=sa.text("now()"), nullable=False),
        sa.Column("finished_at", _TIME, nullable=True),
        sa.PrimaryKeyConstraint("run_id", name=op.f("pk_recompute_run")),
        schema="app",
    )
    op.create_table(
        "calendar_day",
        sa.Column("calendar_day_id", sa.Integer(), sa.Identity(always=True), nullable=False),
        sa.Column("calendar_id", sa.Integer(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("shifts", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("name_zh", sa.Text(), nullable=False),
        sa.Column("name_en", sa.Text(), nullable=False),
        sa.Column("user_name", sa.Text(), nullable=False),
        sa.Column("changed_at", _TIME, nullable=False),
        sa.ForeignKeyConstraint(
            ["calendar_id"], ["app.calendar.calendar_id"], name=op.f("fk_calendar_day_calendar_id")
        ),
        sa.PrimaryKeyConstraint("calendar_day_id", name=op.f("pk_calendar_day")),
        sa.UniqueConstraint("calendar_id", "day", name=op.f("uq_calendar_day_calendar_id_day")),
        schema="app",
    )
    op.create_table(
        "calendar_span",
        sa.Column("calendar_span_id", sa.Integer(), sa.Identity(always=True), nullable=False),
        sa.Column("calendar_id", sa.Integer(), nullable=False),
        sa.Column("start", _TIME, nullable=False),
        sa.Column("end", _TIME, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("name_zh", sa.Text(), nullable=False),
        sa.Column("name_en", sa.Text(), nullable=False),
        sa.Column("user_name", sa.Text(), nullable=False),
        sa.Column("changed_at", _TIME, nullable=False),
        sa.CheckConstraint('start < "end"', name=op.f("ck_calendar_span_forward")),
        sa.ForeignKeyConstraint(
            ["calendar_id"], ["app.calendar.calendar_id"], name=op.f("fk_calendar_span_calendar_id")
        ),
        sa.PrimaryKeyConstraint("calendar_span_id", name=op.f("pk_calendar_span")),
        schema="app",
    )
    op.create_index(
        op.f("ix_calendar_span_calendar_id"), "calendar_span", ["calendar_id"], unique=False, schema="app"
    )
    op.create_table(
        "calendar_version",
        sa.Column("calendar_version_id", sa.Integer(), sa.Identity(always=True), nullable=False),
        sa.Column("calendar_id", sa.Integer(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("definition", _JSON, nullable=False),
        sa.Column("user_name", sa.Text(), nullable=False),
        sa.Column("changed_at", _TIME, nullable=False),
        sa.ForeignKeyConstraint(
            ["calendar_id"], ["app.calendar.calendar_id"], name=op.f("fk_calendar_version_calendar_id")
        ),
        sa.PrimaryKeyConstraint("calendar_version_id", name=op.f("pk_calendar_version")),
        sa.UniqueConstraint(
            "calendar_id", "valid_from", name=op.f("uq_calendar_version_calendar_id_valid_from")
        ),
        schema="app",
    )
    op.create_table(
        "inspection_result",
        sa.Column("inspection_id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("equipment_id", sa.Integer(), nullable=False),
        sa.Column("time", _TIME, nullable=False),
        sa.Column("scrap", sa.BigInteger(), nullable=False),
        sa.Column("rework", sa.BigInteger(), nullable=False),
        sa.Column("order_code", sa.Text(), nullable=True),
        sa.Column("user_name", sa.Text(), nullable=False),
        sa.Column("comment", sa.Text(), nullable=False),
        sa.Column("made_at", _TIME, server_default=sa.text("now()"), nullable=False),
        sa.Column("withdrawn_by", sa.Text(), nullable=True),
        sa.Column("withdrawn_at", _TIME, nullable=True),
        sa.ForeignKeyConstraint(
            ["equipment_id"], ["app.equipment.equipment_id"], name=op.f("fk_inspection_result_equipment_id")
        ),
        sa.PrimaryKeyConstraint("inspection_id", name=op.f("pk_inspection_result")),
        schema="app",
    )
    op.create_index(
        "ix_inspection_result_time", "inspection_result", ["equipment_id", "time"], unique=False, schema="app"
    )
    op.create_table(
        "production_order",
        sa.Column("order_id", sa.Integer(), sa.Identity(always=True), nullable=False),
        sa.Column("equipment_id", sa.Integer(), nullable=False),
        sa.Column("product_id", sa.Integer(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("quantity", sa.BigInteger(), nullable=False),
        sa.Column("planned_start", _TIME, nullable=False),
        sa.Column("planned_end", _TIME, nullable=False),
        sa.Column("setup_us", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("started_at", _TIME, nullable=True),
        sa.Column("ended_at", _TIME, nullable=True),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("user_name", sa.Text(), nullable=False),
        sa.Column("changed_at", _TIME, nullable=False),
        sa.CheckConstraint("planned_start < planned_end", name=op.f("ck_production_order_forward")),
        sa.CheckConstraint("quantity > 0", name=op.f("ck_production_order_quantity")),
        sa.CheckConstraint("setup_us >= 0", name=op.f("ck_production_order_setup")),
        sa.CheckConstraint("started_at < ended_at", name=op.f("ck_production_order_actual")),
        sa.ForeignKeyConstraint(
            ["equipment_id"], ["app.equipment.equipment_id"], name=op.f("fk_production_order_equipment_id")
        ),
        sa.ForeignKeyConstraint(
            ["product_id"], ["app.product.product_id"], name=op.f("fk_production_order_product_id")
        ),
        sa.PrimaryKeyConstraint("order_id", name=op.f("pk_production_order")),
        sa.UniqueConstraint("equipment_id", "code", name=op.f("uq_production_order_equipment_id_code")),
        schema="app",
    )
    op.create_index(
        "ix_production_order_start",
        "production_order",
        ["equipment_id", "planned_start"],
        unique=False,
        schema="app",
    )
    op.create_table(
        "recompute_piece",
        sa.Column("run_id", sa.Integer(), nullable=False),
        sa.Column("equipment_id", sa.Integer(), nullable=False),
        sa.Column("lo", _TIME, nullable=False),
        sa.Column("hi", _TIME, nullable=False),
        sa.Column("done_at", _TIME, nullable=True),
        sa.ForeignKeyConstraint(
            ["equipment_id"], ["app.equipment.equipment_id"], name=op.f("fk_recompute_piece_equipment_id")
        ),
        sa.ForeignKeyConstraint(
            ["run_id"],
            ["app.recompute_run.run_id"],
            name=op.f("fk_recompute_piece_run_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("run_id", "equipment_id", "lo", name=op.f("pk_recompute_piece")),
        schema="app",
    )
    op.create_table(
        "stop_reason_change",
        sa.Column("change_id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("equipment_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("undoes", sa.BigInteger(), nullable=True),
        sa.Column("user_name", sa.Text(), nullable=False),
        sa.Column("made_at", _TIME, server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("(kind = 'undo') = (undoes IS NOT NULL)", name=op.f("ck_stop_reason_change_undo")),
        sa.ForeignKeyConstraint(
            ["equipment_id"], ["app.equipment.equipment_id"], name=op.f("fk_stop_reason_change_equipment_id")
        ),
        sa.ForeignKeyConstraint(
            ["undoes"], ["app.stop_reason_change.change_id"], name=op.f("fk_stop_reason_change_undoes")
        ),
        sa.PrimaryKeyConstraint("change_id", name=op.f("pk_stop_reason_change")),
        sa.UniqueConstraint("undoes", name=op.f("uq_stop_reason_change_undoes")),
        schema="app",
    )
    op.create_table(
        "stop_reason",
        sa.Column("stop_reason_id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("change_id", sa.BigInteger(), nullable=False),
        sa.Column("equipment_id", sa.Integer(), nullable=False),
        sa.Column("start", _TIME, nullable=False),
        sa.Column("end", _TIME, nullable=True),
        sa.Column("reason_id", sa.Integer(), nullable=True),
        sa.Column("comment", sa.Text(), nullable=False),
        sa.CheckConstraint('start < "end"', name=op.f("ck_stop_reason_forward")),
        sa.ForeignKeyConstraint(
            ["change_id"], ["app.stop_reason_change.change_id"], name=op.f("fk_stop_reason_change_id")
        ),
        sa.ForeignKeyConstraint(
            ["equipment_id"], ["app.equipment.equipment_id"], name=op.f("fk_stop_reason_equipment_id")
        ),
        sa.ForeignKeyConstraint(
            ["reason_id"], ["app.reason.reason_id"], name=op.f("fk_stop_reason_reason_id")
        ),
        sa.PrimaryKeyConstraint("stop_reason_id", name=op.f("pk_stop_reason")),
        schema="app",
    )
    op.create_index(
        op.f("ix_stop_reason_change_id"), "stop_reason", ["change_id"], unique=False, schema="app"
    )
    op.create_index(
        "ix_stop_reason_span", "stop_reason", ["equipment_id", "start"], unique=False, schema="app"
    )
    op.add_column(
        "dirty", sa.Column("samples", sa.Boolean(), server_default="true", nullable=False), schema="app"
    )
    op.add_column(
        "kpi_revision", sa.Column("cause", sa.Text(), server_default="", nullable=False), schema="app"
    )
    op.add_column(
        "state_interval", sa.Column("loss", sa.Text(), server_default="", nullable=False), schema="app"
    )
    op.add_column("kpi_value", sa.Column("known_since", _TIME, nullable=True), schema="app")
    op.execute(_KEEP)
    for table in _JOURNAL:
        op.execute(
            f"CREATE TRIGGER keep_journal BEFORE UPDATE OR DELETE ON app.{table}"
            " FOR EACH ROW EXECUTE FUNCTION app.keep_journal()"
        )
    op.execute(_COMPUTE_ANEW)


def downgrade() -> None:
    op.drop_column("kpi_value", "known_since", schema="app")
    op.drop_column("state_interval", "loss", schema="app")
    op.drop_column("kpi_revision", "cause", schema="app")
    op.drop_column("dirty", "samples", schema="app")
    op.drop_index("ix_stop_reason_span", table_name="stop_reason", schema="app")
    op.drop_index(op.f("ix_stop_reason_change_id"), table_name="stop_reason", schema="app")
    op.drop_table("stop_reason", schema="app")
    op.drop_table("stop_reason_change", schema="app")
    op.drop_table("recompute_piece", schema="app")
    op.drop_index("ix_production_order_start", table_name="production_order", schema="app")
    op.drop_table("production_order", schema="app")
    op.drop_index("ix_inspection_result_time", table_name="inspection_result", schema="app")
    op.drop_table("inspection_result", schema="app")
    op.drop_table("calendar_version", schema="app")
    op.drop_table("calendar_span", schema="app")
    op.drop_table("calendar_day", schema="app")
    op.drop_table("recompute_run", schema="app")
    op.drop_table("reason", schema="app")
    op.execute("DROP FUNCTION app.keep_journal()")
