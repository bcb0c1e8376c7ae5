"""The verdict on simulated bearings: each part is found, sound machines stay unnamed, unreadable windows say why."""

import dataclasses
import json
import math
from typing import Any

import numpy as np
import pytest
from chejian_analytics.diagnosis import BearingDiagnosis, BearingOrders, diagnose_bearing, strongest
from numpy.typing import NDArray

from tests.analytics.diagnosis.machine import RATE, SHAFT_HZ, noise, shocks, tones
from tests.analytics.diagnosis.recorded import CWRU_DE, CWRU_FE

PARTS = ("outer_race", "inner_race", "rolling_element", "cage")


def diagnose(signal: NDArray[np.float64], bearing: BearingOrders = CWRU_DE) -> BearingDiagnosis:
    return diagnose_bearing(signal, sample_rate=RATE, nominal_rpm=SHAFT_HZ * 60 * 1.012, bearing=bearing)


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("peak_over_noise", [3.0, 5.0, 10.0])
def test_a_defective_part_is_named(part: str, peak_over_noise: float) -> None:
    for seed in range(3):
        random = np.random.default_rng([seed, PARTS.index(part)])
        seconds = 4.0
        signal = peak_over_noise * shocks(CWRU_DE, part, seconds, random) * (4.0 if part == "cage" else 1.0)
        signal += noise(seconds, random) + tones(seconds, SHAFT_HZ, [2.0, 1.0, 0.5, 0.4], random)
        verdict = diagnose(signal)
        assert verdict.part == part, (seed, verdict)
        assert verdict.shaft_hz == pytest.approx(SHAFT_HZ, rel=1e-3)
        assert verdict.slip_offset == pytest.approx(0.002, abs=0.004)


def test_a_stronger_defect_scores_higher() -> None:
    random = np.random.default_rng(7)
    background, defect = noise(4.0, random), shocks(CWRU_DE, "outer_race", 4.0, random)
    scores = [diagnose(background + size * defect).score for size in (0.0, 1.0, 2.0, 4.0)]
    assert scores == sorted(scores)
    assert scores[-1] > scores[0] + 2


@pytest.mark.parametrize("bearing", [CWRU_DE, CWRU_FE], ids=lambda bearing: bearing.name)
def test_sound_machines_are_not_accused(bearing: BearingOrders) -> None:
    """120 windows of noise, shaft tones, mains tones and modulated noise: no part named in any."""
    accused = []
    for seed in range(30):
        random = np.random.default_rng([seed, 99])
        pure = noise(2.0, random)
        shaft = tones(2.0, SHAFT_HZ, list(10 / np.arange(1, 20)), random)
        mains = tones(2.0, 50.0, list(5 / np.arange(1, 12)), random)
        throb = pure * (1 + 0.1 * tones(2.0, SHAFT_HZ, [3.0, 2.0, 1.0], random))
        hum = pure * (1 + 0.1 * tones(2.0, 50.0, [3.0, 2.0, 1.0], random))
        for name, signal in (
            ("noise", pure),
            ("tones", pure + shaft + mains),
            ("throb", throb),
            ("hum", hum),
        ):
            verdict = diagnose(signal, bearing)
            if verdict.part is not None:
                accused.append((seed, name, verdict.part, verdict.score))
    assert accused == []


def test_pure_sinusoids_are_not_a_bearing() -> None:
    random = np.random.default_rng(1)
    signal = tones(4.0, SHAFT_HZ, [3.0, 2.0, 1.0, 0.5], random) + tones(4.0, 50.0, [1.0, 0.3], random)
    assert diagnose(signal).part is None


def test_slip_sidebands_of_shaft_harmonics_are_not_an_outer_race() -> None:
    """Modulation at n + 0.053 j orders for all n (multiples of a motor's slip), where 6203 has its outer race."""
    random = np.random.default_rng(2)
    t = np.arange(int(4 * RATE)) / RATE
    places = [n + 0.053 * j for n in range(1, 17) for j in (1, 2, 3, 4)]
    comb = sum(np.cos(2 * np.pi * place * SHAFT_HZ * t + random.uniform(0, 6)) for place in places)
    shaft = tones(4.0, SHAFT_HZ, [2.0, 1.0, 0.5, 0.4], random)
    verdict = diagnose(noise(4.0, random) * (1 + 0.05 * comb) + shaft, CWRU_FE)
    assert verdict.part is None
    assert "explained_by_shaft" in [evidence.code for evidence in verdict.counter_evidence]
    real = 4 * shocks(CWRU_FE, "outer_race", 4.0, random) + noise(4.0, random) + shaft
    assert diagnose(real, CWRU_FE).part == "outer_race"


def test_shocks_without_a_period_are_impulsive_and_unassigned() -> None:
    random = np.random.default_rng(3)
    signal = noise(4.0, random)
    signal[random.integers(0, signal.size, 200)] += 15.0
    verdict = diagnose(signal)
    assert (verdict.confidence, verdict.part) == ("impulsive_unassigned", None)
    assert verdict.features.kurtosis > 5


