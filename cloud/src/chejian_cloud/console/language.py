"""Languages of the console: one gettext catalogue each, chosen by `?lang=`, then by cookie, else Chinese."""

from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import Final

from starlette.requests import Request

from chejian_cloud.console.po import read_po

LANGUAGES: Final[Mapping[str, str]] = {"zh-CN": "zh", "en": "en"}
"""Language tag of HTML (also the catalogue's file name) -> short form used in `?lang=` and in name_zh/name_en."""
DEFAULT_LANGUAGE: Final = "zh-CN"
COOKIE: Final = "chejian_lang"
COOKIE_SECONDS: Final = 365 * 24 * 3600
"""A year: a wallboard's choice survives its restarts."""


class UnknownTextError(KeyError):
    """A template asked for a text that the catalogue lacks."""


@cache
def catalogue(language: str) -> Mapping[str, str]:
    """Texts of `language` ("zh-CN" or "en") by key.

    Raises:
        FileNotFoundError: for a language without a catalogue.
        chejian_cloud.console.po.CatalogueError: it can't be read.
    """
    file = resources.files("chejian_cloud.console").joinpath("translations", f"{language}.po")
    return read_po(file.read_text("utf-8"))


def translate(language: str, key: str, **values: object) -> str:
    """Text of `key` with its `{placeholders}` filled in.

    Raises:
        UnknownTextError: names key and language.
    """
    try:
        text = catalogue(language)[key]
    except KeyError:
        raise UnknownTextError(f"{language}.po has no text {key!r}") from None
    return text.format(**values)


def language_of(value: str | None) -> str | None:
    """Language tag meant by `value` ("zh", "zh-CN", "en", any case); None when it names none of ours."""
    wanted = (value or "").strip().lower()
    return next((tag for tag, short in LANGUAGES.items() if wanted in {tag.lower(), short}), None)


def choose(request: Request) -> str:
    """Language of a request: `?lang=`, else the cookie, else Chinese; unknown values count as absent."""
    asked = language_of(request.query_params.get("lang"))
    return asked or language_of(request.cookies.get(COOKIE)) or DEFAULT_LANGUAGE
