"""Sparkplug B payloads on the protobuf wire into columns, a whole group of payloads per call.

The kernel accepts plain payloads only. Whatever is unusual or wrong (broken lengths, groups, templates, data sets,
metadata, odd varints) makes the payload `ODD`, and protobuf itself decides; what the kernel accepts equals protobuf's
reading (tests compare both over random, truncated and bit-flipped payloads).
"""

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy import int64
from numpy.typing import NDArray

from chejian_gateway.kernels.wire import fixed32, fixed64, short_varint, skip, varint

PLAIN = 0
ODD = 1

KIND_NONE = 0
KIND_INT = 10
KIND_LONG = 11
KIND_FLOAT = 12
KIND_DOUBLE = 13
KIND_BOOLEAN = 14
KIND_STRING = 15
KIND_BYTES = 16
KIND_DATASET = 17
KIND_TEMPLATE = 18
"""Numbers of the members of `oneof value`."""

IS_NULL = 1
HISTORICAL = 2
HAS_ALIAS = 4
HAS_NAME = 8
HAS_TIME = 16
LEDGER = 32
"""The name starts with "Ledger/": a word of the ledger, never a sample."""
HAS_TYPE = 64

NO_QUALITY = -1
ABSENT = -1

_LEDGER = np.frombuffer(b"Ledger/", np.uint8)
_BATCH = np.frombuffer(b"Ledger/Batch", np.uint8)
_IDENTITY = np.frombuffer(b"Ledger/Id", np.uint8)
_QUALITY = np.frombuffer(b"Quality", np.uint8)


class Metrics(NamedTuple):
    """One entry for each metric, in the order of the wire.

    Attributes:
        payload: index of its payload.
        alias, time_ms: unsigned 64-bit values as int64; 0 where absent (see flags).
        kind: member of the value's oneof, `KIND_*`.
        bits: integer, or bits of the float; of strings and bytes the offset in the work buffer.
        length: bytes of a string or bytes value.
        flags: sum of `IS_NULL`, `HISTORICAL`, `HAS_*`, `LEDGER`.
        datatype: Sparkplug type number, 0 where absent.
        quality: number of the property "Quality" as written, -1 where absent.
        name, name_length: offset and length of the name.
    """

    payload: NDArray[np.int32]
    alias: NDArray[np.int64]
    time_ms: NDArray[np.int64]
    kind: NDArray[np.uint8]
    bits: NDArray[np.int64]
    length: NDArray[np.int64]
    flags: NDArray[np.uint8]
    datatype: NDArray[np.int64]
    quality: NDArray[np.int64]
    name: NDArray[np.int64]
    name_length: NDArray[np.int64]


class Heads(NamedTuple):
    """One entry for each payload.

    Attributes:
        status: `PLAIN`, or `ODD` where protobuf has to decide; metrics of odd payloads mean nothing.
        seq: 0..255 as written, -1 where absent.
        time_ms: -1 where absent.
        batch: value of the metric "Ledger/Batch", -1 where absent.
        identity: value of the metric "Ledger/Id", -1 where absent.
        first: index of its first metric; the last entry is the number of metrics.
    """

    status: NDArray[np.uint8]
    seq: NDArray[np.int64]
    time_ms: NDArray[np.int64]
    batch: NDArray[np.int64]
    identity: NDArray[np.int64]
    first: NDArray[np.int64]


@njit(nogil=True, cache=True)
def count_metrics(buf, starts, ends, first):
    """Fill `first` with the running number of metrics; exact for plain payloads, enough for all."""
    total = 0
    for p in range(len(starts)):
        first[p] = total
        pos, end = starts[p], ends[p]
        while pos < end:
            tag = int64(buf[pos])
            if tag == 18:
                size, after = int64(buf[pos + 1]), pos + 2
                if size >= 128:
                    size, after, odd = short_varint(buf, pos + 1)
                    if odd:
                        break
                total += 1
                pos = after + size
            else:
                tag, pos, odd = short_varint(buf, pos)
                pos, bad = skip(buf, pos, end, tag & 7)
                if tag == 18 or odd | bad:
                    break
    first[len(starts)] = total
    return total


@njit(nogil=True, cache=True)
def decode_group(buf, starts, ends, heads, metrics):
    """Read payloads `buf[starts[i]:ends[i]]`; `heads.first` comes from `count_metrics`."""
    for p in range(len(starts)):
        _payload(buf, starts[p], ends[p], p, heads, metrics)


