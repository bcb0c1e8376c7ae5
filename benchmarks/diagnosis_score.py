"""One table over a folder of labelled recordings: ``python -m benchmarks.diagnosis_score DIR`` from the project root.

DIR holds any of ``cwru``, ``adi_cbm``, ``mfpt``, ``ims``, ``gear_spectraquest``, ``femto`` (`benchmarks.run_to_failure`) and of ``tep``, ``skab``, ``nab``, ``tcpd``,
``hydraulic``, ``cnc_mill`` (`benchmarks.process`) in the format of the public recordings. Per set of bearings:
how many damaged bearings were named right, named wrong (another part) or left open, of these how many as impulsive with
the part unassigned; how many sound bearings were accused; which verdict each kind of damage got; order of the imbalance
weights. The same folder gives the same table; ``--time`` adds what varies.
"""

import argparse
import itertools
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
from chejian_analytics.diagnosis import (
    BearingDiagnosis,
    diagnose_gear,
    estimate_shaft_speed,
    order_amplitudes,
)
from chejian_analytics.diagnosis.shaft import ORDERS

from benchmarks import run_to_failure
from benchmarks.process import cnc_mill, hydraulic, nab, skab, tcpd, tep
from tests.analytics.diagnosis.recorded import ADI, Recording, adi, everything
from tests.fixtures.fix_recordings import recordings_folder

GEAR_RATE_HZ, GEAR_TEETH = 12_800.0, 32
"""Of the gear recordings, inferred from their lines: see the README of the set."""

WEIGHTS = ("VLIL", "LImL", "HImL", "VHIL")
"""Imbalance weights of the ADI rig, light to heavy, as in the file names."""

VERDICTS = (
    "outer_race",
    "inner_race",
    "rolling_element",
    "cage",
    "impulsive_unassigned",
    "cannot_tell",
    "none",
)


def word(verdict: BearingDiagnosis) -> str:
    return verdict.part or verdict.confidence


def group_of(recording: Recording) -> str:
    """Set and kind: a bearing whose machine is damaged at the other end counts apart."""
    if recording.group.startswith("cwru"):
        end = recording.group.upper()
        grade = "Y1 Y2" if recording.grade in ("Y1", "Y2") else recording.grade
        if recording.damaged is not None:
            return f"{end} {grade}".strip()
        return f"{end} sound" if recording.name == "97" else f"{end} far from the damage"
    if recording.group in ("mfpt", "ims"):
        return f"{recording.group.upper()} {recording.damaged or 'sound'}"
    return f"ADI {recording.damaged}" if recording.damaged else "ADI sound bearing"


