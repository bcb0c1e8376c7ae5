"""Administration of accounts: by an enterprise's administrator of its own people and machines, by the platform's of all."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from chejian_cloud.access import log_in
from chejian_cloud.access.caller import Caller
from chejian_cloud.access.permissions import PLACE, Permission, Reach, Role
from chejian_cloud.db.access import Account, IdentityGrant, IdentityProvider, Membership, Organisation
from chejian_cloud.db.journal import Line, write
from chejian_cloud.errors import ForbiddenError, InvalidValueError, NotFoundError
from chejian_cloud.paging import Part

MOST: Final = 1000
FIRST: Final = Part(MOST)
"""Accounts in one answer."""


@dataclass(frozen=True, slots=True)
class Post:
    """A role in an organisation; None: on the platform as a whole."""

    role: Role
    organisation_id: int | None


@dataclass(frozen=True, slots=True)
class Person:
    """An account with what it may do."""

    account: Account
    posts: Sequence[Post]


def organisations(session: Session, reach: Reach) -> Sequence[Organisation]:
    """Organisations that a caller may give roles in, and those above them; provinces first."""
    rows = session.scalars(select(Organisation).order_by(Organisation.kind.desc(), Organisation.code)).all()
    if reach.everything:
        return rows
    by_id = {row.organisation_id: row for row in rows}
    wanted: set[int] = set()
    for row in rows:
        if row.enterprise_id in reach.enterprises:
            above: Organisation | None = row
            while above is not None and above.organisation_id not in wanted:
                wanted.add(above.organisation_id)
                above = by_id.get(above.parent_id) if above.parent_id is not None else None
    return [row for row in rows if row.organisation_id in wanted]


def list_accounts(session: Session, reach: Reach, part: Part = FIRST) -> list[Person]:
    """Accounts with a role in what a caller administers, by name."""
    query = part.of(select(Account), Account.name)
    if not reach.everything:
        inside = (
            select(Membership.account_id)
            .join(Organisation, Organisation.organisation_id == Membership.organisation_id)
            .where(Organisation.enterprise_id.in_(reach.enterprises))
        )
        query = query.where(Account.account_id.in_(inside))
    found = session.scalars(query).all()
    posts = _posts(session, [a.account_id for a in found])
    return [Person(a, posts.get(a.account_id, [])) for a in found]


def find(session: Session, caller: Caller, account_id: int) -> Person:
    """An account that a caller administers.

    Raises:
        NotFoundError: there is none, or it has no role in what the caller administers.
        ForbiddenError: it has roles elsewhere as well, so that it is not the caller's alone.
    """
    account = session.get(Account, account_id)
    posts = _posts(session, [account_id]).get(account_id, [])
    reach = caller.reach(Permission.ACCOUNTS)
    owned = _enterprises(session, posts)
    if account is None or not (reach.everything or any(e is not None and reach.holds(e) for e in owned)):
        raise NotFoundError("account", "account_id", account_id)
    if not reach.everything and not all(e is not None and reach.holds(e) for e in owned):
        raise ForbiddenError(f"account {account.name} has roles elsewhere; ask the platform's administrator")
    return Person(account, posts)


def lock(session: Session, account_id: int) -> None:
    """Let edits of an account follow one another; one that does not exist is nobody's to wait for."""
    session.get(Account, account_id, with_for_update={"key_share": True})


def add(
    session: Session, caller: Caller, name: str, display_name: str, kind: str, posts: Collection[Post]
) -> tuple[Account, str | None]:
    """Add an account; answers it and, for a person, the secret of a link that sets the password.

    Raises:
        InvalidValueError: name, roles or organisations are not allowed.
        ForbiddenError: a role is not the caller's to give.
    """
    if not posts:
        raise InvalidValueError("roles", [], "one role at least")
    account = log_in.add_account(session, name, display_name, kind)
    _store(session, caller, account.account_id, posts)
    note(session, caller, "add account", account, roles=[f"{p.role} {p.organisation_id}" for p in posts])
    link = log_in.make_link(session, log_in.PASSWORD, account.account_id) if kind == "person" else None
    return account, link


def set_posts(session: Session, caller: Caller, account_id: int, posts: Collection[Post]) -> None:
    """Give an account these roles and no others.

    Raises:
        NotFoundError, ForbiddenError: as `find`, or a role is not the caller's to give, or all are an identity provider's.
        InvalidValueError: roles don't fit their organisations, or the platform would lose its last administrator.
    """
    account = find(session, caller, account_id).account
    if not posts:
        raise InvalidValueError("roles", [], "one role at least; or make the account inactive")
    if (giver := _giver(session, account)) is not None:
        raise ForbiddenError(
            f"roles of {account.name} are those that {giver} gives at each log-in; change its groups"
        )
    session.execute(delete(Membership).filter_by(account_id=account_id))
    _store(session, caller, account_id, posts)
    _keep_an_administrator(session)
    note(session, caller, "set roles", account, roles=[f"{p.role} {p.organisation_id}" for p in posts])


