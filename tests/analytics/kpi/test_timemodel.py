from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from chejian_analytics.kpi import (
    CATEGORY_OF_LOSS,
    LOSSES,
    CounterSeries,
    Flag,
    IdealCycle,
    Loss,
    OeeInputs,
    OeeResult,
    ReasonSpan,
    TimeRules,
    Windows,
    loss_totals,
    rollup,
    time_intervals,
    window_oee,
)
from chejian_analytics.kpi.losses import LOSS_OF_STATE
from chejian_contract.states import STATE_CATEGORY, MachineState, OperationMode
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import ArrayLike

from tests.analytics.kpi import naive_time
from tests.analytics.kpi.strategies import RANGE, Spans, cut_spans, repeated, series, spans, states, union

S, M = MachineState, OperationMode
PRODUCING, STOPPED, FAULT, IDLE = int(S.PRODUCING), int(S.STOPPED), int(S.FAULT), int(S.IDLE)

reason_spans = st.lists(
    st.builds(
        lambda start, length, loss: ReasonSpan(start, start + length, "r", loss),
        st.integers(-20, RANGE),
        st.integers(1, 80),
        st.sampled_from([None, Loss.PLANNED_MAINTENANCE, Loss.SETUP, Loss.STARVED, Loss.FAULT]),
    ),
    max_size=3,
)
equipment = st.builds(
    lambda samples, modes, changes, scheduled, stops, orders, reasons, minor, changeover: OeeInputs(
        state_times_us=[t for t, _ in samples],
        states=[s for _, s in samples],
        hold_us=60,
        produced=None,
        good=None,
        scrap=None,
        product_times_us=[t for t, _ in changes],
        products=[p for _, p in changes],
        ideal_cycles=[],
        scheduled=union(scheduled),
        planned_stops=union(stops),
        planned_maintenance=union(stops[:1]),
        mode_times_us=[t for t, _ in modes],
        modes=[m for _, m in modes],
        orders=None if orders is None else union(orders),
        reasons=reasons,
        rules=TimeRules(minor, changeover),
    ),
    samples=states | series(st.sampled_from([PRODUCING, FAULT, STOPPED, IDLE]), max_size=20),
    modes=st.lists(
        st.tuples(st.integers(-40, RANGE), st.integers(0, 3)), max_size=3, unique_by=lambda p: p[0]
    ).map(sorted),
    changes=st.lists(
        st.tuples(st.integers(-40, RANGE), st.sampled_from("AB")), max_size=4, unique_by=lambda p: p[0]
    ).map(sorted),
    scheduled=spans,
    stops=spans,
    orders=st.none() | spans,
    reasons=reason_spans,
    minor=st.sampled_from([0, 5, 30]),
    changeover=st.sampled_from([0, 25]),
)


@given(inputs=equipment)
def test_every_microsecond_is_classified_as_the_oracle_does(inputs: OeeInputs) -> None:
    got = time_intervals(inputs, 0, RANGE)
    want = naive_time.losses(inputs, 0, RANGE)
    flat = [
        loss for a, b, loss in zip(got.start_us, got.end_us, got.losses(), strict=True) for _ in range(a, b)
    ]
    assert flat == want
    assert (got.start_us[0], got.end_us[-1]) == (0, RANGE)
    assert [CATEGORY_OF_LOSS[loss].value for loss in got.losses()] == got.names()


@given(inputs=equipment, cuts=st.sets(st.integers(1, RANGE - 1), max_size=5))
def test_whatever_range_is_computed_an_instant_is_classified_alike(inputs: OeeInputs, cuts: set[int]) -> None:
    edges = [0, *sorted(cuts), RANGE]
    windows = Windows.of(edges[:-1], edges[1:])
    whole = window_oee(inputs, windows)
    alone = [window_oee(inputs, Windows.of([a], [b]))[0] for a, b in pairwise(edges)]
    assert whole == alone
    assert rollup(whole) == window_oee(inputs, Windows.of([0], [RANGE]))[0]
    totals = loss_totals(time_intervals(inputs, 0, RANGE), windows)
    assert (totals.sum(axis=1) == windows.end_us - windows.start_us).all()


@given(inputs=equipment, cuts=st.sets(st.integers(-40, RANGE + 40), max_size=6))
def test_cutting_any_interval_changes_nothing(inputs: OeeInputs, cuts: set[int]) -> None:
    """States and modes that are told again, reasons and orders in two pieces."""

    def again(times: ArrayLike, values: ArrayLike, hold: int = 0) -> tuple[list[int], list[int]]:
        told = repeated(
            list(zip(naive_time.listed(times), naive_time.listed(values), strict=True)), cuts, hold
        )
        return [t for t, _ in told], [v for _, v in told]

    times, values = again(inputs.state_times_us, inputs.states, 60)
    mode_times, modes = again(inputs.mode_times_us, inputs.modes)
    pieces = [
        replace(r, start_us=a, end_us=b)
        for r in inputs.reasons
        for a, b in cut_spans([(r.start_us, r.end_us)], cuts)
    ]
    other = replace(
        inputs, state_times_us=times, states=values, mode_times_us=mode_times, modes=modes, reasons=pieces
    )
    got, want = time_intervals(other, 0, RANGE), time_intervals(inputs, 0, RANGE)
    for name in ("state", "loss"):
        spread = [
            np.repeat(getattr(found, name), found.end_us - found.start_us).tolist() for found in (got, want)
        ]
        assert spread[0] == spread[1]
    for name in ("failures_us", "minor_stops_us", "setups_us"):
        assert getattr(got, name).tolist() == getattr(want, name).tolist()


