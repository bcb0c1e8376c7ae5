"""PELT is the exhaustive optimum; BOCPD is the recursion of the paper, written plainly; both find what is planted."""

import json
import math
from pathlib import Path

import numpy as np
import pytest
import scipy
from chejian_analytics.diagnosis.process.change_points import (
    RunLengthPrior,
    RunLengths,
    level_changes,
    online_changes,
)
from chejian_analytics.kernels.change_points import pelt
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays


def optimal_partition(values: list[float], penalty: float, least: int) -> float:
    """Least cost over all segmentations, by trying every last segment (Jackson et al. 2005)."""

    def cost(a: int, b: int) -> float:
        mean = sum(values[a:b]) / (b - a)
        return sum((v - mean) ** 2 for v in values[a:b])

    best = [-penalty] + [math.inf] * len(values)
    for end in range(least, len(values) + 1):
        starts = [s for s in range(end - least + 1) if best[s] < math.inf]
        best[end] = min(best[s] + cost(s, end) + penalty for s in starts)
    return best[-1]


def cost_of(values: np.ndarray, changes: np.ndarray, penalty: float) -> float:
    parts = np.split(values, changes)
    return float(sum(((p - p.mean()) ** 2).sum() for p in parts)) + penalty * len(changes)


@settings(deadline=None)
@given(
    arrays(np.float64, st.integers(2, 30), elements=st.floats(-5, 5, width=16)),
    st.floats(0.01, 20.0),
    st.integers(1, 3),
)
def test_pelt_is_the_optimum(values: np.ndarray, penalty: float, least: int) -> None:
    changes = pelt(values, penalty, least)
    lengths = np.diff([0, *changes.tolist(), values.size])
    if values.size >= 2 * least:
        assert (lengths >= least).all()
        best = optimal_partition(values.tolist(), penalty, least)
        assert cost_of(values, changes, penalty) == pytest.approx(best, rel=1e-9, abs=1e-9)
    else:
        assert changes.size == 0


@pytest.mark.parametrize(
    ("values", "penalty", "least", "found"),
    [
        ([-2, 1, -1, -1, -3, 1], 0.5, 2, []),
        ([3, -1, 2, -2, 0, -1, -2, 3, 2, -3, 3, 3, -2], 2.0, 2, [3, 7, 9]),
        ([0, 0, 1, -2, -1, -2, 3, 0, -2, 1, -3, -1], 3.0, 3, [8]),
    ],
)
def test_a_start_is_given_up_no_sooner_than_a_last_segment_allows(
    values: list[int], penalty: float, least: int, found: list[int]
) -> None:
    """With segments of two or more, pruning a start at once loses the optimum of these series."""
    series = np.array(values, dtype=np.float64)
    assert pelt(series, penalty, least).tolist() == found
    best = optimal_partition(series.tolist(), penalty, least)
    assert cost_of(series, np.array(found, dtype=np.int64), penalty) == pytest.approx(best)


@pytest.mark.parametrize("seed", range(20))
def test_pelt_finds_the_very_changes_of_the_exhaustive_search(seed: int) -> None:
    """As ruptures 1.1.10 does: Pelt(model="l2", min_size=2, jump=1); `python -m benchmarks.process.oracles` compares them."""
    random = np.random.default_rng(seed)
    levels = np.repeat(random.normal(0, 3, size=6), 25)
    values = levels + random.normal(size=levels.size)
    found = pelt(values, 2 * math.log(values.size), 2)
    n = values.size
    best, before = np.full(n + 1, np.inf), np.zeros(n + 1, dtype=int)
    best[0] = -2 * math.log(n)
    for end in range(2, n + 1):
        costs = [
            best[s] + ((values[s:end] - values[s:end].mean()) ** 2).sum() + 2 * math.log(n)
            for s in range(end - 1)
        ]
        best[end], before[end] = min(costs), int(np.argmin(costs))
    plain, end = [], n
    while before[end] > 0:
        end = before[end]
        plain.append(end)
    assert found.tolist() == plain[::-1]


@pytest.mark.parametrize(("share", "found"), [(0.07, []), (0.12, [50])])
def test_a_change_must_explain_more_than_two_logarithms_of_the_length(share: float, found: list[int]) -> None:
    """Of 100 values with this share of their variance between the halves: 2 ln 100 / 100 = 0.092 decides."""
    step = 2.0 * math.sqrt(share / (1.0 - share))
    values = np.tile([1.0, -1.0], 50) + step * (np.arange(100) >= 50)
    assert list(level_changes(values)) == found


