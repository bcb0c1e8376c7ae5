"""Every kernel against its naive twin, and at the edges: NaN, constants, short input."""

import math
from typing import Any

import numpy as np
import pytest
from chejian_analytics.kernels.harmonics import (
    best_candidate,
    best_fits,
    comb_bins,
    harmonic_sums,
    refined_fundamental,
)
from chejian_analytics.kernels.moments import moments
from chejian_analytics.kernels.spectra import (
    faded,
    hann_power,
    peak_level,
    running_median,
    smeared,
    squared_magnitude,
    strongest_open,
    whiten,
)
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from tests.analytics.diagnosis import naive

unhurried = settings(deadline=None)  # the first call compiles
finite = st.floats(-1e6, 1e6, allow_nan=False)
levels = arrays(np.float64, st.integers(8, 120), elements=st.one_of(st.floats(0, 9), st.just(math.nan)))


@unhurried
@given(
    arrays(np.float64, st.integers(0, 60), elements=st.one_of(finite, st.sampled_from([0.0, 1.0]))),
    st.integers(0, 35),
)
def test_running_median_is_the_median_of_each_window(values: np.ndarray, half_width: int) -> None:
    assert running_median(values, half_width).tolist() == naive.running_median(values.tolist(), half_width)


def test_running_median_of_a_constant_is_that_constant() -> None:
    assert running_median(np.full(50, 3.5), 7).tolist() == [3.5] * 50


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_running_median_refuses_what_has_no_order(bad: float) -> None:
    with pytest.raises(ValueError, match="values: NaN or infinity given"):
        running_median(np.array([1.0, bad, 2.0]), 1)


def test_running_median_refuses_wrong_arguments() -> None:
    with pytest.raises(ValueError, match=r"shape \(2, 2\) given"):
        running_median(np.zeros((2, 2)), 1)
    with pytest.raises(ValueError, match="half_width: -1 given"):
        running_median(np.zeros(3), -1)


def test_whiten_gives_unit_magnitude_and_keeps_phases_and_power() -> None:
    spectrum = np.array([3 + 4j, -2j, 1e-30 + 0j, 0j, complex(math.nan, 0)])
    white, power = whiten(spectrum[:4])
    assert white == pytest.approx([0.6 + 0.8j, -1j, 0, 0])
    assert power[:2].tolist() == [25.0, 4.0]
    assert math.isnan(whiten(spectrum)[0][4].real)
    assert whiten(np.zeros(0, dtype=complex))[0].size == 0
    with pytest.raises(ValueError, match="spectrum: shape"):
        whiten(np.zeros((2, 2), dtype=complex))


def test_squared_magnitude_is_abs_squared() -> None:
    values = np.random.default_rng(1).normal(size=(2, 40)) @ np.array([[1, 0], [0, 1]]).repeat(20, 0)
    complex_values = values[0] + 1j * values[1]
    assert squared_magnitude(complex_values) == pytest.approx(np.abs(complex_values) ** 2)
    with pytest.raises(ValueError, match="values: shape"):
        squared_magnitude(np.zeros((2, 2), dtype=complex))


@unhurried
@given(
    levels,
    st.lists(st.floats(0.3, 40), min_size=1, max_size=5),
    st.lists(st.floats(0, 2), min_size=1, max_size=8),
    st.floats(0.5, 9),
)
def test_harmonic_sums_add_levels_between_bins(
    level: np.ndarray, fundamentals: list[float], weights: list[float], cap: float
) -> None:
    expected = [naive.harmonic_sum(level.tolist(), f, weights, cap) for f in fundamentals]
    found = harmonic_sums(level, np.array(fundamentals), np.array(weights), cap)
    assert found == pytest.approx(expected, rel=1e-9, abs=1e-9)


@pytest.mark.parametrize("fundamental", [0.0, math.nan])
def test_harmonic_sums_refuse_impossible_combs(fundamental: float) -> None:
    with pytest.raises(ValueError, match="must be > 0"):
        harmonic_sums(np.zeros(9), np.array([fundamental]), np.ones(1), 1.0)
    with pytest.raises(ValueError, match="cap: 0 given"):
        harmonic_sums(np.zeros(9), np.ones(1), np.ones(1), 0)


