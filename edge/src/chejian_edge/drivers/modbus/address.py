"""Modbus addresses: `[<unit>/]<table>:<number>[.<bit>[-<bit>]] [<type> [<order>]]` and keys such as `every=5s`.

Numbers count from 0, as the protocol does: what a manual calls register 40001 or 400001 is `holding:0`.
"""

import re
from dataclasses import dataclass
from typing import NamedTuple

from chejian_contract.config import ConfigValueError, parse_duration

from chejian_edge.drivers.modbus.options import TABLES, ModbusOptions, check_interval
from chejian_edge.drivers.modbus.values import (
    Decode,
    Decoder,
    UnknownTypeError,
    bits_decoder,
    decoder_of,
    never,
    truth,
)
from chejian_edge.errors import AddressError

_PLACE = re.compile(r"(?:(\d+)/)?(coil|discrete|input|holding):(0x[0-9A-Fa-f]+|\d+)(?:\.(\d+)(?:-(\d+))?)?")
_PLACE_FORM = f"[<unit>/]<{'|'.join(TABLES)}>:<number>[.<bit>[-<bit>]]; numbers count from 0: 40001 of a manual is holding:0"
_KEYS = {"every": "duration", "stamp": "register", "gap": "duration", "invalid": "number"}
_BIT_TABLES = ("coil", "discrete")
_NUMBERS = 0x10000
_UNITS = 256
_TOP_BIT = 15
_STAMPS = {"u32": 1000, "u64": 1000, "u64ms": 1}
"""Types of a stamp, and milliseconds in one of its counts."""


class Stamp(NamedTuple):
    """Where the device says of which time its registers are.

    Attributes:
        start: first register.
        registers: that it takes.
        text: equal texts are the same stamp.
        decode: from their bytes to a count.
        count_ms: [ms] of one count since 1970 UTC.
    """

    start: int
    registers: int
    text: str
    decode: Decode
    count_ms: int

    def time_ms(self, data: bytes) -> int | None:
        """[ms UTC], or None: the clock was never set (0)."""
        count = self.decode(data)
        return count * self.count_ms if isinstance(count, int) and count > 0 else None


@dataclass(frozen=True, slots=True)
class RegisterAddress:
    """A parsed address.

    Attributes:
        text: as configured.
        unit: id.
        table: one of TABLES.
        start: first register, or bit.
        count: registers, or bits.
        decode: from the bytes of the registers (one byte for a bit) to a value.
        every: [s] between two reads.
        stamp: None: the time of the response counts.
        gap: [s]; stamps further apart mean that nothing was recorded between them. 0: never.
    """

    text: str
    unit: int
    table: str
    start: int
    count: int
    decode: Decode
    every: float
    stamp: Stamp | None
    gap: float = 0.0

    @property
    def end(self) -> int:
        """First number behind it."""
        return self.start + self.count


def parse_address(text: str, options: ModbusOptions) -> RegisterAddress:
    """Read an address; what it leaves open comes from `options`.

    Raises:
        AddressError: names the text and what is allowed in the place that is wrong.
    """
    place, *words = text.split() or [""]
    match = _PLACE.fullmatch(place)
    if match is None:
        raise AddressError(text, _PLACE_FORM)
    unit = options.unit if match[1] is None else int(match[1])
    if unit >= _UNITS:
        raise AddressError(text, "a unit of 0 to 255")
    table, start = match[2], int(match[3], 0 if match[3].startswith("0x") else 10)
    plain = [word for word in words if "=" not in word]
    keys = _keys(text, [word for word in words if "=" in word])
    try:
        decoder = _decoder(text, table, match, plain)
        stamp = _stamp(text, table, keys["stamp"]) if "stamp" in keys else None
    except UnknownTypeError as error:
        raise AddressError(text, str(error)) from error
    decode = never(decoder.decode, _integer(text, keys["invalid"])) if "invalid" in keys else decoder.decode
    every = _every(text, keys["every"]) if "every" in keys else float(options.poll_interval)
    gap = _gap(text, keys["gap"], stamp) if "gap" in keys else 0.0
    address = RegisterAddress(text, unit, table, start, decoder.registers, decode, every, stamp, gap)
    _check_span(address, options)
    return address


def _keys(text: str, words: list[str]) -> dict[str, str]:
    keys: dict[str, str] = {}
    for word in words:
        key, _, value = word.partition("=")
        if key not in _KEYS or key in keys or not value:
            allowed = ", ".join(f"{name}=<{what}>" for name, what in _KEYS.items())
            raise AddressError(text, f"behind the type: {allowed}, each once")
        keys[key] = value
    return keys


def _decoder(text: str, table: str, match: re.Match[str], plain: list[str]) -> Decoder:
    if table in _BIT_TABLES:
        if plain or match[4] is not None:
            raise AddressError(text, f"no type and no bit behind a {table}: it is one bit")
        return Decoder(1, truth)
    if match[4] is not None:
        first = int(match[4])
        last = first if match[5] is None else int(match[5])
        if plain or not first <= last <= _TOP_BIT:
            raise AddressError(text, "bits 0 to 15, .<bit> or .<first>-<last>, without a type")
        return Decoder(1, bits_decoder(first, last))
    if not 1 <= len(plain) <= 2:  # noqa: PLR2004 - a type, and perhaps an order
        raise UnknownTypeError("a type and perhaps a byte order, such as holding:0 u32 CDAB")
    return decoder_of(*plain)


def _stamp(text: str, table: str, value: str) -> Stamp:
    number, _, rest = value.partition(":")
    kind, _, order = rest.partition(":")
    kind = kind or "u32"
    if table in _BIT_TABLES or kind not in _STAMPS:
        raise AddressError(
            text, "stamp=<register>[:u32|u64|u64ms[:<order>]], in the same table of registers as the value"
        )
    decoder = decoder_of(kind.removesuffix("ms"), order)
    start = _integer(text, number)
    if not 0 <= start <= _NUMBERS - decoder.registers:
        raise AddressError(text, f"a stamp within 0 to {_NUMBERS - 1}")
    return Stamp(start, decoder.registers, f"{start}:{kind}:{order}", decoder.decode, _STAMPS[kind])


def _integer(text: str, value: str) -> int:
    try:
        return int(value, 0)
    except ValueError:
        raise AddressError(text, f"a whole number, such as 4096 or 0x1000, instead of {value!r}") from None


def _every(text: str, value: str) -> float:
    try:
        every = float(parse_duration(value))
        check_interval("every", every)
    except (ConfigValueError, ValueError):
        raise AddressError(text, "every=10ms to every=1h") from None
    return every


def _gap(text: str, value: str, stamp: Stamp | None) -> float:
    try:
        gap = float(parse_duration(value))
    except ValueError:
        gap = 0.0
    if stamp is None or gap <= 0:
        raise AddressError(text, "gap=<duration>, such as 5min, together with a stamp")
    return gap


def _check_span(address: RegisterAddress, options: ModbusOptions) -> None:
    if address.end > _NUMBERS:
        raise AddressError(address.text, f"numbers within 0 to {_NUMBERS - 1}")
    first, end = address.start, address.end
    if address.stamp is not None:
        first, end = min(first, address.stamp.start), max(end, address.stamp.start + address.stamp.registers)
    if address.table not in _BIT_TABLES and end - first > options.max_registers:
        what = "value and stamp" if address.stamp is not None else "a value"
        raise AddressError(
            address.text, f"{what} within one request of max_registers = {options.max_registers}"
        )
