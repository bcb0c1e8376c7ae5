"""The workshop's calendar as stretches of time; windows are told in local time, results in milliseconds since 1970 UTC."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from chejian_simulators.plant import CalendarConfig, DayWindow

Span = tuple[int, int]
"""Half-open [start, end) in milliseconds since 1970-01-01 UTC."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def to_datetime(time_ms: int) -> datetime:
    """Exact UTC time of a millisecond count."""
    return _EPOCH + timedelta(milliseconds=time_ms)


def to_ms(moment: datetime) -> int:
    """Milliseconds since 1970 of an aware time, rounded down."""
    return (moment - _EPOCH) // timedelta(milliseconds=1)


def local_hour(time_ms: int, timezone: str) -> int:
    """Hour of the local day, 0 to 23."""
    return to_datetime(time_ms).astimezone(ZoneInfo(timezone)).hour


def spans(window: DayWindow, timezone: str, from_ms: int) -> Iterator[Span]:
    """All stretches of a daily window that end after `from_ms`, in order, without end.

    A window that crosses midnight belongs to the day it starts on.
    """
    zone = ZoneInfo(timezone)
    day = (to_datetime(from_ms).astimezone(zone) - timedelta(days=2)).date()
    while True:
        start = datetime.combine(day, window.start_time, zone)
        end_day = day if window.end_time > window.start_time else day + timedelta(days=1)
        end = datetime.combine(end_day, window.end_time, zone)
        if to_ms(end) > from_ms:
            yield to_ms(start), to_ms(end)
        day += timedelta(days=1)


def planned_stops(calendar: CalendarConfig, from_ms: int) -> Iterator[Span]:
    """Planned stops that end after `from_ms`, merged from all windows in order of their start, without end."""
    sources = [spans(window, calendar.timezone, from_ms) for window in calendar.planned_stop]
    heads = [next(source) for source in sources]
    while heads:
        first = min(range(len(heads)), key=lambda i: heads[i])
        yield heads[first]
        heads[first] = next(sources[first])
