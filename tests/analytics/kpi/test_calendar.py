from collections.abc import Callable
from datetime import UTC, date, datetime

import pytest
from chejian_analytics.kpi import Shift, Windows, daily_windows, day_windows, hour_windows, shift_windows

SHANGHAI, BERLIN, LORD_HOWE = "Asia/Shanghai", "Europe/Berlin", "Australia/Lord_Howe"
HOUR = 3_600_000_000
HARBIN_SHIFTS = [Shift("A", "08:00", "20:00"), Shift("B", "20:00", "08:00")]


def us(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp()) * 1_000_000


def rows(windows: Windows) -> list[tuple[str, ...]]:
    return [
        tuple(datetime.fromtimestamp(int(t) / 1e6, UTC).strftime("%d %H:%M") for t in pair)
        for pair in zip(windows.start_us, windows.end_us, strict=True)
    ]


def test_a_shift_that_crosses_midnight_belongs_to_the_day_it_starts_on() -> None:
    got = shift_windows(HARBIN_SHIFTS, SHANGHAI, us("2026-03-02T01:00+08:00"), us("2026-03-02T21:00+08:00"))
    assert rows(got.windows) == [("01 12:00", "02 00:00"), ("02 00:00", "02 12:00"), ("02 12:00", "03 00:00")]
    assert got.codes == ("B", "A", "B")
    assert got.business_days == (date(2026, 3, 1), date(2026, 3, 2), date(2026, 3, 2))


def test_a_span_that_crosses_midnight_is_cut_to_the_range() -> None:
    start, end = us("2026-03-02T00:00+08:00"), us("2026-03-03T00:00+08:00")
    got = daily_windows([("20:00", "08:00"), ("12:00", "12:30")], SHANGHAI, start, end)
    assert rows(got) == [("01 16:00", "02 00:00"), ("02 04:00", "02 04:30"), ("02 12:00", "02 16:00")]


def test_equal_start_and_end_are_a_whole_day_and_overlapping_spans_are_joined() -> None:
    start, end = us("2026-03-02T00:00+08:00"), us("2026-03-04T00:00+08:00")
    assert daily_windows([("06:00", "06:00")], SHANGHAI, start, end).total_us() == 48 * HOUR
    assert (
        daily_windows([("06:00", "08:00"), ("07:00", "09:00")], SHANGHAI, start, end).total_us() == 6 * HOUR
    )


@pytest.mark.parametrize(
    ("day", "hours"), [("2026-03-28", 24), ("2026-03-29", 23), ("2026-10-24", 24), ("2026-10-25", 25)]
)
def test_a_day_has_as_many_hours_as_the_clock_change_leaves(day: str, hours: int) -> None:
    noon = us(f"{day}T12:00+00:00")
    days = day_windows(BERLIN, noon, noon + 1)
    assert days.total_us() == hours * HOUR
    each = hour_windows(BERLIN, int(days.start_us[0]), int(days.end_us[0]))
    assert len(each) == hours
    assert set((each.end_us - each.start_us).tolist()) == {HOUR}
    shifts = shift_windows([Shift("D", "06:00", "06:00")], BERLIN, noon, noon + 1)
    assert len(shifts.windows) == 1


@pytest.mark.parametrize(("day", "night_hours"), [("2026-03-28", 7), ("2026-10-24", 9), ("2026-06-01", 8)])
def test_a_night_shift_over_a_clock_change_has_its_true_length(day: str, night_hours: int) -> None:
    start = us(f"{day}T23:00+00:00")
    got = shift_windows([Shift("N", "22:00", "06:00")], BERLIN, start, start + HOUR)
    assert got.windows.total_us() == night_hours * HOUR


def test_clock_times_left_out_by_summer_time_stand_for_the_change() -> None:
    start, end = us("2026-03-29T00:00+01:00"), us("2026-03-30T00:00+02:00")
    assert len(daily_windows([("02:10", "02:50")], BERLIN, start, end)) == 0
    assert rows(daily_windows([("01:30", "02:30")], BERLIN, start, end)) == [("29 00:30", "29 01:00")]
    assert rows(daily_windows([("02:30", "03:30")], BERLIN, start, end)) == [("29 01:00", "29 01:30")]


def test_shifts_that_touch_on_the_clock_touch_in_utc_on_every_day_of_the_year() -> None:
    shifts = [Shift("A", "02:30", "14:00"), Shift("B", "14:00", "02:30")]
    got = shift_windows(shifts, BERLIN, us("2026-01-01T00:00+00:00"), us("2027-01-01T00:00+00:00")).windows
    assert (got.start_us[1:] == got.end_us[:-1]).all()
    assert len(got) == 731  # two a day, and the one that reaches into the year


def test_a_half_hour_clock_change_leaves_one_short_hour() -> None:
    noon = us("2026-10-04T02:00+00:00")
    day = day_windows(LORD_HOWE, noon, noon + 1)
    each = hour_windows(LORD_HOWE, int(day.start_us[0]), int(day.end_us[0]))
    assert ((each.end_us - each.start_us) / HOUR).tolist() == [1.0] * 23 + [0.5]


def test_hours_are_whole_and_overlap_the_range() -> None:
    start, end = us("2026-03-02T00:59+08:00"), us("2026-03-02T03:00+08:00")
    assert rows(hour_windows(SHANGHAI, start, end)) == [
        ("01 16:00", "01 17:00"),
        ("01 17:00", "01 18:00"),
        ("01 18:00", "01 19:00"),
    ]


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (lambda: daily_windows([("8:00", "20:00")], SHANGHAI, 0, HOUR), "'8:00' must be HH:MM"),
        (lambda: daily_windows([("08:00", "24:00")], SHANGHAI, 0, HOUR), "'24:00' must be"),
        (lambda: daily_windows([], "Asia/Harbin ", 0, HOUR), "time zone 'Asia/Harbin ' is not known"),
        (
            lambda: shift_windows(
                [Shift("A", "08:00", "20:00"), Shift("B", "19:00", "08:00")], SHANGHAI, 0, 24 * HOUR
            ),
            "shifts 'A' of 1970-01-01 and 'B' of 1970-01-01 overlap",
        ),
    ],
)
def test_wrong_calendars_are_named(call: Callable[[], object], text: str) -> None:
    with pytest.raises(ValueError, match=text):
        call()
