"""`/healthz`, `/readyz` and `/metrics` of the API process, and the counting of its requests."""

import time
from collections.abc import Mapping

from chejian_contract.health import Metrics
from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, PlainTextResponse
from sqlalchemy.exc import SQLAlchemyError
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from chejian_cloud.config import API_PREFIX
from chejian_cloud.db.edition import detect_edition
from chejian_cloud.db.revision import current, head

router = APIRouter(include_in_schema=False)


@router.get("/healthz")
def healthz() -> Mapping[str, str]:
    """Alive: the process answers."""
    return {"status": "ok"}


@router.get("/readyz")
def readyz(request: Request) -> JSONResponse:
    """Ready: the database answers and has the schema that this version needs."""
    needed = head()
    try:
        with request.app.state.engine.begin() as connection:
            found, store = current(connection), detect_edition(connection).value
    except SQLAlchemyError as error:
        return JSONResponse({"ready": False, "database": str(error).splitlines()[0]}, status_code=503)
    ready = found == needed
    return JSONResponse(
        {"ready": ready, "schema": found, "needed": needed, "store": store}, status_code=200 if ready else 503
    )


@router.get("/metrics")
def metrics(request: Request) -> PlainTextResponse:
    """Prometheus text."""
    return PlainTextResponse(request.app.state.metrics.render(), media_type="text/plain; version=0.0.4")


class RequestMetrics:
    """ASGI middleware that counts requests and their seconds by method, route and status."""

    def __init__(self, app: ASGIApp, *, metrics: Metrics) -> None:
        metrics.declare("chejian_cloud_http_requests_total", "counter", "Requests answered.")
        metrics.declare("chejian_cloud_http_seconds_total", "counter", "Seconds until the response began.")
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on and count its response."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = time.perf_counter()

        async def counted(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._count(scope, message["status"], time.perf_counter() - began)
            await send(message)

        await self._app(scope, receive, counted)

    def _count(self, scope: Scope, status: int, seconds: float) -> None:
        labels = {"method": scope["method"], "route": _route_of(scope), "status": str(status)}
        self._metrics.add("chejian_cloud_http_requests_total", **labels)
        self._metrics.add("chejian_cloud_http_seconds_total", seconds, **labels)


def _route_of(scope: Scope) -> str:
    """The route's path template with the API's prefix, "other" where no route was found; never a path that was asked for."""
    path = str(getattr(scope.get("route"), "path", "other"))
    below = scope["path"].startswith(API_PREFIX) and path != "other"
    return API_PREFIX + path if below and not path.startswith(API_PREFIX) else path
