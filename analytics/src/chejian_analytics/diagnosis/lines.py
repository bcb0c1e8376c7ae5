"""The line families of a bearing, and how their joint strength is measured.

A family is scored by the mean, over its harmonics, of ln(power / background): the geometric mean of the lines'
ratios. It asks for *all* lines, so that one strong stranger at a harmonic's place does not carry a verdict.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from chejian_analytics.diagnosis.kinematics import BearingOrders
from chejian_analytics.kernels.harmonics import best_fits
from chejian_analytics.kernels.spectra import smeared, strongest_open

Part = Literal["outer_race", "inner_race", "rolling_element", "cage"]

LEAST_LINES = 2
"""A score is a mean over at least this many lines: one line is a coincidence."""

NEAR_INTEGER = 0.2
"""Families this close to a whole shaft order [orders] are checked against sidebands of shaft harmonics: motors put
such sidebands at once and twice the pole-slip frequency, each up to 0.1 orders away."""

RESOLVED_BINS = 2.5
"""Least distance of two lines that a window can tell apart [bins]."""

SMEARED_ORDERS = 0.12
"""Width over which a rolling element's lines are averaged in a second reading [orders]: its spin follows the contact
angle and wanders, which spreads each line over up to 3 %."""

SMEARED_SLIP = 0.02
"""Largest offset of such lines, relative: the spin also depends on the contact angle under load."""

SMEARED_SEARCH = 0.035
"""Range that is searched for them, relative: a series that is strongest outside `SMEARED_SLIP` is another one's."""

SMEARED_CAP = 12.0
"""Most that one bin may add to an average (ratio to background): one line is not a spread one."""


@dataclass(frozen=True, slots=True)
class Reading:
    """Levels that families are scored on.

    Args:
        level: shape (n,), [nat], >= 0 or NaN = masked.
        bins_per_order: entries of `level` per shaft order.
        half_width: bins of the spectrum to either side that each entry averages; 0 = it holds single lines.
        stride: bins of the spectrum from one entry to the next.
    """

    level: NDArray[np.float64]
    bins_per_order: float
    half_width: int = 0
    stride: int = 1

    @property
    def spread(self) -> float:
        """How far the same line reaches to either side [entries]."""
        return self.half_width / self.stride


@dataclass(frozen=True, slots=True)
class Family:
    """The lines one defective part makes.

    Args:
        part: the part.
        order: its fundamental [shaft orders].
        modulation: sideband spacing [orders]; 0 = none.
        harmonics: how many harmonics are read.
        counted: how many of them, the first that are not masked, make the score.
    """

    part: Part
    order: float
    modulation: float
    harmonics: int
    counted: int

    @property
    def highest_order(self) -> float:
        """Highest order that scoring reads: last harmonic, its sidebands, and a rival one order above."""
        return self.harmonics * self.order + max(self.modulation, 1.0)


