"""Slow, literal twins of the kernels and of the envelope chain."""

import cmath
import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray


def running_median(values: Sequence[float], half_width: int) -> list[float]:
    out = []
    for i in range(len(values)):
        window = sorted(values[max(0, i - half_width) : i + half_width + 1])
        middle = len(window) // 2
        out.append(window[middle] if len(window) % 2 else (window[middle - 1] + window[middle]) / 2)
    return out


def dft(values: Sequence[complex], bins: int) -> list[complex]:
    n = len(values)
    return [
        sum(value * cmath.exp(-2j * math.pi * k * i / n) for i, value in enumerate(values))
        for k in range(bins)
    ]


def squared_envelope_spectrum(signal: Sequence[float], bins: int) -> list[float]:
    """Analytic signal by definition (drop the mean and Nyquist, double the positive bins), squared, transformed."""
    n = len(signal)
    spectrum = dft(signal, n)
    one_sided = [2 * spectrum[k] if 0 < k < n / 2 else 0.0 for k in range(n)]
    analytic = [value.conjugate() / n for value in dft([complex(z).conjugate() for z in one_sided], n)]
    envelope = [abs(value) ** 2 for value in analytic]
    mean = sum(envelope) / n
    return [abs(value) / sum(envelope) for value in dft([e - mean for e in envelope], bins)]


def prewhiten_by_cepstrum(signal: Sequence[float]) -> list[float]:
    """Real cepstrum with every quefrency except 0 set to zero, phases kept, scaled to unit magnitude."""
    n = len(signal)
    spectrum = dft(signal, n)
    cepstrum = [
        sum(math.log(abs(X)) * math.cos(2 * math.pi * k * q / n) for k, X in enumerate(spectrum)) / n
        for q in range(n)
    ]
    liftered = [cepstrum[0]] + [0.0] * (n - 1)
    magnitude = [math.exp(value.real) for value in dft(liftered, n)]
    white = [m * X / abs(X) for m, X in zip(magnitude, spectrum, strict=True)]
    scale = math.exp(cepstrum[0])
    return [value.conjugate().real / n / scale for value in dft([X.conjugate() for X in white], n)]


def harmonic_sum(level: Sequence[float], fundamental: float, weights: Sequence[float], cap: float) -> float:
    """Parabolas by Lagrange's formula through the nearest three bins."""
    known = [0.0 if math.isnan(value) else value for value in level]
    total = 0.0
    for h, weight in enumerate(weights, start=1):
        position = h * fundamental
        k = math.floor(position + 0.5)
        if not 1 <= k < len(known) - 1:
            continue
        nodes = (k - 1, k, k + 1)
        value = sum(known[i] * math.prod((position - j) / (i - j) for j in nodes if j != i) for i in nodes)
        total += weight * min(max(value, 0.0), cap)
    return total


def smeared_level(
    ratio: Sequence[float], masked: Sequence[bool], half_width: int, centre: int, cap: float
) -> float | None:
    """Chernoff's exponent of the mean over the unmasked bins around a centre, as a logarithm."""
    around = range(max(centre - half_width, 0), min(centre + half_width + 1, len(ratio)))
    values = [min(ratio[k], cap) for k in around if not masked[k]]
    if len(values) <= half_width:
        return None
    mean = max(sum(values) / len(values), 1.0)
    return math.log(max(len(values) * (mean - 1.0 - math.log(mean)), 1.0))


def _at(level: Sequence[float], bin_position: float) -> float | None:
    index = math.floor(bin_position + 0.5)
    if not 0 <= index < len(level) or math.isnan(level[index]):
        return None
    return level[index]


def _rivals(
    level: Sequence[float], per_order: float, f: float, h: int, modulation: float, resolved: float
) -> float:
    nearest = math.floor(f + 0.5)
    constant = [
        _at(level, (h * nearest + j * (f - nearest)) * per_order)
        for j in range(1, h)
        if (h - j) * abs(f - nearest) * per_order >= resolved
    ]
    found = [value for value in constant if value is not None]
    neighbours = [_at(level, (h * f - 1) * per_order), _at(level, (h * f + 1) * per_order)]
    both = [value for value in neighbours if value is not None]
    if modulation != 1.0 and len(both) == 2:
        found.append(min(both))
    return max(found, default=0.0)


def values_at(
    level: Sequence[float],
    *,
    per_order: float,
    order: float,
    modulation: float,
    harmonics: int,
    offset: float,
    near_integer: float,
    resolved: float,
) -> tuple[list[float | None], list[float | None]]:
    """(values, values before rivals) of one offset."""
    f = order * (1 + offset)
    near = order > 0.5 and abs(order - math.floor(order + 0.5)) <= near_integer
    values: list[float | None] = []
    own: list[float | None] = []
    for h in range(1, harmonics + 1):
        candidates = [_at(level, h * f * per_order)]
        sides = [_at(level, (h * f + sign * modulation) * per_order) for sign in (-1, 1)]
        if modulation > 0 and None not in sides:
            candidates.append(min(side for side in sides if side is not None))
        readable = [value for value in candidates if value is not None]
        value = max(readable) if readable else None
        own.append(value)
        if near and value is not None:
            lead = value - _rivals(level, per_order, f, h, modulation, resolved)
            value *= min(max(lead / math.log(4), 0), 1)
        values.append(value)
    return values, own


def mean_level(values: Sequence[float | None], counted: int, least_lines: int) -> float:
    readable = [value for value in values if value is not None][:counted]
    return sum(readable) / max(len(readable), least_lines)


def moments(signal: NDArray[np.float64]) -> tuple[float, float, float, float]:
    """Mean, peak, and the second and fourth moment relative to the peak."""
    mean = math.fsum(signal) / len(signal)
    centred = [float(value) - mean for value in signal]
    peak = max(abs(value) for value in centred)
    if peak == 0:
        return mean, 0.0, 0.0, 0.0
    second = math.fsum((value / peak) ** 2 for value in centred) / len(signal)
    return mean, peak, second, math.fsum((value / peak) ** 4 for value in centred) / len(signal)


def combs(
    level: Sequence[float],
    *,
    per_order: float,
    orders: Sequence[float],
    harmonics: int,
    counted: int,
    least_lines: int,
    first_line: float,
    excluded: Sequence[tuple[float, float]],
) -> list[float]:
    """Mean level of the series of each fundamental; -1 where it is not tried."""
    out = []
    for order in orders:
        first = _at(level, order * per_order)
        if first is None or first < first_line or any(low <= order <= high for low, high in excluded):
            out.append(-1.0)
            continue
        out.append(
            mean_level(
                [_at(level, h * order * per_order) for h in range(1, harmonics + 1)], counted, least_lines
            )
        )
    return out
