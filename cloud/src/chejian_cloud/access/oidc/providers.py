"""Identity providers as they are stored, and how far each one's word reaches."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sqlalchemy import delete, func, select, text
from sqlalchemy.orm import Session

from chejian_cloud.access.accounts import Post
from chejian_cloud.access.oidc.spec import Grant, ProviderSpec, is_address
from chejian_cloud.access.permissions import PLACE, Role
from chejian_cloud.db.access import (
    Account,
    IdentityGrant,
    IdentityProvider,
    LogInAttempt,
    LogInSession,
    Organisation,
)
from chejian_cloud.db.journal import Line, write
from chejian_cloud.errors import ConflictError, IdentityError, InvalidValueError, NotFoundError

log = logging.getLogger(__name__)
AUTHORITIES: Final = "authorities.pem"
"""File of the folder of secrets: authorities that are trusted when providers are asked."""
_LONGEST_SECRET: Final = 4096
_COVERS: Final = text("""
WITH RECURSIVE below AS (
    SELECT o.organisation_id FROM app.organisation o WHERE o.organisation_id = :top
    UNION
    SELECT o.organisation_id FROM app.organisation o JOIN below b ON o.parent_id = b.organisation_id)
SELECT EXISTS (SELECT FROM below WHERE organisation_id = :asked)
""")


@dataclass(frozen=True, slots=True)
class Signer:
    """Who changes a provider, for the journal."""

    account_id: int | None
    name: str
    address: str = ""
    token_id: int | None = None


def covers(session: Session, organisation_id: int | None, post: Post) -> bool:
    """Whether a provider of an organisation (None: of the platform) may vouch for a role: in the organisation or below it."""
    if organisation_id is None:
        return True
    if post.organisation_id is None:
        return False
    return bool(session.scalar(_COVERS, {"top": organisation_id, "asked": post.organisation_id}))


def find(session: Session, code: str) -> IdentityProvider:
    """A provider by its code.

    Raises:
        NotFoundError: there is none.
    """
    row = session.scalars(select(IdentityProvider).filter_by(code=code)).one_or_none()
    if row is None:
        raise NotFoundError("identity provider", "provider", code)
    return row


def offered(session: Session) -> Sequence[IdentityProvider]:
    """Providers that the log-in page offers, by code."""
    return session.scalars(
        select(IdentityProvider).filter_by(active=True).order_by(IdentityProvider.code)
    ).all()


def everything(session: Session) -> list[ProviderSpec]:
    """All providers, by code."""
    return [
        spec_of(session, row)
        for row in session.scalars(select(IdentityProvider).order_by(IdentityProvider.code))
    ]


def grants_of(session: Session, provider_id: int) -> Sequence[tuple[str, Post]]:
    """Values of the provider's claim with the role that each gives."""
    rows = session.scalars(
        select(IdentityGrant).filter_by(provider_id=provider_id).order_by(IdentityGrant.grant_id)
    )
    return [(row.value, Post(Role(row.role), row.organisation_id)) for row in rows]


def spec_of(session: Session, row: IdentityProvider) -> ProviderSpec:
    """A stored provider as it was registered."""
    places = {
        o.organisation_id: o
        for o in session.scalars(
            select(Organisation).where(
                Organisation.organisation_id.in_(
                    select(IdentityGrant.organisation_id).filter_by(provider_id=row.provider_id)
                )
                | (Organisation.organisation_id == row.organisation_id)
            )
        )
    }
    grants = tuple(
        Grant(
            value=value,
            role=post.role,
            organisation=places[post.organisation_id].code if post.organisation_id else None,
        )
        for value, post in grants_of(session, row.provider_id)
    )
    place = places[row.organisation_id] if row.organisation_id else None
    return ProviderSpec(
        code=row.code,
        name_zh=row.name_zh,
        name_en=row.name_en,
        issuer=row.issuer,
        client_id=row.client_id,
        authentication=row.authentication,  # type: ignore[arg-type] # checked by the table
        scopes=tuple(row.scopes),
        level=place.kind if place else "platform",  # type: ignore[arg-type] # checked by the table
        organisation=place.code if place else None,
        claim=row.claim,
        grants=grants,
        adds_accounts=row.adds_accounts,
        active=row.active,
    )


