"""Milling of wax: rise of the spindle's power per operation against the unworn tools of equal feed. Labels are only probable.

The labels' condition was written down from memory (README of the set), and wax is not metal: a worn edge draws no more
power in it. What is shown is whether the method keeps quiet, and the rises themselves.
"""

import csv
from pathlib import Path

import numpy as np
from chejian_analytics.diagnosis.process.tool_wear import OperationPower, judge_tool, operation_powers

from benchmarks.process.text import aligned


def table(folder: Path) -> str:
    labels = folder / "cnc_mill" / "labels.csv"
    if not labels.exists():
        return ""
    with labels.open(encoding="utf-8") as file:
        runs = {row["experiment"]: row for row in csv.DictReader(file)}
    powers = {name: read(folder, name) for name in runs}
    rows = [("CNC run", "feed", "label (probable)", "against", "operations", "rise [nat]", "verdict")]
    for name, run in runs.items():
        feed = run["feedrate_mm_s"]
        sharp = next((o for o, r in runs.items() if o != name and r["tool_condition"] == "unworn" and r["feedrate_mm_s"] == feed and powers[o]), None)  # fmt: skip
        if sharp is None or not powers[name]:
            continue
        verdict = judge_tool(powers[name], powers[sharp])
        word = {True: "worn", False: "not worn", None: "cannot tell"}[verdict.worn]
        rows.append((name, feed, run["tool_condition"], sharp, str(len(verdict.operations)), f"{verdict.rise:+.3f}", word))  # fmt: skip
    return aligned(rows) if len(rows) > 1 else ""


def read(folder: Path, name: str) -> tuple[OperationPower, ...]:
    """Operations of a run; only samples at the programmed feed, and while the spindle turns."""
    path = folder / "cnc_mill" / f"experiment_{int(name):02d}.csv"
    if not path.exists():
        return ()
    with path.open(encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["Machining_Process"].startswith("Layer")]

    def column(key: str) -> np.ndarray:
        return np.array([float(row[key]) for row in rows])

    return operation_powers(
        np.array([row["Machining_Process"] for row in rows]),
        column("M1_CURRENT_FEEDRATE"),
        column("S1_ActualVelocity"),
        column("S1_OutputPower"),
    )
