"""Foreign nodes (no ledger): their births' values and their data, by alias or by name, of every Sparkplug type.

Nothing proves that their samples arrive; a bad metric is a dead letter and does not cost the rest of its message.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
from chejian_contract.errors import PayloadError
from chejian_contract.samples import Quality
from chejian_contract.sparkplug.datatypes import NUMERIC_CODES, TEXT_CODES, Code
from chejian_contract.sparkplug.payload import (
    PROPERTY_SAMPLE_RATE,
    Metric,
    get_properties,
    get_quality,
    get_value,
)
from chejian_contract.sparkplug.sparkplug_b_pb2 import Payload

from chejian_gateway.births import CONTROL_PREFIXES
from chejian_gateway.intake import Message
from chejian_gateway.nodes import Device, Node, Series
from chejian_gateway.pending import FOREIGN, PG_EPOCH_MS, Block, DeadLetter, Origin, Pending, Rows
from chejian_gateway.rows import Limits, as_text, storable_text

_BLOCKS = {
    Code.INT8_ARRAY: "<i1",
    Code.INT16_ARRAY: "<i2",
    Code.INT32_ARRAY: "<i4",
    Code.INT64_ARRAY: "<i8",
    Code.UINT8_ARRAY: "<u1",
    Code.UINT16_ARRAY: "<u2",
    Code.UINT32_ARRAY: "<u4",
    Code.UINT64_ARRAY: "<u8",
    Code.FLOAT_ARRAY: "<f4",
    Code.DOUBLE_ARRAY: "<f8",
}
_MAX_REPORTED = 10_000
"""Metric names whose first dead letter is remembered; beyond it further names are only counted."""


@dataclass(slots=True)
class Numbers:
    """Numeric samples of one message, before they become columns."""

    time_us: list[int] = field(default_factory=list)
    value: list[float] = field(default_factory=list)
    series: list[int] = field(default_factory=list)
    quality: list[int] = field(default_factory=list)

    def rows(self) -> Rows:
        """The columns."""
        count = len(self.time_us)
        return Rows(
            np.array(self.time_us, np.int64),
            np.array(self.value, np.float64),
            np.array(self.series, np.int32),
            np.array(self.quality, np.int16),
            np.full(count, FOREIGN, np.int32),
        )


class ForeignReader:
    """Turns messages of foreign nodes into pending rows; remembers which metrics it has complained about."""

    def __init__(self) -> None:
        self._reported: set[tuple[int, str, str, str]] = set()
        self.refused = 0

    def known(self, device: Device, payload: Payload) -> bool:
        """Whether births have named all metrics of a data message."""
        return all(_series(device, m) is not None for m in payload.metrics if _is_sample(m))

    def read(
        self,
        message: Message,
        node: Node,
        device: Device,
        payload: Payload,
        pending: Pending,
        limits: Limits,
    ) -> None:
        """Enter a data message whose metrics births have named; others are dead letters."""
        pairs = ((m, _series(device, m)) for m in payload.metrics if _is_sample(m))
        self.enter(message, node, device, payload, pairs, pending, limits)

    def enter(
        self,
        message: Message,
        node: Node,
        device: Device,
        payload: Payload,
        pairs: Iterable[tuple[Metric, Series | None]],
        pending: Pending,
        limits: Limits,
    ) -> None:
        """Enter metrics with their series."""
        numbers = Numbers()
        for metric, series in pairs:
            try:
                if series is None:
                    raise PayloadError("no birth names this metric")  # noqa: TRY301 - one place reports
                time_ms = _time(metric, payload, message)
                if not limits.oldest_ms <= time_ms <= limits.newest_ms:
                    word = "too old" if time_ms < limits.oldest_ms else "too far ahead"
                    raise PayloadError(f"{word}: {as_text(time_ms)}")  # noqa: TRY301 - as above
                _enter(metric, series, (time_ms - PG_EPOCH_MS) * 1000, numbers, pending)
                pending.origins.append(Origin(series, node.node_id, message, metric, time_ms))
            except PayloadError as error:
                self._refuse(message, payload, node, device, metric, series, str(error), pending)
        pending.add_rows(numbers.rows())

    def _refuse(
        self,
        message: Message,
        payload: Payload,
        node: Node,
        device: Device,
        metric: Metric,
        series: Series | None,
        reason: str,
        pending: Pending,
    ) -> None:
        """One dead letter for each metric name and kind of reason; all are counted."""
        self.refused += 1
        name = str(metric.name or (series.name if series else f"alias {metric.alias}"))
        key = (node.node_id, device.name, name, reason.partition(":")[0])
        if key in self._reported or len(self._reported) >= _MAX_REPORTED:
            return
        self._reported.add(key)
        pending.add_dead(
            DeadLetter(
                message.topic,
                Payload(
                    metrics=[_named(metric, series, _time(metric, payload, message))]
                ).SerializeToString(),
                f"metric {name!r}: {reason}",
                message.received_ms,
                1,
                node.node_id,
            )
        )


def _named(metric: Metric, series: Series | None, time_ms: int) -> Metric:
    """As a letter keeps it: with its name, for aliases mean nothing after the session, and with its time."""
    kept = Metric()
    kept.CopyFrom(metric)
    kept.timestamp = time_ms
    if series is not None:
        kept.name, kept.datatype = series.name, series.datatype
    return kept


def _is_sample(metric: Metric) -> bool:
    name = metric.name
    return not (isinstance(name, str) and (name.startswith(CONTROL_PREFIXES) or name == "bdSeq"))


def _series(device: Device, metric: Metric) -> Series | None:
    if metric.HasField("alias"):
        return device.by_alias.get(metric.alias)
    return device.by_name.get(metric.name)


def _time(metric: Metric, payload: Payload, message: Message) -> int:
    if metric.HasField("timestamp"):
        return metric.timestamp
    return payload.timestamp if payload.HasField("timestamp") else message.received_ms


def _enter(metric: Metric, series: Series, time_us: int, numbers: Numbers, pending: Pending) -> None:
    code = Code(series.datatype)
    quality = int(get_quality(metric))
    if metric.is_null and quality == Quality.GOOD:
        quality = int(Quality.BAD)
    if code in NUMERIC_CODES or code is Code.DATETIME:
        value = get_value(metric, code)
        numbers.time_us.append(time_us)
        numbers.value.append(math.nan if value is None else float(value))  # type: ignore[arg-type]  # a number by code
        numbers.series.append(series.series_id)
        numbers.quality.append(quality)
    elif code in TEXT_CODES:
        pending.add_text(Block(time_us, series.series_id, quality, _text(metric, code), FOREIGN))
    elif code in _BLOCKS:
        rate = get_properties(metric).get(PROPERTY_SAMPLE_RATE, series.sample_rate)
        rate = float(rate) if isinstance(rate, int | float) and math.isfinite(rate) else 0.0
        pending.add_waveform(Block(time_us, series.series_id, quality, _singles(metric, code), FOREIGN, rate))
    else:
        raise PayloadError(f"type {code.name} can't be stored")


def _text(metric: Metric, code: Code) -> bytes | None:
    value = get_value(metric, code)
    if value is None:
        return None
    data = (
        value.encode() if isinstance(value, str) else b"\xff"
    )  # protobuf hands out bytes where it is no UTF-8
    if not storable_text(data):
        raise PayloadError("the text holds NUL or no UTF-8")
    return data


def _singles(metric: Metric, code: Code) -> bytes | None:
    """An array as little-endian singles; integers above 2^24 are rounded."""
    if metric.is_null:
        return None
    kind = np.dtype(_BLOCKS[code])
    if metric.WhichOneof("value") != "bytes_value" or len(metric.bytes_value) % kind.itemsize:
        raise PayloadError(f"the value is no {code.name}")
    with np.errstate(over="ignore"):  # a double beyond the range of singles becomes infinite
        return np.frombuffer(metric.bytes_value, kind).astype("<f4").tobytes()
