"""A log-in from the button to the session: the authorization code flow with PKCE, bound to one browser and used once.

One random secret is in the browser's cookie, for ten minutes. State, nonce and code verifier follow from it, and the row that
says which log-in it belongs to is found by its hash: nothing that is stored here could be used by whoever reads it.
"""

import base64
import hashlib
import hmac
import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final
from urllib.parse import quote

import httpx
from authlib.common.urls import add_params_to_uri
from authlib.oauth2.rfc6749.parameters import prepare_grant_uri
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from fastapi.concurrency import run_in_threadpool
from sqlalchemy import Engine, delete, func, select
from sqlalchemy.orm import Session

from chejian_cloud.access.log_in import Came, Visit
from chejian_cloud.access.oidc import id_token, people, providers
from chejian_cloud.access.oidc.documents import Discovery, Documents
from chejian_cloud.access.oidc.fetch import Fetcher
from chejian_cloud.access.secrets import hash_of, new_secret
from chejian_cloud.config import Settings
from chejian_cloud.db.access import IdentityProvider, LogInAttempt, Organisation
from chejian_cloud.db.engine import door
from chejian_cloud.db.journal import Line, write
from chejian_cloud.errors import IdentityError, NotFoundError
from chejian_cloud.storable import shown

log = logging.getLogger(__name__)
ATTEMPT_HOLDS: Final = timedelta(minutes=10)
"""For a password and a second factor at the provider."""
TOLD_EVERY: Final = 60.0
"""[s] between two lines of the journal that say the same of a provider's button: anybody may press it, and often."""
MOST_PENDING: Final = 1000
"""Attempts of one address that have not come back; a plant's people share one."""
_DENIED: Final = frozenset({"access_denied", "login_required", "consent_required", "interaction_required"})
_SILENT: Final = frozenset({"server_error", "temporarily_unavailable"})


@dataclass(frozen=True, slots=True)
class Begun:
    """A log-in that leads to a provider.

    Attributes:
        address: where the browser goes.
        secret: of its cookie.
    """

    address: str
    secret: str


@dataclass(frozen=True, slots=True)
class Done:
    """A log-in that came back.

    Attributes:
        secret: of the session.
        next_page: where the browser wanted to go.
    """

    secret: str
    next_page: str


@dataclass(frozen=True, slots=True)
class _Attempt:
    provider: IdentityProvider
    next_page: str
    redirect_uri: str


def _derived(secret: str, purpose: str) -> str:
    """State, nonce or verifier of an attempt: 43 characters that tell nothing of the others."""
    digest = hmac.digest(secret.encode(), f"chejian log-in {purpose}".encode(), hashlib.sha256)
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")