def table(rows: Sequence[Sequence[str]]) -> str:
    """Columns aligned, the first to the left."""
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    return "\n".join(
        "  ".join(
            cell.ljust(width) if i == 0 else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        for row in rows
    )


def score_table(results: Iterable[tuple[Recording, BearingDiagnosis]]) -> str:
    counts: dict[str, Counter[str]] = {}
    for recording, verdict in results:
        counter = counts.setdefault(group_of(recording), Counter())
        counter["records"] += 1
        if recording.damaged is None:
            counter["false alarms"] += verdict.part is not None
        else:
            counter["right"] += verdict.part == recording.damaged
            counter["wrong part"] += verdict.part not in (None, recording.damaged)
            counter["open"] += verdict.part is None
        counter["unassigned"] += verdict.confidence == "impulsive_unassigned"
    columns = ("records", "right", "wrong part", "open", "false alarms", "unassigned")
    total: Counter[str] = sum(counts.values(), Counter())
    rows = [(name, *(str(counter[c]) for c in columns)) for name, counter in sorted(counts.items())]
    return table([("bearings", *columns), *rows, ("all", *(str(total[c]) for c in columns))])


def confusion(results: Iterable[tuple[Recording, BearingDiagnosis]]) -> str:
    counts: dict[str, Counter[str]] = {}
    for recording, verdict in results:
        counts.setdefault(recording.damaged or "sound", Counter())[word(verdict)] += 1
    rows = [(truth, *(str(counter[v]) for v in VERDICTS)) for truth, counter in sorted(counts.items())]
    return table([("truth \\ verdict", *VERDICTS), *rows])


def weights_in_order(folder: Path) -> str:
    """Neighbouring imbalance weights at the same speed and load whose first order rises."""
    first: dict[tuple[str, str], dict[str, float]] = {}
    for recording in adi(folder):
        rpm, _, _, weight, _, load = recording.name.split("_")
        if weight in WEIGHTS and recording.damaged is None:
            axis, *others = recording.channels
            speed = estimate_shaft_speed(axis, recording.sample_rate, recording.nominal_rpm, others)
            amplitudes = order_amplitudes(recording.channels, recording.sample_rate, speed.hz)
            first.setdefault((rpm, load), {})[weight] = float(amplitudes[ORDERS.index(1.0)])
    pairs = [
        found[light] < found[heavy]
        for _, found in sorted(first.items())
        for light, heavy in itertools.pairwise(w for w in WEIGHTS if w in found)
    ]
    return f"imbalance weights: {sum(pairs)} of {len(pairs)} neighbouring pairs in order"


def gears(folder: Path) -> str:
    rows = []
    for path in sorted((folder / "gear_spectraquest").glob("*.npz")):
        with np.load(path) as data:
            verdicts = [
                diagnose_gear(
                    np.asarray(column, dtype=np.float64),
                    sample_rate=GEAR_RATE_HZ,
                    nominal_rpm=float(data["shaft_hz"]) * 60.0,
                    teeth=GEAR_TEETH,
                )
                for column in data["x"].T
            ]
            named = sum(verdict.part is not None for verdict in verdicts)
            fm4 = max(verdict.score for verdict in verdicts)
            rows.append((path.stem, str(data["label"]), f"{named} of {len(verdicts)}", f"{fm4:.2f}"))
    return (
        table([("gear record", "label", "sensors that name a tooth", "highest FM4"), *rows]) if rows else ""
    )


def process_tables(folder: Path, forest: Path | None = None) -> list[str]:
    """Tables of the sets on process channels that are in the folder."""
    found = [module.table(folder) for module in (tep, skab, nab, tcpd, cnc_mill)]
    return [text for text in (*found, hydraulic.table(folder, forest)) if text]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path, metavar="DIR", nargs="?", default=recordings_folder())
    parser.add_argument("--records", action="store_true", help="one line per record first")
    parser.add_argument(
        "--forest",
        type=Path,
        metavar="PYTHON",
        help="a Python with scikit-learn: plain forest beside `hydraulic`",
    )
    parser.add_argument("--time", action="store_true", help="print how long it took")
    arguments = parser.parse_args()
    recordings = list(everything(arguments.folder))
    gear_table = gears(arguments.folder)
    began = time.perf_counter()
    process = process_tables(arguments.folder, arguments.forest)
    process_seconds = time.perf_counter() - began
    runs = run_to_failure.table(arguments.folder, table)
    if not recordings and not gear_table and not process and not runs:
        parser.error(
            f"DIR {arguments.folder}: none of cwru, adi_cbm, mfpt, ims, gear_spectraquest, femto, tep, skab, nab, tcpd, "
            "hydraulic, cnc_mill holds a recording"
        )
    began = time.perf_counter()
    results = [(recording, recording.diagnose()) for recording in recordings]
    seconds = time.perf_counter() - began
    if arguments.records:
        rows = [
            (
                f"{r.group} {r.name}",
                str(r.damaged),
                word(v),
                f"{v.score:.2f}",
                f"{v.comb_score:.2f}",
                f"{v.shaft_hz * 60:.1f}",
            )
            for r, v in results
        ]
        print(table([("record", "damaged", "verdict", "score", "rival", "rpm"), *rows]), end="\n\n")
    if results:
        print(score_table(results), confusion(results), sep="\n\n")
    if any(recording.bearing is ADI for recording in recordings):
        print(f"\n{weights_in_order(arguments.folder)}")
    if gear_table:
        print(f"\n{gear_table}")
    for text in (*([runs] if runs else []), *process):
        print(f"\n{text}")
    if arguments.time:
        signal = sum(c.size / r.sample_rate for r in recordings for c in r.channels)
        print(f"\n{seconds:.2f} s for {signal:.0f} s of signal, first call and its compilation included")
        print(f"{process_seconds:.2f} s for the process sets")


if __name__ == "__main__":
    main()