@njit(nogil=True, cache=True, inline="always")  # a call would count references of 16 arrays
def _payload(buf, pos, end, p, heads, metrics):
    seq, time_ms, odd = int64(ABSENT), int64(ABSENT), 0
    heads.batch[p] = ABSENT
    heads.identity[p] = ABSENT
    m = heads.first[p]
    while pos < end:
        tag = int64(buf[pos])
        if tag >= 128:
            tag, pos, odd = short_varint(buf, pos)
        else:
            pos += 1
        if tag == 18:
            size, pos, bad = int64(buf[pos]), pos + 1, 0
            if size >= 128:
                size, pos, bad = short_varint(buf, pos - 1)
            odd |= bad
            if odd or size > end - pos or m == heads.first[p + 1]:
                odd = 1
                break
            (alias, stamp, kind, bits, length, flags, datatype, quality, name, name_length, bad) = _metric(
                buf, pos, pos + size
            )
            odd |= bad
            if flags & LEDGER and (name_length == 12 or name_length == 9):  # noqa: PLR1714 - numba compiles it best
                is_batch = name_length == 12 and _equals(buf, name, _BATCH)
                if is_batch or (name_length == 9 and _equals(buf, name, _IDENTITY)):
                    if (kind != KIND_LONG and kind != KIND_INT) or flags & IS_NULL:  # noqa: PLR1714 - as above
                        odd = 1
                    if is_batch:
                        heads.batch[p] = bits
                    else:
                        heads.identity[p] = bits
            metrics.payload[m] = p
            metrics.alias[m] = alias
            metrics.time_ms[m] = stamp
            metrics.kind[m] = kind
            metrics.bits[m] = bits
            metrics.length[m] = length
            metrics.flags[m] = flags
            metrics.datatype[m] = datatype
            metrics.quality[m] = quality
            metrics.name[m] = name
            metrics.name_length[m] = name_length
            m += 1
            pos += size
        elif tag == 8:
            time_ms, pos, bad = varint(buf, pos)
            odd |= bad
        elif tag == 24:
            seq, pos, bad = varint(buf, pos)
            odd |= bad
        else:
            if tag < 8:
                odd = 1
            pos, bad = skip(buf, pos, end, tag & 7)
            odd |= bad
        if odd:
            break
    if pos != end or m != heads.first[p + 1]:
        odd = 1
    heads.status[p] = ODD if odd else PLAIN
    heads.seq[p] = seq
    heads.time_ms[p] = time_ms


@njit(nogil=True, cache=True, inline="always")
def _equals(buf, pos, word):
    for i in range(len(word)):  # noqa: SIM110 - numba does not compile generators here
        if buf[pos + i] != word[i]:
            return False
    return True


