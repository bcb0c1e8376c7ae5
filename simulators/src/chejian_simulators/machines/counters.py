"""Piece counters of a machine."""

from collections.abc import Iterator

import numpy as np

from chejian_simulators.changes import Change
from chejian_simulators.work import Segment

PRODUCED, GOOD, SCRAP = "Counts/Produced", "Counts/Good", "Counts/Scrap"


class Counters:
    """Produced, good and scrap since the machine was built; produced = good + scrap at every instant.

    Args:
        rng: decides what the counters show at the start (machines are not new).
    """

    def __init__(self, rng: np.random.Generator) -> None:
        self._scrap = int(rng.integers(20, 400))
        self._good = int(rng.integers(10_000, 90_000))

    def start(self, time_ms: int) -> Iterator[Change]:
        """What the counters show when the machine is first seen."""
        yield Change(time_ms, time_ms, PRODUCED, self._good + self._scrap)
        yield Change(time_ms, time_ms, GOOD, self._good)
        yield Change(time_ms, time_ms, SCRAP, self._scrap)

    def finish(self, segment: Segment) -> Iterator[Change]:
        """Count the piece that a segment ends with: both counters in the same millisecond."""
        if segment.finished is None:
            return
        end = segment.end_ms
        if segment.finished:
            self._good += 1
        else:
            self._scrap += 1
        yield Change(end, end, PRODUCED, self._good + self._scrap)
        yield Change(end, end, GOOD, self._good) if segment.finished else Change(end, end, SCRAP, self._scrap)
