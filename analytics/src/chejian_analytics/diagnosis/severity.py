"""How bad it is: vibration velocity against the zones of ISO 10816-3.

Zones grade the whole machine (imbalance, looseness); an early bearing defect does not move them.
"""

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
import scipy
from numpy.typing import NDArray

Zone = Literal["A", "B", "C", "D"]
Group = Literal[1, 2]
Support = Literal["rigid", "flexible"]

LIMITS_MM_S: dict[tuple[Group, Support], tuple[float, float, float]] = {
    (1, "rigid"): (2.3, 4.5, 7.1),
    (1, "flexible"): (3.5, 7.1, 11.0),
    (2, "rigid"): (1.4, 2.8, 4.5),
    (2, "flexible"): (2.3, 4.5, 7.1),
}
"""ISO 10816-3:2009, tables A.1 and A.2: A/B, B/C, C/D [mm/s RMS]. Group 1: 300 kW to 50 MW; group 2: 15 to 300 kW."""

STANDARD_GRAVITY = 9.80665
"""[m/s^2] of 1 g, by definition."""

BAND_HZ = (10.0, 1000.0)
SLOW_BAND_HZ = (2.0, 1000.0)
SLOW_RPM = 600.0
"""Below this speed the band begins at 2 Hz, as the standard asks."""


@dataclass(frozen=True, slots=True)
class Severity:
    """Graded vibration.

    Args:
        velocity_mm_s: RMS velocity in the standard's band [mm/s].
        zone: A newly commissioned, B unrestricted operation, C limited time, D damage.
        band_hz: band used [Hz].
    """

    velocity_mm_s: float
    zone: Zone
    band_hz: tuple[float, float]


def velocity_spectrum(
    acceleration_g: NDArray[np.float64], sample_rate: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Amplitude spectrum of velocity.

    Args:
        acceleration_g: shape (n,), n >= 2, finite [g].
        sample_rate: [Hz], > 0.

    Returns:
        (frequencies [Hz], RMS of each bin [mm/s]), each shape (n // 2 + 1,); bin 0 is 0. Dividing by ``2 pi f`` in the
        spectrum integrates without drift.
    """
    n = acceleration_g.size
    hz = np.arange(n // 2 + 1) * (sample_rate / n)
    amplitude: NDArray[np.float64] = np.abs(scipy.fft.rfft(acceleration_g)) * (math.sqrt(2.0) / n)
    if n % 2 == 0:
        amplitude[-1] /= math.sqrt(2.0)
    amplitude[0] = 0.0
    scale = np.zeros(hz.size)
    scale[1:] = STANDARD_GRAVITY * 1000.0 / (2.0 * np.pi * hz[1:])
    return np.asarray(hz, dtype=np.float64), np.asarray(amplitude * scale)


def severity(
    acceleration_g: NDArray[np.float64],
    *,
    sample_rate: float,
    rpm: float,
    group: Group,
    support: Support,
) -> Severity:
    """Zone of a machine.

    Args:
        acceleration_g: shape (n,), finite [g]; at least one period of the lowest frequency of the band.
        sample_rate: [Hz]; above 2000, or the band is cut.
        rpm: shaft speed [1/min], > 0.
        group: power group of ISO 10816-3.
        support: rigid or flexible foundation.

    Returns:
        Velocity and zone. A value on a limit belongs to the better zone.

    Raises:
        ValueError: the window is too short, or not finite.
    """
    low, high = SLOW_BAND_HZ if rpm < SLOW_RPM else BAND_HZ
    if acceleration_g.ndim != 1 or acceleration_g.size / sample_rate * low < 1.0:
        raise ValueError(
            f"acceleration_g: shape {acceleration_g.shape} at {sample_rate} Hz given, {1.0 / low} s needed"
        )
    if not np.isfinite(acceleration_g).all():
        raise ValueError("acceleration_g: NaN or infinity given, finite values allowed")
    hz, velocity = velocity_spectrum(acceleration_g, sample_rate)
    inside = velocity[(hz >= low) & (hz <= high)]
    rms = float(np.sqrt(np.sum(inside * inside)))
    return Severity(rms, zone_of(rms, group, support), (low, min(high, sample_rate / 2.0)))


def zone_of(velocity_mm_s: float, group: Group, support: Support) -> Zone:
    """Zone of an RMS velocity [mm/s]; a value on a limit belongs to the better zone."""
    zones: tuple[Zone, ...] = ("A", "B", "C")
    for zone, limit in zip(zones, LIMITS_MM_S[group, support], strict=True):
        if velocity_mm_s <= limit:
            return zone
    return "D"
