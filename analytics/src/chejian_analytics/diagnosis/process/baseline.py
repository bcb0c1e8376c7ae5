"""What the channels of one equipment show while it is sound: frozen once, versioned, never changed.

A short baseline knows little: its mean counts with its own uncertainty, and channels with less than `LEAST_BLOCKS` blocks are
left open. Nothing is learned from a window that is being judged.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from chejian_analytics.diagnosis.process.channels import LEAST_INSTANTS, Blocks, ProcessWindow, blocks_of
from chejian_analytics.diagnosis.process.holds import changes_in, longest_hold_us, spike_scale
from chejian_analytics.diagnosis.process.relations import Relations, learn_relations

LEAST_BLOCKS = 18
"""Three hours of steady running: below, a deviation is known worse than +-17 %."""

KNOWN_CHANGES = 20
"""Changes from which the rate of telling, and the step between told values, are known within a quarter."""

HALF_STEP = 0.5
"""A channel that is told in steps is known no better than half a step."""


@dataclass(frozen=True, slots=True)
class ChannelBaseline:
    """One channel in sound, steady running.

    Args:
        name: signal name.
        blocks: number of blocks behind it.
        level: median of the block levels, in the signal's unit.
        deviation: standard deviation of block levels, not below half a step of the telling, nor below what the scatter in a
            block leaves open: a machine that works in short cycles is caught in another phase by chance.
        widest_scatter: largest scatter within a block.
        changes: how often the value changed.
        running_us: in how much running time [us].
        longest_hold_us: longest running time without a change [us].
        spike: typical difference of a value from the median of its neighbours.
    """

    name: str
    blocks: int
    level: float
    deviation: float
    widest_scatter: float
    changes: int
    running_us: int
    longest_hold_us: int
    spike: float

    @property
    def often_told(self) -> bool:
        """Whether what is told follows the channel; a wide deadband hides what happens within it."""
        return self.changes >= KNOWN_CHANGES


@dataclass(frozen=True, slots=True)
class ProcessBaseline:
    """All channels of one equipment. `dataclasses.asdict` makes it JSON, `baseline_from` reads it again.

    Args:
        version: name stored with every verdict, not empty.
        channels: those with enough blocks.
        relations: between the channels that are told often; None where the baseline is too short for them.

    Raises:
        ValueError: the version is empty.
    """

    version: str
    channels: tuple[ChannelBaseline, ...]
    relations: Relations | None = None

    def __post_init__(self) -> None:
        if not self.version:
            raise ValueError("version: '' given, a name allowed")

    def of(self, name: str) -> ChannelBaseline | None:
        """The channel of that name, None when it is unknown."""
        return next((channel for channel in self.channels if channel.name == name), None)


def baseline_from(stored: dict[str, object]) -> ProcessBaseline:
    """Inverse of `dataclasses.asdict`."""
    channels = stored["channels"]
    if not isinstance(channels, list | tuple):
        raise TypeError(f"channels: {type(channels).__name__} given, list allowed")
    known = tuple(ChannelBaseline(**channel) for channel in channels)
    return ProcessBaseline(str(stored["version"]), known, _relations_from(stored.get("relations")))


def _relations_from(stored: object) -> Relations | None:
    if not isinstance(stored, Mapping):
        return None
    mean, scale, offset, variances = (tuple(stored[key]) for key in ("mean", "scale", "offset", "variances"))
    loadings = tuple(tuple(row) for row in stored["loadings"])
    return Relations(tuple(stored["names"]), mean, scale, offset, loadings, variances, float(stored["limit"]))


def freeze_process(windows: Sequence[ProcessWindow], version: str) -> ProcessBaseline:
    """Baseline of windows that people vouch for as sound.

    Args:
        windows: of one equipment, not overlapping in time, in order.
        version: name of the baseline.

    Returns:
        The baseline; a channel with less than `LEAST_BLOCKS` blocks of steady running is not in it.
    """
    parts = [(window, blocks_of(window)) for window in windows]
    names = dict.fromkeys(channel.name for window in windows for channel in window.channels)
    found = (_freeze_channel(name, parts) for name in names)
    channels = tuple(channel for channel in found if channel is not None)
    often = [channel.name for channel in channels if channel.often_told]
    return ProcessBaseline(version, channels, learn_relations([blocks for _, blocks in parts], often))


def _freeze_channel(name: str, parts: Sequence[tuple[ProcessWindow, Blocks]]) -> ChannelBaseline | None:
    levels, scatters, steps, spikes = [], [], [], []
    changes = running_us = hold_us = 0
    for window, blocks in parts:
        channel = window.channel(name)
        if channel is None:
            continue
        column = blocks.names.index(name)
        known = np.isfinite(blocks.levels[:, column])
        levels.append(blocks.levels[known, column])
        scatters.append(blocks.scatter[known, column])
        inside, spent_us = changes_in(channel, window)
        steps.append(np.abs(inside))
        changes += inside.size
        running_us += spent_us
        hold_us = max(hold_us, longest_hold_us(channel, window)[0])
        spikes.append(spike_scale(channel, window))
    level = np.concatenate(levels) if levels else np.zeros(0)
    if level.size < LEAST_BLOCKS:
        return None
    step = np.concatenate(steps)
    scatter = float(np.concatenate(scatters).max())
    smallest = float(np.quantile(step, 0.05)) if step.size else 0.0
    return ChannelBaseline(
        name,
        int(level.size),
        float(np.median(level)),
        max(float(level.std(ddof=1)), HALF_STEP * smallest, scatter / math.sqrt(LEAST_INSTANTS)),
        scatter,
        changes,
        running_us,
        hold_us,
        max(spikes),
    )
