"""Views on the same numbers: waterfall, six big losses, SEMI, Pareto, needs reason, line, products."""

from dataclasses import replace

import numpy as np
import pytest
from chejian_analytics.kpi import (
    E10,
    E10_STATES,
    WATERFALL,
    CategoryIntervals,
    CounterSeries,
    Flag,
    IdealCycle,
    Loss,
    OeeInputs,
    OeeResult,
    Reason,
    ReasonSpan,
    TimeRules,
    Windows,
    e10_summary,
    e10_totals,
    find_bottleneck,
    line_oee,
    needs_reason,
    oee,
    pareto,
    product_counts,
    six_big_losses,
    time_intervals,
    waterfall,
    window_oee,
)
from chejian_contract.states import MachineState as S
from hypothesis import given
from hypothesis import strategies as st

from tests.analytics.kpi.strategies import RANGE, Plant, plants
from tests.analytics.kpi.test_oee import MINUTE, terms
from tests.analytics.kpi.test_timemodel import equipment, plant


@given(plant=plants, minor=st.sampled_from([0, 20]))
def test_the_waterfall_sums_to_the_calendar(plant: Plant, minor: int) -> None:
    inputs = replace(plant.inputs(), rules=TimeRules(minor))
    for result in window_oee(inputs, Windows.of([0, 60], [60, RANGE])):
        steps = waterfall(result)
        assert tuple(steps) == WATERFALL
        assert sum(steps.values()) == result.calendar_us
        six = six_big_losses(result)
        grouped = six.breakdowns + six.setup_adjustments + six.minor_stops + six.reduced_speed + six.defects
        assert grouped + six.unexplained_stops + six.no_order + result.effective_us == result.busy_us
        shares = six.of_busy_time(result)
        assert (shares is None) == (result.busy_us == 0)


@given(inputs=equipment)
def test_e10_states_sum_to_the_window_and_agree_with_stored_intervals(inputs: OeeInputs) -> None:
    windows = Windows.of([0, 90], [90, RANGE])
    found = time_intervals(inputs, 0, RANGE)
    totals = e10_totals(found, windows)
    assert (totals.sum(axis=1) == windows.end_us - windows.start_us).all()
    stored: CategoryIntervals = found.categories()
    assert (e10_totals(stored, windows) == totals).all()


def test_semi_by_hand() -> None:
    samples = [(0, S.PRODUCING), (40, S.FAULT), (50, S.STARVED), (55, S.SETUP), (60, 0)]
    inputs = plant(samples, [(0, 90)], planned_stops=Windows.of([70], [80]))
    row = e10_totals(time_intervals(inputs, 0, 100), Windows.of([0], [100]))[0]
    times = dict(zip(E10_STATES, row.tolist(), strict=True))
    assert times == {
        E10.PRODUCTIVE: 40,
        E10.UNSCHEDULED_DOWN: 10,
        E10.STANDBY: 5,
        E10.SCHEDULED_DOWN: 15,
        E10.ENGINEERING: 0,
        E10.NON_SCHEDULED: 10,
        E10.NO_DATA: 20,
    }
    got = e10_summary(times, terms(apt_us=40, ideal_us=30, effective_us=20))
    assert (got.total_us, got.operations_us, got.uptime_us, got.downtime_us) == (80, 70, 45, 25)
    factors = (
        got.availability_efficiency,
        got.operational_efficiency,
        got.rate_efficiency,
        got.quality_efficiency,
    )
    assert got.oee == pytest.approx(np.prod([f for f in factors if f is not None]))
    assert got.oee == 20 / 80
    as_engineering = e10_totals(time_intervals(inputs, 0, 100), Windows.of([0], [100]), setup=E10.ENGINEERING)
    assert as_engineering[0, E10_STATES.index(E10.ENGINEERING)] == 5


def test_stops_without_a_reason_are_listed_and_explained_ones_are_not() -> None:
    samples = [
        (0, S.PRODUCING),
        (10, S.FAULT),
        (20, S.STOPPED),
        (40, S.PRODUCING),
        (60, S.STARVED),
        (80, S.STOPPED),
    ]
    inputs = plant(samples, rules=TimeRules(minor_stop_us=5))
    found = needs_reason(time_intervals(inputs, 0, 100))
    assert [(s.start_us, s.end_us, s.losses) for s in found] == [
        (10, 40, (Loss.FAULT, Loss.STOP)),
        (80, 100, (Loss.STOP,)),
    ]
    half = replace(inputs, reasons=[ReasonSpan(15, 90, "jam")])
    assert [(s.start_us, s.end_us) for s in needs_reason(time_intervals(half, 0, 100))] == [
        (10, 15),
        (90, 100),
    ]
    assert [s.end_us for s in needs_reason(time_intervals(half, 0, 100), least_us=6)] == [100]
    assert needs_reason(time_intervals(half, 0, 100), asked=frozenset({Loss.STARVED})) == []


