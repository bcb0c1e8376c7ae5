"""The bearing model: kinematics, and energy where the physics puts it (checked with plain numpy)."""

import numpy as np
import pytest
from chejian_simulators.vibration import (
    BALLS,
    DAMPING,
    ORDERS,
    PITCH_RATIO,
    RESONANCE_HZ,
    ModelBlock,
    ModelMotors,
    Part,
    bearing_orders,
    load_at,
    ring,
)
from numpy.typing import NDArray

RATES = [(12_000, 120_000), (48_000, 120_000)]
FAULT_ORDER = {
    Part.OUTER_RACE: ORDERS.outer,
    Part.INNER_RACE: ORDERS.inner,
    Part.ROLLING_ELEMENT: 2 * ORDERS.spin,
}
MODULATION = {Part.OUTER_RACE: 0.0, Part.INNER_RACE: 1.0, Part.ROLLING_ELEMENT: ORDERS.cage}


def block(part: Part | None, rate: int = 12_000, count: int = 120_000, motor: int = 0) -> ModelBlock:
    return ModelBlock((9, 4, motor), rate, count, 1772.0, part, 0.8, 50.0)


def envelope_spectrum(
    signal: NDArray[np.float32], rate: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Squared envelope spectrum of the band 2 to 4.5 kHz, by one-sided masking of the Fourier transform."""
    spectrum = np.fft.fft(signal.astype(np.float64))
    frequency = np.fft.fftfreq(signal.size, 1 / rate)
    analytic = np.fft.ifft(np.where((frequency > 2000) & (frequency < 4500), 2 * spectrum, 0))
    envelope = np.abs(analytic) ** 2
    lines = np.abs(np.fft.rfft(envelope - envelope.mean()))
    return np.fft.rfftfreq(signal.size, 1 / rate).astype(np.float64), lines.astype(np.float64)


def test_orders_are_those_of_the_published_geometry() -> None:
    orders = bearing_orders(9, 0.3126 / 1.537)
    assert orders.outer == pytest.approx(3.5848, abs=2e-4)
    assert orders.inner == pytest.approx(5.4152, abs=2e-4)
    assert orders.cage == pytest.approx(0.39828, abs=5e-5)
    assert 2 * orders.spin == pytest.approx(4.7135, abs=2e-4)
    assert orders.outer + orders.inner == pytest.approx(BALLS)
    assert orders.outer == pytest.approx(BALLS * orders.cage)
    assert orders == bearing_orders(BALLS, PITCH_RATIO)


@pytest.mark.parametrize(("rate", "count"), RATES)
@pytest.mark.parametrize("part", list(Part))
def test_the_envelope_peaks_at_the_fault_order(part: Part, rate: int, count: int) -> None:
    for motor in range(5):
        frequency, lines = envelope_spectrum(block(part, rate, count, motor).samples(), rate)
        order = frequency / (1772 / 60)
        background = np.median(lines[(order > 1) & (order < 15)])
        for harmonic in (1, 2):
            near = np.abs(order / harmonic / FAULT_ORDER[part] - 1) < 0.04  # sidebands lie 8 % and more away
            assert order[near][np.argmax(lines[near])] == pytest.approx(
                harmonic * FAULT_ORDER[part], rel=0.01
            )
            assert lines[near].max() > 10 * background


def test_a_fault_of_the_fixed_race_is_the_strongest_line_of_all() -> None:
    frequency, lines = envelope_spectrum(block(Part.OUTER_RACE).samples(), 12_000)
    order = frequency / (1772 / 60)
    assert order[np.argmax(lines)] == pytest.approx(ORDERS.outer, rel=0.01)


@pytest.mark.parametrize("part", [Part.INNER_RACE, Part.ROLLING_ELEMENT])
def test_a_moving_defect_has_sidebands_at_its_own_turning(part: Part) -> None:
    frequency, lines = envelope_spectrum(block(part).samples(), 12_000)
    background = np.median(lines[(frequency > 20) & (frequency < 400)])
    shaft = 1772 / 60
    for side in (-1, 1):
        order = FAULT_ORDER[part] + side * MODULATION[part]
        near = np.abs(frequency / shaft - order) < 0.01 * order
        assert lines[near].max() > 8 * background


def test_a_healthy_bearing_has_no_line_at_any_fault_order() -> None:
    frequency, lines = envelope_spectrum(block(None).samples(), 12_000)
    shaft = 1772 / 60
    background = np.median(lines[(frequency > 20) & (frequency < 400)])
    for order in FAULT_ORDER.values():
        near = np.abs(frequency / shaft - order) < 0.01 * order
        assert lines[near].max() < 6 * background


def test_a_fault_is_impulsive_and_a_healthy_bearing_is_not() -> None:
    def kurtosis(signal: NDArray[np.float32]) -> float:
        deviation = signal - signal.mean(dtype=np.float64)
        return float(np.mean(deviation**4) / np.mean(deviation**2) ** 2)

    assert kurtosis(block(None).samples()) < 3.3
    assert all(kurtosis(block(part).samples()) > 4 for part in Part)


def test_a_block_is_singles_of_its_length_the_same_at_every_call_and_different_per_motor() -> None:
    made = block(Part.OUTER_RACE).samples()
    assert made.dtype == np.float32
    assert made.shape == (120_000,)
    others = [
        block(Part.OUTER_RACE, motor=n).samples() for n in range(1, 10)
    ]  # pushes the first out of the cache
    assert block(Part.OUTER_RACE).samples() is not made
    assert np.array_equal(block(Part.OUTER_RACE).samples(), made)
    assert not any(np.array_equal(other, made) for other in others)


def test_one_impulse_rings_as_the_formula_says() -> None:
    rate, at, strength = 48_000, 0.010_003, 1.3
    got = ring(np.array([at]), np.array([strength]), 2_000, rate)
    for index in range(2_000):
        age = index / rate - at
        decay = DAMPING * 2 * np.pi * RESONANCE_HZ
        wave = 2 * np.pi * RESONANCE_HZ * np.sqrt(1 - DAMPING**2)
        want = strength * np.exp(-decay * age) * np.sin(wave * age) if 0 <= age < 5 / decay else 0.0
        assert got[index] == pytest.approx(want, abs=0.01 * strength)


def test_the_load_falls_from_the_middle_of_the_load_zone_to_its_edge() -> None:
    angles = np.radians([0, 30, 60, 70, 90, 180, 270, 330, 360])
    load = load_at(angles, 0.2)
    assert load[0] == load[8] == pytest.approx(1)
    assert load[1] == pytest.approx(load[7])
    assert load[0] > load[1] > load[2] > load[3]
    assert load[3:7] == pytest.approx(0.2, abs=1e-9)


def test_motors_are_fixed_by_their_number_and_faults_come_in_their_share() -> None:
    source = ModelMotors("MTS-01", (1, 4), 12_000, 10.0, 0.6, 50.0)
    motors = [source.motor(n, 0) for n in range(400)]
    assert [source.motor(n, 0) for n in range(400)] == motors
    assert len({m.serial for m in motors}) == 400
    parts = [m.block.part for m in motors]
    assert 0.5 < sum(p is not None for p in parts) / 400 < 0.7
    assert {p: parts.count(p) > 50 for p in parts} == dict.fromkeys([None, *(str(p) for p in Part)], True)
    assert all((m.block.grade is None) == (m.block.part is None) for m in motors)
