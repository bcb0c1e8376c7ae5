"""Organisations, accounts, memberships, sessions, one-time links, machine tokens, and the audit journal."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0007_access"
down_revision: str | None = "0006_diagnosis"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_TIME = sa.DateTime(timezone=True)
_JSON = postgresql.JSONB(astext_type=sa.Text())
_PROVINCE = ("230000", "黑龙江省", "Heilongjiang")
_CITIES = (
    ("230100", "哈尔滨市", "Harbin"),
    ("230200", "齐齐哈尔市", "Qiqihar"),
    ("230300", "鸡西市", "Jixi"),
    ("230400", "鹤岗市", "Hegang"),
    ("230500", "双鸭山市", "Shuangyashan"),
    ("230600", "大庆市", "Daqing"),
    ("230700", "伊春市", "Yichun"),
    ("230800", "佳木斯市", "Jiamusi"),
    ("230900", "七台河市", "Qitaihe"),
    ("231000", "牡丹江市", "Mudanjiang"),
    ("231100", "黑河市", "Heihe"),
    ("231200", "绥化市", "Suihua"),
    ("232700", "大兴安岭地区", "Da Hinggan Ling"),
)
"""GB/T 2260-2007. Places that are not here are made, with their code as name, when a workshop names them."""

_HANG = """
CREATE FUNCTION app.hang_enterprise() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
BEGIN
    INSERT INTO app.organisation (kind, code, name_zh, name_en, enterprise_id)
    VALUES ('enterprise', NEW.code, NEW.name_zh, NEW.name_en, NEW.enterprise_id)
    ON CONFLICT (enterprise_id)
    DO UPDATE SET code = excluded.code, name_zh = excluded.name_zh, name_en = excluded.name_en;
    RETURN NULL;
END $$
"""
_PLACE = """
CREATE FUNCTION app.place_enterprise() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
DECLARE
    province_code text := left(NEW.city_code, 2) || '0000';
    province_id integer;
    city_id integer;
BEGIN
    IF NEW.city_code !~ '^[0-9]{6}$' OR NOT EXISTS (
        SELECT FROM app.organisation WHERE enterprise_id = NEW.enterprise_id AND parent_id IS NULL) THEN
        RETURN NULL;
    END IF;
    INSERT INTO app.organisation (kind, code, name_zh, name_en)
    VALUES ('province', province_code, province_code, province_code) ON CONFLICT (kind, code) DO NOTHING;
    SELECT organisation_id INTO province_id FROM app.organisation WHERE kind = 'province' AND code = province_code;
    INSERT INTO app.organisation (kind, code, name_zh, name_en, parent_id)
    VALUES ('city', NEW.city_code, NEW.city_code, NEW.city_code, province_id) ON CONFLICT (kind, code) DO NOTHING;
    SELECT organisation_id INTO city_id FROM app.organisation WHERE kind = 'city' AND code = NEW.city_code;
    UPDATE app.organisation SET parent_id = city_id WHERE enterprise_id = NEW.enterprise_id;
    RETURN NULL;
