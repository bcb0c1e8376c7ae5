"""The decoding kernel against protobuf itself, over well-formed, strange and broken payloads."""

import struct

import pytest
from chejian_contract.errors import PayloadError
from chejian_contract.samples import Quality
from chejian_contract.sparkplug.datatypes import Code
from chejian_contract.sparkplug.payload import add_metric, get_properties, parse_payload
from chejian_contract.sparkplug.sparkplug_b_pb2 import Payload
from chejian_gateway.columns import Group, decode, plain_again
from chejian_gateway.kernels import decode as kernel
from hypothesis import given, settings
from hypothesis import strategies as st

CARRIERS = {
    "int_value": kernel.KIND_INT,
    "long_value": kernel.KIND_LONG,
    "float_value": kernel.KIND_FLOAT,
    "double_value": kernel.KIND_DOUBLE,
    "boolean_value": kernel.KIND_BOOLEAN,
    "string_value": kernel.KIND_STRING,
    "bytes_value": kernel.KIND_BYTES,
    "dataset_value": kernel.KIND_DATASET,
    "template_value": kernel.KIND_TEMPLATE,
    None: kernel.KIND_NONE,
}


def as_bytes(text: str | bytes) -> bytes:
    return text.encode() if isinstance(text, str) else text


def signed(number: int) -> int:
    return number - (1 << 64) if number >> 63 else number


def one_nan(bits: int) -> int:
    """Bits of a single; Python's way through a double makes signalling NaNs quiet, so all NaNs count as one."""
    return 0x7FC00000 if bits & 0x7FFFFFFF > 0x7F800000 else bits


def bits_of(metric: Payload.Metric) -> object:
    carrier = metric.WhichOneof("value")
    if carrier in ("string_value", "bytes_value"):
        return as_bytes(getattr(metric, carrier))
    if carrier == "float_value":  # as bits: NaN is not equal to itself
        return one_nan(struct.unpack("<I", struct.pack("<f", metric.float_value))[0])
    if carrier == "double_value":
        return struct.unpack("<q", struct.pack("<d", metric.double_value))[0]
    return signed(int(getattr(metric, carrier))) if carrier else 0


def expected(payload: Payload) -> list[tuple[object, ...]]:
    """The naive reading, metric by metric."""
    out: list[tuple[object, ...]] = []
    for m in payload.metrics:
        name = as_bytes(m.name)
        flags = (
            kernel.IS_NULL * m.is_null
            | kernel.HISTORICAL * m.is_historical
            | kernel.HAS_ALIAS * m.HasField("alias")
            | kernel.HAS_NAME * m.HasField("name")
            | kernel.HAS_TIME * m.HasField("timestamp")
            | kernel.HAS_TYPE * m.HasField("datatype")
            | kernel.LEDGER * name.startswith(b"Ledger/")
        )
        quality = get_properties(m).get("Quality", -1)
        kind = CARRIERS[m.WhichOneof("value")]
        out.append((signed(m.alias), signed(m.timestamp), m.datatype, kind, bits_of(m), flags, quality, name))
    return out


def found(group: Group, p: int = 0) -> list[tuple[object, ...]]:
    """What the kernel read of payload `p`."""
    out: list[tuple[object, ...]] = []
    c = group.metrics
    for m in range(int(group.heads.first[p]), int(group.heads.first[p + 1])):
        assert c.payload[m] == p
        bits: object = int(c.bits[m])
        if c.kind[m] in (kernel.KIND_STRING, kernel.KIND_BYTES):
            bits = group.text(int(c.bits[m]), int(c.length[m]))
        if c.kind[m] == kernel.KIND_FLOAT:
            bits = one_nan(int(c.bits[m]))
        name = group.text(int(c.name[m]), int(c.name_length[m]))
        numbers = (c.alias, c.time_ms, c.datatype, c.kind)
        head = tuple(int(column[m]) for column in numbers)
        out.append((*head, bits, int(c.flags[m]), int(c.quality[m]), name))
    return out


def number_of(payload: Payload, name: bytes) -> int:
    found = [m for m in payload.metrics if as_bytes(m.name) == name]
    return signed(int(getattr(found[-1], str(found[-1].WhichOneof("value"))))) if found else -1


def agree(group: Group, p: int, data: bytes) -> None:
    payload = parse_payload(data)
    assert found(group, p) == expected(payload)
    assert int(group.heads.seq[p]) == (signed(payload.seq) if payload.HasField("seq") else -1)
    assert int(group.heads.time_ms[p]) == (signed(payload.timestamp) if payload.HasField("timestamp") else -1)
    assert int(group.heads.batch[p]) == number_of(payload, b"Ledger/Batch")
    assert int(group.heads.identity[p]) == number_of(payload, b"Ledger/Id")


def varint(number: int) -> bytes:
    out = bytearray()
    while number > 127:
        out.append(number & 127 | 128)
        number >>= 7
    return bytes((*out, number))


def chunk(field: int, data: bytes) -> bytes:
    return varint(field << 3 | 2) + varint(len(data)) + data


