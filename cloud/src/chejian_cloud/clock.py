"""Times as int64 microseconds since 1970 UTC and back; the clock that tests replace."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

Clock = Callable[[], datetime]
"""Returns the present time, aware, in UTC."""

HOUR_US = 3_600_000_000
"""Microseconds of an hour."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def utc_now() -> datetime:
    """The system's clock."""
    return datetime.now(UTC)


def to_us(moment: datetime) -> int:
    """Microseconds since 1970 UTC of an aware time, exactly."""
    return (moment - _EPOCH) // _MICROSECOND


def from_us(us: int) -> datetime:
    """Aware time in UTC of microseconds since 1970."""
    return _EPOCH + timedelta(microseconds=us)


def hour_floor(us: int) -> int:
    """Start of the UTC hour that holds `us`."""
    return us - us % HOUR_US
