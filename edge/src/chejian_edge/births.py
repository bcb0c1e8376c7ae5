"""Sparkplug messages of the edge: births, data, status, deaths (specification 3.0, chapters 5 and 6)."""

from collections.abc import Iterable, Sequence

from chejian_contract import CONTRACT_VERSION
from chejian_contract.ledger import (
    METRIC_ACQUIRE,
    METRIC_BATCH,
    METRIC_BDSEQ,
    METRIC_DEVICES,
    METRIC_ID,
    METRIC_LOST,
    METRIC_PRODUCED,
    METRIC_REBIRTH,
    METRIC_STORED,
    format_devices,
    format_produced,
    format_ranges,
)
from chejian_contract.samples import Quality
from chejian_contract.signals import SignalKind
from chejian_contract.sparkplug.datatypes import CODE_OF_NAME, Code
from chejian_contract.sparkplug.payload import (
    PROPERTY_KIND,
    PROPERTY_QUANTITY,
    PROPERTY_RETIRED,
    PROPERTY_ROLE,
    PROPERTY_SAMPLE_RATE,
    PROPERTY_UNIT,
    add_metric,
)
from chejian_contract.sparkplug.sparkplug_b_pb2 import Payload

from chejian_edge.aliases import RetiredAlias
from chejian_edge.ledger import Announced
from chejian_edge.plan import DevicePlan
from chejian_edge.series import Series

METRIC_CONTRACT = "Properties/ContractVersion"


def nbirth(account: Announced, devices: Iterable[str], *, bd_seq: int, seq: int, now_ms: int) -> bytes:
    """NBIRTH: identity of the buffer, its account, the devices to be born, and the two commands that the edge takes."""
    payload = Payload(timestamp=now_ms, seq=seq)
    add_metric(payload, Code.INT64, bd_seq, time_ms=now_ms, name=METRIC_BDSEQ)
    add_metric(payload, Code.BOOLEAN, False, time_ms=now_ms, name=METRIC_REBIRTH)
    add_metric(payload, Code.STRING, "", time_ms=now_ms, name=METRIC_STORED)
    _add_account(payload, account, devices, now_ms)
    add_metric(payload, Code.STRING, CONTRACT_VERSION, time_ms=now_ms, name=METRIC_CONTRACT)
    return payload.SerializeToString()


def _add_account(payload: Payload, account: Announced, devices: Iterable[str], now_ms: int) -> None:
    add_metric(payload, Code.INT64, account.ledger_id, time_ms=now_ms, name=METRIC_ID)
    produced = format_produced(account.batches, account.samples)
    add_metric(payload, Code.STRING, produced, time_ms=now_ms, name=METRIC_PRODUCED)
    add_metric(payload, Code.STRING, format_ranges(account.lost), time_ms=now_ms, name=METRIC_LOST)
    add_metric(payload, Code.STRING, format_devices(devices), time_ms=now_ms, name=METRIC_DEVICES)


def dbirth(
    device: DevicePlan,
    series: Iterable[Series],
    retired: Iterable[RetiredAlias],
    *,
    ledger_id: int,
    workshop: str,
    takes_requests: bool,
    seq: int,
    now_ms: int,
) -> bytes:
    """DBIRTH: where the device stands, every signal with its present value, and whether a waveform can be asked for."""
    payload = Payload(timestamp=now_ms, seq=seq)
    add_metric(payload, Code.INT64, ledger_id, time_ms=now_ms, name=METRIC_ID)
    add_metric(payload, Code.INT64, 0, time_ms=now_ms, name=METRIC_BATCH)
    for name, text in (("Workshop", workshop), ("Line", device.line), ("Type", device.type)):
        add_metric(payload, Code.STRING, text, time_ms=now_ms, name=f"Equipment/{name}")
    if takes_requests:
        add_metric(payload, Code.BOOLEAN, False, time_ms=now_ms, name=METRIC_ACQUIRE)
    for one in series:
        _add_signal(payload, one, now_ms)
    for old in retired:
        add_metric(
            payload,
            CODE_OF_NAME[old.key.datatype],
            None,
            time_ms=now_ms,
            name=old.key.name,
            alias=old.alias,
            properties={PROPERTY_UNIT: old.key.unit, PROPERTY_RETIRED: True},
        )
    return payload.SerializeToString()


def _add_signal(payload: Payload, series: Series, now_ms: int) -> None:
    definition = series.plan.definition
    properties: dict[str, bool | int | float | str] = {
        PROPERTY_QUANTITY: definition.quantity.value,
        PROPERTY_UNIT: definition.unit,
        PROPERTY_KIND: definition.kind.value,
        PROPERTY_ROLE: definition.role.value,
    }
    if definition.kind is SignalKind.WAVEFORM:
        properties[PROPERTY_SAMPLE_RATE] = float(definition.sample_rate)
    known = series.source_ms >= 0
    metric = add_metric(
        payload,
        CODE_OF_NAME[definition.data_type.value],
        None,
        time_ms=series.source_ms if known else now_ms,
        name=definition.name,
        alias=series.alias,
        quality=series.quality if known and series.value is not None else Quality.GOOD,
        properties=properties,
    )
    if series.value is not None:
        metric.ClearField("is_null")
        series.set_value(metric, series.value)


def ddata(metrics: bytes, *, ledger_id: int, number: int, seq: int, now_ms: int) -> bytes:
    """DDATA around stored metrics: identity and batch number go in front; the parts concatenate to one protobuf message.

    Both are put there at sending, because a new identity numbers the bodies that are still in the buffer anew.
    """
    head = Payload(timestamp=now_ms)
    for name, value in ((METRIC_ID, ledger_id), (METRIC_BATCH, number)):
        metric = head.metrics.add()
        metric.name = name
        metric.timestamp = now_ms
        metric.datatype = int(Code.INT64)
        metric.long_value = value
    return b"".join((head.SerializeToString(), metrics, Payload(seq=seq).SerializeToString()))


def ndata(account: Announced, devices: Iterable[str], *, seq: int, now_ms: int) -> bytes:
    """NDATA: the account, and the devices that are there; it carries no samples."""
    payload = Payload(timestamp=now_ms, seq=seq)
    _add_account(payload, account, devices, now_ms)
    return payload.SerializeToString()


def ndeath(*, bd_seq: int, now_ms: int) -> bytes:
    """NDEATH, also the Will: bdSeq only, no seq (tck-id-payloads-ndeath-seq)."""
    payload = Payload(timestamp=now_ms)
    add_metric(payload, Code.INT64, bd_seq, time_ms=now_ms, name=METRIC_BDSEQ)
    return payload.SerializeToString()


def ddeath(*, seq: int, now_ms: int) -> bytes:
    """DDEATH: the device is gone, as far as the edge can see."""
    return Payload(timestamp=now_ms, seq=seq).SerializeToString()


def by_device(series: Sequence[Series]) -> dict[str, list[Series]]:
    """Series of each device, in the order of the configuration."""
    out: dict[str, list[Series]] = {}
    for one in series:
        out.setdefault(one.plan.device, []).append(one)
    return out
