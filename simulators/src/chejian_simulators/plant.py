"""Plant file: a simulated workshop as frozen dataclasses; every bad value names file, key, value and what is allowed."""

import dataclasses
import zoneinfo
from dataclasses import dataclass
from datetime import time
from importlib import resources
from pathlib import Path
from typing import Literal

from chejian_contract.config import ConfigValueError, Seconds, load_config
from chejian_contract.equipment import check_code
from chejian_contract.errors import ConfigError, IdentifierError

_NONE, _HALF_MINUTE, _HOUR = Seconds(0), Seconds(30), Seconds(3600)

MachineType = Literal["cnc_machining_centre", "motor_test_stand"]


def _positive(key: str, value: float) -> None:
    if not value > 0:
        raise ConfigValueError(key, value, "a number above 0")


def _share(key: str, value: float) -> None:
    if not 0 <= value <= 1:
        raise ConfigValueError(key, value, "a number from 0 to 1")


def _code(key: str, value: str) -> None:
    try:
        check_code(value, key)
    except IdentifierError as error:
        raise ConfigValueError(key, value, str(error)) from error


def _clock(key: str, text: str) -> time:
    try:
        moment = time.fromisoformat(text)
    except ValueError as error:
        raise ConfigValueError(key, text, 'a local time of day such as "20:00"') from error
    if moment.tzinfo is not None or moment.second or moment.microsecond:
        raise ConfigValueError(key, text, 'a local time of day such as "20:00"')
    return moment


@dataclass(frozen=True, slots=True)
class DayWindow:
    """A stretch of every local day; an end at or before the start lies on the next day.

    Attributes:
        code: name of the shift or stop.
        start: local time of day, "HH:MM".
        end: local time of day, "HH:MM"; equal to the start is refused.
    """

    code: str
    start: str
    end: str

    def __post_init__(self) -> None:
        if _clock("start", self.start) == _clock("end", self.end):
            raise ConfigValueError("end", self.end, "another time of day than start")

    @property
    def start_time(self) -> time:
        """Start as a time of day."""
        return time.fromisoformat(self.start)

    @property
    def end_time(self) -> time:
        """End as a time of day."""
        return time.fromisoformat(self.end)


@dataclass(frozen=True, slots=True)
class CalendarConfig:
    """When the workshop works.

    Attributes:
        timezone: IANA name of the zone that the times of day are told in.
        shift: scheduled time.
        planned_stop: stops inside the shifts that are no loss (meals).
    """

    timezone: str
    shift: tuple[DayWindow, ...]
    planned_stop: tuple[DayWindow, ...] = ()

    def __post_init__(self) -> None:
        try:
            zoneinfo.ZoneInfo(self.timezone)
        except (zoneinfo.ZoneInfoNotFoundError, ValueError) as error:
            raise ConfigValueError("timezone", self.timezone, "an IANA zone such as Asia/Shanghai") from error
        if not self.shift:
            raise ConfigValueError("shift", [], "at least one shift")


@dataclass(frozen=True, slots=True)
class Stoppage:
    """Stops that come at random and last a log-normal time.

    Attributes:
        every: mean producing time between two of them, > 0.
        median: median duration, > 0.
        sigma: standard deviation of the duration's logarithm, 0 to 2.
        shape: Weibull shape of the time between two; 1 is memoryless, above 1 wears out, > 0.
    """

    every: Seconds
    median: Seconds
    sigma: float = 0.5
    shape: float = 1.0

    def __post_init__(self) -> None:
        _positive("every", self.every)
        _positive("median", self.median)
        _positive("shape", self.shape)
        if not 0 <= self.sigma <= 2:  # noqa: PLR2004 - e^(2*2) spans half a minute to a day; more is a typing error
            raise ConfigValueError("sigma", self.sigma, "a number from 0 to 2")


@dataclass(frozen=True, slots=True)
class Orders:
    """How orders come.

    Attributes:
        smallest: fewest pieces of an order, >= 1.
        largest: most pieces of an order, >= smallest.
        set_up: median set-up time at a change of product; 0 for none.
        night_gap: probability that no order follows one that ends in the night.
        gap: median length of such a gap.
        off_after: an idle machine is switched off after this time; 0 for never.
    """

    smallest: int
    largest: int
    set_up: Seconds = _NONE
    night_gap: float = 0.0
    gap: Seconds = _HOUR
    off_after: Seconds = _NONE

    def __post_init__(self) -> None:
        _positive("smallest", self.smallest)
        if self.largest < self.smallest:
            raise ConfigValueError(
                "largest", self.largest, f"an integer of at least smallest = {self.smallest}"
            )
        _share("night_gap", self.night_gap)
        _positive("gap", self.gap)
        for key in ("set_up", "off_after"):
            if getattr(self, key) < 0:
                raise ConfigValueError(key, getattr(self, key), "a duration of at least 0")


@dataclass(frozen=True, slots=True)
class Vibration:
    """What the vibration channel of a test stand delivers.

    Attributes:
        sample_rate: [Hz], whole, > 0.
        length: seconds of one block made by the model, > 0.
        faults: share of motors with a planted bearing fault (physical model only), 0 to 1.
        mains_hz: frequency of the supply whose hum is picked up [Hz].
        recordings: "faults" plays the drive-end fault records, "healthy" the normal record, when recordings are given.
    """

    sample_rate: int
    length: Seconds
    faults: float = 0.0
    mains_hz: float = 50.0
    recordings: Literal["faults", "healthy"] = "healthy"

    def __post_init__(self) -> None:
        _positive("sample_rate", self.sample_rate)
        _positive("length", self.length)
        _positive("mains_hz", self.mains_hz)
        _share("faults", self.faults)


