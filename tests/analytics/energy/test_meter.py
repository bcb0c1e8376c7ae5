"""Meters against plain Python, microsecond exact: windows add up, falls are told apart, gaps are seen."""

import itertools
from fractions import Fraction
from math import floor

import numpy as np
import pytest
from chejian_analytics.energy import Replacement, consumption, meter, share_out
from chejian_analytics.energy.meter import MeterFlag
from chejian_analytics.kpi import Windows
from hypothesis import given
from hypothesis import strategies as st

MS = 1000
readings = st.lists(
    st.tuples(st.integers(0, 400), st.integers(0, 5000)), min_size=1, max_size=20, unique_by=lambda p: p[0]
).map(sorted)
rising = readings.map(lambda pairs: [(t, r) for (t, _), r in zip(pairs, sorted(v for _, v in pairs))])  # noqa: B905 - equal by construction


def total_at(pairs: list[tuple[int, int]], t: int) -> int:
    """The definition: a straight line between readings, in whole units, with exact fractions."""
    if t <= pairs[0][0]:
        return 0
    for (a, x), (b, y) in itertools.pairwise(pairs):
        if a <= t <= b:
            return x - pairs[0][1] + floor(Fraction((y - x) * (t - a), b - a))
    return pairs[-1][1] - pairs[0][1]


@given(rising, st.lists(st.integers(-50, 450), min_size=2, max_size=8, unique=True).map(sorted))
def test_totals_follow_the_definition_and_windows_add_up(
    pairs: list[tuple[int, int]], edges: list[int]
) -> None:
    m = meter([t * MS for t, _ in pairs], [r for _, r in pairs], max_gap_us=50 * MS)
    at = np.array(edges) * MS
    assert m.total_at(at).tolist() == [total_at(pairs, t) for t in edges]
    used = consumption(m, Windows.of(at[:-1], at[1:]))
    whole = consumption(m, Windows.of(at[:1], at[-1:]))
    assert used.amount.sum() == whole.amount[0]
    near = [
        (max(a, e), min(b, f))
        for (a, _), (b, _) in itertools.pairwise(pairs)
        if b - a <= 50
        for e, f in itertools.pairwise(edges)
    ]
    assert used.covered_us.sum() == sum(max(b - a, 0) for a, b in near) * MS
    assert all((MeterFlag.GAP in f) == (c < 1) for f, c in zip(used.flags, used.completeness, strict=True))


@given(rising, st.lists(st.integers(0, 400), min_size=2, max_size=9, unique=True).map(sorted), st.data())
def test_shares_add_up_whatever_the_labels(
    pairs: list[tuple[int, int]], edges: list[int], data: st.DataObject
) -> None:
    m = meter([t * MS for t, _ in pairs], [r for _, r in pairs], max_gap_us=MS)
    labels = data.draw(st.lists(st.sampled_from("ABC"), min_size=len(edges) - 1, max_size=len(edges) - 1))
    at = np.array(edges) * MS
    shares = share_out(m, at[:-1], at[1:], labels, within=(-10 * MS, 410 * MS))
    assert sum(shares.amounts.values()) + shares.unlabelled == shares.total == pairs[-1][1] - pairs[0][1]
    naive = {
        label: sum(
            total_at(pairs, b) - total_at(pairs, a)
            for a, b, own in zip(edges, edges[1:], labels, strict=False)
            if own == label
        )
        for label in labels
    }
    assert shares.amounts == naive


def test_no_reading_and_one_reading_use_nothing() -> None:
    window = Windows.of([0], [10 * MS])
    for times, values in (([], []), ([5 * MS], [7])):
        used = consumption(meter(times, values, max_gap_us=MS), window)
        assert (used.amount.tolist(), used.covered_us.tolist(), used.flags) == ([0], [0], ((MeterFlag.GAP,),))


@pytest.mark.parametrize(
    ("values", "modulus", "amount", "flag"),
    [
        ([990, 995, 4], 1000, 14, MeterFlag.ROLLOVER),
        ([990, 995, 4], None, 9, MeterFlag.RESET),
        ([600, 650, 200], 1000, 250, MeterFlag.RESET),
    ],
)
def test_a_fall_is_a_rollover_or_a_reset(
    values: list[int], modulus: int | None, amount: int, flag: MeterFlag
) -> None:
    m = meter([0, 10 * MS, 20 * MS], values, max_gap_us=10 * MS, modulus=modulus)
    used = consumption(m, Windows.of([0, 10 * MS], [10 * MS, 20 * MS]))
    assert used.amount.sum() == amount
    assert used.flags == ((), (flag,))


def test_a_replacement_counts_what_both_meters_showed() -> None:
    swap = Replacement(15 * MS, closing=120, opening=7)
    m = meter([0, 10 * MS, 20 * MS, 30 * MS], [100, 110, 9, 19], max_gap_us=10 * MS, replacements=[swap])
    used = consumption(m, Windows.of([0], [30 * MS]))
    assert used.amount[0] == 10 + (120 - 110) + (9 - 7) + 10
    assert used.flags == ((MeterFlag.REPLACED,),)
    bare = meter(
        [0, 10 * MS, 20 * MS, 30 * MS], [100, 110, 9, 19], max_gap_us=MS, replacements=[Replacement(15 * MS)]
    )
    assert consumption(bare, Windows.of([0], [30 * MS])).amount[0] == 20


def test_large_counters_and_gaps_of_years_stay_exact() -> None:
    year_us, top = 366 * 86_400_000_000, 2**62
    m = meter([0, 3 * year_us], [0, top], max_gap_us=MS)
    assert m.total_at([year_us]).tolist() == [top // 3]


def test_bad_input_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match="max_gap_us 0"):
        meter([0], [1], max_gap_us=0)
    with pytest.raises(ValueError, match="2 times but readings of shape"):
        meter([0, 1], [1], max_gap_us=1)
    with pytest.raises(ValueError, match="order of time"):
        meter([0], [1], max_gap_us=1, replacements=[Replacement(5), Replacement(3)])
    with pytest.raises(ValueError, match="sorted"):
        meter([5, 3], [1, 2], max_gap_us=1)
    with pytest.raises(ValueError, match="must not overlap"):
        share_out(meter([0], [1], max_gap_us=1), [0, 1], [2, 3], "AB", within=(0, 3))
