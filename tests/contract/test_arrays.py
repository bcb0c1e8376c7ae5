import csv
import json
import struct
from pathlib import Path

import pytest
from chejian_contract.errors import PayloadError
from chejian_contract.sparkplug.arrays import Item, pack_array, unpack_array
from chejian_contract.sparkplug.datatypes import ARRAY_CODES, Code
from hypothesis import given
from hypothesis import strategies as st

from tests.contract.strategies import ARRAYS


@given(pair=st.sampled_from(sorted(ARRAYS)).flatmap(lambda c: st.tuples(st.just(c), ARRAYS[c])))
def test_arrays_survive_the_wire(pair: tuple[Code, list[Item]]) -> None:
    code, values = pair
    assert unpack_array(code, pack_array(code, values)) == values


@given(code=st.sampled_from(sorted(ARRAY_CODES)), data=st.binary(max_size=40))
def test_any_bytes_are_an_array_or_a_payload_error(code: Code, data: bytes) -> None:
    try:
        values = unpack_array(code, data)
    except PayloadError:
        return
    again = pack_array(code, values)
    if code is Code.BOOLEAN_ARRAY:  # the bits behind the last value are free
        assert again[:4] == data[:4]
        assert unpack_array(code, again) == values
    elif code not in (Code.FLOAT_ARRAY, Code.DOUBLE_ARRAY):  # NaN payloads are not kept
        assert again == data


def test_vectors_of_the_specification_as_corrected(standards: Path) -> None:
    with (standards / "sparkplug_array_vectors.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert {int(row["enum"]) for row in rows} == {int(code) for code in ARRAY_CODES}
    for row in rows:
        code = Code(int(row["enum"]))
        data = bytes.fromhex(row["hex_correct_3.x"].split()[0])
        values = json.loads(row["values"])
        assert pack_array(code, values) == data, row["type"]
        if code is Code.FLOAT_ARRAY:
            values = list(struct.unpack("<2f", struct.pack("<2f", *values)))
        assert unpack_array(code, data) == values, row["type"]


@pytest.mark.parametrize(
    ("code", "values", "text"),
    [
        (Code.INT8_ARRAY, [128], "INT8_ARRAY"),
        (Code.UINT16_ARRAY, [-1], "UINT16_ARRAY"),
        (Code.FLOAT_ARRAY, [1e300], "FLOAT_ARRAY"),
        (Code.INT32_ARRAY, [1.5], "INT32_ARRAY"),
        (Code.DOUBLE_ARRAY, ["x"], "DOUBLE_ARRAY"),
        (Code.STRING_ARRAY, ["a\0b"], "holds a NUL"),
        (Code.STRING_ARRAY, [7], "7 is no text"),
        (Code.STRING_ARRAY, ["\ud800"], "surrogates"),
        (Code.INT32, [1], "is no array"),
    ],
)
def test_values_that_do_not_fit_are_named(code: Code, values: list[Item], text: str) -> None:
    with pytest.raises(PayloadError, match=text):
        pack_array(code, values)


@pytest.mark.parametrize(
    ("code", "data", "text"),
    [
        (Code.INT16_ARRAY, b"123", "3 bytes are no multiple of 2"),
        (Code.BOOLEAN_ARRAY, b"\1\0\0", "too few for the 4-byte count"),
        (Code.BOOLEAN_ARRAY, b"\xff\xff\xff\xff\0", "count 4294967295 does not fit 1 bytes"),
        (Code.STRING_ARRAY, b"abc", "no terminating NUL"),
        (Code.STRING_ARRAY, b"\xff\0", "utf-8"),
        (Code.DOUBLE, b"12345678", "is no array"),
    ],
)
def test_bytes_that_are_no_array_are_named(code: Code, data: bytes, text: str) -> None:
    with pytest.raises(PayloadError, match=text):
        unpack_array(code, data)
