"""Sets of disjoint half-open windows of time and their algebra."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Int64 = NDArray[np.int64]
Bool = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Windows:
    """Sorted, disjoint, non-empty half-open windows; neighbours may touch.

    Attributes:
        start_us: int64, microseconds since 1970 UTC, shape (n,).
        end_us: int64, exclusive, shape (n,).

    Raises:
        ValueError: names the first window that is empty, out of order or overlapping.
    """

    start_us: Int64
    end_us: Int64

    def __post_init__(self) -> None:
        if self.start_us.shape != self.end_us.shape or self.start_us.ndim != 1:
            raise ValueError(
                f"windows: shapes {self.start_us.shape} and {self.end_us.shape} must be equal and 1-d"
            )
        if self.start_us.size == 0:
            return
        empty = np.flatnonzero(self.end_us <= self.start_us)
        if empty.size:
            i = int(empty[0])
            raise ValueError(f"windows[{i}] = [{self.start_us[i]}, {self.end_us[i]}) is empty")
        wrong = np.flatnonzero(self.start_us[1:] < self.end_us[:-1])
        if wrong.size:
            i = int(wrong[0]) + 1
            raise ValueError(
                f"windows[{i}] starts at {self.start_us[i]}, before windows[{i - 1}] ends at {self.end_us[i - 1]}"
            )

    def __len__(self) -> int:
        return len(self.start_us)

    @classmethod
    def of(cls, start_us: ArrayLike, end_us: ArrayLike) -> "Windows":
        """Take starts and ends [us] as they are; see the class for what is refused."""
        return cls(np.asarray(start_us, dtype=np.int64), np.asarray(end_us, dtype=np.int64))

    @classmethod
    def none(cls) -> "Windows":
        """No window at all."""
        return cls(np.empty(0, np.int64), np.empty(0, np.int64))

    @classmethod
    def union_of(cls, start_us: ArrayLike, end_us: ArrayLike) -> "Windows":
        """Join windows in any order that touch or overlap; empty ones are left out."""
        start, end = np.asarray(start_us, dtype=np.int64), np.asarray(end_us, dtype=np.int64)
        if start.size == 0:
            return cls.none()
        order = np.argsort(start, kind="stable")
        keep = order[end[order] > start[order]]
        start, reach = start[keep], np.maximum.accumulate(end[keep])
        if start.size == 0:
            return cls.none()
        opens = np.append(True, start[1:] > reach[:-1])
        return cls(start[opens], np.append(reach[:-1][opens[1:]], reach[-1]))

    def contains(self, times_us: Int64) -> Bool:
        """Whether each time lies in a window; shape of `times_us`."""
        if len(self) == 0:
            return np.zeros(np.shape(times_us), np.bool_)
        i = np.searchsorted(self.start_us, times_us, side="right") - 1
        inside: Bool = (i >= 0) & (times_us < self.end_us[np.maximum(i, 0)])
        return inside

    def total_us(self) -> int:
        """Sum of the lengths [us]."""
        return int((self.end_us - self.start_us).sum())

    def intersect(self, other: "Windows") -> "Windows":
        """Time in both; touching pieces are joined."""
        return self._combine(other, np.logical_and)

    def subtract(self, other: "Windows") -> "Windows":
        """Time in these windows and not in `other`; touching pieces are joined."""
        return self._combine(other, lambda a, b: a & ~b)

    def union(self, other: "Windows") -> "Windows":
        """Time in either; touching pieces are joined."""
        return self._combine(other, np.logical_or)

    def clip(self, start_us: int, end_us: int) -> "Windows":
        """Cut to [start_us, end_us); pieces are not joined."""
        start, end = np.maximum(self.start_us, start_us), np.minimum(self.end_us, end_us)
        return Windows(start[end > start], end[end > start])

    def _combine(self, other: "Windows", rule: Callable[[Bool, Bool], Bool]) -> "Windows":
        edges = np.unique(np.concatenate([self.start_us, self.end_us, other.start_us, other.end_us]))
        if edges.size == 0:
            return Windows.none()
        pieces = edges[:-1]
        keep = rule(self.contains(pieces), other.contains(pieces))
        return Windows.union_of(pieces[keep], edges[1:][keep])
