"""Sparkplug array types: little-endian packed bytes (specification 3.0 section 6.4.17, examples as corrected in 3.x)."""

import struct
from collections.abc import Sequence

from chejian_contract.errors import PayloadError
from chejian_contract.sparkplug.datatypes import Code

_FORMAT = {
    Code.INT8_ARRAY: "b",
    Code.INT16_ARRAY: "h",
    Code.INT32_ARRAY: "i",
    Code.INT64_ARRAY: "q",
    Code.UINT8_ARRAY: "B",
    Code.UINT16_ARRAY: "H",
    Code.UINT32_ARRAY: "I",
    Code.UINT64_ARRAY: "Q",
    Code.FLOAT_ARRAY: "f",
    Code.DOUBLE_ARRAY: "d",
    Code.DATETIME_ARRAY: "Q",
}

Item = bool | int | float | str


def pack_array(code: Code, values: Sequence[Item]) -> bytes:
    """Pack values for `bytes_value`.

    Raises:
        PayloadError: when a value does not fit the type, or a string holds a NUL.
    """
    if code is Code.BOOLEAN_ARRAY:
        return _pack_booleans(values)
    if code is Code.STRING_ARRAY:
        return b"".join(_pack_string(v) for v in values)
    try:
        return struct.pack(f"<{len(values)}{_FORMAT[code]}", *values)
    except KeyError:
        raise PayloadError(f"data type {code!r} is no array") from None
    except (struct.error, OverflowError) as error:
        raise PayloadError(f"{code.name}: {error}") from error


def unpack_array(code: Code, data: bytes) -> list[Item]:
    """Read what `pack_array` writes.

    Raises:
        PayloadError: when the length does not fit the type, or text is no UTF-8.
    """
    if code is Code.BOOLEAN_ARRAY:
        return _unpack_booleans(data)
    if code is Code.STRING_ARRAY:
        return _unpack_strings(data)
    if code not in _FORMAT:
        raise PayloadError(f"data type {code!r} is no array")
    size = struct.calcsize("<" + _FORMAT[code])
    count, rest = divmod(len(data), size)
    if rest:
        raise PayloadError(f"{code.name}: {len(data)} bytes are no multiple of {size}")
    return list(struct.unpack(f"<{count}{_FORMAT[code]}", data))


def _pack_string(value: Item) -> bytes:
    if not isinstance(value, str):
        raise PayloadError(f"StringArray: {value!r} is no text")
    if "\0" in value:
        raise PayloadError(f"StringArray: {value!r} holds a NUL, which ends elements on the wire")
    try:
        return value.encode() + b"\0"
    except UnicodeEncodeError as error:
        raise PayloadError(f"StringArray: {error}") from error


def _pack_booleans(values: Sequence[Item]) -> bytes:
    bits = bytearray((len(values) + 7) // 8)
    for i, value in enumerate(values):
        if value:
            bits[i >> 3] |= 0x80 >> (i & 7)
    return struct.pack("<I", len(values)) + bytes(bits)


def _unpack_booleans(data: bytes) -> list[Item]:
    if len(data) < 4:  # noqa: PLR2004 - the 4-byte count
        raise PayloadError(f"BooleanArray: {len(data)} bytes are too few for the 4-byte count")
    (count,) = struct.unpack_from("<I", data)
    if (count + 7) // 8 != len(data) - 4:
        raise PayloadError(f"BooleanArray: count {count} does not fit {len(data) - 4} bytes")
    return [bool(data[4 + (i >> 3)] & (0x80 >> (i & 7))) for i in range(count)]


def _unpack_strings(data: bytes) -> list[Item]:
    if not data:
        return []
    if data[-1]:
        raise PayloadError("StringArray: the last element has no terminating NUL")
    try:
        return list(data[:-1].decode().split("\0"))
    except UnicodeDecodeError as error:
        raise PayloadError(f"StringArray: {error}") from error
