"""Sample metrics of a workshop as ready-made bytes in which only times and values are patched.

A protobuf message is the concatenation of its fields, so a payload is a small head, the metrics, and a tail with the
sequence number. All metrics of a workshop have one length: aliases take two bytes, times six, values eight.
"""

import struct

import numpy as np
from chejian_contract.sparkplug.datatypes import Code
from chejian_contract.sparkplug.payload import add_metric
from chejian_contract.sparkplug.sparkplug_b_pb2 import Payload
from numpy.typing import NDArray

FIRST_ALIAS = 128
"""Smallest alias: two bytes as a protobuf varint."""
MOST_SIGNALS = 2**14 - FIRST_ALIAS
"""More would need aliases of three bytes."""
_TIME_BYTES = 6
"""Bytes of a millisecond stamp between the years 1971 and 2109 as a varint."""
_POOL = 65_536
"""Precomputed noise values of a fleet; a workshop's values at a tick are a stretch of it."""

Bytes = NDArray[np.uint8]


class Noise:
    """Values of all signals, fixed by seed, workshop and tick, so that a resend is the same as the first sending.

    Args:
        seed: of the fleet.
        signals: of a workshop.
    """

    def __init__(self, seed: int, signals: int) -> None:
        rng = np.random.default_rng(seed)
        self._base = 40 + 20 * rng.random(signals)
        self._pool = rng.standard_normal(_POOL + signals).round(3)

    def values(self, workshop: int, tick: int) -> NDArray[np.float64]:
        """Values of one tick, shape (signals,)."""
        start = (tick * 7919 + workshop * 104_729) % _POOL  # primes: neighbours share no stretch
        return self._base + self._pool[start : start + self._base.size]


class Bodies:
    """The metrics of one workshop's data messages.

    Args:
        signals: of the workshop, 1 to 16,256.
    """

    def __init__(self, signals: int) -> None:
        self._live, self._time_at, self._value_at = _template(signals, historical=False)
        self._late, self._late_time_at, self._late_value_at = _template(signals, historical=True)

    def metrics(
        self, time_ms: int, values: NDArray[np.float64], first: int, last: int, *, historical: bool
    ) -> bytes:
        """Metrics of the signals `first` to `last` (half-open) with one source time.

        Args:
            time_ms: source time [ms since 1970 UTC].
            values: of all signals of the workshop, shape (signals,).
            first: index of the first signal.
            last: index behind the last one.
            historical: whether `is_historical` is set.
        """
        rows = (self._late if historical else self._live)[first:last].copy()
        at = self._late_time_at if historical else self._time_at
        rows[:, at : at + _TIME_BYTES] = np.frombuffer(varint(time_ms), np.uint8)
        at = self._late_value_at if historical else self._value_at
        rows[:, at : at + 8] = values[first:last].astype("<f8").view(np.uint8).reshape(-1, 8)
        return rows.tobytes()


def varint(number: int) -> bytes:
    """A number as a protobuf varint."""
    out = bytearray()
    while number > 0x7F:  # noqa: PLR2004 - seven bits a byte
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


def _template(signals: int, *, historical: bool) -> tuple[Bytes, int, int]:
    """Rows of bytes, one per signal, and the offsets of time and value in a row."""
    if not 1 <= signals <= MOST_SIGNALS:
        raise ValueError(f"{signals} signals: a workshop of the fleet has 1 to {MOST_SIGNALS}")
    time_ms, value = 1_700_000_000_000, 1.2345678901234567
    rows = []
    for number in range(signals):
        payload = Payload()
        add_metric(
            payload, Code.DOUBLE, value, time_ms=time_ms, alias=FIRST_ALIAS + number, historical=historical
        )
        rows.append(payload.SerializeToString())
    row = rows[0]
    made = np.frombuffer(b"".join(rows), np.uint8).reshape(signals, len(row))
    return made, row.index(varint(time_ms)), row.index(struct.pack("<d", value))
