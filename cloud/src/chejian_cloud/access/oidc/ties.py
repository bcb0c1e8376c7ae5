"""Which account a subject of a provider is: tied by an administrator, where no grant makes accounts by itself."""

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from chejian_cloud.access import accounts, log_in
from chejian_cloud.access.caller import Caller
from chejian_cloud.access.oidc import providers
from chejian_cloud.access.permissions import Permission, Role
from chejian_cloud.db.access import Account, IdentityProvider, Membership, Organisation
from chejian_cloud.errors import InvalidValueError, NotFoundError


def tie(session: Session, caller: Caller, account_id: int, code: str, subject: str) -> None:
    """Let a provider vouch for an account from now on; its password and its sessions end.

    Raises:
        NotFoundError: no such account or provider in what the caller administers.
        ForbiddenError: the account has roles elsewhere as well.
        InvalidValueError: the account is a service or has roles that the provider can't vouch for, the subject is somebody
            else already, or the platform would lose its last administrator with a password.
    """
    person = accounts.find(session, caller, account_id)
    account = person.account
    if account.kind != "person":
        raise InvalidValueError("account_id", account_id, "an account of a person; services use tokens")
    provider = _owned(session, caller, code)
    if not all(providers.covers(session, provider.organisation_id, post) for post in person.posts):
        raise InvalidValueError("provider", code, "one whose organisation holds all roles of the account")
    known = session.scalar(select(Account.account_id).filter_by(issuer=provider.issuer, subject=subject))
    if known not in (None, account_id):
        raise InvalidValueError("subject", subject, "one that no other account is tied to")
    account.issuer, account.subject, account.password_hash = provider.issuer, subject, None
    log_in.end_everything(session, account_id)
    session.flush()
    if any(post.role is Role.PLATFORM_ADMIN for post in person.posts):
        _keep_a_door(session, account_id)
    accounts.note(
        session, caller, "tie account to identity provider", account, provider=code, subject=subject
    )


def untie(session: Session, caller: Caller, account_id: int) -> None:
    """Let no provider vouch for an account any more; its sessions end, and it gets a password by a link.

    Raises:
        NotFoundError, ForbiddenError: as `tie`.
        InvalidValueError: it is tied to none.
    """
    account = accounts.find(session, caller, account_id).account
    if account.issuer is None:
        raise InvalidValueError("account_id", account_id, "an account that an identity provider vouches for")
    before = {"issuer": account.issuer, "subject": account.subject}
    account.issuer = account.subject = None
    log_in.end_everything(session, account_id)
    session.flush()
    accounts.note(session, caller, "untie account from identity provider", account, **before)


def _owned(session: Session, caller: Caller, code: str) -> IdentityProvider:
    """A provider of an enterprise whose accounts the caller administers, or any for the platform's administrator."""
    provider = providers.find(session, code)
    if caller.may(Permission.PLATFORM):
        return provider
    place = (
        session.get(Organisation, provider.organisation_id) if provider.organisation_id is not None else None
    )
    if (
        place is None
        or place.enterprise_id is None
        or not caller.reach(Permission.ACCOUNTS).holds(place.enterprise_id)
    ):
        raise NotFoundError("identity provider", "provider", code)
    return provider


def _keep_a_door(session: Session, account_id: int) -> None:
    left = session.scalar(
        select(func.count())
        .select_from(Membership)
        .join(Account, Account.account_id == Membership.account_id)
        .where(
            Membership.role == Role.PLATFORM_ADMIN.value,
            Account.active,
            Account.kind == "person",
            Account.password_hash.is_not(None),
        )
    )
    if not left:
        raise InvalidValueError(
            "account_id",
            account_id,
            "not the last platform administrator with a password: the emergency door",
        )
