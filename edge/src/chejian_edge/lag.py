"""How long heartbeats wait behind what a source has vouched for: learned from how late the source delivers."""

FLOOR_MS = 5_000
"""A heartbeat may wait so long at no cost: a value holds for two heartbeats, 60 s by default."""
CEILING_MS = 25_000
"""Longer waits would leave gaps in live views (hold 60 s, heartbeat 30 s)."""
MEMORY_MS = 300_000
"""Two windows of this length remember the worst lateness, so a bad minute counts for 5 to 10 minutes."""


class Lag:
    """Worst lateness of a source in the last 5 to 10 minutes, doubled, between the floor and the ceiling."""

    def __init__(self) -> None:
        self._window = 0
        self._worst = [0, 0]

    def observe(self, late_ms: int, now_ms: int) -> None:
        """A reading came `late_ms` after the source had vouched for its time."""
        self._roll(now_ms)
        self._worst[0] = max(self._worst[0], late_ms)

    def ms(self, now_ms: int) -> int:
        """Present lag [ms]."""
        self._roll(now_ms)
        return min(max(FLOOR_MS, 2 * max(self._worst)), CEILING_MS)

    def _roll(self, now_ms: int) -> None:
        window = now_ms // MEMORY_MS
        if window != self._window:
            self._worst = [0, self._worst[0] if window == self._window + 1 else 0]
            self._window = window
