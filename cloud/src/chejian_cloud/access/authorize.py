"""The one dependency that every route has: who asks, may they, and where. See `policy.py` for the rules."""

import json
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlsplit

from fastapi import Request
from fastapi.concurrency import run_in_threadpool

from chejian_cloud.access import recognise
from chejian_cloud.access.caller import SPEAKER, Caller
from chejian_cloud.access.permissions import NOTHING, Permission, Reach
from chejian_cloud.access.policy import EXPORTS
from chejian_cloud.db.engine import door
from chejian_cloud.db.journal import Line, write
from chejian_cloud.errors import ForbiddenError, InvalidValueError, NotLoggedInError
from chejian_cloud.storable import shown

COOKIE: Final = "chejian_session"
SECURE_COOKIE: Final = "__Host-chejian_session"
"""The prefix makes browsers refuse it unless it is Secure, of this host and of path /."""
_SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_BODY_KEPT: Final = 4096
"""Bytes of a request's body that the journal keeps; of longer ones it keeps the size."""


def cookie_name(request: Request) -> str:
    """Name of the session's cookie: over HTTPS one that browsers guard better."""
    return SECURE_COOKIE if request.url.scheme == "https" else COOKIE


def session_secret(request: Request) -> str | None:
    """Secret of the session that the browser shows."""
    return request.cookies.get(cookie_name(request))


def address_of(request: Request) -> str:
    """Where a request comes from."""
    return request.client.host if request.client else ""


async def authorize(request: Request) -> None:
    """Let a request pass or refuse it; leaves the caller, the rows and the journal's line in `request.state`.

    Raises:
        NotLoggedInError: nobody is known, and the route is not public.
        ForbiddenError: the caller lacks the permission, or another site's page sent the request.
    """
    route, permission = request.app.state.policy[request.scope["endpoint"], _method(request)]
    request.state.route = route
    token = _bearer(request)
    if request.method not in _SAFE and token is None:
        _refuse_foreign_page(request)
    caller = await run_in_threadpool(_recognise, request, token, permission)
    if caller is None:
        raise NotLoggedInError(wrong_token=token is not None)
    if permission is not Permission.PUBLIC and not caller.may(permission):
        raise ForbiddenError(
            f"{route} asks for the permission '{permission}', which {caller.name} does not have"
        )
    reach = caller.reach(permission)
    request.state.caller, request.state.rows = caller, reach.setting
    request.state.regions = reach.region_setting
    SPEAKER.set(caller.display_name if caller.person else None)
    line = Line(
        account_id=caller.account_id,
        account_name=caller.name,
        action=route,
        address=caller.address,
        target=await _target(request),
        token_id=caller.token_id,
        enterprise_id=_owner(permission, reach),
    )
    request.state.line = line
    if route in EXPORTS:
        await run_in_threadpool(_journal, request, line)


def _owner(permission: Permission, reach: Reach) -> int | None:
    """The enterprise that a line of the journal is about: the only one in reach, never for what is done for a region."""
    only = len(reach.enterprises) == 1 and permission is not Permission.REGION
    return next(iter(reach.enterprises)) if only else None


def still_allowed(request: Request) -> bool:
    """Whether what `authorize` let pass would pass now, with the same rows; for answers that take their time."""
    permission = request.app.state.policy[request.scope["endpoint"], _method(request)][1]
    caller = _recognise(request, _bearer(request), permission)
    return caller is not None and caller.reach(permission).setting == request.state.rows


def _method(request: Request) -> str:
    return "GET" if request.method == "HEAD" else request.method


def _bearer(request: Request) -> str | None:
    scheme, _, secret = request.headers.get("authorization", "").partition(" ")
    return secret.strip() if scheme.lower() == "bearer" else None


def _recognise(request: Request, token: str | None, permission: Permission) -> Caller | None:
    """The caller; somebody unknown for public routes; None where nobody is known."""
    state, address = request.app.state, address_of(request)
    if permission is Permission.PUBLIC:
        return Caller(address=address, held={Permission.PUBLIC: NOTHING})
    if token is not None:
        return recognise.by_token(state.engine, token, address)
    secret = session_secret(request)
    if secret is None:
        return None
    return recognise.by_session(state.engine, secret, address, idle=state.settings.session_idle)


def _refuse_foreign_page(request: Request) -> None:
    """Refuse what a page of another site may have sent with the browser's cookies (CSRF).

    Browsers say where an unsafe request comes from by `Sec-Fetch-Site` or `Origin`; one that says nothing is refused.
    """
    site = request.headers.get("sec-fetch-site")
    if site == "same-origin":
        return
    origin = request.headers.get("origin")
    if site is None and origin is not None and urlsplit(origin).netloc == request.headers.get("host"):
        return
    raise ForbiddenError("a page of another site, or a program without a token, may not change anything")


async def _target(request: Request) -> Mapping[str, Any]:
    """Parameters and body of a change, as the journal keeps them."""
    target: dict[str, Any] = {**request.query_params, **request.path_params}
    if request.method in _SAFE:
        return target
    body = await request.body()
    if len(body) > _BODY_KEPT:
        return target | {"body_bytes": len(body)}
    if body and request.headers.get("content-type", "").startswith("application/json"):
        try:
            target["body"] = json.loads(body)
        except ValueError:  # of a route that reads no body
            raise InvalidValueError("body", shown(body), "JSON, or none") from None
    return target


def _journal(request: Request, line: Line) -> None:
    with door(request.app.state.engine) as session:
        write(session, line)
