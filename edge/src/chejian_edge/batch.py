"""Batches in the making: metrics of one device, encoded as they come, so that a sample costs one pass."""

from collections.abc import Callable
from typing import NamedTuple

from chejian_contract.samples import Quality
from chejian_contract.signals import DataType
from chejian_contract.sparkplug.datatypes import Code
from chejian_contract.sparkplug.payload import PROPERTY_QUALITY
from chejian_contract.sparkplug.sparkplug_b_pb2 import Payload

from chejian_edge.transform import Value

Metric = Payload.Metric
SetValue = Callable[[Metric, Value], None]

_MASK32 = 0xFFFFFFFF
_MASK64 = 0xFFFFFFFFFFFFFFFF


class Closed(NamedTuple):
    """A batch ready for the buffer, without number.

    Attributes:
        device: Sparkplug device id.
        historical: it was read from history: its metrics are flagged, and it waits behind live batches.
        samples: metrics in it.
        first_ms: earliest source time [ms UTC].
        last_ms: latest source time [ms UTC].
        data: Sparkplug payload that holds the sample metrics only.
    """

    device: str
    historical: bool
    samples: int
    first_ms: int
    last_ms: int
    data: bytes


class OpenBatch:
    """Collects metrics; hands a batch to `sink` when it holds `limit` samples or is closed.

    Args:
        device: Sparkplug device id.
        historical: see `Closed`.
        limit: samples in one batch, >= 1.
        sink: takes the closed batch.
    """

    __slots__ = (
        "_limit",
        "_metrics",
        "_payload",
        "_sink",
        "count",
        "device",
        "first_ms",
        "historical",
        "last_ms",
    )

    def __init__(
        self, device: str, *, historical: bool, limit: int, sink: Callable[["Closed"], object]
    ) -> None:
        self.device = device
        self.historical = historical
        self._limit = limit
        self._sink = sink
        self._renew()

    def _renew(self) -> None:
        self._payload = Payload()
        self._metrics = self._payload.metrics
        self.count = 0
        self.first_ms = 0
        self.last_ms = 0

    def add(
        self, alias: int, time_ms: int, value: Value | None, quality: Quality, set_value: SetValue
    ) -> None:
        """Append one sample."""
        metric = self._metrics.add()
        metric.alias = alias
        metric.timestamp = time_ms
        if self.historical:
            metric.is_historical = True
        if quality is not Quality.GOOD:
            _add_quality(metric, quality)
        if value is None:
            metric.is_null = True
        else:
            set_value(metric, value)
        if not self.count or time_ms < self.first_ms:
            self.first_ms = time_ms
        if time_ms > self.last_ms:  # noqa: PLR1730 - max() costs three times as much in the hottest line
            self.last_ms = time_ms
        self.count += 1
        if self.count >= self._limit:
            self.close()

    def close(self) -> None:
        """Hand the content over and start empty; nothing happens when there is none."""
        if not self.count:
            return
        closed = Closed(
            self.device,
            self.historical,
            self.count,
            self.first_ms,
            self.last_ms,
            self._payload.SerializeToString(),
        )
        self._renew()
        self._sink(closed)


def _add_quality(metric: Metric, quality: Quality) -> None:
    metric.properties.keys.append(PROPERTY_QUALITY)
    prop = metric.properties.values.add()
    prop.type = int(Code.INT32)
    prop.int_value = int(quality)


def _set_int32(metric: Metric, value: Value) -> None:
    metric.int_value = value & _MASK32  # type: ignore[operator]  # transforms deliver the type of their kind


def _set_int64(metric: Metric, value: Value) -> None:
    metric.long_value = value & _MASK64  # type: ignore[operator]  # same


def _set_double(metric: Metric, value: Value) -> None:
    metric.double_value = value  # type: ignore[assignment]  # same


def _set_string(metric: Metric, value: Value) -> None:
    metric.string_value = value  # type: ignore[assignment]  # same


def _set_bytes(metric: Metric, value: Value) -> None:
    metric.bytes_value = value  # type: ignore[assignment]  # same


def _set_boolean(metric: Metric, value: Value) -> None:
    metric.boolean_value = bool(value)


SETTERS: dict[DataType, SetValue] = {
    DataType.INT32: _set_int32,
    DataType.INT64: _set_int64,
    DataType.DOUBLE: _set_double,
    DataType.BOOLEAN: _set_boolean,
    DataType.STRING: _set_string,
    DataType.FLOAT_ARRAY: _set_bytes,
}
"""How a value of each type is put into its carrier; negative integers as two's complement."""


def flagged_historical(data: bytes) -> bytes:
    """The same metrics, each flagged historical; for batches that are sent late or again."""
    payload = Payload.FromString(data)
    for metric in payload.metrics:
        metric.is_historical = True
    return payload.SerializeToString()
