"""Samples of a series as arrays, read from a stream as it comes."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

GOOD: Final = 192
"""Quality of a good sample; 64 is uncertain, 0 bad, 500 stale."""
_ROWS: Final = 50_000
"""Rows that are turned into arrays at once."""


@dataclass(frozen=True, slots=True)
class Samples:
    """Samples of one series, sorted by time; three arrays of one length.

    Attributes:
        time: datetime64[us], UTC.
        value: float64; NaN where the sample has no value.
        quality: int32, see `GOOD`.
    """

    time: NDArray[np.datetime64]
    value: NDArray[np.float64]
    quality: NDArray[np.int32]

    def __len__(self) -> int:
        return len(self.time)

    def good(self) -> "Samples":
        """Those of good quality."""
        keep = self.quality == GOOD
        return Samples(self.time[keep], self.value[keep], self.quality[keep])


def from_csv(lines: Iterable[str]) -> Samples:
    """Samples of lines "time,value,quality" below a head; times are UTC.

    Raises:
        ValueError: the head is another one, or a line has no three fields.
    """
    rows = iter(lines)
    head = next(rows, "").lstrip("\ufeff").strip()
    if head != "time,value,quality":
        raise ValueError(f"head {head!r} is wrong; allowed: time,value,quality")
    parts = [Samples(*_columns(part)) for part in _parts(rows)]
    if not parts:
        parts = [Samples(*_columns([]))]
    return Samples(
        np.concatenate([p.time for p in parts]),
        np.concatenate([p.value for p in parts]),
        np.concatenate([p.quality for p in parts]),
    )


def _parts(rows: Iterable[str]) -> Iterable[list[list[str]]]:
    part: list[list[str]] = []
    for row in rows:
        if row:
            part.append(row.split(","))
        if len(part) == _ROWS:
            yield part
            part = []
    if part:
        yield part


def _columns(
    part: list[list[str]],
) -> tuple[NDArray[np.datetime64], NDArray[np.float64], NDArray[np.int32]]:
    times, values, qualities = zip(*part, strict=True) if part else ((), (), ())
    return (
        np.array([t.removesuffix("Z") for t in times], "datetime64[us]"),
        np.array([float(v) if v else np.nan for v in values], np.float64),
        np.array(qualities, np.int32),
    )
