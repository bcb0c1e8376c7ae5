"""Whether a vibration window can carry a diagnosis, and its plain time-domain features."""

from dataclasses import dataclass
from typing import Literal

from chejian_analytics.kernels.moments import Moments

Unusable = Literal["non_finite", "flat", "clipped", "too_short", "sample_rate_too_low"]
"""Machine codes of windows that no method can read."""

CLIPPED_SHARE = 0.001
"""Share of samples that sit on a rail next to another one there. Free vibration touches its extreme once; clipping
holds it. From about 0.1 % on, the clipped edges add harmonics of their own."""

REPEATED_SHARE = 0.5
"""Share of samples equal to the one before, from which a channel counts as stuck."""

ROUNDING = 1e-12
"""A swing below this share of the mean is rounding of float64, not vibration."""


@dataclass(frozen=True, slots=True)
class Features:
    """Time-domain features of a window without its mean.

    Args:
        rms: root mean square [unit of the signal].
        peak: largest magnitude [unit of the signal].
        crest: peak / rms, 0 for a constant.
        kurtosis: fourth moment over squared variance (Gaussian noise: 3), 0 for a constant.
    """

    rms: float
    peak: float
    crest: float
    kurtosis: float


NO_FEATURES = Features(0.0, 0.0, 0.0, 0.0)
"""What a window with nothing to measure has."""


def features_of(window: Moments) -> Features:
    """Features of a finite window.

    Args:
        window: its moments.

    Returns:
        Its features; all 0 for a constant.
    """
    if window.second <= 0.0 or window.peak <= ROUNDING * abs(window.mean):
        return NO_FEATURES
    root = window.second**0.5
    return Features(
        window.peak * root, window.peak, 1.0 / root, window.fourth / (window.second * window.second)
    )


def unusable(window: Moments, samples: int) -> Unusable | None:
    """Why a window cannot be read, or None.

    Args:
        window: its moments.
        samples: its length.

    Returns:
        ``non_finite``, ``flat`` (constant or stuck), ``clipped``, or None.
    """
    if window.non_finite:
        return "non_finite"
    if window.peak <= ROUNDING * abs(window.mean) or window.repeated >= REPEATED_SHARE * samples:
        return "flat"
    if window.on_rail > CLIPPED_SHARE * samples:
        return "clipped"
    return None
