"""Protobuf wire primitives. All integers are int64; a value above 2^63 - 1 keeps its bits.

No primitive checks the end of the buffer: the caller's buffer is zero-padded by `PADDING` bytes behind the last
payload and the caller compares positions with the payload's end afterwards. Each returns a flag `odd` beside the
position: 1 where the bytes are not plain; a sentinel in the position itself would cost four times the whole decoding.

A call counts references of the buffer, some nanoseconds: hot loops read one-byte varints themselves and call only for
longer ones.
"""

from numba import njit
from numpy import int64

PADDING = 64
"""Zero bytes behind the last payload: three varints of 10 bytes and a fixed64 fit."""

MAX_TAG = 0xFFFFFFFF


@njit(nogil=True, cache=True)
def varint(buf, pos):
    """Read a varint of at most 10 bytes.

    Returns:
        (value, position behind it, odd).
    """
    byte = int64(buf[pos])
    if byte < 128:
        return byte, pos + 1, 0
    value = byte & 127
    for i in range(1, 10):
        byte = int64(buf[pos + i])
        value |= (byte & 127) << (7 * i)
        if byte < 128:
            return value, pos + i + 1, 1 if i == 9 and byte > 1 else 0
    return value, pos + 10, 1


@njit(nogil=True, cache=True)
def short_varint(buf, pos):
    """Read a tag or a length: as `varint`, odd above 5 bytes or 2^32 - 1."""
    value, after, odd = varint(buf, pos)
    if after - pos > 5 or value > MAX_TAG or value < 0:
        odd = 1
    return value, after, odd


@njit(nogil=True, cache=True)
def fixed32(buf, pos):
    """Read 4 little-endian bytes as a number from 0 to 2^32 - 1."""
    return int64(buf[pos]) | int64(buf[pos + 1]) << 8 | int64(buf[pos + 2]) << 16 | int64(buf[pos + 3]) << 24


@njit(nogil=True, cache=True)
def fixed64(buf, pos):
    """Read 8 little-endian bytes."""
    return fixed32(buf, pos) | fixed32(buf, pos + 4) << 32


@njit(nogil=True, cache=True)
def skip(buf, pos, end, wire):
    """Step over an unknown field of wire type 0, 1, 2 or 5.

    Returns:
        (position behind it, odd); groups and impossible wire types are odd.
    """
    if wire == 0:
        _, after, odd = varint(buf, pos)
        return after, odd
    if wire == 1:
        return pos + 8, 0
    if wire == 5:
        return pos + 4, 0
    if wire == 2:
        size, after, odd = short_varint(buf, pos)
        if size > end - after or odd:
            return end, 1
        return after + size, 0
    return end, 1
