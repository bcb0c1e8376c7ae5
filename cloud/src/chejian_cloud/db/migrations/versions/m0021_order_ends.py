"""Orders are found by their ends: a plant asks for those of some days, and has years of them."""

from collections.abc import Sequence

from alembic import op

revision: str = "0021_order_ends"
down_revision: str | None = "0020_month_sums"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.execute(
        "CREATE INDEX ix_production_order_end ON app.production_order (greatest(planned_end, ended_at))"
    )


def downgrade() -> None:
    op.execute("DROP INDEX app.ix_production_order_end")
