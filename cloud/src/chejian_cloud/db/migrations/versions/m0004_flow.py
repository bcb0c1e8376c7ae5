"""Position of equipment in the flow of its line."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0004_flow"
down_revision: str | None = "0003_energy"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.add_column(
        "equipment",
        sa.Column("position", sa.SmallInteger(), nullable=False, server_default="0"),
        schema="app",
    )
