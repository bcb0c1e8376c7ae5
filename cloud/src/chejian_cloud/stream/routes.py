"""HTTP routes of the live overviews."""

from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Annotated, Literal

from fastapi import APIRouter, Header, Query, Request
from fastapi.responses import Response, StreamingResponse

from chejian_cloud.registry.scope import InScope
from chejian_cloud.stream.looks import ALL_WORKSHOPS, View
from chejian_cloud.stream.schemas import OverviewOut, WorkshopsOut
from chejian_cloud.stream.service import OverviewStream

router = APIRouter(tags=["overview"])

RETRY_MS = 2000
"""[ms] after which a browser reconnects a broken stream."""
_HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}


@router.get("/overview", response_model=OverviewOut)
async def get_overview(request: Request, scope: InScope) -> Response:
    """The machines of a workshop or a line (default: all) at this moment: state, shift KPIs, newest diagnosis."""
    return await _now(request, View(scope))


@router.get("/workshops-now", response_model=WorkshopsOut)
async def get_workshops_now(request: Request) -> Response:
    """All workshops in short: machines by state, OEE of the running shift, faults, damages and silence by name."""
    return await _now(request, ALL_WORKSHOPS)


async def _now(request: Request, view: View) -> Response:
    stream: OverviewStream = request.app.state.stream
    return Response(await stream.read(view), media_type="application/json")


@router.get(
    "/stream",
    response_class=StreamingResponse,
    responses={
        200: {
            "content": {"text/event-stream": {}},
            "description": "Events `overview` (an OverviewOut each) or `workshops` (a WorkshopsOut each).",
        }
    },
)
async def get_stream(
    request: Request,
    scope: InScope,
    view: Annotated[Literal["machines", "workshops"], Query(description="What is told.")] = "machines",
    last_event_id: Annotated[str | None, Header(max_length=200)] = None,
) -> StreamingResponse:
    """A view at once and at each change, at most one a second, as server-sent events; a comment every 15 s."""
    watched = ALL_WORKSHOPS if view == "workshops" else View(scope)
    events = _events(request.app.state.stream, watched, last_event_id)
    return StreamingResponse(events, media_type="text/event-stream", headers=_HEADERS)


async def _events(stream: OverviewStream, view: View, last_event_id: str | None) -> AsyncIterator[str]:
    name = "workshops" if view.in_short else "overview"
    yield f"retry: {RETRY_MS}\n\n"
    async with aclosing(stream.updates(last_event_id, view)) as updates:
        async for update in updates:
            if update is None:
                yield ": still here\n\n"
            else:
                event_id, payload = update
                yield f"id: {event_id}\nevent: {name}\ndata: {payload}\n\n"
