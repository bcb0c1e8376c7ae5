from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pytest
from chejian_analytics.kpi import (
    MONDAY_TO_FRIDAY,
    CalendarVersion,
    DayException,
    Shift,
    ShiftCalendar,
    SpanException,
    SpanKind,
    check_calendar,
    daily_windows,
    rotation_patterns,
    shift_windows,
)
from chejian_analytics.kpi.holidays import holiday_year, known_years, read_year
from chejian_analytics.kpi.rotation import Rotation
from hypothesis import given
from hypothesis import strategies as st

HOUR = 3_600_000_000
DAY = 24 * HOUR
SHANGHAI = 8 * HOUR
THREE = (Shift("E", "06:00", "14:00"), Shift("L", "14:00", "22:00"), Shift("N", "22:00", "06:00"))
OFFICE = CalendarVersion(
    date(2025, 1, 1),
    (Shift("D", "08:00", "17:00", breaks=(("12:00", "13:00"),)),),
    workdays=MONDAY_TO_FRIDAY,
    holidays="CN",
)


def local(text: str, offset_us: int = SHANGHAI) -> int:
    """Microseconds of a local wall-clock time."""
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()) * 1_000_000 - offset_us


def days_worked(calendar: ShiftCalendar, first: date, last: date) -> list[date]:
    span = (last - first).days + 1
    return [d for d in (first + timedelta(days=i) for i in range(span)) if calendar.works_on(d)]


@pytest.mark.parametrize(
    "zone", ["Asia/Shanghai", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe"]
)
def test_a_plain_calendar_equals_the_daily_windows(zone: str) -> None:
    calendar = ShiftCalendar(
        zone, (CalendarVersion(date(2025, 1, 1), THREE, planned_stops=(("23:45", "00:15"),)),)
    )
    for start in range(local("2026-03-20"), local("2026-11-10"), 13 * DAY):
        end = start + 9 * DAY + 1234
        got, want = calendar.shifts(start, end), shift_windows(THREE, zone, start, end)
        assert (got.windows.start_us == want.windows.start_us).all()
        assert (got.codes, got.business_days) == (want.codes, want.business_days)
        stops = calendar.planned_stops(start, end)
        assert (stops.start_us == daily_windows([("23:45", "00:15")], zone, start, end).start_us).all()
        assert calendar.scheduled(start, end).total_us() == end - start


@pytest.mark.parametrize(
    ("zone", "day", "hours"),
    [
        ("Europe/Berlin", "2026-03-28", 7),
        ("Europe/Berlin", "2026-10-24", 9),
        ("America/New_York", "2026-03-07", 7),
        ("America/New_York", "2026-10-31", 9),
        ("Australia/Lord_Howe", "2026-10-03", 7.5),
        ("Asia/Shanghai", "2026-03-28", 8),
    ],
)
def test_a_night_shift_over_a_clock_change_has_its_real_length(zone: str, day: str, hours: float) -> None:
    calendar = ShiftCalendar(zone, (CalendarVersion(date(2025, 1, 1), THREE),))
    noon = local(f"{day}T12:00:00", 0)
    found = calendar.shifts(noon - DAY, noon + 2 * DAY)
    lengths = found.windows.end_us - found.windows.start_us
    (night,) = [
        length
        for length, code, d in zip(lengths.tolist(), found.codes, found.business_days, strict=True)
        if code == "N" and d.isoformat() == day
    ]
    assert night == hours * HOUR


def test_adjusted_working_days_of_2026() -> None:
    calendar = ShiftCalendar("Asia/Shanghai", (OFFICE,))
    february = days_worked(calendar, date(2026, 2, 9), date(2026, 3, 1))
    want = [*range(9, 15), *range(24, 29)]
    assert [d.day for d in february if d.month == 2] == want, (
        "9 days of Spring Festival, two Saturdays worked"
    )
    assert calendar.works_on(date(2026, 1, 4)), "a Sunday that is worked for New Year"
    assert not calendar.works_on(date(2026, 10, 6))
    worked = days_worked(calendar, date(2026, 1, 1), date(2026, 12, 31))
    table = holiday_year("CN", 2026)
    assert table is not None
    weekdays = sum(1 for i in range(365) if (date(2026, 1, 1) + timedelta(days=i)).isoweekday() < 6)
    off = sum(1 for d in table.days_off if d.isoweekday() < 6)
    assert len(worked) == weekdays - off + len(table.workdays) == 248


def test_holiday_files_tell_their_source_and_are_consistent() -> None:
    assert known_years("CN")[:2] == (2025, 2026)
    for year in known_years("CN"):
        table = holiday_year("CN", year)
        assert table is not None
        assert "国务院" in table.source or "国办" in table.source
        assert table.confidence in {"A", "B"}
        assert len(table.days_off) == {2025: 28, 2026: 33}.get(year, len(table.days_off))
    assert holiday_year("CN", 1999) is None


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"workdays": [date(2026, 2, 17)]}, "2026-02-17 must be a Saturday or Sunday that is no holiday"),
        ({"extra": 1}, r"x.toml: keys \['extra'\] are missing or unknown"),
        (
            {
                "holiday": [
                    {"name_zh": "春节", "name_en": "", "first": date(2026, 2, 2), "last": date(2026, 2, 1)}
                ]
            },
            "last 2026-02-01 is before first",
        ),
    ],
)
def test_a_wrong_holiday_file_is_refused(change: dict[str, object], message: str) -> None:
    good = {"country": "CN", "year": 2026, "source": "s", "confidence": "B", "workdays": [], "holiday": []}
    with pytest.raises(ValueError, match=message):
        read_year({**good, **change}, "x.toml")


