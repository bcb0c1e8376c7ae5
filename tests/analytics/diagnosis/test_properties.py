"""What must hold for any window: sign, scale, noise and splitting never turn one part into another."""

from pathlib import Path

import numpy as np
import pytest
from chejian_analytics.diagnosis import BearingDiagnosis, diagnose_bearing
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from tests.analytics.diagnosis.machine import RATE, SHAFT_HZ, noise, shocks, tones
from tests.analytics.diagnosis.recorded import CWRU_DE, cwru_counts

PARTS = ("outer_race", "inner_race", "rolling_element")


def diagnose(signal: NDArray[np.float64]) -> BearingDiagnosis:
    return diagnose_bearing(signal, sample_rate=RATE, nominal_rpm=SHAFT_HZ * 60, bearing=CWRU_DE)


@settings(deadline=None, max_examples=15)
@given(st.integers(0, 2**31), st.sampled_from(PARTS), st.floats(1e-6, 1e6))
def test_sign_and_scale_have_no_say(seed: int, part: str, scale: float) -> None:
    random = np.random.default_rng(seed)
    signal = 4 * shocks(CWRU_DE, part, 2.0, random) + noise(2.0, random)
    first = diagnose(signal)
    assert diagnose(-signal) == first
    scaled = diagnose(scale * signal)
    assert (scaled.part, scaled.confidence) == (first.part, first.confidence)
    assert scaled.score == pytest.approx(first.score, rel=1e-6)


@pytest.mark.parametrize("scale", [1e-160, 1e-100, 1e100, 1e157])
def test_units_of_any_size_are_squared_without_overflow(scale: float) -> None:
    random = np.random.default_rng(11)
    signal = 4 * shocks(CWRU_DE, "outer_race", 2.0, random) + noise(2.0, random)
    first, scaled = diagnose(signal), diagnose(scale * signal)
    assert (scaled.part, scaled.confidence) == (first.part, first.confidence) == ("outer_race", "confirmed")
    assert scaled.score == pytest.approx(first.score, rel=1e-6)
    assert scaled.features.kurtosis == pytest.approx(first.features.kurtosis, rel=1e-9)
    assert scaled.features.rms == pytest.approx(scale * first.features.rms, rel=1e-9)


@pytest.mark.parametrize("offset", [-1e6, 1e6])
def test_an_offset_of_the_sensor_has_no_say(offset: float) -> None:
    random = np.random.default_rng(12)
    signal = 4 * shocks(CWRU_DE, "inner_race", 2.0, random) + noise(2.0, random)
    first, moved = diagnose(signal), diagnose(signal + offset)
    assert (moved.part, moved.confidence) == (first.part, first.confidence) == ("inner_race", "confirmed")
    assert moved.score == pytest.approx(first.score, rel=1e-5)
    assert moved.features.kurtosis == pytest.approx(first.features.kurtosis, rel=1e-5)


@pytest.mark.parametrize("part", PARTS)
def test_noise_drowns_a_part_and_never_makes_it_another(part: str) -> None:
    scores = []
    for seed in range(4):
        random = np.random.default_rng([seed, 3])
        defect = 6 * shocks(CWRU_DE, part, 4.0, random) + tones(4.0, SHAFT_HZ, [2.0, 1.0], random)
        rough = noise(4.0, random)
        verdicts = [diagnose(defect + size * rough) for size in (1.0, 2.0, 4.0, 8.0, 32.0)]
        assert {verdict.part for verdict in verdicts} == {part, None}
        assert verdicts[0].part == part
        assert verdicts[-1].part is None
        scores.append([verdict.score for verdict in verdicts])
    fall = np.mean(scores, axis=0)
    assert (np.diff(fall[:4]) < 0.0).all()


@pytest.mark.parametrize(("record", "part"), [(106, "inner_race"), (131, "outer_race"), (170, "inner_race")])
def test_pieces_and_added_noise_of_a_recording_never_name_another_part(
    recordings: Path, record: int, part: str
) -> None:
    whole = cwru_counts(recordings, record)
    random = np.random.default_rng(record)
    named = []
    for start in range(0, whole.size - 24_000, 24_000):
        window = whole[start : start + 24_000]
        for size in (0.0, 1.0, 3.0):
            rough = window + size * window.std() * random.normal(size=window.size)
            verdict = diagnose_bearing(
                rough, sample_rate=12_000.0, nominal_rpm=1773.0, bearing=CWRU_DE, mains_hz=60.0
            )
            named.append((size, verdict.part))
    assert {found for size, found in named if size == 0.0} == {part}
    assert {found for _, found in named} <= {part, None}
