"""Samples as files, written in parts: CSV for people and scripts, the stream format of Apache Arrow for programs that compute."""

import math
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, NamedTuple

import nanoarrow as na
import numpy as np
from nanoarrow.ipc import StreamWriter

from chejian_cloud.db.arrays import Samples

LINES: Final = 20_000
"""Lines of CSV that are written at once, about 800 kB."""
ROWS: Final = 65_536
"""Rows of a record batch, about 1.2 MB."""
_TIME, _VALUE, _QUALITY = na.timestamp("us", "UTC", nullable=False), na.float64(), na.int16(nullable=False)


class About(NamedTuple):
    """What a file tells of its series."""

    series_id: int
    name: str
    unit: str


class Format(NamedTuple):
    """How a file is written.

    Attributes:
        parts: writes samples, from the start of the file to its end.
        media_type: of HTTP.
        suffix: of the file's name.
    """

    parts: Callable[[Samples, About], Iterator[bytes]]
    media_type: str
    suffix: str


def csv(found: Samples, _: About) -> Iterator[bytes]:
    """Lines "time,value,quality", time [ms, UTC]; what is not usable has no value. The series is told by the file's name only."""
    usable = found.usable()
    yield b"time,value,quality\r\n"
    for lo in range(0, found.times_us.size, LINES):
        part = slice(lo, lo + LINES)
        times = np.datetime_as_string(found.times_us[part].view("datetime64[us]"), unit="ms", timezone="UTC")
        rows = zip(times.tolist(), usable[part].tolist(), found.quality[part].tolist(), strict=True)
        yield "".join(f"{t},{'' if math.isnan(v) else repr(v)},{q}\r\n" for t, v, q in rows).encode()


def arrow(found: Samples, about: About) -> Iterator[bytes]:
    """Columns `time` (timestamp [us, UTC]), `value` (float64, null where not usable) and `quality` (int16), in record batches.

    The schema's metadata are those of `about` as text; no samples give a stream without batches.
    """
    columns = na.struct({"time": _TIME, "value": _VALUE, "quality": _QUALITY})
    metadata = {key: str(value) for key, value in about._asdict().items()}
    schema = na.c_schema(columns).modify(metadata=metadata)
    usable = found.usable()
    out = _Written()
    with StreamWriter.from_writable(out) as writer:
        writer.write_stream(na.Array.from_chunks([], schema=schema))
        yield out.take()
        for lo in range(0, found.times_us.size, ROWS):
            part = slice(lo, lo + ROWS)
            batch = Samples(found.times_us[part], usable[part], found.quality[part])
            writer.write_array(_batch(batch, schema))
            yield out.take()
    yield out.take()


def _batch(part: Samples, schema: Any) -> Any:
    """One batch of usable samples; its buffers are those of `part`."""
    known = ~np.isnan(part.values)
    size, unknown = known.size, int(known.size - known.sum())
    children = [
        na.c_array_from_buffers(_TIME, size, [None, part.times_us], null_count=0),
        na.c_array_from_buffers(
            _VALUE, size, [np.packbits(known, bitorder="little"), part.values], null_count=unknown
        ),
        na.c_array_from_buffers(_QUALITY, size, [None, part.quality], null_count=0),
    ]
    return na.c_array_from_buffers(schema, size, [None], children=children, null_count=0)


class _Written:
    """A file for the writer, whose content is taken out again and again."""

    def __init__(self) -> None:
        self._content = bytearray()

    def write(self, data: memoryview) -> int:
        self._content += data
        return len(data)

    def take(self) -> bytes:
        """What was written since the last time."""
        content, self._content = bytes(self._content), bytearray()
        return content


FORMATS: Final[Mapping[str, Format]] = {
    "csv": Format(csv, "text/csv; charset=utf-8", "csv"),
    "arrow": Format(arrow, "application/vnd.apache.arrow.stream", "arrows"),
}
"""Formats by the names that requests give them."""
