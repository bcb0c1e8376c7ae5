"""Identity providers, the roles that they give, and log-ins that wait for them."""

from collections.abc import Sequence

from alembic import op

revision: str = "0014_identity"
down_revision: str | None = "0013_windows"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.execute("""
        CREATE TABLE app.identity_provider (
            provider_id INTEGER GENERATED ALWAYS AS IDENTITY,
            code TEXT NOT NULL,
            name_zh TEXT NOT NULL,
            name_en TEXT NOT NULL,
            issuer TEXT NOT NULL,
            client_id TEXT NOT NULL,
            authentication TEXT NOT NULL,
            scopes TEXT[] NOT NULL,
            organisation_id INTEGER,
            claim TEXT NOT NULL,
            adds_accounts BOOLEAN NOT NULL,
            active BOOLEAN NOT NULL,
            changed_at TIMESTAMPTZ DEFAULT now() NOT NULL,
            CONSTRAINT pk_identity_provider PRIMARY KEY (provider_id),
            CONSTRAINT uq_identity_provider_code UNIQUE (code),
            CONSTRAINT uq_identity_provider_issuer UNIQUE (issuer),
            CONSTRAINT ck_identity_provider_code CHECK (code ~ '^[a-z0-9][a-z0-9-]{0,39}$'),
            CONSTRAINT ck_identity_provider_authentication
                CHECK (authentication IN ('client_secret_basic', 'client_secret_post', 'none')),
            CONSTRAINT fk_identity_provider_organisation_id FOREIGN KEY (organisation_id)
                REFERENCES app.organisation (organisation_id)
        )
    """)
    op.execute("""
        CREATE TABLE app.identity_grant (
            grant_id INTEGER GENERATED ALWAYS AS IDENTITY,
            provider_id INTEGER NOT NULL,
            value TEXT NOT NULL,
            role TEXT NOT NULL,
            organisation_id INTEGER,
            CONSTRAINT pk_identity_grant PRIMARY KEY (grant_id),
            CONSTRAINT uq_identity_grant_provider_id_value_role_organisation_id
                UNIQUE NULLS NOT DISTINCT (provider_id, value, role, organisation_id),
            CONSTRAINT ck_identity_grant_place CHECK ((role = 'platform_admin') = (organisation_id IS NULL)),
            CONSTRAINT fk_identity_grant_provider_id FOREIGN KEY (provider_id)
                REFERENCES app.identity_provider (provider_id),
            CONSTRAINT fk_identity_grant_organisation_id FOREIGN KEY (organisation_id)
                REFERENCES app.organisation (organisation_id)
        )
    """)
    op.execute("""
        CREATE TABLE app.log_in_attempt (
            attempt_hash BYTEA NOT NULL,
            provider_id INTEGER NOT NULL,
            next_page TEXT NOT NULL,
            redirect_uri TEXT NOT NULL,
            address TEXT NOT NULL,
            expires_at TIMESTAMPTZ NOT NULL,
            CONSTRAINT pk_log_in_attempt PRIMARY KEY (attempt_hash),
            CONSTRAINT fk_log_in_attempt_provider_id FOREIGN KEY (provider_id)
                REFERENCES app.identity_provider (provider_id)
        )
    """)
    op.execute("CREATE INDEX ix_log_in_attempt_address ON app.log_in_attempt (address)")
    op.execute("""
        ALTER TABLE app.log_in_session
            ADD COLUMN provider_id INTEGER,
            ADD COLUMN id_token TEXT,
            ADD CONSTRAINT fk_log_in_session_provider_id FOREIGN KEY (provider_id)
                REFERENCES app.identity_provider (provider_id)
    """)


def downgrade() -> None:
    op.execute("ALTER TABLE app.log_in_session DROP COLUMN provider_id, DROP COLUMN id_token")
    op.execute("DROP TABLE app.log_in_attempt")
    op.execute("DROP TABLE app.identity_grant")
    op.execute("DROP TABLE app.identity_provider")
