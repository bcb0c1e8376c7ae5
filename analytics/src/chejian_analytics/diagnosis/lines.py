"""The line families of a bearing, and how their joint strength is measured.

A family is scored by the mean, over its harmonics, of ln(power / background): the geometric mean of the lines'
ratios. It asks for *all* lines, so that one strong stranger at a harmonic's place does not carry a verdict.
"""

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from chejian_analytics.diagnosis.kinematics import BearingOrders
from chejian_analytics.kernels.harmonics import best_offset

Part = Literal["outer_race", "inner_race", "rolling_element", "cage"]

LEAST_LINES = 2
"""A score is a mean over at least this many lines: one line is a coincidence."""

NEAR_INTEGER = 0.2
"""Families this close to a whole shaft order [orders] are checked against sidebands of shaft harmonics: motors put
such sidebands at once and twice the pole-slip frequency, each up to 0.1 orders away."""

RESOLVED_BINS = 2.5
"""Least distance of two lines that a window can tell apart [bins]."""


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
    """

    family: Family
    offset: float
    score: float
    own_score: float
    values: tuple[float, ...]

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
        masked: whether shaft or mains explain the place, so that it did not count.
    """

    family: Part
    order: int
    sideband: int
    expected_hz: float
    found_hz: float
    ratio: float
    masked: bool


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


def line_level(
    power: NDArray[np.float64], background: NDArray[np.float64], masked: NDArray[np.bool_]
) -> NDArray[np.float64]:
    """Level of the strongest unmasked bin within one bin of each; NaN where masked.

    Args:
        power: shape (n,), power of the squared envelope spectrum.
        background: shape (n,).
        masked: shape (n,).

    Returns:
        Shape (n,), [nat], >= 0 or NaN.
    """
    level = np.zeros(power.size + 2)
    inner = level[1:-1]
    np.divide(power, background, out=inner, where=(background > 0.0) & ~masked)
    strongest = np.maximum(np.maximum(level[:-2], inner), level[2:])
    out = np.log(np.maximum(strongest, 1.0))
    out[masked] = np.nan
    return np.asarray(out)


def shaft_level(power: NDArray[np.float64], background: NDArray[np.float64], bins_per_order: float) -> float:
    """Mean level of the first three shaft orders [nat], read as the parts' lines are, without masks."""
    levels = []
    for h in (1, 2, 3):
        centre = int(h * bins_per_order + 0.5)
        around = slice(max(centre - 1, 0), centre + 2)
        ratio = power[around] / np.maximum(background[around], np.finfo(np.float64).tiny)
        levels.append(math.log(max(float(ratio.max(initial=0.0)), 1.0)))
    return sum(levels) / len(levels)


def score_family(
    family: Family, level: NDArray[np.float64], bins_per_order: float, slip_range: float
) -> FamilyScore:
    """Best joint fit of a family's harmonics.

    Args:
        family: what to look for.
        level: shape (n,), from `line_level`.
        bins_per_order: bins of `level` per shaft order.
        slip_range: largest joint offset, relative.

    Returns:
        The fit with the highest score; the offset nearest to zero among equals.
    """
    steps = max(math.ceil(2.0 * family.order * family.harmonics * bins_per_order * slip_range), 1)
    offsets = _offsets(steps, slip_range)
    index, score, own_score, values = best_offset(
        level,
        bins_per_order=bins_per_order,
        order=family.order,
        modulation=family.modulation,
        harmonics=family.harmonics,
        counted=family.counted,
        offsets=offsets,
        near_integer=NEAR_INTEGER,
        resolved_bins=RESOLVED_BINS,
        least_lines=LEAST_LINES,
    )
    return FamilyScore(family, float(offsets[index]), score, own_score, tuple(values.tolist()))


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
    out = []
    for h in range(1, family.harmonics + 1):
        for side in (0, -1, 1) if family.modulation else (0,):
            order = h * family.order * (1.0 + fit.offset) + side * family.modulation
            centre = int(order * shaft_hz / bin_hz + 0.5)
            if not 1 <= centre < ratio.size - 1:
                continue
            around = range(centre - 1, centre + 2)
            found = max(around, key=lambda index: (not masked[index], ratio[index]))
            line = Line(
                family=family.part,
                order=h,
                sideband=side,
                expected_hz=order * shaft_hz,
                found_hz=found * bin_hz,
                ratio=float(ratio[found]),
                masked=bool(masked[centre]),
            )
            out.append(line)
    return tuple(out)


@lru_cache(maxsize=256)
def _offsets(steps: int, slip_range: float) -> NDArray[np.float64]:
    """Offsets from zero outwards, `steps` to each side; half a bin apart at the highest harmonic."""
    outwards = np.arange(1, steps + 1) / steps * slip_range
    return np.concatenate(([0.0], np.column_stack((outwards, -outwards)).ravel()))