@dataclass(frozen=True, slots=True)
class MachineConfig:
    """One simulated machine.

    Attributes:
        code: equipment code.
        line: code of the line it stands in.
        type: equipment type (a template of the contract).
        products: code of each product it makes and its ideal cycle time [s].
        slowness: mean of real over ideal cycle time, 1 to 3.
        spread: standard deviation of that ratio, 0 to 0.5.
        scrap: probability that a piece is scrap, 0 to 1.
        orders: how orders come.
        failure: own malfunctions.
        operator: short stops by the operator.
        starved: waits for material.
        blocked: waits for removal; a type without such a state has none.
        service: maintenance; a type without such a state has none.
        vibration: test stands only.
    """

    code: str
    line: str
    type: MachineType
    products: dict[str, float]
    slowness: float
    spread: float
    scrap: float
    orders: Orders
    failure: Stoppage
    operator: Stoppage
    starved: Stoppage
    blocked: Stoppage | None = None
    service: Stoppage | None = None
    vibration: Vibration | None = None

    def __post_init__(self) -> None:
        _code("code", self.code)
        _code("line", self.line)
        if not self.products:
            raise ConfigValueError(
                "products", self.products, "at least one product with its ideal cycle time [s]"
            )
        for product, seconds in self.products.items():
            _positive(f"products.{product}", seconds)
        if not 1 <= self.slowness <= 3:  # noqa: PLR2004 - below 1 beats the ideal, above 3 is no production
            raise ConfigValueError("slowness", self.slowness, "a number from 1 to 3")
        if not 0 <= self.spread <= 0.5:  # noqa: PLR2004 - cycle times stay positive
            raise ConfigValueError("spread", self.spread, "a number from 0 to 0.5")
        _share("scrap", self.scrap)
        self._check_type()

    def _check_type(self) -> None:
        stand = self.type == "motor_test_stand"
        if stand and self.vibration is None:
            raise ConfigValueError("vibration", None, "a table, required for motor_test_stand")
        if not stand and self.vibration is not None:
            raise ConfigValueError("vibration", "a table", "nothing, only a motor_test_stand has it")
        for key in ("blocked", "service"):
            if stand and getattr(self, key) is not None:
                raise ConfigValueError(key, "a table", "nothing, a motor_test_stand has no such state")
        if stand and self.orders.off_after:
            raise ConfigValueError(
                "orders.off_after", self.orders.off_after, "0, a motor_test_stand has no such state"
            )


@dataclass(frozen=True, slots=True)
class Report:
    """Report by exception: a value is looked at every `interval` and told when it left the deadband.

    Attributes:
        interval: mean time between two looks at an analog value of a running machine, > 0.
        deadband: by signal name, in the signal's unit; a signal not listed is told at every look when it differs.
    """

    interval: Seconds = _HALF_MINUTE
    deadband: dict[str, float] = dataclasses.field(default_factory=dict)

    def __post_init__(self) -> None:
        _positive("interval", self.interval)
        for name, width in self.deadband.items():
            if width < 0:
                raise ConfigValueError(f"deadband.{name}", width, "a number of at least 0")


@dataclass(frozen=True, slots=True)
class Plant:
    """A simulated workshop.

    Attributes:
        name: name of the plant file.
        group: enterprise code (Sparkplug group).
        node: edge node that reads it.
        workshop: workshop code.
        calendar: shifts and planned stops.
        machine: the machines; their order numbers the random generators.
        report: report by exception.
    """

    name: str
    group: str
    node: str
    workshop: str
    calendar: CalendarConfig
    machine: tuple[MachineConfig, ...]
    report: Report = Report()

    def __post_init__(self) -> None:
        for key in ("group", "node", "workshop"):
            _code(key, getattr(self, key))
        if not self.machine:
            raise ConfigValueError("machine", [], "at least one machine")
        seen: set[str] = set()
        for number, machine in enumerate(self.machine):
            if machine.code in seen:
                raise ConfigValueError(
                    f"machine[{number}].code", machine.code, "a code that no other machine has"
                )
            seen.add(machine.code)


def shipped_plants() -> tuple[str, ...]:
    """Names of the plant files that ship with Chejian."""
    folder = resources.files("chejian_simulators").joinpath("plants")
    return tuple(sorted(f.name.removesuffix(".toml") for f in folder.iterdir() if f.name.endswith(".toml")))


def load_plant(name_or_path: str) -> Plant:
    """Read a shipped plant by its name, or a plant file by its path (ending in ".toml").

    Raises:
        ConfigError: names file, key, value and what is allowed.
    """
    if name_or_path.endswith(".toml"):
        return load_config(Plant, Path(name_or_path))
    if name_or_path not in shipped_plants():
        raise ConfigError(
            "--plant", "plant", name_or_path, f"{', '.join(shipped_plants())} or the path of a .toml file"
        )
    with resources.as_file(resources.files("chejian_simulators") / "plants" / f"{name_or_path}.toml") as path:
        return load_config(Plant, path)
