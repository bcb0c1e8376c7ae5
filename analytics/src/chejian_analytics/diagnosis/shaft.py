"""Method `shaft_orders`: imbalance, misalignment, looseness and rub from the growth of shaft orders.

A sound machine has shaft orders too, and rigs differ more among each other than sound from unbalanced; so faults are
named from growth over the machine's own frozen baseline only. Without one the orders are measured and nothing is named.
Which orders grow with which fault: ISO 13373-3:2015; half orders with rub: Muszynska, Rotordynamics, CRC Press 2005.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import scipy
from numpy.typing import NDArray

from chejian_analytics.diagnosis.machine import FaultScore, Indicator, MachineDiagnosis
from chejian_analytics.diagnosis.quality import NO_FEATURES, Features, features_of, unusable
from chejian_analytics.diagnosis.speed import estimate_shaft_speed
from chejian_analytics.diagnosis.verdict import Confidence, Evidence
from chejian_analytics.kernels.moments import moments

METHOD, VERSION = "shaft_orders", "1"

ORDERS = (0.5, 1.0, 1.5, 2.0, 2.5, 3.0, 3.5, 4.0, 5.0, 6.0, 7.0, 8.0)
"""Orders that are measured."""

HARMONICS = (1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0)
HALVES = (0.5, 1.5, 2.5, 3.5)

LEAST_TURNS = 20.0
"""Below 20 turns half orders are not resolved from their neighbours by a Hann window."""

SIGNIFICANT_GROWTH = math.log(2.0)
"""A doubling [nat] counts as change: more than load and temperature move an order of a sound machine."""

CONFIRMED_GROWTH = math.log(4.0)
"""Four times the baseline [nat]."""

DEVIATIONS = 4.0
"""And beyond this many standard deviations of the baseline's own windows."""

LINE_BINS = 2
"""Bins to either side that a Hann line fills, and half a bin of speed error."""


@dataclass(frozen=True, slots=True)
class ShaftBaseline:
    """Orders of healthy windows, frozen.

    Args:
        version: name, not empty.
        level: natural logarithm of each order's amplitude, mean over the windows; as many as `ORDERS`.
        deviation: its standard deviation, >= 0.

    Raises:
        ValueError: a length is wrong or the version is empty.
    """

    version: str
    level: tuple[float, ...]
    deviation: tuple[float, ...]

    def __post_init__(self) -> None:
        if not self.version or len(self.level) != len(ORDERS) or len(self.deviation) != len(ORDERS):
            raise ValueError(
                f"version '{self.version}', {len(self.level)} levels, {len(self.deviation)} deviations given; "
                f"a name and {len(ORDERS)} of each allowed"
            )


def order_amplitudes(
    channels: Sequence[NDArray[np.float64]], sample_rate: float, shaft_hz: float
) -> NDArray[np.float64]:
    """RMS amplitude of each of `ORDERS`, root sum of squares over the axes.

    Args:
        channels: axes of one place, each shape (n,), finite, >= `LEAST_TURNS` turns.
        sample_rate: [Hz], > 0.
        shaft_hz: shaft frequency [Hz], > 0.

    Returns:
        Shape (len(ORDERS),) [unit of the signal]; 0 where the order lies above half the sample rate.
    """
    found = np.zeros((len(channels), len(ORDERS)))
    for axis, signal in enumerate(channels):
        n = signal.size
        peak = max(float(np.abs(signal).max()), np.finfo(np.float64).tiny)
        scaled = signal / peak
        window = np.hanning(n)
        power = np.abs(scipy.fft.rfft((scaled - scaled.mean()) * window)) ** 2
        scale = 2.0 / (n * float((window * window).sum()))
        for i, order in enumerate(ORDERS):
            centre = round(order * shaft_hz * n / sample_rate)
            if centre + LINE_BINS < power.size:
                line = float(power[centre - LINE_BINS : centre + LINE_BINS + 1].sum())
                found[axis, i] = peak * math.sqrt(scale * line)
    # hypot scales: squares of large finite samples must not overflow.
    return np.asarray(np.hypot.reduce(found, axis=0))


def freeze_shaft(amplitudes: Sequence[NDArray[np.float64]], version: str) -> ShaftBaseline:
    """Baseline of windows that people vouch for as healthy.

    Args:
        amplitudes: from `order_amplitudes`, at least one window. With a single one, growth alone decides.
        version: name of the baseline.
    """
    logs = np.log(np.maximum(np.array(amplitudes), np.finfo(np.float64).tiny))
    spread = logs.std(axis=0, ddof=1) if len(logs) > 1 else np.zeros(len(ORDERS))
    return ShaftBaseline(version, tuple(logs.mean(axis=0).tolist()), tuple(spread.tolist()))


