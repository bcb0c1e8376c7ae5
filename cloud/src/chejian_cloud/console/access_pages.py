"""Pages of log-in, log-out, passwords, one-time links and accounts. Plain forms: they work without scripts."""

import logging
from collections.abc import Callable, Mapping
from typing import Annotated, Final
from urllib.parse import parse_qsl, quote

from fastapi import APIRouter, Depends, Query, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import RedirectResponse, Response
from sqlalchemy.orm import Session

from chejian_cloud.access import accounts, log_in
from chejian_cloud.access.accounts import Post
from chejian_cloud.access.authorize import address_of, cookie_name, session_secret
from chejian_cloud.access.caller import Caller, caller_of
from chejian_cloud.access.log_in import Visit
from chejian_cloud.access.oidc import providers
from chejian_cloud.access.permissions import PLACE, Permission, Role
from chejian_cloud.access.routes import AccountId
from chejian_cloud.conditional import tag_of
from chejian_cloud.console.pages import render
from chejian_cloud.db.access import Account
from chejian_cloud.db.engine import DoorSession, door
from chejian_cloud.errors import (
    ChangedSinceError,
    CloudError,
    ForbiddenError,
    InvalidValueError,
    NotFoundError,
    TooManyAttemptsError,
    WrongLogInError,
)

log = logging.getLogger(__name__)
router = APIRouter(include_in_schema=False)

CallerIs = Annotated[Caller, Depends(caller_of)]
Form = Mapping[str, str]
_MOST_FIELDS: Final = 60
_LONGEST_FORM: Final = 16_384
"""[byte] of a form of these pages."""
_SHORT: Final = 2048
_TOLD: Final = (
    WrongLogInError,
    TooManyAttemptsError,
    InvalidValueError,
    ForbiddenError,
    NotFoundError,
    ChangedSinceError,
)
"""What a page says in words, above its form."""
PROBLEMS: Final = ("stale", "denied", "silent", "refused", "unknown", "inactive", "setup", "ended")
"""Reasons of `IdentityError`, and the end of a session while a page was open, which the log-in page tells in words."""


async def form_of(request: Request) -> Form:
    """Fields of a posted form; of repeated ones the last.

    Raises:
        InvalidValueError: the body is no form of ours.
    """
    body = await request.body()
    try:
        if len(body) <= _LONGEST_FORM:
            return dict(parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=_MOST_FIELDS))
    except ValueError:
        log.info("%s: a body that is no form", request.url.path)
    raise InvalidValueError("body", f"{len(body)} bytes", "a form of this page")


Posted = Annotated[Form, Depends(form_of)]


def visit_of(request: Request) -> Visit:
    """The browser that sends a request."""
    return Visit(
        address_of(request), request.app.state.settings.session_longest, old_session=session_secret(request)
    )


def enter(request: Request, secret: str, target: str) -> Response:
    """Lead a browser that has just logged in to a page."""
    response = RedirectResponse(target, 303)
    response.set_cookie(
        cookie_name(request),
        secret,
        max_age=int(request.app.state.settings.session_longest),
        httponly=True,
        samesite="lax",
        secure=request.url.scheme == "https",
    )
    return response


def base_of(request: Request) -> str:
    """Address of the console as the browser calls it."""
    return str(request.base_url).rstrip("/")


def safe_next(asked: str | None) -> str:
    """A path of ours to go on to; "/" for what leads elsewhere."""
    if not asked or not asked.startswith("/") or len(asked) > _SHORT:
        return "/"
    if asked.startswith(("//", "/\\")) or any(ord(c) < ord(" ") for c in asked):
        return "/"
    return quote(asked, safe="/?&=%:+,.-_~@")


def _status(error: CloudError) -> int:
    kinds = {
        WrongLogInError: 401,
        TooManyAttemptsError: 429,
        ForbiddenError: 403,
        NotFoundError: 404,
        ChangedSinceError: 412,
    }
    return next((status for kind, status in kinds.items() if isinstance(error, kind)), 422)


