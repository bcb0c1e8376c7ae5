"""Asking a provider: HTTPS, no redirects, bounded in time and size. What comes back is JSON, or an error."""

import asyncio
import json
import logging
import ssl
from collections.abc import Mapping
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final

import httpx

from chejian_cloud.access.oidc.spec import is_address
from chejian_cloud.errors import IdentityError

log = logging.getLogger(__name__)
WITHIN: Final = 8.0
"""[s] for one answer, however slowly it drips; people wait for it."""
_CONNECT: Final = 3.0
"""[s] until a provider has to take a connection."""
_LARGEST: Final = 1 << 20
"""[byte] of an answer."""


class Fetcher:
    """Asks providers.

    Args:
        authorities: PEM file of authorities that are trusted beside the system's; None: no others.
        over_http: whether providers on this machine may be asked by plain HTTP, for development.
        within: [s] for one answer.
    """

    def __init__(self, *, authorities: Path | None, over_http: bool, within: float = WITHIN) -> None:
        self._authorities, self._over_http, self._within = authorities, over_http, within
        self._tls: ssl.SSLContext | None = None

    def may_ask(self, url: str) -> bool:
        """Whether a URL may be asked, or people sent there."""
        return is_address(url, over_http=self._over_http)

    async def get(self, url: str, *, token: str | None = None) -> Mapping[str, Any]:
        """What a URL tells.

        Raises:
            IdentityError: "silent": no answer, or none that is understood.
        """
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        status, told = await self._ask("GET", url, headers=headers)
        if status != HTTPStatus.OK:
            raise IdentityError("silent", f"{url} answers {status}")
        return told

    async def post(self, url: str, form: Mapping[str, str], auth: httpx.Auth | None) -> Mapping[str, Any]:
        """What a form is answered.

        Raises:
            IdentityError: "silent", as `get`; "refused" or "setup": the provider refuses the code, or this client.
        """
        status, told = await self._ask("POST", url, data=form, auth=auth)
        if status == HTTPStatus.OK:
            return told
        error = str(told.get("error", ""))[:100]
        if status >= HTTPStatus.INTERNAL_SERVER_ERROR or not error:
            raise IdentityError("silent", f"{url} answers {status}")
        raise IdentityError("refused" if error == "invalid_grant" else "setup", f"{url} answers {error!r}")

    async def _ask(self, method: str, url: str, **given: Any) -> tuple[int, Mapping[str, Any]]:
        if not self.may_ask(url):
            raise IdentityError("setup", f"{url} is no address of HTTPS")
        body = bytearray()
        given["headers"] = {
            "Accept": "application/json",
            "Accept-Encoding": "identity",
            **given.get("headers", {}),
        }
        try:
            async with (
                asyncio.timeout(self._within),
                httpx.AsyncClient(
                    verify=self._context(), timeout=httpx.Timeout(self._within, connect=_CONNECT)
                ) as client,
                client.stream(method, url, **given) as response,
            ):
                async for part in response.aiter_bytes():
                    body += part
                    if len(body) > _LARGEST:
                        raise IdentityError("silent", f"{url} answers more than {_LARGEST} bytes")
        except (TimeoutError, OSError, httpx.HTTPError, httpx.InvalidURL) as error:
            raise IdentityError("silent", f"{url}: {type(error).__name__} {error}".strip()) from error
        try:
            told = json.loads(body)
        except (ValueError, RecursionError):
            told = None
        if not isinstance(told, dict):
            raise IdentityError("silent", f"{url} answers {response.status_code} and no JSON object")
        return response.status_code, told

    def _context(self) -> ssl.SSLContext:
        if self._tls is None:
            context = httpx.create_ssl_context()
            if self._authorities is not None:
                context.load_verify_locations(self._authorities)
            self._tls = context
        return self._tls
