"""A work calendar in memory: which time is scheduled, and which windows KPIs are computed for."""

from dataclasses import dataclass
from datetime import time
from zoneinfo import ZoneInfo

from chejian_analytics.kpi import (
    Shift,
    ShiftWindows,
    Windows,
    daily_windows,
    day_windows,
    hour_windows,
    shift_windows,
)
from sqlalchemy.orm import Session

from chejian_cloud.calendar import repository
from chejian_cloud.calendar.schemas import CalendarWindow
from chejian_cloud.clock import from_us, to_us
from chejian_cloud.jsontypes import TimeRange

WINDOW_KINDS = ("hour", "shift", "day")
_EDGE_SEARCH_US = 26 * 3_600_000_000
"""[us] Look-back for the last window edge: the longest local day (25 h) and an hour."""


@dataclass(frozen=True, slots=True)
class WorkCalendar:
    """Shifts and planned stops of every day.

    Attributes:
        timezone: IANA name.
        shifts: shifts in local time.
        stops: start and end of planned stops in local time.
    """

    timezone: str
    shifts: tuple[Shift, ...]
    stops: tuple[tuple[str, str], ...]

    def scheduled(self, start_us: int, end_us: int) -> Windows:
        """Time inside shifts in [start_us, end_us)."""
        spans = [(s.start, s.end) for s in self.shifts]
        return daily_windows(spans, self.timezone, start_us, end_us)

    def planned_stops(self, start_us: int, end_us: int) -> Windows:
        """Planned stops in [start_us, end_us)."""
        return daily_windows(self.stops, self.timezone, start_us, end_us)

    def shift_windows(self, start_us: int, end_us: int) -> ShiftWindows:
        """Whole shifts that overlap [start_us, end_us)."""
        return shift_windows(self.shifts, self.timezone, start_us, end_us)

    def windows(self, kind: str, start_us: int, end_us: int) -> Windows:
        """Whole windows of a kind ("hour", "shift", "day") that overlap [start_us, end_us)."""
        if kind == "hour":
            return hour_windows(self.timezone, start_us, end_us)
        if kind == "day":
            return day_windows(self.timezone, start_us, end_us)
        return self.shift_windows(start_us, end_us).windows

    def local_day(self, time_us: int) -> str:
        """Local day of an instant, ISO date."""
        return from_us(time_us).astimezone(ZoneInfo(self.timezone)).date().isoformat()

    def last_edge(self, now_us: int) -> int:
        """Last instant not after `now_us` at which a window of any kind began or ended [us since 1970]."""
        found = [self.windows(k, now_us - _EDGE_SEARCH_US, now_us + 1) for k in WINDOW_KINDS]
        edges: list[int] = [e for w in found for e in (*w.start_us.tolist(), *w.end_us.tolist())]
        return max(e for e in edges if e <= now_us)


def load_calendar(session: Session, calendar_id: int) -> WorkCalendar:
    """Read a calendar from the registry."""
    calendar = repository.calendar(session, calendar_id)
    return WorkCalendar(
        calendar.timezone,
        tuple(Shift(s.code, _clock(s.start), _clock(s.end)) for s in repository.shifts(session, calendar_id)),
        tuple((_clock(p.start), _clock(p.end)) for p in repository.planned_stops(session, calendar_id)),
    )


def windows_of(session: Session, calendar_id: int, period: TimeRange) -> list[CalendarWindow]:
    """Shifts and planned stops that overlap a range, by start; shifts first."""
    work = load_calendar(session, calendar_id)
    lo, hi = to_us(period.start), to_us(period.end)
    found = work.shift_windows(lo, hi)
    names = {s.code: s for s in repository.shifts(session, calendar_id)}
    out = [
        _window("shift", code, names[code].name_zh, names[code].name_en, start, end)
        for code, start, end in zip(
            found.codes, found.windows.start_us.tolist(), found.windows.end_us.tolist(), strict=True
        )
    ]
    for stop in repository.planned_stops(session, calendar_id):
        spans = daily_windows([(_clock(stop.start), _clock(stop.end))], work.timezone, lo, hi)
        out += [
            _window("planned_stop", None, stop.name_zh, stop.name_en, start, end)
            for start, end in zip(spans.start_us.tolist(), spans.end_us.tolist(), strict=True)
        ]
    return sorted(out, key=lambda w: (w.start, w.kind != "shift"))


def _window(kind: str, code: str | None, name_zh: str, name_en: str, start: int, end: int) -> CalendarWindow:
    return CalendarWindow(
        kind=kind, code=code, name_zh=name_zh, name_en=name_en, start=from_us(start), end=from_us(end)
    )


def _clock(value: time) -> str:
    return value.isoformat("seconds")
