"""Order tracking: the signal resampled at equal shaft angles, so that lines stay lines while the speed changes.

Source: Fyfe & Munck, Mechanical Systems and Signal Processing 11 (1997) 187-205.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import scipy
from numpy.typing import NDArray

from chejian_analytics.diagnosis.speed import estimate_shaft_speed

OVERSAMPLING = 4
"""Points are added before the spline; a cubic on a signal at its Nyquist rate would lose the upper octave."""

PIECE_TURNS = 40.0
"""Turns per piece of a speed profile: enough for a harmonic sum to resolve 0.3 %."""

STEADY_SHARE = 0.005
"""Up to this relative drift the lines stay within the slip tolerance, and tracking is not worth its interpolation."""

FOLLOWED_DEVIATION = 0.02
"""How far a changing speed is off from where the pieces before it point, relative."""

SCATTERS = 3.0
"""A drift must exceed so many times the scatter of the pieces' speeds."""


@dataclass(frozen=True, slots=True)
class SpeedProfile:
    """Shaft speed over a window.

    Args:
        seconds: shape (m,), middles of the pieces [s].
        hz: shape (m,), shaft frequency [Hz].
    """

    seconds: NDArray[np.float64]
    hz: NDArray[np.float64]

    @property
    def drift(self) -> float:
        """Largest less smallest speed, relative to the mean."""
        return float((self.hz.max() - self.hz.min()) / self.hz.mean())

    def phase(self, at: NDArray[np.float64]) -> NDArray[np.float64]:
        """Turns since time 0 at the times `at` [s], the speed linear between the pieces' middles."""
        if self.hz.size == 1:
            return np.asarray(at * self.hz[0])
        fine = np.interp(at, self.seconds, self.hz)
        steps = np.diff(at, prepend=0.0)
        before = np.concatenate(([fine[0]], fine[:-1]))
        return np.cumsum(0.5 * (fine + before) * steps)


def speed_profile(signal: NDArray[np.float64], sample_rate: float, nominal_rpm: float) -> SpeedProfile:
    """Shaft speed piece by piece, each estimated near where the two before it point.

    Args:
        signal: shape (n,), finite.
        sample_rate: [Hz], > 0.
        nominal_rpm: speed at the begin within +-5 % [1/min], > 0.

    Returns:
        The profile; one piece when the window holds less than `PIECE_TURNS` twice.
    """
    length = math.ceil(PIECE_TURNS * 60.0 / nominal_rpm * sample_rate)
    pieces = max(signal.size // length, 1)
    edges = np.linspace(0, signal.size, pieces + 1).astype(int)
    hz = np.empty(pieces)
    rpm = nominal_rpm
    for i in range(pieces):
        piece = signal[edges[i] : edges[i + 1]]
        hz[i] = estimate_shaft_speed(piece, sample_rate, rpm, deviation=FOLLOWED_DEVIATION).hz
        rpm = 60.0 * (2.0 * hz[i] - hz[i - 1] if i else hz[0])
    return SpeedProfile(0.5 * (edges[:-1] + edges[1:]) / sample_rate, hz)


def smooth(profile: SpeedProfile) -> SpeedProfile:
    """The profile without the scatter of its estimates: a parabola through four pieces or more, else a straight line."""
    if profile.hz.size < 3:  # noqa: PLR2004 - two points are a line already
        return profile
    degree = 2 if profile.hz.size > 3 else 1  # noqa: PLR2004 - see above
    middle = profile.seconds - profile.seconds.mean()
    fitted = np.polynomial.Polynomial.fit(middle, profile.hz, degree)(middle)
    return SpeedProfile(profile.seconds, np.asarray(fitted))


def equal_angles(
    axes: Sequence[NDArray[np.float64]], sample_rate: float, nominal_rpm: float
) -> tuple[list[NDArray[np.float64]], float, float, float]:
    """Windows of one machine resampled at equal angles, where its speed drifts.

    Args:
        axes: each shape (n,).
        sample_rate: [Hz], > 0.
        nominal_rpm: speed at the begin within +-5 % [1/min], > 0.

    Returns:
        (axes, samples per second at the mean speed [Hz], mean speed [1/min], relative drift). As they came, with drift
        0, when the first axis cannot be read, the speed is steady within `STEADY_SHARE`, or its estimates scatter too
        much to tell.
    """
    unchanged = (list(axes), sample_rate, nominal_rpm, 0.0)
    first = axes[0]
    if first.size / sample_rate * nominal_rpm / 60.0 < 2.0 * PIECE_TURNS or not np.isfinite(first).all():
        return unchanged
    raw = speed_profile(first, sample_rate, nominal_rpm)
    profile = smooth(raw)
    scatter = float(np.sqrt(np.mean((raw.hz - profile.hz) ** 2)) / profile.hz.mean())
    if not profile.drift > max(STEADY_SHARE, SCATTERS * scatter):
        return unchanged
    mean_hz = float(profile.hz.mean())
    points = int(sample_rate / mean_hz)
    turned = [by_angle(axis, sample_rate, profile, points) for axis in axes]
    return turned, points * mean_hz, mean_hz * 60.0, profile.drift


def by_angle(
    signal: NDArray[np.float64], sample_rate: float, profile: SpeedProfile, points: int
) -> NDArray[np.float64]:
    """Resample at equal angles.

    Args:
        signal: shape (n,), finite, n >= 16.
        sample_rate: [Hz], > 0.
        profile: shaft speed.
        points: samples per turn, >= 2. Content above ``points / 2`` orders is taken out first.

    Returns:
        Shape (k,): all angles that lie inside the window, one turn being `points` samples.

    Raises:
        ValueError: less than one turn, or an argument is out of range.
    """
    if signal.ndim != 1 or signal.size < 16 or points < 2 or not sample_rate > 0.0:  # noqa: PLR2004 - see Args
        raise ValueError(f"signal: shape {signal.shape}, points {points}, sample_rate {sample_rate} given")
    n = signal.size
    spectrum = scipy.fft.rfft(signal)
    limit = 0.5 * points * float(profile.hz.min()) / sample_rate * n
    spectrum[math.floor(limit) + 1 :] = 0.0
    dense = scipy.fft.irfft(spectrum, OVERSAMPLING * n) * OVERSAMPLING
    at = np.arange(dense.size) / (OVERSAMPLING * sample_rate)
    turns = profile.phase(at)
    count = math.floor(turns[-1] * points)
    if count < points:
        raise ValueError(f"signal: {turns[-1]:.2f} turns given, at least one needed")
    wanted = np.interp(np.arange(count) / points, turns, at)
    return np.asarray(scipy.interpolate.CubicSpline(at, dense)(wanted))
