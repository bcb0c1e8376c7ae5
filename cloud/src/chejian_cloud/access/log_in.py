"""Log in by password or one-time link, log out, change the password, and the links themselves."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from sqlalchemy import Engine, delete, func, select, text, update
from sqlalchemy.orm import Session

from chejian_cloud.access import passwords, throttle
from chejian_cloud.access.permissions import Role
from chejian_cloud.access.secrets import hash_of, new_secret
from chejian_cloud.db.access import Account, LogInSession, Membership, OneTimeLink
from chejian_cloud.db.engine import door
from chejian_cloud.db.journal import Line, write
from chejian_cloud.errors import (
    InvalidValueError,
    NotFoundError,
    TooManyAttemptsError,
    WrongLogInError,
)

LINK_HOLDS: Final = timedelta(hours=24)
SET_UP: Final = "set_up"
PASSWORD: Final = "password"  # noqa: S105 - a purpose
LOG_IN: Final = "log_in"


@dataclass(frozen=True, slots=True)
class Visit:
    """A browser before or after log-in.

    Attributes:
        address: where it is.
        longest: [s] after which a session ends, whatever happens.
        old_session: secret that it showed, if any; it ends with the log-in.
    """

    address: str
    longest: float
    old_session: str | None = None


@dataclass(frozen=True, slots=True)
class Came:
    """Which identity provider a session came from.

    Attributes:
        provider_id: of the provider.
        id_token: that it gave; it tells the provider who logs out, and opens nothing.
    """

    provider_id: int
    id_token: str


def by_password(engine: Engine, name: str, password: str, visit: Visit) -> str:
    """Log in; answers the secret of a new session.

    Raises:
        TooManyAttemptsError: too many wrong passwords by this account or address.
        WrongLogInError: wrong name or password; it does not say which.
    """
    keys = throttle.keys_of(name, visit.address)
    with door(engine) as session:
        wait = throttle.attempt(session, keys)
    if wait:
        raise TooManyAttemptsError(wait)
    with door(engine) as session:
        account = session.scalars(
            select(Account).filter_by(name=name.strip().lower(), active=True)
        ).one_or_none()
        session.expunge_all()
    stored = account.password_hash if account is not None and account.kind == "person" else None
    if not passwords.is_right(stored, password) or account is None or stored is None:
        with door(engine) as session:
            who = account.account_id if account else None
            write(session, Line(who, account.name if account else "", "log in refused", visit.address))
        raise WrongLogInError
    with door(engine) as session:
        throttle.succeeded(session, keys)
        if passwords.is_outdated(stored):
            session.execute(
                update(Account)
                .filter_by(account_id=account.account_id)
                .values(password_hash=passwords.hash_password(password))
            )
        return begin(session, account.account_id, account.name, visit, "log in")


def begin(
    session: Session, account_id: int, name: str, visit: Visit, how: str, came: Came | None = None
) -> str:
    """Begin a session of an account in place of the one that the browser had; answers its secret."""
    if visit.old_session:
        session.execute(delete(LogInSession).filter_by(session_hash=hash_of(visit.old_session)))
    session.execute(delete(LogInSession).where(LogInSession.expires_at < func.now()))
    secret, key = new_secret()
    expires = func.now() + timedelta(seconds=visit.longest)
    session.add(
        LogInSession(
            session_hash=key,
            account_id=account_id,
            expires_at=expires,
            address=visit.address,
            provider_id=came and came.provider_id,
            id_token=came and came.id_token,
        )
    )
    write(session, Line(account_id, name, how, visit.address))
    return secret


def log_out(engine: Engine, session_hash: bytes) -> Came | None:
    """End a session; answers the provider that it came from."""
    with door(engine) as session:
        ended = session.execute(
            delete(LogInSession)
            .filter_by(session_hash=session_hash)
            .returning(
                LogInSession.account_id, LogInSession.address, LogInSession.provider_id, LogInSession.id_token
            )
        ).one_or_none()
        if ended is None:
            return None
        name = session.scalars(select(Account.name).filter_by(account_id=ended[0])).one()
        write(session, Line(ended[0], name, "log out", ended[1]))
        return Came(ended[2], ended[3]) if ended[2] is not None and ended[3] is not None else None


def change_password(engine: Engine, account_id: int, old: str, new: str, visit: Visit) -> str:
    """Change a password and end all sessions of the account; answers the secret of a new one.

    Raises:
        TooManyAttemptsError: too many wrong old passwords.
        WrongLogInError: the old password is wrong.
        InvalidValueError: the new one is not allowed.
    """
    with door(engine) as session:
        account = session.scalars(select(Account).filter_by(account_id=account_id)).one()
        session.expunge_all()
    keys = throttle.keys_of(account.name, visit.address)
    with door(engine) as session:
        wait = throttle.attempt(session, keys)
    if wait:
        raise TooManyAttemptsError(wait)
    if not passwords.is_right(account.password_hash, old):
        raise WrongLogInError
    with door(engine) as session:
        throttle.succeeded(session, keys)
        set_password(session, account.account_id, account.name, new)
        return begin(session, account.account_id, account.name, visit, "change password")


def set_password(session: Session, account_id: int, name: str, new: str) -> None:
    """Set a password and end all sessions and links of the account.

    Raises:
        InvalidValueError: it is not allowed.
    """
    passwords.check_allowed(name, new)
    session.execute(
        update(Account).filter_by(account_id=account_id).values(password_hash=passwords.hash_password(new))
    )
    end_everything(session, account_id)


def end_everything(session: Session, account_id: int) -> None:
    """End the sessions and links of an account."""
    session.execute(delete(LogInSession).filter_by(account_id=account_id))
    session.execute(delete(OneTimeLink).filter_by(account_id=account_id))


def make_link(session: Session, purpose: str, account_id: int | None = None) -> str:
    """A new one-time link; answers its secret. Older ones of the same purpose and account end."""
    session.execute(delete(OneTimeLink).filter_by(purpose=purpose, account_id=account_id))
    session.execute(delete(OneTimeLink).where(OneTimeLink.expires_at < func.now()))
    secret, key = new_secret()
    session.add(
        OneTimeLink(link_hash=key, purpose=purpose, account_id=account_id, expires_at=func.now() + LINK_HOLDS)
    )
    return secret


def path_of(link: str) -> str:
    """Path of the page of a link."""
    return f"/link?key={link}"


@dataclass(frozen=True, slots=True)
class LinkInfo:
    """What a link is for.

    Attributes:
        purpose: `SET_UP`, `PASSWORD` or `LOG_IN`.
        name: of its account, "" for the set-up.
        display_name: likewise.
    """

    purpose: str
    name: str
    display_name: str


def look_at_link(engine: Engine, link: str) -> LinkInfo:
    """What a link is for, without using it up.

    Raises:
        NotFoundError: it is unknown, was used, or is out of date.
    """
    with door(engine) as session:
        row = session.execute(
            select(OneTimeLink.purpose, Account.name, Account.display_name)
            .outerjoin(Account, Account.account_id == OneTimeLink.account_id)
            .where(OneTimeLink.link_hash == hash_of(link), OneTimeLink.expires_at > func.now())
        ).one_or_none()
    if row is None:
        raise NotFoundError("link", "key", "(hidden)")
    return LinkInfo(row[0], row[1] or "", row[2] or "")


def use_link(engine: Engine, link: str, visit: Visit, *, name: str = "", password: str = "") -> str:
    """Use a link up; answers the secret of a new session.

    Args:
        engine: of the database.
        link: its secret.
        visit: the browser.
        name: of the first account, for a set-up.
        password: new one, for a set-up or a password link.

    Raises:
        NotFoundError: the link is unknown, was used, or is out of date; or its account is not active.
        InvalidValueError: name or password are not allowed; the link stays.
    """
    with door(engine) as session:
        found = session.execute(
            delete(OneTimeLink)
            .where(OneTimeLink.link_hash == hash_of(link), OneTimeLink.expires_at > func.now())
            .returning(OneTimeLink.purpose, OneTimeLink.account_id)
        ).one_or_none()
        if found is None:
            raise NotFoundError("link", "key", "(hidden)")
        purpose, account_id = found
        account = _first_account(session, name) if purpose == SET_UP else _active(session, account_id)
        if purpose in {SET_UP, PASSWORD}:
            set_password(session, account.account_id, account.name, password)
        return begin(session, account.account_id, account.name, visit, f"log in by link ({purpose})")


def _active(session: Session, account_id: int | None) -> Account:
    account = session.scalars(select(Account).filter_by(account_id=account_id, active=True)).one_or_none()
    if account is None:
        raise NotFoundError("link", "key", "(hidden)")
    return account


def _first_account(session: Session, name: str) -> Account:
    if session.scalar(select(func.count()).select_from(Account)):
        raise NotFoundError("link", "key", "(hidden)")  # somebody was faster
    account = add_account(session, name, name)
    session.add(Membership(account_id=account.account_id, role=Role.PLATFORM_ADMIN.value))
    session.flush()
    return account


def add_account(session: Session, name: str, display_name: str, kind: str = "person") -> Account:
    """Add an account.

    Raises:
        InvalidValueError: the name is not allowed or taken.
    """
    plain = name.strip().lower()
    if not (0 < len(plain) <= 64) or not all(c.isalnum() or c in "._@-" for c in plain):  # noqa: PLR2004 - told below
        raise InvalidValueError("name", name, "1 to 64 letters, digits, '.', '_', '-' or '@'")
    if session.scalars(select(Account).filter_by(name=plain)).one_or_none() is not None:
        raise InvalidValueError("name", plain, "a name that no account has yet")
    account = Account(name=plain, display_name=display_name.strip() or plain, kind=kind)
    session.add(account)
    session.flush()
    return account


def first_run_link(engine: Engine) -> str | None:
    """Secret of a link that sets up the first account; None when there is an account."""
    with door(engine) as session:
        session.execute(text("SELECT pg_advisory_xact_lock(hashtext('chejian first run'))"))
        if session.scalar(select(func.count()).select_from(Account)):
            return None
        return make_link(session, SET_UP)
