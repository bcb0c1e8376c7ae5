"""Daily windows in local time."""

from datetime import UTC, datetime
from itertools import islice, pairwise

from chejian_simulators.plant import CalendarConfig, DayWindow
from chejian_simulators.shifts import planned_stops, spans, to_datetime, to_ms


def at(text: str) -> int:
    return to_ms(datetime.fromisoformat(text))


def test_a_window_across_midnight_is_one_stretch_and_seen_from_within() -> None:
    night = DayWindow("B", "20:00", "08:00")
    first, second = islice(spans(night, "Asia/Shanghai", at("2026-11-22T19:30:00Z")), 2)
    assert first == (at("2026-11-22T12:00:00Z"), at("2026-11-23T00:00:00Z"))
    assert second == (at("2026-11-23T12:00:00Z"), at("2026-11-24T00:00:00Z"))


def test_a_stretch_that_just_ended_is_over() -> None:
    day = DayWindow("A", "08:00", "20:00")
    assert next(spans(day, "UTC", at("2026-11-22T20:00:00Z")))[0] == at("2026-11-23T08:00:00Z")
    assert next(spans(day, "UTC", at("2026-11-22T19:59:59.999Z")))[0] == at("2026-11-22T08:00:00Z")


def test_a_night_with_a_clock_change_is_an_hour_longer() -> None:
    night = DayWindow("B", "20:00", "08:00")
    start, end = next(spans(night, "Europe/Berlin", at("2026-10-24T20:00:00Z")))
    assert end - start == 13 * 3_600_000


def test_planned_stops_of_several_windows_come_in_order() -> None:
    stops = (
        DayWindow("late", "18:00", "18:20"),
        DayWindow("midnight", "23:50", "00:20"),
        DayWindow("noon", "12:00", "12:30"),
    )
    calendar = CalendarConfig("Asia/Shanghai", (DayWindow("A", "08:00", "07:00"),), stops)
    found = list(islice(planned_stops(calendar, at("2026-11-22T00:00:00+08:00")), 7))
    assert all(a < b for a, b in pairwise(found))
    hours = [to_datetime(start).hour * 60 + to_datetime(start).minute for start, _ in found]
    assert hours == [15 * 60 + 50, 4 * 60, 10 * 60, 15 * 60 + 50, 4 * 60, 10 * 60, 15 * 60 + 50]


def test_milliseconds_and_times_are_each_others_inverse() -> None:
    for time_ms in (0, 1, 1_795_312_200_123, 4_102_444_799_999):
        moment = to_datetime(time_ms)
        assert moment.tzinfo is UTC
        assert to_ms(moment) == time_ms
