"""What a provider tells of itself: its discovery document and its keys, kept for some minutes."""

import asyncio
import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from authlib.oidc.discovery import get_well_known_url
from joserfc import jwk
from joserfc.errors import JoseError

from chejian_cloud.access.oidc.fetch import Fetcher
from chejian_cloud.errors import IdentityError

log = logging.getLogger(__name__)
KEPT: Final = 600.0
"""[s] that documents are kept: so long a key that its provider has withdrawn may still be trusted."""
SPARED: Final = 5.0
"""[s] that a provider which did not answer is not asked again, however many people press its button."""
_CURVES: Final = frozenset({"P-256", "P-384", "P-521"})
_SHORTEST_MODULUS: Final = 342
"""Characters of base64 that 2048 bits take."""


@dataclass(frozen=True, slots=True)
class Discovery:
    """Addresses of a provider (OpenID Connect Discovery 1.0, section 3).

    Attributes:
        issuer: as configured.
        authorization: where people log in.
        token: where codes are exchanged.
        keys: of its signatures.
        userinfo: more claims, where it has them.
        end_session: where people log out, where it offers that.
        names_itself: whether its answers name the issuer (RFC 9207).
    """

    issuer: str
    authorization: str
    token: str
    keys: str
    userinfo: str | None
    end_session: str | None
    names_itself: bool


class Documents:
    """Reads and keeps the documents of providers."""

    def __init__(self, fetcher: Fetcher) -> None:
        self._fetcher = fetcher
        self._discoveries: dict[str, tuple[float, Discovery | IdentityError]] = {}
        self._keys: dict[str, tuple[float, jwk.KeySet]] = {}
        self._asking: dict[str, asyncio.Lock] = {}

    async def discovery(self, issuer: str) -> Discovery:
        """Addresses of a provider; people who come at once wait for one answer.

        Raises:
            IdentityError: "silent": it does not answer; "setup": its document is not its own or lacks something.
        """
        async with self._asking.setdefault(issuer, asyncio.Lock()):
            at, known = self._discoveries.get(issuer, (0.0, None))
            age = time.monotonic() - at
            if known is None or age > (SPARED if isinstance(known, IdentityError) else KEPT):
                known = await self._asked(issuer)
                self._discoveries[issuer] = (time.monotonic(), known)
        if isinstance(known, IdentityError):
            raise IdentityError(known.reason, str(known))
        return known

    async def _asked(self, issuer: str) -> Discovery | IdentityError:
        try:
            return self._read(issuer, await self._fetcher.get(get_well_known_url(issuer, external=True)))
        except IdentityError as error:
            return error

    async def keys(self, discovery: Discovery, *, anew: bool = False) -> jwk.KeySet:
        """Public keys of a provider, `anew` when a token names one that is not known yet.

        Raises:
            IdentityError: "silent": no answer; "refused": no key that can be trusted.
        """
        at, known = self._keys.get(discovery.issuer, (0.0, None))
        if known is None or anew or time.monotonic() - at > KEPT:
            known = usable_keys(await self._fetcher.get(discovery.keys))
            self._keys[discovery.issuer] = (time.monotonic(), known)
        return known

    def _read(self, issuer: str, told: Mapping[str, Any]) -> Discovery:
        if told.get("issuer") != issuer:
            raise IdentityError(
                "setup", f"the document of {issuer} names the issuer {told.get('issuer')!r:.200}"
            )

        def address(key: str) -> str:
            url = told.get(key)
            if not isinstance(url, str) or not self._fetcher.may_ask(url):
                raise IdentityError(
                    "setup", f"the document of {issuer}: {key} is {url!r:.200}, no address of HTTPS"
                )
            return url

        return Discovery(
            issuer=issuer,
            authorization=address("authorization_endpoint"),
            token=address("token_endpoint"),
            keys=address("jwks_uri"),
            userinfo=address("userinfo_endpoint") if "userinfo_endpoint" in told else None,
            end_session=address("end_session_endpoint") if "end_session_endpoint" in told else None,
            names_itself=told.get("authorization_response_iss_parameter_supported") is True,
        )


def usable_keys(document: Mapping[str, Any]) -> jwk.KeySet:
    """Keys of a JWKS that may sign: RSA of 2048 bits or more, and NIST curves; others are left out.

    Raises:
        IdentityError: "refused": there is none.
    """
    found: list[jwk.Key] = []
    given = document.get("keys")
    for key in given if isinstance(given, list) else ():
        if not isinstance(key, dict) or key.get("use", "sig") != "sig" or not _is_strong(key):
            continue
        try:
            found.append(jwk.import_key(key))
        except (JoseError, ValueError, TypeError, KeyError) as error:
            log.info("a key of a provider is left out: %s", error)
    if not found:
        raise IdentityError("refused", "the provider has no key that can be trusted")
    return jwk.KeySet(found)


def _is_strong(key: Mapping[str, Any]) -> bool:
    if key.get("kty") == "RSA":
        return len(str(key.get("n", ""))) >= _SHORTEST_MODULUS
    return key.get("kty") == "EC" and key.get("crv") in _CURVES
