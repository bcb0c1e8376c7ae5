"""From a cookie or a token to a caller: one look at accounts, memberships and the organisation tree."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final

from sqlalchemy import Engine, RowMapping, text
from sqlalchemy.orm import Session

from chejian_cloud.access.caller import Caller
from chejian_cloud.access.permissions import ALL, GRANTS, NOTHING, Permission, Reach, Role
from chejian_cloud.access.secrets import hash_of
from chejian_cloud.db.engine import door

_SEEN_EVERY: Final = timedelta(minutes=1)
"""How exactly it is known when a session or token was used last: a write a minute, not one a request."""
_BY_SESSION = text("""
SELECT a.account_id, a.name, a.display_name, a.kind, s.seen_at < now() - :every AS unseen
  FROM app.log_in_session s JOIN app.account a USING (account_id)
 WHERE s.session_hash = :hash AND a.active AND s.expires_at > now() AND s.seen_at > now() - :idle
""")
_BY_TOKEN = text("""
SELECT a.account_id, a.name, a.display_name, a.kind, t.token_id, t.permissions,
       COALESCE(t.last_used_at < now() - :every, true) AS unseen
  FROM app.machine_token t JOIN app.account a USING (account_id)
 WHERE t.token_hash = :hash AND a.active AND t.expires_at > now() AND t.revoked_at IS NULL
""")
_HELD = text("""
WITH RECURSIVE below (role, organisation_id, enterprise_id, region) AS (
    SELECT m.role, o.organisation_id, o.enterprise_id, CASE WHEN o.enterprise_id IS NULL THEN o.code END
      FROM app.membership m JOIN app.organisation o USING (organisation_id) WHERE m.account_id = :account
    UNION
    SELECT b.role, o.organisation_id, o.enterprise_id, CASE WHEN o.enterprise_id IS NULL THEN o.code END
      FROM below b JOIN app.organisation o ON o.parent_id = b.organisation_id)
SELECT role, array_remove(array_agg(enterprise_id), NULL) AS enterprises, array_remove(array_agg(region), NULL) AS regions
  FROM below GROUP BY role
UNION ALL
SELECT role, NULL, NULL FROM app.membership WHERE account_id = :account AND organisation_id IS NULL
""")


def by_session(engine: Engine, secret: str, address: str, *, idle: float) -> Caller | None:
    """Whose browser this is; None when the session is unknown, ended, or was idle for `idle` seconds."""
    key = hash_of(secret)
    with door(engine) as session:
        values = {"hash": key, "every": _SEEN_EVERY, "idle": timedelta(seconds=idle)}
        row = session.execute(_BY_SESSION, values).mappings().one_or_none()
        if row is None:
            return None
        if row["unseen"]:
            session.execute(
                text("UPDATE app.log_in_session SET seen_at = now() WHERE session_hash = :hash"),
                {"hash": key},
            )
        return _caller(session, row, address, session_hash=key)


def by_token(engine: Engine, secret: str, address: str) -> Caller | None:
    """Whose token this is; None when it is unknown, revoked or out of date."""
    with door(engine) as session:
        values = {"hash": hash_of(secret), "every": _SEEN_EVERY}
        row = session.execute(_BY_TOKEN, values).mappings().one_or_none()
        if row is None:
            return None
        if row["unseen"]:
            session.execute(
                text("UPDATE app.machine_token SET last_used_at = now() WHERE token_id = :token"),
                {"token": row["token_id"]},
            )
        return _caller(session, row, address, token_id=row["token_id"], only=frozenset(row["permissions"]))


def _caller(
    session: Session, row: RowMapping, address: str, *, only: frozenset[str] | None = None, **shown: Any
) -> Caller:
    held = held_by(session, row["account_id"])
    if only is not None:
        held = {p: reach for p, reach in held.items() if p in only or p is Permission.SELF}
    return Caller(
        account_id=row["account_id"],
        name=row["name"],
        display_name=row["display_name"],
        person=row["kind"] == "person",
        address=address,
        held=held,
        **shown,
    )


def held_by(session: Session, account_id: int) -> Mapping[Permission, Reach]:
    """Permissions of an account with where they hold; every account has `SELF`."""
    held: dict[Permission, Reach] = {Permission.SELF: NOTHING}
    for role, enterprises, regions in session.execute(_HELD, {"account": account_id}).all():
        reach = ALL if enterprises is None else Reach(frozenset(enterprises), regions=frozenset(regions))
        for permission in GRANTS[Role(role)]:
            held[permission] = held.get(permission, NOTHING) | reach
    return held
