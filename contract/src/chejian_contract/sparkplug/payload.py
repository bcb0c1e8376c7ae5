"""Sparkplug B payloads: build, parse, and the value of a metric by its type.

The specification is silent on how a negative integer is put into the unsigned carrier; encoders in the wild use an
8, 16 or 32-bit two's complement. Here: Int8-32 as 32-bit, Int64 as 64-bit on encode; masked to the width on decode.
"""

import math
from collections.abc import Mapping
from typing import Any

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

_CARRIERS = {
    Code.FLOAT: "float_value",
    Code.DOUBLE: "double_value",
    Code.BOOLEAN: "boolean_value",
    Code.BYTES: "bytes_value",
    Code.FILE: "bytes_value",
    **dict.fromkeys(TEXT_CODES, "string_value"),
}
"""Carrier field of the types that are neither integers nor arrays."""

_TYPES: dict[Code, tuple[type, ...]] = {
    Code.FLOAT: (float, int),
    Code.DOUBLE: (float, int),
    Code.BOOLEAN: (bool,),
    Code.BYTES: (bytes,),
    Code.FILE: (bytes,),
    **dict.fromkeys(TEXT_CODES, (str,)),
}
"""Python types of the same."""

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
        payload: changed in place; left as it is when the value does not fit.
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
    metric = Metric()
    set_value(metric, code, value, label=name or alias)
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
    payload.metrics.append(metric)
    return payload.metrics[-1]


def set_value(metric: Metric, code: Code, value: Value, *, label: str | int | None = None) -> None:
    """Put `value` into the carrier field of its type.

    Args:
        metric: changed in place.
        code: data type.
        value: of the Python type that the data type calls for; None sets `is_null`.
        label: names the metric in an error; its own name or alias when left out.

    Raises:
        PayloadError: names metric, type and value when they do not fit.
    """
    try:
        if value is None:
            metric.is_null = True
        elif code in SIGNED_BITS or code in UNSIGNED_BITS:
            _set_integer(metric, code, value)
        elif code in ARRAY_CODES:
            metric.bytes_value = value if isinstance(value, bytes) else _packed(code, value)
        else:
            _set_plain(metric, code, value)
    except (TypeError, ValueError, OverflowError) as error:
        raise PayloadError(
            f"metric {label or metric.name or metric.alias!r}: {value!r} is no {code.name}: {error}"
        ) from error


def _set_plain(metric: Metric, code: Code, value: Any) -> None:
    if not _has_type(code, value):
        raise TypeError("wrong Python type")
    setattr(metric, _CARRIERS[code], value)
    if code is Code.FLOAT and math.isinf(metric.float_value) and not math.isinf(value):
        raise ValueError("too large for a single")


def _has_type(code: Code, value: object) -> bool:
    return isinstance(value, _TYPES.get(code, ())) and (not isinstance(value, bool) or code is Code.BOOLEAN)


def _packed(code: Code, value: Value) -> bytes:
    if not isinstance(value, list):
        raise TypeError("neither a list nor packed bytes")
    return pack_array(code, value)


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
    if carrier is None or carrier != _CARRIERS.get(code):
        raise PayloadError(f"metric {metric.name or metric.alias!r} of type {code.name} holds {carrier}")
    value: Value = getattr(metric, carrier)
    if isinstance(value, bytes) and code in TEXT_CODES:  # what protobuf hands out for text that is no UTF-8
        raise PayloadError(f"metric {metric.name or metric.alias!r} of type {code.name} holds no UTF-8")
    return value


def get_properties(metric: Metric) -> dict[str, bool | int | float | str]:
    """Scalar properties of a metric by key; nested sets and nulls are left out."""
    out: dict[str, bool | int | float | str] = {}
    for key, value in zip(metric.properties.keys, metric.properties.values, strict=False):
        carrier = value.WhichOneof("value")
        if carrier and not carrier.startswith("propertyset"):
            out[key] = _signed(getattr(value, carrier), value.type)
    return out


def _signed(value: bool | float | str, type_number: int) -> bool | int | float | str:
    """Undo the two's complement of an integer property; other values pass."""
    bits: int | None = SIGNED_BITS.get(type_number)  # type: ignore[call-overload]  # an IntEnum key equals its number
    if bits is None or isinstance(value, bool) or not isinstance(value, int):
        return value
    raw = int(value) & ((1 << bits) - 1)
    return raw - (1 << bits) if raw >> (bits - 1) else raw


def get_quality(metric: Metric) -> Quality:
    """Quality property of a metric; GOOD where it is absent, BAD for a number that Sparkplug does not know."""
    number = get_properties(metric).get(PROPERTY_QUALITY, int(Quality.GOOD))
    try:
        return Quality(int(number))
    except (ValueError, OverflowError):
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
    elif isinstance(value, int) and -(1 << 31) <= value < 1 << 31:
        prop.type, prop.int_value = int(Code.INT32), value & _MASK32
    elif isinstance(value, int):
        prop.type, prop.long_value = int(Code.INT64), value & _MASK64
    elif isinstance(value, float):
        prop.type, prop.double_value = int(Code.DOUBLE), value
    else:
        prop.type, prop.string_value = int(Code.STRING), value