@dataclass(frozen=True, slots=True)
class FamilyScore:
    """How strongly a family is present.

    Args:
        family: the family.
        offset: joint slip offset of the best fit, relative.
        score: mean level over the counted harmonics, held against rivals [nat].
        own_score: highest mean level whatever the rivals [nat]; far above `score` when shaft sidebands explain it.
        values: level of each harmonic held against its rivals [nat], NaN = masked.
        half_width: bins that each line was averaged over to either side; 0 = single lines.
        stride: distance of the places that were tried [bins].
    """

    family: Family
    offset: float
    score: float
    own_score: float
    values: tuple[float, ...]
    half_width: int = 0
    stride: int = 1

    def supported(self, level: float, of_first: int) -> int:
        """How many of the first `of_first` readable harmonics reach `level` [nat]."""
        readable = [value for value in self.values if not np.isnan(value)]
        return sum(value >= level for value in readable[:of_first])


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the evidence, to be checked by anyone against the record.

    Args:
        family: part it speaks for.
        order: harmonic number h.
        sideband: multiple of the family's modulation added, 0 = the harmonic itself.
        expected_hz: where kinematics, speed and slip offset put it [Hz].
        found_hz: strongest bin within one bin of it [Hz], of the unmasked ones if there are any.
        ratio: power of the squared envelope spectrum there over its background (running median / ln 2).
        masked: whether shaft, mains or a neighbour explain the place, so that it did not count.
        width_hz: 0 for a single line; else `ratio` is the mean over the unmasked bins of this width around it, each bin
            counted as at most `SMEARED_CAP`.
    """

    family: Part
    order: int
    sideband: int
    expected_hz: float
    found_hz: float
    ratio: float
    masked: bool
    width_hz: float = 0.0


@lru_cache(maxsize=64)
def families_of(bearing: BearingOrders) -> tuple[Family, ...]:
    """Families of a bearing.

    An outer race sits still in the load zone: harmonics only. An inner race turns through it: sidebands at shaft
    speed. A ball goes round with the cage: sidebands at cage speed. Slip smears higher harmonics, so three count, and
    the next stand in for masked ones. A cage turns near 0.4 orders, where other shafts of a gearbox do: four count.
    """
    return (
        Family("outer_race", bearing.bpfo, 0.0, 5, 3),
        Family("inner_race", bearing.bpfi, 1.0, 4, 3),
        Family("rolling_element", bearing.bsf2, bearing.ftf, 4, 3),
        Family("cage", bearing.ftf, 0.0, 4, 4),
    )


def shaft_level(ratio: NDArray[np.float64], bins_per_order: float) -> float:
    """Mean level of the first three shaft orders [nat], read as the parts' lines are, without masks."""
    total = 0.0
    for h in (1, 2, 3):
        centre = int(h * bins_per_order + 0.5)
        around = ratio[max(centre - 1, 0) : centre + 2].tolist()
        total += math.log(max(*around, 1.0)) if around else 0.0
    return total / 3.0


