"""Lines of the envelope spectrum that have another explanation than a bearing, taken out before scoring."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from chejian_analytics.kernels.harmonics import comb_bins

SHAFT_ORDER_SHARE = 0.012
"""Half-width of a shaft-order mask [orders]: covers the error of the estimated speed."""

MASK_BINS = 1.5
"""Least half-width of a mask [bins]: the main lobe of a line that falls between two bins."""

MAINS_HZ = 0.3
"""Half-width of a mains mask [Hz]: grid frequency keeps within +-0.2 Hz in normal operation."""


@dataclass(frozen=True, slots=True)
class Mask:
    """A comb of masked frequencies.

    Args:
        kind: ``shaft`` or ``mains``.
        base_hz: the comb's fundamental [Hz].
        half_width_hz: how far to either side [Hz].
    """

    kind: str
    base_hz: float
    half_width_hz: float

    def covers(self, hz: float) -> bool:
        """Whether a frequency [Hz] lies in the comb; multiples count from the first on."""
        multiple = max(round(hz / self.base_hz), 1)
        return abs(hz - multiple * self.base_hz) <= self.half_width_hz

    def bins(self, count: int, bin_hz: float) -> NDArray[np.bool_]:
        """The same for bins 0 .. count - 1, shape (count,)."""
        return comb_bins(count, self.base_hz / bin_hz, self.half_width_hz / bin_hz)


def bearing_masks(shaft_hz: float, mains_hz: float, bin_hz: float) -> tuple[Mask, ...]:
    """Masks of a bearing diagnosis.

    Args:
        shaft_hz: shaft frequency [Hz], > 0.
        mains_hz: grid frequency [Hz], 50 or 60; 0 = no mains mask.
        bin_hz: resolution of the envelope spectrum [Hz].

    Returns:
        Whole shaft orders, and mains multiples.
    """
    least = MASK_BINS * bin_hz
    masks = [Mask("shaft", shaft_hz, max(least, SHAFT_ORDER_SHARE * shaft_hz))]
    if mains_hz > 0.0:
        masks.append(Mask("mains", mains_hz, max(least, MAINS_HZ)))
    return tuple(masks)
