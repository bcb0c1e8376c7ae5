"""Which blocks of a waveform signal are sent: one each so many minutes, those above a limit, and those asked for.

A source tells blocks as it likes, for example one each second; the line to the host and its disk need fewer. What is not due
is no sample: it is neither buffered nor declared lost.
"""

import math
from array import array
from dataclasses import dataclass
from operator import mul


@dataclass(frozen=True, slots=True)
class Acquisition:
    """When blocks of a waveform signal are sent; without any of it each block is.

    Attributes:
        every_ms: the first block of each span of so many milliseconds since 1970; 0 = each block.
        rms_above: and any block whose RMS is above this [unit of the signal]; 0 = no such limit.
    """

    every_ms: int = 0
    rms_above: float = 0.0


EACH_BLOCK = Acquisition()


class Gate:
    """Lets the blocks of one signal through.

    But for what was asked for, it depends on source times only: history that is read later and a restarted edge give the
    same blocks as an edge that ran on.

    Args:
        acquisition: when.
    """

    def __init__(self, acquisition: Acquisition) -> None:
        self._acquisition = acquisition
        self._asked = False

    def ask(self) -> None:
        """The next block that the source tells is wanted, whatever the rules say."""
        self._asked = True

    def passes(self, time_ms: int, data: bytes, last_ms: int, *, live: bool = True) -> bool:
        """Whether a block is sent.

        Args:
            time_ms: source time [ms UTC].
            data: little-endian singles.
            last_ms: time of the last block that was sent; -1 before the first.
            live: told just now; a block out of history is no answer to who asks now.
        """
        rule = self._acquisition
        if self._asked and live:
            self._asked = False
            return True
        if not rule.every_ms or last_ms < 0 or time_ms // rule.every_ms != last_ms // rule.every_ms:
            return True
        return bool(rule.rms_above) and rms(data) > rule.rms_above


def rms(data: bytes) -> float:
    """Root mean square of little-endian singles, about its mean: a sensor's offset is no vibration; 0 for an empty block."""
    values = array("f")
    values.frombytes(data)
    if not values:
        return 0.0
    mean = math.fsum(values) / len(values)
    square = sum(map(mul, values, values)) / len(values)
    return math.sqrt(max(square - mean * mean, 0.0))
