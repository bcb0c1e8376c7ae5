"""Other explanations than the bearing: free harmonic series, foreign defects, wrong geometries, the shaft's own shocks."""

import math

import numpy as np
import pytest
from chejian_analytics.diagnosis import BearingDiagnosis, BearingGeometry, BearingOrders, diagnose_bearing
from chejian_analytics.diagnosis.lines import Reading, families_of, score_families
from chejian_analytics.kernels.combs import strongest_comb
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from tests.analytics.diagnosis import naive
from tests.analytics.diagnosis.machine import RATE, SHAFT_HZ, noise, shocks
from tests.analytics.diagnosis.recorded import CWRU_DE

NONE = np.zeros((0, 2))
levels = arrays(np.float64, st.integers(20, 90), elements=st.one_of(st.floats(0, 9), st.just(math.nan)))


def comb(
    level: NDArray[np.float64],
    excluded: NDArray[np.float64] = NONE,
    ranges: tuple[tuple[float, float], ...] = ((0.5, 1.6), (1.7, 4.0)),
    step: float = 0.03,
) -> tuple[float, float]:
    return strongest_comb(
        level,
        bins_per_order=7.3,
        ranges=np.array(ranges),
        step=step,
        harmonics=5,
        counted=3,
        least_lines=2,
        first_line=1.0,
        excluded=excluded,
    )


@settings(deadline=None)
@given(levels, st.lists(st.tuples(st.floats(0.5, 3.0), st.floats(0.0, 1.0)), max_size=3))
def test_the_strongest_comb_is_the_best_of_the_naive_list(
    level: NDArray[np.float64], zones: list[tuple[float, float]]
) -> None:
    pairs = [(low, low + width) for low, width in zones]
    order, score = comb(level, np.array(pairs).reshape(-1, 2))
    orders = [0.5 + 0.03 * i for i in range(math.floor((1.6 - 0.5) / 0.03) + 1)]
    orders += [1.7 + 0.03 * i for i in range(math.floor((4.0 - 1.7) / 0.03) + 1)]
    scores = naive.combs(
        level.tolist(),
        per_order=7.3,
        orders=orders,
        harmonics=5,
        counted=3,
        least_lines=2,
        first_line=1.0,
        excluded=pairs,
    )
    best = max([*scores, 0.0])
    assert score == pytest.approx(best)
    if best > 0:
        assert order == pytest.approx(orders[scores.index(best)])


def test_a_comb_kernel_refuses_wrong_arguments() -> None:
    with pytest.raises(ValueError, match="shapes"):
        comb(np.zeros(10), np.zeros((2, 3)))
    with pytest.raises(ValueError, match=r"step 0\.0"):
        comb(np.zeros(10), step=0.0)
    with pytest.raises(ValueError, match=r"ranges: \[\[0\.0, 1\.0\]\] given"):
        comb(np.zeros(10), ranges=((0.0, 1.0),))
    assert comb(np.full(10, math.nan)) == (0.0, 0.0)
    assert comb(np.zeros(0)) == (0.0, 0.0)


def diagnose(signal: NDArray[np.float64], bearing: BearingOrders = CWRU_DE) -> BearingDiagnosis:
    return diagnose_bearing(signal, sample_rate=RATE, nominal_rpm=SHAFT_HZ * 60, bearing=bearing)


def geometries(seed: int, count: int) -> list[BearingOrders]:
    random = np.random.default_rng(seed)
    drawn = (
        BearingGeometry(int(random.integers(7, 16)), random.uniform(15, 32), 100.0) for _ in range(count)
    )
    return [BearingOrders.from_geometry(geometry) for geometry in drawn]


def related(one: BearingOrders, other: BearingOrders) -> bool:
    """Whether some race or ball order of one could be taken for one of the other."""
    of = [(b.bpfo, b.bpfi, b.bsf2) for b in (one, other)]
    return any(abs(a / b - 1) < 0.025 for a in of[0] for b in of[1])


@pytest.mark.parametrize("part", ["outer_race", "inner_race", "rolling_element"])
def test_a_defect_of_another_bearing_is_not_given_to_this_one(part: str) -> None:
    """Wrong geometry on a damaged machine: at most 3 of 100 named, where the present geometry is named always."""
    named, tried = [], 0
    for seed in range(4):
        random = np.random.default_rng([seed, 17])
        signal = 5 * shocks(CWRU_DE, part, 4.0, random) + noise(4.0, random)
        assert diagnose(signal).part == part
        for bearing in geometries(seed, 40):
            if not related(bearing, CWRU_DE):
                tried += 1
                verdict = diagnose(signal, bearing)
                named += [(seed, bearing, verdict.part)] if verdict.part else []
    assert tried > 60
    assert len(named) <= 0.03 * tried, named


