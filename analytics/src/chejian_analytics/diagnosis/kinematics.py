"""Where a rolling bearing's faults show: characteristic frequencies in multiples of the shaft speed.

Outer ring fixed, inner ring on the shaft, pure rolling (real bearings slip by up to about 1 %).
Source: Randall & Antoni, Mechanical Systems and Signal Processing 25 (2011) 485-520, doi:10.1016/j.ymssp.2010.07.017.
"""

import math
from dataclasses import dataclass
from typing import Self


@dataclass(frozen=True, slots=True)
class BearingGeometry:
    """What a bearing's drawing gives.

    Args:
        elements: rolling elements in one row, >= 3.
        ball_diameter_mm: diameter of a ball or roller [mm], > 0 and below the pitch diameter.
        pitch_diameter_mm: diameter of the circle through the elements' centres [mm], > 0.
        contact_angle_deg: angle of the contact line to the radial plane [degree], 0 <= angle < 90.

    Raises:
        ValueError: a value is out of its range.
    """

    elements: int
    ball_diameter_mm: float
    pitch_diameter_mm: float
    contact_angle_deg: float = 0.0

    def __post_init__(self) -> None:
        if self.elements < 3:  # noqa: PLR2004 - two elements cannot centre a shaft
            raise ValueError(f"elements: {self.elements} given, >= 3 allowed")
        if not 0.0 < self.ball_diameter_mm < self.pitch_diameter_mm < math.inf:
            raise ValueError(
                f"ball_diameter_mm {self.ball_diameter_mm}, pitch_diameter_mm {self.pitch_diameter_mm} given, "
                "0 < ball < pitch allowed"
            )
        if not 0.0 <= self.contact_angle_deg < 90.0:  # noqa: PLR2004 - a right angle carries no radial load
            raise ValueError(f"contact_angle_deg: {self.contact_angle_deg} given, 0 <= angle < 90 allowed")


@dataclass(frozen=True, slots=True)
class BearingOrders:
    """Fault frequencies of a bearing in shaft orders (multiples of the shaft frequency).

    Args:
        bpfo: ball pass frequency of the outer race, > 0.
        bpfi: ball pass frequency of the inner race, > bpfo.
        ftf: cage (fundamental train) frequency, 0 < ftf < 0.5.
        bsf2: twice the ball spin frequency, > 0: a defect of a ball strikes both races in each turn.
        name: designation shown to people, for example "6205".

    Raises:
        ValueError: a value is out of its range.
    """

    bpfo: float
    bpfi: float
    ftf: float
    bsf2: float
    name: str = ""

    def __post_init__(self) -> None:
        if not 0.0 < self.bpfo < self.bpfi < math.inf:
            raise ValueError(f"bpfo {self.bpfo}, bpfi {self.bpfi} given, 0 < bpfo < bpfi allowed")
        if not 0.0 < self.ftf < 0.5:  # noqa: PLR2004 - a cage turns at less than half the shaft speed
            raise ValueError(f"ftf: {self.ftf} given, 0 < ftf < 0.5 allowed (outer ring fixed)")
        if not 0.0 < self.bsf2 < math.inf:
            raise ValueError(f"bsf2: {self.bsf2} given, > 0 allowed")

    @classmethod
    def from_geometry(cls, geometry: BearingGeometry, *, name: str = "") -> Self:
        """Fault orders from dimensions.

        Args:
            geometry: dimensions of the bearing.
            name: designation shown to people.

        Returns:
            bpfo = n/2 (1 - g), bpfi = n/2 (1 + g), ftf = (1 - g)/2, bsf2 = D/d (1 - g**2), with g = d/D cos(angle).
        """
        ratio = geometry.ball_diameter_mm / geometry.pitch_diameter_mm
        g = ratio * math.cos(math.radians(geometry.contact_angle_deg))
        half = geometry.elements / 2.0
        return cls(half * (1.0 - g), half * (1.0 + g), (1.0 - g) / 2.0, (1.0 - g * g) / ratio, name)