@given(inputs=equipment)
def test_events_are_those_of_the_oracle(inputs: OeeInputs) -> None:
    got = time_intervals(inputs, 0, RANGE)
    failures, minor, setups = naive_time.events(inputs, 0, RANGE)
    assert got.failures_us.tolist() == failures
    assert got.minor_stops_us.tolist() == minor
    assert got.setups_us.tolist() == setups


def test_the_classes_refine_the_categories() -> None:
    assert {s: CATEGORY_OF_LOSS[loss] for s, loss in LOSS_OF_STATE.items()} == dict(STATE_CATEGORY)
    assert set(CATEGORY_OF_LOSS) == set(LOSSES)


def plant(samples: Sequence[tuple[int, int]], scheduled: Spans | None = None, **changes: Any) -> OeeInputs:
    base = OeeInputs(
        state_times_us=[t for t, _ in samples],
        states=[s for _, s in samples],
        hold_us=None,
        produced=None,
        good=None,
        scrap=None,
        product_times_us=[],
        products=[],
        ideal_cycles=[],
        scheduled=union(scheduled or [(-1000, 1000)]),
        planned_stops=Windows.none(),
    )
    return replace(base, **changes)


def one(inputs: OeeInputs, start: int = 0, end: int = 100) -> OeeResult:
    (result,) = window_oee(inputs, Windows.of([start], [end]))
    return result


def classes(inputs: OeeInputs, start: int = 0, end: int = 100) -> list[tuple[int, int, str]]:
    """Runs of equal class, whatever the states in them."""
    got = time_intervals(inputs, start, end)
    runs: list[tuple[int, int, str]] = []
    for a, b, loss in zip(got.start_us.tolist(), got.end_us.tolist(), got.losses(), strict=True):
        if runs and runs[-1][2] == loss.value:
            runs[-1] = (runs[-1][0], b, loss.value)
        else:
            runs.append((a, b, loss.value))
    return runs


def test_a_stop_of_exactly_the_threshold_is_minor_and_no_failure() -> None:
    samples = [(0, PRODUCING), (10, FAULT), (14, STOPPED), (15, PRODUCING), (50, FAULT), (56, PRODUCING)]
    inputs = plant(samples, rules=TimeRules(minor_stop_us=5))
    assert [c for *_, c in classes(inputs)] == [
        "production",
        "minor_stop",
        "production",
        "fault",
        "production",
    ]
    got = one(inputs)
    assert (got.minor_stop_us, got.fault_us, got.minor_stops, got.failures, got.repair_us) == (5, 6, 1, 1, 6)


def test_orders_decide_between_delay_and_down_time() -> None:
    samples = [(0, IDLE), (30, STOPPED), (60, PRODUCING)]
    known = plant(samples, orders=Windows.of([20], [50]))
    assert classes(known) == [
        (0, 20, "no_order"),
        (20, 50, "stop"),
        (50, 60, "no_order"),
        (60, 100, "production"),
    ]
    assert [c for *_, c in classes(plant(samples))] == ["no_order", "stop", "production"]


def test_modes_change_what_a_state_means() -> None:
    samples = [(0, PRODUCING), (40, FAULT)]
    inputs = plant(samples, mode_times_us=[10, 20, 60], modes=[M.SETUP, M.PRODUCTION, M.MAINTENANCE])
    assert classes(inputs) == [
        (0, 10, "production"),
        (10, 20, "setup"),
        (20, 40, "production"),
        (40, 60, "fault"),
        (60, 100, "maintenance"),
    ]
    got = one(inputs)
    assert (got.setups, got.failures) == (1, 1), "maintenance that follows a fault is the same failure"


def test_a_change_of_product_makes_a_changeover_of_the_stop_around_it() -> None:
    samples = [(0, PRODUCING), (20, IDLE), (40, PRODUCING), (60, STOPPED), (70, PRODUCING)]
    inputs = plant(
        samples, product_times_us=[0, 40, 45], products=["A", "B", "B"], rules=TimeRules(changeover_us=20)
    )
    assert classes(inputs)[1] == (20, 40, "setup")
    assert classes(inputs)[3] == (60, 70, "stop")
    longer = replace(inputs, rules=TimeRules(changeover_us=19))
    assert classes(longer)[1] == (20, 40, "no_order")


