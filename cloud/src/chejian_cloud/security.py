"""Security headers on every response, and limits of request bodies; as plain ASGI, so that streams are not buffered."""

import asyncio
from collections.abc import MutableMapping
from http import HTTPStatus
from typing import Any

from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

HEADERS = {
    "Content-Security-Policy": "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}
"""Everything the pages load comes from this origin; nothing may frame them. A route may set its own value first."""


LARGEST_BODY = 16 * 1024 * 1024
"""[byte] A table of 20,000 orders as JSON has 6 MB."""
BODY_SECONDS = 30.0
"""[s] in which a body has to arrive; the largest one then needs 4.5 Mbit/s."""


class BodyLimits:
    """ASGI middleware that refuses bodies that are too large (413) or take too long (408).

    Args:
        app: what answers.
        largest: [byte] of a body.
        seconds: [s] in which it has to be here.
    """

    def __init__(self, app: ASGIApp, *, largest: int = LARGEST_BODY, seconds: float = BODY_SECONDS) -> None:
        self._app, self._largest, self._seconds = app, largest, seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on with a body that is watched."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        deadline = asyncio.get_running_loop().time() + self._seconds
        size, complete = 0, False

        async def watched() -> Message:
            nonlocal size, complete
            if complete:  # what follows is the browser's leaving, whenever that is
                return await receive()
            try:
                async with asyncio.timeout_at(deadline):
                    message = await receive()
            except TimeoutError:
                raise _refusal(
                    HTTPStatus.REQUEST_TIMEOUT, f"the body was not here after {self._seconds:g} s"
                ) from None
            size += len(message.get("body", b""))
            complete = not message.get("more_body", False)
            if size > self._largest:
                raise _refusal(
                    HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"a body may have {self._largest} bytes at most"
                )
            return message

        await self._app(scope, watched, send)


def _refusal(status: HTTPStatus, detail: str) -> HTTPException:
    return HTTPException(status, detail, headers={"Connection": "close"})


class SecurityHeaders:
    """ASGI middleware that adds `HEADERS` where a response has not set them itself."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on and add the headers to the response's start."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                _add(message)
            await send(message)

        await self._app(scope, receive, send_with_headers)


def _add(message: MutableMapping[str, Any]) -> None:
    headers = MutableHeaders(scope=message)
    for name, value in HEADERS.items():
        headers.setdefault(name, value)
