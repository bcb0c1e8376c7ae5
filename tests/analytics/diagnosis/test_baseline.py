"""Thresholds from a machine's own healthy windows: stated rate, cold start, versions."""

import dataclasses

import numpy as np
import pytest
from chejian_analytics.diagnosis import (
    BearingBaseline,
    BearingConfig,
    BearingDiagnosis,
    diagnose_bearing,
    freeze,
)
from chejian_analytics.diagnosis.baseline import PARTS, thresholds
from chejian_analytics.diagnosis.verdict import DEFAULTS

from tests.analytics.diagnosis.machine import RATE, SHAFT_HZ, noise, shocks
from tests.analytics.diagnosis.recorded import CWRU_DE


def baseline_of(scores: list[float]) -> BearingBaseline:
    return BearingBaseline("b1", tuple((part, tuple(sorted(scores))) for part in PARTS))


def diagnose(signal: np.ndarray, baseline: BearingBaseline | None = None) -> BearingDiagnosis:
    return diagnose_bearing(
        signal, sample_rate=RATE, nominal_rpm=SHAFT_HZ * 60, bearing=CWRU_DE, baseline=baseline
    )


def test_without_a_baseline_the_fixed_threshold_holds() -> None:
    assert thresholds(None, DEFAULTS) == dict.fromkeys(PARTS, DEFAULTS.probable_score)


def test_a_short_baseline_only_raises_the_threshold() -> None:
    assert baseline_of([0.5] * 50).threshold("outer_race", DEFAULTS) == DEFAULTS.probable_score
    assert baseline_of([0.5, 4.1]).threshold("outer_race", DEFAULTS) == 4.1
    assert BearingBaseline("b1", ()).threshold("cage", DEFAULTS) == DEFAULTS.probable_score


def test_a_complete_baseline_keeps_its_stated_rate() -> None:
    """400 windows allow a rate of 0.01 over four parts; the naming of new healthy windows stays below it."""
    random = np.random.default_rng(0)
    config = BearingConfig(learned_score=0.0)
    named = windows = 0
    for _ in range(40):
        baseline = baseline_of(random.gumbel(0.9, 0.3, 799).tolist())
        limits = thresholds(baseline, config)
        new = random.gumbel(0.9, 0.3, (500, len(PARTS)))
        named += int((new > np.array([limits[part] for part in PARTS])).any(axis=1).sum())
        windows += len(new)
    assert 0.004 < named / windows < 0.0125


def test_a_quiet_machine_gets_a_lower_threshold_but_never_below_noise() -> None:
    assert baseline_of([0.7] * 1000).threshold("outer_race", DEFAULTS) == DEFAULTS.learned_score
    busy = baseline_of([0.7] * 900 + [3.0] * 100).threshold("outer_race", DEFAULTS)
    assert busy == 3.0


def test_a_healthy_machine_that_always_looked_like_this_is_not_accused() -> None:
    """A gear on an outer race's place: named cold, learned as healthy, and named again once it is far stronger."""
    random = np.random.default_rng(1)
    healthy = [1.6 * shocks(CWRU_DE, "outer_race", 2.0, random) + noise(2.0, random) for _ in range(8)]
    cold = [diagnose(signal) for signal in healthy]
    assert "outer_race" in [verdict.part for verdict in cold]
    baseline = freeze(cold, "2026-11")
    assert [diagnose(signal, baseline).part for signal in healthy] == [None] * len(healthy)
    worse = diagnose(6 * shocks(CWRU_DE, "outer_race", 2.0, random) + noise(2.0, random), baseline)
    assert (worse.part, worse.baseline) == ("outer_race", "2026-11")
    assert worse.explanations[0].threshold == max(
        e.score for v in cold for e in v.explanations if e.part == "outer_race"
    )


def test_windows_that_could_not_be_read_teach_nothing_and_versions_do_not_mix() -> None:
    random = np.random.default_rng(2)
    good = diagnose(noise(2.0, random))
    mute = diagnose(np.zeros(24_000))
    assert freeze([good, mute], "b").of("outer_race") == freeze([good], "b").of("outer_race")
    with pytest.raises(ValueError, match="several method versions"):
        freeze([good, _older(good)], "b")


def _older(verdict: BearingDiagnosis) -> BearingDiagnosis:

    return dataclasses.replace(verdict, version="1")


@pytest.mark.parametrize(
    ("version", "scores", "message"), [("", (1.0,), "version: ''"), ("b", (2.0, 1.0), "ascending order")]
)
def test_a_malformed_baseline_is_refused(version: str, scores: tuple[float, ...], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        BearingBaseline(version, (("outer_race", scores),))
