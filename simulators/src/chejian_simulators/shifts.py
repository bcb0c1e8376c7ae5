"""The workshop's calendar as stretches of time; windows are told in local time, results in milliseconds since 1970 UTC."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from chejian_simulators.plant_calendar import CalendarConfig, DayWindow

Span = tuple[int, int]
"""Half-open [start, end) in milliseconds since 1970-01-01 UTC."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DAY_MS = 86_400_000


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
    return _merged(calendar.planned_stop, calendar.timezone, from_ms)


def off_shift(calendar: CalendarConfig, from_ms: int) -> Iterator[Span]:
    """Stretches between the shifts that end after `from_ms`, in order; nothing where shifts leave no gap in a week."""
    shifts = _merged(calendar.shift, calendar.timezone, from_ms - 2 * _DAY_MS)
    _, reached = next(shifts)
    last_gap = reached
    for start, end in shifts:
        if start > reached:
            last_gap = start
            if start > from_ms:
                yield reached, start
        reached = max(reached, end)
        if start - last_gap > 7 * _DAY_MS:
            return


def _merged(windows: Sequence[DayWindow], timezone: str, from_ms: int) -> Iterator[Span]:
    sources = [spans(window, timezone, from_ms) for window in windows]
    heads = [next(source) for source in sources]
    while heads:
        first = min(range(len(heads)), key=lambda i: heads[i])
        yield heads[first]
        heads[first] = next(sources[first])
