"""Light and dark: the person's choice in a cookie, else what the system prefers, which only the browser knows."""

from collections.abc import Mapping
from typing import Final

from starlette.requests import Request

SYSTEM: Final = "system"
THEMES: Final[Mapping[str, str | None]] = {
    SYSTEM: "screen and (prefers-color-scheme: dark)",
    "light": None,
    "dark": "screen",
}
"""Theme -> media for which the dark palette holds; None: for none. Paper is light in each."""
COOKIE: Final = "chejian_theme"


def theme_of(value: str | None) -> str | None:
    """The theme that `value` names; None when it names none of ours."""
    return value if value in THEMES else None


def choose(request: Request) -> str:
    """Theme of a request: the cookie's, else the system's; unknown values count as absent."""
    return theme_of(request.cookies.get(COOKIE)) or SYSTEM
