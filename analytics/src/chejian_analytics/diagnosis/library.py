"""Bearings by designation, and machine templates: what a registry may name instead of giving numbers."""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources

from chejian_analytics.diagnosis.kinematics import BearingGeometry
from chejian_analytics.diagnosis.severity import Group, Support

_SUFFIX = re.compile(r"[-/ ].*$")


@dataclass(frozen=True, slots=True)
class LibraryBearing:
    """A bearing of the library.

    Args:
        designation: its name without suffixes for seals, cage or clearance.
        geometry: its dimensions.
        source: where they stand.
    """

    designation: str
    geometry: BearingGeometry
    source: str


@dataclass(frozen=True, slots=True)
class MachineTemplate:
    """What the kind of a machine says about its vibration.

    Args:
        name: as a registry gives it.
        zone_group: of ISO 10816-3; 2 for machines of 15 to 300 kW.
        support: rigid or flexible: the lowest natural frequency of machine and support lies above the shaft speed by a
            quarter, or not (ISO 10816-3:2009, 4.2).
    """

    name: str
    zone_group: Group
    support: Support


TEMPLATES: Mapping[str, MachineTemplate] = {
    t.name: t
    for t in (
        MachineTemplate("motor", 2, "rigid"),
        MachineTemplate("large_motor", 1, "rigid"),
        MachineTemplate("fan", 2, "flexible"),
        MachineTemplate("pump", 2, "rigid"),
        MachineTemplate("gearbox", 2, "rigid"),
        MachineTemplate("spindle", 2, "rigid"),
    )
}
"""Usual mounting of each kind; a registry may say otherwise for a machine."""


@cache
def bearings() -> Mapping[str, LibraryBearing]:
    """All bearings of the library by designation."""
    text = resources.files("chejian_analytics.diagnosis").joinpath("bearings.toml").read_text("utf-8")
    found = {}
    for row in tomllib.loads(text)["bearing"]:
        designation, source = row.pop("designation"), row.pop("source")
        found[designation] = LibraryBearing(designation, BearingGeometry(**row), source)
    return found


def find_bearing(designation: str) -> LibraryBearing | None:
    """The bearing of a designation; suffixes after "-", "/" or a space do not change the dimensions that count here."""
    known = bearings()
    return known.get(designation) or known.get(_SUFFIX.sub("", designation))
