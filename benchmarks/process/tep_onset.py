"""Tennessee Eastman, fault 1: can its first row be found at all? ``python -m benchmarks.process.tep_onset SIMULATOR [--runs N]``.

SIMULATOR is a checkout of the program that made the public recordings (github camaramm/tennessee-eastman-profBraatz:
``teprob.f``, ``temain_mod.f``); gfortran builds it. It is run with the seed of the public run of fault 1, with and without the
fault, so the difference is what the fault alone has moved; then with other seeds, which asks how often chance alone decides
whether the first row after the onset is found.
"""

import argparse
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from itertools import repeat
from pathlib import Path

import numpy as np
from chejian_analytics.diagnosis.process.multivariate import departs, fit_pca, with_limits
from numpy.typing import NDArray

from benchmarks.process.tep import LAGS, RATE
from tests.fixtures.fix_recordings import recordings_folder

FAULT = 1
PUBLIC_SEED = 2_994_833_239
"""Of the public run of fault 1, as its program's comments tell."""

ROW_S = 180
ROWS_AFTER = 40
SOURCES = ("teprob.f", "temain_mod.f")
BLOCKS = [f"me{i:02d}" for i in range(1, 12)] + [f"mv{i}" for i in range(1, 4)]
CHANNELS = 52
"""XMEAS 1 to 41, XMV 1 to 11; the program writes a twelfth, the agitator, which stands."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("simulator", type=Path)
    parser.add_argument(
        "--runs", type=int, default=40, help="of other seeds, with and without the fault each"
    )
    given = parser.parse_args()
    missing = [name for name in SOURCES if not (given.simulator / name).is_file()]
    if missing:
        sys.exit(f"{given.simulator}: {', '.join(missing)} not found")
    if given.runs < 2:
        sys.exit(f"--runs: {given.runs} given, 2 or more allowed")
    if shutil.which("gfortran") is None:
        sys.exit("gfortran not found: apt-get install gfortran")
    with np.load(recordings_folder() / "tep" / "d00.npz") as data:
        model = with_limits(fit_pca(data["train"], share=1.0, lags=LAGS), data["test"], RATE)
        deviation = data["train"].std(axis=0, ddof=1)
    with np.load(recordings_folder() / "tep" / f"d{FAULT:02d}.npz") as data:
        onset, public = int(data["test_fault_starts_at"]), data["test"]
    rows = onset + ROWS_AFTER
    seeds = [PUBLIC_SEED, *(1_000_000_007 + 271_828_183 * i for i in range(given.runs))]
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(os.cpu_count()) as pool:
        work = [(seed, fault, rows) for seed in seeds for fault in (0, FAULT)]
        runs = list(
            pool.map(simulate, repeat(given.simulator), repeat(Path(folder)), *zip(*work, strict=True))
        )
    sound, faulty = np.array(runs[0::2]), np.array(runs[1::2])
    print(
        f"public run and simulation, {rows} rows: largest difference {relative(faulty[0], public[:rows]):.1e} of a value"
    )
    effects = (faulty - sound)[:, onset] / deviation
    print(
        f"row {onset}, {ROW_S} s after the onset: moved by {np.abs(effects[0]).max():.2f} deviations at most"
    )
    print(
        f"distance from sound rows, their covariance known: {distance(sound[:, LAGS:onset], (faulty - sound)[0, onset]):.1f}"
    )
    found = np.array([departs(model, run)[onset:] for run in faulty])
    print(f"public seed: {int((~found[0]).sum())} of the first {ROWS_AFTER} rows missed")
    print(f"{given.runs} other seeds: row {onset} found in {int(found[1:, 0].sum())}; rows missed after it:")
    later = [int(row.sum()) for row in ~found[1:, 1:].T]
    print(f"  {', '.join(f'{onset + 1 + i}: in {n}' for i, n in enumerate(later) if n) or 'none'}")
    alarms = [float(departs(model, run)[LAGS:].mean()) for run in sound[1:]]
    print(f"  without the fault {100 * statistics.fmean(alarms):.1f} % of the rows alarm")


def simulate(sources: Path, folder: Path, seed: int, fault: int, rows: int) -> NDArray[np.float64]:
    """One run; shape (rows, 52).

    Args:
        sources: where the program lies.
        folder: to build and run in.
        seed: of the random numbers.
        fault: its number; 0 for none.
        rows: of three minutes; the fault enters after 8 hours.

    Raises:
        subprocess.CalledProcessError: the compiler or the program failed.
    """
    place = folder / f"{seed}-{fault}"
    place.mkdir()
    plant, loop = ((sources / name).read_text(encoding="latin-1") for name in SOURCES)
    plant = re.sub(r"(?m)^ +G=\d+\.D0", f"       G={seed}.D0", plant)
    for old, new in (
        ("~/", ""),
        ("IDV(12)=1", f"IDV({fault or 12})={int(fault > 0)}"),
        ("NPTS = 172800", f"NPTS = {rows * ROW_S}"),
        ("E13.5", "E22.14"),
    ):
        if old not in loop:
            raise ValueError(f"{sources / SOURCES[1]}: no {old!r} in it, is it another version?")
        loop = loop.replace(old, new)
    (place / "plant.f").write_text(plant, encoding="latin-1")
    (place / "loop.f").write_text(loop, encoding="latin-1")
    build = ["gfortran", "-std=legacy", "-w", "-O1", "-fno-automatic", "-o", "run", "loop.f", "plant.f"]
    for command in (build, ["./run"]):
        subprocess.run(command, cwd=place, check=True, capture_output=True)
    blocks = [np.loadtxt(place / f"TE_data_{name}.dat", ndmin=2).reshape(rows, -1) for name in BLOCKS]
    return np.hstack(blocks)[:, :CHANNELS]


def relative(ours: NDArray[np.float64], theirs: NDArray[np.float64]) -> float:
    return float((np.abs(ours - theirs) / np.abs(theirs)).max())


def distance(sound: NDArray[np.float64], effect: NDArray[np.float64]) -> float:
    """Mahalanobis distance of an effect (52,) from sound rows (runs, rows, 52), what the row before explains taken out."""
    before, now = sound[:, :-1].reshape(-1, CHANNELS), sound[:, 1:].reshape(-1, CHANNELS)
    known = np.column_stack([np.ones(len(before)), before])
    rest = now - known @ np.linalg.lstsq(known, now, rcond=None)[0]
    scale = rest.std(axis=0)
    inverse = np.linalg.pinv(np.cov((rest / scale).T), rcond=1e-9)
    return float(np.sqrt((effect / scale) @ inverse @ (effect / scale)))


if __name__ == "__main__":
    main()
