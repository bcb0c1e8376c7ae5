"""Reports that are made by a schedule and kept as files."""

from collections.abc import Sequence

from alembic import op

revision: str = "0017_reports"
down_revision: str | None = "0016_waveform_requests"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.execute("""
        CREATE TABLE app.report_schedule (
            report_schedule_id INTEGER GENERATED ALWAYS AS IDENTITY,
            enterprise_id INTEGER NOT NULL,
            workshop_id INTEGER NOT NULL,
            window_kind TEXT NOT NULL,
            format TEXT NOT NULL,
            language TEXT NOT NULL,
            delay_s INTEGER NOT NULL,
            keep_days INTEGER NOT NULL,
            active BOOLEAN NOT NULL,
            since timestamptz NOT NULL,
            changed_by TEXT NOT NULL,
            changed_at timestamptz NOT NULL,
            CONSTRAINT pk_report_schedule PRIMARY KEY (report_schedule_id),
            CONSTRAINT uq_report_schedule_workshop_id_window_kind_format_language
                UNIQUE (workshop_id, window_kind, format, language),
            CONSTRAINT fk_report_schedule_enterprise_id FOREIGN KEY (enterprise_id) REFERENCES app.enterprise (enterprise_id),
            CONSTRAINT fk_report_schedule_workshop_id FOREIGN KEY (workshop_id) REFERENCES app.workshop (workshop_id),
            CONSTRAINT ck_report_schedule_window_kind CHECK (window_kind IN ('shift', 'day', 'month')),
            CONSTRAINT ck_report_schedule_format CHECK (format IN ('pdf', 'xlsx')),
            CONSTRAINT ck_report_schedule_language CHECK (language IN ('zh', 'en')),
            CONSTRAINT ck_report_schedule_delay CHECK (delay_s BETWEEN 0 AND 86400),
            CONSTRAINT ck_report_schedule_keep CHECK (keep_days BETWEEN 1 AND 3660)
        );
        CREATE TABLE app.stored_report (
            stored_report_id INTEGER GENERATED ALWAYS AS IDENTITY,
            enterprise_id INTEGER NOT NULL,
            workshop_id INTEGER NOT NULL,
            window_kind TEXT NOT NULL,
            format TEXT NOT NULL,
            language TEXT NOT NULL,
            start timestamptz NOT NULL,
            "end" timestamptz NOT NULL,
            state TEXT NOT NULL,
            attempts INTEGER DEFAULT '0' NOT NULL,
            error TEXT DEFAULT '' NOT NULL,
            due_at timestamptz NOT NULL,
            made_at timestamptz,
            size INTEGER,
            sha256 TEXT,
            keep_until timestamptz NOT NULL,
            content bytea,
            CONSTRAINT pk_stored_report PRIMARY KEY (stored_report_id),
            CONSTRAINT uq_stored_report_workshop_id_window_kind_format_language_start
                UNIQUE (workshop_id, window_kind, format, language, start),
            CONSTRAINT fk_stored_report_enterprise_id FOREIGN KEY (enterprise_id) REFERENCES app.enterprise (enterprise_id),
            CONSTRAINT fk_stored_report_workshop_id FOREIGN KEY (workshop_id) REFERENCES app.workshop (workshop_id),
            CONSTRAINT ck_stored_report_state CHECK (state IN ('due', 'made', 'failed')),
            CONSTRAINT ck_stored_report_made CHECK ((state = 'made') = (content IS NOT NULL)),
            CONSTRAINT ck_stored_report_sealed
                CHECK (sha256 = encode(sha256(content), 'hex') AND size = length(content)),
            CONSTRAINT ck_stored_report_forward CHECK (start < "end")
        );
        CREATE INDEX ix_stored_report_due ON app.stored_report (state) WHERE state = 'due';
        CREATE INDEX ix_stored_report_end ON app.stored_report ("end", stored_report_id);
        CREATE FUNCTION app.stored_report_stays() RETURNS trigger LANGUAGE plpgsql SET search_path = '' AS $$
        BEGIN
            RAISE EXCEPTION 'report % is made and stays as it is', OLD.stored_report_id;
        END $$;
        CREATE TRIGGER made_stays BEFORE UPDATE ON app.stored_report
            FOR EACH ROW WHEN (OLD.state = 'made') EXECUTE FUNCTION app.stored_report_stays();
    """)


def downgrade() -> None:
    op.execute("DROP TABLE app.stored_report, app.report_schedule")
    op.execute("DROP FUNCTION app.stored_report_stays")
