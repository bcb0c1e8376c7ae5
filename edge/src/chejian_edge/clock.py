"""The edge's wall clock, guarded: a jump counts only when it lasts.

Source times come from the sources. The edge's own clock stamps what has no usable time, says whether a source time lies
in the future, and vouches for sources that say nothing of their own time. A wrong hour there would move heartbeats into
the future or throw readings away. So between two looks the clock goes on as fast as the time since boot; a difference
of more than a second is a jump, and is followed after five minutes only.
"""

import logging
import threading
import time
from collections.abc import Callable

_log = logging.getLogger(__name__)

JUMP_MS = 1_000
"""Smaller differences are followed at once [ms]: time services slew or step by less than that in daily work."""
BELIEVED_S = 300.0
"""A jump has to last so long [s]: the allowed skew of a source (`max_skew`) by default."""

_SINCE_BOOT = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
"""Counts a suspended machine's time, too, where the system knows it."""


def _since_boot() -> float:
    return time.clock_gettime(_SINCE_BOOT)


class GuardedClock:
    """Called, it returns milliseconds since 1970 UTC. Safe across threads.

    Args:
        wall: the system's clock [s].
        steady: a clock that never jumps [s].
    """

    def __init__(
        self, wall: Callable[[], float] = time.time, steady: Callable[[], float] = _since_boot
    ) -> None:
        self._wall = wall
        self._steady = steady
        self._lock = threading.Lock()
        self._offset: float | None = None
        self._since: float | None = None

    def __call__(self) -> int:
        """Milliseconds since 1970 UTC."""
        with self._lock:
            steady = self._steady()
            offset = self._wall() - steady
            if self._offset is None:
                self._offset = offset
            difference = offset - self._offset
            if abs(difference) * 1000 <= JUMP_MS:
                self._offset = offset
                if self._since is not None:
                    _log.info("the system's clock is where it was before its jump")
                self._since = None
            elif self._since is None:
                self._since = steady
                _log.warning(
                    "the system's clock jumped by %+.0f s; this counts when it lasts for %.0f s",
                    difference,
                    BELIEVED_S,
                )
            elif steady - self._since >= BELIEVED_S:
                self._offset, self._since = offset, None
                _log.warning(
                    "the jump of the system's clock by %+.0f s has lasted; it is followed", difference
                )
            return int((steady + self._offset) * 1000)


wall_clock_ms = GuardedClock()
"""The process's clock [ms UTC]."""