def test_a_fundamental_is_refined_by_the_peaks_of_its_lines_and_not_by_a_strangers() -> None:
    """Parabolas with their tops at multiples of 10.013 bins; the third line is another machine's, 1 % away."""
    bins = np.arange(60.0)
    level = np.zeros(60)
    for top in (10.013, 20.026, 30.34, 40.052):
        level = np.maximum(level, 8.0 - 1.5 * (bins - top) ** 2)
    fundamental, weight = refined_fundamental(level, 10.0, 5, 3.0, 0.0025)
    assert fundamental == pytest.approx(10.013, abs=1e-6)
    assert weight == pytest.approx(8.0 * (1 + 4 + 16), rel=0.03)
    assert refined_fundamental(level, 10.0, 5, 9.0, 0.0025) == (10.0, 0.0)
    with pytest.raises(ValueError, match=r"fundamental 0\.0"):
        refined_fundamental(level, 0.0, 5, 3.0, 0.0025)


@unhurried
@given(
    arrays(np.float64, st.integers(1, 60), elements=st.floats(0, 40)),
    st.integers(1, 9),
    st.integers(1, 5),
    st.floats(1.5, 20),
    st.randoms(use_true_random=False),
)
def test_smeared_levels_are_those_of_each_window(
    ratio: np.ndarray, half_width: int, stride: int, cap: float, draw: Any
) -> None:
    masked = np.array([draw.random() < 0.2 for _ in ratio])
    found = smeared(ratio, masked, half_width=half_width, stride=stride, cap=cap)
    assert found.size == math.ceil(ratio.size / stride)
    for j, value in enumerate(found):
        expected = naive.smeared_level(ratio.tolist(), masked.tolist(), half_width, j * stride, cap)
        assert math.isnan(value) if expected is None else value == pytest.approx(expected, abs=1e-6)


@unhurried
@given(arrays(np.float64, st.integers(0, 30), elements=st.floats(0, 40)), st.randoms(use_true_random=False))
def test_peak_levels_are_the_strongest_open_neighbours(ratio: np.ndarray, draw: Any) -> None:
    masked = np.array([draw.random() < 0.3 for _ in ratio], dtype=bool)
    for k, value in enumerate(peak_level(ratio, masked)):
        around = [ratio[j] for j in (k - 1, k, k + 1) if 0 <= j < ratio.size and not masked[j]]
        assert math.isnan(value) if masked[k] else value == pytest.approx(math.log(max(*around, 1.0)))
    with pytest.raises(ValueError, match="twice allowed"):
        peak_level(ratio, np.zeros(ratio.size + 1, dtype=bool))


def test_noise_smears_to_a_level_no_higher_than_a_single_lines() -> None:
    """Chernoff's bound: for any width, level ln 5 is exceeded by noise less often than exp(-5)."""
    ratio = np.random.default_rng(2).exponential(size=200_000)
    for half_width in (1, 4, 20):
        level = smeared(ratio, np.zeros(ratio.size, dtype=bool), half_width=half_width, stride=1, cap=99.0)
        assert np.mean(level > math.log(5.0)) < math.exp(-5.0)
    with pytest.raises(ValueError, match="half_width 0"):
        smeared(ratio, np.zeros(ratio.size, dtype=bool), half_width=0, stride=1, cap=9.0)


def test_fading_scales_centres_and_fades() -> None:
    signal = np.array([4.0, -8.0, 4.0, 0.0, 2.0, 4.0])
    plain = signal / 8.0 - 6.0 / 48.0
    assert faded(signal, np.array([0.5])) == pytest.approx(plain * [0.5, 1, 1, 1, 1, 0.5])
    assert faded(np.zeros(5), np.zeros(0)).tolist() == [0.0] * 5
    with pytest.raises(ValueError, match=r"2 m <= n"):
        faded(np.zeros(3), np.zeros(2))


def test_hann_power_is_that_of_a_hann_window() -> None:
    signal = np.random.default_rng(3).normal(size=64)
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(64) / 64)
    expected = np.abs(np.fft.rfft(window * signal)) ** 2
    assert hann_power(np.fft.rfft(signal))[1:-1] == pytest.approx(expected[1:-1])
    with pytest.raises(ValueError, match="spectrum: shape"):
        hann_power(np.zeros((2, 2), dtype=complex))


