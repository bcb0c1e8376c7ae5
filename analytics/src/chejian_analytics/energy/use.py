"""What a meter shows of a window: amount, coverage, output, and both by the machine's state, product and order.

Everything is a whole number and adds up: the uses of adjoining windows give the use of their union, bit for bit.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike, NDArray

from chejian_analytics.energy.meter import Consumption, Meter, consumption
from chejian_analytics.kpi.counts import Counter
from chejian_analytics.kpi.inputs import CounterSeries
from chejian_analytics.kpi.windows import Windows

Int64 = NDArray[np.int64]
Total = Callable[[Int64], Int64]

_BEHIND_US = 1
"""Resolution of time [us]: an item at the very instant of a change of product still belongs to the earlier one, as in
`chejian_analytics.kpi.ideal`."""


@dataclass(frozen=True, slots=True)
class Share:
    """What belongs to one label.

    Attributes:
        amount: register units.
        us: time that the label held [us].
        output: good items.
    """

    amount: int
    us: int
    output: int = 0


@dataclass(frozen=True, slots=True)
class Use:
    """What a meter shows of a window.

    Attributes:
        elapsed_us: length of the window.
        covered_us: of it between readings that are near enough.
        amount: register units.
        output: good items of the machine; None without a counter or before its first reading.
        shares: for each way to split ("state", "product", "order") its shares by label; amounts add up to `amount`,
            times to `elapsed_us`, outputs (not of states) to `output`.
        flags: see `MeterFlag`, sorted.
    """

    elapsed_us: int
    covered_us: int
    amount: int
    output: int | None
    shares: Mapping[str, Mapping[str, Share]]
    flags: tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Labels:
    """A label over time: each holds until the next one.

    Attributes:
        start_us: int64, sorted [us]; of equal times the last one holds.
        names: of each start.
        before: label of the time before the first start.
        with_output: whether items are counted by it.
    """

    start_us: ArrayLike
    names: Sequence[str]
    before: str = ""
    with_output: bool = True


@dataclass(frozen=True, slots=True, eq=False)
class MachineWork:
    """What the one machine of a meter did.

    Attributes:
        labels: by way to split.
        good: counter of good items; None: there is none.
        produced: of items, for a machine that counts no good ones: produced - scrap is good then.
        scrap: of scrap, likewise.
    """

    labels: Mapping[str, Labels] = field(default_factory=dict)
    good: CounterSeries | None = None
    produced: CounterSeries | None = None
    scrap: CounterSeries | None = None


def window_use(of: Meter, windows: Windows, work: MachineWork | None = None) -> list[Use]:
    """Use of each window.

    Args:
        of: the meter, with the reading before and the one after the windows.
        windows: sorted, disjoint, half-open [us].
        work: of its machine, with the last label and the last count before the windows; None: nothing to split by.
    """
    used = consumption(of, windows)
    work = work or MachineWork()
    output, first_us = _output(work)
    made = None if output is None else (output(windows.end_us) - output(windows.start_us)).tolist()
    items = [
        made[i] if made is not None and end > first_us else None
        for i, end in enumerate(windows.end_us.tolist())
    ]
    parts = {by: _split(of, windows, labels, output) for by, labels in work.labels.items()}
    return [_use(used, i, made_then, parts) for i, made_then in enumerate(items)]


def add_uses(parts: Sequence[Use]) -> Use:
    """Use of the union of adjoining windows.

    Raises:
        ValueError: when there is no part.
    """
    if not parts:
        raise ValueError("add_uses needs at least one part")
    outputs = [p.output for p in parts if p.output is not None]
    return Use(
        sum(p.elapsed_us for p in parts),
        sum(p.covered_us for p in parts),
        sum(p.amount for p in parts),
        sum(outputs) if outputs else None,
        {by: _added([p.shares.get(by, {}) for p in parts]) for by in {by for p in parts for by in p.shares}},
        tuple(sorted({flag for p in parts for flag in p.flags})),
    )


def _added(parts: Sequence[Mapping[str, Share]]) -> dict[str, Share]:
    out: dict[str, Share] = {}
    for part in parts:
        for label, share in part.items():
            old = out.get(label, Share(0, 0))
            out[label] = Share(old.amount + share.amount, old.us + share.us, old.output + share.output)
    return out


def _output(work: MachineWork) -> tuple[Total | None, int]:
    """Good items up to a time, and since when they are counted [us]."""
    if work.good is not None:
        good = work.good.counter()
        return good.total_before, _first_us(good)
    if work.produced is None or work.scrap is None:
        return None, 0
    produced, scrap = work.produced.counter(), work.scrap.counter()

    def total(times_us: Int64) -> Int64:
        out: Int64 = produced.total_before(times_us) - scrap.total_before(times_us)
        return out

    return total, min(_first_us(produced), _first_us(scrap))


def _first_us(counted: Counter) -> int:
    return int(counted.times_us[0]) if counted.times_us.size else int(np.iinfo(np.int64).max)


@dataclass(frozen=True, slots=True, eq=False)
class _Split:
    """Amount, time and output by window and label; int64 of shape (windows, labels)."""

    names: Sequence[str]
    amount: Int64
    us: Int64
    output: Int64


def _split(of: Meter, windows: Windows, labels: Labels, output: Total | None) -> _Split:
    names, codes = np.unique([labels.before, *labels.names], return_inverse=True)
    start = np.asarray(labels.start_us, np.int64)

    def table(total: Total, shift_us: int = 0) -> Int64:
        return _by_label(windows, start + shift_us, codes, len(names), total)

    counts = output is not None and labels.with_output
    return _Split(
        names.tolist(),
        table(of.total_at),
        table(lambda times_us: times_us),
        table(output, _BEHIND_US) if output is not None and counts else table(np.zeros_like),
    )


def _by_label(windows: Windows, start_us: Int64, codes: Int64, size: int, total: Total) -> Int64:
    """Rise of a total over each window, by the label that holds: `codes[0]` before the first start."""
    out = np.zeros((len(windows), size), np.int64)
    if len(windows) == 0:
        return out
    inside = start_us[(start_us > windows.start_us[0]) & (start_us < windows.end_us[-1])]
    edges = np.unique(np.concatenate([windows.start_us, windows.end_us, inside]))
    rise, at = np.diff(total(edges)), edges[:-1]
    window = np.searchsorted(windows.start_us, at, side="right") - 1
    label = codes[np.searchsorted(start_us, at, side="right")]
    kept = at < windows.end_us[window]
    np.add.at(out, (window[kept], label[kept]), rise[kept])
    return out


def _use(used: Consumption, i: int, output: int | None, parts: Mapping[str, _Split]) -> Use:
    return Use(
        int(used.elapsed_us[i]),
        int(used.covered_us[i]),
        int(used.amount[i]),
        output,
        {by: _shares(split, i) for by, split in parts.items()},
        tuple(sorted(used.flags[i])),
    )


def _shares(split: _Split, i: int) -> dict[str, Share]:
    columns = zip(
        split.names, split.amount[i].tolist(), split.us[i].tolist(), split.output[i].tolist(), strict=True
    )
    return {name: Share(*numbers) for name, *numbers in columns if any(numbers)}
