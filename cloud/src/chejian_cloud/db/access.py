"""Schema `app`, access: organisations, accounts and what they may do, sessions, tokens, and the audit journal.

Secrets are kept as hashes only: Argon2id of passwords, SHA-256 of session ids, links and tokens (32 random bytes each). Those of
identity providers are files beside the API, never rows.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Identity,
    Index,
    LargeBinary,
    UniqueConstraint,
    func,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from chejian_cloud.db.app import Base


class Organisation(Base):
    """A node of the tree province > city > enterprise; `code` is GB/T 2260's, of an enterprise its own.

    Triggers hang every registered enterprise in the tree: at the top at first, below the city of its first workshop then.
    """

    __tablename__ = "organisation"
    __table_args__ = (
        UniqueConstraint("kind", "code"),
        CheckConstraint("kind in ('province', 'city', 'enterprise')", name="kind"),
        CheckConstraint("(kind = 'enterprise') = (enterprise_id IS NOT NULL)", name="enterprise"),
    )
    organisation_id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("app.organisation.organisation_id"), index=True)
    kind: Mapped[str]
    code: Mapped[str]
    name_zh: Mapped[str]
    name_en: Mapped[str]
    enterprise_id: Mapped[int | None] = mapped_column(ForeignKey("app.enterprise.enterprise_id"), unique=True)


class Account(Base):
    """Somebody ("person") or something ("service") that may log in; never deleted, since journals name it.

    `issuer` and `subject` are those of an OIDC provider; an account without `password_hash` has no password.
    """

    __tablename__ = "account"
    __table_args__ = (
        UniqueConstraint("issuer", "subject"),
        CheckConstraint("kind in ('person', 'service')", name="kind"),
        CheckConstraint("name = lower(name)", name="name"),
        CheckConstraint("(issuer IS NULL) = (subject IS NULL)", name="subject"),
    )
    account_id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    display_name: Mapped[str]
    kind: Mapped[str]
    password_hash: Mapped[str | None]
    issuer: Mapped[str | None]
    subject: Mapped[str | None]
    active: Mapped[bool] = mapped_column(server_default="true")
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class Membership(Base):
    """A role of an account in an organisation and all below it; without an organisation: on the whole platform."""

    __tablename__ = "membership"
    __table_args__ = (
        UniqueConstraint("account_id", "role", "organisation_id", postgresql_nulls_not_distinct=True),
        CheckConstraint("(role = 'platform_admin') = (organisation_id IS NULL)", name="place"),
    )
    membership_id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("app.account.account_id"))
    role: Mapped[str]
    organisation_id: Mapped[int | None] = mapped_column(
        ForeignKey("app.organisation.organisation_id"), index=True
    )


class LogInSession(Base):
    """A browser that is logged in; ends at `expires_at`, and earlier when it was not seen for a while."""

    __tablename__ = "log_in_session"
    session_hash: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("app.account.account_id"), index=True)
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    seen_at: Mapped[datetime] = mapped_column(server_default=func.now())
    expires_at: Mapped[datetime]
    address: Mapped[str]
    provider_id: Mapped[int | None] = mapped_column(ForeignKey("app.identity_provider.provider_id"))
    id_token: Mapped[str | None]


class IdentityProvider(Base):
    """An OIDC provider that vouches for people of an organisation (None: of the platform); never deleted, but made inactive."""

    __tablename__ = "identity_provider"
    __table_args__ = (
        CheckConstraint("code ~ '^[a-z0-9][a-z0-9-]{0,39}$'", name="code"),
        CheckConstraint(
            "authentication in ('client_secret_basic', 'client_secret_post', 'none')", name="authentication"
        ),
    )
    provider_id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    code: Mapped[str] = mapped_column(unique=True)
    name_zh: Mapped[str]
    name_en: Mapped[str]
    issuer: Mapped[str] = mapped_column(unique=True)
    client_id: Mapped[str]
    authentication: Mapped[str]
    scopes: Mapped[list[str]]
    organisation_id: Mapped[int | None] = mapped_column(ForeignKey("app.organisation.organisation_id"))
    claim: Mapped[str]
    adds_accounts: Mapped[bool]
    active: Mapped[bool]
    changed_at: Mapped[datetime] = mapped_column(server_default=func.now(), onupdate=func.now())


class IdentityGrant(Base):
    """A role that a value of a provider's claim gives; in the provider's organisation or below it."""

    __tablename__ = "identity_grant"
    __table_args__ = (
        UniqueConstraint(
            "provider_id", "value", "role", "organisation_id", postgresql_nulls_not_distinct=True
        ),
        CheckConstraint("(role = 'platform_admin') = (organisation_id IS NULL)", name="place"),
    )
    grant_id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    provider_id: Mapped[int] = mapped_column(ForeignKey("app.identity_provider.provider_id"))
    value: Mapped[str]
    role: Mapped[str]
    organisation_id: Mapped[int | None] = mapped_column(ForeignKey("app.organisation.organisation_id"))


class LogInAttempt(Base):
    """A browser that was sent to a provider and has not come back; found by the hash of its cookie, once."""

    __tablename__ = "log_in_attempt"
    attempt_hash: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    provider_id: Mapped[int] = mapped_column(ForeignKey("app.identity_provider.provider_id"))
    next_page: Mapped[str]
    redirect_uri: Mapped[str]
    address: Mapped[str] = mapped_column(index=True)
    expires_at: Mapped[datetime]


class OneTimeLink(Base):
    """A link that works once: sets up the first account, sets a password, or logs in."""

    __tablename__ = "one_time_link"
    __table_args__ = (
        CheckConstraint("purpose in ('set_up', 'password', 'log_in')", name="purpose"),
        CheckConstraint("(purpose = 'set_up') = (account_id IS NULL)", name="account"),
    )
    link_hash: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    purpose: Mapped[str]
    account_id: Mapped[int | None] = mapped_column(ForeignKey("app.account.account_id"))
    expires_at: Mapped[datetime]


class MachineToken(Base):
    """A token of a service account; `permissions` narrow what the account may."""

    __tablename__ = "machine_token"
    token_id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("app.account.account_id"), index=True)
    label: Mapped[str]
    token_hash: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    permissions: Mapped[list[str]]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    created_by: Mapped[str]
    expires_at: Mapped[datetime]
    last_used_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]


class LogInFailure(Base):
    """Wrong passwords in a row of an account or an address; nobody of that key is heard before `until`."""

    __tablename__ = "log_in_failure"
    key: Mapped[str] = mapped_column(primary_key=True)
    failures: Mapped[int]
    last_at: Mapped[datetime]
    until: Mapped[datetime]


class AnsweredRequest(Base):
    """What a request with an idempotency key was answered, for a day; found by digests only (`chejian_cloud.once`).

    `answer` is NULL while the request runs, and where the answer held a secret.
    """

    __tablename__ = "answered_request"
    key_hash: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    request_hash: Mapped[bytes] = mapped_column(LargeBinary)
    answer: Mapped[Any | None] = mapped_column(JSONB)
    answer_hash: Mapped[bytes | None] = mapped_column(LargeBinary)
    made_at: Mapped[datetime] = mapped_column(server_default=func.now(), index=True)


class Audit(Base):
    """A line of the audit journal, which only grows: who did what, to what, from where."""

    __tablename__ = "audit"
    audit_id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    at: Mapped[datetime] = mapped_column(server_default=func.now())
    account_id: Mapped[int | None]
    account_name: Mapped[str]
    token_id: Mapped[int | None]
    enterprise_id: Mapped[int | None]
    action: Mapped[str]
    target: Mapped[dict[str, Any]]
    address: Mapped[str]


Index("ix_audit_enterprise", Audit.enterprise_id, Audit.audit_id.desc())
