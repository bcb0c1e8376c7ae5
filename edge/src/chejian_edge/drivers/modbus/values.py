"""Register contents to values: one decoder for each type and byte order.

Bytes are lettered from the most significant one (A) on; an order names them as they come over the wire. ABCD is what
Modbus itself says, CDAB has the low word first, BADC the bytes of each word swapped, DCBA is little-endian.
"""

import struct
from collections.abc import Callable
from operator import itemgetter
from typing import NamedTuple

from chejian_edge.driver import Raw

Decode = Callable[[bytes], Raw]
"""Takes the bytes of a value as they came; raises ValueError for bytes that are no such value."""


class Decoder(NamedTuple):
    """How one value is read.

    Attributes:
        registers: that it takes, >= 1.
        decode: from their bytes.
    """

    registers: int
    decode: Decode


_FORMATS = {
    "u16": ">H",
    "i16": ">h",
    "u32": ">I",
    "i32": ">i",
    "f32": ">f",
    "u64": ">Q",
    "i64": ">q",
    "f64": ">d",
}
_BCD = {"bcd16": 2, "bcd32": 4, "bcd64": 8}
_TEXTS = {"string": "utf-8", "gbk": "gbk"}
_BYTES = ("u8", "i8")
TYPES = (*_BYTES, *_FORMATS, *_BCD, *(f"{name}:<bytes>" for name in _TEXTS))
"""Names of all types, for error texts."""
MAX_TEXT_BYTES = 250
"""Longest text [bytes]: what one request of 125 registers brings."""
_HIGH_BYTE, _LOW_BYTE = "A", "B"


def _orders_of(size: int) -> tuple[str, ...]:
    """Every combination of swapping bytes in words, words in pairs, and pairs; `size` is 2, 4 or 8."""
    found = ["ABCDEFGH"[:size]]
    step = 1
    while step < size:
        found += [_swapped(order, step) for order in found]
        step *= 2
    return tuple(found)


def _swapped(order: str, step: int) -> str:
    return "".join(order[i ^ step] for i in range(len(order)))


ORDERS = {1: (_LOW_BYTE, _HIGH_BYTE), **{size: _orders_of(size) for size in (2, 4, 8)}}
"""Legal orders by size [bytes]; the first is the default."""


class UnknownTypeError(ValueError):
    """A type or order that there is not; the text says what is allowed."""


def decoder_of(kind: str, order: str = "") -> Decoder:
    """Make the decoder of a type such as "u32", "bcd16" or "string:16", in a byte order ("" for the default).

    Raises:
        UnknownTypeError: says what is allowed.
    """
    if kind in _BYTES:
        return Decoder(1, _byte(kind == "i8", at=0 if _order(1, order) == _HIGH_BYTE else 1))
    if kind in _FORMATS:
        layout = struct.Struct(_FORMATS[kind])
        return Decoder(layout.size // 2, _number(layout, _order(layout.size, order)))
    if kind in _BCD:
        return Decoder(_BCD[kind] // 2, _bcd(_order(_BCD[kind], order)))
    name, _, length = kind.partition(":")
    if name in _TEXTS:
        if not length.isdecimal() or not 1 <= int(length) <= MAX_TEXT_BYTES:
            raise UnknownTypeError(f"{name}:<1 to {MAX_TEXT_BYTES} bytes>")
        swapped = _order(2, order) != ORDERS[2][0]
        return Decoder((int(length) + 1) // 2, _text(_TEXTS[name], int(length), swapped=swapped))
    raise UnknownTypeError("a type, one of " + ", ".join(TYPES))


def bits_decoder(first: int, last: int) -> Decode:
    """Bits `first` to `last` (0 is the least significant) of a register: a truth value for one, else a number."""
    mask = (1 << (last - first + 1)) - 1

    def number(data: bytes) -> Raw:
        return (data[0] << 8 | data[1]) >> first & mask

    def truth(data: bytes) -> Raw:
        return bool((data[0] << 8 | data[1]) >> first & 1)

    return truth if first == last else number


def truth(data: bytes) -> Raw:
    """A coil or discrete input, carried as one byte."""
    return data != b"\0"


def never(decode: Decode, invalid: int) -> Decode:
    """`decode`, with one number that stands for "no value"."""

    def valid(data: bytes) -> Raw:
        value = decode(data)
        if value == invalid:
            raise ValueError(f"{invalid} stands for no value")
        return value

    return valid


def _order(size: int, order: str) -> str:
    if not order:
        return ORDERS[size][0]
    if order not in ORDERS[size]:
        raise UnknownTypeError("a byte order, one of " + ", ".join(ORDERS[size]))
    return order


def _byte(signed: bool, *, at: int) -> Decode:
    def byte(data: bytes) -> Raw:
        return int.from_bytes(data[at : at + 1], "big", signed=signed)

    return byte


def _sorter(order: str) -> Callable[[bytes], bytes] | None:
    """From wire order to most significant byte first; None where that is the same."""
    places = [order.index(letter) for letter in sorted(order)]
    if places == sorted(places):
        return None
    pick = itemgetter(*places)
    return lambda data: bytes(pick(data))


def _number(layout: struct.Struct, order: str) -> Decode:
    unpack, sort = layout.unpack, _sorter(order)
    if sort is None:
        return lambda data: unpack(data)[0]
    return lambda data: unpack(sort(data))[0]


def _bcd(order: str) -> Decode:
    sort = _sorter(order)

    def bcd(data: bytes) -> Raw:
        digits = (data if sort is None else sort(data)).hex()
        if not digits.isdecimal():
            raise ValueError(f"{digits} is no BCD number")
        return int(digits)

    return bcd


def _text(encoding: str, length: int, *, swapped: bool) -> Decode:
    def text(data: bytes) -> Raw:
        if swapped:
            data = b"".join(data[i + 1 : i + 2] + data[i : i + 1] for i in range(0, len(data), 2))
        return data[:length].partition(b"\0")[0].decode(encoding).strip()

    return text
