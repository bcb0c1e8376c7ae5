"""What a simulated machine tells: changes of signals, and the filter that makes them changes (report by exception)."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from chejian_simulators.energy import Draw
from chejian_simulators.work import Order, Outcome


class Block(Protocol):
    """A waveform: what is known about it, and its values when asked for."""

    @property
    def sample_rate(self) -> int:
        """[Hz]."""

    @property
    def count(self) -> int:
        """Number of values."""

    @property
    def rpm(self) -> float:
        """Nominal shaft speed [rpm]."""

    @property
    def part(self) -> str | None:
        """Faulty bearing part: "outer_race", "inner_race", "rolling_element"; None for a healthy bearing."""

    @property
    def grade(self) -> str | None:
        """How plainly the fault shows (Smith & Randall 2015, categories Y1 to N2); None for a healthy bearing."""

    @property
    def source(self) -> str:
        """Where it comes from: "model" or "cwru:<record>"."""

    def samples(self) -> NDArray[np.float32]:
        """The values [g], shape (count,); the same ones at every call."""


Value = int | float | str | Block | None
"""A native value; None while the sensor is silent."""


@dataclass(frozen=True, slots=True)
class Change:
    """One change of one signal.

    Attributes:
        due_ms: when the machine tells it; changes of a machine come in this order.
        time_ms: source time; before `due_ms` only for waveforms, which are stamped at their first value.
        signal: signal name of the equipment type.
        value: native value (state in the machine's own codes).
    """

    due_ms: int
    time_ms: int
    signal: str
    value: Value


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece is finished. Nobody is told; the truth knows.

    Attributes:
        due_ms: when.
        order: that it was made for.
        outcome: what it became.
    """

    due_ms: int
    order: Order
    outcome: Outcome


Told = Change | Draw | Piece
"""What a machine's stream holds: changes for the world, draws for the meters, pieces for the truth."""


class Machine(Protocol):
    """A machine is a stream; how far ahead it is asked changes nothing in it."""

    def changes(self) -> Iterator[Told]:
        """Everything from the epoch on, ordered by `due_ms`, without end; asked for once."""


def _undistorted(_time_ms: int, _signal: str, value: float) -> float:
    return value


class Reporter:
    """Remembers what was told last and tells only what differs from it by more than the deadband.

    Args:
        deadband: by signal name, in the signal's unit; absent means 0.
        distort: what the sensor of a signal shows at a time instead of the true value.
    """

    def __init__(
        self, deadband: Mapping[str, float], distort: Callable[[int, str, float], float] = _undistorted
    ) -> None:
        self._deadband, self._distort = deadband, distort
        self._told: dict[str, tuple[int, int | float | str]] = {}

    def analog(self, time_ms: int, signal: str, value: float, digits: int) -> Iterator[Change]:
        """Tell a measured value, rounded to the sensor's `digits` decimals, when it left the deadband."""
        shown = self._distort(time_ms, signal, float(value))
        rounded = round(shown, digits)  # a NumPy scalar would travel as another type
        told = self._told.get(signal)
        if told is None or abs(rounded - float(told[1])) > self._deadband.get(signal, 0.0):
            yield from self.exact(time_ms, signal, rounded)

    def exact(self, time_ms: int, signal: str, value: float | str) -> Iterator[Change]:
        """Tell a value when it differs at all; a second value in the same millisecond takes the next one."""
        told = self._told.get(signal)
        if told is not None:
            if told[1] == value:
                return
            time_ms = max(time_ms, told[0] + 1)
        self._told[signal] = (time_ms, value)
        yield Change(time_ms, time_ms, signal, value)
