"""Tennessee Eastman: share of the rows after each fault's onset that depart, with limits at a true 1 % on the normal test run.

Two models: principal components of 90 % of the variance, and all components of each row with the two rows before it. Limits are set on
the test part of the normal run, which neither model was fitted to; the rows of each fault's run before its onset are other
normal data, and their alarms are printed as the check of the rate.
"""

from pathlib import Path

import numpy as np
from chejian_analytics.diagnosis.process.multivariate import (
    departs,
    fit_pca,
    statistics,
    with_limits,
)
from numpy.typing import NDArray

from benchmarks.process.text import aligned
from tests.fixtures.fix_recordings import recordings_folder

RATE = 0.01
SHARE = 0.9
LAGS = 2
UNDETECTABLE = (3, 9, 15)
"""Faults that no published method sees."""


def table(folder: Path) -> str:
    paths = sorted((folder / "tep").glob("d*.npz"))
    if not paths:
        return ""
    normal = next((p for p in [*paths, recordings_folder() / "tep" / "d00.npz"] if fault_of(p) == 0), None)
    if normal is None:
        return "TEP: no run of fault 0 to learn from"
    with np.load(normal) as data:
        plain = with_limits(fit_pca(data["train"], share=SHARE), data["test"], 2 * RATE)
        whole = with_limits(fit_pca(data["train"], share=1.0, lags=LAGS), data["test"], RATE)
        noisy = f"{percent(departs(whole, data['test'])[LAGS:])} % of the {len(data['test'])} rows of the normal test run"
    rows = [("TEP fault", "T2", "Q", "all, 2 lags", "alarms before the onset", "first after [rows]")]
    for path in paths:
        with np.load(path) as data:
            if int(data["fault"]) == 0:
                continue
            onset, test = int(data["test_fault_starts_at"]), data["test"]
        t2, q = statistics(plain, test)
        found = departs(whole, test)
        rows.append((
            f"{fault_of(path)}{' (undetectable)' if fault_of(path) in UNDETECTABLE else ''}",
            percent(t2[onset:] > plain.t2_limit),
            percent(q[onset:] > plain.q_limit),
            percent(found[onset:]),
            percent(found[LAGS:onset]),
            delay(found, onset),
        ))  # fmt: skip
    return f"{aligned(rows)}\nlimits: {noisy} alarm; each single statistic at {RATE:.0%}"


def fault_of(path: Path) -> int:
    with np.load(path) as data:
        return int(data["fault"])


def percent(flags: NDArray[np.bool_]) -> str:
    return f"{100.0 * flags.mean():.1f}"


def delay(found: NDArray[np.bool_], onset: int) -> str:
    """Rows from the onset until three in a row depart."""
    runs = found[onset:-2] & found[onset + 1 : -1] & found[onset + 2 :]
    return str(int(np.argmax(runs))) if runs.any() else "-"
