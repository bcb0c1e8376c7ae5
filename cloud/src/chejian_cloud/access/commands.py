"""What `chejian-cloud admin`, `token` and `provider` do: access for whoever holds the database's address."""

import logging
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from typing import NamedTuple

from sqlalchemy import Engine, select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from chejian_cloud.access import log_in, tokens
from chejian_cloud.access.oidc import providers
from chejian_cloud.access.oidc.spec import ProviderSpec
from chejian_cloud.access.permissions import PLACE, Permission, Role
from chejian_cloud.access.secrets import readable_password
from chejian_cloud.db.access import Account, Membership, Organisation
from chejian_cloud.db.engine import door, make_engine
from chejian_cloud.db.journal import Line, write
from chejian_cloud.errors import InvalidValueError

_log = logging.getLogger(__name__)
_BY = "chejian-cloud"
"""Who made it, in the audit journal."""


class Access(NamedTuple):
    """How to log in.

    Attributes:
        name: of the account.
        password: new, random.
        path: of a page that logs in once, below the console's address.
    """

    name: str
    password: str
    path: str


@contextmanager
def _engine(dsn: str) -> Iterator[Engine]:
    engine = make_engine(dsn, application="chejian-cloud access")
    try:
        yield engine
    finally:
        engine.dispose()


def make_admin(dsn: str, name: str) -> Access:
    """Give a platform administrator, made where there is none of that name, a new password and a one-time link.

    Raises:
        InvalidValueError: the name is not allowed, or of a service.
    """
    password = readable_password()
    with _engine(dsn) as engine, door(engine) as session:
        account = _find_or_add(session, name, "person")
        account.active = True
        _ensure(session, account, Role.PLATFORM_ADMIN, None)
        log_in.set_password(session, account.account_id, account.name, password)
        link = log_in.make_link(session, log_in.LOG_IN, account.account_id)
        write(session, Line(account.account_id, account.name, f"new password by {_BY} admin", ""))
        return Access(account.name, password, log_in.path_of(link))


def first_run(dsn: str) -> str | None:
    """Path of the page where the first account is made; None when there is one, or the database can't tell yet."""
    try:
        with _engine(dsn) as engine:
            link = log_in.first_run_link(engine)
    except DBAPIError as error:
        _log.warning("no word of the first account: %s", str(error.orig).splitlines()[0])
        return None
    return link and log_in.path_of(link)


def make_token(
    dsn: str,
    name: str,
    role: Role,
    organisation: str | None,
    permissions: Collection[Permission],
    *,
    days: int,
) -> str:
    """A new token of a service account, which is made where there is none of that name; answers its secret.

    Args:
        dsn: PostgreSQL URL.
        name: of the account.
        role: that the account has from then on, beside those it had.
        organisation: code of a province, city or enterprise; None for `platform_admin`.
        permissions: what the token may; the role bounds it.
        days: [d] until it ends.

    Raises:
        InvalidValueError: a value is not allowed.
    """
    with _engine(dsn) as engine, door(engine) as session:
        place = _organisation(session, role, organisation)
        account = _find_or_add(session, name, "service")
        _ensure(session, account, role, place)
        token, secret = tokens.make(session, account, _BY, permissions, days=days, made_by=_BY)
        target = {"token_id": token.token_id, "permissions": sorted(permissions)}
        write(session, Line(account.account_id, account.name, f"new token by {_BY} token", "", target))
        return secret


def register_provider(dsn: str, spec: ProviderSpec, *, over_http: bool) -> None:
    """Register an identity provider, or change it.

    Raises:
        InvalidValueError, ConflictError: as `providers.store`.
    """
    with _engine(dsn) as engine, door(engine) as session:
        providers.store(session, spec, providers.Signer(None, _BY), over_http=over_http)


def _organisation(session: Session, role: Role, code: str | None) -> int | None:
    kind = PLACE[role]
    if kind is None:
        if code is not None:
            raise InvalidValueError("--organisation", code, f"nothing for the role {role}")
        return None
    found = session.scalar(select(Organisation.organisation_id).filter_by(kind=kind, code=code))
    if found is None:
        raise InvalidValueError("--organisation", code, f"code of an organisation of kind {kind}")
    return found


def _find_or_add(session: Session, name: str, kind: str) -> Account:
    account = session.scalars(select(Account).filter_by(name=name.strip().lower())).one_or_none()
    if account is None:
        return log_in.add_account(session, name, name, kind)
    if account.kind != kind:
        raise InvalidValueError("name", name, f"an account of a {kind}; this one is of a {account.kind}")
    return account


def _ensure(session: Session, account: Account, role: Role, organisation_id: int | None) -> None:
    key = {"account_id": account.account_id, "role": role.value, "organisation_id": organisation_id}
    if session.scalars(select(Membership).filter_by(**key)).one_or_none() is None:
        session.add(Membership(**key))
        session.flush()
