"""Types of the HTTP border: aware times, finite numbers, bounded time ranges."""

import math
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, NamedTuple

from fastapi import Query
from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, PlainSerializer

from chejian_cloud.errors import InvalidValueError

MAX_RANGE = timedelta(days=400)
"""Longest range of stored results in one answer: a year and a month, for year-on-year views."""


def _finite(value: Any) -> Any:
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _iso(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds")


Number = Annotated[float | None, BeforeValidator(_finite)]
"""A number for JSON: NaN and infinities become null."""
Moment = Annotated[AwareDatetime, PlainSerializer(_iso, when_used="json")]
"""A time, written as ISO 8601 with offset and milliseconds."""


class Out(BaseModel):
    """Base of all response bodies; built from rows by attribute or by mapping."""

    model_config = ConfigDict(from_attributes=True)


class TimeRange(NamedTuple):
    """Half-open range [start, end) in UTC."""

    start: datetime
    end: datetime


From = Annotated[
    AwareDatetime | None,
    Query(alias="from", description="Start, ISO 8601 with offset.", examples=["2026-11-23T08:00:00+08:00"]),
]
To = Annotated[
    AwareDatetime | None,
    Query(
        alias="to",
        description="End (excluded), ISO 8601 with offset.",
        examples=["2026-11-23T20:00:00+08:00"],
    ),
]


def time_range(
    start: datetime | None, end: datetime | None, *, default: timedelta, longest: timedelta = MAX_RANGE
) -> TimeRange:
    """Complete and check a range: the end defaults to now, the start to `default` before the end.

    Raises:
        InvalidValueError: when it is empty or longer than `longest`.
    """
    end = (end or datetime.now(UTC)).astimezone(UTC)
    start = (start or end - default).astimezone(UTC)
    if start >= end:
        raise InvalidValueError("from", start.isoformat(), f"a time before 'to' ({end.isoformat()})")
    if end - start > longest:
        raise InvalidValueError(
            "from", start.isoformat(), f"at most {longest.days} days before 'to' ({end.isoformat()})"
        )
    return TimeRange(start, end)
