"""Passwords: what is allowed, and Argon2id with the second recommendation of RFC 9106 (64 MiB, 3 passes, 4 lanes)."""

import threading
from functools import cache
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from argon2.profiles import RFC_9106_LOW_MEMORY

from chejian_cloud.errors import InvalidValueError

SHORTEST: Final = 10
LONGEST: Final = 128
"""Characters. Long enough for sentences, short enough that hashing one is no attack."""
_FEWEST_DIFFERENT: Final = 5
_ALLOWED: Final = f"{SHORTEST} to {LONGEST} characters, {_FEWEST_DIFFERENT} different ones at least, without the account's name"
_AT_ONCE: Final = 2
"""Hashes that are computed at the same time; each takes 64 MiB, and others wait."""

_HASHER = PasswordHasher.from_parameters(RFC_9106_LOW_MEMORY)
_GATE = threading.BoundedSemaphore(_AT_ONCE)


def check_allowed(account: str, password: str) -> None:
    """Refuse passwords that are guessed at once.

    Raises:
        InvalidValueError: says what is allowed; the password itself is not in it.
    """
    fits = SHORTEST <= len(password) <= LONGEST and len(set(password)) >= _FEWEST_DIFFERENT
    if not fits or account.lower() in password.lower():
        raise InvalidValueError("password", "(hidden)", _ALLOWED)


def hash_password(password: str) -> str:
    """Argon2id hash with its parameters and a salt of its own."""
    with _GATE:
        return _HASHER.hash(password)


def is_right(stored: str | None, password: str) -> bool:
    """Whether a password fits a stored hash; without one it takes as long and says no."""
    if len(password) > LONGEST:
        return False
    with _GATE:
        try:
            return _HASHER.verify(stored or _of_nobody(), password) and stored is not None
        except (VerificationError, InvalidHashError):
            return False


def is_outdated(stored: str) -> bool:
    """Whether a hash was made with other parameters than today's."""
    return _HASHER.check_needs_rehash(stored)


@cache
def _of_nobody() -> str:
    return _HASHER.hash("nobody has this password")
