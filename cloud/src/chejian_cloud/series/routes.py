"""HTTP routes of signals and samples."""

from datetime import timedelta
from typing import Annotated, Literal

from fastapi import APIRouter, Path, Query
from fastapi.responses import StreamingResponse

from chejian_cloud.db.engine import ReadSession
from chejian_cloud.jsontypes import From, To, time_range
from chejian_cloud.registry.routes import EquipmentId
from chejian_cloud.registry.scope import MAX_ID, InScope
from chejian_cloud.series import service
from chejian_cloud.series.files import FORMATS
from chejian_cloud.series.schemas import BucketsOut, LatestOut, SamplesOut, SignalOut

router = APIRouter(tags=["series"])

DEFAULT = timedelta(hours=1)


@router.get("/equipment/{equipment_id}/signals")
def get_signals(session: ReadSession, equipment_id: EquipmentId) -> list[SignalOut]:
    """Signals of an equipment with their newest values; retired ones last."""
    return service.signals_of(session, equipment_id)


@router.get("/latest")
def get_latest(session: ReadSession, scope: InScope) -> list[LatestOut]:
    """Newest sample and product of every machine of a workshop or a line."""
    return service.latest_in(session, scope)


@router.get("/series/{series_id}/samples")
def get_samples(
    session: ReadSession,
    series_id: Annotated[int, Path(ge=1, le=MAX_ID, examples=[7])],
    start: From = None,
    end: To = None,
    max_points: Annotated[int, Query(ge=2, le=20_000, description="Most points in the answer.")] = 2000,
) -> SamplesOut:
    """Samples of a range (default: the last hour); above `max_points` the minimum and maximum of each time bucket."""
    period = time_range(start, end, default=DEFAULT, longest=service.LONGEST)
    return service.samples_of(session, series_id, period, max_points)


@router.get("/series/{series_id}/samples/buckets")
def get_buckets(
    session: ReadSession,
    series_id: Annotated[int, Path(ge=1, le=MAX_ID, examples=[7])],
    start: From = None,
    end: To = None,
    width: Annotated[Literal["1m", "1h"], Query(description="Of a bucket, in UTC.")] = "1h",
) -> BucketsOut:
    """Mean, minimum, maximum and counts of a series by minute or hour in a range (default: the last day).

    Buckets that begin in the range and have ended; they stay when raw samples have gone. Minutes: of series with a role, at most
    7 days at a time.
    """
    period = time_range(start, end, default=timedelta(days=1))
    return service.buckets_of(session, series_id, width, period)


@router.get(
    "/series/{series_id}/samples/file",
    response_class=StreamingResponse,
    responses={
        200: {
            "content": {
                "text/csv": {"schema": {"type": "string"}},
                FORMATS["arrow"].media_type: {"schema": {"type": "string", "format": "binary"}},
            }
        }
    },
)
def get_samples_file(
    session: ReadSession,
    series_id: Annotated[int, Path(ge=1, le=MAX_ID, examples=[7])],
    start: From = None,
    end: To = None,
    form: Annotated[Literal["csv", "arrow"], Query(alias="format", examples=["arrow"])] = "csv",
) -> StreamingResponse:
    """All samples of a series of numbers in a range (default: the last hour; at most 31 days), streamed.

    As CSV, or in the stream format of Apache Arrow: columns `time`, `value` (null where not usable) and `quality`; the
    schema's metadata tell `series_id`, `name` and `unit`.
    """
    period = time_range(start, end, default=DEFAULT, longest=service.LONGEST)
    chosen = FORMATS[form]
    name = f"samples-{series_id}-{period.start:%Y%m%d%H%M}.{chosen.suffix}"
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    parts = service.file_of(session, series_id, period, chosen)
    return StreamingResponse(parts, media_type=chosen.media_type, headers=headers)
