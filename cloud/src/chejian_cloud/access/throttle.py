"""Delay that grows with wrong passwords, by account and by address.

Each attempt is counted before its password is looked at, in one statement that also says whether it may go on, so that
attempts at the same moment don't slip through. Names that no account has are counted alike: an answer tells nothing.
"""

import hashlib
import ipaddress
from collections.abc import Sequence
from datetime import timedelta
from typing import Final, NamedTuple

from sqlalchemy import text
from sqlalchemy.orm import Session

LONGEST_DELAY: Final = timedelta(minutes=5)
"""Longer ones would let anybody lock an account out for long."""
FORGOTTEN_AFTER: Final = timedelta(hours=1)
"""Without an attempt, after which an account or address starts anew."""
FREE_BY_ACCOUNT: Final = 5
FREE_BY_ADDRESS: Final = 30
"""Attempts without delay; many people share the address of a plant."""

_COUNT = text("""
INSERT INTO app.log_in_failure AS f (key, failures, last_at, until) VALUES (:key, 1, now(), now())
ON CONFLICT (key) DO UPDATE
   SET failures = CASE WHEN f.last_at < now() - :forgotten THEN 1 ELSE f.failures + 1 END,
       last_at = now(),
       until = CASE WHEN f.last_at < now() - :forgotten OR f.failures < :free THEN now()
                    ELSE now() + least(interval '1 second' * (2 ^ least(f.failures - :free, 20)), :longest) END
 WHERE f.until <= now()
RETURNING failures
""")
_WAIT = text("SELECT extract(epoch FROM until - now())::float8 FROM app.log_in_failure WHERE key = :key")
_FORGET = text("DELETE FROM app.log_in_failure WHERE last_at < now() - :forgotten")


class Key(NamedTuple):
    """What attempts are counted by, and how many are free of delay."""

    name: str
    free: int


def keys_of(account: str, address: str) -> tuple[Key, Key]:
    """Keys of an attempt; names are hashed, since people type passwords into the wrong field."""
    digest = hashlib.sha256(account.strip().lower().encode()).hexdigest()
    return Key(f"account {digest}", FREE_BY_ACCOUNT), Key(f"address {_network(address)}", FREE_BY_ADDRESS)


def _network(address: str) -> str:
    """An address; of IPv6 the /64, which one subscriber has."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    if parsed.version == 4:  # noqa: PLR2004 - the protocol's name
        return str(parsed)
    return str(ipaddress.ip_network((parsed, 64), strict=False))


def attempt(session: Session, keys: Sequence[Key]) -> float:
    """Count an attempt; answers how long it has to wait [s], 0 when it may go on."""
    session.execute(_FORGET, {"forgotten": FORGOTTEN_AFTER})
    for key in sorted(keys):
        values = {
            "key": key.name,
            "free": key.free,
            "forgotten": FORGOTTEN_AFTER,
            "longest": LONGEST_DELAY,
        }
        if session.execute(_COUNT, values).one_or_none() is None:
            wait = session.scalar(_WAIT, {"key": key.name})
            return max(1.0, float(wait or 0))
    return 0.0


def succeeded(session: Session, keys: Sequence[Key]) -> None:
    """The password was right: the account starts anew, the address has one attempt less."""
    account, address = keys
    session.execute(text("DELETE FROM app.log_in_failure WHERE key = :key"), {"key": account.name})
    session.execute(
        text(
            "UPDATE app.log_in_failure SET failures = greatest(failures - 1, 0), until = now() WHERE key = :key"
        ),
        {"key": address.name},
    )
