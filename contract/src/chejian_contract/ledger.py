"""The ledger's words on the wire: batch numbers, ranges, acknowledgement text (docs/wire.md).

Batch numbers start at 1 and rise by one. A range is closed on both ends here and on the wire: (3, 5) is 3, 4, 5.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from chejian_contract.errors import PayloadError

METRIC_ID = "Ledger/Id"
"""NBIRTH, NDATA, and first in every DBIRTH and DDATA, Int64: random 63-bit identity of the buffer."""
METRIC_BATCH = "Ledger/Batch"
"""Second in every DBIRTH and DDATA, Int64: the batch number (0 in births)."""
METRIC_PRODUCED = "Ledger/Produced"
"""NBIRTH and NDATA, String "<batches>,<samples>": what the buffer has committed since its creation."""
METRIC_LOST = "Ledger/Lost"
"""NBIRTH and NDATA, String of ranges "a-b,c-d": batches declared lost; empty for none."""
METRIC_DEVICES = "Properties/Devices"
"""NBIRTH and NDATA, String, see `format_devices`: the devices that have been born in this session and have not died."""
METRIC_STORED = "Node Control/Ledger Stored"
"""NCMD, String, see `Ack`; announced in NBIRTH."""
METRIC_REBIRTH = "Node Control/Rebirth"
"""Boolean of Sparkplug; NCMD with true asks for a complete birth sequence."""
METRIC_ACQUIRE = "Device Control/Acquire"
"""DBIRTH, Boolean, false: the device takes waveform requests. DCMD with true: the next block of each of its waveforms is
sent, whatever its schedule says. The only metric that a host of ours ever writes to a device."""
METRIC_BDSEQ = "bdSeq"

LEDGER_PREFIX = "Ledger/"
EQUIPMENT_PREFIX = "Equipment/"
"""DBIRTH strings that describe the device and are no series: Equipment/Workshop, /Line, /Type."""

MAX_ACK_RANGES = 32
"""Ranges above the mark in one acknowledgement; keeps it below 1.5 kB."""
MAX_BATCH = 2**63 - 1
_MAX_DIGITS = len(str(MAX_BATCH))

Range = tuple[int, int]


def format_devices(codes: Iterable[str]) -> str:
    """Device codes as one text: sorted, with "/" between them, which no code holds."""
    return "/".join(sorted(codes))


def parse_devices(text: str) -> frozenset[str]:
    """Device codes of `format_devices`."""
    return frozenset(text.split("/")) if text else frozenset()


def merge(ranges: Iterable[Range]) -> list[Range]:
    """Sort closed ranges and join those that touch or overlap."""
    out: list[Range] = []
    for lo, hi in sorted(ranges):
        if out and lo <= out[-1][1] + 1:
            out[-1] = (out[-1][0], max(out[-1][1], hi))
        else:
            out.append((lo, hi))
    return out


def subtract(some: Iterable[Range], others: Iterable[Range]) -> list[Range]:
    """The numbers of `some` that are not in `others`, as merged closed ranges."""
    out: list[Range] = []
    away = merge(others)
    for lo, hi in merge(some):
        at = lo
        for a, b in away:
            if b < at or a > hi:
                continue
            if a > at:
                out.append((at, a - 1))
            at = b + 1
        if at <= hi:
            out.append((at, hi))
    return out


def overlap(some: Iterable[Range], others: Iterable[Range]) -> int:
    """How many numbers are in both; each argument holds closed ranges that do not overlap among themselves."""
    theirs = list(others)
    return sum(max(min(a[1], b[1]) - max(a[0], b[0]) + 1, 0) for a in some for b in theirs)


def format_ranges(ranges: Iterable[Range]) -> str:
    """Write closed ranges as "3-5,9-9"."""
    return ",".join(f"{lo}-{hi}" for lo, hi in ranges)


def _is_number(text: str) -> bool:
    """Whether `text` is a decimal number that int64 holds; longer text is not even converted."""
    return text.isascii() and text.isdigit() and len(text) <= _MAX_DIGITS and int(text) <= MAX_BATCH


def parse_ranges(text: str) -> list[Range]:
    """Read what `format_ranges` writes; empty text is no range.

    Raises:
        PayloadError: names the text and the form expected.
    """
    out = []
    for part in text.split(",") if text else []:
        lo, dash, hi = part.partition("-")
        if not (dash and _is_number(lo) and _is_number(hi)):
            raise PayloadError(f"ranges {text!r} must be <from>-<to>[,<from>-<to>]..., numbers below 2^63")
        pair = int(lo), int(hi)
        if not 1 <= pair[0] <= pair[1]:
            raise PayloadError(f"ranges {text!r}: need 1 <= from <= to")
        out.append(pair)
    return merge(out)


@dataclass(frozen=True, slots=True)
class Ack:
    """What the host has handled of one buffer: everything up to `up_to`, and `ranges` above it.

    Attributes:
        ledger_id: identity of the buffer.
        up_to: contiguous mark; 0 for none.
        ranges: closed ranges above the mark, sorted, not touching it, at most 32.
    """

    ledger_id: int
    up_to: int
    ranges: tuple[Range, ...] = ()

    @classmethod
    def of(cls, ledger_id: int, handled: Iterable[Range]) -> "Ack":
        """Acknowledge the closed ranges `handled` (any order), cut to the first 32 above the mark."""
        merged = merge(handled)
        if merged and merged[0][0] <= 1:
            return cls(ledger_id, merged[0][1], tuple(merged[1 : MAX_ACK_RANGES + 1]))
        return cls(ledger_id, 0, tuple(merged[:MAX_ACK_RANGES]))

    @property
    def handled(self) -> tuple[Range, ...]:
        """All that is handled, as closed ranges in rising order."""
        return ((1, self.up_to), *self.ranges) if self.up_to else self.ranges

    @property
    def highest(self) -> int:
        """The highest handled number, 0 for none."""
        return self.ranges[-1][1] if self.ranges else self.up_to

    @property
    def cut(self) -> bool:
        """Whether there may be more ranges than are told."""
        return len(self.ranges) >= MAX_ACK_RANGES

    def __str__(self) -> str:
        tail = "," + format_ranges(self.ranges) if self.ranges else ""
        return f"{self.ledger_id}:{self.up_to}{tail}"

    @classmethod
    def parse(cls, text: str) -> "Ack":
        """Read `<ledger id>:<up to>[,<from>-<to>]...`; ranges that touch the mark move it up.

        Raises:
            PayloadError: names the text and the form expected.
        """
        head, colon, rest = text.partition(":")
        mark, comma, tail = rest.partition(",")
        if not (colon and _is_number(head) and _is_number(mark) and bool(comma) == bool(tail)):
            raise PayloadError(f"acknowledgement {text!r} must be <ledger id>:<up to>[,<from>-<to>]...")
        return cls.of(int(head), [*([(1, int(mark))] if int(mark) else []), *parse_ranges(tail)])


def format_produced(batches: int, samples: int) -> str:
    """Write the produced totals for `Ledger/Produced`."""
    return f"{batches},{samples}"


def parse_produced(text: str) -> tuple[int, int]:
    """Read `Ledger/Produced`.

    Raises:
        PayloadError: names the text and the form expected.
    """
    batches, comma, samples = text.partition(",")
    if not (comma and _is_number(batches) and _is_number(samples)):
        raise PayloadError(f"produced totals {text!r} must be <batches>,<samples>, numbers below 2^63")
    return int(batches), int(samples)
