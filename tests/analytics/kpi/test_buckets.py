"""Rollups against an oracle that walks microsecond by microsecond, and their fold against the wider buckets."""

import math
from fractions import Fraction

import numpy as np
import pytest
from chejian_analytics.kernels.buckets import fill_buckets
from chejian_analytics.kpi import Buckets, SeriesSamples, fill, fold
from hypothesis import given
from hypothesis import strategies as st

from tests.analytics.kpi import naive
from tests.analytics.kpi.naive import plain

WIDTH, NUMBER = 10, 12
Sample = tuple[int, float, str]
"""Time [us], value, quality: good, uncertain or bad."""


def series(
    samples: list[Sample], hold: int | None, lapses: list[int], *, counts: bool = False
) -> SeriesSamples:
    return SeriesSamples(
        np.array([t for t, _, _ in samples], np.int64),
        np.array([v for _, v, _ in samples], np.float64),
        np.array([q != "bad" for _, _, q in samples], np.bool_),
        np.array([q == "good" for _, _, q in samples], np.bool_),
        hold,
        np.array(sorted(lapses), np.int64),
        counts,
    )


def held(samples: list[Sample], hold: int | None, lapses: list[int], t: int) -> float | None:
    """The value that is known at an instant."""
    before = [s for s in samples if s[0] <= t]
    if not before:
        return None
    time, value, quality = before[-1]
    if quality == "bad" or not math.isfinite(value) or (hold is not None and t >= time + hold):
        return None
    return None if any(time <= lapse <= t for lapse in lapses) else value


values = st.sampled_from([0.0, 1.0, -2.5, 3.25, 1e6, math.nan, math.inf])
samples = st.lists(
    st.tuples(st.integers(-30, WIDTH * NUMBER + 20), values, st.sampled_from(["good", "uncertain", "bad"])),
    max_size=25,
    unique_by=lambda s: s[0],
).map(sorted)
lapse_lists = st.lists(st.integers(-30, WIDTH * NUMBER + 20), max_size=3)


@given(samples, st.sampled_from([None, 1, 7, 35]), lapse_lists)
def test_buckets_are_those_of_the_oracle(rows: list[Sample], hold: int | None, lapses: list[int]) -> None:
    found = fill([series(rows, hold, lapses), series([], None, [])], 0, WIDTH, NUMBER)
    for b in range(NUMBER):
        span = range(b * WIDTH, (b + 1) * WIDTH)
        known = [v for t in span if (v := held(rows, hold, lapses, t)) is not None]
        inside = [s for s in rows if s[0] in span]
        usable = [s for s in inside if s[2] != "bad" and math.isfinite(s[1])]
        assert found.samples[0, b] == len(inside)
        assert found.good[0, b] == sum(s[2] == "good" for s in inside)
        assert found.known_us[0, b] == len(known)
        seen = known + [s[1] for s in usable]
        assert np.array_equal([min(seen, default=math.nan)], [found.minimum[0, b]], equal_nan=True)
        assert np.array_equal([max(seen, default=math.nan)], [found.maximum[0, b]], equal_nan=True)
        if usable:
            assert (found.first_us[0, b], found.first[0, b]) == usable[0][:2]
            assert (found.last_us[0, b], found.last[0, b]) == usable[-1][:2]
        else:
            assert np.isnan(found.first[0, b])
            assert np.isnan(found.last[0, b])
        if known:
            mean = float(sum(map(Fraction, known)) / len(known))
            assert found.mean()[0, b] == pytest.approx(mean, rel=1e-12, abs=1e-9)
        else:
            assert np.isnan(found.mean()[0, b])
        assert found.present()[0, b] == bool(inside or known)
    assert not found.present()[1].any()


@given(samples, st.sampled_from([None, 7]), lapse_lists)
def test_a_fold_is_the_wider_bucket(rows: list[Sample], hold: int | None, lapses: list[int]) -> None:
    one = series(rows, hold, lapses)
    folded, wide = fold(fill([one], 0, WIDTH, NUMBER), 4), fill([one], 0, 4 * WIDTH, NUMBER // 4)
    for name in Buckets.__dataclass_fields__:
        if name != "area":
            assert np.array_equal(getattr(folded, name), getattr(wide, name), equal_nan=name in FLOATS), name
    np.testing.assert_allclose(folded.area, wide.area, rtol=1e-12, atol=1e-6)


FLOATS = ("minimum", "maximum", "first", "last")


@given(samples, st.sampled_from([None, 7]), lapse_lists, st.integers(1, NUMBER - 1))
def test_any_part_computed_alone_has_the_same_bits(
    rows: list[Sample], hold: int | None, lapses: list[int], cut: int
) -> None:
    whole = fill([series(rows, hold, lapses)], 0, WIDTH, NUMBER)
    before = [s for s in rows if s[0] < cut * WIDTH][-1:]
    later = [s for s in rows if s[0] >= cut * WIDTH]
    part = fill([series(before + later, hold, lapses)], cut * WIDTH, WIDTH, NUMBER - cut)
    for name in Buckets.__dataclass_fields__:
        column, of_part = getattr(whole, name), getattr(part, name)
        wanted = column[cut:] if column.ndim == 1 else column[:, cut:]
        assert wanted.tobytes() == of_part.tobytes(), name


@given(
    st.lists(
        st.tuples(st.integers(-30, WIDTH * NUMBER), st.integers(0, 20)), max_size=20, unique_by=lambda s: s[0]
    )
)
def test_increments_are_those_of_the_samples(rows: list[tuple[int, int]]) -> None:
    rows.sort()
    found = fill([series([(t, float(v), "good") for t, v in rows], None, [], counts=True)], 0, WIDTH, NUMBER)
    steps, resets = naive.increments([t for t, _ in rows], [v for _, v in rows])
    for b in range(NUMBER):
        lo, hi = b * WIDTH, (b + 1) * WIDTH
        assert found.increment[0, b] == sum(step for t, step in steps if lo <= t < hi)
        assert found.resets[0, b] == sum(lo <= t < hi for t in resets)


@given(samples)
def test_the_compiled_kernel_is_the_interpreted_one(rows: list[Sample]) -> None:
    found = []
    for kernel in (fill_buckets, plain(fill_buckets)):
        out = (np.zeros((1, 3, 3), np.int64), np.zeros((1, 3, 2), np.int64), np.zeros((1, 3, 5)))
        one = series(rows, None, [])
        until = np.append(one.times_us[1:], np.int64(10**9))[: len(rows)]
        kernel(
            np.zeros(len(rows), np.int64),
            one.times_us,
            one.values,
            one.readable & np.isfinite(one.values),
            one.good,
            until,
            0,
            40,
            *out,
        )
        found.append([column.tobytes() for column in out])
    assert found[0] == found[1]


def test_wrong_input_is_named() -> None:
    with pytest.raises(ValueError, match=r"series\[0\]: times must be sorted"):
        fill([series([(5, 1.0, "good"), (3, 1.0, "good")], None, [])], 0, 1, 1)
    with pytest.raises(ValueError, match="must be > 0"):
        fill([], 0, 0, 1)
    with pytest.raises(ValueError, match="can't be joined by 5"):
        fold(fill([], 0, 1, 12), 5)
