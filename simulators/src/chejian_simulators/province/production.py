"""What a machine did on each day: time elements, items and electricity, from a seed; days are local and 24 hours long."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from chejian_simulators.province.places import Sector

DAY_US = 86_400_000_000
_GAP_US = 3_600_000_000
"""[us] An hour without data, which happens."""
_SHARE_OF_DAYS_WITH_GAPS = 0.02

Counts = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Days:
    """Days of one machine; every array is (days), int64, times in microseconds.

    Attributes:
        apt_us: production.
        aust_us: set-up.
        fault_us: malfunctions, all of the delays (ADET).
        adot_us: down without an order.
        no_data_us: unknown; the five add up to the day.
        produced: items.
        good: items of them.
        energy_wh: electricity [Wh].
    """

    apt_us: Counts
    aust_us: Counts
    fault_us: Counts
    adot_us: Counts
    no_data_us: Counts
    produced: Counts
    good: Counts
    energy_wh: Counts

    @property
    def busy_us(self) -> Counts:
        """Known planned busy time [us]."""
        return self.apt_us + self.aust_us + self.fault_us + self.adot_us


@dataclass(frozen=True, slots=True)
class Machine:
    """A machine with its meter.

    Attributes:
        code: of the equipment.
        meter: code of the meter that counts it alone.
        sends: whether its data arrive; else it is configured and silent.
        days: what it did.
    """

    code: str
    meter: str
    sends: bool
    days: Days


def make_days(
    rng: np.random.Generator,
    sector: Sector,
    *,
    days: int,
    availability: tuple[float, float],
    energy: tuple[float, float],
    silent_from: int,
) -> Days:
    """Days of one machine.

    Args:
        rng: of the machine.
        sector: with cycle and electricity of an item.
        days: number.
        availability: APT / busy time on the first and the last day, straight between.
        energy: electricity of an item relative to the sector's, likewise.
        silent_from: first day without any data; `days` for none.
    """
    part = np.linspace(0.0, 1.0, days)
    no_data = np.where(rng.random(days) < _SHARE_OF_DAYS_WITH_GAPS, _GAP_US, 0).astype(np.int64)
    no_data[silent_from:] = DAY_US
    busy = DAY_US - no_data
    level = availability[0] + (availability[1] - availability[0]) * part + rng.normal(0.0, 0.015, days)
    apt = (busy * np.clip(level, 0.05, 0.96)).astype(np.int64)
    rest = busy - apt
    aust, fault = rest // 4, rest // 2
    speed = np.clip(0.92 + rng.normal(0.0, 0.01, days), 0.8, 0.99)
    produced = (apt * speed).astype(np.int64) // sector.cycle_us
    good = (produced * np.clip(0.985 + rng.normal(0.0, 0.004, days), 0.9, 1.0)).astype(np.int64)
    per_item = (energy[0] + (energy[1] - energy[0]) * part) * (1.0 + rng.normal(0.0, 0.01, days))
    used = (good * sector.energy_wh * per_item).astype(np.int64)
    return Days(apt, aust, fault, rest - aust - fault, no_data, produced, good, used)
