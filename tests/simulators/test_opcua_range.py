"""Which values a HistoryRead request spans, against a plain filter."""

from datetime import UTC, datetime, timedelta

from asyncua import ua
from chejian_simulators.opcua_history import locate
from chejian_simulators.shifts import to_ms
from hypothesis import given
from hypothesis import strategies as st


@given(
    times=st.lists(st.integers(0, 60), unique=True).map(sorted),
    start=st.integers(-3000, 63_000),
    end=st.integers(-3000, 63_000),
    bounds=st.booleans(),
)
def test_located_ranges_equal_a_plain_filter(times: list[int], start: int, end: int, bounds: bool) -> None:
    """Times in ms, bounds in us: requests need not lie on whole milliseconds."""
    zero = datetime(2026, 11, 22, tzinfo=UTC)
    details = ua.ReadRawModifiedDetails(IsReadModified=False, ReturnBounds=bounds)
    details.StartTime, details.EndTime = (
        zero + timedelta(microseconds=start),
        zero + timedelta(microseconds=end),
    )
    shifted = [to_ms(zero) + t for t in times]
    first, last, step = locate(shifted, details)
    got = [times[i] for i in range(first, last + step, step)] if (last - first) * step >= 0 else []

    def inside(time_ms: int) -> bool:
        us = time_ms * 1000
        upper = us <= max(start, end) if (bounds or start >= end) else us < end
        lower = us >= min(start, end) if (bounds or start <= end) else us > end
        return upper and lower

    want = [t for t in times if inside(t)]
    assert got == (want if step == 1 else want[::-1])