def test_the_stranger_is_reported_with_its_order() -> None:
    random = np.random.default_rng(5)
    other = BearingOrders(4.31, 6.69, 0.392, 5.1)
    verdict = diagnose(6 * shocks(other, "outer_race", 4.0, random) + noise(4.0, random))
    assert (verdict.part, verdict.confidence) == (None, "impulsive_unassigned")
    orders = [e.value for e in verdict.counter_evidence if e.code == "unknown_comb_order"]
    assert orders == [pytest.approx(4.31 * 1.002, rel=0.01)]
    assert verdict.comb_score > 3.3


@pytest.mark.parametrize("side", [-1, 1, 2])
def test_a_series_that_leads_the_claims_own_sidebands_is_no_sideband(side: int) -> None:
    """With an inner race that lies whole orders beside the true one, the true one stands where sidebands are expected."""
    beside = BearingOrders(2.31, CWRU_DE.bpfi + side, 0.43, 5.9)
    for seed in range(3):
        random = np.random.default_rng([seed, 17])
        signal = 5 * shocks(CWRU_DE, "inner_race", 4.0, random) + noise(4.0, random)
        assert diagnose(signal).part == "inner_race"
        verdict = diagnose(signal, beside)
        assert (verdict.part, verdict.confidence) == (None, "impulsive_unassigned")
        assert verdict.comb_order == pytest.approx(CWRU_DE.bpfi * 1.002, rel=0.005)


@pytest.mark.parametrize(
    ("part", "skid", "told"),
    [
        ("outer_race", -0.03, "skids_outer_race"),
        ("inner_race", 0.02, "skids_inner_race"),
        ("outer_race", 0.03, ""),
        ("outer_race", -0.08, ""),
    ],
)
def test_a_series_that_a_skidding_cage_would_make_says_so(part: str, skid: float, told: str) -> None:
    random = np.random.default_rng(4)
    verdict = diagnose(6 * shocks(CWRU_DE, part, 4.0, random, slip=skid) + noise(4.0, random))
    assert verdict.part is None
    codes = {e.code: e.value for e in verdict.counter_evidence}
    assert "unknown_comb_order" in codes
    skids = {code: value for code, value in codes.items() if code.startswith("skids_")}
    assert skids == ({told: pytest.approx(skid, abs=0.006)} if told else {})


@pytest.mark.parametrize("bpfi", [3.004, 2.0001])
def test_sidebands_near_order_zero_are_no_series(bpfi: float) -> None:
    few = BearingOrders(1.7, bpfi, 0.34, 1.9)
    random = np.random.default_rng(9)
    verdict = diagnose(8 * shocks(few, "inner_race", 4.0, random) + noise(4.0, random), few)
    assert verdict.explanations[0].part == "inner_race"
    assert verdict.comb_order == 0.0 or verdict.comb_order >= 0.5


def test_shocks_once_a_turn_are_the_shafts_own() -> None:
    """A rub or a loose foot knocks in step with the shaft: impulsive, and no bearing."""
    random = np.random.default_rng(6)
    signal = noise(4.0, random)
    turns = np.arange(0.0, 3.99, 1.0 / SHAFT_HZ)
    for at in (turns * RATE).astype(int):
        ring = np.exp(-np.arange(60) / 12.0) * np.sin(np.arange(60) * 1.7)
        signal[at : at + 60] += 12 * ring
    verdict = diagnose(signal)
    assert verdict.features.kurtosis > 5
    assert (verdict.part, verdict.confidence) == (None, "none")
    assert "shocks_follow_shaft" in [e.code for e in verdict.counter_evidence]


def test_one_readable_line_counts_for_half() -> None:
    """Everything but the first harmonic is masked: one line is a coincidence, however high."""
    outer, per_order = families_of(CWRU_DE)[0], 30.0
    level = np.full(700, np.nan)
    first = round(outer.order * per_order)
    level[first - 2 : first + 3] = 6.0
    assert score_families((outer,), Reading(level, per_order), (0.01,))[0].score == pytest.approx(3.0)
    level[2 * first - 4 : 2 * first + 5] = 6.0
    assert score_families((outer,), Reading(level, per_order), (0.01,))[0].score == pytest.approx(6.0)
