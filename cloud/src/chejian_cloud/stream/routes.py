"""HTTP routes of the live overview."""

from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Annotated

from fastapi import APIRouter, Header, Request
from fastapi.responses import StreamingResponse

from chejian_cloud.stream.schemas import OverviewOut
from chejian_cloud.stream.service import OverviewStream

router = APIRouter(tags=["overview"])

RETRY_MS = 2000
"""[ms] after which a browser reconnects a broken stream."""
_HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}


@router.get("/overview")
async def get_overview(request: Request) -> OverviewOut:
    """All equipment at this moment: state, shift KPIs, newest diagnosis."""
    stream: OverviewStream = request.app.state.stream
    return await stream.read()


@router.get(
    "/stream",
    response_class=StreamingResponse,
    responses={
        200: {"content": {"text/event-stream": {}}, "description": "Events `overview`: an OverviewOut each."}
    },
)
async def get_stream(
    request: Request, last_event_id: Annotated[str | None, Header(max_length=200)] = None
) -> StreamingResponse:
    """The overview at once and at each change, at most one a second, as server-sent events; a comment every 15 s."""
    events = _events(request.app.state.stream, last_event_id)
    return StreamingResponse(events, media_type="text/event-stream", headers=_HEADERS)


async def _events(stream: OverviewStream, last_event_id: str | None) -> AsyncIterator[str]:
    yield f"retry: {RETRY_MS}\n\n"
    async with aclosing(stream.updates(last_event_id)) as updates:
        async for update in updates:
            if update is None:
                yield ": still here\n\n"
            else:
                event_id, payload = update
                yield f"id: {event_id}\nevent: overview\ndata: {payload}\n\n"
