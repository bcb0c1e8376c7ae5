"""Process channels of one equipment, and their steady running in blocks of ten minutes.

Values travel by exception: what is not told is unchanged. So a channel is read by sample and hold, on instants that are
whole multiples since 1970, and a window's blocks are the same whatever window they are part of.
"""

import itertools
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

BLOCK_US = 600_000_000
"""[us] A block: ten minutes, long against a sensor's noise and short against clogging and drift."""

GRID_US = 30_000_000
"""[us] Distance of the instants at which channels are read."""

LEAST_INSTANTS = 10
"""Instants of a block, half of them, that must be steady running with a value."""

LARGEST = 1e100
"""No sensor shows more, in whatever unit: such a value counts as none, and its square stays finite."""

ChannelRole = Literal["measurement", "filter_pressure_drop", "flow"]
"""``flow``: what the pressure drop of a filter is compared at equal values of."""


@dataclass(frozen=True, slots=True)
class Channel:
    """A measured signal.

    Args:
        name: signal name.
        times_us: shape (n,), rising [us since 1970 UTC]; a value before the window's start tells what holds there.
        values: shape (n,), in the signal's unit; NaN from where the sensor was silent.
        role: what it is read as.
        low: lower end of the sensor's range.
        high: its upper end; of a pressure drop, the value at which the filter must be changed.
        twin: name of a channel that measures the same thing, "" = none.

    Raises:
        ValueError: the shapes differ, or times do not rise.
    """

    name: str
    times_us: NDArray[np.int64]
    values: NDArray[np.float64]
    role: ChannelRole = "measurement"
    low: float = -np.inf
    high: float = np.inf
    twin: str = ""

    def __post_init__(self) -> None:
        if self.times_us.ndim != 1 or self.times_us.shape != self.values.shape:
            raise ValueError(
                f"channel {self.name}: times {self.times_us.shape}, values {self.values.shape}, (n,) allowed"
            )
        if (np.diff(self.times_us) <= 0).any():
            raise ValueError(f"channel {self.name}: times_us must rise")
        physical = np.abs(self.values) < LARGEST
        if not physical.all():
            object.__setattr__(self, "values", np.where(physical, self.values, np.nan))

    def at(self, instants_us: NDArray[np.int64]) -> NDArray[np.float64]:
        """What holds at each instant; NaN before the first value."""
        if self.times_us.size == 0:
            return np.full(instants_us.size, np.nan)
        index = np.searchsorted(self.times_us, instants_us, side="right") - 1
        return np.where(index < 0, np.nan, self.values[np.maximum(index, 0)])


@dataclass(frozen=True, slots=True)
class ProcessWindow:
    """What one equipment told in a window.

    Args:
        start_us: its start [us since 1970 UTC].
        end_us: its end, after the start.
        channels: with different names.
        running: disjoint spans [from, to) of production in order [us since 1970 UTC], clipped to the window or not.
        settling_us: time after a start of running in which values are not yet steady [us].

    Raises:
        ValueError: the window is empty, names repeat, or spans overlap.
    """

    start_us: int
    end_us: int
    channels: tuple[Channel, ...]
    running: tuple[tuple[int, int], ...]
    settling_us: int = 1_200_000_000

    def __post_init__(self) -> None:
        if self.end_us <= self.start_us:
            raise ValueError(f"end_us: {self.end_us} given, more than start_us {self.start_us} allowed")
        names = [channel.name for channel in self.channels]
        if len(set(names)) != len(names):
            raise ValueError(f"channels: {sorted(names)} given, different names allowed")
        edges = [edge for span in self.running for edge in span]
        if edges != sorted(edges):
            raise ValueError("running: disjoint spans in order of time allowed")

    def channel(self, name: str) -> Channel | None:
        """The channel of that name."""
        return next((channel for channel in self.channels if channel.name == name), None)

    def instants(self, settling_us: int) -> NDArray[np.int64]:
        """Instants of the grid in running time, the first `settling_us` of each span left out."""
        return on_grid((max(a + settling_us, self.start_us), min(b, self.end_us)) for a, b in self.running)


def on_grid(spans: Iterable[tuple[int, int]]) -> NDArray[np.int64]:
    """Multiples of `GRID_US` inside spans [from, to)."""
    parts = [
        np.arange(-(-a // GRID_US), -(-b // GRID_US), dtype=np.int64) * GRID_US for a, b in spans if b > a
    ]
    return np.concatenate(parts) if parts else np.zeros(0, dtype=np.int64)


@dataclass(frozen=True, slots=True)
class Blocks:
    """Steady running in blocks. b blocks, c channels.

    Args:
        names: of the channels.
        times_us: shape (b,), start of each block [us since 1970 UTC].
        levels: shape (b, c), median in the block; NaN where too little was told.
        scatter: shape (b, c), standard deviation in the block.
    """

    names: tuple[str, ...]
    times_us: NDArray[np.int64]
    levels: NDArray[np.float64]
    scatter: NDArray[np.float64]

    def of(self, name: str) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Times and levels of a channel where it has some."""
        column = self.levels[:, self.names.index(name)]
        known = np.isfinite(column)
        return self.times_us[known], column[known]


def blocks_of(window: ProcessWindow) -> Blocks:
    """Median and scatter of every channel in every block that is steady for at least half of its time."""
    instants = window.instants(window.settling_us)
    names = tuple(channel.name for channel in window.channels)
    starts, first = np.unique(instants // BLOCK_US, return_index=True)
    values = [channel.at(instants) for channel in window.channels]
    edges = [*first.tolist(), instants.size]
    levels = np.full((starts.size, len(names)), np.nan)
    scatter = levels.copy()
    for b, (lo, hi) in enumerate(itertools.pairwise(edges)):
        for c, column in enumerate(values):
            inside = column[lo:hi]
            inside = inside[np.isfinite(inside)]
            if inside.size >= LEAST_INSTANTS:
                levels[b, c], scatter[b, c] = np.median(inside), inside.std()
    return Blocks(names, starts * BLOCK_US, levels, scatter)
