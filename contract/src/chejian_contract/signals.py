"""Signals: what a tag means, told by quantity, unit, kind and role rather than by its name."""

from dataclasses import dataclass
from enum import StrEnum

from chejian_contract.quantities import Quantity, unit_of


class SignalKind(StrEnum):
    """How values of a signal behave over time."""

    MEASUREMENT = "measurement"
    TOTAL = "total"
    TOTAL_INCREASING = "total_increasing"
    STATE = "state"
    EVENT = "event"
    WAVEFORM = "waveform"


class Role(StrEnum):
    """What analytics ask for: "the machine-state signal of this equipment", never a tag name."""

    MACHINE_STATE = "machine_state"
    OPERATION_MODE = "operation_mode"
    PRODUCED_COUNT = "produced_count"
    GOOD_COUNT = "good_count"
    SCRAP_COUNT = "scrap_count"
    REWORK_COUNT = "rework_count"
    ROTATIONAL_SPEED = "rotational_speed"
    VIBRATION_WAVEFORM = "vibration_waveform"
    ACTIVE_POWER = "active_power"
    ACTIVE_ENERGY = "active_energy"
    STEAM_TOTAL = "steam_total"
    STEAM_FLOW = "steam_flow"
    GAS_TOTAL = "gas_total"
    GAS_FLOW = "gas_flow"
    WATER_TOTAL = "water_total"
    WATER_FLOW = "water_flow"
    COMPRESSED_AIR_TOTAL = "compressed_air_total"
    COMPRESSED_AIR_FLOW = "compressed_air_flow"
    PRODUCT = "product"
    ORDER = "order"
    PART_ID = "part_id"
    FILTER_PRESSURE_DROP = "filter_pressure_drop"
    NONE = ""


class DataType(StrEnum):
    """Sparkplug data types that signals use (names of the Sparkplug 3.0 DataType enumeration)."""

    INT32 = "Int32"
    INT64 = "Int64"
    DOUBLE = "Double"
    BOOLEAN = "Boolean"
    STRING = "String"
    FLOAT_ARRAY = "FloatArray"


_TYPE_OF_KIND = {
    SignalKind.MEASUREMENT: DataType.DOUBLE,
    SignalKind.TOTAL: DataType.INT64,
    SignalKind.TOTAL_INCREASING: DataType.INT64,
    SignalKind.STATE: DataType.INT32,
    SignalKind.EVENT: DataType.STRING,
    SignalKind.WAVEFORM: DataType.FLOAT_ARRAY,
}


@dataclass(frozen=True, slots=True)
class SignalDef:
    """A signal of an equipment.

    Attributes:
        name: Sparkplug metric name, e.g. "Counts/Produced"; '/' groups.
        quantity: what it measures.
        unit: one of the quantity's units; values are published and stored in it.
        kind: how it behaves.
        role: what analytics use it as; "" for none.
        sample_rate: [Hz], waveforms only, else 0.
    """

    name: str
    quantity: Quantity
    unit: str
    kind: SignalKind
    role: Role = Role.NONE
    sample_rate: float = 0.0

    def __post_init__(self) -> None:
        unit_of(self.quantity, self.unit)

    @property
    def data_type(self) -> DataType:
        """Sparkplug type that the kind travels as."""
        return _TYPE_OF_KIND[self.kind]
