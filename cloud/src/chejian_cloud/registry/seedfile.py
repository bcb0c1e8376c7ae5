"""The registry seed file: its form, and every check that needs no database."""

from collections.abc import Hashable, Iterable
from dataclasses import dataclass, fields
from datetime import datetime
from pathlib import Path

from chejian_analytics.kpi import Shift, daily_windows, shift_windows
from chejian_contract.config import ConfigValueError, load_config
from chejian_contract.equipment import check_code
from chejian_contract.errors import ConfigError, IdentifierError
from chejian_contract.signals import SignalKind
from chejian_contract.templates import equipment_types

from chejian_cloud.reasons.tree import ReasonSeed, walk
from chejian_cloud.registry.seedfile_bearing import BearingSeed
from chejian_cloud.registry.seedfile_energy import FactorSeed, MeterSeed, check_factors, check_meters
from chejian_cloud.registry.seedfile_tariff import TariffSeed

_DAY_US = 86_400_000_000
_MAX_POSITION = 32_767
"""Largest number of the column (PostgreSQL smallint)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Named:
    """A code that may stand in a Sparkplug topic, and names for people."""

    code: str
    name_zh: str
    name_en: str

    def __post_init__(self) -> None:
        try:
            check_code(self.code, type(self).__name__)
        except IdentifierError as error:
            raise ConfigValueError("code", self.code, str(error)) from error


@dataclass(frozen=True, slots=True, kw_only=True)
class EnterpriseSeed(_Named):
    """`[[enterprise]]`; the code is the Sparkplug group."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkshopSeed(_Named):
    """`[[workshop]]`; `calendar` is the code of a calendar, `city_code` of GB/T 2260."""

    enterprise: str
    timezone: str
    city_code: str
    calendar: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LineSeed(_Named):
    """`[[line]]`; `workshop` is the code of a workshop, `output` of the machines whose good count is the line's output.

    Without `output` the good items of all its machines are added, which is right where they work side by side.
    """

    workshop: str
    output: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ShiftSeed(_Named):
    """`[[calendar.shift]]`; local times "HH:MM", an end not after the start is on the next day."""

    start: str
    end: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedStopSeed:
    """`[[calendar.planned_stop]]`; local times like those of a shift."""

    name_zh: str
    name_en: str
    start: str
    end: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CalendarSeed:
    """`[[calendar]]`; shifts may touch but not overlap."""

    code: str
    timezone: str
    shift: tuple[ShiftSeed, ...] = ()
    planned_stop: tuple[PlannedStopSeed, ...] = ()

    def __post_init__(self) -> None:
        try:
            daily_windows([], self.timezone, 0, _DAY_US)
        except ValueError as error:
            raise ConfigValueError("timezone", self.timezone, str(error)) from error
        spans = [(f"shift[{i}]", s.start, s.end) for i, s in enumerate(self.shift)]
        spans += [(f"planned_stop[{i}]", s.start, s.end) for i, s in enumerate(self.planned_stop)]
        for key, start, end in spans:
            try:
                daily_windows([(start, end)], self.timezone, 0, _DAY_US)
            except ValueError as error:
                raise ConfigValueError(key, f"{start}-{end}", str(error)) from error
        try:
            shift_windows([Shift(s.code, s.start, s.end) for s in self.shift], self.timezone, 0, 2 * _DAY_US)
        except ValueError as error:
            raise ConfigValueError("shift", [s.code for s in self.shift], str(error)) from error


@dataclass(frozen=True, slots=True, kw_only=True)
class ProductSeed(_Named):
    """`[[product]]`; the code is what the product signal says."""

    enterprise: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedSeed:
    """An entry of `feeds`; `group` is the enterprise's code unless given."""

    node: str
    device: str
    group: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class EquipmentSeed(_Named):
    """`[[equipment]]`; `type` is an equipment type of the contract, `position` its place in the flow of the line.

    Equipment of one position works side by side; without positions the order of the file is that of the flow.
    """

    workshop: str
    line: str
    type: str
    position: int | None = None
    feeds: tuple[FeedSeed, ...] = ()

    def __post_init__(self) -> None:
        _Named.__post_init__(self)
        if self.type not in equipment_types():
            raise ConfigValueError("type", self.type, ", ".join(equipment_types()))
        if self.position is not None and not 0 <= self.position <= _MAX_POSITION:
            raise ConfigValueError("position", self.position, f"0 to {_MAX_POSITION}")


