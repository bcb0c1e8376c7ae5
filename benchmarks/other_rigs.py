"""Bearing diagnosis on rigs beside those of the recordings: ``python -m benchmarks.other_rigs FOLDER [FOLDER ...]`` from the project root.

Each FOLDER is a checkout of one of two public sets, in MATLAB files:

- github hitwzc/Bearing-datasets (Harbin Institute of Technology, two rigs, 6205): inner and outer race, cut out over 2, 5 and 8
  degrees, and sound, each at 600, 900 and 1200 rpm; 5.1 s at 51.2 kHz.
- github ChangLiu2024/UESTC-Bearing-Dataset (pillow block without load): ball, inner and outer race, and sound, at 800 to 1400 rpm as
  set; five times 13 s at 20 kHz each.

Prints what `benchmarks.diagnosis` prints of the public recordings: verdict by verdict, the tables of whole records and of pieces,
and the names given to bearings that are not there. Cold start: no baseline of any of these machines is used. Version 5 of the method met
them unprepared, version 6 learned from them; the next set that nobody has seen is the next test.
"""

import argparse
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import scipy.io
from chejian_analytics.diagnosis import BearingGeometry, BearingOrders

from benchmarks.diagnosis import DECOYS, decoys, pieces, print_table, whole_records
from tests.analytics.diagnosis.recorded import CWRU_DE, PARTS, Recording

CHINESE_MAINS_HZ = 50.0
PIECES_S = (1.0, 2.0)

HIT_RIGS = {"SpectraQuest MFS dataset": "hit mfs", "Self-built dataset": "hit own"}
HIT_HZ = 51_200.0
HIT_NAME = re.compile(r"(?P<label>IR|OR|Normal)(?P<degrees>\d?)_(?P<rpm>\d+)")

UESTC_NAME = re.compile(r"(?P<label>[BINO])_(?P<rpm>\d+)_\d")
UC204 = BearingOrders.from_geometry(BearingGeometry(8, 7.938, 33.5))
"""The set names the housing, UCPH 20, not the insert. Its records of a damaged inner race show lines at 4.92 orders."""

LABELS = {
    "IR": "inner",
    "OR": "outer",
    "I": "inner",
    "O": "outer",
    "B": "ball",
    "Normal": "normal",
    "N": "normal",
}


def hit(folder: Path) -> Iterator[Recording]:
    """Both rigs of Harbin; one vector a file, its variable named differently in each."""
    for rig, short in HIT_RIGS.items():
        for path in sorted((folder / rig).glob("*.mat")):
            found = named(path, HIT_NAME)
            (samples,) = (value for key, value in scipy.io.loadmat(path).items() if not key.startswith("__"))
            yield recording(short, path, found, samples, HIT_HZ, CWRU_DE)


def uestc(folder: Path) -> Iterator[Recording]:
    """The pillow block; each file tells its rate."""
    for path in sorted((folder / "Data").glob("*/*.mat")):
        found = named(path, UESTC_NAME)
        content = scipy.io.loadmat(path)
        yield recording(
            "uestc", path, found, content["Data"], float(content["SampleFrequency"].item()), UC204
        )


def named(path: Path, pattern: re.Pattern[str]) -> re.Match[str]:
    found = pattern.fullmatch(path.stem)
    if found is None:
        raise ValueError(f"{path}: names like {pattern.pattern} allowed")
    return found


def recording(
    rig: str, path: Path, found: re.Match[str], samples: np.ndarray, rate: float, bearing: BearingOrders
) -> Recording:
    damaged = PARTS.get(LABELS[found["label"]])
    signal = np.asarray(samples, dtype=np.float64).ravel()
    return Recording(
        f"{rig} {damaged or 'sound'}",
        path.stem,
        (signal,),
        rate,
        float(found["rpm"]),
        bearing,
        CHINESE_MAINS_HZ,
        damaged,
        "",
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folders", type=Path, nargs="+", metavar="FOLDER")
    recordings = [
        item for folder in parser.parse_args().folders for read in (hit, uestc) for item in read(folder)
    ]
    if not recordings:
        sys.exit(
            "no recordings there: folders with "
            + ", ".join([*HIT_RIGS, "Data"])
            + " and their .mat files allowed"
        )
    print_table("whole records", whole_records(recordings))
    for seconds in PIECES_S:
        print_table(f"pieces of {seconds:g} s", pieces(recordings, seconds))
    print_table(f"{DECOYS} bearings that are not there", decoys(recordings))


if __name__ == "__main__":
    main()