@unhurried
@given(
    st.integers(0, 80),
    st.integers(1, 400).map(lambda tenths: tenths / 10),
    st.integers(0, 30).map(lambda n: n / 4),
)
def test_comb_bins_lie_within_half_a_width_of_a_multiple(
    count: int, spacing: float, half_width: float
) -> None:
    covered = [any(abs(k - m * spacing) <= half_width for m in range(1, 1000)) for k in range(count)]
    decided = [
        all(abs(abs(k - m * spacing) - half_width) > 1e-9 for m in range(1, 1000)) for k in range(count)
    ]
    found = comb_bins(count, spacing, half_width).tolist()
    assert [pair for pair, sure in zip(zip(found, covered, strict=True), decided, strict=True) if sure] == [
        pair for pair, sure in zip(zip(covered, covered, strict=True), decided, strict=True) if sure
    ]


@pytest.mark.parametrize("arguments", [(-1, 1.0, 0.0), (5, 0.0, 0.0), (5, math.nan, 0.0), (5, 1.0, -0.1)])
def test_comb_bins_refuse_impossible_combs(arguments: tuple[int, float, float]) -> None:
    with pytest.raises(ValueError, match="> 0, >= 0 allowed"):
        comb_bins(*arguments)


families = st.tuples(
    st.floats(0.3, 6) | st.sampled_from([2.95, 3.048, 4.952, 4.0]),
    st.sampled_from([0.0, 0.39, 1.0]),
    st.integers(1, 5),
    st.integers(1, 5),
    st.floats(0, 0.02),
)


@settings(max_examples=200, deadline=None)  # the first call compiles
@given(level=levels, per_order=st.floats(1, 20), rows=st.lists(families, min_size=1, max_size=3))
def test_best_fits_are_the_best_of_the_naive_scores(
    level: np.ndarray, per_order: float, rows: list[tuple[float, float, int, int, float]]
) -> None:
    found = best_fits(
        level, np.array(rows), bins_per_order=per_order, near_integer=0.2, resolved_bins=2.5, least_lines=2
    )
    assert found.shape == (len(rows), 3 + max(harmonics for _, _, harmonics, _, _ in rows))
    for (order, modulation, harmonics, counted, slip), (best, score, own_score, *values) in zip(
        rows, found.tolist(), strict=True
    ):
        steps = max(math.ceil(2.0 * order * harmonics * per_order * slip), 1)
        offsets = [0.0, *(sign * k / steps * slip for k in range(1, steps + 1) for sign in (1, -1))]
        naive_values, scores, own_scores = [], [], []
        for offset in offsets:
            held, own = naive.values_at(
                level.tolist(),
                per_order=per_order,
                order=order,
                modulation=modulation,
                harmonics=harmonics,
                offset=offset,
                near_integer=0.2,
                resolved=2.5,
            )
            naive_values.append([math.nan if value is None else value for value in held])
            scores.append(naive.mean_level(held, counted, 2))
            own_scores.append(naive.mean_level(own, counted, 2))
        index = offsets.index(best)
        assert score == pytest.approx(max(scores), abs=1e-9)
        assert own_score == pytest.approx(max(own_scores), abs=1e-9)
        assert values[:harmonics] == pytest.approx(naive_values[index], abs=1e-9, nan_ok=True)
        assert all(map(math.isnan, values[harmonics:]))
        assert scores[index] == pytest.approx(score, abs=1e-9)
        assert max(scores[:index], default=-1.0) <= score + 1e-9


@unhurried
@given(
    arrays(np.float64, st.integers(1, 40), elements=st.integers(0, 9).map(float)),
    st.floats(0, 5),
)
def test_the_best_candidate_leads_over_those_further_away(evidence: np.ndarray, reach: float) -> None:
    places = np.arange(evidence.size, dtype=float)
    index, lead = best_candidate(evidence, places, reach)
    told = evidence.tolist()
    assert index == told.index(max(told))
    away = [value for place, value in enumerate(told) if abs(place - index) > reach]
    assert lead == max(told) - max(away, default=-math.inf)
    with pytest.raises(ValueError, match="n >= 1"):
        best_candidate(np.zeros(0), np.zeros(0), 1.0)


