"""When what happened to a simulated workshop."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from chejian_simulators.province import ASSESSED, Province, Workshop

_ZONE = ZoneInfo("Asia/Shanghai")
_DAY = timedelta(days=1)
_LAST_MINUTES = timedelta(minutes=2)
"""Before the fill, when reporting workshops were heard."""


def start_of(province: Province, day: int) -> datetime:
    """First moment of a day of the history."""
    first = province.first
    return datetime(first.year, first.month, first.day, tzinfo=_ZONE) + day * _DAY


def heard_at(workshop: Workshop, now: datetime) -> datetime:
    """When a workshop's node was heard last."""
    return now - (timedelta(days=workshop.silent_days) if workshop.silent_days else _LAST_MINUTES)


def assessed_at(workshop: Workshop, now: datetime) -> Mapping[int, datetime]:
    """When a workshop's assessment of each year was handed in; the last one's is now."""
    *earlier, last = sorted(workshop.maturity)
    return {year: datetime(year, *ASSESSED, tzinfo=UTC) for year in earlier} | {last: now}
