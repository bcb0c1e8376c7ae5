"""Plant file: buffers, meters and what they measure, planted faults."""

from dataclasses import dataclass
from typing import Literal

from chejian_contract.config import ConfigValueError, Seconds

from chejian_simulators.checks import code, not_negative, positive
from chejian_simulators.energy import Carrier

_NONE, _MINUTE, _QUARTER_HOUR = Seconds(0), Seconds(60), Seconds(900)
_LARGEST_UNIT_ID = 247
"""Modbus over serial line 1.02, 2.2: individual addresses are 1 to 247; gateways keep to them on TCP."""


@dataclass(frozen=True, slots=True)
class BufferConfig:
    """A buffer between machines of a coupled line.

    Attributes:
        code: name of the silo, tote station or conveyor.
        capacity_kg: what it holds [kg], > 0.
        initial_kg: what it holds at the epoch [kg], 0 to its capacity.
    """

    code: str
    capacity_kg: float
    initial_kg: float = 0.0

    def __post_init__(self) -> None:
        code("code", self.code)
        positive("capacity_kg", self.capacity_kg)
        if not 0 <= self.initial_kg <= self.capacity_kg:
            raise ConfigValueError("initial_kg", self.initial_kg, f"a number from 0 to {self.capacity_kg}")


@dataclass(frozen=True, slots=True)
class LoadConfig:
    """A consumer that is no machine: lighting, heating, compressors.

    Attributes:
        code: its name.
        carrier: what it draws.
        base: always, in the carrier's rate unit (kW, kg/h or m3/h), >= 0.
        per_kelvin: more for each kelvin that the outdoor temperature lies below 18 degC in the heating season, >= 0.
    """

    code: str
    carrier: Carrier
    base: float
    per_kelvin: float = 0.0

    def __post_init__(self) -> None:
        code("code", self.code)
        not_negative("base", self.base)
        not_negative("per_kelvin", self.per_kelvin)


@dataclass(frozen=True, slots=True)
class MeterConfig:
    """A meter and what lies behind it. A counter of a parent is the sum of its children's and of its own.

    Attributes:
        code: equipment code of the meter.
        unit_id: Modbus unit, 1 to 247.
        carrier: what it measures.
        line: line that it belongs to.
        parent: code of the meter above it; "" for none.
        machines: codes of the machines that it measures itself.
        loads: codes of the loads that it measures itself.
        start: counter at the epoch [Wh, g or L], >= 0.
        modulus: the counter rolls over to 0 when it reaches this; 0 for the whole 64 bits.
        interval: between two records, whole seconds, > 0.
        replay: "steel" plays the recorded half-year of a steel plant, and nothing else, when recordings are given.
    """

    code: str
    unit_id: int
    carrier: Carrier
    line: str
    parent: str = ""
    machines: tuple[str, ...] = ()
    loads: tuple[str, ...] = ()
    start: int = 0
    modulus: int = 0
    interval: Seconds = _MINUTE
    replay: Literal["", "steel"] = ""

    def __post_init__(self) -> None:
        code("code", self.code)
        code("line", self.line)
        if not 1 <= self.unit_id <= _LARGEST_UNIT_ID:
            raise ConfigValueError("unit_id", self.unit_id, f"an integer from 1 to {_LARGEST_UNIT_ID}")
        for key in ("start", "modulus"):
            if not 0 <= getattr(self, key) < 2**63:
                raise ConfigValueError(key, getattr(self, key), "an integer from 0 to 2^63 - 1")
        if self.modulus and self.start >= self.modulus:
            raise ConfigValueError("start", self.start, f"an integer below modulus = {self.modulus}")
        positive("interval", self.interval)
        if self.interval % 1:
            raise ConfigValueError("interval", self.interval, "whole seconds")
        if self.replay and self.interval != _QUARTER_HOUR:
            raise ConfigValueError("interval", self.interval, "15min, the interval of the recording")


FaultKind = Literal[
    "bearing",
    "imbalance",
    "filter_clogging",
    "drifting_sensor",
    "counter_reset",
    "meter_rollover",
    "silent_sensor",
    "wrong_ideal_cycle",
]
_NEEDS: dict[str, tuple[str, ...]] = {
    "bearing": ("part",),
    "filter_clogging": ("signal", "per_hour"),
    "drifting_sensor": ("signal", "per_hour"),
    "silent_sensor": ("lasts",),
    "wrong_ideal_cycle": ("product", "factor"),
}
"""Keys that a kind needs besides equipment and onset."""


@dataclass(frozen=True, slots=True)
class FaultConfig:
    """A fault that is planted; the truth names each of them.

    Attributes:
        kind: what goes wrong.
        equipment: code of the machine or meter.
        onset: after the epoch, >= 0; a rollover's onset follows from the meter's start, a wrong ideal cycle is always wrong.
        lasts: how long; 0 for ever. A silent sensor needs it.
        signal: of a machine: the signal that drifts, clogs or falls silent; "" for a meter.
        per_hour: drift in the signal's unit, or growth of the pressure drop as a share of it, per hour.
        part: bearing part: outer_race, inner_race or rolling_element.
        product: whose registered ideal cycle is wrong.
        factor: real over registered cycle time; below 1 the machine beats its registered ideal.
    """

    kind: FaultKind
    equipment: str
    onset: Seconds = _NONE
    lasts: Seconds = _NONE
    signal: str = ""
    per_hour: float = 0.0
    part: Literal["", "outer_race", "inner_race", "rolling_element"] = ""
    product: str = ""
    factor: float = 1.0

    def __post_init__(self) -> None:
        not_negative("onset", self.onset)
        not_negative("lasts", self.lasts)
        positive("factor", self.factor)
        for key in _NEEDS.get(self.kind, ()):
            if getattr(self, key) in ("", 0.0) or (key == "factor" and self.factor == 1):
                raise ConfigValueError(key, getattr(self, key), f"a value, {self.kind} needs it")
