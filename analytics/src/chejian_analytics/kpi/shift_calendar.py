"""A work calendar with versions, weekdays, public holidays, rotating crews, breaks and exceptions.

Which shifts a local date has, in this order: an exception of that day, the public holidays, the weekdays of the version
that is valid on that date. A shift belongs to the date on which it starts, so a night shift of a working Friday ends on
Saturday whatever Saturday is. Spans of time then add overtime, close the plant, or plan a stop. All windows are half-open.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from itertools import pairwise
from zoneinfo import ZoneInfo

from chejian_analytics.kpi.calendar import (
    Shift,
    ShiftWindows,
    Span,
    instants,
    local_days,
    parse_clock,
    zone_of,
)
from chejian_analytics.kpi.holidays import holiday_year
from chejian_analytics.kpi.rotation import Rotation
from chejian_analytics.kpi.windows import Windows

EVERY_DAY = frozenset(range(1, 8))
"""ISO weekdays, Monday is 1."""

MONDAY_TO_FRIDAY = frozenset(range(1, 6))


@dataclass(frozen=True, slots=True)
class CalendarVersion:
    """A work calendar from one date on.

    Attributes:
        valid_from: first local date on which shifts start by this version; it holds until the next version's date.
        shifts: in the order of the day; a rotation numbers them from 1.
        workdays: ISO weekdays with shifts.
        holidays: country whose public holidays and adjusted working days apply ("CN"), or None.
        planned_stops: wall-clock spans of every day, e.g. meals.
        rotation: which crew works which shift; shifts without a crew are not worked. None: all shifts, no crews.
    """

    valid_from: date
    shifts: tuple[Shift, ...]
    workdays: frozenset[int] = EVERY_DAY
    holidays: str | None = None
    planned_stops: tuple[Span, ...] = ()
    rotation: Rotation | None = None


@dataclass(frozen=True, slots=True)
class DayException:
    """A date that differs: no shift at all (`shifts` empty), or the named ones whatever day it is.

    Attributes:
        day: local date on which the shifts start.
        shifts: codes of the shifts that are worked.
    """

    day: date
    shifts: tuple[str, ...] = ()


class SpanKind(StrEnum):
    """What a span of time changes."""

    OVERTIME = "overtime"
    """Scheduled although no shift is."""
    CLOSED = "closed"
    """Not scheduled although a shift is; wins over overtime."""
    PLANNED_STOP = "planned_stop"
    PLANNED_MAINTENANCE = "planned_maintenance"


@dataclass(frozen=True, slots=True)
class SpanException:
    """A span of time that differs, [start, end) in microseconds since 1970 UTC."""

    start_us: int
    end_us: int
    kind: SpanKind

    def __post_init__(self) -> None:
        if self.end_us <= self.start_us:
            raise ValueError(f"{self.kind.value} [{self.start_us}, {self.end_us}) is empty")


@dataclass(frozen=True, slots=True)
class ShiftCalendar:
    """See the module.

    Attributes:
        timezone: IANA name.
        versions: any order; before the first one nothing is scheduled.
        days: exceptions of dates, one per date at most.
        spans: exceptions of time.
    """

    timezone: str
    versions: tuple[CalendarVersion, ...]
    days: tuple[DayException, ...] = ()
    spans: tuple[SpanException, ...] = ()
    _zone: ZoneInfo = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_zone", zone_of(self.timezone))
        dates = [v.valid_from for v in self.versions]
        if len(set(dates)) != len(dates):
            raise ValueError("calendar: two versions are valid from the same date")
        for version in self.versions:
            for shift in version.shifts:
                for clock in (shift.start, shift.end, *(c for span in shift.breaks for c in span)):
                    parse_clock(clock)

    def shifts(self, start_us: int, end_us: int) -> ShiftWindows:
        """Whole shifts that overlap [start_us, end_us), with their crews.

        Raises:
            ValueError: when two shifts overlap (names both).
        """
        rows = [row[:5] for row in self._rows(start_us, end_us) if row[0] < end_us and row[1] > start_us]
        for before, after in pairwise(rows):
            if after[0] < before[1]:
                raise ValueError(
                    f"shifts {before[2]!r} of {before[3]} and {after[2]!r} of {after[3]} overlap"
                )
        windows = Windows.of([r[0] for r in rows], [r[1] for r in rows])
        return ShiftWindows(
            windows, tuple(r[2] for r in rows), tuple(r[3] for r in rows), tuple(r[4] for r in rows)
        )

    def scheduled(self, start_us: int, end_us: int) -> Windows:
        """Planned operation time (POT) in [start_us, end_us): shifts and overtime without closed spans."""
        rows = self._rows(start_us, end_us)
        worked = Windows.union_of([r[0] for r in rows], [r[1] for r in rows])
        found = worked.union(self._spans(SpanKind.OVERTIME)).subtract(self._spans(SpanKind.CLOSED))
        return found.clip(start_us, end_us)

    def planned_stops(self, start_us: int, end_us: int) -> Windows:
        """Planned stops in [start_us, end_us): of every day, breaks of the shifts that are worked, and spans."""
        pieces = [
            instants(day, parse_clock(a), parse_clock(b), self._zone)
            for day in local_days(self._zone, start_us, end_us)
            if (version := self._version(day)) is not None
            for a, b in version.planned_stops
        ]
        pieces += [piece for row in self._rows(start_us, end_us) for piece in row[5]]
        daily = Windows.union_of([p[0] for p in pieces], [p[1] for p in pieces])
        return daily.union(self._spans(SpanKind.PLANNED_STOP)).clip(start_us, end_us)

    def planned_maintenance(self, start_us: int, end_us: int) -> Windows:
        """Planned maintenance in [start_us, end_us)."""
        return self._spans(SpanKind.PLANNED_MAINTENANCE).clip(start_us, end_us)

    def works_on(self, day: date) -> tuple[Shift, ...]:
        """Shifts that start on a local date."""
        version = self._version(day)
        if version is None:
            return ()
        for exception in self.days:
            if exception.day == day:
                return tuple(s for s in version.shifts if s.code in exception.shifts)
        if not _is_workday(version, day):
            return ()
        if version.rotation is None:
            return version.shifts
        crews = version.rotation.crew_by_shift(day)
        return tuple(s for i, s in enumerate(version.shifts, 1) if i in crews)

    def unknown_holiday_years(self, start_us: int, end_us: int) -> tuple[int, ...]:
        """Years in [start_us, end_us) whose public holidays are asked for but not on file: weekdays decide there."""
        years = {
            day.year
            for day in local_days(self._zone, start_us, end_us)[1:]
            if (version := self._version(day)) is not None
            and version.holidays is not None
            and holiday_year(version.holidays, day.year) is None
        }
        return tuple(sorted(years))

    def _version(self, day: date) -> CalendarVersion | None:
        valid = [v for v in self.versions if v.valid_from <= day]
        return max(valid, key=lambda v: v.valid_from) if valid else None

    def _spans(self, kind: SpanKind) -> Windows:
        found = [s for s in self.spans if s.kind is kind]
        return Windows.union_of([s.start_us for s in found], [s.end_us for s in found])

    def _rows(
        self, start_us: int, end_us: int
    ) -> list[tuple[int, int, str, date, str, tuple[tuple[int, int], ...]]]:
        """(start, end, code, date, crew, breaks) of the shifts that can reach into a range, by start."""
        rows = []
        for day in local_days(self._zone, start_us, end_us):
            for shift in self.works_on(day):
                begin, end = instants(day, parse_clock(shift.start), parse_clock(shift.end), self._zone)
                if end > begin:
                    breaks = tuple(_break(day, shift, span, self._zone) for span in shift.breaks)
                    rows.append((begin, end, shift.code, day, self._crew(day, shift), breaks))
        return sorted(rows)

    def _crew(self, day: date, shift: Shift) -> str:
        version = self._version(day)
        if version is None or version.rotation is None:
            return ""
        return version.rotation.crew_by_shift(day).get(version.shifts.index(shift) + 1, "")


def _is_workday(version: CalendarVersion, day: date) -> bool:
    by_weekday = day.isoweekday() in version.workdays
    table = holiday_year(version.holidays, day.year) if version.holidays is not None else None
    if table is None:
        return by_weekday
    return (by_weekday and day not in table.days_off) or day in table.workdays


def _break(day: date, shift: Shift, span: Span, zone: ZoneInfo) -> tuple[int, int]:
    """A break of a shift; a clock before the shift's start is on the next day."""
    start, end = parse_clock(span[0]), parse_clock(span[1])
    next_day = date.fromordinal(day.toordinal() + 1)
    return instants(next_day if start < parse_clock(shift.start) else day, start, end, zone)


def check_calendar(calendar: ShiftCalendar, days: Sequence[date]) -> None:
    """Refuse a calendar whose shifts overlap around some dates (versions, exceptions) before it is stored.

    Raises:
        ValueError: names both shifts.
    """
    for day in days:
        start, _ = instants(day, parse_clock("00:00"), parse_clock("00:00"), zone_of(calendar.timezone))
        calendar.shifts(start - 2 * 86_400_000_000, start + 3 * 86_400_000_000)