def smeared_reading(
    ratio: NDArray[np.float64], masked: NDArray[np.bool_], bins_per_order: float
) -> Reading | None:
    """Levels of lines that are `SMEARED_ORDERS` wide.

    Args:
        ratio: shape (n,), power over background.
        masked: shape (n,).
        bins_per_order: bins of `ratio` per shaft order.

    Returns:
        The reading; None when the window is too short to tell a wide line from a narrow one.
    """
    half = round(0.5 * SMEARED_ORDERS * bins_per_order)
    if half < 1:
        return None
    stride = max(half // 2, 1)
    level = smeared(ratio, masked, half_width=half, stride=stride, cap=SMEARED_CAP)
    return Reading(level, bins_per_order / stride, half, stride)


def score_families(
    families: tuple[Family, ...], reading: Reading, slips: tuple[float, ...]
) -> tuple[FamilyScore, ...]:
    """Best joint fit of each family's harmonics.

    Args:
        families: what to look for.
        reading: levels, from `kernels.spectra.peak_level` or `smeared_reading`.
        slips: largest joint offset of each family, relative.

    Returns:
        For each family the fit with the highest score; the offset nearest to zero among equals.
    """
    found = best_fits(
        reading.level,
        _table(families, slips),
        bins_per_order=reading.bins_per_order,
        near_integer=NEAR_INTEGER,
        resolved_bins=RESOLVED_BINS + reading.spread,
        least_lines=LEAST_LINES,
    )
    return tuple(
        FamilyScore(
            family,
            offset,
            score,
            own_score,
            tuple(values[: family.harmonics]),
            reading.half_width,
            reading.stride,
        )
        for family, (offset, score, own_score, *values) in zip(families, found.tolist(), strict=True)
    )


def smeared_element(
    families: tuple[Family, ...], reading: Reading, slip_range: float, margin: float
) -> FamilyScore | None:
    """The rolling element's lines, where they are spread wide and no race explains them.

    Args:
        families: that can be read.
        reading: from `smeared_reading`.
        slip_range: largest joint offset of a race, relative.
        margin: lead over both races in the same reading [nat].

    Returns:
        The element's fit; None when there is none or a race comes close.
    """
    looked_at = tuple(family for family in families if family.part != "cage")
    slips = tuple(SMEARED_SEARCH if family.part == "rolling_element" else slip_range for family in looked_at)
    fits = {fit.family.part: fit for fit in score_families(looked_at, reading, slips)}
    element = fits.pop("rolling_element", None)
    if element is None or abs(element.offset) > SMEARED_SLIP:
        return None
    return None if any(fit.score > element.score - margin for fit in fits.values()) else element


def lines_of(
    fit: FamilyScore,
    ratio: NDArray[np.float64],
    masked: NDArray[np.bool_],
    *,
    shaft_hz: float,
    bin_hz: float,
) -> tuple[Line, ...]:
    """The evidence of one family, line by line.

    Args:
        fit: the family's best fit.
        ratio: shape (n,), power over background.
        masked: shape (n,).
        shaft_hz: shaft frequency [Hz].
        bin_hz: distance of the bins [Hz].

    Returns:
        Its harmonics, each with both first sidebands where the family has them.
    """
    family = fit.family
    sides = (0, -1, 1) if family.modulation else (0,)
    places = [
        (h, side, (h * family.order * (1.0 + fit.offset) + side * family.modulation) * shaft_hz)
        for h in range(1, family.harmonics + 1)
        for side in sides
    ]
    centres = [int(hz / bin_hz + 0.5) for _, _, hz in places]
    if fit.half_width:
        found, heights = _spread_lines(fit, ratio, masked, [hz / bin_hz for _, _, hz in places])
    else:
        found, heights = strongest_open(ratio, masked, np.array(centres))
    width_hz = (2 * fit.half_width + 1) * bin_hz if fit.half_width else 0.0
    return tuple(
        Line(family.part, h, side, hz, at * bin_hz, height, bool(masked[centre]), width_hz)
        for (h, side, hz), centre, at, height in zip(
            places, centres, found.tolist(), heights.tolist(), strict=True
        )
        if 1 <= centre < ratio.size - 1
    )


def depth_of(
    fit: FamilyScore, lines: tuple[Line, ...], background: NDArray[np.float64], bin_hz: float
) -> float:
    """How far the lines that count modulate the squared envelope, whatever the length of the window.

    Args:
        fit: the family's best fit.
        lines: its lines, from `lines_of`.
        background: shape (n,), background of the envelope's power spectrum, relative to the squared mean.
        bin_hz: distance of its bins [Hz].

    Returns:
        Root of the sum of the squared amplitudes above the background, relative to the mean of the squared envelope.
    """
    counted = [line for line in lines if line.sideband == 0 and not line.masked][: fit.family.counted]
    return modulation_depth(
        (line.ratio, max(round(line.width_hz / bin_hz), 1) * float(background[round(line.found_hz / bin_hz)]))
        for line in counted
    )


def modulation_depth(lines: Iterable[tuple[float, float]]) -> float:
    """The same for lines given by power over background, and background relative to the squared mean."""
    return 2.0 * math.sqrt(sum(max(ratio - 1.0, 0.0) * background for ratio, background in lines))


def _spread_lines(
    fit: FamilyScore, ratio: NDArray[np.float64], masked: NDArray[np.bool_], positions: list[float]
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Centres that were tried nearest to the positions [bins], and the mean ratio of the open bins around each."""
    centres = np.array([int(position / fit.stride + 0.5) * fit.stride for position in positions])
    heights = np.zeros(centres.size)
    for i, centre in enumerate(centres.tolist()):
        around = slice(max(centre - fit.half_width, 0), centre + fit.half_width + 1)
        open_bins = np.minimum(ratio[around][~masked[around]], SMEARED_CAP)
        if open_bins.size:
            heights[i] = open_bins.mean()
    return centres, heights


@lru_cache(maxsize=256)
def _table(families: tuple[Family, ...], slips: tuple[float, ...]) -> NDArray[np.float64]:
    """What `best_fits` is told of the families."""
    table = np.array(
        [
            (family.order, family.modulation, family.harmonics, family.counted, slip)
            for family, slip in zip(families, slips, strict=True)
        ]
    ).reshape(-1, 5)
    table.flags.writeable = False
    return table
