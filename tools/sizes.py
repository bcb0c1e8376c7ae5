"""Sizes of files and functions: a file over the hard stop fails, the rest is reported.

python -m tools.sizes             one line with the figures; exit status 1 on a file over the stop
python -m tools.sizes --verbose   and the longest files and functions
"""

import argparse
import ast
import statistics
import sys
from pathlib import Path

from tools.tracked import ROOT, python_sources

# Lines of a file; generated files are exempt.
HARD_STOP = 500
# What the code aims at: file median and 90th percentile, function median and 90th percentile [lines].
TARGETS = {"file median": 150, "file p90": 350, "function median": 12, "function p90": 40}
# Shorter files (re-exports, markers) would only flatter the median.
_SHORTEST = 5
_SHOWN = 10


def file_lengths() -> dict[Path, int]:
    """Lines of every file longer than a few."""
    lengths = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in python_sources()}
    return {path: count for path, count in lengths.items() if count > _SHORTEST}


def function_lengths() -> dict[str, int]:
    """Lines of every function, docstring included, by ``file:line name``."""
    lengths = {}
    for path in python_sources():
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.end_lineno is not None:
                name = f"{path.relative_to(ROOT)}:{node.lineno} {node.name}"
                lengths[name] = node.end_lineno - node.lineno + 1
    return lengths


def figures() -> dict[str, float]:
    """The measured counterparts of `TARGETS`."""
    found = {}
    for kind, values in (
        ("file", list(file_lengths().values())),
        ("function", list(function_lengths().values())),
    ):
        found[f"{kind} median"] = statistics.median(values)
        found[f"{kind} p90"] = statistics.quantiles(values, n=10)[-1]
    return found


def too_long() -> list[str]:
    """Files over the hard stop, one sentence each."""
    return [
        f"{path.relative_to(ROOT)}: {count} lines, the stop is {HARD_STOP}: split it by concept"
        for path, count in file_lengths().items()
        if count > HARD_STOP
    ]


def main() -> int:
    """Run the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--verbose", action="store_true", help="show the longest files and functions")
    if parser.parse_args().verbose:
        named = {str(path.relative_to(ROOT)): count for path, count in file_lengths().items()}
        for lengths in (named, function_lengths()):
            longest = sorted(lengths.items(), key=lambda item: -item[1])[:_SHOWN]
            print("\n".join(f"{count:5d}  {name}" for name, count in longest), end="\n\n")
    measured = figures()
    print("sizes: " + ", ".join(f"{key} {measured[key]:.0f} (aim {aim})" for key, aim in TARGETS.items()))
    found = too_long()
    print("\n".join(found), end="\n" if found else "")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
