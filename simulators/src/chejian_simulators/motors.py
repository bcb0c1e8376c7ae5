"""The motors that a test stand receives, one after the other, and the vibration block that each of them gives."""

from dataclasses import dataclass
from typing import Protocol

from chejian_simulators.changes import Block


@dataclass(frozen=True, slots=True)
class Motor:
    """One motor under test.

    Attributes:
        serial: its number plate; with recordings it ends with the record's number.
        load_kw: mechanical load of the test [kW].
        block: its vibration, with its nominal speed.
    """

    serial: str
    load_kw: float
    block: Block


class MotorSource(Protocol):
    """Where motors come from."""

    def motor(self, number: int, time_ms: int) -> Motor:
        """The motor of the stand's test `number` (from 0), mounted at `time_ms`; the same one at every call.

        The time decides planted faults only, never the length of the block.
        """
