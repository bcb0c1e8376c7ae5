"""Which registers are read together: blocks of one request each, with the signals that lie in them."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from chejian_edge.drivers.modbus.address import RegisterAddress, Stamp
from chejian_edge.drivers.modbus.options import ModbusOptions

_BITS_PER_REGISTER = 16


class Field(NamedTuple):
    """One signal in a block: its bytes are `data[begin:end]`."""

    key: int
    address: RegisterAddress
    begin: int
    end: int


@dataclass(frozen=True, slots=True)
class Block:
    """One request.

    Attributes:
        unit: id.
        table: one of TABLES.
        start: first register or bit.
        count: registers or bits.
        every: [s] between two reads.
        stamp: time of all fields, with its place `stamp_at` in the data; None: the time of the response.
        stamp_at: begin and end [bytes].
        gap_ms: stamps further apart mean that nothing was recorded between them; 0: never.
        fields: in the order of their numbers.
    """

    unit: int
    table: str
    start: int
    count: int
    every: float
    stamp: Stamp | None
    stamp_at: tuple[int, int]
    gap_ms: int
    fields: tuple[Field, ...]

    @property
    def keys(self) -> tuple[int, ...]:
        """Of the signals."""
        return tuple(field.key for field in self.fields)

    def __str__(self) -> str:
        return f"{self.unit}/{self.table}:{self.start}-{self.start + self.count - 1}"


Signal = tuple[int, RegisterAddress]
"""Key and address."""


def plan_blocks(items: Mapping[int, RegisterAddress], options: ModbusOptions) -> list[Block]:
    """Merge neighbours of one unit, table and interval, or of one stamp, into as few requests as the limits allow.

    Signals of one stamp are read as often as the most frequent of them wants: reading a stamp may move a logger on.
    """
    groups: dict[tuple[object, ...], list[Signal]] = defaultdict(list)
    for key, address in items.items():
        clock = address.every if address.stamp is None else address.stamp.text
        groups[address.unit, address.table, address.stamp is None, clock].append((key, address))
    return [_block(run) for group in groups.values() for run in _runs(group, options)]


def split(block: Block) -> tuple[Block, Block] | None:
    """Two blocks with the same signals, parted at the widest gap, else in the middle; None for a single signal.

    For devices that refuse a block: the parts that are legal go on, what is not is found.
    """
    signals = [(field.key, field.address) for field in block.fields]
    if len(signals) == 1:
        return None
    gaps = [_gap(signals[:i], signals[i]) for i in range(1, len(signals))]
    widest = max(gaps)
    at = 1 + gaps.index(widest) if widest > 0 else len(signals) // 2
    return _block(signals[:at]), _block(signals[at:])


def _runs(group: list[Signal], options: ModbusOptions) -> Iterable[list[Signal]]:
    group.sort(key=lambda signal: (signal[1].start, signal[1].end, signal[0]))
    bits = group[0][1].table in ("coil", "discrete")
    limit = options.max_bits if bits else options.max_registers
    max_gap = options.max_gap * (_BITS_PER_REGISTER if bits else 1)
    run: list[Signal] = []
    for signal in group:
        if run:
            first, end = _span([*run, signal])
            near = signal[1].stamp is not None or _gap(run, signal) <= max_gap
            if not near or end - first > limit:
                yield run
                run = []
        run.append(signal)
    yield run


def _gap(run: list[Signal], signal: Signal) -> int:
    return signal[1].start - max(address.end for _, address in run)


def _span(signals: list[Signal]) -> tuple[int, int]:
    first = min(address.start for _, address in signals)
    end = max(address.end for _, address in signals)
    stamp = signals[0][1].stamp
    if stamp is None:
        return first, end
    return min(first, stamp.start), max(end, stamp.start + stamp.registers)


def _block(signals: list[Signal]) -> Block:
    first, end = _span(signals)
    one = signals[0][1]
    width = 1 if one.table in ("coil", "discrete") else 2
    fields = tuple(
        Field(key, address, (address.start - first) * width, (address.end - first) * width)
        for key, address in signals
    )
    stamp, at = one.stamp, (0, 0)
    if stamp is not None:
        begin = (stamp.start - first) * width
        at = (begin, begin + stamp.registers * width)
    every = min(address.every for _, address in signals)
    gap = min((address.gap for _, address in signals if address.gap), default=0.0)
    return Block(one.unit, one.table, first, end - first, every, stamp, at, round(gap * 1000), fields)
