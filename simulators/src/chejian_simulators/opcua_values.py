"""Native values as OPC UA data values."""

from typing import Self, cast

from asyncua import ua
from asyncua.ua.status_codes import StatusCodes
from chejian_contract.signals import DataType

from chejian_simulators.changes import Value
from chejian_simulators.shifts import to_datetime

VARIANT_TYPES = {
    DataType.INT32: ua.VariantType.Int32,
    DataType.INT64: ua.VariantType.Int64,
    DataType.DOUBLE: ua.VariantType.Double,
    DataType.STRING: ua.VariantType.String,
    DataType.BOOLEAN: ua.VariantType.Boolean,
    DataType.FLOAT_ARRAY: ua.VariantType.Float,
}
"""OPC UA type of each signal data type; a FLOAT_ARRAY is a one-dimensional array of Float."""


class WaveValues(list[float]):
    """The values of one waveform block.

    Each block is a measurement of its own: it equals only itself, so a server that compares new with old values tells
    every block, also one that repeats a recording. It is never changed, so a copy of it is itself.
    """

    def __eq__(self, other: object) -> bool:
        return self is other

    def __ne__(self, other: object) -> bool:
        return self is not other

    __hash__ = None

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: object) -> Self:
        return self


def data_value(value: Value, time_ms: int, kind: DataType) -> ua.DataValue:
    """A good OPC UA value with its exact source time, or BadNoCommunication where the sensor is silent.

    Args:
        value: native value of the signal.
        time_ms: source time [ms since 1970 UTC].
        kind: data type of the signal.
    """
    stamp = cast("ua.DateTime", to_datetime(time_ms))  # the library takes any datetime
    if value is None:
        return ua.DataValue(
            Value=ua.Variant(None, ua.VariantType.Null),
            StatusCode=ua.StatusCode(ua.UInt32(StatusCodes.BadNoCommunication)),
            SourceTimestamp=stamp,
            ServerTimestamp=stamp,
        )
    if isinstance(value, int | float | str):
        native: object = value if kind is not DataType.DOUBLE else float(value)
    else:
        native = WaveValues(value.samples().tolist())
    return ua.DataValue(
        Value=ua.Variant(native, VARIANT_TYPES[kind], is_array=kind is DataType.FLOAT_ARRAY),
        SourceTimestamp=stamp,
        ServerTimestamp=stamp,
    )


def waiting() -> ua.DataValue:
    """The value of a signal that has told nothing yet."""
    return ua.DataValue(
        Value=ua.Variant(None, ua.VariantType.Null),
        StatusCode=ua.StatusCode(ua.UInt32(StatusCodes.BadWaitingForInitialData)),
    )
