import math

import pytest
from chejian_contract.errors import PayloadError
from chejian_contract.samples import Quality
from chejian_contract.sparkplug.datatypes import SIGNED_BITS, Code
from chejian_contract.sparkplug.payload import (
    PROPERTY_QUALITY,
    Metric,
    Value,
    add_metric,
    get_properties,
    get_quality,
    get_value,
    parse_payload,
    set_value,
)
from chejian_contract.sparkplug.sparkplug_b_pb2 import Payload
from hypothesis import given
from hypothesis import strategies as st

from tests.contract.strategies import ARRAYS, SCALARS, texts, times_ms

ALL_TYPES: dict[Code, st.SearchStrategy[object]] = {**SCALARS, **ARRAYS}
typed_values = st.sampled_from(sorted(ALL_TYPES)).flatmap(
    lambda code: st.tuples(st.just(code), st.none() | ALL_TYPES[code])
)
property_values = st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False) | texts


def over_the_wire(payload: Payload) -> Metric:
    (metric,) = parse_payload(payload.SerializeToString()).metrics
    return metric


@given(
    typed=typed_values,
    time_ms=times_ms,
    name=texts,
    alias=st.none() | st.integers(0, 2**63 - 1),
    quality=st.sampled_from(Quality),
    historical=st.booleans(),
    properties=st.dictionaries(
        texts.filter(lambda key: key != PROPERTY_QUALITY), property_values, max_size=3
    ),
)
def test_a_metric_survives_the_wire(
    typed: tuple[Code, Value],
    time_ms: int,
    name: str,
    alias: int | None,
    quality: Quality,
    historical: bool,
    properties: dict[str, bool | int | float | str],
) -> None:
    code, value = typed
    payload = Payload()
    add_metric(
        payload,
        code,
        value,
        time_ms=time_ms,
        name=name,
        alias=alias,
        quality=quality,
        historical=historical,
        properties=properties,
    )
    metric = over_the_wire(payload)
    got = get_value(metric, code)
    assert got == value
    assert type(got) is type(value) or (code is Code.DOUBLE and isinstance(got, float))
    assert metric.is_null == (value is None)
    assert (metric.name, metric.datatype) == ((name, int(code)) if name else ("", 0))
    assert metric.HasField("alias") == (alias is not None)
    assert metric.alias == (alias or 0)
    assert (metric.timestamp, metric.is_historical) == (time_ms, historical)
    assert get_quality(metric) is quality
    got_properties = get_properties(metric)
    got_properties.pop(PROPERTY_QUALITY, None)
    assert got_properties == properties


@pytest.mark.parametrize("code", [Code.FLOAT, Code.DOUBLE])
@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_numbers_that_are_none_keep_their_kind(code: Code, value: float) -> None:
    payload = Payload()
    add_metric(payload, code, value, time_ms=0)
    assert repr(get_value(over_the_wire(payload), code)) == repr(value)


@given(data=st.sampled_from(sorted(SIGNED_BITS)).flatmap(lambda c: st.tuples(st.just(c), SCALARS[c])))
def test_negative_numbers_are_read_in_every_width_that_encoders_use(data: tuple[Code, int]) -> None:
    code, value = data
    for bits in {SIGNED_BITS[code], 32, 64}:
        if bits < SIGNED_BITS[code]:
            continue
        metric = Metric()
        if bits == 64:
            metric.long_value = value % (1 << bits)
        else:
            metric.int_value = value % (1 << bits)
        assert get_value(metric, code) == value, bits


@pytest.mark.parametrize(
    ("code", "value"),
    [
        (Code.INT8, 128),
        (Code.INT8, -129),
        (Code.UINT8, -1),
        (Code.UINT64, 1 << 64),
        (Code.INT32, 1.0),
        (Code.INT32, True),
        (Code.INT32, "1"),
        (Code.DOUBLE, "1"),
        (Code.DOUBLE, True),
        (Code.DOUBLE, 10**400),
        (Code.FLOAT, 1e300),
        (Code.BOOLEAN, 1),
        (Code.STRING, 5),
        (Code.STRING, b"text"),
        (Code.STRING, "\ud800"),
        (Code.BYTES, "text"),
        (Code.DATASET, b"bytes"),
        (Code.UNKNOWN, b"bytes"),
        (Code.FLOAT_ARRAY, 1.0),
        (Code.INT8_ARRAY, [128]),
    ],
)
def test_a_value_that_does_not_fit_is_named_and_leaves_the_payload_alone(code: Code, value: Value) -> None:
    payload = Payload()
    with pytest.raises(PayloadError) as error:
        add_metric(payload, code, value, time_ms=0, name="Spindle/Speed")
    assert code.name in str(error.value)
    assert len(payload.metrics) == 0
    if not isinstance(value, list):
        assert "'Spindle/Speed'" in str(error.value)
        assert repr(value) in str(error.value)


def test_packed_bytes_pass_as_an_array() -> None:
    metric = Metric()
    set_value(metric, Code.FLOAT_ARRAY, b"\0\0\x80?")
    assert get_value(metric, Code.FLOAT_ARRAY) == [1.0]


@given(code=st.sampled_from(sorted(ALL_TYPES)), other=typed_values)
def test_a_foreign_carrier_is_a_value_of_the_type_or_an_error(code: Code, other: tuple[Code, Value]) -> None:
    metric = Metric(name="x")
    set_value(metric, *other)
    try:
        value = get_value(metric, code)
    except PayloadError:
        return
    set_value(Metric(), code, value)


@given(data=st.binary(max_size=60))
def test_any_bytes_are_a_payload_or_a_payload_error(data: bytes) -> None:
    try:
        payload = parse_payload(data)
    except PayloadError:
        return
    for metric in payload.metrics:
        get_quality(metric)


def test_text_that_is_no_utf8_is_an_error() -> None:
    payload = parse_payload(bytes.fromhex("1203" + "7a01ff"))  # metrics { string_value: "\xff" }
    with pytest.raises(PayloadError, match="holds no UTF-8"):
        get_value(payload.metrics[0], Code.STRING)


def test_a_metric_without_value_is_an_error_not_zero() -> None:
    with pytest.raises(PayloadError, match="metric 'x' of type INT32 holds None"):
        get_value(Metric(name="x"), Code.INT32)


@pytest.mark.parametrize("number", [7, -1, math.inf, math.nan, "abc"])
def test_a_quality_that_nobody_knows_is_bad(number: float | str) -> None:
    payload = Payload()
    add_metric(payload, Code.INT32, 1, time_ms=0, properties={PROPERTY_QUALITY: number})
    assert get_quality(over_the_wire(payload)) is Quality.BAD
