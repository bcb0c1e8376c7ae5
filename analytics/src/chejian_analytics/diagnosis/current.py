"""Method `motor_current`: broken rotor bars of an induction motor from its stator current.

A broken bar modulates the current at twice the slip frequency: lines at ``f (1 - 2 s)`` and ``f (1 + 2 s)``. Source and
limits: Thomson & Fenger, IEEE Industry Applications Magazine 7 (2001) 26-34, doi:10.1109/2943.930988.
"""

import math

import numpy as np
import scipy
from numpy.typing import NDArray

from chejian_analytics.diagnosis.machine import FaultScore, Indicator, MachineDiagnosis
from chejian_analytics.diagnosis.quality import NO_FEATURES, Features, features_of, unusable
from chejian_analytics.diagnosis.verdict import Confidence
from chejian_analytics.kernels.moments import moments

METHOD, VERSION = "motor_current", "1"

PROBABLE_DB = -50.0
"""Sideband over supply line from which bars are suspect; a sound motor's lie below -54 dB [dB]."""

CONFIRMED_DB = -40.0
"""From here several bars are broken [dB]."""

LEAST_BINS = 6.0
"""Least distance of the sidebands from the supply line [bins]: the skirt of a Hann window ends before."""

LEAST_SUPPLY = 1000.0
"""Least power of the supply line over the median around it (30 dB); else this is no motor current."""

SEARCH_SHARE = 0.02
"""The supply frequency is looked for within +-2 %."""


def diagnose_current(
    signal: NDArray[np.float64],
    *,
    sample_rate: float,
    rpm: float,
    supply_hz: float = 50.0,
    pole_pairs: int = 2,
) -> MachineDiagnosis:
    """Diagnose the rotor of an induction motor.

    Args:
        signal: shape (n,), current of one phase, any unit, at constant load of half the rated one or more.
        sample_rate: [Hz], > 4 * supply_hz.
        rpm: measured shaft speed [1/min], > 0; the slip comes from it, so +-1 rpm matters.
        supply_hz: nominal supply frequency [Hz], > 0.
        pole_pairs: >= 1.

    Returns:
        The verdict. Indicators: ``supply`` [Hz], ``slip`` (relative), ``lower`` and ``upper`` sideband [dB below the
        supply line]. Without enough slip or length the sidebands hide under the supply line: cannot tell.

    Raises:
        ValueError: an argument is out of range.
    """
    if signal.ndim != 1 or not (sample_rate > 4.0 * supply_hz > 0.0 and rpm > 0.0 and pole_pairs >= 1):
        raise ValueError(
            f"signal: shape {signal.shape}, sample_rate {sample_rate}, rpm {rpm}, supply_hz {supply_hz}, "
            f"pole_pairs {pole_pairs} given; (n,), > 4 supply_hz, > 0, > 0, >= 1 allowed"
        )
    signal = np.array(signal, dtype=np.float64)
    shaft_hz = rpm / 60.0
    if signal.size == 0:
        return _verdict(shaft_hz, NO_FEATURES, "too_short")
    measured = moments(signal)
    reason = unusable(measured, signal.size)
    if reason is not None:
        return _verdict(shaft_hz, features_of(measured), reason)
    bin_hz = sample_rate / signal.size
    if SEARCH_SHARE * supply_hz < bin_hz:
        return _verdict(shaft_hz, features_of(measured), "too_short")
    power = np.abs(scipy.fft.rfft((signal - measured.mean) / measured.peak * np.hanning(signal.size))) ** 2
    near = np.arange(
        math.ceil(supply_hz * (1.0 - SEARCH_SHARE) / bin_hz),
        int(supply_hz * (1.0 + SEARCH_SHARE) / bin_hz) + 1,
    )
    supply = _peak_hz(power, int(near[np.argmax(power[near])]), bin_hz)
    slip = 1.0 - shaft_hz * pole_pairs / supply
    distance = 2.0 * slip * supply / bin_hz
    if not LEAST_BINS <= distance < 0.5 * supply / bin_hz:
        return _verdict(shaft_hz, features_of(measured), "slip_not_resolved")
    carrier = _line_power(power, supply / bin_hz)
    wide = power[int(0.5 * supply / bin_hz) : int(1.5 * supply / bin_hz) + 1]
    if carrier < LEAST_SUPPLY * float(np.median(wide)):
        return _verdict(shaft_hz, features_of(measured), "no_supply_line")
    sides = [
        10.0 * math.log10(max(_line_power(power, supply / bin_hz + sign * distance), 1e-30) / carrier)
        for sign in (-1.0, 1.0)
    ]
    level = max(sides)
    names = ("supply", "slip", "lower", "upper")
    indicators = tuple(Indicator(n, v, 0.0) for n, v in zip(names, (supply, slip, *sides), strict=True))
    confidence: Confidence = (
        "confirmed" if level >= CONFIRMED_DB else "probable" if level >= PROBABLE_DB else "none"
    )
    return MachineDiagnosis(
        METHOD,
        VERSION,
        None if confidence == "none" else "rotor_bar",
        confidence,
        level,
        (FaultScore("rotor_bar", level),),
        shaft_hz,
        indicators,
        (),
        features_of(measured),
        "",
        None,
    )


def _peak_hz(power: NDArray[np.float64], index: int, bin_hz: float) -> float:
    """Peak between bins by a parabola through the logarithms of three bins."""
    left, middle, right = (math.log(max(float(power[index + i]), 1e-300)) for i in (-1, 0, 1))
    bend = left - 2.0 * middle + right
    return bin_hz * (index + (0.5 * (left - right) / bend if bend < 0.0 else 0.0))


def _line_power(power: NDArray[np.float64], position: float) -> float:
    """Power of a line at a position between bins: strongest of the two nearest and their neighbours."""
    index = round(position)
    return float(power[index - 1 : index + 2].max())


def _verdict(shaft_hz: float, features: Features, reason: str) -> MachineDiagnosis:
    return MachineDiagnosis(
        METHOD, VERSION, None, "cannot_tell", 0.0, (), shaft_hz, (), (), features, "", reason
    )