NUMBERS = st.one_of(st.integers(0, 300), st.integers(0, 2**64 - 1))
VARINTS = st.builds(
    lambda f, v: varint(f << 3) + varint(v), st.sampled_from([2, 3, 4, 5, 6, 7, 10, 11, 14, 21]), NUMBERS
)
WORDS = st.sampled_from(["Ledger/Id", "Ledger/Batch", "Ledger", "Spindle/Load", "", "温度"]).map(str.encode)
TEXTS = st.builds(chunk, st.sampled_from([1, 15, 16, 25]), WORDS | st.binary(max_size=9))
DOUBLES = st.builds(lambda v: b"\x69" + v, st.binary(min_size=8, max_size=8))
FLOATS = st.floats(width=32, allow_nan=False).map(lambda v: b"\x65" + struct.pack("<f", v))
UNKNOWN = st.sampled_from([varint(30 << 3 | 5) + b"abcd", varint(31 << 3 | 1) + b"abcdefgh", chunk(40, b"x")])
PROPERTY = st.builds(
    lambda v, kind: varint(1 << 3) + b"\x03" + varint(kind << 3) + varint(v),
    st.sampled_from([0, 64, 192, 500, 7]),
    st.sampled_from([3, 3, 3, 4]),
)
PROPERTIES = st.builds(
    lambda keys, values: chunk(
        9, b"".join(chunk(1, k) for k in keys) + b"".join(chunk(2, v) for v in values)
    ),
    st.lists(st.sampled_from([b"Quality", b"engUnit"]), max_size=2, unique=True),
    st.lists(PROPERTY, max_size=2),
)
ODD_FIELDS = st.sampled_from([chunk(8, b""), chunk(17, b""), chunk(18, b"\x0a\x01v"), varint(9 << 3 | 3)])
METRIC = st.lists(st.one_of(VARINTS, TEXTS, DOUBLES, FLOATS, UNKNOWN, PROPERTIES), max_size=7).map(b"".join)
STRANGE_METRIC = st.lists(st.one_of(VARINTS, TEXTS, ODD_FIELDS, PROPERTIES), max_size=5).map(b"".join)
HEADS = st.builds(lambda f, v: varint(f << 3) + varint(v), st.sampled_from([1, 3, 9]), NUMBERS)
OTHERS = st.sampled_from([chunk(4, b"uuid"), chunk(5, b"body"), chunk(77, b"?")])
PAYLOAD = st.lists(st.one_of(METRIC.map(lambda m: chunk(2, m)), HEADS, OTHERS), max_size=6).map(b"".join)
STRANGE = st.lists(st.one_of(STRANGE_METRIC.map(lambda m: chunk(2, m)), HEADS), max_size=4).map(b"".join)


def check(data: bytes) -> bool:
    """Whether the kernel took it; then it has read what protobuf reads."""
    group = decode([b"\xff" * 3, data, b"\x12\x00"])  # neighbours must not matter
    if not group.is_odd(1):
        agree(group, 1, data)
    assert not group.is_odd(2)
    assert set(group.metrics.payload.tolist()) <= {0, 1, 2}
    return not group.is_odd(1)


@given(PAYLOAD)
@settings(max_examples=400, deadline=None)
def test_whatever_the_kernel_takes_it_reads_as_protobuf_does(data: bytes) -> None:
    check(data)


@given(PAYLOAD, st.data())
@settings(max_examples=400, deadline=None)
def test_truncated_and_flipped_payloads_never_read_wrong(data: bytes, draw: st.DataObject) -> None:
    check(data[: draw.draw(st.integers(0, len(data)))])
    if data:
        flipped = bytearray(data)
        flipped[draw.draw(st.integers(0, len(data) - 1))] ^= 1 << draw.draw(st.integers(0, 7))
        check(bytes(flipped))


@given(PAYLOAD | STRANGE | st.binary(max_size=40))
@settings(max_examples=300, deadline=None)
def test_odd_payloads_are_rewritten_or_refused_as_protobuf_says(data: bytes) -> None:
    try:
        payload = parse_payload(data)
    except PayloadError:
        assert not check(data)
        with pytest.raises(PayloadError):
            plain_again(data)
        return
    group = decode([plain_again(data)])
    words = [m for m in payload.metrics if as_bytes(m.name) in (b"Ledger/Batch", b"Ledger/Id")]
    if any(m.is_null or m.WhichOneof("value") not in ("int_value", "long_value") for m in words):
        assert group.is_odd(0)
        return
    assert not group.is_odd(0)
    assert [m[0] for m in found(group)] == [signed(m.alias) for m in payload.metrics]
    assert int(group.heads.batch[0]) == number_of(payload, b"Ledger/Batch")
    assert int(group.heads.identity[0]) == number_of(payload, b"Ledger/Id")


def test_our_own_batches_are_plain_and_agree() -> None:
    payloads = []
    for number in range(1, 40):
        payload = Payload(timestamp=1_700_000_000_000, seq=number % 256)
        add_metric(payload, Code.INT64, 2**62 + number, time_ms=1, name="Ledger/Id")
        add_metric(payload, Code.INT64, number, time_ms=1, name="Ledger/Batch")
        add_metric(payload, Code.DOUBLE, -0.5, time_ms=2**40, alias=number, historical=True)
        add_metric(payload, Code.INT32, -number, time_ms=2**40, alias=2, quality=Quality.UNCERTAIN)
        add_metric(payload, Code.STRING, "主轴", time_ms=2**40, alias=3)
        add_metric(payload, Code.FLOAT_ARRAY, bytes(400), time_ms=2**40, alias=4)
        add_metric(payload, Code.DOUBLE, None, time_ms=2**40, alias=5, quality=Quality.STALE)
        payloads.append(payload.SerializeToString())
    group = decode(payloads)
    for p, data in enumerate(payloads):
        assert not group.is_odd(p)
        agree(group, p, data)
        assert group.heads.batch[p] == p + 1
        assert group.heads.identity[p] == 2**62 + p + 1
    assert decode([]).heads.first.tolist() == [0]
