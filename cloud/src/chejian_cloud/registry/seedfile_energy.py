"""Meters and conversion factors in the registry seed file, and every check of them that needs no database."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from chejian_analytics.energy import Carrier, Factor, FactorTable, Value
from chejian_contract.config import ConfigValueError
from chejian_contract.errors import ConfigError

from chejian_cloud.energy.carriers import METER_TYPES, unit_of

_LONGEST_INTERVAL_S = 86_400.0
_INT64 = 2**63
_CONFIDENCE = ("A", "B", "C")
_A_DATE = "a date, e.g. 2026-01-01"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplacementSeed:
    """`[[meter.replacement]]`; `time` is a TOML date-time with offset.

    `closing` and `opening` are the last reading of the old and the first of the new meter in register units, where
    somebody wrote them down.
    """

    time: object
    closing: int | None = None
    opening: int | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.time, datetime) or self.time.tzinfo is None:
            raise ConfigValueError(
                "time", self.time, "a date-time with offset, e.g. 2026-01-01T00:00:00+08:00"
            )
        for key in ("closing", "opening"):
            value = getattr(self, key)
            if value is not None and not 0 <= value < _INT64:
                raise ConfigValueError(key, value, "0 to 2**63 - 1 register units")


@dataclass(frozen=True, slots=True, kw_only=True)
class MeterSeed:
    """`[[meter]]`; `equipment` is the code of an equipment of a meter type.

    Attributes:
        equipment: the meter itself.
        carrier: energy carrier.
        parent: code of the meter above it, of the same carrier; "" for none.
        machines: codes of the equipment whose use it counts; with exactly one, its energy is told by the machine's
            state, product and order.
        interval_s: distance of its stored readings [s]: of a meter that keeps records theirs, of a counter that is
            polled the heartbeat (30 s unless the edge's file says otherwise). Time between readings that are further
            apart than twice this and 10 s does not count as covered.
        modulus: value at which its register starts again at 0; None for never.
        made_on_site: whether the site makes this medium (compressed air, steam) from energy that other meters count;
            it is shown, but standard coal counts once (GB/T 2589-2020, 6).
        replacement: exchanges of the meter, in order of time.
    """

    equipment: str
    carrier: Carrier
    parent: str = ""
    machines: tuple[str, ...] = ()
    interval_s: float = 60.0
    modulus: int | None = None
    made_on_site: bool = False
    replacement: tuple[ReplacementSeed, ...] = ()

    def __post_init__(self) -> None:
        if not 1 <= self.interval_s <= _LONGEST_INTERVAL_S or self.interval_s * 1000 % 1:
            raise ConfigValueError(
                "interval_s", self.interval_s, f"1 to {_LONGEST_INTERVAL_S:g} s, whole milliseconds"
            )
        if self.modulus is not None and not 2 <= self.modulus < _INT64:  # noqa: PLR2004 - a counter needs two values
            raise ConfigValueError("modulus", self.modulus, "2 to 2**63 - 1 register units")
        if self.parent == self.equipment:
            raise ConfigValueError("parent", self.parent, "another meter")
        if len(set(self.machines)) < len(self.machines):
            raise ConfigValueError("machines", list(self.machines), "each machine once")
        times = [r.time for r in self.replacement]
        if times != sorted(set(times)):  # type: ignore[type-var]  # date-times, checked above
            raise ConfigValueError("replacement", len(times), "in order of time, one at a time")

    @property
    def interval_us(self) -> int:
        """Distance of its readings [us]."""
        return round(self.interval_s * 1_000_000)


@dataclass(frozen=True, slots=True, kw_only=True)
class FactorSeed:
    """`[[factor]]`; a site's own conversion factor, which wins over the one that ships with Chejian.

    Attributes:
        carrier: energy carrier.
        value: "equivalent" 当量值 or "equal" 等价值; figures use the equivalent one.
        kgce: kilograms of standard coal for one unit of the carrier.
        unit: the carrier's unit, to be sure.
        valid_from: first day, a TOML date.
        valid_to: first day on which it no longer holds; left out: still in force.
        source: where the number comes from, e.g. a supplier's certificate.
        confidence: "A" seen in two sources, "B" in one, "C" to be verified.
        note: for people.
    """

    carrier: Carrier
    kgce: float
    unit: str
    valid_from: object
    source: str
    value: Value = Value.EQUIVALENT
    valid_to: object | None = None
    confidence: str = "B"
    note: str = ""

    def __post_init__(self) -> None:
        if not 0 < self.kgce < 1e6:  # noqa: PLR2004 - far above any fuel
            raise ConfigValueError("kgce", self.kgce, "more than 0 and less than 1e6")
        if self.unit != unit_of(self.carrier):
            raise ConfigValueError("unit", self.unit, unit_of(self.carrier))
        for key in ("valid_from", "valid_to"):
            value = getattr(self, key)
            optional = key == "valid_to" and value is None
            if not optional and (not isinstance(value, date) or isinstance(value, datetime)):
                raise ConfigValueError(key, value, _A_DATE)
        if not self.source:
            raise ConfigValueError("source", self.source, "where the number comes from")
        if self.confidence not in _CONFIDENCE:
            raise ConfigValueError("confidence", self.confidence, ", ".join(_CONFIDENCE))

    @property
    def factor(self) -> Factor:
        """As the analytics know it; the number is the decimal that the file shows."""
        assert isinstance(self.valid_from, date)  # noqa: S101 - checked above
        assert self.valid_to is None or isinstance(self.valid_to, date)  # noqa: S101 - checked above
        return Factor(
            self.carrier,
            self.unit,
            self.value,
            Decimal(repr(self.kgce)),
            self.valid_from,
            self.valid_to,
            self.source,
            self.confidence,
            self.note,
        )


def check_meters(source: str, meters: Sequence[MeterSeed], types: Mapping[str, str]) -> None:
    """Check what meters say of equipment that stands in the same file.

    Args:
        source: name of the file.
        meters: of the file.
        types: equipment type by code.

    Raises:
        ConfigError: names file, key, value and what is allowed.
    """
    for i, meter in enumerate(meters):
        kind = types.get(meter.equipment)
        if kind is not None:
            check_carrier(source, f"meter[{i}]", meter, kind)
        for j, machine in enumerate(meter.machines):
            if types.get(machine) in METER_TYPES:
                raise ConfigError(source, f"meter[{i}].machines[{j}]", machine, "equipment that is no meter")


def check_carrier(source: str, key: str, meter: MeterSeed, kind: str) -> None:
    """Check that an equipment type is a meter for a carrier.

    Raises:
        ConfigError: it is not.
    """
    if kind not in METER_TYPES:
        allowed = f"equipment of type {', '.join(METER_TYPES)}; this is a {kind}"
        raise ConfigError(source, f"{key}.equipment", meter.equipment, allowed)
    if meter.carrier not in METER_TYPES[kind].carriers:
        allowed = ", ".join(METER_TYPES[kind].carriers)
        raise ConfigError(source, f"{key}.carrier", meter.carrier.value, f"{allowed} for a {kind}")


def check_factors(source: str, factors: Sequence[FactorSeed]) -> None:
    """Refuse factors that hold on the same day.

    Raises:
        ConfigError: names the file and the two.
    """
    try:
        FactorTable(f.factor for f in factors)
    except ValueError as error:
        raise ConfigError(source, "factor", len(factors), f"one factor at a time: {error}") from error
