"""Assessments of regions: values by year with source and confidence, and what was submitted of them."""

from collections.abc import Sequence

from alembic import op

revision: str = "0015_regions"
down_revision: str | None = "0014_identity"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_TABLES = """
CREATE TABLE app.region_assessment (
    region_assessment_id INTEGER GENERATED ALWAYS AS IDENTITY,
    region TEXT NOT NULL,
    year SMALLINT NOT NULL,
    standard_id TEXT NOT NULL,
    standard_version TEXT NOT NULL,
    standard_digest TEXT NOT NULL,
    normaliser TEXT NOT NULL,
    state TEXT DEFAULT 'draft' NOT NULL,
    revision INTEGER DEFAULT '1' NOT NULL,
    lock INTEGER DEFAULT '1' NOT NULL,
    created_at timestamptz DEFAULT now() NOT NULL,
    created_by TEXT NOT NULL,
    CONSTRAINT pk_region_assessment PRIMARY KEY (region_assessment_id),
    CONSTRAINT uq_region_assessment_region_year_standard_id UNIQUE (region, year, standard_id),
    CONSTRAINT uq_region_assessment_region_assessment_id_region UNIQUE (region_assessment_id, region),
    CONSTRAINT ck_region_assessment_state CHECK (state in ('draft', 'submitted')),
    CONSTRAINT ck_region_assessment_revision CHECK (revision >= 1),
    CONSTRAINT ck_region_assessment_year CHECK (year BETWEEN 1990 AND 2100)
);
CREATE TABLE app.region_value (
    region_assessment_id INTEGER NOT NULL,
    item TEXT NOT NULL,
    region TEXT NOT NULL,
    value TEXT NOT NULL,
    base TEXT,
    source TEXT NOT NULL,
    confidence TEXT NOT NULL,
    note TEXT NOT NULL,
    changed_at timestamptz DEFAULT now() NOT NULL,
    changed_by TEXT NOT NULL,
    CONSTRAINT pk_region_value PRIMARY KEY (region_assessment_id, item),
    CONSTRAINT fk_region_value_region_assessment_id FOREIGN KEY(region_assessment_id, region) REFERENCES app.region_assessment (region_assessment_id, region),
    CONSTRAINT ck_region_value_confidence CHECK (confidence in ('A', 'B', 'C', 'D')),
    CONSTRAINT ck_region_value_source CHECK (source <> '')
);
CREATE TABLE app.region_submission (
    region_assessment_id INTEGER NOT NULL,
    revision INTEGER NOT NULL,
    region TEXT NOT NULL,
    submitted_at timestamptz NOT NULL,
    submitted_by TEXT NOT NULL,
    content BYTEA NOT NULL,
    sha256 TEXT NOT NULL,
    total NUMERIC,
    answered NUMERIC NOT NULL,
    CONSTRAINT pk_region_submission PRIMARY KEY (region_assessment_id, revision),
    CONSTRAINT fk_region_submission_region_assessment_id FOREIGN KEY(region_assessment_id, region) REFERENCES app.region_assessment (region_assessment_id, region)
);
CREATE TABLE app.region_event (
    event_id INTEGER GENERATED ALWAYS AS IDENTITY,
    region_assessment_id INTEGER NOT NULL,
    revision INTEGER NOT NULL,
    region TEXT NOT NULL,
    kind TEXT NOT NULL,
    at timestamptz DEFAULT now() NOT NULL,
    user_name TEXT NOT NULL,
    comment TEXT NOT NULL,
    sha256 TEXT,
    CONSTRAINT pk_region_event PRIMARY KEY (event_id),
    CONSTRAINT fk_region_event_region_assessment_id FOREIGN KEY(region_assessment_id, region) REFERENCES app.region_assessment (region_assessment_id, region),
    CONSTRAINT ck_region_event_kind CHECK (kind in ('start', 'submit', 'reopen'))
);
CREATE INDEX ix_region_event_region_assessment_id ON app.region_event (region_assessment_id);
"""
_FROZEN = ("region_submission", "region_event")


def upgrade() -> None:
    op.execute(_TABLES)
    for table in _FROZEN:
        for name, when, each in (
            ("only_grows", "UPDATE OR DELETE", "ROW"),
            ("no_truncate", "TRUNCATE", "STATEMENT"),
        ):
            op.execute(
                f"CREATE TRIGGER {name} BEFORE {when} ON app.{table}"
                f" FOR EACH {each} EXECUTE FUNCTION app.assessment_only_grows()"
            )


def downgrade() -> None:
    op.execute("DROP FUNCTION IF EXISTS app.region_journalled")
    for table in (*_FROZEN, "region_value", "region_assessment"):
        op.drop_table(table, schema="app")
