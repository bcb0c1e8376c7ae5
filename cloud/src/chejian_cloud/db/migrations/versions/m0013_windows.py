"""Windows that are kept beyond raw retention; what turns near a bearing."""

from collections.abc import Sequence

from alembic import op

revision: str = "0013_windows"
down_revision: str | None = "0012_counting"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.execute("ALTER TABLE app.bearing ADD COLUMN neighbours jsonb DEFAULT '{}' NOT NULL")
    op.execute("""
        CREATE TABLE app.kept_window (
            series_id INTEGER NOT NULL,
            time timestamptz NOT NULL,
            equipment_id INTEGER NOT NULL,
            sample_rate double precision NOT NULL,
            data bytea NOT NULL,
            CONSTRAINT pk_kept_window PRIMARY KEY (series_id, time),
            CONSTRAINT fk_kept_window_equipment_id FOREIGN KEY (equipment_id) REFERENCES app.equipment (equipment_id)
        )
    """)


def downgrade() -> None:
    op.execute("DROP TABLE app.kept_window")
    op.execute("ALTER TABLE app.bearing DROP COLUMN neighbours")
