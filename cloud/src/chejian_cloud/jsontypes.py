"""Types of the HTTP border: aware times, finite numbers, bounded time ranges."""

import math
from datetime import UTC, date, datetime, time, timedelta
from functools import cache, lru_cache
from typing import Annotated, Any, Final, NamedTuple, Self

from fastapi import Query
from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    WithJsonSchema,
)

from chejian_cloud.errors import InvalidValueError

MAX_RANGE = timedelta(days=400)
"""Longest range of stored results in one answer: a year and a month, for year-on-year views."""


_MOMENTS: Final = 8192
"""Times whose text is remembered: a long answer tells few of them many times, and writing one takes longer than all else of it."""


def finite(value: Any) -> Any:
    """None for NaN and infinities, else the value."""
    return None if isinstance(value, float) and not math.isfinite(value) else value


@lru_cache(_MOMENTS)
def _iso(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds")


Number = Annotated[float | None, BeforeValidator(finite), Field(examples=[0.85])]
"""A number for JSON: NaN and infinities become null."""
Moment = Annotated[
    AwareDatetime,
    PlainSerializer(_iso, when_used="json"),
    Field(examples=["2026-03-02T00:00:00.000+00:00"]),
]
"""A time, written as ISO 8601 with offset and milliseconds."""
FIRST_TIME: Final = datetime(1970, 1, 1, tzinfo=UTC)
END_OF_TIME: Final = datetime(2200, 1, 1, tzinfo=UTC)
"""Times that a request may name lie in [FIRST_TIME, END_OF_TIME): what is counted from them fits everywhere."""


def _is_number(written: str) -> bool:
    try:
        float(written)
    except ValueError:
        return False
    return True


def _written(value: Any) -> Any:
    """Refuse seconds since 1970, which pydantic would take for a time."""
    if isinstance(value, date) or (isinstance(value, str) and not _is_number(value)):
        return value
    raise ValueError("ISO 8601, as 2026-11-23T08:00:00+08:00 or 2026-11-23")


def _in_time(value: datetime) -> datetime:
    if not FIRST_TIME <= value < END_OF_TIME:
        raise ValueError(f"a time from {FIRST_TIME:%Y-%m-%d} to before {END_OF_TIME:%Y-%m-%d}")
    return value


def _in_days(value: date) -> date:
    if not FIRST_TIME.date() <= value < END_OF_TIME.date():
        raise ValueError(f"a date from {FIRST_TIME:%Y-%m-%d} to before {END_OF_TIME:%Y-%m-%d}")
    return value


Time = Annotated[
    AwareDatetime,
    BeforeValidator(_written),
    AfterValidator(_in_time),
    Field(examples=["2026-03-02T08:00:00+08:00"]),
]
"""A time in a request."""
Day = Annotated[date, BeforeValidator(_written), AfterValidator(_in_days), Field(examples=["2026-03-02"])]
"""A date in a request, or one that is stored."""
Clock = Annotated[
    time, WithJsonSchema({"type": "string", "pattern": r"^\d{2}:\d{2}:\d{2}$", "examples": ["08:00:00"]})
]
"""A time of day by the wall's clock; JSON Schema's "time" has an offset, which this one must not."""


_put = object.__setattr__


@cache
def _names(body: type[BaseModel]) -> set[str]:
    return set(body.model_fields)


class Out(BaseModel):
    """Base of all response bodies; built from rows by attribute or by mapping."""

    model_config = ConfigDict(from_attributes=True)

    @classmethod
    def known(cls, values: dict[str, Any]) -> Self:
        """A body of values that need no validation, which takes most of the time of an answer of thousands of rows.

        Args:
            values: of all fields by their names, in their order, each of its field's type; kept, not copied.
        """
        made = cls.__new__(cls)
        _put(made, "__dict__", values)
        _put(made, "__pydantic_fields_set__", _names(cls))
        _put(made, "__pydantic_extra__", None)
        _put(made, "__pydantic_private__", None)
        return made


class TimeRange(NamedTuple):
    """Half-open range [start, end) in UTC."""

    start: datetime
    end: datetime


From = Annotated[
    Time | None,
    Query(alias="from", description="Start, ISO 8601 with offset.", examples=["2026-11-23T08:00:00+08:00"]),
]
To = Annotated[
    Time | None,
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
