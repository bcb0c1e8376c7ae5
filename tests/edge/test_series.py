"""Order, uniqueness and heartbeats of one series, by properties and against a naive oracle."""

from itertools import pairwise
from typing import Any

import pytest
from chejian_contract.quantities import Quantity
from chejian_contract.samples import Quality
from chejian_contract.signals import SignalDef, SignalKind
from chejian_contract.sparkplug.sparkplug_b_pb2 import Payload
from chejian_edge import series as verdicts
from chejian_edge.batch import Closed, OpenBatch
from chejian_edge.plan import SignalPlan
from chejian_edge.series import Series
from hypothesis import given
from hypothesis import strategies as st

STEP = 1000
Point = tuple[int, Any]


def as_published(raw: Any) -> Any:
    """Values come in their published form here."""
    return raw


def plan(
    *, kind: SignalKind = SignalKind.MEASUREMENT, heartbeat_ms: int = STEP, deadband: float = 0.0
) -> SignalPlan:
    quantity = Quantity.TEXT if kind is SignalKind.EVENT else Quantity.COUNT
    unit = "" if kind is SignalKind.EVENT else "1"
    definition = SignalDef("S", quantity, unit, kind)
    return SignalPlan("D", definition, "src", None, as_published, deadband, heartbeat_ms)


class Outlet:
    """A series and what left it."""

    def __init__(self, signal: SignalPlan, state: Any = None) -> None:
        self.closed: list[Closed] = []
        self.batch = OpenBatch("D", historical=False, limit=7, sink=self.closed.append)
        self.series = Series(3, signal)
        if state is not None:
            self.series.restore(state)

    def take(self, time_ms: int, value: Any, quality: Quality = Quality.GOOD) -> str:
        return self.series.take(time_ms, value, quality, self.batch)

    def beat(self, up_to_ms: int) -> int:
        return self.series.beat(up_to_ms, self.batch)

    def points(self) -> list[Point]:
        self.batch.close()
        out = []
        for closed in self.closed:
            metrics = Payload.FromString(closed.data).metrics
            assert len(metrics) == closed.samples <= 7
            out += [(m.timestamp, None if m.is_null else m.double_value) for m in metrics]
        return out


def naive(readings: list[Point]) -> list[Point]:
    """Heartbeats between readings of strictly rising times, written as the definition reads."""
    out: list[Point] = []
    for (time_ms, value), (next_ms, _) in zip(readings, [*readings[1:], (0, None)], strict=True):
        out.append((time_ms, value))
        out += [(g, value) for g in range(0, next_ms, STEP) if time_ms < g < next_ms]
    return out


rising = st.lists(
    st.tuples(st.integers(1, 20_000), st.sampled_from([1.0, 2.0, 3.0])),
    min_size=1,
    max_size=25,
    unique_by=lambda r: r[0],
).map(sorted)


@given(readings=rising)
def test_history_is_filled_as_the_naive_oracle_says(readings: list[Point]) -> None:
    outlet = Outlet(plan())
    assert [outlet.take(*r) for r in readings] == [verdicts.ACCEPTED] * len(readings)
    assert outlet.points() == naive(readings)


@given(readings=rising, data=st.data())
def test_live_and_history_make_the_same_samples(readings: list[Point], data: st.DataObject) -> None:
    live = Outlet(plan())
    for (time_ms, value), (next_ms, _) in zip(
        readings, [*readings[1:], (readings[-1][0], None)], strict=True
    ):
        live.take(time_ms, value)
        for vouched in sorted(
            data.draw(st.lists(st.integers(time_ms, max(next_ms - 1, time_ms)), max_size=3))
        ):
            live.beat(vouched)
    assert live.points() == naive(readings)


@given(readings=rising, cut=st.integers(0, 25))
def test_a_restart_that_reads_again_repeats_and_loses_nothing(readings: list[Point], cut: int) -> None:
    first = Outlet(plan())
    for reading in readings[:cut]:
        first.take(*reading)
    second = Outlet(plan(), first.series.state())
    again = [r for r in readings if r[0] >= second.series.source_ms]
    for reading in again:
        second.take(*reading)
    assert first.points() + second.points() == naive(readings)


