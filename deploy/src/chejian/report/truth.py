"""The simulator's truth file, read back."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

HOUR_MS = 3_600_000
Row = Mapping[str, Any]
Runs = Sequence[tuple[int, int, int]]


@dataclass(frozen=True, slots=True)
class EquipmentTruth:
    """Ground truth of one machine.

    Attributes:
        states: contiguous (from [ms], to [ms], state number).
        counts: "produced", "good", "scrap" -> times [ms] of the single increments, ascending.
        windows: "hour" and "shift" -> one row for each, see the simulators' README.
        waveforms: one entry per vibration block.
        energy: by carrier, see the simulators' README.
        orders: one entry per order, see the simulators' README.
        by_product: product -> "produced", "good", "scrap" of the whole run.
        tells_orders: whether it tells the number of its order.
    """

    code: str
    states: tuple[tuple[int, int, int], ...]
    counts: Mapping[str, Sequence[int]]
    windows: Mapping[str, Sequence[Row]]
    waveforms: Sequence[Row] = ()
    energy: Mapping[str, Row] = field(default_factory=dict)
    orders: Sequence[Row] = ()
    by_product: Mapping[str, Row] = field(default_factory=dict)
    tells_orders: bool = False

    def last_changes(self) -> dict[str, int]:
        """Time [ms] of the last change by role of its signal."""
        last = {f"{name}_count": events[-1] for name, events in self.counts.items() if events}
        last["machine_state"] = self.states[-1][0]
        if self.waveforms:
            last["vibration_waveform"] = int(self.waveforms[-1]["time_ms"])
        return last


@dataclass(frozen=True, slots=True)
class Truth:
    """Ground truth of a plant over [epoch, end)."""

    plant: str
    group: str
    node: str
    seed: int
    epoch_ms: int
    end_ms: int
    equipment: Mapping[str, EquipmentTruth]
    meters: Mapping[str, Row]
    faults: Sequence[Row]

    @property
    def closed_ms(self) -> int:
        """End of the last clock hour that was over when the plant froze [ms]: what closed before it is compared."""
        return self.end_ms // HOUR_MS * HOUR_MS


def load_truth(path: Path) -> Truth:
    """Read the file that `chejian-simulate` wrote."""
    data = json.loads(path.read_text("utf-8"))
    equipment = {
        code: EquipmentTruth(
            code=code,
            states=merge_states(tuple(s) for s in e["states"]),
            counts={name: e["count_events"][name] for name in ("produced", "good", "scrap")},
            windows={"hour": e["hours"], "shift": e["shifts"]},
            waveforms=e["waveforms"],
            energy=e["energy"],
            orders=e["orders"],
            by_product=e["counts_by_product"],
            tells_orders="Order/Id" in e["changes"],
        )
        for code, e in data["equipment"].items()
    }
    names = ("plant", "group", "node", "seed", "epoch_ms", "end_ms")
    return Truth(
        **{name: data[name] for name in names},
        equipment=equipment,
        meters=data["meters"],
        faults=data["faults"],
    )


def merge_states(runs: Any) -> tuple[tuple[int, int, int], ...]:
    """Join neighbouring runs (from, to, state) of the same state; runs are ascending and contiguous."""
    out: list[tuple[int, int, int]] = []
    for start, end, state in runs:
        if out and out[-1][2] == state and out[-1][1] == start:
            out[-1] = (out[-1][0], end, state)
        elif end > start:
            out.append((start, end, state))
    return tuple(out)


def clip(runs: Runs, start: int, end: int) -> tuple[tuple[int, int, int], ...]:
    """The part of the runs inside [start, end)."""
    return tuple((max(a, start), min(b, end), s) for a, b, s in runs if a < end and b > start)
