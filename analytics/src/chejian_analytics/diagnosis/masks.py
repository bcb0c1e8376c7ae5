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
class Neighbours:
    """Other sources of lines near the bearing, from the machine's template, as orders of the bearing's shaft.

    Args:
        meshes: gear mesh orders (teeth times the order of that gear's shaft), each > 0; with sidebands one order apart.
        belts: belt pass orders, each > 0.
        blades: blade or vane pass orders, each > 0.

    Raises:
        ValueError: an order is not above 0.
    """

    meshes: tuple[float, ...] = ()
    belts: tuple[float, ...] = ()
    blades: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        for name in ("meshes", "belts", "blades"):
            if not all(0.0 < order < np.inf for order in getattr(self, name)):
                raise ValueError(f"{name}: {getattr(self, name)} given, orders > 0 allowed")


NO_NEIGHBOURS = Neighbours()


@dataclass(frozen=True, slots=True)
class Mask:
    """A comb of masked frequencies.

    Args:
        kind: ``shaft``, ``mains``, ``mesh``, ``belt`` or ``blade``.
        base_hz: the comb's fundamental [Hz].
        half_width_hz: how far to either side [Hz].
        shift_hz: how far the whole comb is moved [Hz]: sidebands.
    """

    kind: str
    base_hz: float
    half_width_hz: float
    shift_hz: float = 0.0

    def covers(self, hz: float) -> bool:
        """Whether a frequency [Hz] lies in the comb; multiples count from the first on."""
        moved = hz - self.shift_hz
        multiple = max(round(moved / self.base_hz), 1)
        return abs(moved - multiple * self.base_hz) <= self.half_width_hz

    def bins(self, count: int, bin_hz: float) -> NDArray[np.bool_]:
        """The same for bins 0 .. count - 1, shape (count,)."""
        if self.shift_hz == 0.0:
            return comb_bins(count, self.base_hz / bin_hz, self.half_width_hz / bin_hz)
        moved = np.arange(count) * bin_hz - self.shift_hz
        multiple = np.maximum(np.rint(moved / self.base_hz), 1.0)
        return np.asarray(np.abs(moved - multiple * self.base_hz) <= self.half_width_hz)


def bearing_masks(
    shaft_hz: float,
    mains_hz: float,
    bin_hz: float,
    neighbours: Neighbours = NO_NEIGHBOURS,
    drift: float = 0.0,
) -> tuple[Mask, ...]:
    """Masks of a bearing diagnosis.

    Args:
        shaft_hz: shaft frequency [Hz], > 0.
        mains_hz: grid frequency [Hz], 50 or 60; 0 = no mains mask.
        bin_hz: resolution of the envelope spectrum [Hz].
        neighbours: other sources of lines.
        drift: relative change of speed in a window that was resampled by angle: it spreads the mains.

    Returns:
        Whole shaft orders, mains multiples, and the neighbours' orders.
    """
    least = MASK_BINS * bin_hz
    width = max(least, SHAFT_ORDER_SHARE * shaft_hz)
    masks = [Mask("shaft", shaft_hz, width)]
    if mains_hz > 0.0:
        masks.append(Mask("mains", mains_hz, max(least, MAINS_HZ + 0.5 * drift * mains_hz)))
    for order in neighbours.meshes:
        masks.extend(Mask("mesh", order * shaft_hz, width, side * shaft_hz) for side in (0, -1, 1))
    masks.extend(Mask("belt", order * shaft_hz, width) for order in neighbours.belts)
    masks.extend(Mask("blade", order * shaft_hz, width) for order in neighbours.blades)
    return tuple(masks)
