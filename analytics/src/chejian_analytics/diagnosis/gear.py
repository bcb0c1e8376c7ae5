"""Method `gear_mesh`: a damaged tooth from the time-synchronous average of a gear's shaft.

The mean turn keeps what repeats with the gear. Mesh harmonics and their first sidebands are its regular part; a single
damaged tooth leaves a short burst in what remains, whose kurtosis is FM4. Source: Stewart 1977; definitions and limits
as in Zakrajsek, Townsend & Decker, NASA TM-105950 (1993). FM4 of a regular gear is near 3 or below.
"""

import math
from dataclasses import dataclass

import numpy as np
import scipy
from numpy.typing import NDArray

from chejian_analytics.diagnosis.machine import FaultScore, Indicator, MachineDiagnosis
from chejian_analytics.diagnosis.order_tracking import SpeedProfile, by_angle, speed_profile
from chejian_analytics.diagnosis.quality import NO_FEATURES, Features, features_of, unusable
from chejian_analytics.diagnosis.separation import time_synchronous_average
from chejian_analytics.diagnosis.verdict import Confidence, Evidence
from chejian_analytics.kernels.moments import moments
from chejian_analytics.kernels.spectra import hann_power

METHOD, VERSION = "gear_mesh", "2"

MESH_HARMONICS = 4
"""Mesh harmonics that are resampled and taken out as regular."""

SIDEBANDS = 3
"""Sidebands to each side that count as modulation of the mesh."""

LEAST_TURNS = 30.0
"""Below 30 turns noise is down by less than 15 dB in the average, and FM4 is noise's."""

BURST_DEVIATIONS = 5.0
"""FM4 must exceed 3 by this many standard deviations of a Gaussian turn's kurtosis, sqrt(24 / independent points)."""

CONFIRMED_FM4 = 7.0
"""A burst of a tenth of a turn on a quiet gear."""

MESH_SEARCH = 0.002
"""The mesh line is looked for within +-0.2 % of the teeth times the estimated speed."""

DRIFTING = 0.02
"""Relative change of speed in the window from which mesh sidebands are load changes rather than damage."""


@dataclass(frozen=True, slots=True)
class GearFigures:
    """What the mean turn tells.

    Args:
        mesh: RMS amplitude of the mesh harmonics [unit of the signal].
        sideband_ratio: power of the sidebands around the first mesh harmonic over its own.
        fm4: kurtosis of the mean turn without its regular part.
        residual_rms: RMS of that remainder [unit of the signal].
    """

    mesh: float
    sideband_ratio: float
    fm4: float
    residual_rms: float


def gear_figures(turn: NDArray[np.float64], teeth: int) -> GearFigures:
    """Figures of a mean turn.

    Args:
        turn: shape (points,), points > 2 * (MESH_HARMONICS * teeth + SIDEBANDS).
        teeth: of the gear on this shaft, >= 2.

    Returns:
        The figures; fm4 is 0 when nothing is left.

    Raises:
        ValueError: the turn has too few points.
    """
    if turn.ndim != 1 or turn.size <= 2 * (MESH_HARMONICS * teeth + SIDEBANDS) or teeth < 2:  # noqa: PLR2004
        raise ValueError(
            f"turn: shape {turn.shape}, teeth {teeth} given; too few points for the mesh harmonics"
        )
    spectrum = scipy.fft.rfft(turn)
    spectrum[0] = 0.0
    power = np.abs(spectrum) ** 2 * (2.0 / turn.size**2)
    mesh = power[teeth : MESH_HARMONICS * teeth + 1 : teeth]
    around = [teeth + side for side in range(-SIDEBANDS, SIDEBANDS + 1) if side]
    for harmonic in range(1, MESH_HARMONICS + 1):
        spectrum[harmonic * teeth - 1 : harmonic * teeth + 2] = 0.0
    rest = scipy.fft.irfft(spectrum, turn.size)
    second = float((rest * rest).mean())
    return GearFigures(
        math.sqrt(float(mesh.sum())),
        float(power[around].sum() / mesh[0]) if mesh[0] > 0.0 else 0.0,
        float((rest**4).mean()) / (second * second) if second > 0.0 else 0.0,
        math.sqrt(second),
    )