def test_reasons_never_declare_production_silence_or_unscheduled_time_away() -> None:
    samples = [(0, PRODUCING), (20, FAULT), (40, 0), (60, STOPPED)]
    inputs = plant(samples, [(0, 80)], reasons=[ReasonSpan(-10, 200, "pm", Loss.PLANNED_MAINTENANCE)])
    assert classes(inputs) == [
        (0, 20, "production"),
        (20, 40, "planned_maintenance"),
        (40, 60, "no_data"),
        (60, 80, "planned_maintenance"),
        (80, 100, "not_scheduled"),
    ]
    assert one(inputs).planned_maintenance_us == one(inputs).planned_stop_us == 40


def test_reasons_are_half_open_and_the_later_one_holds() -> None:
    inputs = plant(
        [(0, FAULT)],
        reasons=[
            ReasonSpan(10, 50, "a", Loss.MAINTENANCE),
            ReasonSpan(30, 60, "b", Loss.STARVED),
            ReasonSpan(55, 58, "c"),
        ],
    )
    assert classes(inputs) == [
        (0, 10, "fault"),
        (10, 30, "maintenance"),
        (30, 55, "starved"),
        (55, 58, "fault"),
        (58, 60, "starved"),
        (60, 100, "fault"),
    ]
    assert time_intervals(inputs, 0, 100).reason.tolist() == [-1, 0, 1, 2, 1, -1]
    with pytest.raises(ValueError, match="loss 'production' must be one of"):
        ReasonSpan(0, 1, "x", Loss.PRODUCTION)
    with pytest.raises(ValueError, match=r"reason 'x': \[5, 5\) is empty"):
        ReasonSpan(5, 5, "x")


def test_a_failure_counts_where_it_begins_and_a_meal_does_not_cut_it() -> None:
    samples = [(0, PRODUCING), (20, FAULT), (80, PRODUCING)]
    inputs = plant(samples, planned_stops=Windows.of([40], [50]))
    hours = Windows.of([0, 30, 60], [30, 60, 100])
    assert [r.failures for r in window_oee(inputs, hours)] == [1, 0, 0]
    assert [r.repair_us for r in window_oee(inputs, hours)] == [10, 20, 20]
    two_shifts = plant(samples, [(0, 40), (50, 100)])
    assert one(two_shifts).failures == 2, "what outlives the shift begins again with the next"


def test_a_stop_without_an_end_stays_open_and_nothing_is_negative() -> None:
    got = one(plant([(-500, PRODUCING), (10, FAULT)]), 0, 100)
    assert (got.fault_us, got.apt_us, got.adet_us) == (90, 10, 90)


def test_silence_is_no_data_and_never_idle() -> None:
    inputs = plant([(0, PRODUCING), (50, PRODUCING)], hold_us=20)
    assert classes(inputs) == [
        (0, 20, "production"),
        (20, 50, "no_data"),
        (50, 70, "production"),
        (70, 100, "no_data"),
    ]


def test_planned_maintenance_of_the_calendar_is_apart_from_other_planned_stops() -> None:
    inputs = plant(
        [(0, S.MAINTENANCE)],
        [(0, 90)],
        planned_stops=Windows.of([10], [30]),
        planned_maintenance=Windows.of([20, 85], [40, 95]),
    )
    assert classes(inputs) == [
        (0, 10, "maintenance"),
        (10, 20, "planned_stop"),
        (20, 40, "planned_maintenance"),
        (40, 85, "maintenance"),
        (85, 90, "planned_maintenance"),
        (90, 100, "not_scheduled"),
    ]


def test_effectiveness_above_one_is_shown_raw_and_a_wrong_rate_is_told_from_an_edge() -> None:
    def made(count: int) -> OeeResult:
        inputs = plant(
            [(0, PRODUCING)],
            produced=CounterSeries([-1, 50], [0, count]),
            good=CounterSeries([-1, 50], [0, count]),
            ideal_cycles=[IdealCycle("", 10, -1000)],
        )
        return one(inputs)

    assert made(11).effectiveness == 1.1
    assert Flag.PERFORMANCE_ABOVE_100 in made(11).flags
    assert Flag.IDEAL_RATE_WRONG not in made(11).flags, "one item may have been in work at the edge"
    assert made(25).effectiveness == 2.5
    assert made(25).oee == 2.5
    assert Flag.IDEAL_RATE_WRONG in made(25).flags


def test_wrong_input_is_named() -> None:
    with pytest.raises(ValueError, match="operation mode: 1 times but modes of shape"):
        time_intervals(plant([(0, 1)], mode_times_us=[0], modes=[1, 2]), 0, 10)
    with pytest.raises(ValueError, match=r"range \[5, 5\) is empty"):
        time_intervals(plant([(0, 1)]), 5, 5)
    with pytest.raises(ValueError, match="must be >= 0"):
        TimeRules(-1)
    assert np.isin(0, time_intervals(plant([]), 0, 10).state)
