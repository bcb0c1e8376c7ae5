"""PELT against ruptures and the matrix profile against stumpy: ``python -m benchmarks.process.oracles PYTHON``.

PYTHON is any Python that has both packages (``pip install ruptures stumpy`` in an environment of its own); they are no
dependency of this project. Prints how many of 200 random series have the same change points, and the largest difference of the
distances with the processor time of each side.
"""

import argparse
import json
import math
import subprocess
import tempfile
import time
from pathlib import Path

import numpy as np
from chejian_analytics.kernels.change_points import pelt
from chejian_analytics.kernels.matrix_profile import matrix_profile
from numpy.typing import NDArray

SERIES, LEAST, LENGTH = 200, 2, 50

THEIRS = """
import json, sys, time
import numpy as np, ruptures, stumpy
with np.load(sys.argv[1]) as data:
    series = [data[f"s{i}"] for i in range(int(data["count"]))]
    walk, length = data["walk"], int(data["length"])
changes = [
    ruptures.Pelt(model="l2", min_size=2, jump=1).fit(s).predict(pen=2 * np.log(s.size))[:-1] for s in series
]
stumpy.stump(walk, length)
began = time.process_time()
profile = stumpy.stump(walk, length)[:, 0].astype(float).tolist()
print(json.dumps({"changes": [[int(c) for c in found] for found in changes], "profile": profile,
                  "seconds": time.process_time() - began}))
"""


def series_of(seed: int) -> NDArray[np.float64]:
    """Levels of random number, length and distance in noise of 1."""
    random = np.random.default_rng(seed)
    number, length = int(random.integers(1, 8)), int(random.integers(5, 60))
    levels = np.repeat(random.normal(0, random.uniform(0.3, 3), number), length)
    return np.asarray(levels + random.normal(size=levels.size))


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("python", type=Path, metavar="PYTHON")
    arguments = parser.parse_args()
    series = [series_of(seed) for seed in range(SERIES)]
    walk = np.cumsum(np.random.default_rng(0).normal(size=4000))
    walk[1000:1100] = walk[1000]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "series.npz"
        named = {f"s{i}": values for i, values in enumerate(series)}
        np.savez(path, count=SERIES, walk=walk, length=LENGTH, **named)  # type: ignore[arg-type]  # scalars are arrays to it
        done = subprocess.run(
            [arguments.python, "-c", THEIRS, path], check=True, capture_output=True, text=True
        )
    theirs = json.loads(done.stdout)
    ours = [pelt(s - s.mean(), 2 * math.log(s.size), LEAST).tolist() for s in series]
    print(
        f"PELT: {sum(a == b for a, b in zip(ours, theirs['changes'], strict=True))} of {SERIES} series the same"
    )
    matrix_profile(walk, LENGTH)
    began = time.process_time()
    distances, _ = matrix_profile(walk, LENGTH)
    seconds = time.process_time() - began
    largest = float(np.abs(distances - np.array(theirs["profile"])).max())
    print(
        f"matrix profile of {walk.size}: largest difference {largest:.1e}, processor time {seconds:.3f} s, stumpy "
        f"{theirs['seconds']:.3f} s"
    )


if __name__ == "__main__":
    main()
