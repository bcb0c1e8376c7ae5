"""The plan: configuration, equipment types and drivers joined into the signals that the edge reads."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chejian_contract.config import ConfigValueError, from_table
from chejian_contract.errors import ConfigError
from chejian_contract.quantities import units_of
from chejian_contract.signals import Role, SignalDef, SignalKind
from chejian_contract.templates import EquipmentType, equipment_types

from chejian_edge.acquisition import EACH_BLOCK, Acquisition
from chejian_edge.config import EdgeConfig, EquipmentConfig, SignalConfig, load_edge_config
from chejian_edge.driver import Driver, DriverKind, SourceOptions
from chejian_edge.drivers import driver_names, load_driver
from chejian_edge.errors import AddressError, DriverMissingError
from chejian_edge.transform import Transform, compile_transform, mode_map_of, state_map_of


@dataclass(frozen=True)
class SourcePlan:
    """A source: its checked options and the driver that reads it."""

    options: SourceOptions
    kind: DriverKind

    def create(self) -> Driver:
        """Make a driver; no I/O."""
        return self.kind.create(self.options)


@dataclass(frozen=True)
class SignalPlan:
    """One signal of one device.

    Attributes:
        device: equipment code.
        definition: name, quantity, unit, kind, role and sample rate as published.
        source: name of the source.
        address: as parsed by the driver.
        transform: from the source's raw value to the published one.
        deadband: [signal's unit], 0 for none.
        heartbeat_ms: [ms], 0 for none (events and waveforms hold until changed).
        acquisition: which blocks of a waveform are sent.
    """

    device: str
    definition: SignalDef
    source: str
    address: Any
    transform: Transform
    deadband: float
    heartbeat_ms: int
    acquisition: Acquisition = EACH_BLOCK


@dataclass(frozen=True)
class DevicePlan:
    """A device: code, line and equipment type as announced at birth, and the source that it is read from."""

    code: str
    line: str
    type: str
    source: str


@dataclass(frozen=True)
class EdgePlan:
    """Everything the agent needs; making it does no I/O but reading the file."""

    config: EdgeConfig
    sources: Mapping[str, SourcePlan]
    devices: Mapping[str, DevicePlan]
    signals: tuple[SignalPlan, ...]

    @property
    def device_sources(self) -> Mapping[str, str]:
        """Name of the source of each device."""
        return {code: device.source for code, device in self.devices.items()}

    @property
    def workshop(self) -> str:
        """Workshop code that devices announce."""
        return self.config.node.workshop or self.config.node.name


def load_plan(path: Path) -> EdgePlan:
    """Read and check the whole configuration.

    Raises:
        ConfigError: names file, key, value and what is allowed.
        DriverMissingError: a driver's library is not installed.
    """
    config = load_edge_config(path)
    where = str(path)
    sources = _sources(config, where, path.parent)
    signals = []
    devices: dict[str, DevicePlan] = {}
    parsers = {name: plan.create() for name, plan in sources.items()}
    for i, equipment in enumerate(config.equipment):
        key = f"equipment[{i}]"
        known = _equipment_type(equipment, where, key)
        if equipment.code in devices:
            raise ConfigError(where, f"{key}.code", equipment.code, "a code that occurs once")
        if equipment.source not in sources:
            raise ConfigError(where, f"{key}.source", equipment.source, "one of " + _names(sources))
        devices[equipment.code] = DevicePlan(equipment.code, equipment.line, equipment.type, equipment.source)
        signals += _signals(config, equipment, known, parsers[equipment.source], where, key)
    return EdgePlan(config, sources, devices, tuple(signals))


def _names(table: Mapping[str, object]) -> str:
    return ", ".join(sorted(table)) or "none configured"


def _sources(config: EdgeConfig, where: str, base: Path) -> dict[str, SourcePlan]:
    sources: dict[str, SourcePlan] = {}
    for i, table in enumerate(config.source):
        key = f"source[{i}]"
        driver = table.get("driver")
        if not isinstance(driver, str) or driver not in driver_names():
            raise ConfigError(where, f"{key}.driver", driver, "one of " + ", ".join(driver_names()))
        try:
            kind = load_driver(driver)
        except DriverMissingError as error:
            raise DriverMissingError(f"{where}: key '{key}.driver': {error}") from error
        options = from_table(kind.options, table, source=where, key=key, base=base)
        if options.name in sources:
            raise ConfigError(where, f"{key}.name", options.name, "a name that occurs once")
        sources[options.name] = SourcePlan(options, kind)
    return sources


def _equipment_type(equipment: EquipmentConfig, where: str, key: str) -> EquipmentType:
    types = equipment_types()
    if equipment.type not in types:
        raise ConfigError(where, f"{key}.type", equipment.type, "one of " + _names(types))
    return types[equipment.type]


def _signals(
    config: EdgeConfig, equipment: EquipmentConfig, known: EquipmentType, driver: Driver, where: str, key: str
) -> list[SignalPlan]:
    out: list[SignalPlan] = []
    for j, signal in enumerate(equipment.signal):
        at = f"{key}.signal[{j}]"
        if any(s.definition.name == signal.name for s in out):
            raise ConfigError(where, f"{at}.name", signal.name, "a name that occurs once in its equipment")
        try:
            definition = _definition(signal, known)
            address = driver.parse(signal.address)
            transform = _transform(signal, definition)
            acquisition = _acquisition(signal, definition.kind)
        except ConfigValueError as error:
            raise ConfigError(where, f"{at}.{error.key}", error.value, error.allowed) from error
        except AddressError as error:
            raise ConfigError(where, f"{at}.address", error.address, error.allowed) from error
        out.append(
            SignalPlan(
                equipment.code,
                definition,
                equipment.source,
                address,
                transform,
                signal.deadband,
                _heartbeat_ms(config, signal, definition),
                acquisition,
            )
        )
    return out


def _definition(signal: SignalConfig, known: EquipmentType) -> SignalDef:
    template = known.signals.get(signal.name)
    if template is None:
        return _own_definition(signal, known)
    for key in ("quantity", "kind", "role"):
        given = getattr(signal, key)
        if given is not None and given != getattr(template, key):
            raise ConfigValueError(
                key, given.value, f"leave it out; type {known.id} says {getattr(template, key).value!r}"
            )
    _check_rate(signal, template.kind)
    return SignalDef(
        template.name, template.quantity, template.unit, template.kind, template.role, signal.sample_rate
    )


def _own_definition(signal: SignalConfig, known: EquipmentType) -> SignalDef:
    if not signal.name or signal.name.startswith(
        ("Ledger/", "Equipment/", "Node Control/", "Device Control/")
    ):
        raise ConfigValueError("name", signal.name, "a metric name outside the reserved folders")
    if signal.quantity is None or signal.kind is None or signal.unit is None:
        missing = next(k for k in ("quantity", "kind", "unit") if getattr(signal, k) is None)
        raise ConfigValueError(
            missing,
            None,
            f"needed because type {known.id} has no signal {signal.name!r} (it has {_names(known.signals)})",
        )
    _check_unit(signal, units_of(signal.quantity))
    _check_rate(signal, signal.kind)
    return SignalDef(
        signal.name, signal.quantity, signal.unit, signal.kind, signal.role or Role.NONE, signal.sample_rate
    )


def _check_unit(signal: SignalConfig, allowed: tuple[str, ...]) -> None:
    if signal.unit is not None and signal.unit not in allowed:
        raise ConfigValueError("unit", signal.unit, "one of " + ", ".join(repr(u) for u in allowed))


def _check_rate(signal: SignalConfig, kind: SignalKind) -> None:
    if kind is SignalKind.WAVEFORM and not 0 < signal.sample_rate < float("inf"):
        raise ConfigValueError("sample_rate", signal.sample_rate, "more than 0 Hz, waveforms need it")
    if kind is not SignalKind.WAVEFORM and signal.sample_rate:
        raise ConfigValueError("sample_rate", signal.sample_rate, "nothing: only waveforms have it")


def _acquisition(signal: SignalConfig, kind: SignalKind) -> Acquisition:
    for key in ("acquire_every", "acquire_above"):
        if getattr(signal, key) and kind is not SignalKind.WAVEFORM:
            raise ConfigValueError(key, getattr(signal, key), "nothing: only waveforms have it")
    if signal.acquire_above and signal.acquire_every is None:
        raise ConfigValueError("acquire_above", signal.acquire_above, "together with acquire_every")
    return Acquisition(round((signal.acquire_every or 0) * 1000), signal.acquire_above)


def _transform(signal: SignalConfig, definition: SignalDef) -> Transform:
    _check_unit(signal, units_of(definition.quantity))
    if signal.deadband and definition.kind is not SignalKind.MEASUREMENT:
        raise ConfigValueError("deadband", signal.deadband, "nothing: only measurements have it")
    return compile_transform(
        definition,
        unit=signal.unit if signal.unit is not None else definition.unit,
        scale=signal.scale,
        offset=signal.offset,
        states=_codes(signal, definition),
    )


def _codes(signal: SignalConfig, definition: SignalDef) -> Mapping[int, int] | None:
    states = state_map_of(signal.state_map, definition)
    modes = mode_map_of(signal.mode_map, definition)
    return states if modes is None else modes


def _heartbeat_ms(config: EdgeConfig, signal: SignalConfig, definition: SignalDef) -> int:
    if definition.kind in (SignalKind.EVENT, SignalKind.WAVEFORM):
        return 0
    return round((signal.heartbeat or config.pipeline.heartbeat) * 1000)
