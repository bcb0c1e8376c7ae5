"""Births as plain records: what an edge says about itself, its devices and their signals."""

import math
from collections.abc import Iterable
from dataclasses import dataclass

from chejian_contract.errors import PayloadError
from chejian_contract.ledger import (
    EQUIPMENT_PREFIX,
    LEDGER_PREFIX,
    METRIC_ACQUIRE,
    METRIC_BDSEQ,
    METRIC_DEVICES,
    METRIC_ID,
    METRIC_LOST,
    METRIC_PRODUCED,
    Range,
    parse_devices,
    parse_produced,
    parse_ranges,
)
from chejian_contract.sparkplug.datatypes import ARRAY_CODES, TEXT_CODES, Code
from chejian_contract.sparkplug.payload import (
    PROPERTY_KIND,
    PROPERTY_QUANTITY,
    PROPERTY_RETIRED,
    PROPERTY_ROLE,
    PROPERTY_SAMPLE_RATE,
    PROPERTY_UNIT,
    Metric,
    get_properties,
    get_value,
)
from chejian_contract.sparkplug.session import SEQ_MODULUS
from chejian_contract.sparkplug.sparkplug_b_pb2 import Payload

CONTROL_PREFIXES = ("Node Control/", "Device Control/", LEDGER_PREFIX, EQUIPMENT_PREFIX, "Properties/")
"""Metrics with these names are no series."""
METRIC_CONTRACT_VERSION = "Properties/ContractVersion"
MAX_SIGNALS = 20_000
"""Signals of one device; a birth beyond it is refused rather than filling the tables."""


@dataclass(frozen=True, slots=True)
class Status:
    """What an edge announces of its buffer."""

    batches: int
    samples: int
    lost: tuple[Range, ...]


@dataclass(frozen=True, slots=True)
class NodeBirth:
    """An NBIRTH; `ledger_id` is None for a foreign node."""

    bd_seq: int | None
    ledger_id: int | None
    status: Status
    contract_version: str | None


@dataclass(frozen=True, slots=True)
class Signal:
    """A metric of a birth that is a series."""

    name: str
    alias: int | None
    code: int
    unit: str
    quantity: str
    kind: str
    role: str
    sample_rate: float
    retired: bool
    metric: Metric


@dataclass(frozen=True, slots=True)
class DeviceBirth:
    """A DBIRTH, or the node's own metrics in an NBIRTH (name ""); `takes_requests`: it may be asked for a waveform."""

    name: str
    workshop: str
    line: str
    equipment_type: str
    signals: tuple[Signal, ...]
    takes_requests: bool = False


def bd_seq_of(payload: Payload) -> int | None:
    """The bdSeq of an NBIRTH or NDEATH, modulo 256 for nodes that count on; None where it is missing."""
    value = _named(payload.metrics, METRIC_BDSEQ, Code.INT64)
    return value % SEQ_MODULUS if isinstance(value, int) else None


def status_of(payload: Payload) -> Status | None:
    """Totals and losses of an NBIRTH or NDATA; None where they are not announced.

    Raises:
        PayloadError: when they are announced in another form.
    """
    produced = _named(payload.metrics, METRIC_PRODUCED, Code.STRING)
    lost = _named(payload.metrics, METRIC_LOST, Code.STRING)
    if produced is None and lost is None:
        return None
    batches, samples = parse_produced(str(produced)) if produced is not None else (0, 0)
    return Status(batches, samples, tuple(parse_ranges(str(lost or ""))))


def devices_of(payload: Payload) -> frozenset[str] | None:
    """The devices that a node says are there, of an NDATA; None where it says nothing of them.

    Raises:
        PayloadError: when they are announced in another form.
    """
    told = _named(payload.metrics, METRIC_DEVICES, Code.STRING)
    return None if told is None else parse_devices(str(told))


def ledger_id_of(payload: Payload) -> int | None:
    """The buffer's identity of an NBIRTH (or NDATA); None for a foreign node.

    Raises:
        PayloadError: when it is no positive number.
    """
    value = _named(payload.metrics, METRIC_ID, Code.INT64)
    if value is None:
        return None
    if not isinstance(value, int) or value <= 0:
        raise PayloadError(f"{METRIC_ID} {value!r} must be a positive 63-bit number")
    return value


def read_node_birth(payload: Payload) -> NodeBirth:
    """Read an NBIRTH.

    Raises:
        PayloadError: names the metric that is wrong.
    """
    version = _named(payload.metrics, METRIC_CONTRACT_VERSION, Code.STRING)
    return NodeBirth(
        bd_seq_of(payload),
        ledger_id_of(payload),
        status_of(payload) or Status(0, 0, ()),
        None if version is None else str(version),
    )


def read_device_birth(name: str, payload: Payload) -> DeviceBirth:
    """Read a DBIRTH, or with `name` "" the node's own metrics of an NBIRTH.

    Raises:
        PayloadError: when it lists more signals than allowed, or text that is no UTF-8.
    """
    if len(payload.metrics) > MAX_SIGNALS:
        raise PayloadError(
            f"birth of {name!r} lists {len(payload.metrics)} metrics, allowed are {MAX_SIGNALS}"
        )

    def word(what: str) -> str:
        return str(_named(payload.metrics, EQUIPMENT_PREFIX + what, Code.STRING) or "")

    signals = tuple(_signal(m) for m in payload.metrics if _is_signal(m))
    takes_requests = any(m.name == METRIC_ACQUIRE and m.datatype == Code.BOOLEAN for m in payload.metrics)
    return DeviceBirth(name, word("Workshop"), word("Line"), word("Type"), signals, takes_requests)


def _is_signal(metric: Metric) -> bool:
    name = metric.name
    if not isinstance(name, str) or "\0" in name:
        raise PayloadError(f"metric name {name!r} is no UTF-8 text without NUL")
    return bool(name) and name != METRIC_BDSEQ and not name.startswith(CONTROL_PREFIXES)


def _signal(metric: Metric) -> Signal:
    properties = get_properties(metric)

    def text(key: str) -> str:
        return str(properties.get(key, "")).replace("\0", "")

    rate = properties.get(PROPERTY_SAMPLE_RATE, 0.0)
    return Signal(
        name=metric.name,
        alias=metric.alias if metric.HasField("alias") else None,
        code=metric.datatype if metric.datatype in set(Code) else int(Code.UNKNOWN),
        unit=text(PROPERTY_UNIT),
        quantity=text(PROPERTY_QUANTITY),
        kind=text(PROPERTY_KIND) or _guess_kind(metric.datatype),
        role=text(PROPERTY_ROLE),
        sample_rate=float(rate) if isinstance(rate, int | float) and math.isfinite(rate) else 0.0,
        retired=bool(properties.get(PROPERTY_RETIRED, False)),
        metric=metric,
    )


def _guess_kind(datatype: int) -> str:
    if datatype in TEXT_CODES:
        return "event"
    return "waveform" if datatype in ARRAY_CODES else "measurement"


def _named(metrics: Iterable[Metric], name: str, code: Code) -> object:
    for metric in metrics:
        if metric.name == name:
            return get_value(metric, code)
    return None
