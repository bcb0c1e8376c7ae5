"""HTTP routes of lines."""

from datetime import timedelta

from fastapi import APIRouter

from chejian_cloud.db.engine import ReadSession
from chejian_cloud.jsontypes import From, To, time_range
from chejian_cloud.lines import service
from chejian_cloud.lines.schemas import LineOutputOut
from chejian_cloud.registry.routes import LineId

router = APIRouter(tags=["lines"])

DEFAULT = timedelta(hours=24)
LONGEST = timedelta(days=7)
"""A week of samples of a line's counters, read for each answer."""


@router.get("/lines/{line_id}/output")
def get_output(session: ReadSession, line_id: LineId, start: From = None, end: To = None) -> LineOutputOut:
    """Output of a line by hour and product (default: the last 24 hours), with the completeness of each hour."""
    return service.output_of(session, line_id, time_range(start, end, default=DEFAULT, longest=LONGEST))
