"""Whether a stamped device plays its past, and how soon it is to be asked again."""

FASTER = 4.0
"""A stamp that moves so many times faster than the clock is being played; jitter of live polls makes 2 at most."""
WINDOW_TURNS = 2.0
"""Intervals without a new stamp after which the past is over."""
WINDOW_MAX_S = 3.0
"""Longest such wait [s]."""
BETWEEN_S = 0.002
"""Pause after an answer without a new stamp, while the past is on [s]: the device is given time to move on."""


class Playback:
    """Looks at the stamps of one block.

    Args:
        every: [s] between two reads in real time.
    """

    def __init__(self, every: float) -> None:
        self._every = every
        self._stamp_ms: int | None = None
        self._advanced_at = 0.0
        self._until = 0.0
        self._moved = False
        self._first_ms = 0
        self._share = 1.0

    def advanced(self, stamp_ms: int, now_ms: int, now: float) -> None:
        """A new stamp came.

        Args:
            stamp_ms: [ms UTC] of the device's clock.
            now_ms: [ms UTC] of ours.
            now: monotonic [s].
        """
        behind = now_ms - stamp_ms > 2000 * self._every
        if self._stamp_ms is None:
            fast = True  # unknown: the next answers tell
        else:
            fast = stamp_ms - self._stamp_ms > FASTER * 1000 * (now - self._advanced_at)
        self._stamp_ms, self._advanced_at, self._moved = stamp_ms, now, True
        if now >= self._until:
            self._first_ms = stamp_ms
        self._share = (stamp_ms - self._first_ms) / max(now_ms - self._first_ms, 1)
        window = min(WINDOW_TURNS * self._every, WINDOW_MAX_S)
        self._until = now + window if behind and fast else 0.0

    def share(self, now: float) -> float:
        """How much of the past has been played, 0 to 1; 1 in real time."""
        return 1.0 if now >= self._until else min(max(self._share, 0.0), 0.99)

    def pause(self, now: float) -> float | None:
        """[s] until the next read, or None: in real time, at the usual interval."""
        if now >= self._until:
            return None
        moved, self._moved = self._moved, False
        return 0.0 if moved else BETWEEN_S