@router.get("/login")
def get_login(
    request: Request,
    next_page: Annotated[str | None, Query(alias="next")] = None,
    problem: Annotated[str | None, Query(max_length=_SHORT)] = None,
) -> Response:
    """Page: log in; `problem` is why a log-in by a provider has just failed."""
    return _login_page(request, safe_next(next_page), None, problem=problem)


@router.post("/login")
def post_login(request: Request, form: Posted) -> Response:
    """Log in by name and password."""
    target = safe_next(form.get("next"))
    try:
        secret = log_in.by_password(
            request.app.state.engine,
            form.get("name", "")[:_SHORT],
            form.get("password", ""),
            visit_of(request),
        )
    except (WrongLogInError, TooManyAttemptsError) as error:
        response = _login_page(request, target, error, _status(error))
        if isinstance(error, TooManyAttemptsError):
            response.headers["Retry-After"] = str(error.seconds)
        return response
    return enter(request, secret, target)


def _login_page(
    request: Request,
    target: str,
    error: CloudError | None,
    status: int = 200,
    *,
    problem: str | None = None,
) -> Response:
    with door(request.app.state.engine) as session:
        offered = providers.offered(session)
    known = problem if problem in PROBLEMS else None
    return render(
        request, "login", status=status, next_page=target, error=error, problem=known, providers=offered
    )


@router.post("/logout")
async def post_logout(request: Request, caller: CallerIs) -> Response:
    """Log out, at the provider that the session came from as well."""
    came = None
    if caller.session_hash is not None:
        came = await run_in_threadpool(log_in.log_out, request.app.state.engine, caller.session_hash)
    onward = came and await request.app.state.identity.farewell(came, base_of(request))
    response: Response = RedirectResponse("/login", 303)
    if onward:  # a page, since the content security policy lets no form lead to another site
        response = render(request, "logged_out", onward=onward, caller=None)
        response.headers["Refresh"] = f"0; url={onward}"
    response.delete_cookie(
        cookie_name(request), httponly=True, samesite="lax", secure=request.url.scheme == "https"
    )
    return response


@router.get("/link")
def get_link(request: Request, key: Annotated[str, Query(max_length=100)] = "") -> Response:
    """Page of a one-time link; looking does not use it up."""
    return _link_page(request, key, None)


@router.post("/link")
def post_link(request: Request, form: Posted) -> Response:
    """Use a one-time link up."""
    key = form.get("key", "")
    try:
        password = _repeated(form)
        secret = log_in.use_link(
            request.app.state.engine, key, visit_of(request), name=form.get("name", ""), password=password
        )
    except InvalidValueError as error:
        return _link_page(request, key, error, 422)
    except NotFoundError:
        return _link_page(request, "", None, 404)
    return enter(request, secret, "/")


def _link_page(request: Request, key: str, error: CloudError | None, status: int = 200) -> Response:
    try:
        link = log_in.look_at_link(request.app.state.engine, key)
    except NotFoundError:
        return render(request, "link", status=404, link=None, key="", error=None)
    return render(request, "link", status=status, link=link, key=key, error=error)


def _repeated(form: Form) -> str:
    """The new password, when it was typed the same twice."""
    password = form.get("password", "")
    if password != form.get("again", ""):
        raise InvalidValueError("again", "(hidden)", "the same password twice")
    return password


@router.get("/password")
def get_password(request: Request, session: DoorSession, caller: CallerIs) -> Response:
    """Page: change the password, or where that is done."""
    account = session.get(Account, caller.account_id)
    return render(request, "password", error=None, vouched=account is not None and account.issuer is not None)


@router.post("/password")
def post_password(request: Request, caller: CallerIs, form: Posted) -> Response:
    """Change the password; all other browsers of the account are logged out."""
    assert caller.account_id is not None  # noqa: S101 - the route's rule
    try:
        new = _repeated(form)
        secret = log_in.change_password(
            request.app.state.engine, caller.account_id, form.get("old", ""), new, visit_of(request)
        )
    except _TOLD as error:
        return render(request, "password", status=_status(error), error=error, vouched=False)
    return enter(request, secret, "/")


