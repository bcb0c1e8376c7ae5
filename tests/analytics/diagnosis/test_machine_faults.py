"""Shaft, gear and motor: each fault by its signature, against a baseline, or an honest "cannot tell"."""

from pathlib import Path

import numpy as np
import pytest
from chejian_analytics.diagnosis import (
    MachineDiagnosis,
    ShaftBaseline,
    diagnose_current,
    diagnose_gear,
    diagnose_shaft,
    freeze_shaft,
    order_amplitudes,
)
from chejian_analytics.diagnosis.shaft import ORDERS
from numpy.typing import NDArray

from tests.analytics.diagnosis.machine import RATE, SHAFT_HZ, noise
from tests.analytics.diagnosis.recorded import adi

HEALTHY = {0.5: 0.05, 1.0: 1.0, 1.5: 0.05, 2.0: 0.4, 2.5: 0.05, 3.0: 0.2, 3.5: 0.05, 4.0: 0.1}
SECONDS = 3.0


def rotor(growth: dict[float, float], seed: int) -> NDArray[np.float64]:
    """Shaft orders of a sound machine, some of them grown by a factor."""
    random = np.random.default_rng(seed)
    t = np.arange(int(SECONDS * RATE)) / RATE
    out = 0.3 * noise(SECONDS, random)
    for order in ORDERS:
        size = HEALTHY.get(order, 0.08) * growth.get(order, 1.0) * random.uniform(0.9, 1.1)
        out += size * np.cos(2 * np.pi * order * SHAFT_HZ * t + random.uniform(0, 6))
    return out


@pytest.fixture(scope="module")
def baseline() -> ShaftBaseline:
    return freeze_shaft([order_amplitudes([rotor({}, seed)], RATE, SHAFT_HZ) for seed in range(30)], "b1")


def shaft(signal: NDArray[np.float64], baseline: ShaftBaseline | None) -> MachineDiagnosis:
    return diagnose_shaft(signal, sample_rate=RATE, nominal_rpm=SHAFT_HZ * 60, baseline=baseline)


@pytest.mark.parametrize(
    ("fault", "growth"),
    [
        ("imbalance", {1.0: 4.0}),
        ("misalignment", {2.0: 5.0, 3.0: 4.0}),
        ("looseness", dict.fromkeys((1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0), 4.0)),
        ("rub", dict.fromkeys((0.5, 1.5, 2.5, 3.5), 6.0)),
    ],
)
def test_each_fault_is_named_by_the_orders_that_grew(
    baseline: ShaftBaseline, fault: str, growth: dict[float, float]
) -> None:
    for seed in range(100, 105):
        verdict = shaft(rotor(growth, seed), baseline)
        assert verdict.part == fault, verdict
        assert verdict.explanations[0].fault == fault
        assert verdict.explanations[1].score < verdict.explanations[0].score


def test_a_sound_machine_is_quiet_and_nothing_is_named_without_a_baseline(baseline: ShaftBaseline) -> None:
    assert {shaft(rotor({}, seed), baseline).confidence for seed in range(200, 230)} == {"none"}
    cold = shaft(rotor({1.0: 9.0}, 1), None)
    assert (cold.part, cold.confidence, cold.reason) == (None, "cannot_tell", "no_baseline")
    assert [indicator.name for indicator in cold.indicators][:2] == ["order_0.5", "order_1"]


def test_growth_that_fits_no_single_fault_is_said_so(baseline: ShaftBaseline) -> None:
    verdict = shaft(rotor({2.5: 6.0, 6.0: 6.0}, 3), baseline)
    assert (verdict.part, verdict.reason) == (None, "no_single_explanation")


def test_order_amplitudes_are_rms_values() -> None:
    t = np.arange(int(SECONDS * RATE)) / RATE
    wave = 3.0 * np.cos(2 * np.pi * SHAFT_HZ * t)
    amplitudes = order_amplitudes([wave, wave], RATE, SHAFT_HZ)
    assert amplitudes[ORDERS.index(1.0)] == pytest.approx(3.0, rel=0.01)  # 3 / sqrt 2 on each of two axes
    assert amplitudes[ORDERS.index(3.0)] < 1e-3


