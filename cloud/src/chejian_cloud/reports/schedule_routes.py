"""HTTP routes of scheduled reports and of the files that were made."""

from datetime import datetime
from typing import Annotated, Final, Literal

from fastapi import APIRouter, Depends, Path, Query, Response

from chejian_cloud.clock import utc_now
from chejian_cloud.db.engine import ReadSession, WriteSession
from chejian_cloud.kpi.export import FORMATS
from chejian_cloud.once import Once
from chejian_cloud.paging import Page, paging
from chejian_cloud.reasons.schemas import UserName
from chejian_cloud.registry.scope import MAX_ID
from chejian_cloud.reports import schedules
from chejian_cloud.reports.file import MEDIA_TYPE
from chejian_cloud.reports.schedule_schemas import ReportOut, ScheduleChange, ScheduleIn, ScheduleOut, Window

router = APIRouter(tags=["reports"])

ScheduleId = Annotated[int, Path(ge=1, le=MAX_ID, description="Id of the schedule.", examples=[1])]
ReportId = Annotated[int, Path(ge=1, le=MAX_ID, description="Id of the report.", examples=[1])]
OfWorkshop = Annotated[int | None, Query(ge=1, le=MAX_ID, description="Only this workshop's.")]
SchedulesPage = Annotated[Page, Depends(paging({"report_schedule_id": int}))]
ReportsPage = Annotated[Page, Depends(paging({"end": datetime, "stored_report_id": int}))]
_MEDIA: Final = {"pdf": MEDIA_TYPE, "xlsx": FORMATS["xlsx"][1]}


@router.get("/report-schedules")
def get_schedules(
    session: ReadSession, page: SchedulesPage, workshop_id: OfWorkshop = None
) -> list[ScheduleOut]:
    """Which reports are made by themselves, whenever a shift, a day or a month has ended."""
    return page.cut(schedules.schedules_of(session, workshop_id, page.part))


@router.post("/report-schedules", status_code=201)
def post_schedule(session: WriteSession, once: Once, body: ScheduleIn) -> int:
    """Let the report of each window be made that ends from now on; answers the schedule's id."""
    return once.do(session, lambda: schedules.add(session, body, utc_now()))


@router.put("/report-schedules/{schedule_id}", status_code=204)
def put_schedule(session: WriteSession, schedule_id: ScheduleId, body: ScheduleChange) -> None:
    """Change a schedule, or let it rest."""
    schedules.change(session, schedule_id, body, utc_now())


@router.delete("/report-schedules/{schedule_id}", status_code=204)
def delete_schedule(
    session: WriteSession,
    schedule_id: ScheduleId,
    user_name: Annotated[UserName, Query(examples=["王工"])],  # noqa: ARG001 - the journal keeps it
) -> None:
    """Take a schedule out; reports that were made stay as long as they were to be kept."""
    schedules.remove(session, schedule_id)


@router.get("/stored-reports")
def get_reports(
    session: ReadSession,
    page: ReportsPage,
    workshop_id: OfWorkshop = None,
    window: Annotated[Window | None, Query(description="Only of this kind of window.")] = None,
    state: Annotated[
        Literal["due", "made", "failed"] | None, Query(description="Only in this state.")
    ] = None,
) -> list[ReportOut]:
    """Reports that were made by a schedule, that are due, or that were given up; the newest window first."""
    return page.cut(schedules.reports_of(session, workshop_id, window, state, page.part))


@router.get(
    "/stored-reports/{report_id}/file",
    response_class=Response,
    responses={
        200: {
            "content": {kind: {"schema": {"type": "string", "format": "binary"}} for kind in _MEDIA.values()}
        }
    },
)
def get_file(session: ReadSession, report_id: ReportId) -> Response:
    """The file of a report, as it was made."""
    found = schedules.file_of(session, report_id)
    stem = f"{found.window_kind}-{found.workshop_id}-{found.start:%Y%m%d%H%M}"
    headers = {
        "Content-Disposition": f'attachment; filename="{stem}.{found.format}"',
        "Cache-Control": "private, no-cache",
        "ETag": f'"{found.sha256}"',
    }
    return Response(found.content, media_type=_MEDIA[found.format], headers=headers)


@router.post("/stored-reports/{report_id}/retry", status_code=204)
def post_retry(
    session: WriteSession,
    once: Once,
    report_id: ReportId,
    user_name: Annotated[UserName, Query(examples=["王工"])],  # noqa: ARG001 - the journal keeps it
) -> None:
    """Let a report be tried again that was given up."""
    once.do(session, lambda: schedules.again(session, report_id, utc_now()))
