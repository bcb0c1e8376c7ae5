"""Assessments with evidence and submissions, the programme's entries, and facts that telemetry can't know."""

from collections.abc import Sequence

from alembic import op

revision: str = "0010_assessment"
down_revision: str | None = "0009_answered"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_TABLES = """
CREATE TABLE app.assessment (
    assessment_id INTEGER GENERATED ALWAYS AS IDENTITY,
    enterprise_id INTEGER NOT NULL,
    workshop_id INTEGER,
    standard_id TEXT NOT NULL,
    standard_version TEXT NOT NULL,
    standard_digest TEXT NOT NULL,
    industry TEXT NOT NULL,
    not_applicable TEXT[] NOT NULL,
    window_start timestamptz NOT NULL,
    window_end timestamptz NOT NULL,
    state TEXT DEFAULT 'draft' NOT NULL,
    revision INTEGER DEFAULT '1' NOT NULL,
    lock INTEGER DEFAULT '1' NOT NULL,
    due_on DATE,
    created_at timestamptz DEFAULT now() NOT NULL,
    created_by TEXT NOT NULL,
    CONSTRAINT pk_assessment PRIMARY KEY (assessment_id),
    CONSTRAINT uq_assessment_assessment_id_enterprise_id UNIQUE (assessment_id, enterprise_id),
    CONSTRAINT ck_assessment_state CHECK (state in ('draft', 'submitted', 'reviewed', 'returned', 'approved')),
    CONSTRAINT ck_assessment_window CHECK (window_start < window_end),
    CONSTRAINT ck_assessment_revision CHECK (revision >= 1),
    CONSTRAINT fk_assessment_enterprise_id FOREIGN KEY(enterprise_id) REFERENCES app.enterprise (enterprise_id),
    CONSTRAINT fk_assessment_workshop_id FOREIGN KEY(workshop_id) REFERENCES app.workshop (workshop_id)
);
CREATE INDEX ix_assessment_enterprise_id ON app.assessment (enterprise_id);
CREATE INDEX ix_assessment_workshop_id ON app.assessment (workshop_id);
CREATE TABLE app.assessment_answer (
    assessment_id INTEGER NOT NULL,
    item TEXT NOT NULL,
    enterprise_id INTEGER NOT NULL,
    given TEXT[] NOT NULL,
    basis TEXT NOT NULL,
    base TEXT,
    attachments JSONB NOT NULL,
    changed_at timestamptz DEFAULT now() NOT NULL,
    changed_by TEXT NOT NULL,
    CONSTRAINT pk_assessment_answer PRIMARY KEY (assessment_id, item),
    CONSTRAINT fk_assessment_answer_assessment_id FOREIGN KEY(assessment_id, enterprise_id) REFERENCES app.assessment (assessment_id, enterprise_id),
    CONSTRAINT ck_assessment_answer_basis CHECK (basis in ('measured', 'declared with attachment', 'declared')),
    CONSTRAINT fk_assessment_answer_enterprise_id FOREIGN KEY(enterprise_id) REFERENCES app.enterprise (enterprise_id)
);
CREATE INDEX ix_assessment_answer_enterprise_id ON app.assessment_answer (enterprise_id);
CREATE TABLE app.assessment_attachment (
    attachment_id INTEGER GENERATED ALWAYS AS IDENTITY,
    assessment_id INTEGER NOT NULL,
    enterprise_id INTEGER NOT NULL,
    name TEXT NOT NULL,
    media_type TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    content BYTEA NOT NULL,
    added_at timestamptz DEFAULT now() NOT NULL,
    added_by TEXT NOT NULL,
    CONSTRAINT pk_assessment_attachment PRIMARY KEY (attachment_id),
    CONSTRAINT fk_assessment_attachment_assessment_id FOREIGN KEY(assessment_id, enterprise_id) REFERENCES app.assessment (assessment_id, enterprise_id),
    CONSTRAINT uq_assessment_attachment_assessment_id_sha256_name UNIQUE (assessment_id, sha256, name),
    CONSTRAINT fk_assessment_attachment_enterprise_id FOREIGN KEY(enterprise_id) REFERENCES app.enterprise (enterprise_id)
);
CREATE INDEX ix_assessment_attachment_enterprise_id ON app.assessment_attachment (enterprise_id);
CREATE TABLE app.assessment_event (
    event_id INTEGER GENERATED ALWAYS AS IDENTITY,
    assessment_id INTEGER NOT NULL,
    revision INTEGER NOT NULL,
    enterprise_id INTEGER NOT NULL,
    kind TEXT NOT NULL,
    at timestamptz DEFAULT now() NOT NULL,
    user_name TEXT NOT NULL,
    comment TEXT NOT NULL,
    due_on DATE,
    sha256 TEXT,
    CONSTRAINT pk_assessment_event PRIMARY KEY (event_id),
    CONSTRAINT fk_assessment_event_assessment_id FOREIGN KEY(assessment_id, enterprise_id) REFERENCES app.assessment (assessment_id, enterprise_id),
    CONSTRAINT ck_assessment_event_kind CHECK (kind in ('start', 'submit', 'return', 'review', 'approve')),
    CONSTRAINT fk_assessment_event_enterprise_id FOREIGN KEY(enterprise_id) REFERENCES app.enterprise (enterprise_id)
);
CREATE INDEX ix_assessment_event_assessment_id ON app.assessment_event (assessment_id);
CREATE INDEX ix_assessment_event_enterprise_id ON app.assessment_event (enterprise_id);
CREATE TABLE app.assessment_evidence (
    assessment_id INTEGER NOT NULL,
    revision INTEGER NOT NULL,
    indicator TEXT NOT NULL,
    enterprise_id INTEGER NOT NULL,
    window_start timestamptz NOT NULL,
    window_end timestamptz NOT NULL,
    numerator BIGINT NOT NULL,
    denominator BIGINT NOT NULL,
    known BIGINT NOT NULL,
    expected BIGINT NOT NULL,
    unit TEXT NOT NULL,
    query TEXT NOT NULL,
    links JSONB NOT NULL,
    detail JSONB NOT NULL,
    measured_at timestamptz NOT NULL,
    CONSTRAINT pk_assessment_evidence PRIMARY KEY (assessment_id, revision, indicator),
    CONSTRAINT fk_assessment_evidence_assessment_id FOREIGN KEY(assessment_id, enterprise_id) REFERENCES app.assessment (assessment_id, enterprise_id),
    CONSTRAINT fk_assessment_evidence_enterprise_id FOREIGN KEY(enterprise_id) REFERENCES app.enterprise (enterprise_id)
);
CREATE INDEX ix_assessment_evidence_enterprise_id ON app.assessment_evidence (enterprise_id);
CREATE TABLE app.assessment_submission (
    assessment_id INTEGER NOT NULL,
    revision INTEGER NOT NULL,
    enterprise_id INTEGER NOT NULL,
    submitted_at timestamptz NOT NULL,
    submitted_by TEXT NOT NULL,
    content BYTEA NOT NULL,
    sha256 TEXT NOT NULL,
    total NUMERIC,
    level TEXT,
    level_number INTEGER,
    answered NUMERIC NOT NULL,
    measured NUMERIC NOT NULL,
    attached NUMERIC NOT NULL,
    declared NUMERIC NOT NULL,
    contradictions INTEGER NOT NULL,
    CONSTRAINT pk_assessment_submission PRIMARY KEY (assessment_id, revision),
    CONSTRAINT fk_assessment_submission_assessment_id FOREIGN KEY(assessment_id, enterprise_id) REFERENCES app.assessment (assessment_id, enterprise_id),
    CONSTRAINT fk_assessment_submission_enterprise_id FOREIGN KEY(enterprise_id) REFERENCES app.enterprise (enterprise_id)
);
CREATE INDEX ix_assessment_submission_enterprise_id ON app.assessment_submission (enterprise_id);
CREATE TABLE app.programme_entry (
    programme_entry_id INTEGER GENERATED ALWAYS AS IDENTITY,
    enterprise_id INTEGER NOT NULL,
    workshop_id INTEGER,
    line_id INTEGER,
    kind TEXT NOT NULL,
    code TEXT NOT NULL,
    name_zh TEXT NOT NULL,
    name_en TEXT NOT NULL,
    city_code TEXT NOT NULL,
    sector TEXT NOT NULL,
    industry TEXT NOT NULL,
    status TEXT NOT NULL,
    investment BIGINT DEFAULT '0' NOT NULL,
    counts_from DATE,
    changed_at timestamptz DEFAULT now() NOT NULL,
    changed_by TEXT NOT NULL,
    CONSTRAINT pk_programme_entry PRIMARY KEY (programme_entry_id),
    CONSTRAINT uq_programme_entry_enterprise_id_kind_code UNIQUE (enterprise_id, kind, code),
    CONSTRAINT uq_programme_entry_programme_entry_id_enterprise_id UNIQUE (programme_entry_id, enterprise_id),
    CONSTRAINT ck_programme_entry_kind CHECK (kind in ('enterprise', 'workshop', 'line')),
    CONSTRAINT ck_programme_entry_status CHECK (status in ('planned', 'building', 'running', 'recognised', 'withdrawn')),
    CONSTRAINT ck_programme_entry_industry CHECK (industry in ('discrete', 'process')),
    CONSTRAINT ck_programme_entry_city_code CHECK (city_code ~ '^[0-9]{6}$'),
    CONSTRAINT ck_programme_entry_investment CHECK (investment >= 0),
    CONSTRAINT fk_programme_entry_enterprise_id FOREIGN KEY(enterprise_id) REFERENCES app.enterprise (enterprise_id),
    CONSTRAINT fk_programme_entry_workshop_id FOREIGN KEY(workshop_id) REFERENCES app.workshop (workshop_id),
    CONSTRAINT fk_programme_entry_line_id FOREIGN KEY(line_id) REFERENCES app.line (line_id)
);
CREATE INDEX ix_programme_entry_line_id ON app.programme_entry (line_id);
CREATE INDEX ix_programme_entry_workshop_id ON app.programme_entry (workshop_id);
CREATE TABLE app.equipment_fact (
    equipment_id INTEGER NOT NULL,
    has_interface BOOLEAN NOT NULL,
    source TEXT NOT NULL,
    CONSTRAINT pk_equipment_fact PRIMARY KEY (equipment_id),
    CONSTRAINT fk_equipment_fact_equipment_id FOREIGN KEY(equipment_id) REFERENCES app.equipment (equipment_id)
);
CREATE TABLE app.key_process (
    key_process_id INTEGER GENERATED ALWAYS AS IDENTITY,
    enterprise_id INTEGER NOT NULL,
    workshop_id INTEGER NOT NULL,
    equipment_id INTEGER,
    code TEXT NOT NULL,
    name_zh TEXT NOT NULL,
    name_en TEXT NOT NULL,
    controlled BOOLEAN,
    CONSTRAINT pk_key_process PRIMARY KEY (key_process_id),
    CONSTRAINT uq_key_process_workshop_id_code UNIQUE (workshop_id, code),
    CONSTRAINT fk_key_process_enterprise_id FOREIGN KEY(enterprise_id) REFERENCES app.enterprise (enterprise_id),
    CONSTRAINT fk_key_process_workshop_id FOREIGN KEY(workshop_id) REFERENCES app.workshop (workshop_id),
    CONSTRAINT fk_key_process_equipment_id FOREIGN KEY(equipment_id) REFERENCES app.equipment (equipment_id)
);
CREATE INDEX ix_key_process_enterprise_id ON app.key_process (enterprise_id);
CREATE TABLE app.programme_milestone (
    programme_entry_id INTEGER NOT NULL,
    kind TEXT NOT NULL,
    enterprise_id INTEGER NOT NULL,
    due_on DATE,
    reached_on DATE,
    CONSTRAINT pk_programme_milestone PRIMARY KEY (programme_entry_id, kind),
    CONSTRAINT fk_programme_milestone_programme_entry_id FOREIGN KEY(programme_entry_id, enterprise_id) REFERENCES app.programme_entry (programme_entry_id, enterprise_id),
    CONSTRAINT ck_programme_milestone_kind CHECK (kind in ('registered', 'contract', 'equipment', 'connected', 'accepted', 'recognised', 'gbt23001_started', 'gbt23001_audited', 'gbt23001_certified')),
    CONSTRAINT ck_programme_milestone_dated CHECK (due_on IS NOT NULL OR reached_on IS NOT NULL),
    CONSTRAINT fk_programme_milestone_enterprise_id FOREIGN KEY(enterprise_id) REFERENCES app.enterprise (enterprise_id)
);
CREATE INDEX ix_programme_milestone_enterprise_id ON app.programme_milestone (enterprise_id);
CREATE TABLE app.metering_point (
    metering_point_id INTEGER GENERATED ALWAYS AS IDENTITY,
    enterprise_id INTEGER NOT NULL,
    workshop_id INTEGER NOT NULL,
    equipment_id INTEGER,
    meter_class TEXT NOT NULL,
    carrier TEXT NOT NULL,
    code TEXT NOT NULL,
    name_zh TEXT NOT NULL,
    name_en TEXT NOT NULL,
    fitted BOOLEAN,
    CONSTRAINT pk_metering_point PRIMARY KEY (metering_point_id),
    CONSTRAINT uq_metering_point_workshop_id_code UNIQUE (workshop_id, code),
    CONSTRAINT ck_metering_point_meter_class CHECK (meter_class in ('unit_entry', 'sub_unit', 'main_equipment')),
    CONSTRAINT ck_metering_point_fitted CHECK (equipment_id IS NULL OR fitted),
    CONSTRAINT fk_metering_point_enterprise_id FOREIGN KEY(enterprise_id) REFERENCES app.enterprise (enterprise_id),
    CONSTRAINT fk_metering_point_workshop_id FOREIGN KEY(workshop_id) REFERENCES app.workshop (workshop_id),
    CONSTRAINT fk_metering_point_equipment_id FOREIGN KEY(equipment_id) REFERENCES app.meter (equipment_id)
);
CREATE INDEX ix_metering_point_enterprise_id ON app.metering_point (enterprise_id);
"""
_FROZEN = ("assessment_attachment", "assessment_submission", "assessment_event")
_GROW = """
CREATE FUNCTION app.assessment_only_grows() RETURNS trigger LANGUAGE plpgsql SET search_path = '' AS $$
BEGIN
    RAISE EXCEPTION 'app.% only grows', TG_TABLE_NAME;
END $$;
CREATE FUNCTION app.assessment_evidence_frozen() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
BEGIN
    IF EXISTS (SELECT FROM app.assessment_submission s
                WHERE s.assessment_id = OLD.assessment_id AND s.revision = OLD.revision) THEN
        RAISE EXCEPTION 'evidence of a submission only grows';
    END IF;
    RETURN CASE WHEN TG_OP = 'DELETE' THEN OLD ELSE NEW END;
END $$;
CREATE TRIGGER frozen BEFORE UPDATE OR DELETE ON app.assessment_evidence
    FOR EACH ROW EXECUTE FUNCTION app.assessment_evidence_frozen();
"""


def upgrade() -> None:
    op.execute(_TABLES)
    op.execute(_GROW)
    for table in _FROZEN:
        op.execute(
            f"CREATE TRIGGER only_grows BEFORE UPDATE OR DELETE ON app.{table}"
            " FOR EACH ROW EXECUTE FUNCTION app.assessment_only_grows()"
        )
        op.execute(
            f"CREATE TRIGGER no_truncate BEFORE TRUNCATE ON app.{table}"
            " FOR EACH STATEMENT EXECUTE FUNCTION app.assessment_only_grows()"
        )


def downgrade() -> None:
    for function in ("assessment_journalled", "assessment_peers", "assessment_released", "two_digits"):
        op.execute(f"DROP FUNCTION IF EXISTS app.{function}")
    for table in (
        *("metering_point", "key_process", "equipment_fact", "programme_milestone", "programme_entry"),
        *(*_FROZEN, "assessment_evidence", "assessment_answer", "assessment"),
    ):
        op.drop_table(table, schema="app")
    op.execute("DROP FUNCTION app.assessment_evidence_frozen")
    op.execute("DROP FUNCTION app.assessment_only_grows")