def store(session: Session, spec: ProviderSpec, signer: Signer, *, over_http: bool) -> None:
    """Register a provider, or change it; whoever came in by it has to log in again, under what holds from now on.

    Raises:
        InvalidValueError: an organisation is unknown, a grant reaches beyond the provider's own, or the issuer is another
            provider's, or may not be asked.
        ConflictError: the issuer of a provider whose people have accounts changes.
    """
    if not is_address(spec.issuer, over_http=over_http):
        raise InvalidValueError("issuer", spec.issuer, "a URL https://...")
    session.execute(text("SELECT pg_advisory_xact_lock(hashtext('chejian identity providers'))"))
    top = (
        None
        if spec.organisation is None
        else _organisation(session, spec.level, spec.organisation, "organisation")
    )
    row = session.scalars(select(IdentityProvider).filter_by(code=spec.code)).one_or_none()
    other = session.scalar(select(IdentityProvider.code).filter_by(issuer=spec.issuer))
    if other not in (None, spec.code):
        raise InvalidValueError("issuer", spec.issuer, f"an issuer of its own; this one is that of {other}")
    if row is None:
        row = IdentityProvider(code=spec.code, issuer=spec.issuer)
        session.add(row)
    elif row.issuer != spec.issuer:
        if session.scalar(select(func.count()).select_from(Account).filter_by(issuer=row.issuer)):
            raise ConflictError(
                f"people of {row.issuer} have accounts; register {spec.issuer} under another code"
            )
        row.issuer = spec.issuer
    for key in ("name_zh", "name_en", "client_id", "authentication", "claim", "adds_accounts", "active"):
        setattr(row, key, getattr(spec, key))
    row.scopes = list(spec.scopes)
    row.organisation_id = top
    session.flush()
    _store_grants(session, row, spec)
    session.execute(delete(LogInSession).filter_by(provider_id=row.provider_id))
    session.execute(delete(LogInAttempt).filter_by(provider_id=row.provider_id))
    target = {
        "provider": spec.code,
        "issuer": spec.issuer,
        "organisation": spec.organisation,
        "active": spec.active,
        "adds_accounts": spec.adds_accounts,
        "claim": spec.claim,
        "grants": [f"{g.value} -> {g.role} {g.organisation or ''}".strip() for g in spec.grants],
    }
    line = Line(
        signer.account_id, signer.name, "set identity provider", signer.address, target, signer.token_id
    )
    write(session, line)


def _store_grants(session: Session, row: IdentityProvider, spec: ProviderSpec) -> None:
    session.execute(delete(IdentityGrant).filter_by(provider_id=row.provider_id))
    for number, grant in enumerate(spec.grants):
        kind = PLACE[grant.role]
        place = None
        if kind is not None and grant.organisation is not None:
            place = _organisation(session, kind, grant.organisation, f"grants[{number}].organisation")
        post = Post(grant.role, place)
        if not covers(session, row.organisation_id, post):
            raise InvalidValueError(
                f"grants[{number}]",
                f"{grant.role} {grant.organisation or ''}".strip(),
                f"a role in {spec.level} {spec.organisation} or below: a provider gives no role outside its own",
            )
        session.add(
            IdentityGrant(
                provider_id=row.provider_id, value=grant.value, role=post.role.value, organisation_id=place
            )
        )
    session.flush()


def _organisation(session: Session, kind: str, code: str, key: str) -> int:
    found = session.scalar(select(Organisation.organisation_id).filter_by(kind=kind, code=code))
    if found is None:
        raise InvalidValueError(key, code, f"code of an organisation of kind {kind}")
    return found


def secret_file(folder: Path | None, code: str) -> Path | None:
    """Where the client's secret of a provider lies."""
    return None if folder is None else folder / f"{code}.secret"


def secret_of(folder: Path | None, code: str) -> str:
    """The client's secret of a provider, read anew each time, so that it can be exchanged while the API runs.

    Raises:
        IdentityError: "setup": there is none.
    """
    file = secret_file(folder, code)
    if file is None:
        raise IdentityError("setup", "no folder of secrets is set (CHEJIAN_IDENTITY)")
    try:
        with file.open(encoding="utf-8") as lines:
            secret = lines.readline(_LONGEST_SECRET).strip()
    except (OSError, ValueError) as error:
        raise IdentityError("setup", f"{file}: {error}") from error
    if not secret:
        raise IdentityError("setup", f"{file}: the first line is empty")
    return secret