@router.get("/accounts")
def get_accounts(request: Request, session: DoorSession, caller: CallerIs) -> Response:
    """Page: accounts that the caller administers."""
    return _accounts_page(request, session, caller)


@router.post("/accounts")
async def post_account(request: Request, caller: CallerIs, form: Posted) -> Response:
    """Add an account of a person; the page shows the link by which the password is set."""

    def add() -> Response:
        with door(request.app.state.engine) as session:
            post = _post_of(form)
            _, link = accounts.add(
                session, caller, form.get("name", ""), form.get("display_name", ""), "person", [post]
            )
        return _again(request, caller, link=link)

    return await _tried(request, caller, add)


@router.post("/accounts/{account_id}")
async def post_change(request: Request, caller: CallerIs, account_id: AccountId, form: Posted) -> Response:
    """Make an account active or inactive, change its roles, or make a link by which its password is set."""

    def change() -> Response:
        link = None
        with door(request.app.state.engine) as session:
            if form.get("action") == "link":
                link = accounts.new_link(session, caller, account_id)
            elif form.get("action") == "roles":
                _set_roles(session, caller, account_id, form)
            else:
                active = form.get("action") == "activate"
                accounts.change(session, caller, account_id, display_name=None, active=active)
        return _again(request, caller, link=link)

    return await _tried(request, caller, change)


async def _tried(request: Request, caller: Caller, action: Callable[[], Response]) -> Response:
    try:
        return await run_in_threadpool(action)
    except _TOLD as error:
        return await run_in_threadpool(_again, request, caller, error=error, status=_status(error))


def _again(
    request: Request,
    caller: Caller,
    *,
    link: str | None = None,
    error: CloudError | None = None,
    status: int = 200,
) -> Response:
    with door(request.app.state.engine) as session:
        return _accounts_page(request, session, caller, link=link, error=error, status=status)


def _post_of(form: Form) -> Post:
    try:
        role = Role(form.get("role", ""))
    except ValueError:
        raise InvalidValueError("role", form.get("role"), ", ".join(Role)) from None
    place = form.get("organisation_id", "")
    if PLACE[role] is None:
        return Post(role, None)
    if not place.isdecimal():
        raise InvalidValueError("organisation_id", place, "an organisation")
    return Post(role, int(place))


def _set_roles(session: Session, caller: Caller, account_id: int, form: Form) -> None:
    """Keep the roles that are ticked and add the one that is chosen, if nobody has changed them meanwhile."""
    accounts.lock(session, account_id)
    person = accounts.find(session, caller, account_id)
    if form.get("seen") != roles_tag(person):
        raise ChangedSinceError
    kept = [post for number, post in enumerate(person.posts) if form.get(f"keep_{number}")]
    added = [_post_of(form)] if form.get("role") else []
    accounts.set_posts(session, caller, account_id, [*kept, *added])


def roles_tag(person: accounts.Person) -> str:
    """Changes with the roles of an account."""
    return tag_of([(post.role.value, post.organisation_id) for post in person.posts]).strip('"')


def _accounts_page(
    request: Request,
    session: Session,
    caller: Caller,
    *,
    link: str | None = None,
    error: CloudError | None = None,
    status: int = 200,
) -> Response:
    reach = caller.reach(Permission.ACCOUNTS)
    tree = accounts.organisations(session, reach)
    base = base_of(request)
    return render(
        request,
        "accounts",
        status=status,
        people=accounts.list_accounts(session, reach),
        organisations={row.organisation_id: row for row in tree},
        roles=[r for r in Role if reach.everything or PLACE[r] == "enterprise"],
        places={r.value: PLACE[r] for r in Role},
        roles_tag=roles_tag,
        link=link and base + log_in.path_of(link),
        error=error,
        own=caller.account_id,
    )
