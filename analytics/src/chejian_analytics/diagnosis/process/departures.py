"""Where the level of a channel left its baseline, and whether it goes on moving: shared by the methods."""

import math
from dataclasses import dataclass

import numpy as np
import scipy
from numpy.typing import NDArray

from chejian_analytics.diagnosis.process.baseline import ChannelBaseline
from chejian_analytics.diagnosis.process.channels import Blocks
from chejian_analytics.kernels.sequential import cusum

SLACK = 1.0
"""[baseline deviations] Twice this shift is found fastest; half of it, an error of the baseline's mean, never adds up."""

LIMIT = 8.0
"""[baseline deviations] Of the sum. Independent normal blocks would reach it once in more than 10^7."""

LEAST_SHIFT = 3.0
"""[baseline deviations] Of the last blocks: what left and came back is over."""

RECENT = 3
"""Last blocks whose median is the present level."""

STANDING_BLOCKS = 12
"""Two hours after the onset; and the last third of these no more than one deviation beyond the third before. Sooner, or where a
deadband hides the course, a slow drift looks the same."""

TREND_LEVEL = 0.01
"""Chance that values without a trend look as if they had one (Mann-Kendall, both sides)."""


@dataclass(frozen=True, slots=True)
class Departure:
    """How a channel stands to its baseline.

    Args:
        shift: present level over the baseline [baseline deviations], signed.
        score: largest side of the sum at the end, over `LIMIT`.
        onset_us: start of the excursion that lasts [us since 1970 UTC].
        blocks: number of blocks since then.
        moving: whether the level goes on moving in the direction of the shift since the onset.
        standing: whether it plainly came to a stand: see `STANDING_BLOCKS`.
        per_hour: slope since the onset, in the channel's unit per hour (Theil-Sen); 0 where nothing is claimed.
    """

    shift: float
    score: float
    onset_us: int
    blocks: int
    moving: bool
    standing: bool
    per_hour: float

    @property
    def claimed(self) -> bool:
        """Whether the level has left the baseline and is still away."""
        return is_claim(self.score, self.shift)


def is_claim(score: float, shift: float) -> bool:
    """Whether a level has left the baseline and is still away."""
    return score >= 1.0 and abs(shift) >= LEAST_SHIFT


def departure_of(name: str, blocks: Blocks, known: ChannelBaseline) -> Departure | None:
    """Departure of a channel; None with less than `RECENT` blocks."""
    times, levels = blocks.of(name)
    if levels.size < RECENT:
        return None
    deviations = (levels - known.level) / effective(known)
    shift = float(np.median(deviations[-RECENT:]))
    sums = cusum(deviations, SLACK)
    side, since = (sums.up, sums.up_since) if shift >= 0.0 else (sums.down, sums.down_since)
    first = int(since[-1])
    score = float(side[-1]) / LIMIT
    claimed = is_claim(score, shift)
    moving, slope = trend(times[first:], levels[first:]) if claimed else (False, 0.0)
    return Departure(
        shift=shift,
        score=score,
        onset_us=int(times[first]),
        blocks=levels.size - first,
        moving=moving and slope * shift > 0.0,
        standing=claimed and _stands(deviations[first:]),
        per_hour=slope,
    )


def _stands(deviations: NDArray[np.float64]) -> bool:
    """Whether a departure has come to a stand."""
    third = deviations.size // 3
    if deviations.size < STANDING_BLOCKS:
        return False
    before, last = np.median(deviations[-2 * third : -third]), np.median(deviations[-third:])
    return bool((last - before) * np.sign(last) < 1.0)


def effective(known: ChannelBaseline) -> float:
    """Deviation of a new block from the baseline's level: its own, and that of the level; > 0.

    Neighbouring blocks resemble each other, so the level is taken to be known no better than by a quarter of them.
    """
    floor = max(abs(known.level) * 1e-9, 1e-12)
    return max(known.deviation * math.sqrt(1.0 + 4.0 / known.blocks), floor)


def trend(times_us: NDArray[np.int64], levels: NDArray[np.float64]) -> tuple[bool, float]:
    """Whether there is a monotone trend, and its slope per hour.

    Mann 1945 (doi:10.2307/1907187) and Kendall; slope by Theil 1950 and Sen 1968 (doi:10.1080/01621459.1968.10480934).

    Args:
        times_us: shape (n,), rising.
        levels: shape (n,).

    Returns:
        Significance at `TREND_LEVEL`, False below 5 values; slope in the unit per hour, 0.0 below 2.
    """
    if levels.size < 2:  # noqa: PLR2004 - a slope has two ends
        return False, 0.0
    hours = (times_us - times_us[0]) / 3.6e9
    slope = float(scipy.stats.theilslopes(levels, hours).slope)
    if levels.size < 5 or np.ptp(levels) == 0.0:  # noqa: PLR2004 - 4 values in order happen in 1 of 12 cases
        return False, slope
    p_value = float(scipy.stats.kendalltau(hours, levels).pvalue)
    return p_value < TREND_LEVEL, slope
