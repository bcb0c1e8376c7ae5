"""Work calendars: daily spans, shifts, hours and days of a time zone as windows in UTC.

A wall-clock time that a change to summer time leaves out stands for the instant of the change; one that occurs
twice stands for its first occurrence. So later wall-clock times are never earlier instants, and shifts that touch on
the clock touch in UTC.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cache, lru_cache
from itertools import pairwise
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np

from chejian_analytics.kpi.windows import Windows

HOUR_US = 3_600_000_000
"""Microseconds of an hour."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_DAY = timedelta(days=1)
_CLOCK = re.compile(r"([01]\d|2[0-3]):([0-5]\d)(?::([0-5]\d))?")

Span = tuple[str, str]
"""Wall-clock start and end, "HH:MM[:SS]"; an end not after the start is on the next day."""


@dataclass(frozen=True, slots=True)
class Shift:
    """A shift of every day.

    Attributes:
        code: e.g. "A".
        start: wall-clock start "HH:MM".
        end: wall-clock end; not after `start` means the next day, so "20:00" to "08:00" crosses midnight.
        breaks: wall-clock spans in it that are planned stops when the shift is worked (`shift_calendar`).
    """

    code: str
    start: str
    end: str
    breaks: tuple[Span, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class ShiftWindows:
    """Windows of shifts.

    Attributes:
        windows: whole shifts, sorted.
        codes: code of each window's shift.
        business_days: local date on which each window's shift starts.
        crews: crew of each window's shift, "" without a rotation; empty when there are no crews at all.
    """

    windows: Windows
    codes: tuple[str, ...]
    business_days: tuple[date, ...]
    crews: tuple[str, ...] = ()


@lru_cache(1024)
def parse_clock(text: str) -> time:
    """Read "HH:MM" or "HH:MM:SS".

    Raises:
        ValueError: names the text and the form.
    """
    match = _CLOCK.fullmatch(text)
    if match is None:
        raise ValueError(f"wall-clock time {text!r} must be HH:MM or HH:MM:SS, 00:00 to 23:59:59")
    return time(int(match[1]), int(match[2]), int(match[3] or 0))


def zone_of(timezone: str) -> ZoneInfo:
    """Look up an IANA time zone.

    Raises:
        ValueError: names the zone that is not known here.
    """
    try:
        return ZoneInfo(timezone)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ValueError(
            f"time zone {timezone!r} is not known; use an IANA name such as Asia/Shanghai"
        ) from error


def daily_windows(spans: Sequence[Span], timezone: str, start_us: int, end_us: int) -> Windows:
    """Union of daily wall-clock spans, cut to [start_us, end_us).

    Args:
        spans: wall-clock starts and ends of every day; may overlap.
        timezone: IANA name.
        start_us: begin of the range, microseconds since 1970 UTC.
        end_us: end of the range.

    Raises:
        ValueError: for a wrong wall-clock time or zone.
    """
    zone = zone_of(timezone)
    clocks = [(parse_clock(a), parse_clock(b)) for a, b in spans]
    days = local_days(zone, start_us, end_us)
    pieces = [instants(day, a, b, zone) for day in days for a, b in clocks]
    return Windows.union_of([p[0] for p in pieces], [p[1] for p in pieces]).clip(start_us, end_us)


def shift_windows(shifts: Sequence[Shift], timezone: str, start_us: int, end_us: int) -> ShiftWindows:
    """Whole shifts that overlap [start_us, end_us).

    Raises:
        ValueError: for a wrong wall-clock time or zone, or when two shifts overlap (names both).
    """
    zone = zone_of(timezone)
    rows = []
    for day in local_days(zone, start_us, end_us):
        for shift in shifts:
            begin, end = instants(day, parse_clock(shift.start), parse_clock(shift.end), zone)
            if begin < end_us and end > start_us and end > begin:
                rows.append((begin, end, shift.code, day))
    rows.sort()
    for before, after in pairwise(rows):
        if after[0] < before[1]:
            raise ValueError(f"shifts {before[2]!r} of {before[3]} and {after[2]!r} of {after[3]} overlap")
    windows = Windows.of([r[0] for r in rows], [r[1] for r in rows])
    return ShiftWindows(windows, tuple(r[2] for r in rows), tuple(r[3] for r in rows))


def day_windows(timezone: str, start_us: int, end_us: int) -> Windows:
    """Whole local days (midnight to midnight) that overlap [start_us, end_us)."""
    zone = zone_of(timezone)
    edges = [_instant(day, time(), zone) for day in local_days(zone, start_us, end_us)]
    edges.append(_instant(_local_date(end_us, zone) + _DAY, time(), zone))
    return _overlapping(np.array(edges, np.int64), start_us, end_us)


def hour_windows(timezone: str, start_us: int, end_us: int) -> Windows:
    """Whole hours, counted from local midnight, that overlap [start_us, end_us).

    A day of a clock change has 23 or 25 of them; where the change is no whole hour the day's last one is shorter.
    """
    days = day_windows(timezone, start_us, end_us)
    starts = [np.arange(a, b, HOUR_US) for a, b in zip(days.start_us, days.end_us, strict=True)]
    return _overlapping(np.concatenate([*starts, days.end_us[-1:]]).astype(np.int64), start_us, end_us)


def _overlapping(edges: np.ndarray[tuple[int], np.dtype[np.int64]], start_us: int, end_us: int) -> Windows:
    edges = np.unique(edges)
    keep = (edges[:-1] < end_us) & (edges[1:] > start_us)
    return Windows(edges[:-1][keep], edges[1:][keep])


def _local_date(time_us: int, zone: ZoneInfo) -> date:
    return (_EPOCH + timedelta(microseconds=int(time_us))).astimezone(zone).date()


def local_days(zone: ZoneInfo, start_us: int, end_us: int) -> list[date]:
    """Local dates whose spans can reach into [start_us, end_us): one day before as well."""
    first, last = _local_date(start_us, zone) - _DAY, _local_date(end_us, zone)
    return [first + i * _DAY for i in range((last - first).days + 1)]


def instants(day: date, start: time, end: time, zone: ZoneInfo) -> tuple[int, int]:
    """Start and end of a wall-clock span of a local date [us since 1970 UTC]; an end not after the start is next day."""
    last = day if end > start else day + _DAY
    return _instant(day, start, zone), _instant(last, end, zone)


@cache
def _instant(day: date, clock: time, zone: ZoneInfo) -> int:
    """Microseconds since 1970 UTC of a wall-clock time; see the module for clock changes."""
    local = datetime.combine(day, clock, zone)
    utc = local.astimezone(UTC)
    if utc.astimezone(zone).replace(tzinfo=None) != local.replace(tzinfo=None):
        utc = _clock_change(local.replace(fold=1).astimezone(UTC), utc, zone)
    return (utc - _EPOCH) // _MICROSECOND


def _clock_change(before: datetime, after: datetime, zone: ZoneInfo) -> datetime:
    """Instant between `before` and `after` (UTC, whole seconds) from which the zone's later offset holds."""
    offset = after.astimezone(zone).utcoffset()
    low, high = 0, int((after - before).total_seconds())
    while low < high:
        middle = (low + high) // 2
        if (before + timedelta(seconds=middle)).astimezone(zone).utcoffset() == offset:
            high = middle
        else:
            low = middle + 1
    return before + timedelta(seconds=low)