def diagnose_shaft(
    signal: NDArray[np.float64],
    *,
    sample_rate: float,
    nominal_rpm: float,
    others: Sequence[NDArray[np.float64]] = (),
    baseline: ShaftBaseline | None = None,
) -> MachineDiagnosis:
    """Diagnose the shaft from one window.

    Args:
        signal: shape (n,), any unit, the same as the baseline's.
        sample_rate: [Hz], > 0.
        nominal_rpm: shaft speed [1/min], > 0; right within +-5 %.
        others: further axes of the same place and window.
        baseline: healthy orders of this machine at this speed and load; None = nothing is named.

    Returns:
        The verdict; indicators are RMS amplitudes of the orders [unit of the signal].

    Raises:
        ValueError: an argument is out of range.
    """
    if signal.ndim != 1 or not (0.0 < sample_rate < math.inf and 0.0 < nominal_rpm < math.inf):
        raise ValueError(
            f"signal: shape {signal.shape}, sample_rate {sample_rate}, nominal_rpm {nominal_rpm} given; "
            "(n,), > 0, > 0 allowed"
        )
    shaft_hz = nominal_rpm / 60.0
    axes = [np.array(axis, dtype=np.float64) for axis in (signal, *others)]
    features = NO_FEATURES
    for axis in axes:
        if axis.size == 0 or axis.size / sample_rate * shaft_hz < LEAST_TURNS:
            return _verdict(shaft_hz, features, reason="too_short")
        measured = moments(axis)
        reason = unusable(measured, axis.size)
        if reason is not None:
            return _verdict(shaft_hz, features_of(measured), reason=reason)
        features = max(features, features_of(measured), key=lambda found: found.rms)
    speed = max(
        (estimate_shaft_speed(axis, sample_rate, nominal_rpm) for axis in axes),
        key=lambda found: found.quality,
    )
    amplitudes = order_amplitudes(axes, sample_rate, speed.hz)
    if baseline is None:
        return _verdict(speed.hz, features, amplitudes=amplitudes, reason="no_baseline")
    return _judge(speed.hz, features, amplitudes, baseline)


def _judge(
    shaft_hz: float, features: Features, amplitudes: NDArray[np.float64], baseline: ShaftBaseline
) -> MachineDiagnosis:
    growth = np.log(np.maximum(amplitudes, np.finfo(np.float64).tiny)) - np.array(baseline.level)
    needed = np.maximum(SIGNIFICANT_GROWTH, DEVIATIONS * np.array(baseline.deviation))
    scores = sorted(_explanations(growth), key=lambda item: -item.score)
    best, second = scores[0], scores[1]
    grown = bool((growth >= needed).any())
    named = grown and best.score >= SIGNIFICANT_GROWTH
    against: list[Evidence] = []
    if named and second.score >= SIGNIFICANT_GROWTH:
        against.append(Evidence("runner_up_present", best.score - second.score))
    confidence: Confidence = "cannot_tell" if grown else "none"
    if named:
        confidence = "confirmed" if best.score >= CONFIRMED_GROWTH else "probable"
    return MachineDiagnosis(
        METHOD,
        VERSION,
        best.fault if named else None,
        confidence,
        best.score,
        tuple(scores),
        shaft_hz,
        _indicators(amplitudes, growth),
        tuple(against),
        features,
        baseline.version,
        "no_single_explanation" if grown and not named else None,
    )


def _explanations(growth: NDArray[np.float64]) -> list[FaultScore]:
    """How far each fault's orders have grown beyond those it leaves alone [nat]."""
    by_order = dict(zip(ORDERS, growth.tolist(), strict=True))
    whole = [by_order[order] for order in HARMONICS]
    halves = [by_order[order] for order in HALVES]
    first, pair, higher = whole[0], whole[1:3], whole[3:]
    return [
        FaultScore("imbalance", first - _mean(whole[1:])),
        FaultScore("misalignment", _mean(pair) - max(first, _mean(higher))),
        FaultScore("looseness", min(whole)),
        FaultScore("rub", _mean(halves) - _mean(whole)),
    ]


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)


def _indicators(
    amplitudes: NDArray[np.float64], growth: NDArray[np.float64] | None = None
) -> tuple[Indicator, ...]:
    rises = np.zeros(len(ORDERS)) if growth is None else growth
    return tuple(
        Indicator(f"order_{order:g}", float(value), float(rise))
        for order, value, rise in zip(ORDERS, amplitudes, rises, strict=True)
    )


def _verdict(
    shaft_hz: float, features: Features, *, reason: str, amplitudes: NDArray[np.float64] | None = None
) -> MachineDiagnosis:
    indicators = () if amplitudes is None else _indicators(amplitudes)
    return MachineDiagnosis(
        METHOD, VERSION, None, "cannot_tell", 0.0, (), shaft_hz, indicators, (), features, "", reason
    )
