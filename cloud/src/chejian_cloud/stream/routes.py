"""HTTP routes of the live overviews."""

from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing
from time import monotonic
from typing import Annotated, Literal

from fastapi import APIRouter, Header, Query, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import Response, StreamingResponse

from chejian_cloud.access.authorize import still_allowed
from chejian_cloud.registry.scope import EVERYTHING, InScope
from chejian_cloud.stream.looks import View
from chejian_cloud.stream.schemas import OverviewOut, WorkshopsOut
from chejian_cloud.stream.service import OverviewStream

router = APIRouter(tags=["overview"])

RETRY_MS = 2000
"""[ms] after which a browser reconnects a broken stream."""
CHECK_SECONDS = 20.0
"""[s] after which it is looked whether the caller may still see what is streamed: log-out and lost roles end it."""
PART_BYTES = 64 * 1024
"""[byte] of an event that are handed to the server at once; it waits when as many are on their way."""
_HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}


@router.get("/overview", response_model=OverviewOut)
async def get_overview(request: Request, scope: InScope) -> Response:
    """The machines of a workshop or a line (default: all) at this moment: state, shift KPIs, newest diagnosis."""
    return await _now(request, View(scope, rows=request.state.rows))


@router.get("/workshops-now", response_model=WorkshopsOut)
async def get_workshops_now(request: Request) -> Response:
    """All workshops in short: machines by state, OEE of the running shift, faults, damages and silence by name."""
    return await _now(request, View(in_short=True, rows=request.state.rows))


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
    in_short = view == "workshops"
    watched = View(EVERYTHING if in_short else scope, in_short=in_short, rows=request.state.rows)
    events = _events(request, watched, last_event_id)
    return StreamingResponse(events, media_type="text/event-stream", headers=_HEADERS)


async def _events(
    request: Request, view: View, last_event_id: str | None
) -> AsyncIterator[bytes | memoryview]:
    """Events until the browser leaves or is logged out; then it asks again, and is told so."""
    stream: OverviewStream = request.app.state.stream
    name = "workshops" if view.in_short else "overview"
    checked = monotonic()
    yield b"retry: %d\n\n" % RETRY_MS
    async with aclosing(stream.updates(last_event_id, view)) as updates:
        async for update in updates:
            if monotonic() - checked > CHECK_SECONDS:
                if not await run_in_threadpool(still_allowed, request):
                    return
                checked = monotonic()
            if update is None:
                yield b": still here\n\n"
            else:
                event_id, payload = update
                yield f"id: {event_id}\nevent: {name}\ndata: ".encode()
                for part in _parts(payload):
                    yield part
                yield b"\n\n"


def _parts(payload: bytes) -> Iterator[memoryview]:
    """What all watchers share, in parts: of a browser that does not read, the server holds a part and not the whole."""
    whole = memoryview(payload)
    for start in range(0, len(whole), PART_BYTES):
        yield whole[start : start + PART_BYTES]
