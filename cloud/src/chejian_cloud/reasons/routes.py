"""HTTP routes of reasons."""

from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Depends, Query

from chejian_cloud.db.engine import ReadSession, WriteSession
from chejian_cloud.jsontypes import From, To, time_range
from chejian_cloud.once import Once
from chejian_cloud.paging import Page, paging
from chejian_cloud.reasons import service, stops
from chejian_cloud.reasons.schemas import (
    AssignIn,
    ChangeOut,
    CommentIn,
    ReasonOut,
    SplitIn,
    StopOut,
    UndoIn,
)
from chejian_cloud.registry.routes import EquipmentId

router = APIRouter(tags=["reasons"])

DEFAULT = timedelta(hours=24)
LONGEST = timedelta(days=31)
ChangesPage = Annotated[Page, Depends(paging({"change_id": int}, default=1000))]
Minor = Annotated[
    float, Query(alias="minor", ge=0, le=86_400, description="[s] Shorter stops need no reason.")
]
DEFAULT_MINOR = 300.0
"""[s] Five minutes, the usual line between minor stops and downtime."""


@router.get("/reasons")
def get_reasons(session: ReadSession) -> list[ReasonOut]:
    """The reason tree, parents before children."""
    return service.reasons(session)


@router.get("/needs-reason")
def get_needs_reason(
    session: ReadSession,
    workshop: Annotated[str | None, Query(description="Code of a workshop.")] = None,
    start: From = None,
    end: To = None,
    minor: Minor = DEFAULT_MINOR,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> list[StopOut]:
    """Stops that nobody has explained (default: of the last 24 hours), the longest first."""
    period = time_range(start, end, default=DEFAULT, longest=LONGEST)
    return stops.needs_reason(session, period, minor=timedelta(seconds=minor), workshop=workshop, limit=limit)


@router.get("/equipment/{equipment_id}/stops")
def get_stops(
    session: ReadSession,
    equipment_id: EquipmentId,
    start: From = None,
    end: To = None,
    minor: Minor = DEFAULT_MINOR,
    unexplained: Annotated[bool, Query(description="Only those that need a reason.")] = False,
) -> list[StopOut]:
    """Stops of a range (default: the last 24 hours) with their reasons, cut where those change."""
    period = time_range(start, end, default=DEFAULT, longest=LONGEST)
    return stops.stops_of(
        session, equipment_id, period, minor=timedelta(seconds=minor), unexplained=unexplained
    )


@router.get("/equipment/{equipment_id}/stop-reasons")
def get_journal(
    session: ReadSession,
    page: ChangesPage,
    equipment_id: EquipmentId,
    start: From = None,
    end: To = None,
) -> list[ChangeOut]:
    """The journal of a range (default: the last 24 hours), newest first, undone lines too."""
    period = time_range(start, end, default=DEFAULT, longest=LONGEST)
    return page.cut(service.journal(session, equipment_id, period, page.part))


@router.post("/equipment/{equipment_id}/stop-reasons/assign", status_code=201)
def post_assign(session: WriteSession, once: Once, equipment_id: EquipmentId, body: AssignIn) -> int:
    """Give a reason to a span; answers the id of the change."""
    return once.do(session, lambda: service.assign(session, equipment_id, body))


@router.post("/equipment/{equipment_id}/stop-reasons/split", status_code=201)
def post_split(session: WriteSession, once: Once, equipment_id: EquipmentId, body: SplitIn) -> int:
    """Cut a span into parts with reasons of their own; answers the id of the change."""
    return once.do(session, lambda: service.split(session, equipment_id, body))


@router.post("/equipment/{equipment_id}/stop-reasons/comment", status_code=201)
def post_comment(session: WriteSession, once: Once, equipment_id: EquipmentId, body: CommentIn) -> int:
    """Comment on a span; answers the id of the change."""
    return once.do(session, lambda: service.comment(session, equipment_id, body))


@router.post("/equipment/{equipment_id}/stop-reasons/undo", status_code=201)
def post_undo(session: WriteSession, once: Once, equipment_id: EquipmentId, body: UndoIn) -> int:
    """Take a change back; answers the id of the new line."""
    return once.do(session, lambda: service.undo(session, equipment_id, body))