@njit(nogil=True, cache=True, inline="always")
def _metric(buf, pos, end):
    alias, time_ms, bits, length = int64(0), int64(0), int64(0), int64(0)
    name, name_length, datatype, quality = int64(0), int64(0), int64(0), int64(NO_QUALITY)
    kind, flags, odd, has_properties = 0, 0, 0, 0
    while pos < end:
        tag = int64(buf[pos])
        if tag >= 128:
            tag, pos, odd = short_varint(buf, pos)
        else:
            pos += 1
        wire = tag & 7
        if wire == 0:
            value, pos = int64(buf[pos]), pos + 1
            if value >= 128:
                value &= 127
                shift = 7
                byte = int64(128)
                while byte >= 128 and shift < 70:
                    byte = int64(buf[pos])
                    value |= (byte & 127) << shift
                    pos += 1
                    shift += 7
                if shift == 70 and byte > 1:
                    odd = 1
            if tag == 16:
                alias = value
                flags |= HAS_ALIAS
            elif tag == 24:
                time_ms = value
                flags |= HAS_TIME
            elif tag == 32:
                datatype = value & 0xFFFFFFFF
                flags |= HAS_TYPE
            elif tag == 40:
                flags = (flags & ~HISTORICAL) | (HISTORICAL if value != 0 else 0)
            elif tag == 56:
                flags = (flags & ~IS_NULL) | (IS_NULL if value != 0 else 0)
            elif tag == 80:
                kind, bits = KIND_INT, value & 0xFFFFFFFF
            elif tag == 88:
                kind, bits = KIND_LONG, value
            elif tag == 112:
                kind, bits = KIND_BOOLEAN, int64(1 if value != 0 else 0)
            elif tag < 8:
                odd = 1
        elif wire == 1:
            if tag == 105:
                kind, bits = KIND_DOUBLE, fixed64(buf, pos)
            elif tag < 8:
                odd = 1
            pos += 8
        elif wire == 5:
            if tag == 101:
                kind, bits = KIND_FLOAT, fixed32(buf, pos)
            elif tag < 8:
                odd = 1
            pos += 4
        elif wire == 2:
            size, pos, bad = int64(buf[pos]), pos + 1, 0
            if size >= 128:
                size, pos, bad = short_varint(buf, pos - 1)
            odd |= bad
            if odd or size > end - pos:
                odd = 1
                break
            if tag == 10:
                name, name_length = pos, size
                flags |= HAS_NAME
            elif tag == 122:
                kind, bits, length = KIND_STRING, pos, size
            elif tag == 130:
                kind, bits, length = KIND_BYTES, pos, size
            elif tag == 74:
                odd |= has_properties
                has_properties = 1
                quality, bad = _quality(buf, pos, pos + size)
                odd |= bad
            elif tag == 66 or tag == 138 or tag == 146 or tag < 8:  # noqa: PLR1714 - numba compiles this form best
                odd = 1
            pos += size
        else:
            odd = 1
        if odd:
            break
    if pos != end:
        odd = 1
    if name_length >= 7 and _equals(buf, name, _LEDGER):
        flags |= LEDGER
    if kind != KIND_STRING and kind != KIND_BYTES:  # noqa: PLR1714 - as above
        length = int64(0)
    return alias, time_ms, kind, bits, length, flags, datatype, quality, name, name_length, odd


@njit(nogil=True, cache=True)
def _quality(buf, start, end):
    """Number of the property "Quality" in a PropertySet, -1 where absent; odd where it is no plain integer."""
    pos, keys, values, wanted, odd = start, 0, 0, -1, 0
    while pos < end and not odd:
        tag, pos, bad = short_varint(buf, pos)
        if bad or tag & 7 != 2 or (tag != 10 and tag != 18):  # noqa: PLR1714 - as above
            return int64(NO_QUALITY), 1
        size, pos, bad = short_varint(buf, pos)
        if bad or size > end - pos:
            return int64(NO_QUALITY), 1
        if tag == 10:
            if size == 7 and _equals(buf, pos, _QUALITY):
                odd |= wanted >= 0
                wanted = keys
            keys += 1
        pos += size
    if odd or pos != end:
        return int64(NO_QUALITY), 1
    pos, quality = start, int64(NO_QUALITY)
    while pos < end:
        tag, pos, bad = short_varint(buf, pos)
        size, pos, bad = short_varint(buf, pos)
        if tag == 18:
            kind, value, bad = _property(buf, pos, pos + size)
            odd |= bad
            if values == wanted:
                if kind != KIND_INT:
                    odd = 1
                quality = value
            values += 1
        pos += size
    return quality, odd


@njit(nogil=True, cache=True)
def _property(buf, pos, end):
    """Kind, integer value and oddness of a PropertyValue; nested sets are odd."""
    kind, number, odd = 0, int64(0), 0
    while pos < end:
        tag, pos, bad = short_varint(buf, pos)
        odd |= bad
        wire = tag & 7
        if wire == 0:
            value, pos, bad = varint(buf, pos)
            odd |= bad
            if tag == 24:
                kind, number = KIND_INT, value & 0xFFFFFFFF
            elif tag == 32 or tag == 56:  # noqa: PLR1714 - as above
                kind = KIND_LONG
        elif wire == 1 or wire == 5 or wire == 2:  # noqa: PLR1714 - as above
            if tag == 74 or tag == 82:  # noqa: PLR1714 - as above
                odd = 1
            elif tag == 66 or tag == 49 or tag == 45:  # noqa: PLR1714 - as above
                kind = KIND_NONE
            pos, bad = skip(buf, pos, end, wire)
            odd |= bad
        else:
            odd = 1
        if tag < 8:
            odd = 1
        if odd:
            return kind, number, 1
    if pos != end:
        odd = 1
    return kind, number, odd