def mesh_offset(angle_signal: NDArray[np.float64], points: int, teeth: int) -> float:
    """How far the speed behind an angle signal is off, from its strongest mesh harmonic.

    A mean turn needs turns that fit to a fraction of a tooth from the first to the last: the mesh line, many times the
    shaft's, tells the speed as many times better.

    Args:
        angle_signal: shape (n,), from `order_tracking.by_angle`.
        points: samples per turn.
        teeth: of the gear, >= 2.

    Returns:
        Relative offset of the true speed, within +-`MESH_SEARCH`; 0 when no mesh line stands out there.
    """
    power = hann_power(scipy.fft.rfft(angle_signal))
    turns = angle_signal.size / points
    best, offset = 0.0, 0.0
    for harmonic in range(1, MESH_HARMONICS + 1):
        middle = harmonic * teeth * turns
        reach = math.ceil(MESH_SEARCH * middle) + 1
        first = round(middle) - reach
        around = power[first : round(middle) + reach + 1]
        peak = int(np.argmax(around))
        if around.size < 2 * reach + 1 or not 0 < peak < around.size - 1 or around[peak] <= best:
            continue
        left, top, right = np.log(np.maximum(around[peak - 1 : peak + 2], np.finfo(np.float64).tiny))
        bend = float(left - 2.0 * top + right)
        shift = 0.5 * float(left - right) / bend if bend < 0.0 else 0.0
        best, offset = float(around[peak]), (first + peak + shift) / middle - 1.0
    return offset if abs(offset) <= MESH_SEARCH else 0.0


def diagnose_gear(
    signal: NDArray[np.float64], *, sample_rate: float, nominal_rpm: float, teeth: int
) -> MachineDiagnosis:
    """Diagnose one gear from one window of acceleration on its housing.

    Args:
        signal: shape (n,), any unit, at least `LEAST_TURNS` turns of the gear's shaft.
        sample_rate: [Hz]; above twice the mesh harmonics.
        nominal_rpm: speed of the gear's shaft [1/min], > 0; right within +-5 %.
        teeth: number of teeth, >= 2.

    Returns:
        The verdict: ``gear_tooth`` for a burst in the mean turn, else none. Mesh amplitude and sidebands alone name
        nothing: they follow the load.

    Raises:
        ValueError: an argument is out of range.
    """
    if signal.ndim != 1 or not (sample_rate > 0.0 and nominal_rpm > 0.0 and teeth >= 2):  # noqa: PLR2004
        raise ValueError(
            f"signal: shape {signal.shape}, sample_rate {sample_rate}, nominal_rpm {nominal_rpm}, teeth {teeth} "
            "given; (n,), > 0, > 0, >= 2 allowed"
        )
    signal = np.array(signal, dtype=np.float64)
    shaft_hz = nominal_rpm / 60.0
    if signal.size == 0:
        return _cannot_tell(shaft_hz, NO_FEATURES, "too_short")
    measured = moments(signal)
    features = features_of(measured)
    reason = unusable(measured, signal.size)
    if reason is None and signal.size / sample_rate * shaft_hz < LEAST_TURNS:
        reason = "too_short"
    if reason is None and (MESH_HARMONICS * teeth + SIDEBANDS) * shaft_hz >= sample_rate / 2.0:
        reason = "sample_rate_too_low"
    if reason is not None:
        return _cannot_tell(shaft_hz, features, reason)
    scaled = (signal - measured.mean) / measured.peak
    profile = speed_profile(scaled, sample_rate, nominal_rpm)
    points = 2 ** math.ceil(math.log2(2 * (MESH_HARMONICS * teeth + SIDEBANDS) + 1))
    off = mesh_offset(by_angle(scaled, sample_rate, profile, points), points, teeth)
    profile = SpeedProfile(profile.seconds, profile.hz * (1.0 + off))
    average = time_synchronous_average(by_angle(scaled, sample_rate, profile, points), points)
    figures = gear_figures(average.turn, teeth)
    limit = 3.0 + BURST_DEVIATIONS * math.sqrt(24.0 / points)
    confidence: Confidence = (
        "confirmed" if figures.fm4 >= CONFIRMED_FM4 else "probable" if figures.fm4 >= limit else "none"
    )
    against = (Evidence("speed_drifts", profile.drift),) if profile.drift >= DRIFTING else ()
    peak = measured.peak
    values = (
        ("mesh", figures.mesh * peak),
        ("sideband_ratio", figures.sideband_ratio),
        ("fm4", figures.fm4),
        ("residual_rms", figures.residual_rms * peak),
        ("turns", float(average.turns)),
    )
    return MachineDiagnosis(
        METHOD,
        VERSION,
        None if confidence == "none" else "gear_tooth",
        confidence,
        figures.fm4,
        (FaultScore("gear_tooth", figures.fm4),),
        float(profile.hz.mean()),
        tuple(Indicator(name, value, 0.0) for name, value in values),
        against,
        features,
        "",
        None,
    )


def _cannot_tell(shaft_hz: float, features: Features, reason: str) -> MachineDiagnosis:
    return MachineDiagnosis(
        METHOD, VERSION, None, "cannot_tell", 0.0, (), shaft_hz, (), (), features, "", reason
    )
