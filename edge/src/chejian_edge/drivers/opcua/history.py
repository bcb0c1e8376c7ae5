"""HistoryRead in bounded pages."""

from collections.abc import AsyncIterator
from datetime import datetime

from asyncua import ua
from asyncua.client.ua_session import UaSession
from asyncua.ua.status_codes import StatusCodes

from chejian_edge.driver import HistoryPage, HistoryUnavailableError
from chejian_edge.drivers.opcua.values import from_ms, reading_of, to_ms
from chejian_edge.errors import SourceError

_UNAVAILABLE = frozenset(
    {
        StatusCodes.BadHistoryOperationUnsupported,
        StatusCodes.BadHistoryOperationInvalid,
        StatusCodes.BadServiceUnsupported,
        StatusCodes.BadNotImplemented,
        StatusCodes.BadUserAccessDenied,
        StatusCodes.BadNotReadable,
        StatusCodes.BadNodeIdUnknown,
    }
)
_EMPTY = frozenset({StatusCodes.GoodNoData, StatusCodes.BadNoData, StatusCodes.BadBoundNotFound})


async def read_pages(
    session: UaSession, node: ua.NodeId, key: int, *, start_ms: int, end: datetime, page: int
) -> AsyncIterator[HistoryPage]:
    """Yield the raw history of `node` from `start_ms` to `end`, oldest first.

    Follows continuation points. A server that cuts at the page size without giving one (asyncua does) is asked again
    from the last source time on; the readings that come twice are repeats.

    Raises:
        HistoryUnavailableError: the server keeps no history of the node.
        SourceError: it answers with another bad status.
    """
    point: bytes | None = None
    start, size = start_ms, page
    while True:
        result = await _read(session, node, from_ms(start), end, size, point)
        values = _values(result)
        readings = [reading_of(key, value) for value in values]
        point = result.ContinuationPoint or None
        if point is None and len(values) >= size:
            last = max(
                (to_ms(v.SourceTimestamp) for v in values if v.SourceTimestamp is not None), default=start
            )
            size = page if last > start else size * 4  # a whole page within one millisecond
            start = max(start, last)
            yield HistoryPage(readings, last=False)
            continue
        yield HistoryPage(readings, last=point is None)
        if point is None:
            return


async def _read(
    session: UaSession, node: ua.NodeId, start: datetime, end: datetime, size: int, point: bytes | None
) -> ua.HistoryReadResult:
    details = ua.ReadRawModifiedDetails()
    details.IsReadModified = False
    details.StartTime, details.EndTime = start, end
    details.NumValuesPerNode = size
    details.ReturnBounds = False
    wanted = ua.HistoryReadValueId()
    wanted.NodeId = node
    wanted.IndexRange = ""
    wanted.ContinuationPoint = point
    params = ua.HistoryReadParameters()
    params.HistoryReadDetails = details
    params.TimestampsToReturn = ua.TimestampsToReturn.Both
    params.ReleaseContinuationPoints = False
    params.NodesToRead.append(wanted)
    results = await session.history_read(params)
    return results[0]


def _values(result: ua.HistoryReadResult) -> list[ua.DataValue]:
    code = result.StatusCode.value
    if code in _UNAVAILABLE:
        raise HistoryUnavailableError(result.StatusCode.name)
    if code in _EMPTY:
        return []
    if not result.StatusCode.is_good():
        raise SourceError(f"HistoryRead: {result.StatusCode.name}")
    return list(result.HistoryData.DataValues or ())
