"""Sparkplug B payloads: build, parse, and the value of a metric by its type.

The specification is silent on how a negative integer is put into the unsigned carrier; encoders in the wild use an
8, 16 or 32-bit two's complement. Here: Int8-32 as 32-bit, Int64 as 64-bit on encode; masked to the width on decode.
"""

from collections.abc import Mapping

from google.protobuf.message import DecodeError

from chejian_contract.errors import PayloadError
from chejian_contract.samples import Quality
from chejian_contract.sparkplug.arrays import Item, pack_array, unpack_array
from chejian_contract.sparkplug.datatypes import ARRAY_CODES, SIGNED_BITS, TEXT_CODES, UNSIGNED_BITS, Code
from chejian_contract.sparkplug.sparkplug_b_pb2 import Payload

Metric = Payload.Metric
Value = bool | int | float | str | bytes | list[Item] | None

PROPERTY_QUALITY = "Quality"
PROPERTY_QUANTITY = "Quantity"
PROPERTY_UNIT = "engUnit"
PROPERTY_KIND = "Kind"
PROPERTY_ROLE = "Role"
PROPERTY_SAMPLE_RATE = "SampleRate"
"""[Hz], on waveforms in births."""
PROPERTY_RETIRED = "Retired"
"""Boolean, on births: the alias stands for an earlier type or unit of the name."""

_MASK32 = 0xFFFFFFFF
_MASK64 = 0xFFFFFFFFFFFFFFFF


def parse_payload(data: bytes) -> Payload:
    """Parse a payload.

    Raises:
        PayloadError: when it is no Sparkplug B protobuf.
    """
    try:
        return Payload.FromString(data)
    except DecodeError as error:
        raise PayloadError(f"payload of {len(data)} bytes is no Sparkplug B protobuf: {error}") from error


def add_metric(
    payload: Payload,
    code: Code,
    value: Value,
    *,
    time_ms: int,
    name: str = "",
    alias: int | None = None,
    quality: Quality = Quality.GOOD,
    historical: bool = False,
    properties: Mapping[str, bool | int | float | str] | None = None,
) -> Metric:
    """Append a metric to `payload`.

    Args:
        payload: changed in place.
        code: data type; written in births only, that is where `name` is given.
        value: of the Python type that the data type calls for; None sets `is_null`.
        time_ms: milliseconds since 1970 UTC.
        name: metric name; "" leaves it out (data messages with an alias).
        alias: metric alias; None leaves it out.
        quality: written as property when not GOOD.
        historical: sets `is_historical`.
        properties: more properties, typed by their Python type.

    Raises:
        PayloadError: when the value does not fit the data type.
    """
    metric = payload.metrics.add()
    if name:
        metric.name = name
        metric.datatype = int(code)
    if alias is not None:
        metric.alias = alias
    metric.timestamp = time_ms
    if historical:
        metric.is_historical = True
    if quality is not Quality.GOOD:
        _add_property(metric, PROPERTY_QUALITY, int(quality))
    for key, prop in (properties or {}).items():
        _add_property(metric, key, prop)
    set_value(metric, code, value)
    return metric


def set_value(metric: Metric, code: Code, value: Value) -> None:
    """Put `value` into the carrier field of its type.

    Raises:
        PayloadError: names metric, type and value when they do not fit.
    """
    try:
        if value is None:
            metric.is_null = True
        elif code in SIGNED_BITS or code in UNSIGNED_BITS:
            _set_integer(metric, code, value)
        elif code is Code.DOUBLE:
            metric.double_value = value  # type: ignore[assignment]  # protobuf checks the type itself
        elif code is Code.FLOAT:
            metric.float_value = value  # type: ignore[assignment]  # same
        elif code is Code.BOOLEAN:
            metric.boolean_value = value  # type: ignore[assignment]  # same
        elif code in TEXT_CODES:
            metric.string_value = value  # type: ignore[assignment]  # same
        elif isinstance(value, bytes):
            metric.bytes_value = value
        elif code in ARRAY_CODES and isinstance(value, list):
            metric.bytes_value = pack_array(code, value)
        else:
            raise TypeError(f"no carrier for {code.name}")  # noqa: TRY301 - one place words the error
    except (TypeError, ValueError) as error:
        raise PayloadError(
            f"metric {metric.name or metric.alias!r}: {value!r} is no {code.name}: {error}"
        ) from error


def get_value(metric: Metric, code: Code) -> Value:
    """Read the value as the Python type of `code`; None when `is_null`.

    Raises:
        PayloadError: when the carrier does not belong to the type.
    """
    if metric.is_null:
        return None
    carrier = metric.WhichOneof("value")
    if code in SIGNED_BITS and carrier in ("int_value", "long_value"):
        bits = SIGNED_BITS[code]
        raw = int(getattr(metric, carrier)) & ((1 << bits) - 1)
        return raw - (1 << bits) if raw >> (bits - 1) else raw
    if code in UNSIGNED_BITS and carrier in ("int_value", "long_value"):
        return int(getattr(metric, carrier)) & ((1 << UNSIGNED_BITS[code]) - 1)
    if code in ARRAY_CODES and carrier == "bytes_value":
        return unpack_array(code, metric.bytes_value)
    expected = _CARRIERS.get(code, "string_value" if code in TEXT_CODES else "")
    if carrier != expected or carrier is None:
        raise PayloadError(f"metric {metric.name or metric.alias!r} of type {code.name} holds {carrier}")
    value: Value = getattr(metric, carrier)
    return value


_CARRIERS = {
    Code.FLOAT: "float_value",
    Code.DOUBLE: "double_value",
    Code.BOOLEAN: "boolean_value",
    Code.BYTES: "bytes_value",
    Code.FILE: "bytes_value",
}


def get_properties(metric: Metric) -> dict[str, bool | int | float | str]:
    """Scalar properties of a metric by key; nested sets and nulls are left out."""
    out: dict[str, bool | int | float | str] = {}
    for key, value in zip(metric.properties.keys, metric.properties.values, strict=False):
        carrier = value.WhichOneof("value")
        if carrier and not carrier.startswith("propertyset"):
            out[key] = getattr(value, carrier)
    return out


def get_quality(metric: Metric) -> Quality:
    """Quality property of a metric; GOOD where it is absent, BAD for a number that Sparkplug does not know."""
    number = get_properties(metric).get(PROPERTY_QUALITY, int(Quality.GOOD))
    try:
        return Quality(int(number))
    except ValueError:
        return Quality.BAD


def _set_integer(metric: Metric, code: Code, value: Value) -> None:
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError("not an integer")
    bits = SIGNED_BITS.get(code) or UNSIGNED_BITS[code]
    low = -(1 << (bits - 1)) if code in SIGNED_BITS else 0
    if not low <= value < low + (1 << bits):
        raise ValueError(f"outside {low}..{low + (1 << bits) - 1}")
    if bits == 64:  # noqa: PLR2004 - the wide carrier
        metric.long_value = value & _MASK64
    else:
        metric.int_value = value & _MASK32


def _add_property(metric: Metric, key: str, value: bool | float | str) -> None:
    metric.properties.keys.append(key)
    prop = metric.properties.values.add()
    if isinstance(value, bool):
        prop.type, prop.boolean_value = int(Code.BOOLEAN), value
    elif isinstance(value, int):
        prop.type, prop.int_value = int(Code.INT32), value & _MASK32
    elif isinstance(value, float):
        prop.type, prop.double_value = int(Code.DOUBLE), value
    else:
        prop.type, prop.string_value = int(Code.STRING), value
