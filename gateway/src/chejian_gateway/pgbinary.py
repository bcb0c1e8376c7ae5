"""PostgreSQL's binary formats from numpy arrays: COPY rows and array parameters, without a loop per value."""

import struct
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from psycopg import Connection
from psycopg.adapt import Dumper
from psycopg.pq import Format

from chejian_gateway.pending import Block, Rows

_SIGNATURE = b"PGCOPY\n\xff\r\n\0" + bytes(8)
_TRAILER = b"\xff\xff"

_SAMPLE = np.dtype(
    [
        ("fields", ">i2"),
        ("time_length", ">i4"),
        ("time", ">i8"),
        ("value_length", ">i4"),
        ("value", ">f8"),
        ("series_length", ">i4"),
        ("series", ">i4"),
        ("quality_length", ">i4"),
        ("quality", ">i2"),
    ]
)
COPY_SAMPLE = "COPY telemetry.sample (time, value, series_id, quality) FROM STDIN (FORMAT BINARY)"
COPY_TEXT = "COPY telemetry.text_sample (time, series_id, quality, value) FROM STDIN (FORMAT BINARY)"
COPY_WAVEFORM = (
    "COPY telemetry.waveform (time, sample_rate, series_id, quality, data) FROM STDIN (FORMAT BINARY)"
)


def copy_samples(rows: Rows) -> bytes:
    """Rows for `COPY_SAMPLE`."""
    out = np.empty(len(rows), _SAMPLE)
    out["fields"] = 4
    out["time_length"] = 8
    out["time"] = rows.time_us
    out["value_length"] = 8
    out["value"] = rows.value
    out["series_length"] = 4
    out["series"] = rows.series
    out["quality_length"] = 2
    out["quality"] = rows.quality
    return b"".join((_SIGNATURE, out.tobytes(), _TRAILER))


def copy_texts(blocks: Iterable[Block]) -> bytes:
    """Rows for `COPY_TEXT`; texts are events and rare beside numbers."""
    head = struct.Struct(">hiqiiih")
    parts = [_SIGNATURE]
    for b in blocks:
        parts += [head.pack(4, 8, b.time_us, 4, b.series, 2, b.quality), *_field(b.data)]
    return b"".join((*parts, _TRAILER))


def copy_waveforms(blocks: Iterable[Block]) -> bytes:
    """Rows for `COPY_WAVEFORM`; a waveform without values is an empty one."""
    head = struct.Struct(">hiqidiiih")
    parts = [_SIGNATURE]
    for b in blocks:
        start = head.pack(5, 8, b.time_us, 8, b.sample_rate, 4, b.series, 2, b.quality)
        parts += [start, *_field(b.data or b"")]
    return b"".join((*parts, _TRAILER))


def _field(data: bytes | None) -> tuple[bytes, ...]:
    return (struct.pack(">i", -1),) if data is None else (struct.pack(">i", len(data)), data)


@dataclass(frozen=True, slots=True)
class PgArray:
    """A one-dimensional array parameter: its elements in binary form."""

    values: NDArray[np.generic]


class Int4Array(PgArray):
    """Parameter of type integer[]."""


class Int2Array(PgArray):
    """Parameter of type smallint[]."""


class TimeArray(PgArray):
    """Parameter of type timestamptz[]; microseconds since 2000-01-01 UTC."""


def _dumper(array_oid: int, element_oid: int, kind: str) -> type[Dumper]:
    size = np.dtype(kind).itemsize
    element = np.dtype([("length", ">i4"), ("value", kind)])

    class ArrayDumper(Dumper):
        format = Format.BINARY
        oid = array_oid

        def dump(self, obj: PgArray) -> bytes:
            out = np.empty(len(obj.values), element)
            out["length"] = size
            out["value"] = obj.values
            if not len(out):
                return struct.pack(">iii", 0, 0, element_oid)
            return struct.pack(">iiiii", 1, 0, element_oid, len(out), 1) + out.tobytes()

    return ArrayDumper


_DUMPERS = (
    (Int2Array, _dumper(1005, 21, ">i2")),
    (Int4Array, _dumper(1007, 23, ">i4")),
    (TimeArray, _dumper(1185, 1184, ">i8")),
)
"""Object identifiers of PostgreSQL's catalogue (pg_type.dat): array type, element type."""


def register(connection: Connection) -> None:
    """Let `connection` take `PgArray` parameters."""
    for kind, dumper in _DUMPERS:
        connection.adapters.register_dumper(kind, dumper)
