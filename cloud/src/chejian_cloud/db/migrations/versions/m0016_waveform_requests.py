"""Waveforms that engineers ask for, and what of them the gateway may see."""

from collections.abc import Sequence

from alembic import op

revision: str = "0016_waveform_requests"
down_revision: str | None = "0015_regions"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.execute("""
        CREATE TABLE app.waveform_request (
            request_id bigint GENERATED ALWAYS AS IDENTITY,
            equipment_id INTEGER NOT NULL,
            device_id INTEGER NOT NULL,
            asked_at timestamptz DEFAULT now() NOT NULL,
            expires_at timestamptz NOT NULL,
            comment text NOT NULL,
            user_name text NOT NULL,
            CONSTRAINT pk_waveform_request PRIMARY KEY (request_id),
            CONSTRAINT fk_waveform_request_equipment_id FOREIGN KEY (equipment_id)
                REFERENCES app.equipment (equipment_id),
            CONSTRAINT ck_waveform_request_expires CHECK (expires_at > asked_at)
        )
    """)
    op.execute(
        "CREATE INDEX ix_waveform_request_newest ON app.waveform_request (equipment_id, request_id DESC)"
    )
    op.execute("CREATE INDEX ix_waveform_request_expires_at ON app.waveform_request (expires_at)")
    op.execute("""
        CREATE VIEW app.wanted_waveform AS
        SELECT request_id, device_id FROM app.waveform_request WHERE expires_at > now()
    """)


def downgrade() -> None:
    op.execute("DROP VIEW app.wanted_waveform")
    op.execute("DROP TABLE app.waveform_request")
