"""Samples: one value of one series at one source time."""

from dataclasses import dataclass
from enum import IntEnum


class Quality(IntEnum):
    """Quality of a sample: Sparkplug's numbers, with "uncertain" between good and bad (OPC UA status severity)."""

    BAD = 0
    UNCERTAIN = 64
    GOOD = 192
    STALE = 500


@dataclass(frozen=True, slots=True)
class Waveform:
    """A block of evenly spaced values, stamped at its first one.

    Attributes:
        values: the block as little-endian IEEE 754 singles, in the signal's unit.
        sample_rate: [Hz], > 0.
    """

    values: bytes
    sample_rate: float

    @property
    def count(self) -> int:
        """Number of values in the block."""
        return len(self.values) // 4


@dataclass(frozen=True, slots=True)
class Sample:
    """One value of one signal.

    Attributes:
        time_ms: source time, milliseconds since 1970-01-01 UTC (Sparkplug's resolution).
        value: number, truth value, text or waveform; None only together with a bad or stale quality.
        quality: see `Quality`.
    """

    time_ms: int
    value: bool | int | float | str | Waveform | None
    quality: Quality = Quality.GOOD