def test_a_year_without_a_file_is_told() -> None:
    calendar = ShiftCalendar("Asia/Shanghai", (OFFICE,))
    assert calendar.unknown_holiday_years(local("2026-12-30"), local("2026-12-31")) == ()
    assert calendar.unknown_holiday_years(local("2026-12-30"), local("2099-01-02"))[-1] == 2099


@pytest.mark.parametrize("name", list(rotation_patterns()))
def test_rotations_staff_every_shift_once_and_treat_crews_alike(name: str) -> None:
    pattern = rotation_patterns()[name]
    rotation = pattern.starting(date(2026, 1, 1))
    days = [date(2026, 1, 1) + timedelta(days=i) for i in range(len(pattern.cycle))]
    for day in days:
        assert sorted(rotation.crew_by_shift(day)) == list(range(1, pattern.shifts + 1)) or 0 in pattern.cycle
    if name in {"three_crews_two_shifts", "four_crews_two_shifts", "four_crews_three_shifts"}:
        assert all(len(rotation.crew_by_shift(d)) == pattern.shifts for d in days), "continuous"
    worked = dict.fromkeys(rotation.crews, 0)
    for day in days:
        for crew in rotation.crew_by_shift(day).values():
            worked[crew] += 1
    assert len(set(worked.values())) == 1


def test_four_crews_three_shifts_across_midnight() -> None:
    rotation = rotation_patterns()["four_crews_three_shifts"].starting(date(2026, 1, 1), "甲乙丙丁")
    calendar = ShiftCalendar("Asia/Shanghai", (CalendarVersion(date(2026, 1, 1), THREE, rotation=rotation),))
    found = calendar.shifts(local("2026-01-01T06:00:00"), local("2026-01-04T06:00:00"))
    by_day = {
        (day.isoformat(), code): crew
        for day, code, crew in zip(found.business_days, found.codes, found.crews, strict=True)
    }
    assert len(found.windows) == 9
    assert [by_day[f"2026-01-0{d}", "E"] for d in (1, 2, 3)] == ["甲", "甲", "丁"]
    assert [by_day[f"2026-01-0{d}", "N"] for d in (1, 2, 3)] == ["丙", "丙", "乙"]
    with pytest.raises(ValueError, match="two crews work the same shift on day 0"):
        Rotation((1, 0), (0, 0), date(2026, 1, 1), ("A", "B"))
    with pytest.raises(ValueError, match="1 crews but 2 offsets"):
        Rotation((1, 0), (0, 1), date(2026, 1, 1), ("A",))


