"""Physical model of the vibration of a motor's drive-end bearing, healthy or with one localised fault.

A rolling element that meets a spall gives an impulse; the impulses come at the fault's kinematic frequency with a little
random slip, each excites a resonance of the housing, and their strength follows the load on the contact as the defect
turns through the load zone (McFadden & Smith 1984, doi:10.1016/0022-460X(84)90595-9; random slip: Antoni & Randall 2003,
doi:10.1115/1.1569940). Shaft harmonics, mains hum and broadband noise are added.
"""

import functools
import math
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from chejian_simulators.faults import Fault
from chejian_simulators.motors import Motor

Array = NDArray[np.float64]


class Part(StrEnum):
    """Bearing part that a fault sits on."""

    OUTER_RACE = "outer_race"
    INNER_RACE = "inner_race"
    ROLLING_ELEMENT = "rolling_element"


BALLS = 9
"""Balls of a 6205 deep groove bearing (bore 25 mm, drive end of a 1.5 kW motor)."""
PITCH_RATIO = 0.3126 / 1.537
"""Ball diameter over pitch diameter of that bearing (0.3126 in, 1.537 in), contact angle 0."""

RESONANCE_HZ = 3200.0
"""[Hz] Housing resonance, between shaft orders and half of the lower sample rate."""
DAMPING = 0.04
"""Share of critical damping: an impulse has died away (e^-5) after 6 ms, sooner than the next one comes."""
SLIP = 0.005
"""Standard deviation of one interval between impulses, relative; about 1 % is the most that is reported."""
LOAD_ZONE = math.radians(70)
"""[rad] Half width of the load zone of a bearing with a little clearance (below 90 degrees)."""
REST_LOAD = {"outer_race": 1.0, "inner_race": 0.2, "rolling_element": 0.5}
"""Strength of an impulse outside the load zone. A fixed race's fault lies inside it; a ball strikes both races and is held
against them by the axial preload all round, an inner race fault loses most of its load on the far side."""
NOISE_G = 0.045
"""[g] Standard deviation of broadband noise, as on a healthy small motor at 1,800 rpm."""
SHAFT_G = (0.03, 0.02, 0.01)
"""[g] Amplitudes of the first three shaft orders: slight imbalance, misalignment, looseness."""
IMBALANCE_G = 0.35
"""[g] First shaft order of a rotor that is plainly out of balance; the other orders stay as they are."""
HUM_G = 0.01
"""[g] Amplitude of the magnetic hum at twice the mains frequency; half of it at the mains frequency itself."""
TRUE_SPEED_SPREAD = 0.001
"""Standard deviation of true over nominal speed (slip of an induction motor varies with temperature)."""
RUN_OUT = 5.0
"""Time constants after which an impulse response is cut."""


@dataclass(frozen=True, slots=True)
class Orders:
    """Kinematic orders (multiples of shaft speed) of a ball bearing with a fixed outer ring."""

    outer: float
    inner: float
    cage: float
    spin: float


def bearing_orders(balls: int, ratio: float) -> Orders:
    """Fault orders from geometry, contact angle 0.

    Args:
        balls: number of balls, > 2.
        ratio: ball diameter over pitch diameter, 0 to 1.

    Returns:
        BPFO, BPFI, FTF and ball spin (BSF), each as a multiple of shaft speed (Randall & Antoni 2011,
        doi:10.1016/j.ymssp.2010.07.017, equations 1 to 4).
    """
    return Orders(
        outer=balls / 2 * (1 - ratio),
        inner=balls / 2 * (1 + ratio),
        cage=(1 - ratio) / 2,
        spin=(1 - ratio**2) / (2 * ratio),
    )


ORDERS = bearing_orders(BALLS, PITCH_RATIO)
"""Orders of the simulated bearing: BPFO 3.585, BPFI 5.415, FTF 0.398, BSF 2.357."""


@dataclass(frozen=True, slots=True)
class ModelBlock:
    """A modelled vibration block; the values are made when they are asked for.

    Attributes:
        seed: numbers that fix the block: plant seed, machine number, motor number.
        sample_rate: [Hz].
        count: number of values.
        rpm: nominal speed [rpm]; the true one differs by about 0.1 %.
        fault: part with the planted fault, or none.
        strength: amplitude of a fully loaded impulse [g].
        mains_hz: supply frequency [Hz].
        shaft_g: amplitude of the first shaft order [g]: how much the rotor is out of balance.
    """

    seed: tuple[int, int, int]
    sample_rate: int
    count: int
    rpm: float
    fault: Part | None
    strength: float
    mains_hz: float
    shaft_g: float = SHAFT_G[0]

    @property
    def part(self) -> str | None:
        """Faulty part; None for a healthy bearing."""
        return None if self.fault is None else self.fault.value

    @property
    def grade(self) -> str | None:
        """Planted faults are clear and classic in time and frequency: Y1."""
        return None if self.fault is None else "Y1"

    @property
    def source(self) -> str:
        """Always "model"."""
        return "model"

    def samples(self) -> NDArray[np.float32]:
        """The block [g], shape (count,)."""
        return _make(self)


@functools.lru_cache(maxsize=8)  # 8 blocks of 480 kB: what one page of history and the live value need
def _make(block: ModelBlock) -> NDArray[np.float32]:
    rng = np.random.default_rng(np.random.SeedSequence([*block.seed, 1]))
    shaft_hz = block.rpm / 60 * (1 + TRUE_SPEED_SPREAD * float(np.clip(rng.standard_normal(), -3, 3)))
    time = np.arange(block.count) / block.sample_rate
    signal = NOISE_G * rng.standard_normal(block.count)
    for order, amplitude in enumerate((block.shaft_g, *SHAFT_G[1:]), start=1):
        signal += amplitude * np.sin(2 * np.pi * (order * shaft_hz * time + rng.random()))
    for harmonic, amplitude in ((1, HUM_G / 2), (2, HUM_G)):
        signal += amplitude * np.sin(2 * np.pi * (harmonic * block.mains_hz * time + rng.random()))
    if block.fault is not None:
        times, strengths = impulses(block.fault, shaft_hz, block.count / block.sample_rate, rng)
        signal += ring(times, block.strength * strengths, block.count, block.sample_rate)
    made = signal.astype(np.float32)
    made.flags.writeable = False
    return made


