"""A signal model of a rolling bearing: shocks that ring a resonance, in noise and machine tones."""

import numpy as np
import scipy
from chejian_analytics.diagnosis import BearingOrders
from numpy.typing import NDArray

RATE = 12_000.0
SHAFT_HZ = 29.2
RESONANCE_HZ, DECAY_S = 3200.0, 0.8e-3
SLIP_PER_SHOCK = 0.01
"""Relative jitter of each interval; it adds up, as the slip of real bearings does."""


def shocks(
    bearing: BearingOrders, part: str, seconds: float, random: np.random.Generator, slip: float = 0.002
) -> NDArray[np.float64]:
    """Ringing of one defective part, peak about 1."""
    order = {
        "outer_race": bearing.bpfo,
        "inner_race": bearing.bpfi,
        "rolling_element": bearing.bsf2,
        "cage": bearing.ftf,
    }[part]
    period = 1.0 / (order * SHAFT_HZ * (1.0 + slip))
    count = int(seconds / period) + 2
    times = np.cumsum(period * (1.0 + SLIP_PER_SHOCK * random.normal(size=count)))
    load_zone = {"inner_race": SHAFT_HZ, "rolling_element": bearing.ftf * SHAFT_HZ}.get(part)
    strength = np.ones(count) if load_zone is None else 0.55 + 0.45 * np.cos(2 * np.pi * load_zone * times)
    train = np.zeros(int(seconds * RATE))
    at = (times * RATE).astype(int)
    inside = at < train.size
    np.add.at(train, at[inside], strength[inside])
    ring_time = np.arange(int(8 * DECAY_S * RATE)) / RATE
    ring = np.exp(-ring_time / DECAY_S) * np.sin(2 * np.pi * RESONANCE_HZ * ring_time)
    return np.asarray(scipy.signal.fftconvolve(train, ring)[: train.size])


def tones(
    seconds: float, base_hz: float, amplitudes: list[float], random: np.random.Generator
) -> NDArray[np.float64]:
    """Sinusoids at multiples of a frequency, with random phases."""
    t = np.arange(int(seconds * RATE)) / RATE
    phases = random.uniform(0, 2 * np.pi, len(amplitudes))
    waves = [
        amplitude * np.cos(2 * np.pi * h * base_hz * t + phase)
        for h, (amplitude, phase) in enumerate(zip(amplitudes, phases, strict=True), start=1)
    ]
    return np.asarray(np.sum(waves, axis=0))


def noise(seconds: float, random: np.random.Generator) -> NDArray[np.float64]:
    """White noise, RMS 1."""
    return random.normal(size=int(seconds * RATE))
