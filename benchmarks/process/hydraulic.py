"""Hydraulic rig: accuracy of each component's condition, five folds of whole blocks of 45 cycles.

Neighbouring cycles are near duplicates, so a fold holds whole blocks (groups = cycle // 45, as scikit-learn's GroupKFold
assigns them). ``--forest PYTHON`` of `benchmarks.diagnosis_score` runs a plain random forest on the same folds beside it.
"""

import json
import subprocess
from pathlib import Path

import numpy as np
from chejian_analytics.diagnosis.process.condition import condition_of, train_condition
from numpy.typing import NDArray

from benchmarks.process.text import aligned

BLOCK, FOLDS = 45, 5
COMPONENTS = ("cooler", "valve", "pump", "accumulator", "stable flag")
CHANNELS = ("SE", "VS1", "TS1", "TS2", "TS3", "TS4")
"""Efficiency, vibration and temperatures; the virtual cooling channels follow from these. Flows are read where they are."""
FLOWS = ("FS1", "FS2")
FLOW_MEANS = 60
"""Flows of 10 Hz are read as means of a second, like the others."""


def table(folder: Path, forest: Path | None = None) -> str:
    parts = []
    for path in sorted((folder / "hydraulic").glob("*.npz")):
        with np.load(path) as data:
            if "profile" not in data.files or "SE" not in data.files:
                continue
            courses, flows = course(data, CHANNELS), [c for c in FLOWS if c in data.files]
            profile, fold = data["profile"], folds(data["cycle"] // BLOCK)
            wide = course(data, (*CHANNELS, *flows)) if flows else None
        beside = plain_forest(path, forest) if forest else {}
        rows = [
            (
                "hydraulic",
                "cycles",
                "discriminant",
                *(["with flows"] if flows else []),
                *(["plain forest"] if forest else []),
            )
        ]
        for column, name in enumerate(COMPONENTS):
            conditions = profile[:, column].astype(np.int64)
            cells = [name, str(len(profile)), f"{accuracy(courses, conditions, fold):.3f}"]
            if wide is not None:
                cells.append(f"{accuracy(wide, conditions, fold):.3f}")
            if forest:
                cells.append(f"{beside[name]:.3f}")
            rows.append(tuple(cells))
        parts.append(f"{path.name}\n{aligned(rows)}")
    return "\n\n".join(parts)


def course(data: "np.lib.npyio.NpzFile", names: tuple[str, ...]) -> NDArray[np.float64]:
    """Every channel's course, one after the other; shape (cycles, points)."""
    parts = []
    for name in names:
        values = np.asarray(data[name], dtype=np.float64)
        if values.shape[1] > FLOW_MEANS:
            values = values.reshape(values.shape[0], FLOW_MEANS, -1).mean(axis=2)
        parts.append(values)
    return np.hstack(parts)


def folds(groups: NDArray[np.int64]) -> NDArray[np.int64]:
    """Fold of each row: the largest group left goes to the fold with the fewest rows."""
    names, counts = np.unique(groups, return_counts=True)
    load, fold = np.zeros(FOLDS, dtype=np.int64), np.zeros(names.size, dtype=np.int64)
    for i in np.argsort(counts)[::-1]:
        fold[i] = int(np.argmin(load))
        load[fold[i]] += counts[i]
    return fold[np.searchsorted(names, groups)]


def accuracy(courses: NDArray[np.float64], conditions: NDArray[np.int64], fold: NDArray[np.int64]) -> float:
    right = 0
    for k in range(FOLDS):
        test = fold == k
        model = train_condition(courses[~test], conditions[~test])
        right += int((condition_of(model, courses[test]) == conditions[test]).sum())
    return right / conditions.size


def plain_forest(path: Path, python: Path) -> dict[str, float]:
    """Accuracy of a plain random forest, by a Python that has scikit-learn."""
    script = Path(__file__).with_name("forest.py")
    done = subprocess.run([python, script, path], check=True, capture_output=True, text=True)
    found: dict[str, float] = json.loads(done.stdout)
    return found
