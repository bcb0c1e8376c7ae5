"""Energy by what a machine did: its state, product or order while it used it."""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

import numpy as np
from numpy.typing import ArrayLike

from chejian_analytics.energy.meter import Meter

L = TypeVar("L", bound=Hashable)


@dataclass(frozen=True, slots=True)
class Shares(Generic[L]):
    """Amounts by label over [start, end).

    Attributes:
        amounts: register units by label, in order of first appearance.
        unlabelled: amount of the time that no interval covers.
        total: sum of all of it; equals the meter's difference over [start, end).
    """

    amounts: dict[L, int]
    unlabelled: int
    total: int


def share_out(
    of: Meter, start_us: ArrayLike, end_us: ArrayLike, labels: Sequence[L], *, within: tuple[int, int]
) -> Shares[L]:
    """Share a meter's amount out over labelled intervals.

    Args:
        of: the meter.
        start_us: starts of the intervals, sorted, int64 [us], shape (n,).
        end_us: their ends; intervals do not overlap.
        labels: of each interval, e.g. machine states; may repeat.
        within: half-open range to look at [us]; intervals are cut to it.

    Raises:
        ValueError: when intervals overlap, or lengths differ.
    """
    start, end = np.asarray(start_us, np.int64), np.asarray(end_us, np.int64)
    if not start.shape == end.shape == (len(labels),):
        raise ValueError(f"share_out: {start.size} starts, {end.size} ends, {len(labels)} labels")
    if np.any(start[1:] < end[:-1]):
        raise ValueError("share_out: intervals must be sorted and must not overlap")
    low, high = np.clip(start, *within), np.clip(end, *within)
    used = of.total_at(high) - of.total_at(low)
    amounts: dict[L, int] = {}
    for label, amount, empty in zip(labels, used.tolist(), (high <= low).tolist(), strict=True):
        if not empty:
            amounts[label] = amounts.get(label, 0) + amount
    first, last = of.total_at(np.array(within)).tolist()
    return Shares(amounts, last - first - sum(amounts.values()), last - first)