def test_versions_hold_from_their_date_and_a_night_shift_keeps_its_own() -> None:
    old = CalendarVersion(date(2026, 1, 1), (Shift("N", "20:00", "08:00"),))
    new = CalendarVersion(date(2026, 6, 1), (Shift("D", "08:00", "20:00"),))
    calendar = ShiftCalendar("Asia/Shanghai", (new, old))
    found = calendar.shifts(local("2026-05-31T12:00:00"), local("2026-06-01T12:00:00"))
    assert found.codes == ("N", "D")
    assert found.windows.end_us[0] == found.windows.start_us[1] == local("2026-06-01T08:00:00")
    assert len(calendar.shifts(local("2025-12-01"), local("2025-12-02")).windows) == 0
    clash = ShiftCalendar("Asia/Shanghai", (old, replace(new, shifts=(Shift("D", "06:00", "20:00"),))))
    with pytest.raises(ValueError, match="'N' of 2026-05-31 and 'D' of 2026-06-01 overlap"):
        check_calendar(clash, [date(2026, 6, 1)])
    with pytest.raises(ValueError, match="two versions are valid from the same date"):
        ShiftCalendar("Asia/Shanghai", (old, old))
    with pytest.raises(ValueError, match="'25:00' must be HH:MM"):
        ShiftCalendar("Asia/Shanghai", (replace(old, shifts=(Shift("N", "25:00", "08:00"),)),))


def test_exceptions_win_over_holidays_and_weekdays() -> None:
    calendar = ShiftCalendar(
        "Asia/Shanghai",
        (OFFICE,),
        days=(DayException(date(2026, 2, 17), ("D",)), DayException(date(2026, 2, 25))),
        spans=(
            SpanException(local("2026-02-26T17:00:00"), local("2026-02-26T20:00:00"), SpanKind.OVERTIME),
            SpanException(local("2026-02-26T19:00:00"), local("2026-02-26T21:00:00"), SpanKind.CLOSED),
            SpanException(
                local("2026-02-26T10:00:00"), local("2026-02-26T11:00:00"), SpanKind.PLANNED_MAINTENANCE
            ),
            SpanException(local("2026-02-26T12:30:00"), local("2026-02-26T13:30:00"), SpanKind.PLANNED_STOP),
        ),
    )
    assert calendar.works_on(date(2026, 2, 17))
    assert not calendar.works_on(date(2026, 2, 25))
    lo, hi = local("2026-02-26"), local("2026-02-27")
    assert calendar.scheduled(lo, hi).total_us() == 11 * HOUR
    assert calendar.planned_stops(lo, hi).total_us() == 3 * HOUR // 2, "break and span joined"
    assert calendar.planned_maintenance(lo, hi).total_us() == HOUR
    with pytest.raises(ValueError, match=r"closed \[2, 1\) is empty"):
        SpanException(2, 1, SpanKind.CLOSED)


def test_a_break_behind_midnight_belongs_to_the_shift_that_is_worked() -> None:
    night = (Shift("N", "22:00", "06:00", breaks=(("02:00", "02:30"), ("22:30", "22:40"))),)
    calendar = ShiftCalendar(
        "Asia/Shanghai", (CalendarVersion(date(2026, 1, 1), night, workdays=frozenset({5})),)
    )
    friday = local("2026-03-06")
    found = calendar.planned_stops(friday, friday + 3 * DAY)
    assert found.start_us.tolist() == [local("2026-03-06T22:30:00"), local("2026-03-07T02:00:00")]
    assert calendar.scheduled(friday + DAY, friday + 2 * DAY).end_us.tolist() == [
        local("2026-03-07T06:00:00")
    ]


@given(
    start=st.integers(local("2025-12-20"), local("2026-12-20")),
    cuts=st.lists(st.integers(1, 20 * 24), min_size=1, max_size=4, unique=True),
    zone=st.sampled_from(["Asia/Shanghai", "Europe/Berlin"]),
)
def test_pieces_of_a_range_add_up(start: int, cuts: list[int], zone: str) -> None:
    calendar = ShiftCalendar(
        zone,
        (
            replace(
                OFFICE, shifts=(*OFFICE.shifts, Shift("N", "22:00", "05:00", breaks=(("01:00", "01:20"),)))
            ),
        ),
    )
    edges = [start, *(start + c * HOUR + 7 for c in sorted(cuts))]
    for what in (calendar.scheduled, calendar.planned_stops):
        whole = what(edges[0], edges[-1]).total_us()
        assert whole == sum(what(a, b).total_us() for a, b in pairwise(edges))
