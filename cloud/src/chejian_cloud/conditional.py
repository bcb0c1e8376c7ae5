"""Conditional requests (RFC 9110, 13): no answer is sent twice, and no edit overwrites what its editor has not seen.

Every JSON answer to a GET of the API has an `ETag`, and is 304 where `If-None-Match` names it. The ETag of something that can
be edited is `tag_of` what is told of it; its edits take `If-Match` and are refused when it has changed since.
"""

import hashlib
import json
from collections.abc import Callable
from http import HTTPStatus
from typing import Annotated, Any, Final, TypeVar

from fastapi import Depends, Header, Response
from fastapi.encoders import jsonable_encoder
from pydantic import BaseModel
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from chejian_cloud.config import API_PREFIX
from chejian_cloud.errors import ChangedSinceError

_Told = TypeVar("_Told")
_DIGITS: Final = 32


def tag_of(told: Any) -> str:
    """ETag of what an answer tells: the same for the same content, whoever serialises it."""
    return _quoted(_ENCODER.encode(told).encode())


def _plain(told: Any) -> Any:
    return told.model_dump(mode="json") if isinstance(told, BaseModel) else jsonable_encoder(told)


_ENCODER: Final = json.JSONEncoder(sort_keys=True, separators=(",", ":"), default=_plain)


def tagged(response: Response, told: _Told) -> _Told:
    """What is told, with its ETag in the answer."""
    response.headers["ETag"] = tag_of(told)
    return told


class Seen:
    """What the editor has seen before.

    Args:
        tags: of the header `If-Match`; None: the editor does not care.
    """

    def __init__(self, tags: str | None) -> None:
        self._tags = tags

    def check(self, now: Callable[[], Any]) -> None:
        """Go on when what `now()` tells is what the editor has seen. The rows have to be locked already.

        Raises:
            ChangedSinceError: it is not.
        """
        if self._tags is not None and not _names(self._tags, tag_of(now())):
            raise ChangedSinceError

    def unchanged(self, lock: Callable[[], object], now: Callable[[], Any]) -> "Check":
        """The same for the edit to call; `lock` first makes what is edited wait for the edit's end."""

        def check() -> None:
            lock()
            self.check(now)

        return check


Check = Callable[[], None]
"""Called first by an edit, and not before: a request that is wrong in itself is told so first (RFC 9110, 13.2.1)."""


async def _seen(
    if_match: Annotated[
        str | None,
        Header(
            max_length=1000,
            description="ETag of the answer that the editor has seen: 412 when something has changed since.",
        ),
    ] = None,
) -> Seen:
    return Seen(if_match)


SeenBefore = Annotated[Seen, Depends(_seen)]
"""FastAPI parameter of an edit."""


class EntityTags:
    """ASGI middleware that gives ETags to JSON answers of the API, and answers 304."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on; a stream goes through as it comes."""
        below = scope["type"] == "http" and scope["path"].startswith(f"{API_PREFIX}/")
        if not below or scope["method"] != "GET":
            await self._app(scope, receive, send)
            return
        held: Message | None = None

        async def tagging(message: Message) -> None:
            nonlocal held
            if message["type"] == "http.response.start" and _is_json(message):
                held = message
                return
            if held is not None:
                start, held = held, None
                if not message.get("more_body", False):
                    start, message = _conditional(start, message, Headers(scope=scope))
                await send(start)
            await send(message)

        await self._app(scope, receive, tagging)


def _is_json(start: Message) -> bool:
    kind = Headers(raw=start["headers"]).get("content-type", "")
    return start["status"] == HTTPStatus.OK and kind.startswith("application/json")


def _conditional(start: Message, body: Message, asked: Headers) -> tuple[Message, Message]:
    headers = MutableHeaders(raw=start["headers"])
    tag = headers.setdefault("ETag", _quoted(body.get("body", b"")))
    headers.setdefault("Cache-Control", "private, no-cache")
    headers.add_vary_header("Authorization, Cookie")
    if _names(asked.get("if-none-match", ""), tag):
        for name in ("content-length", "content-type"):
            if name in headers:
                del headers[name]
        start["status"], body = HTTPStatus.NOT_MODIFIED.value, {**body, "body": b""}
    start["headers"] = headers.raw
    return start, body


def _names(given: str, tag: str) -> bool:
    """Whether a list of ETags, weak or strong, holds one; "*" is any."""
    names = {name.strip().removeprefix("W/") for name in given.split(",")}
    return "*" in names or tag in names


def _quoted(content: bytes) -> str:
    return f'"{hashlib.sha256(content).hexdigest()[:_DIGITS]}"'
