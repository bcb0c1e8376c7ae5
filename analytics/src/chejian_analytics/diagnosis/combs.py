"""Is there a better explanation than the bearing's? The strongest harmonic series of any fundamental.

A bearing's lines are looked for where its geometry puts them. With a wrong geometry, or with the defect of a neighbour,
some of those places are hit by another series: an inner race at twice the real outer race reads every second of its
lines. So a claim must stand against every other fundamental of the same window: the series it is read from must be the
strongest one, apart from those that a real defect brings along (its multiples and sidebands). Were all fundamentals
alike, a part would win by chance only as often as its slip range covers the range that was searched.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from chejian_analytics.diagnosis.lines import LEAST_LINES, Family, FamilyScore, Reading, modulation_depth
from chejian_analytics.kernels.combs import strongest_comb
from chejian_analytics.kernels.spectra import strongest_open

LOWEST_ORDER = 0.5
"""Below half the shaft speed a series' lines are closer than those of any race, and some fit everywhere."""

HIGHEST_ORDER = 8.0
"""Above the inner race of common bearings; from here on three lines no longer fit into the spectrum that is read."""

HARMONICS, COUNTED = 5, 3
"""As for an outer race: the first three that are not masked."""

FIRST_LINE = 1.75
"""Level from which the first line is there [nat]: noise in three bins exceeds it in 1 of 100 cases."""

STEPS_PER_BIN = 2
"""Fundamentals are tried so densely that the third line moves by half a bin."""

NEIGHBOURHOOD = 0.01
"""Fundamentals this close, relative, are the claim itself."""

NEIGHBOUR_BINS = 1.5
"""The same in bins: main lobe of a line."""

SMEARED_NEIGHBOURHOOD = 0.03
"""The same where lines are read as smeared: each spreads over as much."""

SHAFT_ZONE = 0.2
"""Series this close to a whole or half shaft order [orders] are the shaft's own: harmonics, whirl, slip of a motor."""

SIDEBAND_LEAD = 1.0
"""A series at the place of the claim's own sideband is another one's when it leads the claim by this [nat]: sidebands come
from their line and are no multiples of each other, so with a true claim no such series leads by as much."""

OWN_MULTIPLES = (1, 2, 3)
"""Multiples of the claim's fundamental are its own lines."""

OWN_SIDEBANDS = (-3, -2, -1, 1, 2, 3)
"""So are sidebands of its fundamental, as far out as they are seen."""

ANYWHERE, NOTHING = np.array([[LOWEST_ORDER, HIGHEST_ORDER]]), np.zeros((0, 2))
"""Ranges of fundamentals."""


@dataclass(frozen=True, slots=True)
class Comb:
    """A harmonic series.

    Args:
        order: fundamental [shaft orders], 0 = none found.
        score: mean level of its lines [nat].
    """

    order: float
    score: float

    @property
    def of_shaft(self) -> bool:
        """Whether a shaft makes such a series: whole orders with what surrounds them."""
        return abs(self.order - round(self.order)) <= SHAFT_ZONE


def rival_comb(reading: Reading, claim: FamilyScore | None) -> Comb:
    """The strongest series that is not the claim's.

    Args:
        reading: levels of the spectrum.
        claim: the part's fit; None = nothing is left out.

    Returns:
        The series; its fundamental lies in `LOWEST_ORDER` .. `HIGHEST_ORDER`.
    """
    if claim is None:
        return _strongest(reading, ANYWHERE, NOTHING)
    own = _own(claim, reading)
    rival = _strongest(reading, ANYWHERE, own)
    if claim.score < FIRST_LINE or claim.half_width:
        return rival
    sideband = _strongest(reading, own[len(OWN_MULTIPLES) :], NOTHING)
    return sideband if sideband.score > max(claim.score + SIDEBAND_LEAD, rival.score) else rival


def _strongest(reading: Reading, ranges: NDArray[np.float64], excluded: NDArray[np.float64]) -> Comb:
    level, bins_per_order = reading.level, reading.bins_per_order
    highest = (level.size - 1) / bins_per_order / COUNTED
    order, score = strongest_comb(
        level,
        bins_per_order=bins_per_order,
        ranges=np.minimum(np.maximum(ranges, (LOWEST_ORDER, 0.0)), (np.inf, highest)),
        step=1.0 / (STEPS_PER_BIN * COUNTED * bins_per_order),
        harmonics=HARMONICS,
        counted=COUNTED,
        least_lines=LEAST_LINES,
        first_line=FIRST_LINE,
        excluded=excluded,
    )
    return Comb(order, score)


def comb_depth(
    comb: Comb,
    ratio: NDArray[np.float64],
    background: NDArray[np.float64],
    masked: NDArray[np.bool_],
    bins_per_order: float,
) -> float:
    """How far the lines of a series modulate the squared envelope, as `lines.depth_of` has it.

    Args:
        comb: the series.
        ratio: shape (n,), power over background.
        background: shape (n,), relative to the squared mean.
        masked: shape (n,).
        bins_per_order: bins per shaft order.

    Returns:
        The depth; 0 where no series was found.
    """
    centres = np.array(
        [int(h * comb.order * bins_per_order + 0.5) for h in range(1, HARMONICS + 1)], dtype=np.int64
    )
    centres = centres[(centres >= 1) & (centres < ratio.size - 1)]
    centres = centres[~masked[centres]][:COUNTED]
    found, heights = strongest_open(ratio, masked, centres)
    return modulation_depth(zip(heights.tolist(), background[found].tolist(), strict=True))


def _own(claim: FamilyScore, reading: Reading) -> NDArray[np.float64]:
    """Intervals of fundamentals that belong to the claim, shape (m, 2)."""
    family = claim.family
    fundamental = family.order * (1.0 + claim.offset)
    centres = [multiple * fundamental for multiple in OWN_MULTIPLES]
    centres += _own_sidebands(family, fundamental)
    near = SMEARED_NEIGHBOURHOOD if reading.half_width else NEIGHBOURHOOD
    least = (NEIGHBOUR_BINS + reading.spread) / reading.bins_per_order
    half = [max(near * centre, least) for centre in centres]
    return np.array([(c - h, c + h) for c, h in zip(centres, half, strict=True)])


def _own_sidebands(family: Family, fundamental: float) -> list[float]:
    if not family.modulation:
        return []
    sides = [fundamental + side * family.modulation for side in OWN_SIDEBANDS]
    if family.part == "rolling_element":
        # A defect that meets one race only strikes once per spin: half of twice the spin frequency.
        sides.append(fundamental / 2.0)
    return [side for side in sides if side > 0.0]
