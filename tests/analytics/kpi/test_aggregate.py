import random
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from chejian_analytics.kernels import intervals as kernel
from chejian_analytics.kpi import (
    CATEGORIES,
    Correction,
    CounterSeries,
    Flag,
    IdealCycle,
    OeeInputs,
    OeeResult,
    Windows,
    category_totals,
    overlay,
    rollup,
    state_intervals,
    timeline,
    window_oee,
)
from hypothesis import given
from hypothesis import strategies as st

from tests.analytics.kpi import naive
from tests.analytics.kpi.naive import plain
from tests.analytics.kpi.strategies import RANGE, Plant, cut_spans, plants, repeated

HOUR = 3_600_000_000
SECOND = 1_000_000
TIME_NAMES = ("not_scheduled", "planned_stop", "no_data", "adot", "adet", "aust", "apt")


@pytest.fixture(params=["jit", "python"], scope="module")
def engine(request: pytest.FixtureRequest) -> Iterator[str]:
    """Runs the kernel compiled and as plain Python."""
    with pytest.MonkeyPatch.context() as patch:
        if request.param == "python":
            patch.setattr(timeline, "held_runs", plain(kernel.held_runs))
        yield request.param


def one(inputs: OeeInputs, start: int, end: int) -> OeeResult:
    (result,) = window_oee(inputs, Windows.of([start], [end]))
    return result


@given(plant=plants)
def test_times_are_those_of_the_oracle(engine: str, plant: Plant) -> None:
    got = one(plant.inputs(), 0, RANGE)
    times, states = [t for t, _ in plant.states], [s for _, s in plant.states]
    want = naive.durations(times, states, plant.hold, (0, RANGE), plant.scheduled, plant.stops)
    assert {name: getattr(got, f"{name}_us") for name in TIME_NAMES} == want


@given(plant=plants, window=st.tuples(st.integers(0, 200), st.integers(1, 40)))
def test_counts_are_those_of_the_oracle(plant: Plant, window: tuple[int, int]) -> None:
    a, b = window[0], sum(window)
    got = one(plant.inputs(), a, b)
    for samples, items, weighted in (
        (plant.produced, got.produced, got.ideal_us),
        (plant.good, got.good, got.effective_us),
    ):
        steps = [
            s for s in naive.increments([t for t, _ in samples], [v for _, v in samples])[0] if a <= s[0] < b
        ]
        assert (items or 0) == sum(n for _, n in steps)
        assert weighted == sum(n * naive.pri_at(t, plant.changes, plant.cycles) for t, n in steps)
        assert (items is None) == (not samples or b <= samples[0][0])


@given(plant=plants, cuts=st.sets(st.integers(1, RANGE - 1), min_size=1, max_size=6))
def test_pieces_of_a_window_roll_up_to_the_whole(plant: Plant, cuts: set[int]) -> None:
    edges = [0, *sorted(cuts), RANGE]
    inputs = plant.inputs()
    assert rollup(window_oee(inputs, Windows.of(edges[:-1], edges[1:]))) == one(inputs, 0, RANGE)


corrections = st.lists(
    st.builds(Correction, st.integers(-20, RANGE + 20), st.integers(-5, 5), st.integers(-5, 5)), max_size=4
)


@given(plant=plants, moved=corrections, rng=st.randoms(use_true_random=False))
def test_facts_may_come_in_any_order(plant: Plant, moved: list[Correction], rng: random.Random) -> None:
    """Samples reach the engine sorted by their time (tests/cloud/worker/test_convergence.py has them arrive in any order)."""

    def shuffled(rows: Sequence[Any]) -> list[Any]:
        return rng.sample(rows, len(rows))

    other = replace(
        plant,
        cycles=shuffled(plant.cycles),
        scheduled=shuffled(plant.scheduled),
        stops=shuffled(plant.stops),
    )
    windows = Windows.of([0, 100], [100, RANGE])
    inputs = replace(plant.inputs(), corrections=moved)
    again = replace(other.inputs(), corrections=shuffled(moved))
    assert window_oee(again, windows) == window_oee(inputs, windows)


