"""Options of a Modbus source."""

import re
from dataclasses import dataclass
from typing import NamedTuple
from urllib.parse import urlsplit

from chejian_contract.config import ConfigValueError, Seconds

from chejian_edge.driver import SourceOptions

DEFAULT_PORT = 502
"""TCP port that is registered for Modbus."""
MAX_REGISTERS = 125
"""Registers in one response (Modbus application protocol 1.1b3, 6.3: byte count of at most 250)."""
MAX_BITS = 2000
"""Bits in one response (same, 6.1)."""
TABLES = ("coil", "discrete", "input", "holding")
"""The four tables, read with functions 1, 2, 4 and 3."""
_RANGE = re.compile(r"(?:(\d{1,3})/)?(coil|discrete|input|holding):(\d{1,5})-(\d{1,5})")
_LAST = 0xFFFF
_UNITS = 255
_SCHEMES = {"modbus": False, "modbus-rtu": True}


class ScanRange(NamedTuple):
    """What `browse` reads: `first` to `last` of one table; `unit` None is the source's own."""

    unit: int | None
    table: str
    first: int
    last: int


@dataclass(frozen=True, kw_only=True)
class ModbusOptions(SourceOptions):
    """Options of a Modbus source, see `sample.toml`. A source is one TCP connection: a device, or a gateway with several.

    Attributes:
        unit: unit id where an address names none, 0 to 255.
        poll_interval: [s] 10 ms to 1 h; how often a signal is read where its address does not say.
        request_timeout: [s] 20 ms to 1 min; a unit that does not answer in this time is asked again.
        retries: how often a living unit is asked again before it counts as silent, 0 to 10.
        unit_retry_max: [s] 1 s to 1 h; longest pause between two questions to a silent unit.
        request_pause: [s] 0 to 1 s; rest between a response and the next request, for slow gateways.
        max_registers: in one request, 4 to 125.
        max_bits: in one request, 1 to 2000.
        max_gap: registers (or sixteenfold bits) of no interest that are read along to save a request, 0 to 121.
        scan: ranges that `browse` reads.
    """

    unit: int = 1
    poll_interval: Seconds = Seconds(1)  # noqa: RUF009 - a float, immutable
    request_timeout: Seconds = Seconds(1)  # noqa: RUF009 - same
    retries: int = 1
    unit_retry_max: Seconds = Seconds(60)  # noqa: RUF009 - same
    request_pause: Seconds = Seconds(0)  # noqa: RUF009 - same
    max_registers: int = MAX_REGISTERS
    max_bits: int = MAX_BITS
    max_gap: int = 8
    scan: tuple[str, ...] = ("holding:0-99", "input:0-99", "coil:0-99", "discrete:0-99")

    def __post_init__(self) -> None:
        super().__post_init__()
        parts = urlsplit(self.url)
        try:
            legal = parts.scheme in _SCHEMES and parts.hostname and (parts.port or 1) > 0
        except ValueError:
            legal = False
        if not legal or parts.path.strip("/"):
            raise ConfigValueError("url", self.url, "modbus://host[:port], or modbus-rtu://host[:port]")
        _within("unit", self.unit, 0, _UNITS)
        check_interval("poll_interval", self.poll_interval)
        _within("request_timeout", self.request_timeout, 0.02, 60)
        _within("retries", self.retries, 0, 10)
        _within("unit_retry_max", self.unit_retry_max, 1, 3600)
        _within("request_pause", self.request_pause, 0, 1)
        _within("max_registers", self.max_registers, 4, MAX_REGISTERS)
        _within("max_bits", self.max_bits, 1, MAX_BITS)
        _within("max_gap", self.max_gap, 0, MAX_REGISTERS - 4)
        for i, text in enumerate(self.scan):
            _scan_range(f"scan[{i}]", text)

    @property
    def endpoint(self) -> tuple[str, int]:
        """Host and port."""
        parts = urlsplit(self.url)
        return parts.hostname or "", parts.port or DEFAULT_PORT

    @property
    def rtu_frames(self) -> bool:
        """RTU frames (with check sum, without transaction number) instead of Modbus TCP's."""
        return _SCHEMES[urlsplit(self.url).scheme]

    @property
    def scan_ranges(self) -> tuple[ScanRange, ...]:
        """`scan`, read."""
        return tuple(_scan_range("scan", text) for text in self.scan)


def check_interval(key: str, value: float) -> None:
    """Refuse intervals outside 10 ms to 1 h.

    Raises:
        ConfigValueError: names the key and the range.
    """
    if not 0.01 <= value <= 3600:  # noqa: PLR2004 - the range of the documentation above
        raise ConfigValueError(key, float(value), "10ms to 1h")


def _scan_range(key: str, text: str) -> ScanRange:
    match = _RANGE.fullmatch(text)
    if match is not None:
        found = ScanRange(int(match[1]) if match[1] else None, match[2], int(match[3]), int(match[4]))
        if found.first <= found.last <= _LAST and (found.unit or 0) <= _UNITS:
            return found
    raise ConfigValueError(key, text, f"[<unit>/]<{'|'.join(TABLES)}>:<first>-<last>, such as holding:0-99")


def _within(key: str, value: float, low: float, high: float) -> None:
    if not low <= value <= high:
        raise ConfigValueError(key, value, f"{low:g} to {high:g}")
