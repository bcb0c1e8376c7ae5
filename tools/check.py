"""Everything that can be known without running the tests, one line each with its time.

python -m tools.check                     all steps
python -m tools.check lint types          some of them
"""

import argparse
import subprocess
import sys
import textwrap
import time
from pathlib import Path

from tools.tracked import ROOT

_BIN = Path(sys.executable).parent
# Steps whose figures are worth a look even when they are sound.
_TELLING = {"sizes", "wheels"}
# Lines shown of a failed step; its own command shows all.
_SHOWN = 60
SOURCES = ("contract", "edge", "gateway", "analytics", "cloud", "simulators", "client", "deploy")


def steps() -> dict[str, list[str]]:
    """Command of every step; each generator in tools/ is a step by its name."""
    module = [sys.executable, "-m"]
    known = {
        "lint": [str(_BIN / "ruff"), "check", "--quiet", "--output-format=concise", "."],
        "format": [str(_BIN / "ruff"), "format", "--check", "--output-format=concise", "."],
        "types": [
            str(_BIN / "mypy"),
            *(f"{member}/src" for member in SOURCES),
            "deploy/grafana",
            "docs/examples",
            "tests",
            "tools",
            "benchmarks",
        ],
        "imports": [str(_BIN / "lint-imports")],
        "sizes": [*module, "tools.sizes"],
        "docs": [*module, "tools.docs"],
        "locks": [*module, "tools.lock", "--check"],
        "sparkplug": [*module, "tools.sparkplug_report", "--check"],
    }
    for path in sorted((ROOT / "tools").glob("gen_*.py")):
        known[path.stem.removeprefix("gen_")] = [*module, f"tools.{path.stem}", "--check"]
    return {**known, "wheels": [*module, "tools.wheels_alone"]}


def excerpt(text: str) -> str:
    """The first lines of a long output, and how many are left out."""
    lines = text.splitlines()
    left = len(lines) - _SHOWN
    return "\n".join([*lines[:_SHOWN], *([f"... and {left} lines more"] if left > 0 else [])])


def main() -> int:
    """Run the steps; the exit status is 1 if one fails, whose output is shown at once."""
    known = steps()
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("steps", nargs="*", metavar="step", help=f"one of: {', '.join(known)}")
    chosen = parser.parse_args().steps or list(known)
    if unknown := [name for name in chosen if name not in known]:
        parser.error(f"unknown: {', '.join(unknown)}; there are: {', '.join(known)}")
    failed = []
    began = time.monotonic()
    for name in chosen:
        start = time.monotonic()
        done = subprocess.run(known[name], cwd=ROOT, capture_output=True, text=True, check=False)
        good = done.returncode == 0
        said = (done.stdout + done.stderr).strip()
        print(f"{'ok    ' if good else 'FAILED'} {name:8s} {time.monotonic() - start:6.1f} s", flush=True)
        if name in _TELLING or not good:
            print(textwrap.indent(excerpt(said), " " * 7), flush=True)
        if not good:
            failed.append(name)
    print(
        f"check: {time.monotonic() - began:.1f} s"
        + (f", failed: {', '.join(failed)}" if failed else ", all sound")
    )
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