def _spoiled(how: str) -> NDArray[np.float64]:
    random = np.random.default_rng(4)
    signal = noise(2.0, random) + 3 * shocks(CWRU_DE, "outer_race", 2.0, random)
    if how == "non_finite":
        signal[100] = math.nan
    elif how == "flat":
        signal[:] = 0.1
    elif how == "clipped":
        signal = np.clip(4 * signal, -3, 3)
    elif how == "too_short":
        signal = signal[:5000]
    return signal


@pytest.mark.parametrize("reason", ["non_finite", "flat", "clipped", "too_short"])
def test_an_unreadable_window_says_why(reason: str) -> None:
    verdict = diagnose(_spoiled(reason))
    assert (verdict.confidence, verdict.reason, verdict.part) == ("cannot_tell", reason, None)
    assert verdict.lines == ()


def test_a_channel_that_repeats_its_samples_is_flat_and_no_samples_are_too_short() -> None:
    stuck = np.repeat(np.random.default_rng(5).normal(size=1000), 24)
    assert diagnose(stuck).reason == "flat"
    assert diagnose(np.zeros(0)).reason == "too_short"
    assert diagnose(np.full(3, math.inf)).reason == "non_finite"


def test_a_rate_that_cannot_hold_the_lines_is_named() -> None:
    signal = np.random.default_rng(6).normal(size=8000)
    verdict = diagnose_bearing(signal, sample_rate=1000.0, nominal_rpm=1750.0, bearing=CWRU_DE)
    assert verdict.reason == "sample_rate_too_low"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"sample_rate": 0.0}, "sample_rate 0.0"),
        ({"nominal_rpm": -1.0}, "nominal_rpm -1.0"),
        ({"mains_hz": math.nan}, "mains_hz nan"),
    ],
)
def test_wrong_arguments_are_refused(changes: dict[str, float], message: str) -> None:
    arguments: dict[str, Any] = {"sample_rate": RATE, "nominal_rpm": 1750.0, "mains_hz": 50.0} | changes
    with pytest.raises(ValueError, match=message):
        diagnose_bearing(np.zeros(100), bearing=CWRU_DE, **arguments)
    with pytest.raises(ValueError, match=r"shape \(2, 50\) given"):
        diagnose_bearing(np.zeros((2, 50)), sample_rate=RATE, nominal_rpm=1750.0, bearing=CWRU_DE)


def test_same_window_same_bits_whatever_scale_has_no_say() -> None:
    random = np.random.default_rng(8)
    signal = noise(2.0, random) + 2 * shocks(CWRU_DE, "inner_race", 2.0, random)
    first = diagnose(signal)
    diagnose(noise(1.7, random))
    assert diagnose(signal.copy()) == first
    louder = diagnose(signal * 1024.0)  # a power of two: exact
    assert louder.features.rms == first.features.rms * 1024.0
    assert dataclasses.replace(louder, features=first.features) == first


def test_layout_and_type_of_the_array_have_no_say() -> None:
    random = np.random.default_rng(12)
    single = (noise(2.0, random) + 4 * shocks(CWRU_DE, "outer_race", 2.0, random)).astype(np.float32)
    signal: Any = single.astype(np.float64)
    frozen = signal.copy()
    frozen.flags.writeable = False
    others: list[Any] = [single, np.column_stack((signal, signal))[:, 1], frozen]
    assert [diagnose(other) == diagnose(signal) for other in others] == [True, True, True]


def test_a_verdict_survives_json() -> None:
    random = np.random.default_rng(9)
    verdict = diagnose(noise(2.0, random) + 4 * shocks(CWRU_DE, "outer_race", 2.0, random))
    as_dict = dataclasses.asdict(verdict)
    back = json.loads(json.dumps(as_dict, allow_nan=False))
    assert back["part"] == "outer_race"
    assert back["lines"][0]["family"] == "outer_race"
    assert [line["order"] for line in back["lines"]] == [1, 2, 3, 4, 5]
    assert {mask["kind"] for mask in back["masks"]} == {"shaft", "mains"}


def test_the_strongest_axis_speaks() -> None:
    random = np.random.default_rng(10)
    quiet = diagnose(noise(2.0, random))
    loud = diagnose(noise(2.0, random) + 3 * shocks(CWRU_DE, "outer_race", 2.0, random))
    mute = diagnose(np.zeros(24_000))
    assert strongest([quiet, mute, loud]) is loud
    assert strongest([mute, quiet]) is quiet


def test_mains_on_a_fault_line_is_masked_and_said_so() -> None:
    """At 600 rpm the inner race of an 8-ball bearing passes at 49.5 Hz; a 50 Hz hum must not be taken for it."""
    bearing = BearingOrders(3.048, 4.952, 0.381, 3.984)
    random = np.random.default_rng(11)
    hum = noise(4.0, random) * (1 + 0.1 * tones(4.0, 50.0, [4.0, 3.0, 2.0, 1.0], random))
    verdict = diagnose_bearing(hum, sample_rate=RATE, nominal_rpm=605.8, bearing=bearing, mains_hz=50.0)
    unmasked = diagnose_bearing(hum, sample_rate=RATE, nominal_rpm=605.8, bearing=bearing, mains_hz=0.0)
    assert verdict.part is None
    assert unmasked.score > verdict.score
    assert {mask.kind for mask in unmasked.masks} == {"shaft"}
