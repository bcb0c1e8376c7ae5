"""NAB: windows found and false alarms of the robust seasonal residual, with one set of parameters for all series.

An episode is one alarm, raised at its first value: it counts for the window that it begins in, and as false outside of all.
Parameters were chosen with the two public series in view.
"""

import csv
import json
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from chejian_analytics.diagnosis.process.seasonal import episodes, seasonal_residual
from numpy.typing import NDArray

from benchmarks.process.text import aligned

LONGEST_STEP_S = 3600.0


def table(folder: Path) -> str:
    labels = folder / "nab" / "labels.json"
    if not labels.exists():
        return ""
    rows = [("NAB series", "windows", "found", "false alarms")]
    for name, truth in sorted(json.loads(labels.read_text()).items()):
        path = folder / "nab" / name
        if path.exists():
            rows.append((name, *score(path, truth["windows"])))
    return aligned(rows) if len(rows) > 1 else ""


def score(path: Path, told: list[list[str]]) -> tuple[str, str, str]:
    times, values = load(path)
    windows = [(seconds(first), seconds(last)) for first, last in told]
    step = float(np.median(np.diff(times)))
    if step > LONGEST_STEP_S:
        return str(len(windows)), "-", "-"
    raised = [times[first] for first, _ in episodes(seasonal_residual(values, step), step)]
    found = sum(any(first <= t <= last for t in raised) for first, last in windows)
    false = sum(not any(first <= t <= last for first, last in windows) for t in raised)
    return str(len(windows)), str(found), str(false)


def load(path: Path) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    with path.open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    return np.array([seconds(row["timestamp"]) for row in rows]), np.array(
        [float(row["value"]) for row in rows]
    )


def seconds(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()
