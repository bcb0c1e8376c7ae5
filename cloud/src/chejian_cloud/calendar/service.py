"""A work calendar in memory: which time is scheduled, and which windows KPIs are computed for."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import time
from functools import cached_property
from zoneinfo import ZoneInfo

from chejian_analytics.kpi import (
    CalendarVersion,
    DayException,
    Shift,
    ShiftCalendar,
    ShiftWindows,
    SpanException,
    SpanKind,
    Windows,
    day_windows,
    hour_windows,
)
from sqlalchemy.orm import Session

from chejian_cloud.calendar import repository
from chejian_cloud.calendar.plan import FIRST_DAY, version_of
from chejian_cloud.calendar.schemas import CalendarWindow
from chejian_cloud.clock import from_us, to_us
from chejian_cloud.jsontypes import TimeRange

_NAMES = {
    "planned_stop": ("计划停机", "Planned stop"),
    "planned_maintenance": ("计划维护", "Planned maintenance"),
}
_NOTHING_HELD = (0, 0, Windows.none())
WINDOW_KINDS = ("hour", "shift", "day")
_EDGE_SEARCH_US = 26 * 3_600_000_000
"""[us] Look-back for the last window edge: the longest local day (25 h) and an hour."""


@dataclass(frozen=True)
class WorkCalendar:
    """A calendar of the registry with its versions and exceptions.

    Attributes:
        timezone: IANA name.
        shifts: shifts in local time of every day before the first version.
        stops: start and end of planned stops in local time, likewise.
        versions: by date.
        days: dates that differ.
        spans: spans of time that differ.
    """

    timezone: str
    shifts: tuple[Shift, ...]
    stops: tuple[tuple[str, str], ...]
    versions: tuple[CalendarVersion, ...] = ()
    days: tuple[DayException, ...] = ()
    spans: tuple[SpanException, ...] = ()

    @cached_property
    def plan(self) -> ShiftCalendar:
        """The same as the analytics take it."""
        plain = CalendarVersion(FIRST_DAY, self.shifts, planned_stops=self.stops)
        return ShiftCalendar(self.timezone, (plain, *self.versions), self.days, self.spans)

    def hold(self, start_us: int, end_us: int) -> None:
        """Work out [start_us, end_us) now: what is asked of parts of it afterwards is cut out of that."""
        self._held.update(
            (work, (start_us, end_us, work(start_us, end_us)))
            for work in (self.plan.scheduled, self.plan.planned_stops, self.plan.planned_maintenance)
        )

    @cached_property
    def _held(self) -> dict[Callable[[int, int], Windows], tuple[int, int, Windows]]:
        return {}

    def _part(self, work: Callable[[int, int], Windows], start_us: int, end_us: int) -> Windows:
        first, last, windows = self._held.get(work, _NOTHING_HELD)
        if first <= start_us and end_us <= last:
            return windows.clip(start_us, end_us)
        return work(start_us, end_us)

    def scheduled(self, start_us: int, end_us: int) -> Windows:
        """Time inside shifts in [start_us, end_us), with overtime and without what is closed."""
        return self._part(self.plan.scheduled, start_us, end_us)

    def planned_stops(self, start_us: int, end_us: int) -> Windows:
        """Planned stops in [start_us, end_us)."""
        return self._part(self.plan.planned_stops, start_us, end_us)

    def planned_maintenance(self, start_us: int, end_us: int) -> Windows:
        """Planned maintenance in [start_us, end_us)."""
        return self._part(self.plan.planned_maintenance, start_us, end_us)

    def shift_windows(self, start_us: int, end_us: int) -> ShiftWindows:
        """Whole shifts that overlap [start_us, end_us)."""
        return self.plan.shifts(start_us, end_us)

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
        tuple(version_of(v.valid_from, v.definition) for v in repository.versions(session, calendar_id)),
        tuple(DayException(d.day, tuple(d.shifts)) for d in repository.days(session, calendar_id)),
        tuple(
            SpanException(to_us(s.start), to_us(s.end), SpanKind(s.kind))
            for s in repository.spans(session, calendar_id)
        ),
    )


def windows_of(session: Session, calendar_id: int, period: TimeRange) -> list[CalendarWindow]:
    """Shifts and planned stops that overlap a range, by start; shifts first."""
    work = load_calendar(session, calendar_id)
    lo, hi = to_us(period.start), to_us(period.end)
    found = work.shift_windows(lo, hi)
    names = _shift_names(session, calendar_id)
    spans = zip(found.codes, found.windows.start_us.tolist(), found.windows.end_us.tolist(), strict=True)
    out = [_window("shift", code, names.get(code, (code, code)), start, end) for code, start, end in spans]
    stops = {_clock(p.start): (p.name_zh, p.name_en) for p in repository.planned_stops(session, calendar_id)}
    spans_named = {
        max(to_us(s.start), lo): (s.name_zh, s.name_en) for s in repository.spans(session, calendar_id)
    }
    kinds = {
        "planned_stop": work.planned_stops(lo, hi),
        "planned_maintenance": work.planned_maintenance(lo, hi),
    }
    for kind, windows in kinds.items():
        for start, end in zip(windows.start_us.tolist(), windows.end_us.tolist(), strict=True):
            local = from_us(start).astimezone(ZoneInfo(work.timezone)).time()
            name = spans_named.get(start) or stops.get(_clock(local), _NAMES[kind])
            out.append(_window(kind, None, name, start, end))
    return sorted(out, key=lambda w: (w.start, w.kind != "shift"))


def _shift_names(session: Session, calendar_id: int) -> dict[str, tuple[str, str]]:
    names = {s.code: (s.name_zh, s.name_en) for s in repository.shifts(session, calendar_id)}
    for version in repository.versions(session, calendar_id):
        for shift in version.definition["shifts"]:
            names[shift["code"]] = (shift["name_zh"] or shift["code"], shift["name_en"] or shift["code"])
    return names


def _window(kind: str, code: str | None, names: tuple[str, str], start: int, end: int) -> CalendarWindow:
    return CalendarWindow(
        kind=kind, code=code, name_zh=names[0], name_en=names[1], start=from_us(start), end=from_us(end)
    )


def _clock(value: time) -> str:
    return value.isoformat("seconds")
