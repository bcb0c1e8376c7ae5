"""Piece counters of a machine."""

from collections.abc import Iterator

import numpy as np

from chejian_simulators.changes import Change, Piece, Told
from chejian_simulators.work import Outcome, Segment

PRODUCED = "Counts/Produced"
SIGNALS = {Outcome.GOOD: "Counts/Good", Outcome.SCRAP: "Counts/Scrap", Outcome.REWORK: "Counts/Rework"}


class Counters:
    """Pieces by outcome since the machine was built; produced is their sum at every instant.

    Args:
        rng: decides what the counters show at the start (machines are not new).
        rework: whether the machine counts what must be worked again.
    """

    def __init__(self, rng: np.random.Generator, *, rework: bool = False) -> None:
        scrap = int(rng.integers(20, 400))
        self._counts = {Outcome.GOOD: int(rng.integers(10_000, 90_000)), Outcome.SCRAP: scrap}
        if rework:
            self._counts[Outcome.REWORK] = int(rng.integers(20, 400))

    def start(self, time_ms: int) -> Iterator[Change]:
        """What the counters show when the machine is first seen."""
        yield Change(time_ms, time_ms, PRODUCED, sum(self._counts.values()))
        for outcome, count in self._counts.items():
            yield Change(time_ms, time_ms, SIGNALS[outcome], count)

    def finish(self, segment: Segment) -> Iterator[Told]:
        """Count the piece that a segment ends with: both counters in the same millisecond."""
        outcome, end = segment.finished, segment.end_ms
        if outcome is None:
            return
        self._counts[outcome] += 1
        yield Change(end, end, PRODUCED, sum(self._counts.values()))
        yield Change(end, end, SIGNALS[outcome], self._counts[outcome])
        yield Piece(end, segment.order, outcome)
