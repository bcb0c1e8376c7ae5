"""Rotating shifts: which crew works which shift on which day (e.g. 四班三运转)."""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib.resources import files

REST = 0
"""Entry of a day of rest in a cycle."""


@dataclass(frozen=True, slots=True)
class Rotation:
    """A rotation of crews over shifts.

    Attributes:
        cycle: number of the shift (1 is the first of the day, `REST` none) of each day of the cycle.
        offsets: by how many days each crew is ahead of the first one.
        anchor: local date on which the first crew begins the cycle.
        crews: names of the crews, one per offset.
    """

    cycle: tuple[int, ...]
    offsets: tuple[int, ...]
    anchor: date
    crews: tuple[str, ...]

    def __post_init__(self) -> None:
        if len(self.crews) != len(self.offsets) or not self.cycle:
            raise ValueError(
                f"rotation: {len(self.crews)} crews but {len(self.offsets)} offsets, cycle of {len(self.cycle)} days"
            )
        for day in range(len(self.cycle)):
            working = [n for n in self._numbers(day) if n != REST]
            if len(set(working)) != len(working):
                raise ValueError(f"rotation: two crews work the same shift on day {day} of the cycle")

    def crew_by_shift(self, day: date) -> dict[int, str]:
        """Crew of each shift number that is worked on a local date."""
        numbers = self._numbers((day - self.anchor).days)
        return {n: crew for n, crew in zip(numbers, self.crews, strict=True) if n != REST}

    def _numbers(self, day: int) -> list[int]:
        return [self.cycle[(day + offset) % len(self.cycle)] for offset in self.offsets]


@dataclass(frozen=True, slots=True)
class RotationPattern:
    """A pattern of `rotations.toml`; `cycle` and `offsets` as in `Rotation`, `shifts` is how many it needs."""

    id: str
    name_zh: str
    name_en: str
    shifts: int
    cycle: tuple[int, ...]
    offsets: tuple[int, ...]

    def starting(self, anchor: date, crews: Sequence[str] = ()) -> Rotation:
        """The rotation whose first crew begins the cycle on a date; crews are called A, B, ... unless named."""
        names = tuple(crews) or tuple(chr(ord("A") + i) for i in range(len(self.offsets)))
        return Rotation(self.cycle, self.offsets, anchor, names)


@cache
def rotation_patterns() -> Mapping[str, RotationPattern]:
    """All patterns that ship, by id."""
    text = (files("chejian_analytics.kpi") / "rotations.toml").read_text(encoding="utf-8")
    return {
        key: RotationPattern(
            key,
            entry["name_zh"],
            entry["name_en"],
            entry["shifts"],
            tuple(entry["cycle"]),
            tuple(entry["offsets"]),
        )
        for key, entry in tomllib.loads(text).items()
    }
