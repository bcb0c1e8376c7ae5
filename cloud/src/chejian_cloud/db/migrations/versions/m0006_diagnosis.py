"""Frozen baselines, measured windows, answers of engineers; zones of bearings' machines."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0006_diagnosis"
down_revision: str | None = "0005_production"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_TIME = sa.DateTime(timezone=True)
_JSON = postgresql.JSONB(astext_type=sa.Text())
_JOURNAL = ("diagnosis_baseline", "diagnosis_label")


def _text(*names: str) -> list[sa.Column[str]]:
    return [sa.Column(name, sa.Text(), nullable=False) for name in names]


def upgrade() -> None:
    op.create_table(
        "diagnosis_baseline",
        sa.Column("baseline_id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("equipment_id", sa.Integer(), nullable=False),
        *_text("signal", "method", "method_version", "version"),
        sa.Column("automatic", sa.Boolean(), nullable=False),
        sa.Column("windows", _JSON, nullable=False),
        sa.Column("content", _JSON, nullable=False),
        sa.Column("rpm_lo", sa.Double(), nullable=False),
        sa.Column("rpm_hi", sa.Double(), nullable=False),
        sa.Column("valid_from", _TIME, nullable=False),
        *_text("user_name", "comment"),
        sa.Column("created_at", _TIME, server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["equipment_id"], ["app.equipment.equipment_id"], name=op.f("fk_diagnosis_baseline_equipment_id")
        ),
        sa.PrimaryKeyConstraint("baseline_id", name=op.f("pk_diagnosis_baseline")),
        schema="app",
    )
    op.create_index(
        "ix_diagnosis_baseline_newest",
        "diagnosis_baseline",
        ["equipment_id", "signal", "method", sa.literal_column("baseline_id DESC")],
        schema="app",
    )
    op.add_column("diagnosis", sa.Column("baseline_id", sa.BigInteger(), nullable=True), schema="app")
    op.create_foreign_key(
        op.f("fk_diagnosis_baseline_id"),
        "diagnosis",
        "diagnosis_baseline",
        ["baseline_id"],
        ["baseline_id"],
        source_schema="app",
        referent_schema="app",
    )
    op.create_table(
        "vibration_window",
        sa.Column("series_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("time", _TIME, nullable=False),
        sa.Column("equipment_id", sa.Integer(), nullable=False),
        *_text("chain"),
        sa.Column("nominal_rpm", sa.Double(), nullable=True),
        sa.Column("bearing", _JSON, nullable=False),
        sa.Column("shaft_hz", sa.Double(), nullable=True),
        sa.Column("velocity_mm_s", sa.Double(), nullable=True),
        sa.Column("zone", sa.Text(), nullable=True),
        sa.Column("rms", sa.Double(), nullable=True),
        sa.Column("peak", sa.Double(), nullable=True),
        sa.Column("kurtosis", sa.Double(), nullable=True),
        sa.Column("parts", _JSON, nullable=False),
        sa.Column("orders", _JSON, nullable=False),
        sa.Column("envelope", sa.LargeBinary(), nullable=False),
        sa.Column("velocity", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["equipment_id"], ["app.equipment.equipment_id"], name=op.f("fk_vibration_window_equipment_id")
        ),
        sa.PrimaryKeyConstraint("series_id", "time", name=op.f("pk_vibration_window")),
        schema="app",
    )
    op.create_index(
        "ix_vibration_window_newest",
        "vibration_window",
        ["equipment_id", sa.literal_column("time DESC")],
        schema="app",
    )
    op.create_table(
        "diagnosis_label",
        sa.Column("label_id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("diagnosis_id", sa.BigInteger(), nullable=False),
        *_text("answer"),
        sa.Column("found", sa.Text(), nullable=True),
        *_text("comment"),
        sa.Column("part", sa.Text(), nullable=True),
        *_text("confidence", "method_version", "baseline", "user_name"),
        sa.Column("made_at", _TIME, server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "answer in ('confirmed', 'rejected', 'withdrawn')", name=op.f("ck_diagnosis_label_answer")
        ),
        sa.CheckConstraint("answer = 'rejected' OR found IS NULL", name=op.f("ck_diagnosis_label_found")),
        sa.ForeignKeyConstraint(
            ["diagnosis_id"], ["app.diagnosis.diagnosis_id"], name=op.f("fk_diagnosis_label_diagnosis_id")
        ),
        sa.PrimaryKeyConstraint("label_id", name=op.f("pk_diagnosis_label")),
        schema="app",
    )
    op.create_index(
        op.f("ix_diagnosis_label_diagnosis_id"), "diagnosis_label", ["diagnosis_id"], schema="app"
    )
    for table in _JOURNAL:
        op.execute(
            f"CREATE TRIGGER keep_journal BEFORE UPDATE OR DELETE ON app.{table}"
            " FOR EACH ROW EXECUTE FUNCTION app.keep_journal()"
        )
    op.add_column("bearing", sa.Column("zone_group", sa.SmallInteger(), nullable=True), schema="app")
    op.add_column("bearing", sa.Column("support", sa.Text(), nullable=True), schema="app")
    op.create_check_constraint(
        op.f("ck_bearing_zones"), "bearing", "(zone_group IS NULL) = (support IS NULL)", schema="app"
    )


def downgrade() -> None:
    op.drop_constraint(op.f("ck_bearing_zones"), "bearing", schema="app")
    op.drop_column("bearing", "support", schema="app")
    op.drop_column("bearing", "zone_group", schema="app")
    op.drop_index(op.f("ix_diagnosis_label_diagnosis_id"), table_name="diagnosis_label", schema="app")
    op.drop_table("diagnosis_label", schema="app")
    op.drop_index("ix_vibration_window_newest", table_name="vibration_window", schema="app")
    op.drop_table("vibration_window", schema="app")
    op.drop_constraint(op.f("fk_diagnosis_baseline_id"), "diagnosis", schema="app")
    op.drop_column("diagnosis", "baseline_id", schema="app")
    op.drop_index("ix_diagnosis_baseline_newest", table_name="diagnosis_baseline", schema="app")
    op.drop_table("diagnosis_baseline", schema="app")
