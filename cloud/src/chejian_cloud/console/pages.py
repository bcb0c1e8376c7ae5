"""How a page is rendered: language, security headers, and the words for "not there" and "not now"."""

from collections.abc import Mapping
from datetime import datetime
from functools import partial
from importlib import metadata
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

from fastapi import Request
from fastapi.responses import Response
from fastapi.templating import Jinja2Templates
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from pydantic import BaseModel

from chejian_cloud.console.language import (
    COOKIE,
    COOKIE_SECONDS,
    LANGUAGES,
    choose,
    language_of,
    translate,
)
from chejian_cloud.console.theme import THEMES
from chejian_cloud.console.theme import choose as choose_theme

FOLDER: Final = Path(__file__).parent

SECURITY_HEADERS: Final[Mapping[str, str]] = {
    "Content-Security-Policy": (
        "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; "
        "form-action 'self'; frame-ancestors 'self'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cache-Control": "no-store",
}
"""No inline script or style anywhere: ECharts styles through the CSSOM, and its tooltips are elements of ours.
`data:` is for images that the chart library draws itself."""

ZONE: Final = ZoneInfo("Asia/Shanghai")
"""Zone of all times on the pages; the footer says so. The same as ZONE of `static/js/clock.js`."""

RETRY_SECONDS: Final = 5
"""How soon a page that met a silent database is asked for again; the API's answers say the same."""

_TEMPLATES: Final = Jinja2Templates(
    env=Environment(
        loader=FileSystemLoader(FOLDER / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
)


def name_of(language: str, row: BaseModel, prefix: str = "") -> str:
    """Name of a registry row in the page's language, e.g. `name_zh`; the code where it has none."""
    short = LANGUAGES[language]
    named = getattr(row, f"{prefix}name_{short}") or getattr(row, f"{prefix}name_zh")
    return str(named or getattr(row, "code", ""))


def local(moment: datetime) -> str:
    """A time as people of the plant write it: date and time in `ZONE`."""
    return moment.astimezone(ZONE).strftime("%Y-%m-%d %H:%M:%S")


def render(
    request: Request, page: str, *, status: int = 200, theme: str | None = None, **context: object
) -> Response:
    """Render template `page` in the language and theme of the request; `?lang=` is kept in a cookie, `theme` goes first."""
    language = choose(request)
    theme = theme or choose_theme(request)
    other = next(tag for tag in LANGUAGES if tag != language)
    frame = {
        "page": page,
        "language": language,
        "other": other,
        "other_short": LANGUAGES[other],
        "theme": theme,
        "themes": THEMES,
        "here": _here(request),
        "t": partial(translate, language),
        "name_of": partial(name_of, language),
        "local": local,
        "version": metadata.version("chejian-cloud"),
        "place": None,
        "machine": None,
        "caller": getattr(request.state, "caller", None),
    }
    response = _TEMPLATES.TemplateResponse(
        request, f"{page}.html", frame | context, status_code=status, headers=SECURITY_HEADERS
    )
    if language_of(request.query_params.get("lang")):
        response.set_cookie(COOKIE, language, max_age=COOKIE_SECONDS, httponly=True, samesite="lax")
    return response


def _here(request: Request) -> str:
    """Path and query of a page, to come back to; of what a form answers, which has no address of its own, "/"."""
    if request.method not in {"GET", "HEAD"}:
        return "/"
    query = request.url.query
    return f"{request.url.path}?{query}" if query else request.url.path


def render_missing(request: Request, what: str) -> Response:
    """Page for an address that names nothing; `what` is said in the technical line."""
    return render(request, "missing", status=404, what=what)


def render_refused(request: Request, what: str) -> Response:
    """Page for something that the caller may not see or do."""
    return render(request, "refused", status=403, what=what)


def render_unavailable(request: Request) -> Response:
    """Page for a database that does not answer; the browser asks again by itself."""
    response = render(request, "unavailable", status=503, seconds=RETRY_SECONDS)
    response.headers["Retry-After"] = str(RETRY_SECONDS)
    response.headers["Refresh"] = str(RETRY_SECONDS)
    return response
