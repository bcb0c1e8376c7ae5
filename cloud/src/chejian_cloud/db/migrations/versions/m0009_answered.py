"""Answers of requests that carry an idempotency key."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0009_answered"
down_revision: str | None = "0008_boards"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "answered_request",
        sa.Column("key_hash", sa.LargeBinary(), nullable=False),
        sa.Column("request_hash", sa.LargeBinary(), nullable=False),
        sa.Column("answer", postgresql.JSONB(), nullable=True),
        sa.Column("answer_hash", sa.LargeBinary(), nullable=True),
        sa.Column("made_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("key_hash", name=op.f("pk_answered_request")),
        schema="app",
    )
    op.create_index("ix_answered_request_made_at", "answered_request", ["made_at"], schema="app")


def downgrade() -> None:
    for function in ("claim_request(bytea, bytea)", "answer_request(bytea, jsonb, bytea)"):
        op.execute(f"DROP FUNCTION IF EXISTS app.{function}")
    op.drop_table("answered_request", schema="app")
