"""How deep lines are: an effect's size, which a longer window does not raise, unlike how sure it is."""

import numpy as np
import pytest
import scipy.fft
from chejian_analytics.diagnosis import BearingConfig, BearingDiagnosis, diagnose_bearing
from chejian_analytics.diagnosis.baseline import PARTS, BearingBaseline
from numpy.typing import NDArray

from tests.analytics.diagnosis.machine import RATE, SHAFT_HZ, noise, shocks
from tests.analytics.diagnosis.recorded import CWRU_DE

LONG_S = 40.0
LIMIT = BearingConfig().least_depth
KNOWN = BearingBaseline("399 quiet windows", tuple((part, (0.5,) * 399) for part in PARTS), (0.5,) * 399)


def modulated(
    order: float, amplitudes: tuple[float, ...], seconds: float, seed: int = 5
) -> NDArray[np.float64]:
    """Noise whose power rises and falls by these amplitudes at the multiples of an order, each a whole number of times."""
    random = np.random.default_rng(seed)
    time = np.arange(int(seconds * RATE)) / RATE
    base_hz = round(order * SHAFT_HZ * seconds) / seconds
    power = 1.0 + sum(
        a * np.cos(2 * np.pi * h * base_hz * time + random.uniform(0, 6))
        for h, a in enumerate(amplitudes, start=1)
    )
    return np.asarray(noise(seconds, random) * np.sqrt(power))


def diagnose(signal: NDArray[np.float64], baseline: BearingBaseline | None = None) -> BearingDiagnosis:
    return diagnose_bearing(
        signal, sample_rate=RATE, nominal_rpm=SHAFT_HZ * 60, bearing=CWRU_DE, mains_hz=0.0, baseline=baseline
    )


def codes(verdict: BearingDiagnosis) -> dict[str, float]:
    return {evidence.code: evidence.value for evidence in verdict.counter_evidence}


@pytest.mark.parametrize("seconds", [5.0, 20.0, 40.0])
def test_the_depth_is_the_modulation_whatever_the_length(seconds: float) -> None:
    """Whitening leaves pi / 4 of it: the correlation of two Gaussian bins once their magnitudes are taken away."""
    verdict = diagnose(modulated(CWRU_DE.bpfo, (0.3, 0.2, 0.2), seconds))
    assert verdict.part == "outer_race"
    assert verdict.samples_used == seconds * RATE
    assert verdict.depth == pytest.approx(np.pi / 4 * np.sqrt(0.3**2 + 0.2**2 + 0.2**2), rel=0.1)


def test_the_depth_is_recomputed_from_the_window() -> None:
    random = np.random.default_rng(3)
    signal = 5.0 * shocks(CWRU_DE, "outer_race", 4.0, random) + noise(4.0, random)
    verdict = diagnose(signal)
    window = signal[: verdict.samples_used]
    spectrum = scipy.fft.rfft((window - window.mean()) / np.abs(window - window.mean()).max())
    white = np.zeros(window.size, dtype=complex)
    white[1 : (window.size + 1) // 2] = (spectrum / np.abs(spectrum))[1 : (window.size + 1) // 2]
    envelope = np.abs(scipy.fft.ifft(white)) ** 2
    time = np.arange(window.size) / RATE
    amplitudes = [
        2 * abs(np.sum(envelope * np.exp(-2j * np.pi * line.found_hz * time))) / envelope.sum()
        for line in verdict.lines[:3]
    ]
    # The window's ends are faded before its spectrum is taken, here they are not: a percent of it.
    assert verdict.depth == pytest.approx(np.sqrt(np.sum(np.square(amplitudes))), rel=0.05)


def test_faint_lines_name_nothing_until_the_machine_is_known() -> None:
    faint = modulated(CWRU_DE.bpfo, (0.05, 0.05, 0.05), LONG_S)
    cold = diagnose(faint)
    assert (cold.part, cold.confidence) == (None, "none")
    assert cold.explanations[0].part == "outer_race"
    assert cold.score > BearingConfig().confirmed_score
    assert codes(cold)["lines_faint"] == cold.depth < LIMIT
    known = diagnose(faint, KNOWN)
    assert (known.part, known.confidence) == ("outer_race", "confirmed")
    assert "lines_faint" not in codes(known)
    assert known.depth == cold.depth


def test_a_window_with_shocks_has_no_faint_lines() -> None:
    """Single shocks flood a whitened envelope, so that the lines of a true defect are a small share of it."""
    random = np.random.default_rng(8)
    struck = modulated(CWRU_DE.bpfo, (0.08, 0.08, 0.08), LONG_S)
    struck[random.integers(0, struck.size, 400)] += 15.0
    verdict = diagnose(struck)
    assert verdict.depth < LIMIT
    assert verdict.features.kurtosis > BearingConfig().impulsive_kurtosis
    assert verdict.part == "outer_race"


@pytest.mark.parametrize(("amplitude", "confidence"), [(0.05, "none"), (0.15, "impulsive_unassigned")])
def test_a_stranger_is_pointed_to_only_when_it_is_deep(amplitude: float, confidence: str) -> None:
    verdict = diagnose(modulated(2.75, (amplitude,) * 3, LONG_S))
    assert verdict.comb_order * verdict.shaft_hz == pytest.approx(2.75 * SHAFT_HZ, rel=1e-3)
    assert verdict.comb_score > BearingConfig().confirmed_score
    assert verdict.confidence == confidence
    assert ("unknown_comb_order" in codes(verdict)) == (confidence != "none")


def test_weak_cage_lines_with_shocks_may_be_a_rolling_elements() -> None:
    seen = set()
    for size in np.arange(6.0, 16.0, 1.0):
        random = np.random.default_rng(11)
        verdict = diagnose(size * shocks(CWRU_DE, "cage", 2.0, random) + noise(2.0, random))
        if verdict.explanations[0].part != "cage" or verdict.score <= BearingConfig().probable_score:
            continue
        unsure = verdict.score < BearingConfig().confirmed_score and verdict.features.kurtosis >= 5.0
        seen.add(unsure)
        assert verdict.part == (None if unsure else "cage")
        assert (verdict.confidence == "impulsive_unassigned") == unsure
        assert ("element_shows_cage" in codes(verdict)) == unsure
    assert seen == {True, False}
