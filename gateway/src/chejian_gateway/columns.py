"""Groups of payloads as columns: the kernel where it can, protobuf where it must."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from chejian_contract.sparkplug.datatypes import Code
from chejian_contract.sparkplug.payload import (
    PROPERTY_QUALITY,
    Metric,
    get_properties,
    get_quality,
    parse_payload,
)
from numpy.typing import NDArray

from chejian_gateway.kernels.decode import ODD, Heads, Metrics, count_metrics, decode_group
from chejian_gateway.kernels.wire import PADDING


@dataclass(frozen=True, slots=True)
class Group:
    """Decoded payloads.

    Attributes:
        buffer: all payloads, one behind the other, zero-padded; offsets of names and values point into it.
        starts: offset of each payload.
        heads: one entry for each payload.
        metrics: one entry for each metric; meaningless for odd payloads.
    """

    buffer: NDArray[np.uint8]
    starts: NDArray[np.int64]
    heads: Heads
    metrics: Metrics

    def text(self, offset: int, length: int) -> bytes:
        """Bytes of a name, string or bytes value."""
        return self.buffer[offset : offset + length].tobytes()

    def is_odd(self, payload: int) -> bool:
        """Whether protobuf has to decide about the payload."""
        return bool(self.heads.status[payload] == ODD)


def decode(payloads: Sequence[bytes]) -> Group:
    """Decode `payloads` together; a few dozen or more share the fixed cost of about 30 us."""
    sizes = np.fromiter(map(len, payloads), np.int64, len(payloads))
    ends = np.cumsum(sizes)
    starts = ends - sizes
    buffer = np.frombuffer(b"".join((*payloads, bytes(PADDING))), np.uint8)
    first = np.empty(len(payloads) + 1, np.int64)
    total = int(count_metrics(buffer, starts, ends, first))
    heads = _heads(len(payloads), first)
    metrics = _metrics(total)
    decode_group(buffer, starts, ends, heads, metrics)
    return Group(buffer, starts, heads, metrics)


def _heads(count: int, first: NDArray[np.int64]) -> Heads:
    return Heads(
        status=np.empty(count, np.uint8),
        seq=np.empty(count, np.int64),
        time_ms=np.empty(count, np.int64),
        batch=np.empty(count, np.int64),
        identity=np.empty(count, np.int64),
        first=first,
    )


def _metrics(count: int) -> Metrics:
    return Metrics(
        payload=np.zeros(count, np.int32),  # stays a legal index where an odd payload was left half-way
        alias=np.empty(count, np.int64),
        time_ms=np.empty(count, np.int64),
        kind=np.empty(count, np.uint8),
        bits=np.empty(count, np.int64),
        length=np.empty(count, np.int64),
        flags=np.empty(count, np.uint8),
        datatype=np.empty(count, np.int64),
        quality=np.empty(count, np.int64),
        name=np.empty(count, np.int64),
        name_length=np.empty(count, np.int64),
    )


def plain_again(data: bytes) -> bytes:
    """Rewrite an odd but valid payload so that the kernel can read it.

    What no column carries is left out: metadata, unknown fields, properties other than "Quality", and the values of
    data sets and templates (their metrics then have no value).

    Raises:
        PayloadError: when it is no Sparkplug B protobuf.
    """
    payload = parse_payload(data)
    payload.DiscardUnknownFields()
    payload.ClearField("uuid")
    payload.ClearField("body")
    for metric in payload.metrics:
        metric.ClearField("metadata")
        metric.ClearField("dataset_value")
        metric.ClearField("template_value")
        if metric.HasField("properties"):
            _only_quality(metric)
    return payload.SerializeToString()


def _only_quality(metric: Metric) -> None:
    written = PROPERTY_QUALITY in get_properties(metric)
    quality = get_quality(metric) if written else None
    metric.ClearField("properties")
    if quality is not None:
        metric.properties.keys.append(PROPERTY_QUALITY)
        metric.properties.values.add(type=int(Code.INT32), int_value=int(quality))
