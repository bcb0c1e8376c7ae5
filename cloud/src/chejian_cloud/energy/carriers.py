"""Which equipment types are meters, what their register counts, and in which unit an energy carrier is told."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from chejian_analytics.energy import Carrier, load_factors
from chejian_contract.signals import Role
from chejian_contract.templates import equipment_types

REGISTER_PER_UNIT: Mapping[tuple[str, str], int] = {
    ("Wh", "kWh"): 1000,
    ("g", "kg"): 1000,
    ("L", "m3"): 1000,
    ("L", "t"): 1000,  # water by volume: GB/T 2589 counts a cubic metre as a tonne
}
"""Register units in one unit of the carrier."""


@dataclass(frozen=True, slots=True)
class MeterType:
    """An equipment type that is a meter.

    Attributes:
        total: role of its register.
        rate: role of what passes now.
        carriers: what it may be registered for.
    """

    total: Role
    rate: Role
    carriers: tuple[Carrier, ...]


METER_TYPES: Mapping[str, MeterType] = {
    "electricity_meter": MeterType(Role.ACTIVE_ENERGY, Role.ACTIVE_POWER, (Carrier.ELECTRICITY,)),
    "steam_meter": MeterType(Role.STEAM_TOTAL, Role.STEAM_FLOW, (Carrier.STEAM,)),
    "gas_meter": MeterType(
        Role.GAS_TOTAL, Role.GAS_FLOW, (Carrier.NATURAL_GAS, Carrier.NITROGEN, Carrier.OXYGEN)
    ),
    "water_meter": MeterType(
        Role.WATER_TOTAL, Role.WATER_FLOW, (Carrier.FRESH_WATER, Carrier.SOFTENED_WATER)
    ),
    "compressed_air_meter": MeterType(
        Role.COMPRESSED_AIR_TOTAL, Role.COMPRESSED_AIR_FLOW, (Carrier.COMPRESSED_AIR,)
    ),
}
"""By id of the contract's equipment type. Machines of these types have energy instead of states and OEE."""


@cache
def unit_of(carrier: Carrier) -> str:
    """Unit that a carrier's factors and amounts are told in, e.g. "kWh"."""
    return next(f.unit for f in load_factors().factors if f.carrier == carrier)


def register_unit(type_id: str) -> str:
    """Unit of a meter type's register, e.g. "Wh".

    Args:
        type_id: a key of `METER_TYPES`.
    """
    role = METER_TYPES[type_id].total
    return next(s.unit for s in equipment_types()[type_id].signals.values() if s.role is role)


def per_unit(type_id: str, carrier: Carrier) -> int:
    """Register units in one unit of the carrier, e.g. 1000 Wh in a kWh.

    Args:
        type_id: a key of `METER_TYPES`.
        carrier: one that it may be registered for.
    """
    return REGISTER_PER_UNIT[register_unit(type_id), unit_of(carrier)]