def change(
    session: Session, caller: Caller, account_id: int, *, display_name: str | None, active: bool | None
) -> Account:
    """Change name and state of an account; an inactive one is logged out everywhere.

    Raises:
        NotFoundError, ForbiddenError: as `find`.
        InvalidValueError: the platform would lose its last administrator.
    """
    account = find(session, caller, account_id).account
    if display_name is not None:
        account.display_name = display_name
    if active is not None:
        account.active = active
        if not active:
            log_in.end_everything(session, account_id)
    session.flush()
    _keep_an_administrator(session)
    note(session, caller, "change account", account, display_name=display_name, active=active)
    return account


def new_link(session: Session, caller: Caller, account_id: int) -> str:
    """Secret of a link by which a person sets a new password; the old one holds until then.

    Raises:
        NotFoundError, ForbiddenError: as `find`.
        InvalidValueError: the account is a service, or an identity provider vouches for it.
    """
    account = find(session, caller, account_id).account
    if account.kind != "person":
        raise InvalidValueError("account_id", account_id, "an account of a person; services use tokens")
    if account.issuer is not None:
        raise InvalidValueError(
            "account_id", account_id, "an account with a password; an identity provider vouches for this"
        )
    note(session, caller, "make password link", account)
    return log_in.make_link(session, log_in.PASSWORD, account_id)


def _store(session: Session, caller: Caller, account_id: int, posts: Collection[Post]) -> None:
    for post in sorted(set(posts), key=lambda p: (p.role, p.organisation_id or 0)):
        _check_post(session, caller, post)
        session.add(
            Membership(account_id=account_id, role=post.role.value, organisation_id=post.organisation_id)
        )
    session.flush()


def _check_post(session: Session, caller: Caller, post: Post) -> None:
    kind = PLACE[post.role]
    if kind is None:
        if post.organisation_id is not None:
            raise InvalidValueError("organisation_id", post.organisation_id, f"null for the role {post.role}")
    else:
        place = session.get(Organisation, post.organisation_id) if post.organisation_id is not None else None
        if place is None or place.kind != kind:
            raise InvalidValueError(
                "organisation_id",
                post.organisation_id,
                f"an organisation of kind {kind} for the role {post.role}",
            )
        if place.enterprise_id is not None and caller.reach(Permission.ACCOUNTS).holds(place.enterprise_id):
            return
    if not caller.may(Permission.PLATFORM):
        raise ForbiddenError(
            f"the role {post.role} in organisation {post.organisation_id} is not yours to give"
        )


def _giver(session: Session, account: Account) -> str | None:
    """Code of the identity provider whose grants the roles of an account are; None where they are given here."""
    return session.scalar(
        select(IdentityProvider.code)
        .join(IdentityGrant, IdentityGrant.provider_id == IdentityProvider.provider_id)
        .where(IdentityProvider.issuer == account.issuer)
        .limit(1)
    )


def _keep_an_administrator(session: Session) -> None:
    left = session.scalar(
        select(func.count())
        .select_from(Membership)
        .join(Account, Account.account_id == Membership.account_id)
        .where(Membership.role == Role.PLATFORM_ADMIN.value, Account.active, Account.kind == "person")
    )
    if not left:
        raise InvalidValueError(
            "roles", Role.PLATFORM_ADMIN.value, "one active platform administrator at least"
        )


def _posts(session: Session, account_ids: Collection[int]) -> dict[int, list[Post]]:
    out: dict[int, list[Post]] = {}
    rows = session.scalars(
        select(Membership)
        .where(Membership.account_id.in_(account_ids))
        .order_by(Membership.role, Membership.organisation_id)
    )
    for row in rows:
        out.setdefault(row.account_id, []).append(Post(Role(row.role), row.organisation_id))
    return out


def _enterprises(session: Session, posts: Collection[Post]) -> list[int | None]:
    """Enterprise of each role; None where it reaches further."""
    ids = [p.organisation_id for p in posts if p.organisation_id is not None]
    rows = session.execute(
        select(Organisation.organisation_id, Organisation.enterprise_id).where(
            Organisation.organisation_id.in_(ids)
        )
    )
    of = {row.organisation_id: row.enterprise_id for row in rows}
    return [of.get(p.organisation_id) if p.organisation_id is not None else None for p in posts]


def note(session: Session, caller: Caller, action: str, account: Account, **what: object) -> None:
    """Add a line of the audit journal about an account."""
    reach = caller.reach(Permission.ACCOUNTS)
    owner = next(iter(reach.enterprises)) if len(reach.enterprises) == 1 else None
    target = {"account": account.name, **{k: v for k, v in what.items() if v is not None}}
    write(
        session,
        Line(caller.account_id, caller.name, action, caller.address, target, caller.token_id, owner),
    )
