"""Sparkplug data types and the protobuf carrier of each (specification 3.0, section 6.4.16)."""

from enum import IntEnum


class Code(IntEnum):
    """Numbers of the Sparkplug DataType enumeration."""

    UNKNOWN = 0
    INT8 = 1
    INT16 = 2
    INT32 = 3
    INT64 = 4
    UINT8 = 5
    UINT16 = 6
    UINT32 = 7
    UINT64 = 8
    FLOAT = 9
    DOUBLE = 10
    BOOLEAN = 11
    STRING = 12
    DATETIME = 13
    TEXT = 14
    UUID = 15
    DATASET = 16
    BYTES = 17
    FILE = 18
    TEMPLATE = 19
    PROPERTY_SET = 20
    PROPERTY_SET_LIST = 21
    INT8_ARRAY = 22
    INT16_ARRAY = 23
    INT32_ARRAY = 24
    INT64_ARRAY = 25
    UINT8_ARRAY = 26
    UINT16_ARRAY = 27
    UINT32_ARRAY = 28
    UINT64_ARRAY = 29
    FLOAT_ARRAY = 30
    DOUBLE_ARRAY = 31
    BOOLEAN_ARRAY = 32
    STRING_ARRAY = 33
    DATETIME_ARRAY = 34


CODE_OF_NAME = {
    "Int32": Code.INT32,
    "Int64": Code.INT64,
    "Double": Code.DOUBLE,
    "Boolean": Code.BOOLEAN,
    "String": Code.STRING,
    "FloatArray": Code.FLOAT_ARRAY,
}
"""Codes of the types that our own signals use (`chejian_contract.signals.DataType`)."""

SIGNED_BITS = {Code.INT8: 8, Code.INT16: 16, Code.INT32: 32, Code.INT64: 64}
UNSIGNED_BITS = {Code.UINT8: 8, Code.UINT16: 16, Code.UINT32: 32, Code.UINT64: 64, Code.DATETIME: 64}
TEXT_CODES = frozenset({Code.STRING, Code.TEXT, Code.UUID})
ARRAY_CODES = frozenset(c for c in Code if c >= Code.INT8_ARRAY)
NUMERIC_CODES = frozenset(SIGNED_BITS) | frozenset(UNSIGNED_BITS) | {Code.FLOAT, Code.DOUBLE, Code.BOOLEAN}
