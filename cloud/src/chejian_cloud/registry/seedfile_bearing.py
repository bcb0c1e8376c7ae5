"""Bearings of the registry seed file: by orders, by dimensions, or by a designation of the library."""

import math
from dataclasses import dataclass

from chejian_analytics.diagnosis import BearingGeometry, BearingOrders
from chejian_analytics.diagnosis.library import TEMPLATES, bearings, find_bearing
from chejian_contract.config import ConfigValueError

_MAX_MAINS_HZ = 1000.0
"""[Hz] Above any grid or inverter fundamental; a larger number is a slip of the pen."""
_ORDERS = ("bpfo", "bpfi", "ftf", "bsf2")
_DIMENSIONS = ("elements", "ball_diameter_mm", "pitch_diameter_mm")
_GROUPS = (1, 2)
_ORDER_LISTS = ("mesh_orders", "belt_orders", "blade_orders")
_SUPPORTS = ("rigid", "flexible")


@dataclass(frozen=True, slots=True, kw_only=True)
class BearingSeed:
    """`[[bearing]]`; its fault frequencies as orders of shaft speed, or its dimensions, or only a known designation.

    `machine` is a template of the library (motor, fan, pump ...), which says how its vibration is graded by
    ISO 10816-3; `zone_group` and `support` say otherwise. Without any of them no zones are shown.

    What else makes lines near the bearing is masked: `gear_teeth` and `blades` on its own shaft, a belt on its pulley
    (`pulley_diameter_mm` and `belt_length_mm`), and `mesh_orders`, `belt_orders`, `blade_orders` of other shafts, as
    multiples of the bearing's shaft speed.
    """

    equipment: str
    position: str
    designation: str
    signal: str
    bpfo: float | None = None
    bpfi: float | None = None
    ftf: float | None = None
    bsf2: float | None = None
    elements: int | None = None
    ball_diameter_mm: float | None = None
    pitch_diameter_mm: float | None = None
    contact_angle_deg: float = 0.0
    mains_hz: float = 50.0
    machine: str | None = None
    zone_group: int | None = None
    support: str | None = None
    gear_teeth: int | None = None
    blades: int | None = None
    pulley_diameter_mm: float | None = None
    belt_length_mm: float | None = None
    mesh_orders: tuple[float, ...] = ()
    belt_orders: tuple[float, ...] = ()
    blade_orders: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        _ = self.orders, self.neighbours
        if not 0 <= self.mains_hz <= _MAX_MAINS_HZ:
            raise ConfigValueError("mains_hz", self.mains_hz, f"0 (no mains) to {_MAX_MAINS_HZ:g} Hz")
        if self.machine is not None and self.machine not in TEMPLATES:
            raise ConfigValueError("machine", self.machine, ", ".join(TEMPLATES))
        if self.zone_group is not None and self.zone_group not in _GROUPS:
            raise ConfigValueError("zone_group", self.zone_group, "1 (above 300 kW) or 2 (15 to 300 kW)")
        if self.support is not None and self.support not in _SUPPORTS:
            raise ConfigValueError("support", self.support, ", ".join(_SUPPORTS))
        if self.machine is None and (self.zone_group is None) != (self.support is None):
            key = "support" if self.support is None else "zone_group"
            raise ConfigValueError(key, None, "zone_group and support together, or a machine template")

    @property
    def orders(self) -> BearingOrders:
        """Its fault orders.

        Raises:
            ConfigValueError: the numbers are incomplete or out of range, or the designation is not known.
        """
        given = {name: getattr(self, name) for name in _ORDERS}
        if any(value is not None for value in given.values()):
            missing = next((name for name, value in given.items() if value is None), None)
            if missing is not None:
                raise ConfigValueError(missing, None, f"all of {', '.join(_ORDERS)}, or none of them")
            try:
                return BearingOrders(**given, name=self.designation)
            except ValueError as error:
                raise ConfigValueError("bpfo", self.bpfo, str(error)) from error
        return BearingOrders.from_geometry(self._geometry(), name=self.designation)

    @property
    def zones(self) -> tuple[int | None, str | None]:
        """Group and support that its machine is graded by; None: not graded."""
        template = None if self.machine is None else TEMPLATES[self.machine]
        group = template.zone_group if self.zone_group is None and template else self.zone_group
        support = template.support if self.support is None and template else self.support
        return group, support

    @property
    def neighbours(self) -> dict[str, list[float]]:
        """Orders of gear meshes, belts and blades that are masked, as `Neighbours` takes them.

        Raises:
            ConfigValueError: a number is out of range, or a belt's pulley or length is missing.
        """
        own = {"gear_teeth": self.gear_teeth, "blades": self.blades}
        belt = {"pulley_diameter_mm": self.pulley_diameter_mm, "belt_length_mm": self.belt_length_mm}
        for name, given in {**own, **belt}.items():
            if given is not None and not 0 < given < math.inf:
                raise ConfigValueError(name, given, "more than 0")
        missing = [name for name, given in belt.items() if given is None]
        if len(missing) == 1:
            raise ConfigValueError(missing[0], None, f"{' and '.join(belt)} together")
        for name in _ORDER_LISTS:
            if not all(0 < order < math.inf for order in getattr(self, name)):
                raise ConfigValueError(name, list(getattr(self, name)), "orders above 0")
        belts = []
        if self.pulley_diameter_mm is not None and self.belt_length_mm is not None:
            belts = [math.pi * self.pulley_diameter_mm / self.belt_length_mm]
        return {
            "meshes": [*self.mesh_orders, *([] if self.gear_teeth is None else [float(self.gear_teeth)])],
            "belts": [*self.belt_orders, *belts],
            "blades": [*self.blade_orders, *([] if self.blades is None else [float(self.blades)])],
        }

    def _geometry(self) -> BearingGeometry:
        given = {name: getattr(self, name) for name in _DIMENSIONS}
        if all(value is None for value in given.values()):
            known = find_bearing(self.designation)
            if known is None:
                allowed = f"bpfo, bpfi, ftf and bsf2, or {', '.join(_DIMENSIONS)}, or one of {', '.join(bearings())}"
                raise ConfigValueError("designation", self.designation, allowed)
            return known.geometry
        missing = next((name for name, value in given.items() if value is None), None)
        if missing is not None:
            raise ConfigValueError(missing, None, f"all of {', '.join(_DIMENSIONS)}, or none of them")
        try:
            return BearingGeometry(**given, contact_angle_deg=self.contact_angle_deg)
        except ValueError as error:
            raise ConfigValueError("elements", self.elements, str(error)) from error