@unhurried
@given(
    arrays(np.float64, st.integers(0, 12), elements=st.integers(0, 9).map(float)),
    st.lists(st.integers(-3, 14), min_size=1, max_size=6),
    st.randoms(use_true_random=False),
)
def test_the_strongest_open_bin_is_that_of_the_three(
    ratio: np.ndarray, centres: list[int], draw: Any
) -> None:
    masked = np.array([draw.random() < 0.4 for _ in ratio], dtype=bool)
    found, heights = strongest_open(ratio, masked, np.array(centres))
    for centre, at, height in zip(centres, found.tolist(), heights.tolist(), strict=True):
        three = range(centre - 1, centre + 2)
        if any(not 0 <= j < ratio.size for j in three):
            assert (at, height) == (centre, 0.0)
            continue
        candidates = [j for j in three if not masked[j]] or list(three)
        assert at == max(candidates, key=lambda j: (ratio[j], -j))
        assert height == ratio[at]
    with pytest.raises(ValueError, match="twice and"):
        strongest_open(ratio, np.zeros(ratio.size + 1, dtype=bool), np.array(centres))


def test_a_sideband_of_the_shaft_does_not_count_as_a_line_that_drifts() -> None:
    """Lines at n + 0.06 for every n: an outer race at 3.06 finds three of them, its rivals explain each."""
    per_order, level = 100.0, np.zeros(1200)
    level[6:1200:100] = 4.0
    level[[306, 612, 918]] = 4.0
    (_, held, own, *_), (_, free, *_) = (
        best_fits(
            level,
            np.array([[3.06, 0.0, 3.0, 3.0, 0.0]]),
            bins_per_order=per_order,
            near_integer=near,
            resolved_bins=2.5,
            least_lines=2,
        )[0].tolist()
        for near in (0.2, 0.0)
    )
    assert (own, free) == (4.0, 4.0)
    assert held == pytest.approx(0.0)


@pytest.mark.parametrize(
    "row", [(0.0, 0, 3, 3, 0), (3.5, -1, 3, 3, 0), (3.5, 0, 0, 3, 0), (3.5, 0, 3, 0, 0), (3.5, 0, 3, 3, 1), (3.5, 0, 3, math.nan, 0), (math.nan,) * 5]
)  # fmt: skip
def test_best_fits_refuse_impossible_families(row: tuple[float, ...]) -> None:
    sound = (3.5, 0.0, 3.0, 3.0, 0.01)
    with pytest.raises(ValueError, match="families: "):
        best_fits(
            np.zeros(9),
            np.array([sound, row]),
            bins_per_order=2.0,
            near_integer=0.2,
            resolved_bins=2.5,
            least_lines=2,
        )


def test_best_fits_refuse_wrong_arguments() -> None:
    for name, value in (("bins_per_order", math.nan), ("least_lines", 0)):
        arguments: dict[str, Any] = {"bins_per_order": 10.0, "least_lines": 2, name: value}
        with pytest.raises(ValueError, match=f"{name} {value}"):
            best_fits(np.zeros(9), np.zeros((0, 5)), near_integer=0.2, resolved_bins=2.5, **arguments)
    with pytest.raises(ValueError, match=r"\(m, 5\) allowed"):
        best_fits(
            np.zeros(9),
            np.zeros((1, 4)),
            bins_per_order=1.0,
            near_integer=0.2,
            resolved_bins=2.5,
            least_lines=2,
        )


@unhurried
@given(arrays(np.float64, st.integers(1, 50), elements=finite))
def test_moments_agree_with_exact_sums(signal: np.ndarray) -> None:
    found = moments(signal)
    mean, peak, second, fourth = naive.moments(signal)
    scale = max(1.0, float(np.abs(signal).max()))
    assert found.mean == pytest.approx(mean, abs=1e-12 * scale)
    assert found.peak == pytest.approx(peak, abs=1e-12 * scale)
    if peak > 1e-6 * scale:
        assert (found.second, found.fourth) == pytest.approx((second, fourth), rel=1e-6)
    assert found.repeated == sum(a == b for a, b in zip(signal[1:], signal, strict=False))


def test_moments_count_rails_and_non_finite_samples() -> None:
    clipped = moments(np.array([0.0, 2.0, 2.0, 2.0, -1.0, -1.0, 0.5, 0.5]))
    assert (clipped.repeated, clipped.on_rail) == (4, 3)
    assert moments(np.array([1.0, math.nan, math.inf])) == (2, 0, 0, 0.0, 0.0, 0.0, 0.0)
    assert moments(np.array([7.0])) == (0, 0, 0, 7.0, 0.0, 0.0, 0.0)
    assert moments(np.array([1e308, 1e308])).mean == 1e308
    with pytest.raises(ValueError, match="n >= 1"):
        moments(np.zeros(0))
