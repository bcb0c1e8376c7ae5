"""What is cut out of a calendar that was worked out before is what would be worked out for the part alone."""

import random
from datetime import UTC, date, datetime

import pytest
from chejian_analytics.kpi import (
    CalendarVersion,
    DayException,
    Shift,
    SpanException,
    SpanKind,
)
from chejian_cloud.calendar.service import WorkCalendar
from chejian_cloud.clock import HOUR_US, to_us

DAY_US = 24 * HOUR_US
ZONES = ("Asia/Shanghai", "Europe/Berlin")
WHOLE_DAYS = 20


def calendar_in(zone: str, midnight_us: int) -> WorkCalendar:
    """Two shifts that cross midnight and touch, another version, a day off and spans; clocks change in it in Berlin."""
    day, night = Shift("A", "08:00", "20:00", (("12:00", "12:30"),)), Shift("B", "20:00", "08:00")
    spans = tuple(
        SpanException(
            midnight_us + n * DAY_US + 5 * HOUR_US, midnight_us + n * DAY_US + (9 + n) * HOUR_US, kind
        )
        for n, kind in enumerate(SpanKind, 3)
    )
    later = CalendarVersion(date(2026, 3, 30), (day,), planned_stops=(("23:50", "00:20"),))
    return WorkCalendar(
        zone,
        (day, night),
        (("10:00", "10:15"),),
        (later,),
        (DayException(date(2026, 3, 25)),),
        spans,
    )


@pytest.mark.parametrize("zone", ZONES)
def test_parts_of_a_held_calendar_are_those_of_the_calendar(zone: str) -> None:
    lo = to_us(datetime(2026, 3, 20, tzinfo=UTC))
    hi = lo + WHOLE_DAYS * DAY_US
    held, plain = calendar_in(zone, lo), calendar_in(zone, lo)
    held.hold(lo, hi)
    rng = random.Random(7)
    for _ in range(300):
        start = rng.randrange(lo - 2 * DAY_US, hi)
        end = start + rng.randrange(1, 6 * DAY_US)
        for name in ("scheduled", "planned_stops", "planned_maintenance"):
            found, expected = getattr(held, name)(start, end), getattr(plain, name)(start, end)
            told = [(w.start_us.tolist(), w.end_us.tolist()) for w in (found, expected)]
            assert told[0] == told[1], (name, start, end)
