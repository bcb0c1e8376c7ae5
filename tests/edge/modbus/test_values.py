"""Decoders against a naive reading of the wire, letter by letter."""

import math
import struct

import pytest
from chejian_edge.drivers.modbus.values import ORDERS, UnknownTypeError, bits_decoder, decoder_of
from hypothesis import given
from hypothesis import strategies as st

INTEGERS = {
    "u16": (2, False),
    "i16": (2, True),
    "u32": (4, False),
    "i32": (4, True),
    "u64": (8, False),
    "i64": (8, True),
}
cases = st.sampled_from(sorted(INTEGERS)).flatmap(
    lambda kind: st.tuples(
        st.just(kind),
        st.sampled_from(ORDERS[INTEGERS[kind][0]]),
        st.binary(min_size=INTEGERS[kind][0], max_size=INTEGERS[kind][0]),
    )
)


def weight(letter: str, size: int) -> int:
    """What a byte counts: A is the most significant one."""
    return 1 << 8 * (size - 1 - "ABCDEFGH".index(letter))


@given(cases)
def test_integers(case: tuple[str, str, bytes]) -> None:
    kind, order, wire = case
    size, signed = INTEGERS[kind]
    number = sum(byte * weight(letter, size) for byte, letter in zip(wire, order, strict=True))
    if signed and number >= 2 ** (8 * size - 1):
        number -= 2 ** (8 * size)
    decoder = decoder_of(kind, order)
    assert decoder.registers == size // 2
    assert decoder.decode(wire) == number


@given(st.floats(width=32), st.sampled_from(ORDERS[4]))
def test_singles(value: float, order: str) -> None:
    natural = struct.pack(">f", value)
    wire = bytes(natural["ABCD".index(letter)] for letter in order)
    found = decoder_of("f32", order).decode(wire)
    assert isinstance(found, float)
    assert found == value or (math.isnan(found) and math.isnan(value))


@given(st.integers(0, 10**16 - 1), st.sampled_from(ORDERS[8]))
def test_bcd(number: int, order: str) -> None:
    natural = bytes.fromhex(f"{number:016d}")
    wire = bytes(natural["ABCDEFGH".index(letter)] for letter in order)
    assert decoder_of("bcd64", order).decode(wire) == number


@given(st.binary(min_size=4, max_size=4).filter(lambda data: not data.hex().isdecimal()))
def test_what_is_no_bcd_is_refused(wire: bytes) -> None:
    with pytest.raises(ValueError, match="no BCD"):
        decoder_of("bcd32").decode(wire)


@given(st.integers(0, 0xFFFF), st.integers(0, 15), st.integers(0, 15))
def test_bits(word: int, a: int, b: int) -> None:
    first, last = sorted((a, b))
    text = f"{word:016b}"[::-1]  # text[0] is the least significant bit
    number = int(text[first : last + 1][::-1], 2)
    assert bits_decoder(first, last)(word.to_bytes(2, "big")) == number


def test_orders_are_all_swaps_and_each_once() -> None:
    assert ORDERS[4] == ("ABCD", "BADC", "CDAB", "DCBA")
    for size in (2, 4, 8):
        assert len(set(ORDERS[size])) == size
        assert all(sorted(order) == sorted("ABCDEFGH"[:size]) for order in ORDERS[size])


@pytest.mark.parametrize("kind", ["u12", "string:0", "string:251", "string:x", "bcd", ""])
def test_unknown_types(kind: str) -> None:
    with pytest.raises(UnknownTypeError):
        decoder_of(kind)