@given(plant=plants, cuts=st.sets(st.integers(-40, RANGE + 40), max_size=8))
def test_readings_that_repeat_and_spans_that_are_cut_change_nothing(plant: Plant, cuts: set[int]) -> None:
    other = replace(
        plant,
        states=repeated(plant.states, cuts, plant.hold),
        produced=repeated(plant.produced, cuts),
        good=repeated(plant.good, cuts),
        changes=repeated(plant.changes, cuts),
        scheduled=cut_spans(plant.scheduled, cuts),
        stops=cut_spans(plant.stops, cuts),
    )
    windows = Windows.of([0, 100], [100, RANGE])
    assert window_oee(other.inputs(), windows) == window_oee(plant.inputs(), windows)


@given(plant=plants)
def test_losses_sum_to_the_calendar(plant: Plant) -> None:
    for r in window_oee(plant.inputs(), Windows.of([0, 60, 61], [60, 61, RANGE])):
        losses = r.not_scheduled_us + r.planned_stop_us + r.no_data_us + r.adot_us + r.adet_us + r.aust_us
        assert losses + r.speed_loss_us + r.quality_loss_us + r.effective_us == r.calendar_us


@given(plant=plants)
def test_overlay_is_contiguous_and_merged(plant: Plant) -> None:
    inputs = plant.inputs()
    states = state_intervals(
        inputs.state_times_us, inputs.states, start_us=0, end_us=RANGE, hold_us=plant.hold
    )
    got = overlay(states, inputs.scheduled, inputs.planned_stops)
    assert (got.start_us[0], got.end_us[-1]) == (0, RANGE)
    assert (got.start_us[1:] == got.end_us[:-1]).all()
    assert ((got.state[1:] != got.state[:-1]) | (got.category[1:] != got.category[:-1])).all()
    assert got.names() == [CATEGORIES[c].value for c in got.category]
    totals = category_totals(got, Windows.of([0], [RANGE]))
    assert totals.sum() == RANGE


