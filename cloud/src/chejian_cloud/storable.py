"""Refuses what no row can hold before a route sees it: NUL, halves of surrogate pairs, and numbers that are none."""

import json
import math
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from fastapi import Request

from chejian_cloud.errors import InvalidValueError

_SUSPECT: Final = re.compile(rb"\\u|NaN|Infinity|[eE]\+?\d{3}|\x00")
"""Bytes without which a JSON body is storable; large bodies are not walked for nothing."""
_TEXT: Final = re.compile("[\x00\ud800-\udfff]")
_ALLOWED: Final = "text without the character NUL and without halves of surrogate pairs"
_LONGEST: Final = 200
"""Characters of a wrong value that an answer repeats."""
_LONGEST_NUMBER: Final = 63
"""Bits of a number that it repeats."""
_FORM: Final = "application/x-www-form-urlencoded"


def is_storable(text: str) -> bool:
    """Whether a column of text takes it."""
    return not _TEXT.search(text)


async def refuse_unstorable(request: Request) -> None:
    """FastAPI dependency of every route.

    Raises:
        InvalidValueError: names the parameter, or the place in the body.
    """
    for key, value in (*request.path_params.items(), *request.query_params.multi_items()):
        if not (is_storable(key) and is_storable(str(value))):  # the journal keeps names, too
            raise InvalidValueError(str(shown(key)), shown(value), _ALLOWED)
    body = await request.body()
    kind = request.headers.get("content-type", "").split(";")[0].strip().lower()
    if kind == _FORM and (b"%00" in body or b"\x00" in body):
        raise InvalidValueError("body", "NUL", _ALLOWED)
    if kind == "application/json" and body and _SUSPECT.search(body):
        for key, value in _leaves(_parsed(body)):
            _check(key, value)


def shown(value: Any) -> Any:
    """A wrong value as an answer can repeat it: short, and always JSON."""
    if isinstance(value, int) and value.bit_length() > _LONGEST_NUMBER:
        return f"a number of {value.bit_length()} bits"
    if value is None or isinstance(value, int):
        return value
    if isinstance(value, float) and math.isfinite(value):
        return value
    text = value if isinstance(value, str) else repr(value)
    text = _TEXT.sub("\ufffd", text)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


def _check(key: str, value: object) -> None:
    if isinstance(value, str) and not is_storable(value):
        raise InvalidValueError(key, shown(value), _ALLOWED)
    if isinstance(value, float) and not math.isfinite(value):
        raise InvalidValueError(key, shown(value), "a finite number")


def _parsed(body: bytes) -> Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        raise InvalidValueError("body", shown(body), "JSON") from None


def _leaves(value: Any, key: str = "") -> Iterator[tuple[str, Any]]:
    """Keys and values of a JSON document, keys as values too; depth is bounded by the parser's own limit."""
    if isinstance(value, Mapping):
        for name, inner in value.items():
            yield key or "body", name
            yield from _leaves(inner, f"{key}.{name}" if key else name)
    elif isinstance(value, list):
        for place, inner in enumerate(value):
            yield from _leaves(inner, f"{key}.{place}" if key else str(place))
    else:
        yield key or "body", value
