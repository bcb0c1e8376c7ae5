"""OPC UA HistoryRead (raw) out of the model's own list of changes.

OPC 10000-11, 6.5.3 (ReadRawModifiedDetails). Continuation points hold the whole position, so any number of them may be
open, they survive a new session, and releasing one is nothing to do.
"""

import asyncio
import struct
from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from asyncua import ua
from asyncua.server.history import HistoryManager
from asyncua.server.internal_server import InternalServer
from asyncua.ua.status_codes import StatusCodes
from chejian_contract.signals import DataType

from chejian_simulators.history import Series
from chejian_simulators.opcua_values import data_value
from chejian_simulators.shifts import to_ms

PAGE_VALUES = 2_000
"""Most scalar values of one answer: about 12 ms of encoding (measured), during which nothing else is served."""
PAGE_BLOCKS = 4
"""Most waveform blocks of one answer: about 2 MB, 10 ms of encoding (measured)."""
YIELD_EVERY = 200
"""Values made between two chances for other work of the server."""

_POSITION = struct.Struct("<qqb")  # next and last (inclusive) change, counted from the epoch on, and step


@dataclass(frozen=True, slots=True)
class HistorySource:
    """Where the history of one node is.

    Attributes:
        series: the signal's past; grows at its end only.
        kind: data type of the signal.
    """

    series: Series
    kind: DataType


class ModelHistory(HistoryManager):
    """History manager of an asyncua server that reads from the model.

    Args:
        iserver: the server's core.
        sources: by node id; a node without history is not in it.
    """

    def __init__(self, iserver: InternalServer, sources: Mapping[ua.NodeId, HistorySource]) -> None:
        super().__init__(iserver)
        self._sources = sources

    async def read_history(self, params: ua.HistoryReadParameters) -> list[ua.HistoryReadResult]:
        """Answer a HistoryRead request; each node has its own result and status."""
        details = params.HistoryReadDetails
        results = []
        for node in params.NodesToRead:
            if params.ReleaseContinuationPoints:
                results.append(ua.HistoryReadResult(HistoryData=ua.HistoryData()))
            elif isinstance(details, ua.ReadRawModifiedDetails) and not details.IsReadModified:
                results.append(await self._read(node, details))
            else:
                results.append(_refusal(StatusCodes.BadHistoryOperationUnsupported))
        return results

    async def _read(
        self, node: ua.HistoryReadValueId, details: ua.ReadRawModifiedDetails
    ) -> ua.HistoryReadResult:
        source = self._sources.get(node.NodeId)
        if source is None:
            return _refusal(StatusCodes.BadHistoryOperationUnsupported)
        try:
            if node.ContinuationPoint:
                first, last, step = _position(node.ContinuationPoint, source.series)
            else:
                first, last, step = locate(source.series.times, details)
        except struct.error:
            return _refusal(StatusCodes.BadContinuationPointInvalid)
        except ValueError:
            return _refusal(StatusCodes.BadHistoryOperationInvalid)
        return await _page(source, details.NumValuesPerNode, first, last, step)


def locate(times: Sequence[int], details: ua.ReadRawModifiedDetails) -> tuple[int, int, int]:
    """Indices that a request spans.

    The start belongs to the range; the end does so when bounds are asked for or both are equal (OPC 10000-11, 6.5.3.2).
    Without an end the answer goes forward from the start, without a start backward from the end; a start after the end
    is read backward.

    Args:
        times: source times of the node [ms], ascending.
        details: the request.

    Returns:
        First index, last index (inclusive) and step +1 or -1; first beyond last in the step's direction means nothing.

    Raises:
        ValueError: when both times are missing, or one is and no number of values is given.
    """
    start, end = _given(details.StartTime), _given(details.EndTime)
    inclusive = details.ReturnBounds or start == end
    if (start is None or end is None) and not details.NumValuesPerNode:
        raise ValueError("a range without start or end needs a number of values")
    if start is None:
        if end is None:
            raise ValueError("a range needs a start or an end")
        return bisect_right(times, _floor(end)) - 1, 0, -1
    if end is None:
        return bisect_left(times, _ceil(start)), len(times) - 1, 1
    if start > end:
        oldest = bisect_left(times, _ceil(end)) if inclusive else bisect_right(times, _floor(end))
        return bisect_right(times, _floor(start)) - 1, oldest, -1
    newest = bisect_right(times, _floor(end)) if inclusive else bisect_left(times, _ceil(end))
    return bisect_left(times, _ceil(start)), newest - 1, 1


async def _page(source: HistorySource, wanted: int, first: int, last: int, step: int) -> ua.HistoryReadResult:
    most = PAGE_BLOCKS if source.kind is DataType.FLOAT_ARRAY else PAGE_VALUES
    number = min(wanted or most, most, max(0, (last - first) * step + 1))
    if not number:
        return ua.HistoryReadResult(
            StatusCode=ua.StatusCode(ua.UInt32(StatusCodes.GoodNoData)), HistoryData=ua.HistoryData()
        )
    series = source.series
    following, gone = first + step * number, series.forgotten
    picked = [
        (series.values[i], series.times[i]) for i in range(first, following, step)
    ]  # forgetting moves them
    found = []
    for done, (value, time_ms) in enumerate(picked):
        found.append(data_value(value, time_ms, source.kind))
        if source.kind is DataType.FLOAT_ARRAY or done % YIELD_EVERY == YIELD_EVERY - 1:
            await asyncio.sleep(0)
    more = (last - following) * step >= 0
    return ua.HistoryReadResult(
        ContinuationPoint=_POSITION.pack(following + gone, last + gone, step) if more else None,
        HistoryData=ua.HistoryData(DataValues=found),
    )


def _position(point: bytes, series: Series) -> tuple[int, int, int]:
    first, last, step = _POSITION.unpack(point)
    first, last = first - series.forgotten, last - series.forgotten
    length = len(series.times)
    if step not in (-1, 1) or not (0 <= first < length and 0 <= last < length):
        raise struct.error("a position outside the history")
    return first, last, step


def _given(moment: datetime | None) -> datetime | None:
    return None if moment is None or moment <= ua.get_win_epoch() else moment


def _floor(moment: datetime) -> int:
    return to_ms(moment)


def _ceil(moment: datetime) -> int:
    return to_ms(moment + timedelta(microseconds=999))


def _refusal(code: int) -> ua.HistoryReadResult:
    return ua.HistoryReadResult(StatusCode=ua.StatusCode(ua.UInt32(code)), HistoryData=ua.HistoryData())