def impulses(part: Part, shaft_hz: float, seconds: float, rng: np.random.Generator) -> tuple[Array, Array]:
    """When a fault is struck and how hard.

    Args:
        part: where the fault sits.
        shaft_hz: true shaft speed [Hz], > 0.
        seconds: length of the record [s].
        rng: generator of slip and scatter.

    Returns:
        Times [s] in [0, seconds), ascending, and strengths (1 = fully loaded), both of one length. A ball fault
        strikes both races: two impulses per ball turn, modulated by the cage.
    """
    rate = (
        shaft_hz
        * {
            Part.OUTER_RACE: ORDERS.outer,
            Part.INNER_RACE: ORDERS.inner,
            Part.ROLLING_ELEMENT: 2 * ORDERS.spin,
        }[part]
    )
    number = math.ceil(seconds * rate * (1 + 10 * SLIP)) + 2
    times = (np.cumsum(1 + SLIP * rng.standard_normal(number)) - 1 + rng.random()) / rate
    times = times[(times >= 0) & (times < seconds)]
    turns = {Part.OUTER_RACE: 0.0, Part.INNER_RACE: shaft_hz, Part.ROLLING_ELEMENT: ORDERS.cage * shaft_hz}[
        part
    ]
    start = 0.0 if part is Part.OUTER_RACE else 2 * math.pi * rng.random()
    load = load_at(2 * np.pi * turns * times + start, REST_LOAD[part])
    scatter = np.clip(1 + 0.1 * rng.standard_normal(times.size), 0.5, 1.5)  # contacts are never alike
    return times, load * scatter


def load_at(angle: Array, rest: float) -> Array:
    """Relative load on a ball contact at an angle from the load's direction (Stribeck; ball exponent 3/2).

    Args:
        angle: [rad], any value, shape (n,).
        rest: load outside the load zone, 0 to 1.

    Returns:
        `rest` to 1, shape (n,); the clearance parameter follows from the half width `LOAD_ZONE`.
    """
    epsilon = (1 - math.cos(LOAD_ZONE)) / 2
    inside = np.clip(1 - (1 - np.cos(angle)) / (2 * epsilon), 0, None)
    return np.asarray(rest + (1 - rest) * inside**1.5)


def ring(times: Array, strengths: Array, count: int, sample_rate: int) -> Array:
    """Sum of the decaying oscillations of the resonance that impulses excite.

    Args:
        times: of the impulses [s], shape (n,), each in [0, count / sample_rate); between two samples is allowed.
        strengths: amplitudes [g], shape (n,).
        count: values to make.
        sample_rate: [Hz].

    Returns:
        Acceleration [g], shape (count,).
    """
    decay = DAMPING * 2 * math.pi * RESONANCE_HZ
    omega = 2 * math.pi * RESONANCE_HZ * math.sqrt(1 - DAMPING**2)
    first = np.ceil(times * sample_rate).astype(np.int64)
    index = first[:, None] + np.arange(math.ceil(RUN_OUT / decay * sample_rate))
    age = index / sample_rate - times[:, None]
    response = strengths[:, None] * np.exp(-decay * age) * np.sin(omega * age)
    inside = index < count
    return np.bincount(index[inside], weights=response[inside], minlength=count).astype(np.float64)


@dataclass(frozen=True, slots=True)
class ModelMotors:
    """Motors with modelled bearings.

    Attributes:
        code: equipment code of the stand, part of the serial numbers.
        seed: plant seed and machine number.
        sample_rate: [Hz].
        seconds: length of a block [s].
        faults: share of motors with a planted fault, 0 to 1.
        mains_hz: supply frequency [Hz].
        planted: faults of the motors that are mounted while they hold: a bad lot of bearings, rotors out of balance.
    """

    code: str
    seed: tuple[int, int]
    sample_rate: int
    seconds: float
    faults: float
    mains_hz: float
    planted: tuple[Fault, ...] = ()

    def motor(self, number: int, time_ms: int) -> Motor:
        """The motor of test `number` (from 0), from its own generator: seed, machine and motor number decide."""
        rng = np.random.default_rng(np.random.SeedSequence([*self.seed, number, 0]))
        faulty = rng.random() < self.faults
        part = list(Part)[int(rng.integers(len(Part)))]
        load_kw, rpm = ((0.0, 1797.0), (0.75, 1772.0), (1.5, 1750.0))[
            int(rng.integers(3))
        ]  # slip grows with load
        strength = float(rng.uniform(0.8, 1.6))  # [g] impulses 18 to 36 times the noise: plain, not enormous
        planted = [f.config for f in self.planted if f.holds(time_ms)]
        bad_lots = [Part(f.part) for f in planted if f.kind == "bearing"]
        block = ModelBlock(
            seed=(*self.seed, number),
            sample_rate=self.sample_rate,
            count=round(self.seconds * self.sample_rate),
            rpm=rpm,
            fault=bad_lots[0] if bad_lots else part if faulty else None,
            strength=strength,
            mains_hz=self.mains_hz,
            shaft_g=IMBALANCE_G if any(f.kind == "imbalance" for f in planted) else SHAFT_G[0],
        )
        return Motor(f"{self.code}-{number + 1:05d}", load_kw, block)
