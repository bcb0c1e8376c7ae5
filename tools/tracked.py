"""The files of the project: what git tracks or would track."""

import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[1]
GENERATED = ("_pb2.py", "_pb2.pyi")


def files(*suffixes: str) -> list[Path]:
    """Tracked and untracked files that are not ignored, sorted; only those with one of the suffixes if given."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    listed = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    paths = [ROOT / name for name in sorted(set(listed.split("\0"))) if name]
    return [path for path in paths if path.is_file() and (not suffixes or path.suffix in suffixes)]


def python_sources() -> list[Path]:
    """Python files written by hand."""
    return [path for path in files(".py") if not path.name.endswith(GENERATED)]