@given(st.lists(st.tuples(st.integers(1, 4000), st.sampled_from([1.0, 2.0, 3.0, None])), max_size=60))
def test_whatever_comes_times_rise_and_nothing_is_uncounted(readings: list[Point]) -> None:
    outlet = Outlet(plan())
    told = []
    for i, (time_ms, value) in enumerate(readings):
        told.append(outlet.take(time_ms, value, Quality.GOOD if value is not None else Quality.BAD))
        if i % 3 == 0:
            outlet.beat(time_ms + 300)
    points = outlet.points()
    assert all(a[0] < b[0] for a, b in pairwise(points))
    kept = [v for v in told if v in (verdicts.ACCEPTED, verdicts.SAME_MS, verdicts.OVERTAKEN)]
    beats = [p for p in points if p[0] % STEP == 0]
    assert len(kept) <= len(points) <= len(kept) + len(beats)


def test_same_millisecond_other_value_takes_the_next_free_one() -> None:
    outlet = Outlet(plan())
    assert [outlet.take(5, v) for v in (1.0, 2.0, 3.0, 2.0)] == ["accepted", "same_ms", "same_ms", "repeat"]
    assert outlet.take(6, 9.0) == "overtaken"  # 6 and 7 are taken
    assert outlet.points() == [(5, 1.0), (6, 2.0), (7, 3.0), (8, 9.0)]


def test_a_late_value_is_dropped_and_one_of_read_history_is_a_repeat() -> None:
    outlet = Outlet(plan())
    outlet.take(500, 1.0)
    assert outlet.take(400, 2.0) == verdicts.LATE
    outlet.series.covered_ms = 450
    assert outlet.take(400, 2.0) == verdicts.REPEAT
    assert outlet.points() == [(500, 1.0)]


def test_a_value_behind_a_heartbeat_moves_just_behind_it() -> None:
    outlet = Outlet(plan())
    outlet.take(900, 1.0)
    assert outlet.beat(2100) == 2
    assert outlet.take(1500, 2.0) == verdicts.OVERTAKEN
    assert outlet.points() == [(900, 1.0), (1000, 1.0), (2000, 1.0), (2001, 2.0)]


@pytest.mark.parametrize("quality", [Quality.BAD, Quality.STALE, Quality.UNCERTAIN])
def test_no_heartbeat_unless_the_last_quality_is_good(quality: Quality) -> None:
    outlet = Outlet(plan())
    outlet.take(900, 1.0, quality)
    assert outlet.beat(9000) == 0
    outlet.take(9100, 1.0)
    assert [p[0] for p in outlet.points()] == [900, 9100]


def test_a_lost_source_makes_no_heartbeats_until_it_speaks_again() -> None:
    outlet = Outlet(plan())
    outlet.take(900, 1.0)
    outlet.series.lost()
    assert outlet.beat(5000) == 0
    outlet.take(5500, 2.0)  # what was in between is unknown
    assert outlet.beat(6500) == 1
    assert [p[0] for p in outlet.points()] == [900, 5500, 6000]


def test_a_source_that_names_its_last_reading_again_closes_the_gap() -> None:
    outlet = Outlet(plan())
    outlet.take(900, 1.0)
    outlet.series.lost()
    assert outlet.take(900, 1.0) == verdicts.REPEAT
    outlet.take(2500, 2.0)
    assert [p[0] for p in outlet.points()] == [900, 1000, 2000, 2500]


def test_deadband_drops_small_changes_only() -> None:
    outlet = Outlet(plan(deadband=0.5, heartbeat_ms=60_000))
    told = [outlet.take(t, v) for t, v in ((1, 1.0), (2, 1.5), (3, 1.4), (4, 1.51), (5, 1.2))]
    assert told == ["accepted", "deadband", "deadband", "accepted", "deadband"]


def test_events_hold_without_heartbeats() -> None:
    outlet = Outlet(plan(kind=SignalKind.EVENT, heartbeat_ms=0))
    outlet.take(900, "SHAFT-A")
    assert outlet.beat(90_000) == 0
