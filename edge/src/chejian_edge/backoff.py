"""Pauses between attempts: doubling, capped, with jitter so that a hundred edges do not come back at once."""

import random

FIRST_S = 0.5
"""Upper end of the first pause [s]: a restart of the other side is over in about a second."""


class Backoff:
    """Pauses [s] that double up to `longest`; each is drawn from the upper half of its step."""

    def __init__(self, longest: float) -> None:
        self._longest = longest
        self._step = FIRST_S

    def pause(self) -> float:
        """The next pause [s]."""
        step = min(self._step, self._longest)
        self._step = min(self._step * 2, self._longest)
        return random.uniform(step / 2, step)

    def reset(self) -> None:
        """Success: begin again."""
        self._step = FIRST_S
