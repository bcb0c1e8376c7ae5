"""Relations between the channels of one equipment: T2 over block levels, against limits from a part of the baseline of its own.

One channel can stay within its usual span and yet not fit the others any more. That shows here first; which channels do not fit is
told by their contributions. When a single one explains it, the methods on that channel decide, and nothing is named here.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from chejian_analytics.diagnosis.process.channels import Blocks
from chejian_analytics.diagnosis.process.multivariate import (
    PcaModel,
    contributions,
    departs,
    fit_pca,
    statistics,
    with_limits,
)

FALSE_ALARM_RATE = 0.01
"""Of sound blocks; three in a row are asked for before anything is said."""

LEAST_ROWS = 200
"""Blocks with all channels: one half teaches the relations, the other half (100) sets a limit of 1 %. About two days of steady running."""

RECENT = 3
"""Last blocks that must all depart."""

ALONE = 0.5
"""Share of the contributions from which one channel explains the departure by itself."""


@dataclass(frozen=True, slots=True)
class Relations:
    """A principal component model of all components in plain numbers, so that a baseline is JSON.

    Args:
        names: channels, in the order of the columns.
        mean: of each channel.
        scale: of each channel.
        offset: of each standardised channel.
        loadings: one row a component.
        variances: of each component.
        limit: T2 above which a block departs.
    """

    names: tuple[str, ...]
    mean: tuple[float, ...]
    scale: tuple[float, ...]
    offset: tuple[float, ...]
    loadings: tuple[tuple[float, ...], ...]
    variances: tuple[float, ...]
    limit: float

    @property
    def model(self) -> PcaModel:
        """The model with its limit."""
        mean, scale, offset, variances = map(np.array, (self.mean, self.scale, self.offset, self.variances))
        return PcaModel(mean, scale, 0, offset, np.array(self.loadings), variances, self.limit)


def learn_relations(parts: Sequence[Blocks], names: Sequence[str]) -> Relations | None:
    """Relations of sound blocks.

    Args:
        parts: blocks of sound windows in order of time.
        names: channels to relate.

    Returns:
        None with less than two channels or `LEAST_ROWS` blocks in which all are known.
    """
    if len(names) < 2 or any(name not in part.names for part in parts for name in names):  # noqa: PLR2004 - a relation has two ends
        return None
    rows = np.vstack([complete(part, names)[0] for part in parts])
    if rows.shape[0] < LEAST_ROWS:
        return None
    half = rows.shape[0] // 2
    model = with_limits(fit_pca(rows[:half], share=1.0), rows[half:], FALSE_ALARM_RATE)
    return Relations(
        tuple(names),
        tuple(model.mean.tolist()),
        tuple(model.scale.tolist()),
        tuple(model.offset.tolist()),
        tuple(map(tuple, model.loadings.tolist())),
        tuple(model.variances.tolist()),
        model.t2_limit,
    )


def complete(blocks: Blocks, names: Sequence[str]) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Levels of the named channels in the blocks in which all are known, and the times of these [us]."""
    columns = blocks.levels[:, [blocks.names.index(name) for name in names]]
    known = np.isfinite(columns).all(axis=1)
    return columns[known], blocks.times_us[known]


@dataclass(frozen=True, slots=True)
class Misfit:
    """Departure of the last blocks from the relations.

    Args:
        score: median T2 of the last blocks over its limit.
        onset_us: first block of the departures that last, see `onset_of` [us since 1970 UTC].
        departs: whether the last `RECENT` blocks all depart.
        shares: share of each channel in the contributions, largest first.
    """

    score: float
    onset_us: int
    departs: bool
    shares: tuple[tuple[str, float], ...]

    @property
    def alone(self) -> bool:
        """Whether one channel explains it by itself."""
        return bool(self.shares) and self.shares[0][1] >= ALONE


def misfit_of(blocks: Blocks, relations: Relations) -> Misfit | None:
    """How the last blocks fit; None when channels are missing or less than `RECENT` blocks are complete."""
    if any(name not in blocks.names for name in relations.names):
        return None
    rows, times = complete(blocks, relations.names)
    if rows.shape[0] < RECENT:
        return None
    model = relations.model
    t2, _ = statistics(model, rows)
    found = departs(model, rows)
    shares = np.mean([contributions(model, row[None, :]) for row in rows[-RECENT:]], axis=0)
    shares = shares / (shares.sum() or 1.0)
    ranked = sorted(zip(relations.names, shares.tolist(), strict=True), key=lambda item: -item[1])
    return Misfit(
        float(np.median(t2[-RECENT:])) / relations.limit,
        int(times[onset_of(found)]),
        bool(found[-RECENT:].all()),
        tuple(ranked),
    )


def onset_of(found: NDArray[np.bool_]) -> int:
    """First departure after the last `RECENT` blocks in a row that fitted; the last block when there is none."""
    onset, fitting = found.size - 1, 0
    for i in range(found.size - 1, -1, -1):
        fitting = 0 if found[i] else fitting + 1
        if fitting == RECENT:
            break
        if found[i]:
            onset = i
    return onset
