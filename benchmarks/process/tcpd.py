"""TCPD: F1 of the change points against those of the people who annotated each series, with default settings.

The measure of van den Burg & Williams 2020 (arXiv:2003.06222, section 4): margin 5, the start of a series counts as a change,
recall is the mean over annotators. Series of several dimensions are left out, as in the published table of univariate ones.
"""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np
from chejian_analytics.diagnosis.process.change_points import level_changes, online_changes
from numpy.typing import NDArray

from benchmarks.process.text import aligned

MARGIN = 5


def table(folder: Path) -> str:
    notes = folder / "tcpd" / "annotations.json"
    if not notes.exists():
        return ""
    rows, scores = [("TCPD series", "PELT F1", "BOCPD F1", "changes (PELT)")], []
    for name, told in sorted(json.loads(notes.read_text()).items()):
        path = folder / "tcpd" / f"{name}.json"
        values = load(path) if path.exists() else None
        if values is None:
            continue
        offline, online = level_changes(values).tolist(), online_changes(standard(values)).tolist()
        scores.append((f1(told, offline), f1(told, online)))
        rows.append((name, f"{scores[-1][0]:.3f}", f"{scores[-1][1]:.3f}", str(len(offline))))
    if not scores:
        return ""
    mean = np.mean(scores, axis=0)
    return aligned([*rows, ("mean", f"{mean[0]:.3f}", f"{mean[1]:.3f}", "")])


def load(path: Path) -> NDArray[np.float64] | None:
    stored = json.loads(path.read_text())
    if stored["n_dim"] != 1:
        return None
    raw = stored["series"][0]["raw"]
    return np.array([np.nan if value is None else value for value in raw], dtype=np.float64)


def standard(values: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray((values - np.nanmean(values)) / (np.nanstd(values) or 1.0))


def f1(told: Mapping[str, Iterable[int]], found: Iterable[int]) -> float:
    people = [{0, *places} for places in told.values()]
    ours = {0, *found}
    precision = len(matched(set().union(*people), ours)) / len(ours)
    recall = float(np.mean([len(matched(places, ours)) / len(places) for places in people]))
    return 2 * precision * recall / (precision + recall)


def matched(truth: set[int], found: set[int]) -> set[int]:
    """True changes with a found one within the margin; each found one serves once."""
    left, hit = set(found), set()
    for place in sorted(truth):
        near = min((abs(place - other), other) for other in left) if left else (MARGIN + 1, 0)
        if near[0] <= MARGIN:
            hit.add(place)
            left.remove(near[1])
    return hit
