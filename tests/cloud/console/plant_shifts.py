"""Two shifts of twelve hours that begin so that the running one is four to five hours old, whatever the hour of the test."""

from collections.abc import Iterator
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

SHANGHAI = ZoneInfo("Asia/Shanghai")
AGE = 4
"""Full hours that the running shift has behind it."""
LENGTH = timedelta(hours=12)


def shift_times(now: datetime) -> tuple[time, time]:
    """Begin of the first and of the second shift at the moment `now`, Shanghai time."""
    hour = (now.astimezone(SHANGHAI).hour - AGE) % 12
    return time(hour), time(hour + 12)


def shift_windows(now: datetime, history: timedelta) -> Iterator[tuple[datetime, datetime]]:
    """Begin and end of the running shift and of those before it that lie in the history, newest first."""
    local = now.astimezone(SHANGHAI).replace(minute=0, second=0, microsecond=0)
    start = local - timedelta(hours=AGE)
    while start + LENGTH > now - history:
        yield start, start + LENGTH
        start -= LENGTH
