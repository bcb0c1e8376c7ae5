"""Machine tokens of service accounts."""

from collections.abc import Collection, Sequence
from datetime import timedelta
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from chejian_cloud.access import accounts
from chejian_cloud.access.caller import Caller
from chejian_cloud.access.permissions import TOKEN_PERMISSIONS, Permission
from chejian_cloud.access.secrets import TOKEN_PREFIX, new_secret
from chejian_cloud.db.access import Account, MachineToken
from chejian_cloud.errors import InvalidValueError, NotFoundError
from chejian_cloud.paging import Part

LONGEST_DAYS: Final = 400
"""A year and a month: tokens are renewed once a year."""


def make(
    session: Session,
    account: Account,
    label: str,
    permissions: Collection[Permission],
    *,
    days: int,
    made_by: str,
) -> tuple[MachineToken, str]:
    """A new token of a service account and its secret, which is shown this once.

    Raises:
        InvalidValueError: the account is a person, or a value is not allowed.
    """
    if account.kind != "service":
        raise InvalidValueError("account_id", account.account_id, "an account of a service")
    if not 1 <= days <= LONGEST_DAYS:
        raise InvalidValueError("days", days, f"1 to {LONGEST_DAYS}")
    if not permissions or not set(permissions) <= set(TOKEN_PERMISSIONS):
        raise InvalidValueError("permissions", sorted(permissions), f"some of {', '.join(TOKEN_PERMISSIONS)}")
    secret, key = new_secret(TOKEN_PREFIX)
    token = MachineToken(
        account_id=account.account_id,
        label=label,
        token_hash=key,
        permissions=sorted(permissions),
        created_by=made_by,
        expires_at=func.now() + timedelta(days=days),
    )
    session.add(token)
    session.flush()
    session.refresh(token)
    return token, secret


def of_account(session: Session, caller: Caller, account_id: int, part: Part) -> Sequence[MachineToken]:
    """Tokens of an account, newest first.

    Raises:
        NotFoundError, ForbiddenError: as `accounts.find`.
    """
    accounts.find(session, caller, account_id)
    statement = select(MachineToken).filter_by(account_id=account_id)
    return session.scalars(part.of(statement, MachineToken.token_id, descending=True)).all()


def revoke(session: Session, caller: Caller, token_id: int) -> MachineToken:
    """Revoke a token; it stays on record.

    Raises:
        NotFoundError, ForbiddenError: no such token in what the caller administers.
    """
    token = session.get(MachineToken, token_id)
    if token is None:
        raise NotFoundError("token", "token_id", token_id)
    try:
        accounts.find(session, caller, token.account_id)
    except NotFoundError:
        raise NotFoundError("token", "token_id", token_id) from None
    if token.revoked_at is None:
        token.revoked_at = func.now()
        session.flush()
    return token
