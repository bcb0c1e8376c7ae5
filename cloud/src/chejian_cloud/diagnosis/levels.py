"""Spectra by order of shaft speed, one byte a value: what trends and waterfalls keep when the waveform is gone."""

import numpy as np
from chejian_analytics.diagnosis import envelope_spectrum
from chejian_analytics.diagnosis.severity import STANDARD_GRAVITY, velocity_spectrum
from numpy.typing import NDArray

VERSION = "1"
LAST_ORDER = 12.0
"""Past the second harmonic of an inner race (5 to 6 orders) and the fourth of an outer one."""
ORDER_STEP = 0.02
"""Narrower than the distance of BPFO and the third shaft order of common bearings (0.05 and more)."""
ENVELOPE_STEP = 0.05
"""[nat] Step of a level over its background; a byte reaches 12.75 nat, 340 thousand times the background."""
VELOCITY_FLOOR = 1e-4
"""[mm/s] Below any sensor's noise."""
VELOCITY_STEP_DB = 0.5
"""[dB] Step of a velocity; a byte reaches 127 dB over the floor, 230 mm/s."""
GRAVITIES = {"g": 1.0, "m/s2": STANDARD_GRAVITY, "mm/s2": 1000.0 * STANDARD_GRAVITY}
"""Units of acceleration in one g."""
_HIGHEST = 255.0
Array = NDArray[np.float64]


def envelope_levels(signal: Array, sample_rate: float, shaft_hz: float) -> bytes:
    """Largest level of the squared envelope spectrum over its background in each step of order.

    Args:
        signal: shape (n,), n >= 16, finite.
        sample_rate: [Hz].
        shaft_hz: [Hz], > 0.

    Returns:
        One byte for each `ORDER_STEP` up to `LAST_ORDER`: power over background [nat] / `ENVELOPE_STEP`.
    """
    highest = min(LAST_ORDER * shaft_hz, sample_rate / 2 * 0.999)
    hz, value, background = envelope_spectrum(signal, sample_rate, highest)
    ratio = np.ones_like(value)
    np.divide(value, background, out=ratio, where=background > 0)
    level = 2.0 * np.log(np.maximum(ratio, 1.0)) / ENVELOPE_STEP
    return _by_order(hz / shaft_hz, level)


def velocity_levels(acceleration_g: Array, sample_rate: float, shaft_hz: float) -> bytes:
    """Largest velocity in each step of order.

    Returns:
        One byte for each `ORDER_STEP` up to `LAST_ORDER`: dB over `VELOCITY_FLOOR` / `VELOCITY_STEP_DB`.
    """
    hz, velocity = velocity_spectrum(acceleration_g - acceleration_g.mean(), sample_rate)
    decibel = 20.0 * np.log10(np.maximum(velocity / VELOCITY_FLOOR, 1.0))
    return _by_order(hz / shaft_hz, decibel / VELOCITY_STEP_DB)


def _by_order(order: Array, level: Array) -> bytes:
    steps = round(LAST_ORDER / ORDER_STEP)
    place = (order / ORDER_STEP).astype(np.int64)
    inside = (place > 0) & (place < steps)
    out = np.zeros(steps)
    np.maximum.at(out, place[inside], level[inside])
    return np.rint(np.minimum(out, _HIGHEST)).astype(np.uint8).tobytes()
