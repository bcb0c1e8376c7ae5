"""Use of windows: pieces add up to the whole bit for bit, shares to the amount, and heartbeats are no readings."""

import itertools
from fractions import Fraction
from math import floor

import numpy as np
from chejian_analytics.energy import (
    Labels,
    MachineWork,
    Meter,
    Share,
    add_uses,
    meter,
    share_out,
    window_use,
    without_repeats,
)
from chejian_analytics.kpi import CounterSeries, Windows
from hypothesis import given
from hypothesis import strategies as st

S = 1_000_000
times = st.lists(st.integers(0, 900), min_size=1, max_size=25, unique=True).map(sorted)
edges = st.lists(st.integers(0, 900), min_size=2, max_size=9, unique=True).map(sorted)


@st.composite
def works(draw: st.DrawFn) -> tuple[Meter, MachineWork]:
    """A meter that may fall, and a machine with states, products and a counter that may fall."""
    at = draw(times)
    values = draw(st.lists(st.integers(0, 5000), min_size=len(at), max_size=len(at)))
    own = meter(np.array(at) * S, values, max_gap_us=90 * S, modulus=draw(st.sampled_from([None, 5001])))
    labels = {}
    for by in ("state", "product"):
        starts = draw(times)
        names = draw(st.lists(st.sampled_from("ABC"), min_size=len(starts), max_size=len(starts)))
        labels[by] = Labels(np.array(starts) * S, names, with_output=by == "product")
    counted = draw(times)
    counts = draw(st.lists(st.integers(0, 30), min_size=len(counted), max_size=len(counted)))
    return own, MachineWork(labels, good=CounterSeries(np.array(counted) * S, counts))


@given(works(), edges)
def test_pieces_add_up_and_shares_are_all_of_it(made: tuple[Meter, MachineWork], at: list[int]) -> None:
    own, work = made
    cut = np.array(at) * S
    pieces = window_use(own, Windows.of(cut[:-1], cut[1:]), work)
    (whole,) = window_use(own, Windows.of(cut[:1], cut[-1:]), work)
    assert add_uses(pieces) == whole
    for by in ("state", "product"):
        shares = whole.shares[by].values()
        assert sum(s.amount for s in shares) == whole.amount
        assert sum(s.us for s in shares) == whole.elapsed_us
    assert sum(s.output for s in whole.shares["product"].values()) == (whole.output or 0)
    assert all(s.output == 0 for s in whole.shares["state"].values())


@given(works(), edges)
def test_shares_are_those_of_the_single_window_function(
    made: tuple[Meter, MachineWork], at: list[int]
) -> None:
    own, work = made
    start, end = at[0] * S, at[-1] * S
    (use,) = window_use(own, Windows.of([start], [end]), work)
    starts = np.asarray(work.labels["state"].start_us)
    runs = np.concatenate([[-1], starts, [1000 * S]])
    names = ["", *work.labels["state"].names]
    shares = share_out(own, runs[:-1], runs[1:], names, within=(start, end))
    assert {k: v.amount for k, v in use.shares["state"].items()} == shares.amounts
    assert shares.unlabelled == 0


def test_an_item_at_the_instant_of_a_change_is_the_earlier_products() -> None:
    own = meter([0, 100 * S], [0, 100], max_gap_us=200 * S)
    good = CounterSeries([0, 50 * S, 60 * S], [0, 4, 5])
    work = MachineWork({"product": Labels([0, 50 * S], ["A", "B"])}, good=good)
    (use,) = window_use(own, Windows.of([0], [100 * S]), work)
    assert use.shares["product"] == {"A": Share(50, 50 * S, 4), "B": Share(50, 50 * S, 1)}
    first, second = window_use(own, Windows.of([0, 50 * S], [50 * S, 100 * S]), work)
    assert first.shares["product"] == {"A": Share(50, 50 * S, 0)}
    assert second.shares["product"] == {"A": Share(0, 0, 4), "B": Share(50, 50 * S, 1)}


def test_without_a_good_counter_good_is_produced_less_scrap_and_without_any_it_is_unknown() -> None:
    own = meter([0, 100 * S], [0, 100], max_gap_us=200 * S)
    window = Windows.of([0], [100 * S])
    produced, scrap = CounterSeries([0, 50 * S], [0, 9]), CounterSeries([0, 60 * S], [0, 2])
    assert window_use(own, window, MachineWork(produced=produced, scrap=scrap))[0].output == 7
    assert window_use(own, window, MachineWork(produced=produced))[0].output is None
    late = MachineWork(good=CounterSeries([100 * S], [3]))
    assert window_use(own, window, late)[0].output is None, "its first reading lies behind the window"


def test_heartbeats_between_two_records_do_not_bend_the_line() -> None:
    """Records each 900 s with heartbeats each 30 s: half the amount belongs to half the time."""
    records = [(0, 100), (900, 1000), (1800, 1000), (2700, 1900)]
    samples = [(t + beat, v) for t, v in records for beat in range(0, 900, 30)][:-29]
    at, values = without_repeats(
        np.array([t for t, _ in samples]) * S, [v for _, v in samples], interval_us=900 * S
    )
    own = meter(at, values, max_gap_us=1810 * S)
    assert own.total_at(np.array([450, 900, 1350, 1800, 2250, 2700]) * S).tolist() == [
        450,
        900,
        900,
        900,
        1350,
        1800,
    ]
    assert set(at.tolist()) >= {t * S for t, _ in records}


@given(
    st.lists(st.tuples(st.integers(1, 90), st.sampled_from([0, 0, 1, 7])), min_size=1, max_size=60),
    st.integers(0, 40),
    st.integers(0, 40),
)
def test_what_is_dropped_depends_on_the_neighbourhood_only(
    steps: list[tuple[int, int]], first: int, cut: int
) -> None:
    at = list(itertools.accumulate(t for t, _ in steps))
    values = list(itertools.accumulate(v for _, v in steps))
    whole, _ = without_repeats(np.array(at) * S, values, interval_us=60 * S)
    lo = min(first, len(at) - 1)
    hi = min(lo + cut, len(at) - 1)
    part, _ = without_repeats(np.array(at[lo : hi + 1]) * S, values[lo : hi + 1], interval_us=60 * S)
    inside = [t for t in whole.tolist() if at[lo] * S < t <= (at[hi] - 60) * S]
    assert [t for t in part.tolist() if at[lo] * S < t <= (at[hi] - 60) * S] == inside
    naive = [
        t * S
        for i, t in enumerate(at)
        if not i
        or values[i] != values[i - 1]
        or not any(0 < at[j] - t < 59 and values[j] != values[j - 1] for j in range(1, len(at)))
    ]
    assert whole.tolist() == naive


def test_bad_readings_are_left_out() -> None:
    at, values = without_repeats([0, 60, 120, 180, 240], [5, np.nan, -3, 7.5, 9], interval_us=60)
    assert (at.tolist(), values.tolist()) == ([0, 240], [5.0, 9.0])
    assert floor(Fraction(4, 2)) == meter(at * S, values, max_gap_us=S).total_at([120 * S]).tolist()[0]
