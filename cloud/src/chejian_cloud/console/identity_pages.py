"""Log-in by an identity provider: the button's address, and the one that the provider sends browsers back to."""

import logging
from typing import Annotated, Final
from urllib.parse import urlencode

from fastapi import APIRouter, Path, Query, Request
from fastapi.responses import RedirectResponse, Response

from chejian_cloud.access.authorize import address_of
from chejian_cloud.access.oidc.flow import ATTEMPT_HOLDS
from chejian_cloud.console.access_pages import base_of, enter, safe_next, visit_of
from chejian_cloud.console.language import choose
from chejian_cloud.errors import IdentityError

log = logging.getLogger(__name__)
router = APIRouter(include_in_schema=False)

Provider = Annotated[str, Path(max_length=100)]
COOKIE: Final = "chejian_identity"
SECURE_COOKIE: Final = "__Host-chejian_identity"


@router.get("/login/{provider}")
async def get_provider(
    request: Request, provider: Provider, next_page: Annotated[str | None, Query(alias="next")] = None
) -> Response:
    """Lead a browser to a provider, with a cookie that only it can come back with."""
    target = safe_next(next_page)
    try:
        begun = await request.app.state.identity.begin(
            provider, target, base_of(request), address_of(request), choose(request)
        )
    except IdentityError as error:
        return _failed(error, target)
    response = RedirectResponse(begun.address, 303, headers={"Cache-Control": "no-store"})
    response.set_cookie(
        _cookie_name(request),
        begun.secret,
        max_age=int(ATTEMPT_HOLDS.total_seconds()),
        httponly=True,
        samesite="lax",
        secure=request.url.scheme == "https",
    )
    return response


@router.get("/login/{provider}/return")
async def get_return(request: Request, provider: Provider) -> Response:
    """Take a provider's answer: log the browser in, or tell why not."""
    name = _cookie_name(request)
    try:
        done = await request.app.state.identity.finish(
            provider, dict(request.query_params), request.cookies.get(name), visit_of(request)
        )
    except IdentityError as error:
        response = _failed(error, "/")
        if error.reason == "stale":
            return response  # the browser's own log-in, in another tab, goes on
    else:
        response = enter(request, done.secret, safe_next(done.next_page))
    response.headers["Cache-Control"] = "no-store"
    response.delete_cookie(name, httponly=True, samesite="lax", secure=request.url.scheme == "https")
    return response


def _cookie_name(request: Request) -> str:
    return SECURE_COOKIE if request.url.scheme == "https" else COOKIE


def _failed(error: IdentityError, target: str) -> Response:
    """The log-in page with the reason in words; the address has no code any more."""
    log.info("nobody logged in (%s): %s", error.reason, error)
    query = {"problem": error.reason, **({"next": target} if target != "/" else {})}
    return RedirectResponse(f"/login?{urlencode(query)}", 303, headers={"Cache-Control": "no-store"})
