"""Runs to failure (`femto`): when the trend leaves its baseline, and how often it does so while the bearing is young.

Part of ``python -m benchmarks.diagnosis_score DIR``. The indicator is the logarithm of the RMS over both axes, snapshot by
snapshot. The baseline is the first `BASELINE` snapshots that the folder has of a run; nothing else is known of it.
"""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from chejian_analytics.diagnosis import onset_of

BASELINE = 20
"""Snapshots taken for healthy."""

YOUNG_SHARE = 0.5
"""An onset that shows within the first half of a run, seen from there, counts as early."""


def rows(folder: Path) -> list[tuple[str, ...]]:
    """One row per run: snapshots, onset in percent of the run, snapshots of its first half that said "onset"."""
    found: list[tuple[str, ...]] = []
    for path in sorted((folder / "femto").glob("*.npz")):
        with np.load(path) as data:
            snapshots = np.asarray(data["x"], dtype=np.float64)
            number, total = np.asarray(data["snapshot"]), float(data["n_total"])
        centred = snapshots - snapshots.mean(axis=1, keepdims=True)
        indicator = np.log(np.sqrt((centred**2).sum(axis=2).mean(axis=1)))
        onset = onset_of(indicator, BASELINE)
        young = [k for k in range(BASELINE + 1, indicator.size + 1) if number[k - 1] <= YOUNG_SHARE * total]
        early = sum(onset_of(indicator[:k], BASELINE) is not None for k in young)
        place = "-" if onset is None else f"{100.0 * float(number[onset.index]) / total:.0f} %"
        found.append((path.stem, str(indicator.size), place, f"{early} of {len(young)}"))
    return found


def table(folder: Path, align: Callable[[Sequence[Sequence[str]]], str]) -> str:
    """The rows under their heads; empty without runs."""
    found = rows(folder)
    heads: tuple[str, ...] = ("run to failure", "snapshots", "onset at", "said so in the first half")
    return align([heads, *found]) if found else ""