def test_bad_input_is_refused_or_quiet() -> None:
    with pytest.raises(ValueError, match="NaN or infinity"):
        pelt(np.array([1.0, math.nan]), 1.0, 1)
    with pytest.raises(ValueError, match=r"shape \(1, 1\)"):
        pelt(np.zeros((1, 1)), 1.0, 1)
    with pytest.raises(ValueError, match="penalty, least"):
        pelt(np.zeros(4), -1.0, 1)
    with pytest.raises(ValueError, match="hazard"):
        RunLengthPrior(hazard=0.0)
    for calm in (np.zeros(0), np.ones(50), np.full(9, math.nan)):
        assert level_changes(calm).size == 0


def test_scale_and_gaps_do_not_move_a_change() -> None:
    values = np.concatenate([np.zeros(50), np.ones(50)]) + np.random.default_rng(1).normal(0, 0.2, 100)
    assert level_changes(values).tolist() == level_changes(1e6 * values - 3e7).tolist() == [50]
    values[10] = math.nan
    assert level_changes(values).tolist() == [50]


def naive_run_lengths(values: list[float], prior: RunLengthPrior) -> list[dict[int, float]]:
    """Adams & MacKay, algorithm 1, with every run's values kept and its posterior worked out anew."""
    weights = {0: 1.0}
    out = []
    for t, value in enumerate(values):
        grown: dict[int, float] = {0: 0.0}
        for run, weight in weights.items():
            past = np.array(values[t - run : t])
            n, mean = run, past.mean() if run else 0.0
            kappa, alpha = prior.precision + n, prior.shape + n / 2
            centre = (prior.precision * prior.mean + n * mean) / kappa
            spread = ((past - mean) ** 2).sum() if run else 0.0
            beta = prior.rate + spread / 2 + prior.precision * n * (mean - prior.mean) ** 2 / (2 * kappa)
            scale = math.sqrt(beta * (kappa + 1) / (alpha * kappa))
            joint = weight * float(scipy.stats.t.pdf(value, 2 * alpha, centre, scale))
            grown[run + 1] = joint * (1 - prior.hazard)
            grown[0] += joint * prior.hazard
        total = sum(grown.values())
        weights = {run: weight / total for run, weight in grown.items()}
        out.append(weights)
    return out


def test_run_lengths_are_those_of_the_plain_recursion() -> None:
    random = np.random.default_rng(3)
    values = np.concatenate([random.normal(0, 1, 25), random.normal(4, 1, 25)])
    prior = RunLengthPrior(hazard=0.05)
    lengths = RunLengths(prior)
    for value, expected in zip(values, naive_run_lengths(values.tolist(), prior), strict=True):
        assert lengths.update(float(value)) == max(expected, key=lambda run: expected[run])
        found = lengths.probabilities
        assert found.sum() == pytest.approx(1.0)
        assert found == pytest.approx([expected[run] for run in range(found.size)], rel=1e-8, abs=1e-12)


def test_a_change_is_seen_soon_and_a_gap_is_passed_over() -> None:
    random = np.random.default_rng(4)
    lengths = RunLengths()
    for value in random.normal(0, 1, 200):
        lengths.update(float(value))
    assert lengths.update(math.nan) == 200
    runs = [lengths.update(float(value)) for value in random.normal(5, 1, 10)]
    assert runs[-1] == 10


def test_memory_is_bounded() -> None:
    lengths = RunLengths(RunLengthPrior(longest=50))
    for value in np.random.default_rng(5).normal(0, 1, 300):
        lengths.update(float(value))
    assert lengths.probabilities.size == 51
    assert lengths.probabilities.sum() == pytest.approx(1.0)


def test_online_and_offline_agree_on_plain_steps() -> None:
    random = np.random.default_rng(6)
    values = np.repeat([0.0, 4.0, -2.0], 80) + random.normal(0, 0.5, 240)
    assert level_changes(values).tolist() == [80, 160]
    assert online_changes(values).tolist() == [80, 160]


def test_quality_control_series_change_where_people_say(recordings: Path) -> None:
    people = json.loads((recordings / "tcpd" / "annotations.json").read_text())
    for name in ("quality_control_1", "quality_control_2", "quality_control_3"):
        raw = json.loads((recordings / "tcpd" / f"{name}.json").read_text())["series"][0]["raw"]
        (change,) = level_changes(np.array(raw, dtype=np.float64)).tolist()
        assert min(abs(change - place) for places in people[name].values() for place in places) <= 2
