"""Checks of an ID token (OpenID Connect Core 1.0, section 3.1.3.7), by joserfc and authlib."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import InvalidKeyIdError, JoseError
from joserfc.jwk import KeySet
from joserfc.jws import JWSRegistry

from chejian_cloud.errors import IdentityError

ALGORITHMS: Final = tuple(f"{kind}{bits}" for kind in ("RS", "PS", "ES") for bits in (256, 384, 512))
"""Signatures with a private key only: a token that says "none", or HS256 with the public key as secret, is refused."""
LEEWAY: Final = 60
"""[s] that clocks may differ."""
_LONGEST_SUBJECT: Final = 255
"""Characters, by the standard."""
_REGISTRY: Final = JWSRegistry(algorithms=ALGORITHMS, strict_check_header=False)


class UnknownKeyError(IdentityError):
    """The token names a key that is not known: the provider may have changed its keys."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """What a token has to fit.

    Attributes:
        issuer: that has to have issued it.
        client_id: that it has to be meant for.
        nonce: of this log-in.
        access_token: that came with it; its hash has to fit, where the token has one.
    """

    issuer: str
    client_id: str
    nonce: str
    access_token: str | None


def check(token: object, keys: KeySet, expected: Expected) -> Mapping[str, Any]:
    """Claims of an ID token that is genuine, fresh, and meant for this log-in.

    Args:
        token: as the provider's token endpoint gave it.
        keys: of the provider.
        expected: what it has to fit.

    Raises:
        UnknownKeyError: see there.
        IdentityError: "refused"; the text says which check failed and repeats nothing secret.
    """
    if not isinstance(token, str):
        raise IdentityError("refused", "the provider gave no ID token")
    try:
        decoded = jwt.decode(token, keys, registry=_REGISTRY)
        claims = CodeIDToken(
            decoded.claims,
            decoded.header,
            options={
                "iss": {"essential": True, "value": expected.issuer},
                "aud": {"essential": True, "value": expected.client_id},
            },
            params={
                "nonce": expected.nonce,
                "client_id": expected.client_id,
                "access_token": expected.access_token,
            },
        )
        claims.validate(leeway=LEEWAY)
    except InvalidKeyIdError as error:
        raise UnknownKeyError(
            "refused", "ID token: signed by a key that the provider does not publish"
        ) from error
    except (JoseError, ValueError, TypeError) as error:
        raise IdentityError("refused", f"ID token: {error}") from error
    if not 0 < len(decoded.claims["sub"]) <= _LONGEST_SUBJECT:
        raise IdentityError("refused", "ID token: sub is empty or too long")
    return decoded.claims
