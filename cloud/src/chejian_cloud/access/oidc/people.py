"""From the claims of a provider to an account with roles, and to a session."""

import hashlib
import logging
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from sqlalchemy import delete, select, text
from sqlalchemy.orm import Session

from chejian_cloud.access import log_in
from chejian_cloud.access.accounts import Post
from chejian_cloud.access.log_in import Came, Visit
from chejian_cloud.access.oidc import providers
from chejian_cloud.access.permissions import Role
from chejian_cloud.db.access import Account, IdentityProvider, Membership
from chejian_cloud.db.journal import Line, write
from chejian_cloud.errors import IdentityError
from chejian_cloud.storable import is_storable

log = logging.getLogger(__name__)
LONGEST_VISIT: Final = 12 * 3600.0
"""[s] after which the provider is asked again: a shift. What it withdraws holds here so long at most."""
_LONGEST_NAME: Final = 64
_LONGEST_DISPLAY: Final = 100
_DIGEST: Final = 8


def values_of(claims: Mapping[str, Any], name: str) -> frozenset[str]:
    """Values of a claim: a text, or the texts of a list; `name` as it stands, else with dots that lead into objects."""
    found: Any = claims.get(name)
    if found is None and "." in name:
        found = claims
        for part in name.split("."):
            found = found.get(part) if isinstance(found, Mapping) else None
    if isinstance(found, str):
        return frozenset({found})
    return frozenset(v for v in found if isinstance(v, str)) if isinstance(found, list) else frozenset()


def enter(
    session: Session, provider: IdentityProvider, claims: Mapping[str, Any], id_token: str, visit: Visit
) -> str | IdentityError:
    """Log in whom the provider vouches for; answers the secret of a session, or why not: what was taken away stays so.

    Args:
        session: through the door.
        provider: that was asked.
        claims: of the ID token (and userinfo), checked.
        id_token: kept with the session for the provider's log-out.
        visit: the browser.
    """
    subject = claims["sub"]
    if not is_storable(subject):
        return IdentityError("refused", "ID token: sub holds what no row can")
    lock = text("SELECT pg_advisory_xact_lock(hashtext(:key))")
    session.execute(lock, {"key": f"{provider.issuer} {subject}"})
    grants = providers.grants_of(session, provider.provider_id)
    granted = _granted(session, provider, grants, values_of(claims, provider.claim))
    key = {"issuer": provider.issuer, "subject": subject}
    account = session.scalars(select(Account).filter_by(**key)).one_or_none()
    if account is None:
        if not granted or not provider.adds_accounts:
            return IdentityError("unknown", f"subject {subject!r} has no account and no role")
        account = _add(session, provider, claims)
    if not account.active:
        return IdentityError("inactive", f"account {account.name} is not active")
    if grants:
        _follow(session, provider, account, granted, visit)
    why = _why_not(session, provider, account)
    if why is not None:
        log_in.end_everything(session, account.account_id)
        return why
    account.display_name = _display_name(claims) or account.display_name
    session.flush()
    short = replace(visit, longest=min(visit.longest, LONGEST_VISIT))
    how = f"log in by {provider.code}"
    came = Came(provider.provider_id, id_token)
    return log_in.begin(session, account.account_id, account.name, short, how, came)


def _granted(
    session: Session, provider: IdentityProvider, grants: Sequence[tuple[str, Post]], values: Collection[str]
) -> frozenset[Post]:
    """Roles that values of the claim give; one that lies outside the provider's organisation by now gives none."""
    found = set()
    for value, post in grants:
        if value not in values or post in found:
            continue
        if providers.covers(session, provider.organisation_id, post):
            found.add(post)
        else:
            log.warning(
                "%s: the grant of %s in %s lies outside its organisation",
                provider.code,
                post.role,
                post.organisation_id,
            )
    return frozenset(found)


def _follow(
    session: Session, provider: IdentityProvider, account: Account, granted: Collection[Post], visit: Visit
) -> None:
    """Make the account's roles those of the provider, no others."""
    before = _posts(session, account)
    if before == granted:
        return
    session.execute(delete(Membership).filter_by(account_id=account.account_id))
    for post in sorted(granted, key=lambda p: (p.role, p.organisation_id or 0)):
        key = {
            "account_id": account.account_id,
            "role": post.role.value,
            "organisation_id": post.organisation_id,
        }
        session.add(Membership(**key))
    session.flush()
    target = {
        "account": account.name,
        "provider": provider.code,
        "before": sorted(f"{p.role} {p.organisation_id}" for p in before),
        "roles": sorted(f"{p.role} {p.organisation_id}" for p in granted),
    }
    write(
        session,
        Line(account.account_id, account.name, "set roles by identity provider", visit.address, target),
    )


def _why_not(session: Session, provider: IdentityProvider, account: Account) -> IdentityError | None:
    """Why an account can't come in by a provider: no role, or one that the provider can't vouch for."""
    posts = _posts(session, account)
    if not posts:
        return IdentityError("unknown", f"account {account.name} has no role")
    beyond = [post for post in posts if not providers.covers(session, provider.organisation_id, post)]
    if beyond:
        return IdentityError(
            "refused", f"account {account.name} has roles outside the provider's organisation"
        )
    return None


def _posts(session: Session, account: Account) -> frozenset[Post]:
    rows = session.scalars(select(Membership).filter_by(account_id=account.account_id))
    return frozenset(Post(Role(row.role), row.organisation_id) for row in rows)


def _add(session: Session, provider: IdentityProvider, claims: Mapping[str, Any]) -> Account:
    """A new account. Its name ends in the provider's code, so that nobody takes the name of somebody else's."""
    asked = next(
        (v for k in ("preferred_username", "upn", "email") if isinstance(v := claims.get(k), str) and v), ""
    )
    digest = hashlib.sha256(claims["sub"].encode()).hexdigest()[:_DIGEST]
    plain = "".join(c if c.isalnum() or c in "._-" else "-" for c in asked.lower())
    room = _LONGEST_NAME - len(provider.code) - _DIGEST - 2
    stem = plain[:room] or digest
    name = f"{stem}@{provider.code}"
    if session.scalar(select(Account.account_id).filter_by(name=name)) is not None:
        name = f"{stem}-{digest}@{provider.code}"
    account = log_in.add_account(session, name, _display_name(claims) or stem)
    account.issuer, account.subject = provider.issuer, claims["sub"]
    session.flush()
    return account


def _display_name(claims: Mapping[str, Any]) -> str:
    name = next((v for k in ("name", "preferred_username") if isinstance(v := claims.get(k), str)), "")
    return "".join(c for c in name if c.isprintable())[:_LONGEST_DISPLAY].strip()