class Identity:
    """Log-in by identity providers."""

    def __init__(self, engine: Engine, settings: Settings) -> None:
        self._engine, self._secrets = engine, settings.identity
        authorities = settings.identity / providers.AUTHORITIES if settings.identity else None
        self._fetcher = Fetcher(
            authorities=authorities if authorities and authorities.is_file() else None,
            over_http=settings.identity_over_http,
        )
        self._documents = Documents(self._fetcher)
        self._told: dict[tuple[str, str], float] = {}

    async def begin(self, code: str, next_page: str, base: str, address: str, language: str) -> Begun:
        """Begin a log-in.

        Args:
            code: of the provider.
            next_page: path of ours to go on to.
            base: address of this console, without a slash at its end.
            address: of the browser.
            language: that the provider may show its pages in.

        Raises:
            IdentityError: "setup": no such provider, or it is not set up; "silent": it does not answer.
        """
        provider = await run_in_threadpool(self._offered, code)
        try:
            discovery = await self._documents.discovery(provider.issuer)
            secret, redirect_uri = new_secret()[0], f"{base}/login/{provider.code}/return"
            await run_in_threadpool(self._remember, secret, provider, next_page, redirect_uri, address)
        except IdentityError as error:
            if self._is_news(code, error):
                await run_in_threadpool(self._journal, provider, error, address, {})
            raise
        uri: str = prepare_grant_uri(
            discovery.authorization,
            provider.client_id,
            "code",
            redirect_uri=redirect_uri,
            scope=" ".join(provider.scopes),
            state=_derived(secret, "state"),
            nonce=_derived(secret, "nonce"),
            code_challenge=create_s256_code_challenge(_derived(secret, "verifier")),
            code_challenge_method="S256",
            ui_locales=language,
        )
        return Begun(uri, secret)

    async def finish(self, code: str, given: Mapping[str, str], secret: str | None, visit: Visit) -> Done:
        """Take the answer of a provider that a browser brings back.

        Args:
            code: of the provider whose address was called.
            given: parameters of the address.
            secret: of the browser's cookie.
            visit: the browser.

        Raises:
            IdentityError: says why nobody is logged in.
        """
        if secret is None or not hmac.compare_digest(
            _derived(secret, "state").encode(), given.get("state", "").encode()
        ):
            raise IdentityError("stale", "no log-in of this browser has this state")
        attempt = await run_in_threadpool(self._take, secret, code)
        claims: Mapping[str, Any] = {}
        try:
            token, claims = await self._claims(attempt, given, secret)
            entered = await run_in_threadpool(self._enter, attempt, claims, token, visit)
        except IdentityError as error:
            await run_in_threadpool(self._journal, attempt.provider, error, visit.address, claims)
            raise
        return Done(entered, attempt.next_page)

    async def farewell(self, came: Came, base: str) -> str | None:
        """Address where a browser logs out at the provider that its session came from; None where it can't."""
        provider = await run_in_threadpool(self._by_id, came.provider_id)
        try:
            discovery = await self._documents.discovery(provider.issuer)
        except IdentityError as error:
            log.warning("log-out at %s: %s", provider.code, error)
            return None
        if discovery.end_session is None:
            return None
        parameters = {
            "id_token_hint": came.id_token,
            "client_id": provider.client_id,
            "post_logout_redirect_uri": f"{base}/login",
        }
        uri: str = add_params_to_uri(discovery.end_session, list(parameters.items()))
        return uri

    async def _claims(
        self, attempt: _Attempt, given: Mapping[str, str], secret: str
    ) -> tuple[str, Mapping[str, Any]]:
        """ID token and claims that a provider's answer leads to."""
        provider = attempt.provider
        discovery = await self._documents.discovery(provider.issuer)
        named = given.get("iss")
        if named != provider.issuer and (named is not None or discovery.names_itself):
            raise IdentityError("refused", f"the answer is that of the issuer {shown(named)!r}")
        if "error" in given:
            error = given["error"]
            reason = "denied" if error in _DENIED else "silent" if error in _SILENT else "setup"
            raise IdentityError(reason, f"the provider answers {shown(error)!r}")
        told = await self._exchange(attempt, discovery, given.get("code", ""), secret)
        access = told.get("access_token")
        access = access if isinstance(access, str) else None
        token = told.get("id_token")
        expected = id_token.Expected(
            issuer=provider.issuer,
            client_id=provider.client_id,
            nonce=_derived(secret, "nonce"),
            access_token=access,
        )
        try:
            claims = id_token.check(token, await self._documents.keys(discovery), expected)
        except id_token.UnknownKeyError:
            claims = id_token.check(token, await self._documents.keys(discovery, anew=True), expected)
        if access and discovery.userinfo and not people.values_of(claims, provider.claim):
            more = await self._fetcher.get(discovery.userinfo, token=access)
            if more.get("sub") != claims["sub"]:
                raise IdentityError("refused", "userinfo is that of somebody else")
            claims = {**more, **claims}
        return str(token), claims

    async def _exchange(
        self, attempt: _Attempt, discovery: Discovery, code: str, secret: str
    ) -> Mapping[str, Any]:
        """Exchange a code for tokens, with the verifier that only this browser's cookie gives."""
        provider = attempt.provider
        if not code:
            raise IdentityError("refused", "the provider's answer has no code")
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": attempt.redirect_uri,
            "code_verifier": _derived(secret, "verifier"),
        }
        auth = None
        if provider.authentication == "none":
            form["client_id"] = provider.client_id
        else:
            known = providers.secret_of(self._secrets, provider.code)
            if provider.authentication == "client_secret_basic":
                auth = httpx.BasicAuth(quote(provider.client_id, safe=""), quote(known, safe=""))
            else:
                form |= {"client_id": provider.client_id, "client_secret": known}
        return await self._fetcher.post(discovery.token, form, auth)

    def _is_news(self, code: str, error: IdentityError) -> bool:
        now, key = time.monotonic(), (code, error.reason)
        if now - self._told.get(key, -TOLD_EVERY) < TOLD_EVERY:
            return False
        self._told[key] = now
        return True

    def _offered(self, code: str) -> IdentityProvider:
        with door(self._engine) as session:
            try:
                provider = providers.find(session, code)
            except NotFoundError as error:
                raise IdentityError("setup", str(error)) from error
            session.expunge_all()
        if not provider.active:
            raise IdentityError("setup", f"{code} is not active")
        return provider

    def _by_id(self, provider_id: int) -> IdentityProvider:
        with door(self._engine) as session:
            provider = session.scalars(select(IdentityProvider).filter_by(provider_id=provider_id)).one()
            session.expunge_all()
        return provider

    def _remember(
        self, secret: str, provider: IdentityProvider, next_page: str, redirect_uri: str, address: str
    ) -> None:
        with door(self._engine) as session:
            session.execute(delete(LogInAttempt).where(LogInAttempt.expires_at < func.now()))
            pending = session.scalar(
                select(func.count()).select_from(LogInAttempt).filter_by(address=address)
            )
            if pending is not None and pending >= MOST_PENDING:
                raise IdentityError("silent", f"{pending} log-ins of {address} wait already")
            session.add(
                LogInAttempt(
                    attempt_hash=hash_of(secret),
                    provider_id=provider.provider_id,
                    next_page=next_page,
                    redirect_uri=redirect_uri,
                    address=address,
                    expires_at=func.now() + ATTEMPT_HOLDS,
                )
            )

    def _take(self, secret: str, code: str) -> _Attempt:
        """The attempt of a browser, which ends with that.

        Raises:
            IdentityError: "stale": it is over, was taken, or belongs to another provider.
        """
        with door(self._engine) as session:
            row = session.execute(
                delete(LogInAttempt)
                .where(LogInAttempt.attempt_hash == hash_of(secret), LogInAttempt.expires_at > func.now())
                .returning(LogInAttempt.provider_id, LogInAttempt.next_page, LogInAttempt.redirect_uri)
            ).one_or_none()
            found = (
                row and session.scalars(select(IdentityProvider).filter_by(provider_id=row.provider_id)).one()
            )
            session.expunge_all()
        if not row or not found or found.code != code or not found.active:
            raise IdentityError("stale", "this log-in is over, or was begun with another provider")
        return _Attempt(found, row.next_page, row.redirect_uri)

    def _enter(self, attempt: _Attempt, claims: Mapping[str, Any], token: str, visit: Visit) -> str:
        with door(self._engine) as session:
            provider = providers.find(session, attempt.provider.code)
            if not provider.active or provider.issuer != attempt.provider.issuer:
                raise IdentityError("stale", f"{provider.code} has changed meanwhile")
            entered = people.enter(session, provider, claims, token, visit)
        if isinstance(entered, IdentityError):
            raise entered
        return entered

    def _journal(
        self, provider: IdentityProvider, error: IdentityError, address: str, claims: Mapping[str, Any]
    ) -> None:
        log.warning("log-in by %s refused: %s", provider.code, error)
        target = {"provider": provider.code, "reason": error.reason, "detail": shown(str(error))}
        if "sub" in claims:
            target["subject"] = shown(claims["sub"])
        with door(self._engine) as session:
            owner = _enterprise(session, provider)
            write(session, Line(None, "", "log in refused", address, target, enterprise_id=owner))


def _enterprise(session: Session, provider: IdentityProvider) -> int | None:
    where = {"organisation_id": provider.organisation_id}
    return (
        session.scalar(select(Organisation.enterprise_id).filter_by(**where))
        if provider.organisation_id
        else None
    )
