"""Life-cycle files of equipment: name plates, fitted parts, maintenance orders."""

from collections.abc import Sequence

from alembic import op

revision: str = "0018_lifecycle"
down_revision: str | None = "0017_reports"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.execute("""
        CREATE TABLE app.name_plate (
            equipment_id INTEGER NOT NULL,
            manufacturer TEXT NOT NULL,
            model TEXT NOT NULL,
            serial_number TEXT NOT NULL,
            commissioned_on DATE,
            decommissioned_on DATE,
            remark TEXT NOT NULL,
            user_name TEXT NOT NULL,
            changed_at timestamptz NOT NULL,
            CONSTRAINT pk_name_plate PRIMARY KEY (equipment_id),
            CONSTRAINT fk_name_plate_equipment_id FOREIGN KEY (equipment_id) REFERENCES app.equipment (equipment_id),
            CONSTRAINT ck_name_plate_forward
                CHECK (decommissioned_on IS NULL OR coalesce(commissioned_on <= decommissioned_on, false))
        );
        CREATE TABLE app.maintenance_order (
            maintenance_order_id INTEGER GENERATED ALWAYS AS IDENTITY,
            equipment_id INTEGER NOT NULL,
            kind TEXT NOT NULL,
            title TEXT NOT NULL,
            description TEXT NOT NULL,
            state TEXT NOT NULL,
            found TEXT NOT NULL,
            diagnosis_id bigint,
            opened_at timestamptz NOT NULL,
            opened_by TEXT NOT NULL,
            started_at timestamptz,
            started_by TEXT,
            closed_at timestamptz,
            closed_by TEXT,
            changed_at timestamptz NOT NULL,
            changed_by TEXT NOT NULL,
            CONSTRAINT pk_maintenance_order PRIMARY KEY (maintenance_order_id),
            CONSTRAINT fk_maintenance_order_equipment_id FOREIGN KEY (equipment_id) REFERENCES app.equipment (equipment_id),
            CONSTRAINT fk_maintenance_order_diagnosis_id FOREIGN KEY (diagnosis_id) REFERENCES app.diagnosis (diagnosis_id),
            CONSTRAINT ck_maintenance_order_kind
                CHECK (kind IN ('corrective', 'preventive', 'inspection', 'improvement')),
            CONSTRAINT ck_maintenance_order_state CHECK (state IN ('opened', 'in_work', 'done', 'cancelled')),
            CONSTRAINT ck_maintenance_order_started CHECK (
                (started_at IS NULL) = (started_by IS NULL)
                AND CASE state WHEN 'opened' THEN started_at IS NULL WHEN 'cancelled' THEN true
                               ELSE started_at IS NOT NULL END),
            CONSTRAINT ck_maintenance_order_closed CHECK (
                (closed_at IS NULL) = (closed_by IS NULL) AND (closed_at IS NOT NULL) = (state IN ('done', 'cancelled'))),
            CONSTRAINT ck_maintenance_order_forward
                CHECK (opened_at <= started_at AND started_at <= closed_at AND opened_at <= closed_at)
        );
        CREATE INDEX ix_maintenance_order_newest ON app.maintenance_order (equipment_id, opened_at DESC);
        CREATE INDEX ix_maintenance_order_diagnosis_id ON app.maintenance_order (diagnosis_id);
        CREATE TABLE app.fitted_part (
            part_id INTEGER GENERATED ALWAYS AS IDENTITY,
            equipment_id INTEGER NOT NULL,
            code TEXT NOT NULL,
            name TEXT NOT NULL,
            serial_number TEXT NOT NULL,
            place TEXT NOT NULL,
            remark TEXT NOT NULL,
            fitted_at timestamptz NOT NULL,
            fitted_by TEXT NOT NULL,
            fitted_under INTEGER,
            removed_at timestamptz,
            removed_by TEXT,
            removed_under INTEGER,
            removal_remark TEXT NOT NULL,
            made_at timestamptz DEFAULT now() NOT NULL,
            withdrawn_at timestamptz,
            withdrawn_by TEXT,
            CONSTRAINT pk_fitted_part PRIMARY KEY (part_id),
            CONSTRAINT fk_fitted_part_equipment_id FOREIGN KEY (equipment_id) REFERENCES app.equipment (equipment_id),
            CONSTRAINT fk_fitted_part_fitted_under
                FOREIGN KEY (fitted_under) REFERENCES app.maintenance_order (maintenance_order_id),
            CONSTRAINT fk_fitted_part_removed_under
                FOREIGN KEY (removed_under) REFERENCES app.maintenance_order (maintenance_order_id),
            CONSTRAINT ck_fitted_part_removed CHECK (
                (removed_at IS NULL) = (removed_by IS NULL) AND (removed_at IS NOT NULL OR removed_under IS NULL)),
            CONSTRAINT ck_fitted_part_withdrawn CHECK ((withdrawn_at IS NULL) = (withdrawn_by IS NULL)),
            CONSTRAINT ck_fitted_part_forward CHECK (fitted_at <= removed_at)
        );
        CREATE INDEX ix_fitted_part_newest ON app.fitted_part (equipment_id, fitted_at DESC);
        CREATE INDEX ix_fitted_part_fitted_under ON app.fitted_part (fitted_under);
        CREATE INDEX ix_fitted_part_removed_under ON app.fitted_part (removed_under);
    """)


def downgrade() -> None:
    op.execute("DROP TABLE app.fitted_part, app.maintenance_order, app.name_plate")
