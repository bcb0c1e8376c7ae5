"""The simulator's own motors: a stand's first sound motors make its baseline, then rotors out of balance are named at once."""

from dataclasses import replace

import numpy as np
from chejian_analytics.diagnosis import MachineDiagnosis, ShaftBaseline, diagnose_shaft, freeze_shaft
from chejian_simulators.vibration import IMBALANCE_G, ModelBlock, ModelMotors, Part

FIRST_WINDOWS = 10
STAND = ModelMotors("MTS-22", (2, 22), 12_000, 3.0, 0.0, 50.0)


def block(number: int) -> ModelBlock:
    made = STAND.motor(number, 0).block
    assert isinstance(made, ModelBlock)
    return made


def judge(motor: ModelBlock, baseline: ShaftBaseline | None) -> MachineDiagnosis:
    samples = motor.samples().astype(np.float64)
    return diagnose_shaft(samples, sample_rate=12_000.0, nominal_rpm=motor.rpm, baseline=baseline)


def stand_baseline() -> ShaftBaseline:
    """Of the first motors on the stand, each another one and at another load."""
    amplitudes = [
        np.array([indicator.value for indicator in judge(block(number), None).indicators])
        for number in range(FIRST_WINDOWS)
    ]
    return freeze_shaft(amplitudes, "first windows")


def test_a_rotor_out_of_balance_is_named_in_its_first_window_and_sound_ones_never() -> None:
    baseline = stand_baseline()
    for number in range(FIRST_WINDOWS, FIRST_WINDOWS + 30):
        motor = block(number)
        sound = judge(motor, baseline)
        assert (sound.part, sound.confidence) == (None, "none")
        heavy = judge(replace(motor, shaft_g=IMBALANCE_G), baseline)
        assert (heavy.part, heavy.confidence) == ("imbalance", "confirmed")


def test_a_bearings_shocks_are_no_shaft_fault() -> None:
    baseline = stand_baseline()
    for number, part in enumerate(Part, start=50):
        assert judge(replace(block(number), fault=part, strength=1.2), baseline).part is None
