"""What a machine has told, kept for readers for a while and for the truth for ever."""

from bisect import bisect_left

from chejian_simulators.changes import Value


class Series:
    """What a signal has told, in order; times strictly increase and neighbours differ (report by exception).

    Attributes:
        times: source times [ms] of what is kept.
        values: the same in values.
        forgotten: changes before those, dropped by `forget`.
    """

    __slots__ = ("forgotten", "times", "values")

    def __init__(self) -> None:
        self.times: list[int] = []
        self.values: list[Value] = []
        self.forgotten = 0

    @property
    def told(self) -> int:
        """Number of changes told in all."""
        return self.forgotten + len(self.times)

    def append(self, time_ms: int, value: Value) -> None:
        """Add a change."""
        self.times.append(time_ms)
        self.values.append(value)

    def index_at(self, time_ms: int) -> int:
        """Number of kept changes before `time_ms`."""
        return bisect_left(self.times, time_ms)

    def forget(self, before_ms: int) -> None:
        """Drop the changes before `before_ms`, but keep the last of them: it still holds."""
        drop = max(0, self.index_at(before_ms) - 1)
        del self.times[:drop]
        del self.values[:drop]
        self.forgotten += drop
