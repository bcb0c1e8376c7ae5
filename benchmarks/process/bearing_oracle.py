"""Prewhitening and kurtogram against openconmo: ``python -m benchmarks.process.bearing_oracle PYTHON [--write]``.

PYTHON is any Python that has openconmo (``pip install numpy scipy tqdm matplotlib pandas`` and then
``pip install --no-deps openconmo==0.0.6`` in an environment of its own); it is no dependency of this project. Prints the largest
difference per recording of `CHEJIAN_RECORDINGS`; ``--write`` puts openconmo's numbers where the tests read them.
"""

import argparse
import json
import subprocess
import tempfile
from pathlib import Path

import numpy as np
from chejian_analytics.diagnosis.envelope import prewhiten
from chejian_analytics.diagnosis.kurtogram import kurtogram

from tests.analytics.diagnosis.recorded import cwru_counts
from tests.fixtures.fix_recordings import recordings_folder

RECORDS = (105, 130, 209, 222)
RATE, LEVELS, EVERY = 12_000.0, 4, 10_007
NUMBERS = Path("tests/analytics/diagnosis/openconmo.json")

# openconmo keeps the level of the spectrum and the mean, and clips kurtosis below 0. Its grid repeats each band over the
# columns that the band covers; one column of each is kept. Its kurtosis takes the mean out of all but the first values of
# its argument in place, and so out of what the deeper bands are made of, by up to 1e-4: it is given a copy.
THEIRS = """
import json, sys
import numpy as np
from openconmo.benchmark_methods import cepstrum_prewhitening
from openconmo import kurtogram
from openconmo.kurtogram import fast_kurtogram
in_place = kurtogram._kurt
kurtogram._kurt = lambda values, kind: in_place(values.copy(), kind)
rate, levels = float(sys.argv[2]), int(sys.argv[3])
found = {}
with np.load(sys.argv[1]) as data:
    for name in data.files:
        _, white = cepstrum_prewhitening(data[name], rate)
        white = white / np.median(np.abs(np.fft.rfft(white)))
        grid, level, *_ = fast_kurtogram(data[name].copy(), rate, levels)
        bands = [[float(l), row[:: row.size // round(2**l)].tolist()] for l, row in zip(level, grid)]
        found[name] = {"white": (white - white.mean()).tolist(), "kurtosis": bands}
print(json.dumps(found))
"""


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("python", type=Path, metavar="PYTHON")
    parser.add_argument("--write", action="store_true")
    arguments = parser.parse_args()
    signals = {str(record): cwru_counts(recordings_folder(), record) for record in RECORDS}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "signals.npz"
        np.savez(path, **signals)  # type: ignore[arg-type]  # names are records, none is allow_pickle
        command = [arguments.python, "-c", THEIRS, path, str(RATE), str(LEVELS)]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
    theirs = json.loads(done.stdout)
    for name, signal in signals.items():
        white = np.abs(prewhiten(signal) - np.array(theirs[name]["white"])).max()
        ours = [max(band.kurtosis, 0.0) for band in kurtogram(signal, RATE, LEVELS)]
        grid = [value for _, row in theirs[name]["kurtosis"] for value in row]
        worst = np.abs(np.array(ours) - np.array(grid)).max()
        print(
            f"{name}: {signal.size} samples, prewhitened within {white:.1e}; {len(grid)} bands within {worst:.1e}"
        )
        theirs[name]["white"] = theirs[name]["white"][::EVERY]
    if arguments.write:
        NUMBERS.write_text(json.dumps({"every": EVERY, "records": theirs}, indent=1) + "\n")


if __name__ == "__main__":
    main()
