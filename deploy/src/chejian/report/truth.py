"""The simulator's truth file, read back."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HOUR_MS = 3_600_000


@dataclass(frozen=True, slots=True)
class EquipmentTruth:
    """Ground truth of one machine.

    Attributes:
        states: contiguous (from [ms], to [ms], state number).
        counts: "produced", "good", "scrap" -> times [ms] of the single increments, ascending.
        hours: per clock hour, see `chejian_simulators.truth`.
        waveforms: one entry per vibration block.
    """

    code: str
    states: tuple[tuple[int, int, int], ...]
    counts: Mapping[str, Sequence[int]]
    hours: tuple[Mapping[str, Any], ...]
    waveforms: tuple[Mapping[str, Any], ...]

    def last_change_ms(self) -> int:
        """Time of the last change of state, count or waveform."""
        times = [self.states[-1][0], *(events[-1] for events in self.counts.values() if events)]
        return max(times + [int(w["time_ms"]) for w in self.waveforms[-1:]])


@dataclass(frozen=True, slots=True)
class Truth:
    """Ground truth of a plant over [epoch, end)."""

    group: str
    node: str
    seed: int
    epoch_ms: int
    end_ms: int
    equipment: Mapping[str, EquipmentTruth]


def load_truth(path: Path) -> Truth:
    """Read the file that `chejian-simulate` wrote."""
    data = json.loads(path.read_text("utf-8"))
    equipment = {
        code: EquipmentTruth(
            code=code,
            states=merge_states(tuple(s) for s in e["states"]),
            counts=e["count_events"],
            hours=tuple(e["hours"]),
            waveforms=tuple(e["waveforms"]),
        )
        for code, e in data["equipment"].items()
    }
    return Truth(data["group"], data["node"], data["seed"], data["epoch_ms"], data["end_ms"], equipment)


def merge_states(runs: Any) -> tuple[tuple[int, int, int], ...]:
    """Join neighbouring runs (from, to, state) of the same state; runs are ascending and contiguous."""
    out: list[tuple[int, int, int]] = []
    for start, end, state in runs:
        if out and out[-1][2] == state and out[-1][1] == start:
            out[-1] = (out[-1][0], end, state)
        elif end > start:
            out.append((start, end, state))
    return tuple(out)


def clip(runs: Sequence[tuple[int, int, int]], start: int, end: int) -> tuple[tuple[int, int, int], ...]:
    """The part of the runs inside [start, end)."""
    return tuple((max(a, start), min(b, end), s) for a, b, s in runs if a < end and b > start)
