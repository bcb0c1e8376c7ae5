"""Quantities and their permitted units: a signal declares what it measures before it says in which unit.

Each unit is a factor and an offset to the quantity's base unit: `base = value * factor + offset`. Factors are
exact by definition (SI brochure, 9th edition; GB 3100/3101); rpm is kept as its own base unit because the field uses it.
"""

from dataclasses import dataclass
from enum import StrEnum

from chejian_contract.errors import UnitError


class Quantity(StrEnum):
    """What a signal measures."""

    MACHINE_STATE = "machine_state"
    OPERATION_MODE = "operation_mode"
    COUNT = "count"
    ROTATIONAL_SPEED = "rotational_speed"
    RATIO = "ratio"
    TEMPERATURE = "temperature"
    PRESSURE = "pressure"
    ACTIVE_POWER = "active_power"
    ACTIVE_ENERGY = "active_energy"
    ELECTRIC_CURRENT = "electric_current"
    VOLTAGE = "voltage"
    TORQUE = "torque"
    FORCE = "force"
    LENGTH = "length"
    VELOCITY = "velocity"
    ACCELERATION = "acceleration"
    VOLUME = "volume"
    VOLUME_FLOW = "volume_flow"
    MASS = "mass"
    MASS_FLOW = "mass_flow"
    FREQUENCY = "frequency"
    DURATION = "duration"
    TEXT = "text"


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit of one quantity: `base = value * factor + offset`."""

    symbol: str
    factor: float = 1.0
    offset: float = 0.0


_UNITS: dict[Quantity, tuple[Unit, ...]] = {
    Quantity.MACHINE_STATE: (Unit(""),),
    Quantity.OPERATION_MODE: (Unit(""),),
    Quantity.COUNT: (Unit("1"), Unit("pcs")),
    Quantity.ROTATIONAL_SPEED: (Unit("rpm"), Unit("Hz", 60.0)),
    Quantity.RATIO: (Unit("1"), Unit("%", 0.01)),
    Quantity.TEMPERATURE: (Unit("degC"), Unit("K", 1.0, -273.15), Unit("degF", 5 / 9, -160 / 9)),
    Quantity.PRESSURE: (Unit("Pa"), Unit("kPa", 1e3), Unit("MPa", 1e6), Unit("bar", 1e5)),
    Quantity.ACTIVE_POWER: (Unit("W"), Unit("kW", 1e3), Unit("MW", 1e6)),
    Quantity.ACTIVE_ENERGY: (Unit("Wh"), Unit("kWh", 1e3), Unit("MWh", 1e6), Unit("J", 1 / 3600)),
    Quantity.ELECTRIC_CURRENT: (Unit("A"), Unit("mA", 1e-3)),
    Quantity.VOLTAGE: (Unit("V"), Unit("mV", 1e-3), Unit("kV", 1e3)),
    Quantity.TORQUE: (Unit("N.m"), Unit("kN.m", 1e3)),
    Quantity.FORCE: (Unit("N"), Unit("kN", 1e3)),
    Quantity.LENGTH: (Unit("m"), Unit("mm", 1e-3), Unit("um", 1e-6)),
    Quantity.VELOCITY: (Unit("m/s"), Unit("mm/s", 1e-3), Unit("mm/min", 1e-3 / 60)),
    Quantity.ACCELERATION: (Unit("m/s2"), Unit("g", 9.80665)),
    Quantity.VOLUME: (Unit("m3"), Unit("L", 1e-3)),
    Quantity.VOLUME_FLOW: (Unit("m3/h"), Unit("L/min", 0.06)),
    Quantity.MASS: (Unit("kg"), Unit("g", 1e-3), Unit("t", 1e3)),
    Quantity.MASS_FLOW: (Unit("kg/h"), Unit("t/h", 1e3), Unit("kg/s", 3600.0)),
    Quantity.FREQUENCY: (Unit("Hz"),),
    Quantity.DURATION: (Unit("s"), Unit("ms", 1e-3), Unit("min", 60.0), Unit("h", 3600.0)),
    Quantity.TEXT: (Unit(""),),
}


def units_of(quantity: Quantity) -> tuple[str, ...]:
    """Symbols of the units that `quantity` permits; the first is its base unit."""
    return tuple(u.symbol for u in _UNITS[quantity])


def unit_of(quantity: Quantity, symbol: str) -> Unit:
    """Look a unit up by its symbol.

    Raises:
        UnitError: names the quantity, the symbol and the permitted symbols.
    """
    for unit in _UNITS[quantity]:
        if unit.symbol == symbol:
            return unit
    raise UnitError(
        f"quantity {quantity.value}: unit {symbol!r} is wrong; allowed: {', '.join(units_of(quantity))}"
    )


def convert(value: float, quantity: Quantity, source: str, target: str) -> float:
    """Convert `value` from unit `source` to unit `target` of the same quantity; the same unit returns `value` itself.

    Raises:
        UnitError: when a unit does not belong to the quantity.
    """
    a, b = unit_of(quantity, source), unit_of(quantity, target)
    if a == b:
        return value
    return (value * a.factor + a.offset - b.offset) / b.factor
