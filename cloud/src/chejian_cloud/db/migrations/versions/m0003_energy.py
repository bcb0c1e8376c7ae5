"""Energy: meters, outputs of lines, conversion factors, and what meters show by hour, shift and day."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0003_energy"
down_revision: str | None = "0002_rollups"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_TIME = sa.DateTime(timezone=True)
_JSON = postgresql.JSONB(astext_type=sa.Text())


def _references(table: str, column: str, target: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [target], name=op.f(f"fk_{table}_{column}"))


def upgrade() -> None:
    op.create_table(
        "meter",
        sa.Column("equipment_id", sa.Integer(), nullable=False),
        sa.Column("carrier", sa.Text(), nullable=False),
        sa.Column("parent_id", sa.Integer(), nullable=True),
        sa.Column("interval_us", sa.BigInteger(), nullable=False),
        sa.Column("modulus", sa.BigInteger(), nullable=True),
        sa.Column("made_on_site", sa.Boolean(), nullable=False),
        sa.CheckConstraint("interval_us > 0", name=op.f("ck_meter_interval")),
        sa.CheckConstraint("modulus > 1", name=op.f("ck_meter_modulus")),
        sa.CheckConstraint("parent_id <> equipment_id", name=op.f("ck_meter_parent")),
        _references("meter", "equipment_id", "app.equipment.equipment_id"),
        _references("meter", "parent_id", "app.equipment.equipment_id"),
        sa.PrimaryKeyConstraint("equipment_id", name=op.f("pk_meter")),
        schema="app",
    )
    op.create_index(op.f("ix_meter_parent_id"), "meter", ["parent_id"], schema="app")
    op.create_table(
        "meter_machine",
        sa.Column("equipment_id", sa.Integer(), nullable=False),
        sa.Column("machine_id", sa.Integer(), nullable=False),
        _references("meter_machine", "equipment_id", "app.meter.equipment_id"),
        _references("meter_machine", "machine_id", "app.equipment.equipment_id"),
        sa.PrimaryKeyConstraint("equipment_id", "machine_id", name=op.f("pk_meter_machine")),
        schema="app",
    )
    op.create_index(op.f("ix_meter_machine_machine_id"), "meter_machine", ["machine_id"], schema="app")
    op.create_table(
        "meter_replacement",
        sa.Column("equipment_id", sa.Integer(), nullable=False),
        sa.Column("time", _TIME, nullable=False),
        sa.Column("closing", sa.BigInteger(), nullable=True),
        sa.Column("opening", sa.BigInteger(), nullable=True),
        _references("meter_replacement", "equipment_id", "app.meter.equipment_id"),
        sa.PrimaryKeyConstraint("equipment_id", "time", name=op.f("pk_meter_replacement")),
        schema="app",
    )
    op.create_table(
        "line_output",
        sa.Column("line_id", sa.Integer(), nullable=False),
        sa.Column("equipment_id", sa.Integer(), nullable=False),
        _references("line_output", "line_id", "app.line.line_id"),
        _references("line_output", "equipment_id", "app.equipment.equipment_id"),
        sa.PrimaryKeyConstraint("line_id", "equipment_id", name=op.f("pk_line_output")),
        schema="app",
    )
    op.create_index(op.f("ix_line_output_equipment_id"), "line_output", ["equipment_id"], schema="app")
    _factors()
    _values()
    op.add_column(
        "work_progress",
        sa.Column("energy_until", sa.DateTime(timezone=True), nullable=True),
        schema="app",
    )
    # Meters have neither states nor OEE; what was computed of them before they were known as meters goes.
    for table in ("state_interval", "kpi_value", "kpi_revision"):
        op.execute(
            f"DELETE FROM app.{table} t USING app.equipment e"  # noqa: S608 - constants
            " WHERE e.equipment_id = t.equipment_id AND e.type LIKE '%\\_meter'"
        )


def _factors() -> None:
    op.create_table(
        "energy_factor",
        sa.Column("energy_factor_id", sa.Integer(), sa.Identity(always=True), nullable=False),
        sa.Column("origin", sa.Text(), nullable=False),
        sa.Column("carrier", sa.Text(), nullable=False),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("kgce", sa.Numeric(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("confidence", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.CheckConstraint("origin in ('chejian', 'site')", name=op.f("ck_energy_factor_origin")),
        sa.CheckConstraint("value in ('equivalent', 'equal')", name=op.f("ck_energy_factor_value")),
        sa.CheckConstraint("kgce > 0", name=op.f("ck_energy_factor_positive")),
        sa.PrimaryKeyConstraint("energy_factor_id", name=op.f("pk_energy_factor")),
        sa.UniqueConstraint(
            "origin",
            "carrier",
            "value",
            "valid_from",
            name=op.f("uq_energy_factor_origin_carrier_value_valid_from"),
        ),
        schema="app",
    )


def _values() -> None:
    op.create_table(
        "energy_value",
        sa.Column("equipment_id", sa.Integer(), nullable=False),
        sa.Column("window_kind", sa.Text(), nullable=False),
        sa.Column("start", _TIME, nullable=False),
        sa.Column("end", _TIME, nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("covered_us", sa.BigInteger(), nullable=False),
        sa.Column("output", sa.BigInteger(), nullable=True),
        sa.Column("completeness", sa.Double(), nullable=False),
        sa.Column("kgce", sa.Double(), nullable=True),
        sa.Column("factor", _JSON, nullable=True),
        sa.Column("shares", _JSON, nullable=False),
        sa.Column("flags", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("formula_version", sa.Text(), nullable=False),
        sa.Column("provisional", sa.Boolean(), nullable=False),
        sa.Column("computed_at", _TIME, nullable=False),
        sa.CheckConstraint(
            "window_kind in ('hour', 'shift', 'day')", name=op.f("ck_energy_value_window_kind")
        ),
        _references("energy_value", "equipment_id", "app.meter.equipment_id"),
        sa.PrimaryKeyConstraint("equipment_id", "window_kind", "start", name=op.f("pk_energy_value")),
        schema="app",
        postgresql_with={"fillfactor": 70},  # rows of running windows are renewed in place every few seconds
    )


def downgrade() -> None:
    op.drop_column("work_progress", "energy_until", schema="app")
    tables = ("energy_value", "energy_factor", "line_output", "meter_replacement", "meter_machine", "meter")
    for table in tables:
        op.drop_table(table, schema="app")
