"""Stops that need a reason, and Pareto tables of losses over a tree of reasons."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from chejian_analytics.kpi.inputs import ReasonSpan
from chejian_analytics.kpi.losses import LOSSES, Loss
from chejian_analytics.kpi.timemodel import NO_REASON, TimeIntervals

ASKED = frozenset({Loss.FAULT, Loss.STOP})
"""Classes that say nothing about their cause; starved, blocked and set-up tell it themselves."""

UNEXPLAINED = ""
"""Reason code of time that nobody explained."""


@dataclass(frozen=True, slots=True)
class Stop:
    """A stop without a reason.

    Attributes:
        start_us: microseconds since 1970 UTC.
        end_us: exclusive; of a stop that is still open the end of the range.
        losses: its classes in the order of time, no two neighbours equal.
    """

    start_us: int
    end_us: int
    losses: tuple[Loss, ...]


def needs_reason(
    intervals: TimeIntervals, *, least_us: int = 0, asked: frozenset[Loss] = ASKED
) -> list[Stop]:
    """Unbroken runs of stops in planned busy time that nobody gave a reason for, by start.

    Args:
        intervals: of one equipment.
        least_us: shorter runs are left out [us].
        asked: classes that need a reason; minor stops never do unless named.
    """
    codes = [LOSSES.index(loss) for loss in asked]
    open_ = np.isin(intervals.loss, codes) & (intervals.reason == NO_REASON)
    edge = np.diff(np.concatenate([[0], open_.astype(np.int8), [0]]))
    runs = zip(np.flatnonzero(edge == 1).tolist(), np.flatnonzero(edge == -1).tolist(), strict=True)
    found = []
    for first, behind in runs:
        start, end = int(intervals.start_us[first]), int(intervals.end_us[behind - 1])
        if end - start >= least_us:
            found.append(Stop(start, end, _distinct(intervals.loss[first:behind].tolist())))
    return found


def _distinct(codes: Sequence[int]) -> tuple[Loss, ...]:
    return tuple(LOSSES[c] for i, c in enumerate(codes) if i == 0 or codes[i - 1] != c)


@dataclass(frozen=True, slots=True)
class Reason:
    """A node of the reason tree.

    Attributes:
        code: its key.
        parent: code of the node above; None for a top one.
        loss: what time with this reason becomes (`ReasonSpan.loss`); None: what the state says.
    """

    code: str
    parent: str | None = None
    loss: Loss | None = None


@dataclass(frozen=True, slots=True)
class ParetoRow:
    """One bar.

    Attributes:
        code: of the reason; `UNEXPLAINED` where none was given.
        duration_us: time of the reason and all below it [us].
        occurrences: unbroken runs of the reason and all below it.
        share: of the time of all bars; 0 when there is none.
        cumulative: share of this bar and those before it.
    """

    code: str
    duration_us: int
    occurrences: int
    share: float
    cumulative: float


def pareto(
    intervals: Iterable[tuple[TimeIntervals, Sequence[ReasonSpan]]],
    tree: Sequence[Reason],
    *,
    losses: frozenset[Loss],
    under: str | None = None,
) -> list[ParetoRow]:
    """Bars of the children of a node of the reason tree, greatest first; equal ones by code.

    Args:
        intervals: of any number of equipment, each with the reasons that it was classified with.
        tree: all reasons; a reason that is not in it is a top one.
        losses: classes that are counted, e.g. all of ADET.
        under: node whose children are the bars; None: the top ones and `UNEXPLAINED`. Time of the node itself,
            below no child, is a bar with the node's own code.

    Raises:
        ValueError: for a tree with a cycle or an unknown parent.
    """
    bars = _bars(tree, under)
    duration: dict[str, int] = defaultdict(int)
    occurrences: dict[str, int] = defaultdict(int)
    for found, spans in intervals:
        codes = [LOSSES.index(loss) for loss in losses]
        before = None
        for i in np.flatnonzero(np.isin(found.loss, codes)).tolist():
            index = int(found.reason[i])
            code = UNEXPLAINED if index == NO_REASON else spans[index].reason
            bar = bars.get(code, code if under is None else None)
            if bar is not None:
                duration[bar] += int(found.end_us[i] - found.start_us[i])
                occurrences[bar] += before != (i - 1, bar)
            before = (i, bar)
    total = sum(duration.values())
    rows, reached = [], 0
    for code in sorted(duration, key=lambda c: (-duration[c], c)):
        reached += duration[code]
        rows.append(
            ParetoRow(code, duration[code], occurrences[code], duration[code] / total, reached / total)
        )
    return rows


def _bars(tree: Sequence[Reason], under: str | None) -> Mapping[str, str]:
    """For each reason the bar that it belongs to: the child of `under` above it, or `under` itself."""
    parents = {reason.code: reason.parent for reason in tree}
    bars = {} if under is not None else {UNEXPLAINED: UNEXPLAINED}
    for code, parent in parents.items():
        path, at = [code], parent
        while at is not None:
            if at not in parents:
                raise ValueError(f"reason {path[-1]!r}: parent {at!r} is not in the tree")
            if at in path:
                raise ValueError(f"reason {code!r}: its parents form a cycle {[*path, at]}")
            path.append(at)
            at = parents[at]
        if under is None:
            bars[code] = path[-1]
        elif under in path:
            bars[code] = path[max(path.index(under) - 1, 0)]
    return bars