def shift(**changes: Any) -> OeeInputs:
    """Four hours of one shift: an hour each of production, fault, silence, production; a meal in the last one."""
    base = OeeInputs(
        state_times_us=[0, HOUR, 2 * HOUR, 3 * HOUR],
        states=[1, 3, 0, 1],
        hold_us=None,
        produced=CounterSeries([0, HOUR // 2, 3 * HOUR + 1], [100, 120, 130]),
        good=CounterSeries([0, HOUR // 2, 3 * HOUR + 1], [90, 109, 119]),
        scrap=CounterSeries([0, HOUR // 2], [10, 11]),
        product_times_us=[0, 3 * HOUR],
        products=["SHAFT-A", "HUSK-B"],
        ideal_cycles=[IdealCycle("SHAFT-A", 90 * SECOND, 0), IdealCycle("HUSK-B", 150 * SECOND, 0)],
        scheduled=Windows.of([0], [4 * HOUR]),
        planned_stops=Windows.of([3 * HOUR + HOUR // 2], [4 * HOUR]),
    )
    return replace(base, **changes)


def test_a_shift_by_hand() -> None:
    got = one(shift(), 0, 4 * HOUR)
    assert (got.apt_us, got.adet_us, got.no_data_us, got.planned_stop_us) == (
        3 * HOUR // 2,
        HOUR,
        HOUR,
        HOUR // 2,
    )
    assert (got.produced, got.good, got.scrap) == (30, 29, 1)
    assert got.ideal_us == (20 * 90 + 10 * 150) * SECOND
    assert got.effective_us == (19 * 90 + 10 * 150) * SECOND
    assert got.completeness == 2.5 / 3.5
    assert got.oee == (19 * 90 + 10 * 150) / (2.5 * 3600)
    assert got.flags == ("mixed_products",)


def test_time_outside_the_shifts_is_not_scheduled_even_without_data() -> None:
    got = one(shift(scheduled=Windows.of([0], [2 * HOUR])), 0, 4 * HOUR)
    assert (got.not_scheduled_us, got.planned_stop_us, got.no_data_us) == (2 * HOUR, 0, 0)
    assert got.completeness == 1.0


@pytest.mark.parametrize(
    ("changes", "counts"),
    [
        ({"scrap": None}, (30, 29, 1)),
        ({"good": None}, (30, 29, 1)),
        ({"produced": None}, (30, 29, 1)),
        ({"good": None, "scrap": None}, (30, None, None)),
        ({"produced": None, "good": None, "scrap": None}, (None, None, None)),
    ],
)
def test_the_third_count_follows_from_the_other_two(
    changes: dict[str, Any], counts: tuple[int | None, ...]
) -> None:
    got = one(shift(**changes), 0, 4 * HOUR)
    assert (got.produced, got.good, got.scrap) == counts
    full = one(shift(), 0, 4 * HOUR)
    assert (got.ideal_us == full.ideal_us) == (got.produced is not None)
    assert (got.oee == full.oee) == (got.good is not None)
    assert (got.oee is None) == (got.good is None)


def test_flags_of_counters_and_cycles_stand_on_their_hours() -> None:
    hours = Windows.of(np.arange(4) * HOUR, np.arange(1, 5) * HOUR)
    reset = CounterSeries([0, HOUR // 2, HOUR + 1, 3 * HOUR + 1], [100, 120, 2, 5])
    flags = [r.flags for r in window_oee(shift(produced=reset), hours)]
    assert [Flag.COUNTER_RESET in f for f in flags] == [False, True, False, False]

    unknown = shift(ideal_cycles=[IdealCycle("SHAFT-A", 90 * SECOND, 0)])
    results = window_oee(unknown, hours)
    assert [Flag.NO_IDEAL_CYCLE in r.flags for r in results] == [False, False, False, True]
    assert [r.oee is None for r in results] == [False, False, True, True]  # the third hour has no data

    late = CounterSeries([HOUR + 5, 3 * HOUR + 1], [7, 9])
    results = window_oee(shift(produced=late, good=late, scrap=None), hours)
    assert [r.produced for r in results] == [None, 0, 0, 2]
    assert [Flag.NO_COUNTS in r.flags for r in results] == [True, False, False, False]
    assert [Flag.COUNTS_PARTIAL in r.flags for r in results] == [False, True, False, False]


def test_an_ideal_cycle_holds_from_its_date_and_for_any_product() -> None:
    cycles = [IdealCycle("", 10 * SECOND, 0), IdealCycle("", 20 * SECOND, HOUR), IdealCycle("X", SECOND, 0)]
    got = one(shift(ideal_cycles=cycles), 0, 4 * HOUR)
    assert got.ideal_us == (20 * 10 + 10 * 20) * SECOND
    with pytest.raises(ValueError, match="product 'X': 0 us must be > 0"):
        IdealCycle("X", 0, 0)


def test_an_item_counted_at_the_instant_of_a_change_is_the_earlier_products() -> None:
    made = CounterSeries([0, 3 * HOUR], [0, 1])
    got = one(shift(produced=made, good=made, scrap=None), 0, 4 * HOUR)
    assert got.ideal_us == 90 * SECOND


def test_nothing_at_all_is_no_data() -> None:
    empty = CounterSeries([], [])
    silent = shift(
        state_times_us=[],
        states=[],
        produced=empty,
        good=empty,
        scrap=empty,
        product_times_us=[],
        products=[],
    )
    got = one(silent, 0, 4 * HOUR)
    assert got.no_data_us == 4 * HOUR - HOUR // 2
    assert got.completeness == 0.0
    assert got.oee is None
    assert window_oee(silent, Windows.none()) == []


def test_wrong_input_is_named() -> None:
    with pytest.raises(ValueError, match="product changes: 2 times but 1 products"):
        one(shift(products=["SHAFT-A"]), 0, HOUR)
    with pytest.raises(ValueError, match="rollup needs at least one part"):
        rollup([])
    states = state_intervals([0], [1], start_us=0, end_us=9, hold_us=None)
    with pytest.raises(ValueError, match=r"windows \[0, 10\) reach outside the intervals \[0, 9\)"):
        category_totals(overlay(states, Windows.none(), Windows.none()), Windows.of([0], [10]))
