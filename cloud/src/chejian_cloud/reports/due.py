"""Which windows of a calendar want a report: those that have ended, by the workshop's own shifts and days."""

from datetime import datetime, timedelta
from typing import Final

from chejian_cloud.calendar.service import WorkCalendar
from chejian_cloud.clock import from_us, to_us
from chejian_cloud.jsontypes import TimeRange
from chejian_cloud.reports.production import MONTH, month_of

CATCH_UP: Final = timedelta(days=35)
"""How far back windows are made up for that ended while nothing ran: a month and some days."""
_DAY: Final = timedelta(days=1)


def ended(kind: str, calendar: WorkCalendar, since: datetime, until: datetime) -> list[TimeRange]:
    """Windows of a kind that ended in (since, until], at most `CATCH_UP` before `until`, by start.

    Args:
        kind: "shift", "day" or "month", by the local time of the calendar.
        calendar: of the workshop.
        since: aware.
        until: aware.
    """
    since = max(since, until - CATCH_UP)
    if since >= until:
        return []
    found = (
        _months(calendar.timezone, since, until) if kind == MONTH else _windows(kind, calendar, since, until)
    )
    return [period for period in found if since < period.end <= until]


def _windows(kind: str, calendar: WorkCalendar, since: datetime, until: datetime) -> list[TimeRange]:
    windows = calendar.windows(kind, to_us(since - _DAY), to_us(until))
    spans = zip(windows.start_us.tolist(), windows.end_us.tolist(), strict=True)
    return [TimeRange(from_us(start), from_us(end)) for start, end in spans]


def _months(timezone: str, since: datetime, until: datetime) -> list[TimeRange]:
    months, moment = [], since - _DAY
    while moment < until:
        months.append(TimeRange(*month_of(moment, timezone)))
        moment = months[-1].end
    return months