@dataclass(frozen=True, slots=True, kw_only=True)
class IdealCycleSeed:
    """`[[ideal_cycle]]`; planned run time per item [s] from `valid_from` (a TOML date-time with offset) on."""

    equipment: str
    product: str
    seconds: float
    valid_from: object

    def __post_init__(self) -> None:
        if not 0 < self.seconds < 1e9:  # noqa: PLR2004 - 30 years, far below what int64 microseconds hold
            raise ConfigValueError("seconds", self.seconds, "more than 0 and less than 1e9 s")
        if not isinstance(self.valid_from, datetime) or self.valid_from.tzinfo is None:
            raise ConfigValueError(
                "valid_from", self.valid_from, "a date-time with offset, e.g. 2026-01-01T00:00:00+08:00"
            )

    @property
    def cycle_us(self) -> int:
        """Planned run time per item [us]."""
        return round(self.seconds * 1_000_000)


@dataclass(frozen=True, slots=True, kw_only=True)
class SeedFile:
    """A registry seed: tables of each kind, all optional; references go by code."""

    enterprise: tuple[EnterpriseSeed, ...] = ()
    calendar: tuple[CalendarSeed, ...] = ()
    workshop: tuple[WorkshopSeed, ...] = ()
    line: tuple[LineSeed, ...] = ()
    product: tuple[ProductSeed, ...] = ()
    equipment: tuple[EquipmentSeed, ...] = ()
    ideal_cycle: tuple[IdealCycleSeed, ...] = ()
    bearing: tuple[BearingSeed, ...] = ()
    meter: tuple[MeterSeed, ...] = ()
    factor: tuple[FactorSeed, ...] = ()
    tariff: tuple[TariffSeed, ...] = ()
    reason: tuple[ReasonSeed, ...] = ()


_UNIQUE = {
    "enterprise": ("code",),
    "calendar": ("code",),
    "workshop": ("enterprise", "code"),
    "line": ("workshop", "code"),
    "product": ("enterprise", "code"),
    "equipment": ("code",),
    "ideal_cycle": ("equipment", "product", "valid_from"),
    "bearing": ("equipment", "position"),
    "meter": ("equipment",),
    "factor": ("carrier", "value", "valid_from"),
    "tariff": ("enterprise", "carrier", "valid_from"),
    "reason": ("code",),
}


def read_seed(path: Path) -> SeedFile:
    """Read and check a seed file.

    Raises:
        ConfigError: names file, key, value and what is allowed.
    """
    seed = load_config(SeedFile, path)
    for field in fields(SeedFile):
        rows = getattr(seed, field.name)
        names = _UNIQUE[field.name]
        _refuse_twice(str(path), field.name, names[-1], [tuple(getattr(r, n) for n in names) for r in rows])
    for i, calendar in enumerate(seed.calendar):
        key = f"calendar[{i}]."
        _refuse_twice(str(path), key + "shift", "code", [(s.code,) for s in calendar.shift])
        _refuse_twice(
            str(path), key + "planned_stop", "start", [(s.start, s.end) for s in calendar.planned_stop]
        )
    _refuse_shared_devices(str(path), seed)
    _check_signals(str(path), seed)
    check_meters(str(path), seed.meter, {e.code: e.type for e in seed.equipment})
    check_factors(str(path), seed.factor)
    _refuse_twice(str(path), "reason", "code", [(r.code,) for _, _, r in walk(seed.reason)])
    return seed


def _refuse_twice(source: str, table: str, key: str, keys: Iterable[tuple[Hashable, ...]]) -> None:
    seen: dict[tuple[Hashable, ...], int] = {}
    for i, value in enumerate(keys):
        if value in seen:
            text = "/".join(str(part) for part in value)
            raise ConfigError(
                source, f"{table}[{i}].{key}", text, f"once only; {table}[{seen[value]}] has it already"
            )
        seen[value] = i


def _refuse_shared_devices(source: str, seed: SeedFile) -> None:
    seen: dict[tuple[str, str, str], str] = {}
    for i, equipment in enumerate(seed.equipment):
        for j, feed in enumerate(equipment.feeds):
            key = (feed.group, feed.node, feed.device)
            if key in seen:
                raise ConfigError(
                    source,
                    f"equipment[{i}].feeds[{j}]",
                    f"{feed.node}/{feed.device}",
                    f"a device that feeds no other equipment; {seen[key]} has it already",
                )
            seen[key] = equipment.code


def _check_signals(source: str, seed: SeedFile) -> None:
    types = {e.code: e.type for e in seed.equipment}
    for i, bearing in enumerate(seed.bearing):
        if bearing.equipment not in types:
            continue  # registered before; the database knows its type
        signals = equipment_types()[types[bearing.equipment]].signals
        waveforms = [name for name, s in signals.items() if s.kind is SignalKind.WAVEFORM]
        if bearing.signal not in waveforms:
            allowed = ", ".join(waveforms) or "none: this equipment type has no waveform"
            raise ConfigError(source, f"bearing[{i}].signal", bearing.signal, allowed)
