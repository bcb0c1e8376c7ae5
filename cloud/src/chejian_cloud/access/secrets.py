"""Random secrets and their hashes; 32 random bytes need no slow hash, since nobody can try them all."""

import hashlib
import secrets
from typing import Final

TOKEN_PREFIX: Final = "chj_"  # noqa: S105 - tells people and scanners what they found
_BYTES: Final = 32
_LETTERS: Final = "abcdefghjkmnpqrstuvwxyz23456789"
"""Without letters that look alike."""


def new_secret(prefix: str = "") -> tuple[str, bytes]:
    """A secret and its hash; only the hash is stored."""
    secret = prefix + secrets.token_urlsafe(_BYTES)
    return secret, hash_of(secret)


def hash_of(secret: str) -> bytes:
    """SHA-256 of a secret, the key it is looked up by."""
    return hashlib.sha256(secret.encode()).digest()


def readable_password() -> str:
    """A password of 16 letters in groups of four, for typing: 79 bits."""
    groups = ("".join(secrets.choice(_LETTERS) for _ in range(4)) for _ in range(4))
    return "-".join(groups)