TREE = [Reason("machine"), Reason("tool", "machine"), Reason("spindle", "machine"), Reason("material")]
DELAY = frozenset({Loss.FAULT, Loss.STOP, Loss.STARVED})


def test_pareto_over_the_tree() -> None:
    spans = [ReasonSpan(0, 30, "tool"), ReasonSpan(30, 50, "spindle"), ReasonSpan(70, 80, "material")]
    inputs = plant([(0, S.FAULT), (60, S.PRODUCING), (70, S.STARVED), (90, S.STOPPED)], reasons=spans)
    found = [(time_intervals(inputs, 0, 100), spans)]
    top = pareto(found, TREE, losses=DELAY)
    assert [(r.code, r.duration_us, r.occurrences) for r in top] == [
        ("machine", 50, 1),
        ("", 30, 2),
        ("material", 10, 1),
    ]
    assert [r.cumulative for r in top] == pytest.approx([50 / 90, 80 / 90, 1.0])
    below = pareto(found, TREE, losses=DELAY, under="machine")
    assert [(r.code, r.duration_us) for r in below] == [("tool", 30), ("spindle", 20)]
    assert pareto([], TREE, losses=DELAY) == []
    with pytest.raises(ValueError, match="cycle"):
        pareto(found, [Reason("a", "b"), Reason("b", "a")], losses=DELAY)
    with pytest.raises(ValueError, match="parent 'x' is not in the tree"):
        pareto(found, [Reason("a", "x")], losses=DELAY)


def station(pri_min: int, made: int, good: int, **times: int) -> OeeResult:
    return oee(
        terms(
            ideal_us=pri_min * made * MINUTE,
            effective_us=pri_min * good * MINUTE,
            produced=made,
            good=good,
            scrap=made - good,
            **{name: value * MINUTE for name, value in times.items()},
        )
    )


def test_a_line_is_as_good_as_its_bottleneck_lets_it() -> None:
    stations = [
        station(1, 110, 105, apt_us=200, adet_us=200, blocked_us=200),
        station(3, 104, 100, apt_us=330, adet_us=70, starved_us=40, fault_us=30),
        station(2, 100, 95, apt_us=210, adet_us=190, starved_us=190),
    ]
    got = line_oee(stations)
    assert find_bottleneck(stations) == got.bottleneck == 1
    assert got.oee == pytest.approx(3 * 95 / 400)
    assert got.oee == pytest.approx(330 / 400 * (3 * 104 / 330) * (95 / 104))
    assert (got.starved_us, got.blocked_us) == (40 * MINUTE, 0)
    mean = sum(s.oee or 0 for s in stations) / 3
    assert abs((got.oee or 0) - mean) > 0.1, "the mean of the stations is something else"
    assert line_oee(stations, bottleneck=2).oee == pytest.approx(2 * 95 / 400)
    nothing = oee(terms(adot_us=MINUTE, produced=0, good=0, scrap=0))
    assert line_oee([nothing]).oee is None
    uncounted = oee(replace(stations[1], produced=None, good=None, scrap=None), [Flag.NO_COUNTS])
    assert line_oee([uncounted]).quality_ratio is None
    with pytest.raises(ValueError, match="bottleneck 3 must be one of 3 stations"):
        line_oee(stations, bottleneck=3)


@given(plant=plants)
def test_counts_by_product_sum_to_the_window(plant: Plant) -> None:
    inputs = plant.inputs()
    windows = Windows.of([0, 110], [100, RANGE])
    rows = product_counts(inputs, windows)
    for i, result in enumerate(window_oee(inputs, windows)):
        own = [r for r in rows if r.window == i]
        assert sum(r.produced or 0 for r in own) == (result.produced or 0)
        assert sum(r.good or 0 for r in own) == (result.good or 0)
        assert sum(r.ideal_us for r in own) == result.ideal_us
        assert (sum(r.unknown_items for r in own) > 0) == (Flag.NO_IDEAL_CYCLE in result.flags)
        assert len({r.product for r in own}) == len(own)


def test_counts_by_product_by_hand() -> None:
    inputs = plant(
        [],
        produced=CounterSeries([0, 10, 50, 90], [0, 4, 9, 20]),
        product_times_us=[0, 50],
        products=["A", "B"],
        ideal_cycles=[IdealCycle("A", 7, -10)],
    )
    rows = product_counts(inputs, Windows.of([0], [100]))
    assert [(r.product, r.produced, r.good, r.ideal_us, r.unknown_items) for r in rows] == [
        ("A", 9, None, 63, 0),
        ("B", 11, None, 0, 11),
    ]
    assert product_counts(inputs, Windows.none()) == []