END $$
"""


def upgrade() -> None:
    _organisations()
    _accounts()
    _secrets()
    _journal()
    op.execute(_HANG)
    op.execute(_PLACE)
    op.execute(
        "CREATE TRIGGER hang_enterprise AFTER INSERT OR UPDATE ON app.enterprise"
        " FOR EACH ROW EXECUTE FUNCTION app.hang_enterprise()"
    )
    op.execute(
        "CREATE TRIGGER place_enterprise AFTER INSERT OR UPDATE ON app.workshop"
        " FOR EACH ROW EXECUTE FUNCTION app.place_enterprise()"
    )
    op.execute("UPDATE app.enterprise SET code = code")  # runs the triggers over what is registered already
    op.execute("UPDATE app.workshop SET city_code = city_code")


def _organisations() -> None:
    table = op.create_table(
        "organisation",
        sa.Column("organisation_id", sa.Integer(), sa.Identity(always=True), nullable=False),
        sa.Column("parent_id", sa.Integer(), nullable=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name_zh", sa.Text(), nullable=False),
        sa.Column("name_en", sa.Text(), nullable=False),
        sa.Column("enterprise_id", sa.Integer(), nullable=True),
        sa.CheckConstraint("kind in ('province', 'city', 'enterprise')", name=op.f("ck_organisation_kind")),
        sa.CheckConstraint(
            "(kind = 'enterprise') = (enterprise_id IS NOT NULL)", name=op.f("ck_organisation_enterprise")
        ),
        sa.ForeignKeyConstraint(
            ["parent_id"], ["app.organisation.organisation_id"], name=op.f("fk_organisation_parent_id")
        ),
        sa.ForeignKeyConstraint(
            ["enterprise_id"], ["app.enterprise.enterprise_id"], name=op.f("fk_organisation_enterprise_id")
        ),
        sa.PrimaryKeyConstraint("organisation_id", name=op.f("pk_organisation")),
        sa.UniqueConstraint("kind", "code", name=op.f("uq_organisation_kind_code")),
        sa.UniqueConstraint("enterprise_id", name=op.f("uq_organisation_enterprise_id")),
        schema="app",
    )
    op.create_index(op.f("ix_organisation_parent_id"), "organisation", ["parent_id"], schema="app")
    names = ("code", "name_zh", "name_en")
    op.bulk_insert(table, [{"kind": "province", **dict(zip(names, _PROVINCE, strict=True))}])
    op.bulk_insert(table, [{"kind": "city", **dict(zip(names, city, strict=True))} for city in _CITIES])
    op.execute(
        "UPDATE app.organisation SET parent_id = (SELECT organisation_id FROM app.organisation WHERE kind = 'province')"
        " WHERE kind = 'city'"
    )


def _accounts() -> None:
    op.create_table(
        "account",
        sa.Column("account_id", sa.Integer(), sa.Identity(always=True), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("display_name", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("password_hash", sa.Text(), nullable=True),
        sa.Column("issuer", sa.Text(), nullable=True),
        sa.Column("subject", sa.Text(), nullable=True),
        sa.Column("active", sa.Boolean(), server_default="true", nullable=False),
        sa.Column("created_at", _TIME, server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("kind in ('person', 'service')", name=op.f("ck_account_kind")),
        sa.CheckConstraint("name = lower(name)", name=op.f("ck_account_name")),
        sa.CheckConstraint("(issuer IS NULL) = (subject IS NULL)", name=op.f("ck_account_subject")),
        sa.PrimaryKeyConstraint("account_id", name=op.f("pk_account")),
        sa.UniqueConstraint("name", name=op.f("uq_account_name")),
        sa.UniqueConstraint("issuer", "subject", name=op.f("uq_account_issuer_subject")),
        schema="app",
    )
    op.create_table(
        "membership",
        sa.Column("membership_id", sa.Integer(), sa.Identity(always=True), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("organisation_id", sa.Integer(), nullable=True),
        sa.CheckConstraint(
            "(role = 'platform_admin') = (organisation_id IS NULL)", name=op.f("ck_membership_place")
        ),
        sa.ForeignKeyConstraint(
            ["account_id"], ["app.account.account_id"], name=op.f("fk_membership_account_id")
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["app.organisation.organisation_id"],
            name=op.f("fk_membership_organisation_id"),
        ),
        sa.PrimaryKeyConstraint("membership_id", name=op.f("pk_membership")),
        sa.UniqueConstraint(
            "account_id",
            "role",
            "organisation_id",
            name=op.f("uq_membership_account_id_role_organisation_id"),
            postgresql_nulls_not_distinct=True,
        ),
        schema="app",
    )
    op.create_index(op.f("ix_membership_organisation_id"), "membership", ["organisation_id"], schema="app")


def _secrets() -> None:
    account = sa.ForeignKeyConstraint
    op.create_table(
        "log_in_session",
        sa.Column("session_hash", sa.LargeBinary(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("created_at", _TIME, server_default=sa.text("now()"), nullable=False),
        sa.Column("seen_at", _TIME, server_default=sa.text("now()"), nullable=False),
        sa.Column("expires_at", _TIME, nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        account(["account_id"], ["app.account.account_id"], name=op.f("fk_log_in_session_account_id")),
        sa.PrimaryKeyConstraint("session_hash", name=op.f("pk_log_in_session")),
        schema="app",
    )
    op.create_index(op.f("ix_log_in_session_account_id"), "log_in_session", ["account_id"], schema="app")
    op.create_table(
        "one_time_link",
        sa.Column("link_hash", sa.LargeBinary(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=True),
        sa.Column("expires_at", _TIME, nullable=False),
        sa.CheckConstraint(
            "purpose in ('set_up', 'password', 'log_in')", name=op.f("ck_one_time_link_purpose")
        ),
        sa.CheckConstraint(
            "(purpose = 'set_up') = (account_id IS NULL)", name=op.f("ck_one_time_link_account")
        ),
        account(["account_id"], ["app.account.account_id"], name=op.f("fk_one_time_link_account_id")),
        sa.PrimaryKeyConstraint("link_hash", name=op.f("pk_one_time_link")),
        schema="app",
    )
    op.create_table(
        "machine_token",
        sa.Column("token_id", sa.Integer(), sa.Identity(always=True), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("permissions", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("created_at", _TIME, server_default=sa.text("now()"), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("expires_at", _TIME, nullable=False),
        sa.Column("last_used_at", _TIME, nullable=True),
        sa.Column("revoked_at", _TIME, nullable=True),
        account(["account_id"], ["app.account.account_id"], name=op.f("fk_machine_token_account_id")),
        sa.PrimaryKeyConstraint("token_id", name=op.f("pk_machine_token")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_machine_token_token_hash")),
        schema="app",
    )
    op.create_index(op.f("ix_machine_token_account_id"), "machine_token", ["account_id"], schema="app")
    op.create_table(
        "log_in_failure",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("last_at", _TIME, nullable=False),
        sa.Column("until", _TIME, nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_log_in_failure")),
        schema="app",
    )


def _journal() -> None:
    op.create_table(
        "audit",
        sa.Column("audit_id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("at", _TIME, server_default=sa.text("now()"), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=True),
        sa.Column("account_name", sa.Text(), nullable=False),
        sa.Column("token_id", sa.Integer(), nullable=True),
        sa.Column("enterprise_id", sa.Integer(), nullable=True),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("target", _JSON, nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("audit_id", name=op.f("pk_audit")),
        schema="app",
    )
    op.create_index("ix_audit_enterprise", "audit", ["enterprise_id", sa.text("audit_id DESC")], schema="app")
    op.execute(
        "CREATE TRIGGER keep_audit BEFORE UPDATE OR DELETE OR TRUNCATE ON app.audit"
        " FOR EACH STATEMENT EXECUTE FUNCTION app.keep_journal()"
    )