def test_imbalance_of_the_rig_rises_in_order_and_is_named_against_its_normal_record(recordings: Path) -> None:
    """1800 rpm, no load: VL < L < H < VH by the first order; heavy weights named, bent and misaligned not as imbalance."""
    records = {item.name[5:19]: item for item in adi(recordings) if item.name.startswith("1800_GoB")}
    amplitudes = {
        name: order_amplitudes(item.channels, item.sample_rate, 30.0) for name, item in records.items()
    }
    first = [amplitudes[f"GoB_GS_{size}_WA"][ORDERS.index(1.0)] for size in ("VLIL", "LImL", "HImL", "VHIL")]
    assert first == sorted(first)
    normal = freeze_shaft([amplitudes["GoB_GS_BaLo_WA"]], "normal")
    verdicts = {
        name: diagnose_shaft(
            item.channels[0],
            sample_rate=item.sample_rate,
            nominal_rpm=1800.0,
            others=item.channels[1:],
            baseline=normal,
        )
        for name, item in records.items()
    }
    named = {name: verdict.part for name, verdict in verdicts.items()}
    assert {named[f"GoB_GS_{size}_WA"] for size in ("VLIL", "LImL", "HImL", "VHIL")} == {"imbalance"}
    assert {named["GoB_BS_BaLo_WA"], named["GoB_GS_BaLo_MA"], named["GoB_GS_BaLo_WA"]} == {None}


def gear(burst: float, seed: int, teeth: int = 24) -> NDArray[np.float64]:
    """Mesh harmonics with some wobble, and a burst once a turn."""
    random = np.random.default_rng(seed)
    t = np.arange(int(4 * RATE)) / RATE
    turns = 20.0 * t
    out = 0.3 * noise(4.0, random)
    for h, size in enumerate((1.0, 0.5, 0.3), start=1):
        out += size * np.cos(2 * np.pi * h * teeth * turns) * (1 + 0.2 * np.cos(2 * np.pi * turns))
        out += 0.1 * np.cos(2 * np.pi * h * turns + h)
    inside = turns % 1.0
    out += burst * np.exp(-(((inside - 0.5) / 0.01) ** 2)) * np.cos(2 * np.pi * 40 * (inside - 0.5))
    return out


def test_a_broken_tooth_is_a_burst_in_the_mean_turn() -> None:
    for seed in range(3):
        sound = diagnose_gear(gear(0.0, seed), sample_rate=RATE, nominal_rpm=1200.0, teeth=24)
        broken = diagnose_gear(gear(1.5, seed), sample_rate=RATE, nominal_rpm=1200.0, teeth=24)
        assert (sound.part, sound.confidence) == (None, "none")
        assert broken.part == "gear_tooth"
        assert broken.shaft_hz == pytest.approx(20.0, rel=1e-3)
    assert (
        diagnose_gear(gear(0.0, 1)[:5000], sample_rate=RATE, nominal_rpm=1200.0, teeth=24).reason
        == "too_short"
    )
    slow = diagnose_gear(gear(0.0, 1), sample_rate=3000.0, nominal_rpm=1200.0, teeth=24)
    assert slow.reason == "sample_rate_too_low"


def current(sideband_db: float, slip: float, seconds: float = 10.0) -> NDArray[np.float64]:
    random = np.random.default_rng(7)
    t = np.arange(int(seconds * 2000)) / 2000.0
    out = 10.0 * np.cos(2 * np.pi * 50.02 * t)
    for sign in (-1, 1):
        hz = 50.02 * (1 + sign * 2 * slip)
        out += 10.0 * 10 ** (sideband_db / 20) * np.cos(2 * np.pi * hz * t + sign)
    return np.asarray(out + 0.02 * random.normal(size=t.size))


@pytest.mark.parametrize(
    ("level", "confidence"), [(-35.0, "confirmed"), (-46.0, "probable"), (-60.0, "none")]
)
def test_a_broken_bar_by_its_sidebands(level: float, confidence: str) -> None:
    rpm = 50.02 * 60 / 2 * (1 - 0.03)
    verdict = diagnose_current(current(level, 0.03), sample_rate=2000.0, rpm=rpm)
    assert verdict.confidence == confidence
    assert verdict.part == (None if confidence == "none" else "rotor_bar")
    values = {indicator.name: indicator.value for indicator in verdict.indicators}
    assert values["supply"] == pytest.approx(50.02, abs=0.01)
    assert values["slip"] == pytest.approx(0.03, abs=5e-4)
    assert max(values["lower"], values["upper"]) == pytest.approx(level, abs=1.5)


def test_without_slip_the_sidebands_hide() -> None:
    verdict = diagnose_current(current(-35.0, 0.001), sample_rate=2000.0, rpm=1499.0)
    assert (verdict.confidence, verdict.reason) == ("cannot_tell", "slip_not_resolved")
