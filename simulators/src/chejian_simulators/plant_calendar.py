"""Plant file: the workshop's calendar."""

import zoneinfo
from dataclasses import dataclass
from datetime import time

from chejian_contract.config import ConfigValueError


def _clock(key: str, text: str) -> time:
    try:
        moment = time.fromisoformat(text)
    except ValueError as error:
        raise ConfigValueError(key, text, 'a local time of day such as "20:00"') from error
    if moment.tzinfo is not None or moment.second or moment.microsecond:
        raise ConfigValueError(key, text, 'a local time of day such as "20:00"')
    return moment


@dataclass(frozen=True, slots=True)
class DayWindow:
    """A stretch of every local day; an end at or before the start lies on the next day.

    Attributes:
        code: name of the shift or stop.
        start: local time of day, "HH:MM".
        end: local time of day, "HH:MM"; equal to the start is refused.
    """

    code: str
    start: str
    end: str

    def __post_init__(self) -> None:
        if _clock("start", self.start) == _clock("end", self.end):
            raise ConfigValueError("end", self.end, "another time of day than start")

    @property
    def start_time(self) -> time:
        """Start as a time of day."""
        return time.fromisoformat(self.start)

    @property
    def end_time(self) -> time:
        """End as a time of day."""
        return time.fromisoformat(self.end)


@dataclass(frozen=True, slots=True)
class CalendarConfig:
    """When the workshop works.

    Attributes:
        timezone: IANA name of the zone that the times of day are told in.
        shift: scheduled time.
        planned_stop: stops inside the shifts that are no loss (meals).
    """

    timezone: str
    shift: tuple[DayWindow, ...]
    planned_stop: tuple[DayWindow, ...] = ()

    def __post_init__(self) -> None:
        try:
            zoneinfo.ZoneInfo(self.timezone)
        except (zoneinfo.ZoneInfoNotFoundError, ValueError) as error:
            raise ConfigValueError("timezone", self.timezone, "an IANA zone such as Asia/Shanghai") from error
        if not self.shift:
            raise ConfigValueError("shift", [], "at least one shift")
