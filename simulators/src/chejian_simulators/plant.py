"""Plant file: a simulated workshop as frozen dataclasses; every bad value names file, key, value and what is allowed."""

import dataclasses
from collections.abc import Iterable
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from chejian_contract.config import ConfigValueError, Seconds, load_config
from chejian_contract.errors import ConfigError
from chejian_contract.signals import DataType
from chejian_contract.templates import equipment_types

from chejian_simulators.checks import code, positive
from chejian_simulators.energy import Carrier
from chejian_simulators.plant_calendar import CalendarConfig, DayWindow
from chejian_simulators.plant_energy import BufferConfig, FaultConfig, LoadConfig, MeterConfig
from chejian_simulators.plant_machine import MachineConfig, MachineType, Orders, Port, Stoppage, Vibration

__all__ = [
    "BufferConfig",
    "CalendarConfig",
    "DayWindow",
    "FaultConfig",
    "LoadConfig",
    "MachineConfig",
    "MachineType",
    "MeterConfig",
    "Orders",
    "Plant",
    "Port",
    "Report",
    "Stoppage",
    "Vibration",
    "load_plant",
    "shipped_plants",
]

_HALF_MINUTE = Seconds(30)


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
        positive("interval", self.interval)
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
        buffer: buffers of a coupled line.
        load: consumers that are no machines.
        meter: the meters; parents before their children.
        fault: planted faults.
    """

    name: str
    group: str
    node: str
    workshop: str
    calendar: CalendarConfig
    machine: tuple[MachineConfig, ...]
    report: Report = Report()
    buffer: tuple[BufferConfig, ...] = ()
    load: tuple[LoadConfig, ...] = ()
    meter: tuple[MeterConfig, ...] = ()
    fault: tuple[FaultConfig, ...] = ()

    def __post_init__(self) -> None:
        for key in ("group", "node", "workshop"):
            code(key, getattr(self, key))
        if not self.machine:
            raise ConfigValueError("machine", [], "at least one machine")
        _unique("machine", "code", (m.code for m in self.machine), "a code that no other machine has")
        self._check_ports()
        self._check_meters()
        self._check_faults()

    def _check_ports(self) -> None:
        buffers = [b.code for b in self.buffer]
        _unique("buffer", "code", buffers, "a code that no other buffer has")
        for number, machine in enumerate(self.machine):
            for key, port in (("takes", machine.takes), ("gives", machine.gives)):
                if port is not None and port.buffer not in buffers:
                    raise ConfigValueError(
                        f"machine[{number}].{key}.buffer", port.buffer, _one_of("a buffer", buffers)
                    )

    def _check_meters(self) -> None:
        machines, loads = [m.code for m in self.machine], {load.code: load for load in self.load}
        _unique("load", "code", (load.code for load in self.load), "a code that no other load has")
        codes = [*machines, *(m.code for m in self.meter)]
        _unique("meter", "code", codes, "a code that no other machine or meter has", offset=len(machines))
        _unique("meter", "unit_id", (m.unit_id for m in self.meter), "a unit that no other meter has")
        above: dict[str, Carrier] = {}
        measured: set[tuple[str, Carrier]] = set()
        for number, meter in enumerate(self.meter):
            key = f"meter[{number}]"
            if meter.parent and above.get(meter.parent) is not meter.carrier:
                raise ConfigValueError(
                    f"{key}.parent", meter.parent, f"a meter of {meter.carrier.value} told before this one"
                )
            above[meter.code] = meter.carrier
            for name in (*meter.machines, *meter.loads):
                known = name in machines or (name in loads and loads[name].carrier is meter.carrier)
                if not known or (name, meter.carrier) in measured:
                    raise ConfigValueError(
                        key, name, "machines and loads of its carrier that no other meter measures itself"
                    )
                measured.add((name, meter.carrier))

    def _check_faults(self) -> None:
        machines, meters = {m.code: m for m in self.machine}, {m.code: m for m in self.meter}
        for number, fault in enumerate(self.fault):
            key = f"fault[{number}]"
            if fault.equipment in machines:
                _check_machine_fault(key, fault, machines[fault.equipment])
            elif fault.equipment in meters:
                _check_meter_fault(key, fault, meters[fault.equipment])
            else:
                codes = [*machines, *meters]
                raise ConfigValueError(
                    f"{key}.equipment", fault.equipment, _one_of("a machine or meter", codes)
                )


def _check_machine_fault(key: str, fault: FaultConfig, machine: MachineConfig) -> None:
    """A fault that its machine can't have would be in the truth and nowhere else."""
    if fault.kind == "meter_rollover":
        raise ConfigValueError(f"{key}.equipment", fault.equipment, "a meter with a modulus")
    if fault.kind in ("bearing", "imbalance") and (
        machine.vibration is None or machine.vibration.recordings != "none"
    ):
        raise ConfigValueError(
            f"{key}.equipment", fault.equipment, 'a motor_test_stand with vibration.recordings = "none"'
        )
    if fault.product and fault.product not in machine.products:
        raise ConfigValueError(f"{key}.product", fault.product, f"a product of {fault.equipment}")
    if fault.kind in ("drifting_sensor", "filter_clogging", "silent_sensor"):
        measured = [
            s.name for s in equipment_types()[machine.type].signals.values() if s.data_type is DataType.DOUBLE
        ]
        if fault.signal not in measured:
            raise ConfigValueError(f"{key}.signal", fault.signal, f"a measured signal: {', '.join(measured)}")


def _check_meter_fault(key: str, fault: FaultConfig, meter: MeterConfig) -> None:
    if fault.kind not in ("counter_reset", "silent_sensor", "meter_rollover"):
        raise ConfigValueError(f"{key}.equipment", fault.equipment, "a machine")
    if fault.kind == "meter_rollover" and not meter.modulus:
        raise ConfigValueError(f"{key}.equipment", fault.equipment, "a meter with a modulus")


def _unique(table: str, key: str, values: Iterable[object], allowed: str, *, offset: int = 0) -> None:
    seen: set[object] = set()
    for number, value in enumerate(values):
        if value in seen:
            raise ConfigValueError(f"{table}[{number - offset}].{key}", value, allowed)
        seen.add(value)


def _one_of(what: str, codes: Iterable[str]) -> str:
    return f"{what} of the plant: {', '.join(codes)}"


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
