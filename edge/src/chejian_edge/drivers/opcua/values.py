"""From OPC UA DataValues to readings."""

from datetime import UTC, datetime, timedelta
from typing import Any

from asyncua import ua
from chejian_contract.samples import Quality

from chejian_edge.driver import Reading

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MS = timedelta(milliseconds=1)
_SEVERITY_SHIFT = 30
_OVERFLOW = 0x480
"""InfoType DataValue with the overflow bit: the server's queue of this item lost values (OPC 10000-4, 7.39)."""


def to_ms(time: datetime) -> int:
    """Milliseconds since 1970 UTC, cut."""
    if time.tzinfo is None:
        time = time.replace(tzinfo=UTC)
    return (time - _EPOCH) // _MS


def from_ms(time_ms: int) -> datetime:
    """UTC datetime of milliseconds since 1970."""
    return _EPOCH + timedelta(milliseconds=time_ms)


def quality_of(status: ua.StatusCode | None) -> Quality:
    """Severity bits of a StatusCode: 00 good, 01 uncertain, else bad (OPC 10000-4, 7.39)."""
    severity = 0 if status is None else status.value >> _SEVERITY_SHIFT
    if severity == 0:
        return Quality.GOOD
    return Quality.UNCERTAIN if severity == 1 else Quality.BAD


def overflowed(value: ua.DataValue) -> bool:
    """Whether the server lost values of this item in front of this one."""
    status = value.StatusCode
    return status is not None and (status.value & _OVERFLOW) == _OVERFLOW


def reading_of(key: int, value: ua.DataValue) -> Reading:
    """The reading of a DataValue."""
    source, server, variant = value.SourceTimestamp, value.ServerTimestamp, value.Value
    raw: Any = None if variant is None else variant.Value
    if isinstance(raw, ua.LocalizedText):
        raw = raw.Text
    return (
        key,
        None if source is None else to_ms(source),
        None if server is None else to_ms(server),
        raw,
        quality_of(value.StatusCode),
    )
