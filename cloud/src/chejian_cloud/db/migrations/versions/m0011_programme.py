"""What a province observed of its plan's targets, and the years that energy intensity is chained from."""

from collections.abc import Sequence

from alembic import op

revision: str = "0011_programme"
down_revision: str | None = "0010_assessment"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_TABLES = """
CREATE TABLE app.programme_observation (
    plan TEXT NOT NULL,
    target TEXT NOT NULL,
    day DATE NOT NULL,
    region TEXT NOT NULL,
    value DOUBLE PRECISION NOT NULL,
    completeness DOUBLE PRECISION NOT NULL,
    source TEXT NOT NULL,
    note TEXT NOT NULL,
    changed_at timestamptz DEFAULT now() NOT NULL,
    changed_by TEXT NOT NULL,
    CONSTRAINT pk_programme_observation PRIMARY KEY (plan, target, day),
    CONSTRAINT ck_programme_observation_completeness CHECK (completeness BETWEEN 0 AND 1)
);
CREATE TABLE app.programme_energy (
    plan TEXT NOT NULL,
    year SMALLINT NOT NULL,
    region TEXT NOT NULL,
    energy DOUBLE PRECISION NOT NULL,
    growth DOUBLE PRECISION NOT NULL,
    basis TEXT NOT NULL,
    source TEXT NOT NULL,
    changed_at timestamptz DEFAULT now() NOT NULL,
    changed_by TEXT NOT NULL,
    CONSTRAINT pk_programme_energy PRIMARY KEY (plan, year),
    CONSTRAINT ck_programme_energy_energy CHECK (energy > 0),
    CONSTRAINT ck_programme_energy_growth CHECK (growth > -1),
    CONSTRAINT ck_programme_energy_basis CHECK (basis in ('equivalent', 'equal'))
);
"""


def upgrade() -> None:
    op.execute(_TABLES)


def downgrade() -> None:
    op.execute("DROP FUNCTION IF EXISTS app.programme_counted")
    op.drop_table("programme_energy", schema="app")
    op.drop_table("programme_observation", schema="app")
